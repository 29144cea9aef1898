"""The embedded AWS for trying and testing; product code never imports it."""
