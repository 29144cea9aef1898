"""A map and the stacks that it builds on, deployed in the order in which they need each other.

A stack that the map requires comes first. One for which the map waits (`when_missing: wait`) may
read the map's outputs: it comes after the map, which then runs again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox import deploy
from sandbox.environment import Sandbox
from secrets_component.errors import MapFileError, SecretMapError
from secrets_component.planning.plan import Plan
from secrets_component.planning.planner import load_plans


@dataclass(frozen=True)
class Source:
    """A stack of an example that a map builds on."""

    example: Path
    stack: str
    is_required: bool


def deploy_all(
    sandbox: Sandbox,
    project: Path,
    stack: str,
    examples: Path | None,
    report: Callable[[str], None],
) -> bool:
    """Deploy a project's stack and all that its map builds on; return whether that succeeded.

    What an earlier call has deployed, and nobody changed since, is not deployed again.
    """
    sources = list(_sources(plans_of(project, stack), examples))
    required = [one for one in sources if one.is_required]
    if not _deploy_missing(sandbox, required, report):
        return False

    later = [one for one in sources if not one.is_required and not _is_done(sandbox, one)]
    if deploy.up(sandbox, project, stack, quiet=bool(later)) != 0:
        return False

    if not later:
        return True

    if not _deploy_missing(sandbox, later, report):
        return False

    report(f"deploying {stack} again, for what waited")
    return deploy.up(sandbox, project, stack) == 0


def map_file(project: Path, stack: str) -> Path:
    """Return the file with a stack's map."""
    return project / "stacks" / f"{stack}.yaml"


def plans_of(project: Path, stack: str) -> dict[str, Plan]:
    """Return the plans of a stack's maps; none if they are wrong, which `pulumi up` reports."""
    file = map_file(project, stack)
    if not file.is_file():
        return {}

    try:
        return load_plans(file, stack)
    except (SecretMapError, MapFileError, ValueError):
        return {}


def _sources(plans: dict[str, Plan], examples: Path | None) -> Iterator[Source]:
    """Yield the stacks of `plans` that are examples of this repository."""
    if examples is None:
        return

    for plan in plans.values():
        for source in plan.stacks.values():
            name, _, stack = source.stack.partition("/")[2].partition("/")
            if (examples / name / "Pulumi.yaml").is_file():
                example = (examples / name).resolve()
                yield Source(example, stack, is_required=source.when_missing == "fail")


def _deploy_missing(sandbox: Sandbox, sources: list[Source], report: Callable[[str], None]) -> bool:
    missing = [one for one in sources if not _is_done(sandbox, one)]
    if not missing:
        return True

    names = " and ".join(f"{one.example.name} ({one.stack})" for one in missing)
    report(f"deploying {names}, which the map builds on")
    for one in missing:
        _mark(sandbox, one).unlink(missing_ok=True)

    failed = deploy.up_together(sandbox, [(one.example, one.stack) for one in missing])
    for one in missing:
        if (one.example, one.stack) not in failed:
            _mark(sandbox, one).parent.mkdir(exist_ok=True)
            _mark(sandbox, one).write_text(_digest(one.example), "utf-8")

    return not failed


def _is_done(sandbox: Sandbox, source: Source) -> bool:
    """Return whether a stack was deployed to its end, from the files as they are now."""
    mark = _mark(sandbox, source)
    if not mark.is_file() or mark.read_text("utf-8") != _digest(source.example):
        return False

    return bool(sandbox.outputs(deploy.name_of(source.example), source.stack))


def _mark(sandbox: Sandbox, source: Source) -> Path:
    return sandbox.home / "deployed" / f"{deploy.name_of(source.example)}-{source.stack}"


def _digest(example: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(example.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path.relative_to(example)).encode() + b"\0" + path.read_bytes())

    return digest.hexdigest()
