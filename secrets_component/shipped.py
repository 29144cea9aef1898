"""The folders that ship with the package: `policies/` and `rotators/`."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path | None:
    """Return a shipped folder: inside an installed package, next to it in a checkout.

    Returns:
        The folder, or None where the installation lacks it.
    """
    for parent in (_PACKAGE, _PACKAGE.parent):
        if (parent / name).is_dir():
            return parent / name

    return None
