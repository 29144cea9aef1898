"""Compares a map with what the account holds; changes nothing and reads no value."""
