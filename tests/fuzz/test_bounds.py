"""Maps as large as they may be: each is checked or refused within 10 s and 500 MB."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from secrets_component.secret_map.yaml_text import MAX_BYTES

MANY = 19_900
"""Just below the limit of entries."""

HEAD = "context_name: a\nenvironment: dev\n"
ROLE = "arn:aws:iam::123456789012:role/r"
MEASURED = """
import resource, subprocess, sys
code = subprocess.call([sys.executable, "-m", "secrets_component", "validate", sys.argv[1]])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)
"""
"""Another process in between: one that is forked off pytest's counts the memory of that too."""


def entries(line: Callable[[int], str], head: str = HEAD, count: int = MANY) -> str:
    """Write a map with many entries."""
    return head + "secrets:\n" + "".join(f"  {line(i)}\n" for i in range(count))


def value(text: str) -> str:
    """Write a map with one entry, whose value is quoted."""
    return entries(lambda _: f"a: {{secret_data: '{text}', random: {{p: {{}}}}}}", count=1)


def levels(named: str) -> str:
    """Write a map whose `access` has as many levels as there are entries."""
    readers = "".join(f"    {named}{i}: {{readers: ['{ROLE}']}}\n" for i in range(MANY))
    head = f"{HEAD}access:\n  paths:\n{readers}"
    return entries(lambda i: f"k{i}: {{path: p{i}}}", head)


def stacks(reference: str) -> str:
    """Write a map with as many stacks as entries, each of which has a reference."""
    known = "".join(f"  stack{i}: o/s{i}/d\n" for i in range(MANY))
    return entries(lambda i: f'c{i}: {{secret_data: "{reference % i}"}}', f"{HEAD}stacks:\n{known}")


def copies(output: str) -> str:
    """Write a map in which each entry takes something from the next one."""
    taken = f"${{output.secretsmanager.{output}}}"
    return entries(lambda i: f'k{i}: {{secret_data: "{taken % ((i + 1) % MANY)}"}}')


def readers_of_all() -> str:
    readers = "".join(f"    - {ROLE}{i}\n" for i in range(20))
    return entries(lambda i: f"k{i}: {{}}", f"{HEAD}access:\n  readers:\n{readers}")


def policies() -> str:
    policy = f"policy: {{template: read-secret-policy, principals: ['{ROLE}']}}"
    return entries(lambda i: f"k{i}: {{{policy}, description: '{'d' * 100}'}}")


def nested() -> str:
    return "".join(f"{' ' * depth}a:\n" for depth in range(3_000))


SHAPES: dict[str, Callable[[], str]] = {
    "levels": lambda: levels("p"),
    "misspelt entries": lambda: copies("generated_passwords.key_%d"),
}
FURTHER_SHAPES: dict[str, Callable[[], str]] = {
    "levels of no entry": lambda: levels("q"),
    "misspelt components": lambda: stacks("${output.stak%d.x}"),
    "readers": readers_of_all,
    "a circle": lambda: copies("secret_names.k%d"),
    "stacks": lambda: stacks("${output.stack%d.x}"),
    "policies": policies,
    "one name": lambda: entries(lambda i: f"k{i}: {{name: x}}"),
    "wrong entries": lambda: entries(lambda i: f"k{i}: {{rotation_days: 0, nmae: x}}"),
    "more entries": lambda: entries(lambda i: f"k{i}: {{}}", count=MAX_BYTES // 16),
    "one key": lambda: entries(lambda _: "k: {}", count=MAX_BYTES // 16),
    "long text": lambda: value("x" * (MAX_BYTES - 200)),
    "references": lambda: value("${random.p}" * (MAX_BYTES // 11 - 50)),
    "open references": lambda: value("${" * (MAX_BYTES // 2 - 200)),
    "JSON": lambda: value("[" * (MAX_BYTES - 200)),
    "brackets": lambda: "[" * MAX_BYTES,
    "levels of YAML": nested,
    "quotes": lambda: "a: " + "'" * (MAX_BYTES - 10),
    "one line": lambda: "x" * (MAX_BYTES - 10) + ": 1\n",
    "blank lines": lambda: HEAD + "\n" * (MAX_BYTES - 100),
    "anchors": lambda: "x:\n" + "".join(f"- &a{i} 1\n" for i in range(MAX_BYTES // 16)),
    "documents": lambda: "---\na: 1\n" * (MAX_BYTES // 10),
    "zeros": lambda: "\0" * MAX_BYTES,
}


def check(folder: Path, text: str) -> str:
    """Validate a map in a process of its own; return what it says.

    CPU time is measured, because other tests run at the same time.
    """
    assert len(text.encode()) <= MAX_BYTES
    path = folder / "map.yaml"
    path.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    code, seconds, mebibytes = done.stdout.split()[-3:]
    assert code in ("0", "1")
    assert float(seconds) < 10
    assert int(mebibytes) < 500
    assert len(done.stderr) < 100_000, "nobody reads that"
    return done.stderr


@pytest.mark.parametrize("shape", SHAPES)
def test_maps_at_the_limits_are_checked_or_refused_in_time(tmp_path: Path, shape: str) -> None:
    assert "Traceback" not in check(tmp_path, SHAPES[shape]())


@pytest.mark.long
@pytest.mark.parametrize("shape", FURTHER_SHAPES)
def test_further_maps_at_the_limits_are_checked_or_refused_in_time(
    tmp_path: Path, shape: str
) -> None:
    assert "Traceback" not in check(tmp_path, FURTHER_SHAPES[shape]())
