"""The zip of the rotation functions: built once for the same content."""

import pulumi
import pytest

from secrets_component import shipped
from secrets_component.resources import rotators_zip


def test_missing_sources_are_reported_with_a_remedy(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path / "inside" / "package")
    with pytest.raises(
        pulumi.RunError, match=r"\(`rotators/`\) are not installed; .* set `rotation_lambda_arn`"
    ):
        rotators_zip.archive(None)


def test_failed_build_is_reported_and_leaves_nothing(monkeypatch, tmp_path) -> None:
    rotators = tmp_path / "rotators"
    rotators.mkdir()
    (rotators / "build.py").write_text("raise SystemExit('error: pip cannot install')")
    (rotators / "requirements.txt").write_text("")
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(pulumi.RunError, match="cannot be built: error: pip cannot install"):
        rotators_zip.archive(None)
    assert list((tmp_path / "cache" / "secretsmap").iterdir()) == []
