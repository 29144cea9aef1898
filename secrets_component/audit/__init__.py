"""Audit of an account: who can do what with a map's secrets, and whether the map says so."""
