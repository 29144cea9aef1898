"""Files of a map: found below its folder only, read within AWS's limit, public or secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from secrets_component.planning.files import (
    FileFolders,
    FileReferenceError,
    as_text,
    is_public,
    read_content,
)
from tests.certificates import CERTIFICATE

OUTSIDE = "is outside the map's folder; add its folder to `file_folders:` if the map may read it"
NOT_FOUND = "file not found (paths are relative to the map)"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A map's folder with a file below it, and one beside it."""
    home = tmp_path / "maps"
    (home / "certs").mkdir(parents=True)
    (home / "certs" / "a.pem").write_text("inside")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "b.pem").write_text("outside")
    (home / "link.pem").symlink_to(tmp_path / "shared" / "b.pem")
    (home / "loop.pem").symlink_to(home / "loop.pem")
    (home / "near.pem").symlink_to(home / "certs" / "a.pem")
    return home


@pytest.mark.parametrize("name", ["certs/a.pem", "certs/../certs/a.pem", "near.pem"])
def test_file_below_the_maps_folder_is_found(home: Path, name: str) -> None:
    assert FileFolders(home).find(name).read_text() == "inside"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../shared/b.pem", OUTSIDE),
        ("/etc/passwd", OUTSIDE),
        ("link.pem", OUTSIDE),
        ("../maps2/a.pem", OUTSIDE),
        ("certs/none.pem", NOT_FOUND),
        ("certs", NOT_FOUND),
    ],
)
def test_other_files_are_refused(home: Path, name: str, problem: str) -> None:
    with pytest.raises(FileReferenceError) as refused:
        FileFolders(home).find(name)
    assert str(refused.value) == problem


def test_link_to_itself_is_no_file(home: Path) -> None:
    with pytest.raises(FileReferenceError, match=r"cannot be read|file not found"):
        FileFolders(home).find("loop.pem")


@pytest.mark.parametrize("name", ["../shared/b.pem", "link.pem"])
def test_file_in_a_listed_folder_is_found(home: Path, name: str) -> None:
    folders = FileFolders(home, (home / "../shared",))
    assert folders.find(name).read_text() == "outside"
    with pytest.raises(FileReferenceError):
        folders.find("/etc/passwd")


def test_content_is_read_up_to_the_limit_of_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"x" * 65_536)
    assert len(read_content(file)) == 65_536
    file.write_bytes(b"x" * 65_537)
    with pytest.raises(FileReferenceError, match="exceeds AWS's limit of 65,536 bytes"):
        read_content(file)


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileReferenceError, match=r"^cannot be read \(IsADirectoryError\)$"):
        read_content(tmp_path)


def test_text_is_utf_8_and_kept_as_it_is() -> None:
    assert as_text("ü\r\n".encode()) == "ü\r\n"
    with pytest.raises(FileReferenceError) as refused:
        as_text(b"hunter2\xff")
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


KEY = CERTIFICATE.replace("CERTIFICATE", "PRIVATE KEY")


@pytest.mark.parametrize(
    ("text", "public"),
    [
        (CERTIFICATE, True),
        (f"# root\n{CERTIFICATE}\n\n# other\n{CERTIFICATE}", True),
        (CERTIFICATE.replace("CERTIFICATE", "PUBLIC KEY"), True),
        (CERTIFICATE.replace("CERTIFICATE", "ENCRYPTED PRIVATE KEY"), True),
        ("ssh-ed25519 AAAA me@home\n", True),
        ("ecdsa-sha2-nistp256 AAAA\n", True),
        (KEY, False),
        (CERTIFICATE + KEY, False),
        (CERTIFICATE + "password=hunter2\n", False),
        ("ssh-ed25519 AAAA\nhunter2\n", False),
        ("-----BEGIN CERTIFICATE-----\nAAAA", False),
        ("hunter2", False),
        ("", False),
    ],
)
def test_only_public_keys_and_certificates_are_public(text: str, public: bool) -> None:
    assert is_public(text.encode()) is public
