"""What a release contains: everything that an installed secretsmap needs, and its papers."""

import email
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BUILD = "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a sdist and a wheel, built from what git tracks."""
    folder = tmp_path_factory.mktemp("release")
    for name in tracked("."):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    subprocess.run([sys.executable, "-c", BUILD], cwd=folder, check=True, capture_output=True)
    return folder / "dist"


def tracked(*folders: str) -> list[str]:
    text = subprocess.check_output(
        ["git", "ls-files", "-co", "--exclude-standard", "-z", *folders], cwd=ROOT, text=True
    )
    return [name for name in text.split("\0") if name and (ROOT / name).is_file()]


def test_wheel_has_all_of_the_package(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = set(tracked("secrets_component"))
    for folder in ("policies", "rotators"):
        wanted |= {f"secrets_component/{name}" for name in tracked(folder)}
    wanted.discard("secrets_component/policies/README.md")
    papers = {name for name in inside if ".dist-info/" in name}
    assert inside - papers == wanted
    assert any(name.endswith("/licenses/LICENSE") for name in papers)


def test_sdist_builds_on_its_own_and_has_the_changelog(dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml"}
    assert wanted | set(tracked("secrets_component", "rotators")) <= inside
    assert set(tracked("policies")) - {"policies/README.md"} <= inside


def test_metadata_names_version_command_and_python(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        metadata = email.message_from_bytes(archive.read(name))
        scripts = archive.read(name.replace("METADATA", "entry_points.txt")).decode()
    assert metadata["Name"] == "secretsmap"
    assert metadata["Requires-Python"] == ">=3.11"
    assert "secretsmap = secrets_component.__main__:run" in scripts


def test_version_has_an_entry_in_the_changelog() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    first = re.search(r"^## \[?([0-9.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert first is not None
    assert first[1] == version
