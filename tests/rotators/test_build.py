"""The zip: the same bytes every time, complete, and free of what belongs to one machine."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rotators import build
from tests.certificates import CERTIFICATE, PRIVATE_KEY

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("zip") / "one.zip"
    subprocess.run([sys.executable, "-m", "rotators.build", str(out)], check=True, cwd=ROOT)
    return out


def test_second_build_elsewhere_has_the_same_bytes(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "two.zip"
    subprocess.run(
        [sys.executable, str(ROOT / "rotators" / "build.py"), str(out)],
        check=True,
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        umask=0o077,
    )
    assert out.read_bytes() == built.read_bytes()


def test_handlers_load_from_the_zip_alone(built: Path) -> None:
    names = "generated_password postgres_single_user postgres_alternating_users mysql_single_user mysql_alternating_users"
    program = f"""\
import sys
from unittest.mock import MagicMock
sys.path[:] = [p for p in sys.path if "site-packages" not in p]
for name in ("boto3", "botocore", "botocore.config", "botocore.exceptions"):
    sys.modules[name] = MagicMock()  # Lambda's runtime has them
sys.path.insert(0, {str(built)!r})
from rotators import handlers
assert all(callable(getattr(handlers, name)) for name in {names.split()!r})
assert handlers.__file__.startswith({str(built)!r})
"""
    subprocess.run([sys.executable, "-I", "-c", program], check=True)


def test_nothing_of_this_machine_is_inside(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert not [
            n for n in names if "__pycache__" in n or n.startswith("bin/") or n.endswith(".so")
        ]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not any(str(ROOT).encode() in archive.read(name) for name in names)
    assert "rotators/build.py" not in names


def test_certificates_travel_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_install", lambda target: None)
    (tmp_path / "own.pem").write_text(f"issued by us\n{CERTIFICATE}\nand again\n{CERTIFICATE}end")
    build.build(tmp_path / "with.zip", tmp_path / "own.pem")
    with zipfile.ZipFile(tmp_path / "with.zip") as archive:
        assert archive.read("ca.pem").decode() == CERTIFICATE * 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (PRIVATE_KEY + CERTIFICATE, "contains a private key"),
        ("root:x:0:0", "has no PEM certificates"),
    ],
)
def test_file_that_is_no_bundle_of_certificates_is_never_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, problem: str
) -> None:
    monkeypatch.setattr(build, "_install", lambda target: None)
    (tmp_path / "own.pem").write_text(content)
    with pytest.raises(build.BuildError, match=problem):
        build.build(tmp_path / "with.zip", tmp_path / "own.pem")
    assert not (tmp_path / "with.zip").exists()


def test_package_for_one_machine_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_install", lambda target: (target / "x.so").touch())
    with pytest.raises(build.BuildError, match=r"x\.so is made for one machine"):
        build.build(tmp_path / "out.zip")


def test_changed_package_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    requirements = (ROOT / "rotators" / "requirements.txt").read_text()
    (tmp_path / "requirements.txt").write_text(requirements.replace("sha256:4", "sha256:5"))
    monkeypatch.setattr(build, "SOURCES", tmp_path)
    monkeypatch.setattr(sys, "argv", ["build", str(tmp_path / "out.zip")])
    assert build.main() == 1
    assert "pip cannot install" in capsys.readouterr().err
