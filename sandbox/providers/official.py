"""The table `official.yaml`: what the official providers' schemas say of each resource type."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from sandbox.providers.validators import KINDS, Rule

TABLE = Path(__file__).parent / "official.yaml"
_TYPES = ("string", "integer", "boolean", "list", "map", "object", "archive")
_REPLACES = (True, False, "by_values", "unless_emptied")
_RELATIONS = (
    "at_least_the_sum",
    "not_all_false",
    "matches_at_creation",
    "needed_unless_false",
    "refused_if_false",
)


class TableError(Exception):
    """The table is not in its own form; the message is one line with the place."""


@dataclass(frozen=True)
class Automatic:
    """How the bridge makes a name: the logical name, the separator and seven hex digits."""

    max: int
    separator: str = "-"
    prefix: str = ""


@dataclass(frozen=True)
class Relation:
    """A rule that compares inputs with each other, or looks at a resource before it is planned.

    Attributes:
        kind: see `checks.py`, where each is a function.
        input: the input that a refusal names.
        of: the others that it depends on.
        pattern: a regular expression.
        says: the provider's text.
    """

    kind: str
    input: str
    says: str
    of: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class Input:
    """One input of a resource type or of a block in it; the keys are explained in the table."""

    type: str = "string"
    terraform: str = ""
    required: bool = False
    computed: bool = False
    replaces: bool | str = False
    default: Any = None
    mirrors: str = ""
    automatic: Automatic | None = None
    conflicts: tuple[str, ...] = ()
    exactly_one: tuple[str, ...] = ()
    at_least_one: tuple[str, ...] = ()
    required_with: tuple[str, ...] = ()
    write_only: bool = False
    secret: bool = False
    hidden: bool = False
    rules: tuple[Rule, ...] = ()
    each: tuple[Rule, ...] = ()
    fields: Mapping[str, Input] | None = None


@dataclass(frozen=True)
class Facts:
    """What a provider's schema says of a resource type.

    Attributes:
        inputs: the inputs by name; any other is refused.
        outputs: what only AWS knows.
        secret_outputs: the outputs that are secret in any case.
        regional: the provider's region is an input.
        tagged: the tags, together with the provider's default ones, are an input.
        framework: the type is of terraform-plugin-framework, where Check sets no defaults.
        delete_before_replace: the successor is created last, however its name came about.
        together: rules of several inputs, which Check looks at.
        planned: rules that a preview or a creation looks at after Check (`CustomizeDiff`).
    """

    inputs: Mapping[str, Input]
    outputs: tuple[str, ...] = ()
    secret_outputs: tuple[str, ...] = ()
    regional: bool = False
    tagged: bool = False
    framework: bool = False
    delete_before_replace: bool = False
    together: tuple[Relation, ...] = ()
    planned: tuple[Relation, ...] = ()

    def named(self, attribute: str) -> frozenset[str]:
        """Return the inputs with an attribute, such as `computed`."""
        return frozenset(name for name, found in self.inputs.items() if getattr(found, attribute))

    @property
    def single_values(self) -> frozenset[str]:
        """Return the inputs that are a text, a number or a boolean."""
        single = ("string", "integer", "boolean")
        return frozenset(name for name, found in self.inputs.items() if found.type in single)

    @property
    def secrets(self) -> frozenset[str]:
        """Return the inputs and outputs that are secret, marked or not."""
        return self.named("secret") | frozenset(self.secret_outputs)

    @property
    def derived(self) -> frozenset[str]:
        """Return the inputs that Check itself fills in from the provider's configuration."""
        added = set()
        if self.regional:
            added.add("region")

        if self.tagged:
            added.add("tagsAll")

        return frozenset(added)


_Made = TypeVar("_Made", Automatic, Relation, Input, Facts)


@cache
def facts() -> Mapping[str, Facts]:
    """Return the facts of all resource types by token."""
    return facts_of(yaml.load(TABLE.read_text("utf-8"), yaml.CSafeLoader))


