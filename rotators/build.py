"""`python -m rotators.build OUT.zip`: the functions' zip, byte for byte the same every time.

It imports nothing of this package, so that it can also be run as a file.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

SOURCES = Path(__file__).parent
CA_NAME = "ca.pem"
# Written by pip for this machine, such as lists of installed files with their paths.
_OF_THIS_MACHINE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # a zip cannot store an earlier date


class BuildError(Exception):
    """The zip cannot be built; the message says why."""


def main() -> int:
    """Build the zip; return 1 where that fails."""
    parser = argparse.ArgumentParser(prog="python -m rotators.build", description=__doc__)
    parser.add_argument("out", type=Path, help="the zip to write")
    parser.add_argument("--ca-bundle", type=Path, help=f"certificates to ship as {CA_NAME}")
    parser.add_argument(
        "--add", type=Path, nargs="*", default=[], help="your own modules to include"
    )
    options = parser.parse_args()
    try:
        build(options.out, options.ca_bundle, options.add)
    except BuildError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1

    return 0


def build(out: Path, ca_bundle: Path | None = None, own: Sequence[Path] = ()) -> None:
    """Write the zip.

    Entries are sorted, dated 1980, readable by all, and stored: what deflate makes of the same
    bytes differs from one zlib to another.

    Args:
        out: the zip to write.
        ca_bundle: PEM certificates that the functions check databases with; nothing else of that
            file is shipped.
        own: your own modules with handlers, for the top of the zip.

    Raises:
        BuildError: the packages cannot be installed, or are not pure Python; or there are no
            certificates in the bundle, or a private key.
    """
    with tempfile.TemporaryDirectory() as folder:
        vendored = Path(folder)
        _install(vendored)
        files = dict(_vendored(vendored))

    for path in sources():
        files[f"rotators/{path.name}"] = path.read_bytes()

    for path in own:
        files[path.name] = path.read_bytes()

    if ca_bundle is not None:
        files[CA_NAME] = _certificates(ca_bundle)

    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system = 3  # Unix, also where the zip is built on another system
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])


def sources() -> list[Path]:
    """Return the files of this package that are shipped."""
    return sorted(set(SOURCES.glob("*.py")) - {SOURCES / "build.py"})


def _certificates(bundle: Path) -> bytes:
    """Return the certificates of a bundle, without what stands between them."""
    content = bundle.read_bytes()
    found = _CERTIFICATE.findall(content)
    if not found:
        msg = f"{bundle} has no PEM certificates"
        raise BuildError(msg)

    if b"PRIVATE KEY-----" in content:
        msg = f"{bundle} contains a private key, which everyone who has the zip could read"
        raise BuildError(msg)

    return b"\n".join(found) + b"\n"


def _install(target: Path) -> None:
    done = subprocess.run(  # noqa: S603 # this Python's own pip
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--no-compile", "--only-binary", ":all:", "--require-hashes",
         "--target", str(target), "--requirement", str(SOURCES / "requirements.txt")],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        msg = f"pip cannot install {SOURCES / 'requirements.txt'}: {last}"
        raise BuildError(msg)


def _vendored(target: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each installed file that is the same on every machine."""
    for path in target.rglob("*"):
        relative = path.relative_to(target)
        if path.suffix in (".so", ".pyd"):
            msg = f"{relative} is made for one machine; only pure Python can be shipped"
            raise BuildError(msg)

        if path.is_file() and not _is_of_this_machine(relative):
            yield relative.as_posix(), path.read_bytes()


def _is_of_this_machine(relative: Path) -> bool:
    if relative.parts[0] == "bin":  # scripts with the path of this Python
        return True

    if "__pycache__" in relative.parts:
        return True

    return relative.name in _OF_THIS_MACHINE


if __name__ == "__main__":
    raise SystemExit(main())
