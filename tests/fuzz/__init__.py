"""Seeded damage to whole maps: each seed is one map that a run must plan or refuse."""
