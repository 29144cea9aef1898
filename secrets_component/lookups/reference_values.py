"""References → values: stacks, settings and variables are read once, before anything is created."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from secrets_component.errors import Problem, UnresolvedReferenceError, did_you_mean
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.planning.self_references import is_self, self_key
from secrets_component.secret_map.references import (
    Reference,
    ReferenceKind,
    Template,
    Value,
    render,
)

_MISSING = object()


@dataclass(frozen=True)
class StackOutputs:
    """What one stack exports; `values` is None where there is no such stack."""

    values: Mapping[str, Any] | None
    secret_names: frozenset[str] = frozenset()


@dataclass
class ReferenceValues:
    """The values of a plan's references.

    Attributes:
        waiting: references without a value yet, by the key of the entry that waits for them.
        own: what this map's entries give each other, filled while they are created.
    """

    plan: Plan
    known: dict[Reference, pulumi.Input[Any]]
    waiting: dict[str, list[Reference]]
    own_outputs: dict[tuple[str, str], pulumi.Output[Any]] = field(default_factory=dict)

    def has_all(self, references: tuple[Reference, ...]) -> bool:
        """Tell whether every one of the references has a value in this run."""
        return all(ref in self.known or self._is_own(ref) for ref in references)

    def of(self, reference: Reference, key: str) -> pulumi.Input[Any]:
        """Give a reference's value as the entry `key` sees it."""
        if reference.kind is ReferenceKind.RANDOM:
            return self.own_outputs["generated_passwords", f"{key}.{reference.path[0]}"]
        if self._is_own(reference):
            return self.own_outputs[reference.path[1], self_key(reference.path)]
        return self.known[reference]

    def fill(self, value: Value, key: str) -> pulumi.Input[str]:
        """Render a value or field of the entry `key`; plain text where all of it is plain."""
        references = value.references
        if not references:
            return _rendered(value, {}, key)
        inputs = [self.of(reference, key) for reference in references]
        if not any(isinstance(one, pulumi.Output) for one in inputs):
            return _rendered(value, dict(zip(references, inputs, strict=True)), key)
        return pulumi.Output.all(*inputs).apply(
            lambda found: _rendered(value, dict(zip(references, found, strict=True)), key)
        )

    def text(self, template: Template, key: str) -> pulumi.Input[str]:
        """Render a field such as a key or an ARN."""
        return self.fill(template, key)

    def _is_own(self, reference: Reference) -> bool:
        return reference.kind is ReferenceKind.RANDOM or is_self(
            reference, self.plan.name, self.plan.instance
        )


def _rendered(value: Value, found: Mapping[Reference, Any], key: str) -> str:
    try:
        return render(value, found.__getitem__)
    except ValueError as error:  # its text names references only, never a value
        msg = f"secret `{key}`: {error}"
        raise pulumi.RunError(msg) from None


def read(plan: Plan, parent: pulumi.Resource) -> ReferenceValues:
    """Read everything that a plan's references need from outside.

    Raises:
        pulumi.RunError: a stack, output, setting or variable is not there and nothing may wait for
            it; all of them at once, each at its place in the map.
    """
    reader = _Reader(plan, parent)
    values = reader.read()
    if reader.problems:
        raise pulumi.RunError(str(UnresolvedReferenceError(reader.problems)))
    return values


