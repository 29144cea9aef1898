"""Prints a secret's value, read through AWS's caching client: python client.py SECRET_ID."""

import sys

from aws_secretsmanager_caching import SecretCache, SecretCacheConfig

# One cache per process: values are read again after the interval, so a rotated one arrives.
CACHE = SecretCache(SecretCacheConfig(secret_refresh_interval=300))


def read_secret(secret_id: str) -> str:
    """Read a secret by name or ARN, from memory while it is fresh."""
    return str(CACHE.get_secret_string(secret_id))


if __name__ == "__main__":
    sys.stdout.write(f"{read_secret(sys.argv[1])}\n")
