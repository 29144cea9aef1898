"""The doctor on the sandbox: each failure is injected, and named right."""
