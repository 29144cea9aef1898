"""The course of a run: the steps in their order, and after each the rules about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from verify import api_calls, event_rules, maps
from verify.account import REFUSALS, reason
from verify.maps import Map
from verify.rules import RULES, check, note_versions, write_as_operator
from verify.scene import Scene
from verify.table import Row, Seen

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One `pulumi up`.

    Attributes:
        change: makes the step's map of the one before.
        before: what happens before it.
        arguments: further arguments of `pulumi up`.
        is_watched: the renamed secret is read meanwhile.
        is_measured: its API calls are counted.
    """

    name: str
    what: str
    change: Callable[[Scene], Map]
    before: tuple[Callable[[Scene], None], ...] = ()
    arguments: tuple[str, ...] = ()
    is_watched: bool = False
    is_measured: bool = False


def _same(scene: Scene) -> Map:
    return scene.current


_STEPS = (
    Step(
        "create",
        "creates the map",
        lambda scene: maps.created(scene.names, scene.surroundings.role),
    ),
    Step(
        "key",
        "adds a KMS key, adopts two secrets, changes a field",
        lambda scene: maps.keyed(scene.current, scene.names, scene.replica_region),
        before=(write_as_operator,),
    ),
    Step(
        "replica",
        "removes the only replica",
        lambda scene: maps.without_replica(scene.current),
    ),
    Step(
        "rename",
        "renames a secret, removes the KMS key and an adopted entry",
        lambda scene: maps.renamed(scene.current),
        before=(event_rules.create_with_account, event_rules.send_with_account),
        is_watched=True,
    ),
    Step(
        "refresh",
        "refreshes",
        _same,
        before=(
            event_rules.send_with_account,
            write_as_operator,
            write_as_operator,
            note_versions,
        ),
        arguments=("--refresh",),
    ),
    Step(
        "unchanged",
        "changes nothing",
        _same,
        before=(event_rules.send_with_account,),
        is_measured=True,
    ),
)


def steps(replica_region: str | None) -> list[Step]:
    """Return the steps; the one about replicas only where a second region is given."""
    return [step for step in _STEPS if replica_region or step.name != "replica"]


def run(scene: Scene, report: Report) -> Iterator[Row]:
    """Take all steps, and yield the row of each step and of each rule about it.

    After a step that fails nothing further is deployed: each map contains the one before.

    Args:
        scene: the run, with nothing deployed yet.
        report: receives a line for each step.
    """
    wanted = steps(scene.replica_region)
    failed = None
    for number, step in enumerate(wanted, start=1):
        if failed is None:
            report(f"step {number} of {len(wanted)}: {step.what}")
            error = _take(step, scene)
            yield _row(step, error)
            if error is not None:
                failed = step.name

        for rule in RULES:
            if rule.after != step.name:
                continue

            if failed is not None:
                yield rule.row(Seen(f"step `{failed}` failed", is_expected=None))
                continue

            report(f"checking: {rule.name}")
            yield check(rule, scene)


def _take(step: Step, scene: Scene) -> str | None:
    """Take a step; return what failed."""
    secret_map = step.change(scene)
    variables: dict[str, str] = {}
    try:
        for action in step.before:
            action(scene)

        with ExitStack() as meanwhile:
            if step.is_watched:
                meanwhile.enter_context(scene.watched_rename())

            if step.is_measured:
                measured = api_calls.measured(scene.names.run)
                scene.measurement, variables = meanwhile.enter_context(measured)

            scene.result = scene.deployment.up(secret_map, *step.arguments, variables=variables)
    except REFUSALS as error:
        return f"AWS refuses: {reason(error)}"
    except event_rules.MissingFunctionError as error:
        return str(error)

    scene.current = secret_map
    return scene.result.error


def _row(step: Step, error: str | None) -> Row:
    seen = Seen(error or "succeeded", is_expected=error is None)
    return Row(f"step `{step.name}`: `pulumi up` {step.what}", "succeeds", "README.md", seen)
