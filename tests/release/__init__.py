"""Tests of a release as its users get it."""
