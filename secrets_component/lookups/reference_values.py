"""References → values: stacks, settings and variables are read once, before anything is created."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from secrets_component.errors import did_you_mean
from secrets_component.lookups.refusal import refusal, refuse
from secrets_component.planning.files import (
    FileFolders,
    FileReferenceError,
    as_text,
    read_content,
)
from secrets_component.planning.plan import Binary, Plan, PlannedSecret
from secrets_component.planning.self_references import output_key
from secrets_component.secret_map.references import (
    Reference,
    ReferenceKind,
    Value,
    render,
)

_MISSING = object()
_OF_THE_MAP = (ReferenceKind.RANDOM, ReferenceKind.SELF)


@dataclass(frozen=True)
class StackOutputs:
    """What one stack exports; `values` is None where the stack does not exist."""

    values: Mapping[str, Any] | None
    secret_names: frozenset[str] = frozenset()


@dataclass
class ReferenceValues:
    """The values of a plan's references.

    Attributes:
        known: values from outside of the map; of a file, its bytes.
        waiting: references without a value yet, by the key of the entry that waits for them.
        own_outputs: what this map's entries give each other, by output and key; filled while they
            are created.
    """

    plan: Plan
    known: dict[Reference, pulumi.Input[Any]] = field(default_factory=dict)
    waiting: dict[str, list[Reference]] = field(default_factory=dict)
    own_outputs: dict[tuple[str, str], pulumi.Output[Any]] = field(default_factory=dict)

    def has_all(self, references: tuple[Reference, ...]) -> bool:
        """Return whether every one of the references has a value in this run."""
        return all(one in self.known or one.kind in _OF_THE_MAP for one in references)

    def of(self, reference: Reference, key: str) -> pulumi.Input[Any]:
        """Return a reference's value as the entry `key` sees it."""
        match reference.kind:
            case ReferenceKind.RANDOM:
                name, *half = reference.path
                output = "public_keys" if half else "generated_passwords"
                return self.own_outputs[output, f"{key}.{name}"]
            case ReferenceKind.SELF:
                return self.own_outputs[reference.path[1], output_key(reference)]
            case ReferenceKind.FILE:
                return self._file_of(reference, key)
            case _:
                return self.known[reference]

    def _file_of(self, reference: Reference, key: str) -> pulumi.Output[str]:
        """Return a file's text, or in a binary value its bytes as base64; as a secret.

        Raises:
            pulumi.RunError: it is no text, though it was when the map was checked.
        """
        content: Any = self.known[reference]  # bytes
        if isinstance(self.plan.secrets[key].source, Binary):
            return pulumi.Output.secret(base64.b64encode(content).decode())

        try:
            text = as_text(content)
        except FileReferenceError as error:
            raise refusal(self.plan, ("secrets", key), f"`{reference}`: {error}") from None

        return pulumi.Output.secret(text)

    def fill(self, value: Value, key: str) -> pulumi.Input[str]:
        """Return a value or field of the entry `key` with its references filled in.

        Returns:
            A plain string where all of it is plain, else an Output.

        Raises:
            pulumi.RunError: a referenced value does not fit its place; maybe inside the Output.
        """
        references = value.references
        inputs = [self.of(reference, key) for reference in references]
        if not any(isinstance(one, pulumi.Output) for one in inputs):
            return self._rendered(value, dict(zip(references, inputs, strict=True)), key)

        return pulumi.Output.all(*inputs).apply(
            lambda found: self._rendered(value, dict(zip(references, found, strict=True)), key)
        )

    def _rendered(self, value: Value, found: Mapping[Reference, Any], key: str) -> str:
        try:
            return render(value, found.__getitem__)
        except ValueError as error:  # its text names references only, never a value
            raise refusal(self.plan, ("secrets", key), str(error)) from None


def read(plan: Plan, parent: pulumi.Resource) -> ReferenceValues:
    """Read everything that a plan's references need from outside.

    Raises:
        pulumi.RunError: a stack, output, setting or variable does not exist and nothing may wait
            for it; all of them at once, each at its position in the map.
    """
    reader = _Reader(plan, parent)
    for secret in plan.secrets.values():
        for reference in secret.references:
            reader.read(secret, reference)

    refuse(reader.report)
    return reader.values


