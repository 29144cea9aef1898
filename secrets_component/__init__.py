"""Turns one YAML secret map per environment into AWS Secrets Manager secrets, with Pulumi."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from secrets_component.component import SecretMap, SecretMapArgs
    from secrets_component.consumers import (
        SecretMapReference,
        ecs_secrets,
        lambda_environment,
        read_policy,
    )
    from secrets_component.loading import load_secret_map, load_secret_maps

__all__ = [
    "SecretMap",
    "SecretMapArgs",
    "SecretMapReference",
    "ecs_secrets",
    "lambda_environment",
    "load_secret_map",
    "load_secret_maps",
    "read_policy",
]

_MODULES = {
    "SecretMap": "component",
    "SecretMapArgs": "component",
    "SecretMapReference": "consumers",
    "ecs_secrets": "consumers",
    "lambda_environment": "consumers",
    "load_secret_map": "loading",
    "load_secret_maps": "loading",
    "read_policy": "consumers",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 # the module protocol of PEP 562
    """Import a public name on first use, so that `validate` starts without Pulumi."""
    if name not in _MODULES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)

    return getattr(import_module(f"secrets_component.{_MODULES[name]}"), name)