def facts_of(table: Mapping[str, Any]) -> Mapping[str, Facts]:
    """Return the facts that a table holds.

    Raises:
        TableError: a key, a type, a kind of rule or an input that is named does not exist.
    """
    _refuse_unknown(table, ("shared", "rules", "types"), "the table")
    named = {}
    for name, rules in table.get("rules", {}).items():
        named[name] = tuple(_rule(rule, {}, f"rules.{name}") for rule in rules)

    shared = table.get("shared", {})
    return {token: _facts(given, shared, named, token) for token, given in table["types"].items()}


Named = Mapping[str, tuple[Rule, ...]]


def _facts(given: Mapping[str, Any], shared: Mapping[str, Any], named: Named, place: str) -> Facts:
    inputs = dict(given.get("inputs", {}))
    if given.get("regional"):
        inputs["region"] = shared["region"]

    if given.get("tagged"):
        inputs |= {name: shared[name] for name in ("tags", "tagsAll")}

    block = _block(inputs, named, place)
    relations = {}
    for key in ("together", "planned"):
        relations[key] = tuple(
            _relation(one, block, f"{place}.{key}") for one in given.get(key, ())
        )

    return _made(Facts, {**given, **relations, "inputs": block}, place)


def _block(given: Mapping[str, Any], named: Named, place: str) -> Mapping[str, Input]:
    inputs = {}
    for name, attributes in given.items():
        inputs[name] = _input(name, attributes, named, f"{place}.{name}")

    for name, found in inputs.items():
        for others in (
            found.conflicts,
            found.exactly_one,
            found.at_least_one,
            found.required_with,
        ):
            _refuse_unknown(others, inputs, f"{place}.{name}")

    return inputs


def _input(name: str, given: Mapping[str, Any], named: Named, place: str) -> Input:
    attributes = {"terraform": _snake(name), **given}
    for key in ("rules", "each"):
        attributes[key] = _rules(given.get(key, ()), named, f"{place}.{key}")

    if "automatic" in given:
        attributes["automatic"] = _made(Automatic, given["automatic"], place)

    if "fields" in given:
        attributes["fields"] = _block(given["fields"], named, place)

    made = _made(Input, attributes, place)
    _refuse_unknown([made.type], _TYPES, place)
    _refuse_unknown([made.replaces], _REPLACES, place)
    return made


def _snake(name: str) -> str:
    """Return an input's usual name in Terraform."""
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)


def _rules(given: Collection[Any], named: Named, place: str) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    for one in given:
        if isinstance(one, str):
            _refuse_unknown([one], named, place)
            rules += named[one]
        else:
            rules.append(_rule(one, named, place))

    return tuple(rules)


def _rule(given: Mapping[str, Any], named: Named, place: str) -> Rule:
    kinds = [key for key in given if key != "says"]
    _refuse_unknown(kinds, (*KINDS, "any"), place)
    if len(kinds) != 1:
        msg = f"{place}: a rule has one kind, not {len(kinds)}"
        raise TableError(msg)

    (kind,) = kinds
    limit = given[kind]
    if kind == "any":
        limit = _rules(limit, named, place)

    if isinstance(limit, list):
        limit = tuple(limit)

    return Rule(kind, limit, given.get("says"))


def _relation(given: Mapping[str, Any], inputs: Mapping[str, Input], place: str) -> Relation:
    made = _made(Relation, given, place)
    _refuse_unknown([made.kind], _RELATIONS, place)
    _refuse_unknown([made.input, *made.of], inputs, place)
    return made


def _made(made: type[_Made], attributes: Mapping[str, Any], place: str) -> _Made:
    """Return an object of a dataclass; its lists are tuples."""
    _refuse_unknown(attributes, [one.name for one in dataclasses.fields(made)], place)
    frozen: dict[str, Any] = {}
    for key, value in attributes.items():
        frozen[key] = tuple(value) if isinstance(value, list) else value

    try:
        return made(**frozen)
    except TypeError as error:  # an attribute without a default is missing
        msg = f"{place}: {error}"
        raise TableError(msg) from None


def _refuse_unknown(given: Collection[Any], known: Collection[Any], place: str) -> None:
    unknown = [one for one in given if one not in known]
    if unknown:
        msg = f"{place}: unknown: {unknown}; known: {sorted(map(str, known))}"
        raise TableError(msg)
