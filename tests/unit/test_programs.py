"""The programs that the README and the pages show: they are typed, and their tests pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import ROOT, blocks_of, programs

PAGE = ROOT / "docs" / "testing.md"
SKIPPED = """
[mypy]
strict = true
follow_imports = silent
cache_dir = {cache}
[mypy-pulumi_aws.*,pulumi_random.*,pulumi_tls.*,boto3.*,botocore.*]
follow_imports = skip
ignore_missing_imports = true
"""
"""Their generated code alone takes mypy half a minute."""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, body in files.items():
        (folder / name).write_text(body, "utf-8")


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(folder)},
        capture_output=True,
        text=True,
    )


def test_tests_of_the_page_pass_and_print_what_it_says(tmp_path: Path) -> None:
    write(tmp_path, blocks_of(PAGE))
    done = run("pytest", "-q", "-p", "no:cacheprovider", "test_shop.py", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    dots, _, passed = done.stdout.strip().partition("\n")
    shown = PAGE.read_text("utf-8").partition("$ python -m pytest -q test_shop.py\n")[2]
    assert dots == shown.partition("\n")[0]
    assert passed.startswith("5 passed in ")


def test_tests_of_the_page_notice_a_wrong_program(tmp_path: Path) -> None:
    files = blocks_of(PAGE)
    wrong = files["shop.py"].replace('secret_arns["database_url"]', 'secret_names["database_url"]')
    assert wrong != files["shop.py"]
    write(tmp_path, {**files, "shop.py": wrong})
    done = run("pytest", "-q", "-p", "no:cacheprovider", "test_shop.py", folder=tmp_path)
    assert done.returncode == 1
    assert "test_parameter_holds_the_arn_of_the_database_url" in done.stdout


def test_pages_show_programs() -> None:
    found = programs()
    assert {"shop.py", "test_shop.py"} <= found["docs/testing.md"].keys()
    assert len(found) >= 2


@pytest.mark.long
@pytest.mark.parametrize("page", programs())
def test_programs_are_typed(page: str, tmp_path: Path) -> None:
    write(tmp_path, programs()[page])
    (tmp_path / "mypy.ini").write_text(SKIPPED.format(cache=tmp_path / "cache"), "utf-8")
    done = run("mypy", "--config-file", "mypy.ini", *programs()[page], folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
