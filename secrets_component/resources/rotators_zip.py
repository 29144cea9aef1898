"""The zip of the rotation functions: found in the user's cache, or built."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pulumi

from secrets_component import shipped


def archive(ca_bundle: Path | None) -> Path:
    """Build the functions' zip, or find it built: in the user's cache, by what goes into it.

    Raises:
        pulumi.RunError: the sources are not installed, or their packages cannot be had.
    """
    sources = shipped.folder("rotators")
    if sources is None:
        msg = (
            "`rotation: {function: …}` deploys the functions in `rotators/`, which is missing "
            f"beside {Path(__file__).parent}; install secretsmap with it, or write "
            "`rotation_lambda_arn` with a function of your own"
        )
        raise pulumi.RunError(msg)
    parts = [*sorted(sources.glob("*.py")), sources / "requirements.txt"]
    digest = hashlib.sha256()
    for part in [*parts, *([ca_bundle] if ca_bundle else [])]:
        digest.update(part.name.encode() + b"\0" + part.read_bytes() + b"\0")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "secretsmap"
    built = cache / f"rotators-{digest.hexdigest()[:16]}.zip"
    if not built.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        _build(sources, built, ca_bundle)
    return built


def _build(sources: Path, out: Path, ca_bundle: Path | None) -> None:
    unfinished = out.with_suffix(f".{os.getpid()}")
    certificates = ["--ca-bundle", str(ca_bundle)] if ca_bundle else []
    done = subprocess.run(  # noqa: S603 # this project's own file
        [sys.executable, str(sources / "build.py"), str(unfinished), *certificates],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        msg = f"the rotation functions cannot be built: {done.stderr.strip()}"
        raise pulumi.RunError(msg)
    unfinished.replace(out)
