"""One YAML secret map per environment, turned into AWS Secrets Manager by Pulumi."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from secrets_component.component import SecretMap, SecretMapArgs
    from secrets_component.program import load_secret_map, load_secret_maps

__all__ = ["SecretMap", "SecretMapArgs", "load_secret_map", "load_secret_maps"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 # the module protocol of PEP 562
    """Import what needs Pulumi only when it is asked for: `validate` must start fast without."""
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from secrets_component import component, program  # noqa: PLC0415 # see above

    return getattr(component if name.startswith("SecretMap") else program, name)
