"""Files that `${file.<path>}` reads: where they may be, and whether their content fits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from secrets_component.secret_map.aws_types import MAX_VALUE_BYTES

_PEM = rb"-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----"
_PUBLIC_KINDS = frozenset(
    {
        b"CERTIFICATE",
        b"CERTIFICATE REQUEST",
        b"ENCRYPTED PRIVATE KEY",
        b"PUBLIC KEY",
        b"X509 CRL",
    }
)
"""Kinds of PEM blocks that need not be kept secret. https://www.rfc-editor.org/rfc/rfc7468"""

_COMMENT = rb"#[^\n]*"
_OPENSSH_PUBLIC = rb"(?:ssh|ecdsa-sha2|sk)-[\w@.-]+ [A-Za-z0-9+/=]+(?: [^\n]*)?\s*"
"""A public key as `authorized_keys` has it.

https://man.openbsd.org/sshd.8#AUTHORIZED_KEYS_FILE_FORMAT
"""


class FileReferenceError(ValueError):
    """A file that a reference cannot read; the message has nothing of its content."""


@dataclass(frozen=True, slots=True)
class FileFolders:
    """Where the files of a map may be.

    Attributes:
        home: the map's folder, which paths are relative to.
        others: the folders that the map lists besides.
    """

    home: Path
    others: tuple[Path, ...] = ()

    def find(self, name: str) -> Path:
        """Return the file that a reference names, without symbolic links in its path.

        Raises:
            FileReferenceError: it does not exist, or is in none of the folders; links count as
                what they lead to.
        """
        try:
            file = (self.home / name).resolve()
            folders = [folder.resolve() for folder in (self.home, *self.others)]
        except (OSError, RuntimeError) as error:  # a link that leads to itself
            msg = f"cannot be read ({type(error).__name__})"
            raise FileReferenceError(msg) from None

        if not any(file.is_relative_to(folder) for folder in folders):
            msg = (
                "is outside the map's folder; add its folder to "
                "`file_folders:` if the map may read it"
            )
            raise FileReferenceError(msg)

        if not file.is_file():
            msg = "file not found (paths are relative to the map)"
            raise FileReferenceError(msg)

        return file


def read_content(file: Path) -> bytes:
    """Return what a file holds.

    Raises:
        FileReferenceError: it cannot be read, or is larger than a secret can be.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_VALUE_BYTES + 1)
    except OSError as error:
        msg = f"cannot be read ({type(error).__name__})"
        raise FileReferenceError(msg) from None

    if len(content) > MAX_VALUE_BYTES:
        msg = f"exceeds AWS's limit of {MAX_VALUE_BYTES:,} bytes"
        raise FileReferenceError(msg)

    return content


def as_text(content: bytes) -> str:
    """Return a file's content as text, exactly as it is.

    Raises:
        FileReferenceError: it is not UTF-8.
    """
    try:
        return content.decode()
    except UnicodeDecodeError:
        msg = "is not text in UTF-8; store its bytes with `secret_binary` instead"
        raise FileReferenceError(msg) from None


def is_public(content: bytes) -> bool:
    """Return whether a file holds nothing but public or encrypted key material."""
    if re.fullmatch(_OPENSSH_PUBLIC, content):
        return True

    kinds = {found[1] for found in re.finditer(_PEM, content)}
    if not kinds or not kinds <= _PUBLIC_KINDS:
        return False

    rest = re.sub(_COMMENT, b"", re.sub(_PEM, b"", content))
    return not rest.strip()