class _Reader:
    def __init__(self, plan: Plan, parent: pulumi.Resource) -> None:
        self.problems: list[Problem] = []
        self._plan = plan
        self._parent = parent
        self._stacks: dict[str, StackOutputs] = {}

    def read(self) -> ReferenceValues:
        values = ReferenceValues(self._plan, {}, {})
        for secret in self._plan.secrets.values():
            for reference in secret.references:
                if not values.has_all((reference,)):
                    self._add(values, secret, reference)
        return values

    def _add(self, values: ReferenceValues, secret: PlannedSecret, reference: Reference) -> None:
        match reference.kind:
            case ReferenceKind.CONFIG:
                found, problem = _config(reference.path[0])
            case ReferenceKind.ENV:
                found, problem = _variable(reference.path[0])
            case _:
                found, problem = self._output(reference)
                if problem and self._may_wait(secret, reference):
                    values.waiting.setdefault(secret.key, []).append(reference)
                    return
        if problem:
            place = self._plan.position(secret.key, str(reference))
            self.problems.append(Problem(place, f"`{reference}`: {problem}"))
        else:
            values.known[reference] = found

    def _may_wait(self, secret: PlannedSecret, reference: Reference) -> bool:
        """Only a value, a rotation and a restart can come later; a key or a reader cannot."""
        if self._plan.stacks[reference.path[0]].when_missing != "wait":
            return False
        later = set(secret.value_references)
        if secret.rotation:
            later.update(secret.rotation.function.references)
        for restart in secret.on_rotate:
            later.update(restart.target.references)
        fixed = {ref for template in _fixed_templates(secret) for ref in template.references}
        return reference in later and reference not in fixed

    def _output(self, reference: Reference) -> tuple[Any, str | None]:
        component, name, *rest = reference.path
        stack = self._plan.stacks[component].stack
        outputs = self._stack(stack)
        if outputs.values is None:
            return (
                None,
                f"there is no stack `{stack}` yet; deploy it first{self._or_wait(reference)}",
            )
        found = outputs.values.get(name, _MISSING)
        for step in rest:
            found = _inside(found, step)
        if found is _MISSING or found is None:
            hint = did_you_mean(name, outputs.values) if name not in outputs.values else ""
            return None, (
                f"the stack `{stack}` has no such output, or this run cannot decrypt it; deploy "
                f"that stack first{self._or_wait(reference)}{hint}"
            )
        return (pulumi.Output.secret(found) if name in outputs.secret_names else found), None

    def _or_wait(self, reference: Reference) -> str:
        stack = self._plan.stacks[reference.path[0]]
        if stack.when_missing == "wait":
            return " (a key, a replica's key, a topic or a principal cannot wait)"
        return (
            f", or write `{reference.path[0]}: {{stack: {stack.stack}, when_missing: wait}}` to "
            "fill the secret in a later run"
        )

    def _stack(self, name: str) -> StackOutputs:
        if name not in self._stacks:
            self._stacks[name] = read_stack(name, self._parent)
        return self._stacks[name]


def _inside(value: Any, step: str) -> Any:  # noqa: ANN401 # any JSON value
    """Take one step into an output: a key of a mapping, or a number from 0 into a list."""
    if isinstance(value, Mapping):
        return value.get(step, _MISSING)
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return value[int(step)]
    return _MISSING


def _fixed_templates(secret: PlannedSecret) -> Iterator[Template]:
    keys = (secret.kms_key, *(replica.kms_key for replica in secret.replicas))
    yield from (template for template in (*keys, secret.alarm_topic) if template)
    yield from secret.principals


def read_stack(name: str, parent: pulumi.Resource) -> StackOutputs:
    """Read a stack's outputs.

    A StackReference to a stack that does not exist fails the whole run; this invoke can be caught.
    Only the engine's own "unknown stack" means that there is none: every other failure (network,
    permission) must not be mistaken for a stack that will come later.

    Raises:
        pulumi.RunError: the stack cannot be read.
    """
    try:
        answer = pulumi.runtime.invoke(
            "pulumi:pulumi:readStackOutputs", {"name": name}, pulumi.InvokeOptions(parent=parent)
        ).value
    except Exception as error:  # noqa: BLE001 # the SDK raises a bare Exception for a failed invoke
        if "unknown stack" in str(error):
            return StackOutputs(None)
        msg = f"the stack `{name}` cannot be read: {error}"
        raise pulumi.RunError(msg) from None
    answer = answer or {}
    return StackOutputs(
        answer.get("outputs") or {}, frozenset(answer.get("secretOutputNames") or ())
    )


def _config(key: str) -> tuple[Any, str | None]:
    namespace, _, name = key.rpartition(":")
    config = pulumi.Config(namespace or None)
    if config.get(name) is None:
        return None, f"the setting is missing; run `pulumi config set --secret {key}`"
    return config.require_secret(name), None


def _variable(name: str) -> tuple[Any, str | None]:
    value = os.environ.get(name)
    if value is None:
        return None, f"the environment variable is missing; set `{name}` before `pulumi up`"
    return pulumi.Output.secret(value), None
