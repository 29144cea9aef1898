"""Queries AWS and other stacks before anything is created; refuses; creates nothing."""