class _Reader:
    def __init__(self, plan: Plan, parent: pulumi.Resource) -> None:
        self.values = ReferenceValues(plan)
        self.report = plan.report()
        self._plan = plan
        self._parent = parent
        self._stacks: dict[str, StackOutputs] = {}

    def read(self, secret: PlannedSecret, reference: Reference) -> None:
        if self.values.has_all((reference,)):
            return

        match reference.kind:
            case ReferenceKind.CONFIG:
                found, problem = _read_config(reference.path[0])
            case ReferenceKind.FILE:
                found, problem = _read_file(self._plan.files, reference.path[0])
            case ReferenceKind.ENV:
                found, problem = _read_variable(reference.path[0])
            case _:
                found, problem = self._read_output(reference)
                if problem and self._may_wait(secret, reference):
                    self.values.waiting.setdefault(secret.key, []).append(reference)
                    return

        if problem:
            self.report.error_in_reference(secret.place, str(reference), problem)
        else:
            self.values.known[reference] = found

    def _may_wait(self, secret: PlannedSecret, reference: Reference) -> bool:
        """Return whether the run can go on: a value, a rotation and a restart can come later."""
        if self._plan.stacks[reference.path[0]].when_missing != "wait":
            return False

        later = set(secret.value_references)
        if secret.rotation:
            later.update(secret.rotation.function.references)

        for restart in secret.on_rotate:
            later.update(restart.target.references)

        return reference in later and reference not in secret.fixed_references

    def _read_output(self, reference: Reference) -> tuple[Any, str | None]:
        component, name, *rest = reference.path
        stack = self._plan.stacks[component].stack
        outputs = self._stack(stack)
        if outputs.values is None:
            remedy = self._remedy(component)
            return None, f"stack `{stack}` does not exist; deploy it first{remedy}"

        found = outputs.values.get(name, _MISSING)
        for step in rest:
            found = _inside(found, step)

        if found is _MISSING or found is None:
            hint = "" if name in outputs.values else did_you_mean(name, outputs.values)
            return None, (
                f"stack `{stack}` has no such output, or this run cannot decrypt it; deploy that "
                f"stack first{self._remedy(component)}{hint}"
            )

        if name in outputs.secret_names:
            return pulumi.Output.secret(found), None

        return found, None

    def _remedy(self, component: str) -> str:
        """Return what else to do where a stack or its output does not exist."""
        stack = self._plan.stacks[component]
        if stack.when_missing == "wait":
            return " (a key, a replica's key, a topic or a principal cannot wait)"

        return (
            f", or write `{component}: {{stack: {stack.stack}, when_missing: wait}}` to fill the "
            "secret in a later run"
        )

    def _stack(self, name: str) -> StackOutputs:
        if name not in self._stacks:
            self._stacks[name] = read_stack(name, self._parent)

        return self._stacks[name]


def _inside(value: Any, step: str) -> Any:  # noqa: ANN401 # any JSON value
    """Return what is one step inside an output: a mapping's key, or a list's index from 0."""
    if isinstance(value, Mapping):
        return value.get(step, _MISSING)

    if not isinstance(value, list) or not step.isdecimal():
        return _MISSING

    index = int(step)
    return value[index] if index < len(value) else _MISSING


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

        msg = f"cannot read the stack `{name}`: {error}"
        raise pulumi.RunError(msg) from None

    answer = answer or {}
    secret_names = frozenset(answer.get("secretOutputNames") or ())
    return StackOutputs(answer.get("outputs") or {}, secret_names)


def _read_config(key: str) -> tuple[Any, str | None]:
    namespace, _, name = key.rpartition(":")
    config = pulumi.Config(namespace or None)
    if config.get(name) is None:
        return None, f"missing config value; run `pulumi config set --secret {key}`"

    return config.require_secret(name), None


def _read_file(folders: FileFolders, name: str) -> tuple[Any, str | None]:
    try:
        return read_content(folders.find(name)), None
    except FileReferenceError as error:
        return None, str(error)


def _read_variable(name: str) -> tuple[Any, str | None]:
    value = os.environ.get(name)
    if value is None:
        return None, f"missing environment variable; set `{name}` before `pulumi up`"

    return pulumi.Output.secret(value), None
