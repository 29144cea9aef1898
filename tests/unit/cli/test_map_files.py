"""Which files are checked."""

from pathlib import Path

import pytest

from secrets_component.cli.map_files import map_files
from secrets_component.cli.verb import UsageError
from tests.unit.cli.accounts import ROOT

FLAT = "context_name: x\nsecrets: {}\n"


def test_files_and_standard_input_are_taken_as_named_and_once() -> None:
    assert map_files(["b.yaml", "-", "a.yaml", "b.yaml"]) == ["b.yaml", "-", "a.yaml"]


def test_maps_of_a_folder_are_found_below_it_and_nothing_else(tmp_path: Path) -> None:
    texts = {
        "prod.yaml": FLAT,
        "no-context.yml": "secrets: {a: {}}\n",
        "deep/er/atmos.yaml": "components:\n  terraform:\n    secretsmanager:\n      vars: {}\n",
        "deep/other.yaml": "a:\n  metadata: {}\n  component: 'secretsmanager'\n",
        "Pulumi.yaml": "name: secretsmanager\nruntime: python\n",
        "notes.txt": FLAT,
        ".hidden.yaml": FLAT,
        ".git/a.yaml": FLAT,
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = [str(Path(file).relative_to(tmp_path)) for file in map_files([str(tmp_path)])]
    assert found == ["deep/er/atmos.yaml", "deep/other.yaml", "no-context.yml", "prod.yaml"]


def test_all_maps_of_the_repository_are_found() -> None:
    folders = [ROOT / "stacks", ROOT / "tests" / "maps"]
    wanted = {str(path) for folder in folders for path in folder.glob("**/*.yaml")}
    assert set(map_files([str(folder) for folder in folders])) >= {
        path for path in wanted if "unknown-key" in path or "stacks" in path
    }


def test_file_that_cannot_be_read_is_reported_rather_than_left_out(tmp_path: Path) -> None:
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nothing")
    assert map_files([str(tmp_path)]) == [str(tmp_path / "gone.yaml")]


def test_folder_without_a_map_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no secret map in this folder; name the YAML file"):
        map_files([str(tmp_path)])
