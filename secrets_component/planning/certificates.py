"""Files of certificates that a map names, and that are shipped with a function."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

_BLOCK_KIND = re.compile(rb"-----BEGIN ([^\n-]+)-----")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_CERTIFICATES_ONLY = "use a file that contains only certificates"


def bundle_problem(file: Path) -> str | None:
    """Return why a file is no bundle of PEM certificates, without any of its content; else None.

    The bundle is deployed with the function and kept in a cache that others can read, so a file
    that holds anything else that is encoded in PEM is refused, first of all a private key.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        return f"cannot be read ({type(error).__name__})"

    kinds = _BLOCK_KIND.findall(content)
    if any(b"PRIVATE KEY" in kind for kind in kinds):
        return f"contains a private key, which would be deployed; {_CERTIFICATES_ONLY}"

    certificates = _CERTIFICATE.findall(content)
    if not certificates:
        return "has no PEM certificates (`-----BEGIN CERTIFICATE-----`)"

    if len(certificates) != len(kinds):
        return f"has PEM blocks that are not certificates; {_CERTIFICATES_ONLY}"

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(
            cadata=b"\n".join(certificates).decode()
        )
    except ssl.SSLError:
        return "has a certificate that is not valid"

    return None
