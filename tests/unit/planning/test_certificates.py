"""A `ca_bundle` is what it says, and nothing else is deployed in its place."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from secrets_component.planning.certificates import bundle_problem
from tests.certificates import CERTIFICATE, PRIVATE_KEY

CASES = [
    (PRIVATE_KEY, "contains a private key"),
    (PRIVATE_KEY + CERTIFICATE, "contains a private key"),
    (CERTIFICATE + PRIVATE_KEY.replace("EC ", "ENCRYPTED "), "contains a private key"),
    (CERTIFICATE + PRIVATE_KEY.replace("EC ", ""), "contains a private key"),
    (CERTIFICATE + PRIVATE_KEY.replace("EC ", "OPENSSH "), "contains a private key"),
    ("root:$6$abc:19000:0:99999:7:::\n", "has no PEM certificates"),
    ("", "has no PEM certificates"),
    (CERTIFICATE[:200], "has no PEM certificates"),
    (CERTIFICATE + CERTIFICATE[:200], "has PEM blocks that are not certificates"),
    (CERTIFICATE + CERTIFICATE.replace("CERTIFICATE", "X509 CRL"), "has PEM blocks that are not"),
    (CERTIFICATE.replace("MII", "AII"), "has a certificate that is not valid"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "problem"), CASES)
def test_file_that_is_no_bundle_is_refused_without_its_content(
    tmp_path: Path, content: str, problem: str
) -> None:
    (tmp_path / "file").write_text(content)
    found = bundle_problem(tmp_path / "file")
    assert found is not None
    assert found.startswith(problem)
    assert not any(line in found for line in content.splitlines() if line[:1] != "-")


def test_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(256)) * 10)
    assert bundle_problem(tmp_path / "file") == (
        "has no PEM certificates (`-----BEGIN CERTIFICATE-----`)"
    )


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert bundle_problem(tmp_path) == "cannot be read (IsADirectoryError)"


def test_bundle_may_have_titles_between_its_certificates(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(f"# Földanúsítvány\n=====\n{CERTIFICATE}\n# B\n{CERTIFICATE}")
    assert bundle_problem(tmp_path / "file") is None


def test_bundle_with_windows_line_ends_is_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CERTIFICATE.replace("\n", "\r\n").encode())
    assert bundle_problem(tmp_path / "file") is None


def test_bundle_of_the_operating_system_is_one() -> None:
    found = subprocess.run(
        ["openssl", "version", "-d"], check=True, capture_output=True, text=True
    ).stdout
    bundle = Path(found.split('"')[1]) / "certs" / "ca-certificates.crt"
    if not bundle.exists():
        pytest.skip(f"no {bundle} on this machine")
    assert bundle_problem(bundle) is None
