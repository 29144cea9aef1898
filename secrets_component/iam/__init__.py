"""Grants → policy documents; knows no plan."""
