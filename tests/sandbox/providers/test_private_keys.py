"""`tls.PrivateKey` in the sandbox: both halves in each form, as the official provider writes them."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sandbox.providers.official import facts
from sandbox.providers.tls import create_private_key, fingerprints

TOKEN = "tls:index/privateKey:PrivateKey"
GITHUB = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
"""https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/githubs-ssh-key-fingerprints"""


def made(**inputs: Any) -> dict[str, str]:
    _, outputs = create_private_key(None, inputs)
    assert outputs is not None
    return outputs


@pytest.mark.parametrize(
    ("inputs", "older", "line"),
    [
        ({"algorithm": "ED25519"}, "PRIVATE KEY", "ssh-ed25519 "),
        ({"algorithm": "ECDSA", "ecdsaCurve": "P256"}, "EC PRIVATE KEY", "ecdsa-sha2-nistp256 "),
        ({"algorithm": "ECDSA", "ecdsaCurve": "P521"}, "EC PRIVATE KEY", "ecdsa-sha2-nistp521 "),
        ({"algorithm": "RSA", "rsaBits": 2048}, "RSA PRIVATE KEY", "ssh-rsa "),
    ],
)
def test_all_forms_are_of_one_key(inputs: dict[str, Any], older: str, line: str) -> None:
    outputs = made(**inputs)
    assert outputs["privateKeyPem"].startswith(f"-----BEGIN {older}-----\n")
    assert outputs["privateKeyPemPkcs8"].startswith("-----BEGIN PRIVATE KEY-----\n")
    assert outputs["publicKeyOpenssh"].startswith(line)
    assert outputs["publicKeyOpenssh"].endswith("\n")
    loaded = [
        serialization.load_pem_private_key(outputs["privateKeyPem"].encode(), None),
        serialization.load_pem_private_key(outputs["privateKeyPemPkcs8"].encode(), None),
        serialization.load_ssh_private_key(outputs["privateKeyOpenssh"].encode(), None),
    ]
    for key in loaded:
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        assert public.decode() == outputs["publicKeyPem"]


def test_size_of_an_rsa_key_is_as_given() -> None:
    key = serialization.load_pem_private_key(
        made(algorithm="RSA", rsaBits=3072)["privateKeyPem"].encode(), None
    )
    assert key.key_size == 3072  # type: ignore[union-attr] # an RSA key has one


def test_default_curve_has_no_form_in_openssh() -> None:
    outputs = made(algorithm="ECDSA")
    assert outputs["privateKeyPem"].startswith("-----BEGIN EC PRIVATE KEY-----\n")
    names = ("privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintSha256")
    assert [outputs[name] for name in names] == ["", "", ""]


def test_all_outputs_are_those_of_the_table() -> None:
    assert made(algorithm="ED25519").keys() == set(facts()[TOKEN].outputs)


def test_fingerprints_are_those_that_are_published() -> None:
    md5, sha256 = fingerprints(GITHUB)
    assert sha256 == "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
    assert md5 == "65:96:2d:fc:e8:d5:a9:11:64:0c:0f:ea:00:6e:5b:bd"
