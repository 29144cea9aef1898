"""The zip of the rotation functions: found in the user's cache, or built into it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pulumi

from secrets_component import shipped


def archive(ca_bundle: Path | None) -> Path:
    """Return the functions' zip; build it unless the cache has one with the same content.

    Raises:
        pulumi.RunError: the sources are not installed, or pip cannot install their packages.
    """
    sources = shipped.folder("rotators")
    if sources is None:
        msg = (
            "the rotation functions (`rotators/`) are not installed; reinstall secretsmap or set "
            "`rotation_lambda_arn`"
        )
        raise pulumi.RunError(msg)

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "secretsmap"
    built = cache / f"rotators-{_digest(sources, ca_bundle)[:16]}.zip"
    if not built.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        _build(sources, built, ca_bundle)

    return built


def _digest(sources: Path, ca_bundle: Path | None) -> str:
    """Return the digest of everything that goes into the zip."""
    parts = [*sorted(sources.glob("*.py")), sources / "requirements.txt"]
    if ca_bundle:
        parts.append(ca_bundle)

    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.name.encode() + b"\0" + part.read_bytes() + b"\0")

    return digest.hexdigest()


def _build(sources: Path, out: Path, ca_bundle: Path | None) -> None:
    unfinished = out.with_suffix(f".{os.getpid()}")
    command = [sys.executable, str(sources / "build.py"), str(unfinished)]
    if ca_bundle:
        command += ["--ca-bundle", str(ca_bundle)]

    done = subprocess.run(  # noqa: S603 # this project's own file
        command,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        msg = f"the rotation functions cannot be built: {done.stderr.strip()}"
        raise pulumi.RunError(msg)

    unfinished.replace(out)
