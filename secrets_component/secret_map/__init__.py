"""Text → checked map: knows the file and nothing else."""
