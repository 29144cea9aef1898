"""The doctor: why something does not work, with the evidence and what to write or run."""
