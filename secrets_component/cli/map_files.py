"""The files that `validate` checks: those that are named, and the maps in named folders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from secrets_component.cli.maps import STANDARD_INPUT
from secrets_component.cli.verb import UsageError

_SUFFIXES = frozenset({".yaml", ".yml"})
_LOOKS_LIKE_MAP = re.compile(
    rb"^(?:context_name|secrets|[ ]+secretsmanager)[ ]*:"
    rb"|^[ ]+component:[ ]*[\"']?secretsmanager\b",
    re.MULTILINE,
)
"""What a flat map has at its top, or an Atmos file around a map: other YAML files of a folder, such
as `Pulumi.yaml`, have neither."""


def map_files(words: Iterable[str]) -> list[str]:
    """Return the files to check, each once, in the order of the command line.

    Args:
        words: files, folders and `-`. In folders, and folders below, those files are checked that
            end in `.yaml` or `.yml` and look like a map; hidden ones are not.

    Raises:
        UsageError: a folder has no map.
    """
    found: dict[str, None] = {}
    for word in words:
        if word != STANDARD_INPUT and Path(word).is_dir():
            found |= dict.fromkeys(_maps_in(Path(word)))
        else:
            found[word] = None

    return list(found)


def _maps_in(folder: Path) -> list[str]:
    maps = []
    for path in sorted(_yaml_files(folder)):
        if _looks_like_map(path):
            maps.append(str(path))

    if not maps:
        msg = f"{folder}: no secret map in this folder; name the YAML file"
        raise UsageError(msg)

    return maps


def _yaml_files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue

        is_own_folder = path.is_dir() and not path.is_symlink()
        if is_own_folder:
            yield from _yaml_files(path)
            continue

        if path.suffix in _SUFFIXES:
            yield path


def _looks_like_map(path: Path) -> bool:
    """Return whether a file may be a map; one that cannot be read counts, and is reported."""
    try:
        return _LOOKS_LIKE_MAP.search(path.read_bytes()) is not None
    except OSError:
        return True
