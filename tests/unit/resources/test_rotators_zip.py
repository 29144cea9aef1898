"""The zip of the rotation functions: built once for the same content."""

from pathlib import Path

import pulumi
import pytest

from secrets_component import shipped
from secrets_component.resources import rotators_zip


def test_missing_sources_are_reported_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path / "inside" / "package")
    with pytest.raises(
        pulumi.RunError, match=r"\(`rotators/`\) are not installed; .* set `rotation_lambda_arn`"
    ):
        rotators_zip.archive(None)


def test_failed_build_is_reported_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rotators = tmp_path / "rotators"
    rotators.mkdir()
    (rotators / "build.py").write_text("raise SystemExit('error: pip cannot install')")
    (rotators / "requirements.txt").write_text("")
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(pulumi.RunError, match="cannot be built: error: pip cannot install"):
        rotators_zip.archive(None)
    assert list((tmp_path / "cache" / "secretsmap").iterdir()) == []


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Sources whose `build.py` writes its arguments into the zip."""
    rotators = tmp_path / "rotators"
    rotators.mkdir()
    (rotators / "build.py").write_text(
        "import pathlib, sys\npathlib.Path(sys.argv[1]).write_text(' '.join(sys.argv[2:]))\n"
    )
    (rotators / "requirements.txt").write_text("")
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return rotators


def test_same_content_is_built_once(sources: Path) -> None:
    built = rotators_zip.archive(None)
    built.write_text("built before")
    assert rotators_zip.archive(None).read_text() == "built before"


def test_changed_source_is_built_again(sources: Path) -> None:
    before = rotators_zip.archive(None)
    (sources / "requirements.txt").write_text("pg8000")
    assert rotators_zip.archive(None) != before


def test_certificates_go_into_a_zip_of_their_own(sources: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("certificate")
    built = rotators_zip.archive(bundle)
    assert built != rotators_zip.archive(None)
    assert built.read_text() == f"--ca-bundle {bundle}"
