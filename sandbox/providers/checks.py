"""What Check and Diff answer for a resource, from the facts of its type.

A port of what Pulumi's bridge does (pulumi/pulumi-terraform-bridge v3.120.0, pkg/tfbridge):
`applyDefaults` in schema.go, `ComputeAutoNameDefault` in info/autonaming.go,
`nameRequiresDeleteBeforeReplace` in schema.go and the texts of check_failures.go; and of what
Terraform's SDK checks (`schemaMap.validate` in helper/schema/schema.go, v2).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.providers.official import Automatic, Facts, Input, Relation
from sandbox.providers.validators import Rule

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # how the engine writes a value not known yet
DEFAULTS = "__defaults"
"""The input in which the bridge keeps the names of the inputs that it filled in itself."""
EMPTY: tuple[Any, ...] = (None, "", [], {}, 0)
_HIDDEN = "[secret]"
_COLLECTIONS: Mapping[str, tuple[type, str]] = {
    "list": (list, "Attribute must be a list"),
    "map": (dict, "Attribute must be a map"),
    "object": (dict, "Expected Object Type"),
}
_RANDOM_DIGITS = 7
_ENFORCE, _DISABLE = 1, 2  # AutonamingOptions.Mode in Pulumi's provider.proto


class NamingError(Exception):
    """No automatic name can be made; the message is the bridge's."""


@dataclass(frozen=True)
class Naming:
    """What automatic names are made of.

    Attributes:
        token: the resource's type.
        logical: the resource's logical name.
        proposed: the name and mode that the stack's `pulumi:autonaming` asks for.
    """

    token: str
    logical: str
    proposed: tuple[str, int] | None = None


def checked(
    facts: Facts,
    naming: Naming,
    olds: Mapping[str, Any],
    news: Mapping[str, Any],
    secrets: Collection[str] = (),
) -> tuple[dict[str, Any], list[str]]:
    """Return the inputs with automatic names and defaults, and why they are refused.

    Args:
        facts: the facts of the resource's type.
        naming: what an automatic name is made of.
        olds: the inputs of the last run; empty for a new resource.
        news: the inputs that the program gives.
        secrets: those of them that it marks as secret, which no refusal shows.

    Raises:
        NamingError: no automatic name can be made.
    """
    inputs = _filled(facts, naming, olds, news)
    # The provider checks before Terraform's defaults are there.
    automatic = facts.named("automatic")
    given = {}
    for name, value in inputs.items():
        if name not in inputs.get(DEFAULTS, ()) or name in automatic:
            given[name] = value

    return inputs, _failures(facts, naming.logical, given, secrets)


