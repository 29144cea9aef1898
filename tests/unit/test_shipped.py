"""The shipped folders, in a checkout and in an installed package."""

from pathlib import Path

import pytest

from secrets_component import shipped


@pytest.mark.parametrize("name", ["policies", "rotators"])
def test_folder_is_next_to_the_package_in_a_checkout(name: str) -> None:
    assert shipped.folder(name) == Path(shipped.__file__).parent.parent / name


def test_folder_inside_an_installed_package_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "secrets_component"
    for parent in (package, tmp_path):
        (parent / "policies").mkdir(parents=True)
    monkeypatch.setattr(shipped, "_PACKAGE", package)
    assert shipped.folder("policies") == package / "policies"


def test_missing_folder_and_a_file_of_its_name_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "secrets_component"
    package.mkdir()
    (package / "policies").write_text("")
    monkeypatch.setattr(shipped, "_PACKAGE", package)
    assert shipped.folder("policies") is None
