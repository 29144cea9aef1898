"""`pulumi-resource-tls` for the sandbox: PrivateKey.

What the official provider returns: terraform-provider-tls, `internal/provider/common_key.go` and
`resource_private_key.go`. Neither half is in OpenSSH's form for the curve P224.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from sandbox.providers.official import facts
from sandbox.providers.protocol import (
    Created,
    Properties,
    Provider,
    ResourceType,
    serve,
)

_Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
_CURVES: dict[str, Callable[[], ec.EllipticCurve]] = {
    "P224": ec.SECP224R1,
    "P256": ec.SECP256R1,
    "P384": ec.SECP384R1,
    "P521": ec.SECP521R1,
}
_EXPONENT = 65537  # Go's `rsa.GenerateKey`
_DEFAULT_CURVE, _DEFAULT_BITS = "P224", 2048
_OF_OPENSSH = (
    "privateKeyOpenssh",
    "publicKeyOpenssh",
    "publicKeyFingerprintMd5",
    "publicKeyFingerprintSha256",
)


def create_private_key(_: Any, inputs: Properties) -> Created:  # noqa: ANN401 # no cloud
    """Generate a key; the id is the SHA-1 sum of its public half."""
    key = _generated(inputs)
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    identity = hashlib.sha1(der, usedforsecurity=False).hexdigest()
    return identity, {**_private_half(key), **_public_half(key), **_openssh(key)}


def _generated(inputs: Properties) -> _Key:
    match inputs["algorithm"]:
        case "RSA":
            return rsa.generate_private_key(_EXPONENT, inputs.get("rsaBits") or _DEFAULT_BITS)
        case "ECDSA":
            curve = _CURVES[inputs.get("ecdsaCurve") or _DEFAULT_CURVE]
            return ec.generate_private_key(curve())
        case _:  # Check refuses any other than these three
            return ed25519.Ed25519PrivateKey.generate()


def _private_half(key: _Key) -> Properties:
    """Return the key in PKCS #8, and in the older form of its algorithm, which Ed25519 has not."""
    older = PrivateFormat.TraditionalOpenSSL
    if isinstance(key, ed25519.Ed25519PrivateKey):
        older = PrivateFormat.PKCS8

    return {
        "privateKeyPem": _private_text(key, older),
        "privateKeyPemPkcs8": _private_text(key, PrivateFormat.PKCS8),
    }


def _private_text(key: _Key, form: PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def _public_half(key: _Key) -> Properties:
    public = key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {"publicKeyPem": pem.decode()}


def _openssh(key: _Key) -> Properties:
    """Return both halves as OpenSSH writes them, with the fingerprints of the public one."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP224R1):
        return dict.fromkeys(_OF_OPENSSH, "")

    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    private = _private_text(key, PrivateFormat.OpenSSH)
    return dict(zip(_OF_OPENSSH, (private, f"{line}\n", *fingerprints(line)), strict=True))


def fingerprints(line: str) -> tuple[str, str]:
    """Return the MD5 and SHA-256 fingerprints of a public key in OpenSSH's form."""
    blob = base64.b64decode(line.split()[1])
    md5 = hashlib.md5(blob, usedforsecurity=False).digest().hex(":")
    sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode()
    return md5, f"SHA256:{sha256.rstrip('=')}"


TYPES = {
    "tls:index/privateKey:PrivateKey": ResourceType(
        create=create_private_key,
        read=lambda _cloud, _id, state: state,
    ),
}


if __name__ == "__main__":
    serve(Provider(version("pulumi-tls"), TYPES, facts(), {}, lambda _: None))