def _filled(
    facts: Facts, naming: Naming, olds: Mapping[str, Any], news: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the inputs with automatic names and defaults, which `__defaults` lists."""
    inputs = {key: value for key, value in news.items() if value is not None}
    if facts.framework:
        return inputs

    taken = _names_taken_by_others(facts, inputs)
    added = []
    for name, found in facts.inputs.items():
        if name in inputs or name in taken or not _has_default(found):
            continue

        # `ComputeAutoNameDefault` never replaces a name, also where the program gave the old one.
        is_named = found.automatic is not None and name in olds
        if is_named or (name in olds and name in olds.get(DEFAULTS, [name])):
            inputs[name] = olds[name]
        elif found.automatic is not None:
            inputs[name] = _automatic(found.automatic, naming)
        else:
            inputs[name] = found.default

        added.append(name)

    return {**inputs, DEFAULTS: sorted(added)}


def _has_default(found: Input) -> bool:
    return found.automatic is not None or found.default is not None


def _names_taken_by_others(facts: Facts, inputs: Collection[str]) -> set[str]:
    """Return the inputs that may not be filled in, since the program gives others instead."""
    taken: set[str] = set()
    for name, found in facts.inputs.items():
        if name in inputs:
            taken.update(found.conflicts, found.exactly_one)

    return taken


def _automatic(automatic: Automatic, naming: Naming) -> str:
    """Return a name: the logical name as it is, the separator and random digits."""
    if naming.proposed is not None:
        return _proposed(automatic, *naming.proposed)

    start = f"{naming.logical}{automatic.separator}"
    if len(start.encode()) + _RANDOM_DIGITS > automatic.max:
        msg = (
            f"could not make instance of '{naming.token}': name '{start}' plus {_RANDOM_DIGITS} "
            f"random chars is longer than maximum length {automatic.max}"
        )
        raise NamingError(msg)

    return _prefixed(automatic, start + os.urandom(4).hex()[:_RANDOM_DIGITS])


def _proposed(automatic: Automatic, name: str, mode: int) -> str:
    if mode == _DISABLE:
        msg = "automatic naming is disabled but no explicit name was provided"
        raise NamingError(msg)

    if mode == _ENFORCE:
        return name

    if len(name.encode()) > automatic.max:
        msg = f"calculated name '{name}' exceeds maximum length of {automatic.max}"
        raise NamingError(msg)

    return _prefixed(automatic, name)


def _prefixed(automatic: Automatic, name: str) -> str:
    if name.startswith(automatic.prefix):
        return name

    return automatic.prefix + name


def _failures(
    facts: Facts, logical: str, inputs: Mapping[str, Any], secrets: Collection[str]
) -> list[str]:
    """Return the reasons for which Check refuses inputs; no value that is secret is in them."""
    hidden = facts.secrets | set(secrets)
    found = []
    for failure in _in_block(facts, inputs, hidden):
        found.append(failure.reason(logical))

    for relation in facts.together:
        if _is_broken(relation, inputs):
            text = _filled_in(relation, inputs)
            found.append(f"{text}. Examine values at '{logical}.{relation.input}'.")

    return found


@dataclass(frozen=True)
class _Failure:
    """One refusal of one input; `place` is its path, which a text may hold already."""

    place: str
    text: str
    has_place: bool = False

    def reason(self, logical: str) -> str:
        if self.has_place:
            return self.text

        return f"{self.text}. Examine values at '{logical}.{self.place}'."


def _in_block(
    facts: Facts, inputs: Mapping[str, Any], hidden: Collection[str]
) -> Iterator[_Failure]:
    """Yield the failures of a resource's inputs."""
    for name, found in facts.inputs.items():
        shown = None
        if name in hidden:
            shown = _HIDDEN

        place = _Place(name, found, facts.inputs, inputs, shown=shown, framework=facts.framework)
        yield from _of_input(place)

    outputs = set(facts.outputs) - facts.inputs.keys()
    for name in inputs:
        if name in outputs:
            detail = "its value will be decided automatically based on the result of applying this"
            text = f'Can\'t configure a value for "{name}": {detail} configuration.'
            yield _Failure(name, f"Value for unconfigurable attribute. {text}")
        elif name not in facts.inputs and name != DEFAULTS and not facts.framework:
            yield _Failure(name, "Invalid or unknown key")


@dataclass(frozen=True)
class _Place:
    """An input of a block, with the block's other inputs.

    Attributes:
        name: the input's name.
        found: the input's facts.
        siblings: the facts of the block's inputs.
        block: the values of the block's inputs.
        path: where the block is, such as `rotationRules.`.
        terraform: the same in Terraform, such as `rotation_rules.0.`.
        shown: what a text says instead of the value, which is secret.
        framework: terraform-plugin-framework checks it, in other words.
    """

    name: str
    found: Input
    siblings: Mapping[str, Input]
    block: Mapping[str, Any]
    path: str = ""
    terraform: str = ""
    shown: str | None = None
    framework: bool = False

    @property
    def key(self) -> str:
        return self.key_of(self.name)

    def key_of(self, name: str) -> str:
        """Return the name in Terraform of an input of this block."""
        return self.terraform + self.siblings[name].terraform

    def keys_of(self, names: Collection[str]) -> str:
        """Return the names in Terraform of inputs of this block and of this one, sorted."""
        return ",".join(sorted({self.key_of(name) for name in (*names, self.name)}))

    def failure(self, text: str) -> _Failure:
        return _Failure(self.path + self.name, text)


def _of_input(place: _Place) -> Iterator[_Failure]:
    """Yield the failures of one input, in the order of `schemaMap.validate`; most end it."""
    text = _combination_problem(place)
    if text:
        yield place.failure(text)
        return

    value = place.block.get(place.name)
    if value is None:
        if place.found.required and place.framework:
            text = f"Missing required property '{place.path}{place.name}'"
            yield _Failure(place.name, text, has_place=True)
        elif place.found.required:
            text = f'The argument "{place.key}" is required, but no definition was found.'
            yield place.failure(f"Missing required argument. {text}")

        return

    if any(place.block.get(name) is None for name in place.found.required_with):
        text = f'"{place.key}": all of `{place.keys_of(place.found.required_with)}` must be'
        yield place.failure(f"Missing required argument. {text} specified")
        return

    if not is_known(value):
        return

    for name in place.found.conflicts:
        if place.block.get(name) not in (None, UNKNOWN):
            text = f'"{place.key}": conflicts with {place.key_of(name)}'
            yield place.failure(f"Conflicting configuration arguments. {text}")
            return

    yield from _of_value(place, value)


def _combination_problem(place: _Place) -> str | None:
    """Return what is wrong with the input and those that may stand in its place."""
    exactly, at_least = place.found.exactly_one, place.found.at_least_one
    given = [name for name in exactly if place.block.get(name) not in (None, UNKNOWN)]
    unknown = [name for name in exactly if place.block.get(name) == UNKNOWN]
    wrong = "Invalid combination of arguments. "
    if exactly and not given and not unknown:
        return f'{wrong}"{place.key}": one of `{place.keys_of(exactly)}` must be specified'

    if len(given) > 1:
        keys = ",".join(sorted(place.key_of(name) for name in given))
        only = f"only one of `{place.keys_of(exactly)}` can be specified"
        return f'{wrong}"{place.key}": {only}, but `{keys}` were specified.'

    if at_least and all(place.block.get(name) is None for name in at_least):
        one = f'"{place.key}": one of `{place.keys_of(at_least)}` must be specified'
        return f"Missing required argument. {one}"

    return None


def is_known(value: Any) -> bool:  # noqa: ANN401 # any JSON value
    """Return whether a value is wholly known."""
    match value:
        case dict():
            return all(map(is_known, value.values()))
        case list():
            return all(map(is_known, value))
        case _:
            return bool(value != UNKNOWN)


def _of_value(place: _Place, value: Any) -> Iterator[_Failure]:  # noqa: ANN401 # any JSON value
    """Yield the failures of a known value: its type, its rules, and those of what is in it."""
    text = _type_problem(place.found.type, value)
    if text:
        yield place.failure(text)
        return

    shown = place.shown or _as_text(value)
    for rule in place.found.rules:
        for text in rule.refusals(place.key, value, shown):
            yield place.failure(text)

    if place.found.type == "object":
        yield from _of_fields(place, value, f"{place.name}.", f"{place.key}.0.")

    if place.found.type == "list":
        for index, item in enumerate(value):
            yield from _of_item(place, index, item)


def _type_problem(wanted: str, value: Any) -> str | None:  # noqa: ANN401 # any JSON value
    """Return what is wrong with a value's type; a text may stand for a number or a boolean."""
    if wanted in _COLLECTIONS:
        kind, text = _COLLECTIONS[wanted]
        return None if isinstance(value, kind) else text

    if wanted == "archive":
        return None

    for kind, name in ((list, "list"), (dict, "map")):
        if isinstance(value, kind):
            return f"Attribute must be a single value, not a {name}"

    if wanted == "integer" and not isinstance(value, int):
        return "Attribute must be a whole number"

    return None


def _as_text(value: Any) -> str:  # noqa: ANN401 # any JSON value
    if isinstance(value, bool):
        return str(value).lower()

    return str(value)


def _of_item(place: _Place, index: int, item: Any) -> Iterator[_Failure]:  # noqa: ANN401 # any JSON value
    """Yield the failures of an item of a list, or of the block that it is."""
    path, key = f"{place.name}[{index}]", f"{place.key}.{index}"
    for rule in place.found.each:
        for text in rule.refusals(key, item, place.shown or _as_text(item)):
            yield _Failure(place.path + path, text)

    if isinstance(item, dict):
        yield from _of_fields(place, item, f"{path}.", f"{key}.")


def _of_fields(
    place: _Place, value: Mapping[str, Any], path: str, terraform: str
) -> Iterator[_Failure]:
    """Yield the failures of a block; one whose inputs the table leaves out may hold anything."""
    fields = place.found.fields
    if fields is None:
        return

    path = place.path + path
    for name, found in fields.items():
        yield from _of_input(_Place(name, found, fields, value, path, terraform, place.shown))

    for name in value:
        if name not in fields and name != DEFAULTS:
            yield _Failure(path + name, "Invalid or unknown key")


def plan_problem(facts: Facts, inputs: Mapping[str, Any], *, is_new: bool) -> str | None:
    """Return why a resource is refused after Check, when Terraform plans its change.

    Args:
        facts: the facts of the resource's type.
        inputs: the inputs, as Check returned them.
        is_new: the resource does not exist yet.
    """
    for relation in facts.planned:
        if relation.kind.endswith("_at_creation") and not is_new:
            continue

        if _is_broken(relation, inputs):
            return _filled_in(relation, inputs)

    return None


def _filled_in(relation: Relation, inputs: Mapping[str, Any]) -> str:
    return relation.says.replace("{value}", _as_text(inputs.get(relation.input)))


def _is_broken(relation: Relation, inputs: Mapping[str, Any]) -> bool:
    """Return whether a rule of several inputs is broken; one that is unknown breaks none."""
    concerned = [inputs.get(name) for name in (relation.input, *relation.of)]
    if not all(map(is_known, concerned)):
        return False

    return _BROKEN[relation.kind](relation, inputs)


def _is_below_the_sum(relation: Relation, inputs: Mapping[str, Any]) -> bool:
    length = inputs.get(relation.input)
    sum_of_others = sum(inputs.get(name) or 0 for name in relation.of)
    return length is not None and bool(length < sum_of_others)


def _is_all_false(relation: Relation, inputs: Mapping[str, Any]) -> bool:
    """Return whether all are given as false; one that is left out is true by default."""
    return all(inputs.get(name) is False for name in relation.of)


def _does_not_match(relation: Relation, inputs: Mapping[str, Any]) -> bool:
    value = inputs.get(relation.input)
    return value is not None and bool(Rule("pattern", relation.pattern).refusals("", value, ""))


def _is_needed(relation: Relation, inputs: Mapping[str, Any]) -> bool:
    (switch,) = relation.of
    return inputs.get(switch) is not False and not inputs.get(relation.input)


def _is_refused(relation: Relation, inputs: Mapping[str, Any]) -> bool:
    (switch,) = relation.of
    return inputs.get(switch) is False and bool(inputs.get(relation.input))


_BROKEN: Mapping[str, Callable[[Relation, Mapping[str, Any]], bool]] = {
    "at_least_the_sum": _is_below_the_sum,
    "not_all_false": _is_all_false,
    "matches_at_creation": _does_not_match,
    "needed_unless_false": _is_needed,
    "refused_if_false": _is_refused,
}


def planned(facts: Facts, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs as the plugin framework plans them: with the defaults that Check leaves out.

    Types that are not of the framework have them already.
    """
    if not facts.framework:
        return dict(inputs)

    filled = {}
    for name, found in facts.inputs.items():
        value = inputs.get(name)
        if value is None and found.mirrors:
            value = inputs.get(found.mirrors)

        if value is None:
            value = found.default

        if value is not None:
            filled[name] = value

    return filled


def as_read(facts: Facts, inputs: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of the last run as the provider read them then.

    Terraform compares what the program gives with the state, which holds AWS's own answer: an alias
    that AWS shows as an ARN is a change in every run. Single values only: the provider keeps lists
    and blocks as they were planned.

    Args:
        facts: the facts of the resource's type.
        inputs: the inputs of the last run.
        state: the outputs of the last run; empty where they are not known.
    """
    shown = dict(inputs)
    if not state:
        return shown

    for name in facts.single_values - facts.named("write_only"):
        if name in state:
            shown[name] = state[name]
        else:
            shown.pop(name, None)

    return shown


def changed(
    facts: Facts, olds: Mapping[str, Any], news: Mapping[str, Any], ignored: Collection[str]
) -> list[str]:
    """Return the inputs whose change is one, in order."""
    unseen = facts.named("write_only") | set(ignored) | {DEFAULTS}
    # Inputs from before the provider filled them in: its own region is no change
    # (terraform-provider-aws, `forceNewIfRegionChanges`).
    unseen |= facts.derived - olds.keys()
    computed = facts.named("computed")
    olds, news = planned(facts, olds), planned(facts, news)
    changes = []
    for key in sorted({*olds, *news}):
        if key in unseen or olds.get(key) == news.get(key):
            continue

        is_left_out = key in computed and news.get(key) in _left_out(facts.inputs[key])
        # Terraform's SDK does not tell an empty value from one that is left out.
        is_empty = news.get(key) in EMPTY and olds.get(key) in EMPTY
        if is_left_out or (is_empty and not facts.framework):
            continue

        changes.append(key)

    return changes


def _left_out(found: Input) -> tuple[Any, ...]:
    """Return the values that are the same as no input; a block cannot be given as empty."""
    if found.fields is None:
        return (None, "")

    return (None, [])


def replaces(facts: Facts, key: str, old: Any, new: Any) -> bool:  # noqa: ANN401 # any JSON values
    """Return whether an input's change needs another resource."""
    found = facts.inputs.get(key)
    if found is None:
        return False

    match found.replaces:
        case "by_values":
            # RND planmodifiers/map RequiresReplaceIfValuesNotNull: keys without a value are none.
            return bool(_with_values(old) != _with_values(new))
        case "unless_emptied":
            # RND planmodifiers/string RequiresReplaceUnlessEmptyStringToNull
            return bool(new != UNKNOWN and (old != "" or new is not None))
        case always:
            return bool(always)


def _with_values(keepers: Any) -> Any:  # noqa: ANN401 # a map, None, or an unknown value
    if not isinstance(keepers, dict):
        return keepers or {}

    return {key: value for key, value in keepers.items() if value is not None}


def deletes_first(facts: Facts, news: Mapping[str, Any]) -> bool:
    """Return whether a replacement deletes before it creates.

    It does if the program gave the name, whether the name changes or not: the bridge takes the
    successor's name for taken. Inputs without `__defaults` are from before it was kept.
    """
    if facts.delete_before_replace:
        return True

    if DEFAULTS not in news:
        return False

    given = [name for name in news if name not in news[DEFAULTS]]
    return any(name in facts.named("automatic") for name in given)
