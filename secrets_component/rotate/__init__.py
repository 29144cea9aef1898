"""Rotates one secret now, and follows what its function does. Reads no value."""
