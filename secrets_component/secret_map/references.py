"""`${…}` in a map's strings: parsed, escaped for its place, rendered.

`places` finds where a reference stands, `escapes` has what happens there; `docs/values.md` is the
table of both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from secrets_component.errors import did_you_mean
from secrets_component.secret_map.escapes import (
    Escape,
    EscapeError,
    Escapes,
    escaped,
    is_host_with_port,
)

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


class ReferenceKind(Enum):
    """Where a reference's value comes from; `SELF` is an output of the map that contains it."""

    OUTPUT = "output"
    SELF = "self"
    RANDOM = "random"
    CONFIG = "config"
    ENV = "env"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Reference:
    """One `${…}`: paths of outputs start with the component, the other kinds have one name.

    The public half of a generated key pair has a second one, `public`.
    """

    kind: ReferenceKind
    path: tuple[str, ...]

    def __str__(self) -> str:
        """Return the reference as the map writes it."""
        kind = self.kind
        if kind is ReferenceKind.SELF:
            kind = ReferenceKind.OUTPUT

        return "${" + ".".join((kind.value, *self.path)) + "}"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A reference at its place in a text, with the escapes that its value gets there, in order."""

    reference: Reference
    escapes: Escapes = ()

    def __str__(self) -> str:
        """Return the reference as the map writes it."""
        return str(self.reference)


Part: TypeAlias = str | Placeholder


@dataclass(frozen=True, slots=True)
class Template:
    """A text with references in it.

    Attributes:
        parts: literal texts (`$${` already turned into `${`) and placeholders, in order.
        is_json: the text is a JSON document, whatever its references resolve to.
    """

    parts: tuple[Part, ...]
    is_json: bool = False

    @property
    def references(self) -> tuple[Reference, ...]:
        """The references in the text, in order, repeated ones once."""
        found: dict[Reference, None] = {}
        for part in self.parts:
            if isinstance(part, Placeholder):
                found[part.reference] = None

        return tuple(found)

    def __str__(self) -> str:
        """Return the text as the map writes it."""
        return "".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class Structure:
    """A YAML mapping under `secret_data`: JSON whose strings, keys included, are templates.

    Attributes:
        fields: the mapping; a key with references is a template.
        references: the references in all strings below, in order, repeated ones once.
    """

    fields: Mapping[Key, Node]
    references: tuple[Reference, ...]


Key: TypeAlias = str | Template
Node: TypeAlias = "Mapping[Key, Node] | list[Node] | Template | int | float | bool | None"
Value: TypeAlias = Template | Structure


@dataclass(frozen=True, slots=True)
class BadReference:
    """A `${…}` that cannot be read; `text` is the piece to point at and never shown."""

    message: str
    text: str


class RenderError(ValueError):
    """A value that does not fit where it is referenced; the message never contains the value."""


_OPENING = re.compile(r"(?<!\$)(\$++)\{")
_NAME = "[A-Za-z0-9_][A-Za-z0-9_-]*"
PUBLIC = "public"
"""The second part of a reference to the public half of a generated key pair."""

_PATHS = {
    ReferenceKind.OUTPUT: re.compile(rf"{_NAME}(?:\.{_NAME})+"),
    ReferenceKind.RANDOM: re.compile(rf"{_NAME}(?:\.{PUBLIC})?"),
    ReferenceKind.CONFIG: re.compile("[A-Za-z0-9_][A-Za-z0-9_:.-]*"),
    ReferenceKind.ENV: re.compile(_NAME),
    ReferenceKind.FILE: re.compile(r"[^\x00-\x1f\x7f]+"),
}
_FORMS = {  # what a map may write: no `self`
    ReferenceKind.OUTPUT: "${output.<component>.<name>}",
    ReferenceKind.RANDOM: "${random.<name>}",
    ReferenceKind.CONFIG: "${config.<key>}",
    ReferenceKind.ENV: "${env.<NAME>}",
    ReferenceKind.FILE: "${file.<path>}",
}
SELF_OUTPUTS = ("generated_passwords", "public_keys", "secret_arns", "secret_names")
"""The outputs of a map that its own references can read."""

_CALLED = {"passwords": "generated_passwords", "arns": "secret_arns", "names": "secret_names"}
_WITH_PARTS = (ReferenceKind.OUTPUT, ReferenceKind.RANDOM)
_KINDS = {kind.value: kind for kind in _FORMS}
_UNCLOSED_REFERENCE = (
    "`${` is never closed; write `}` after the reference, or `$${` for a literal `${`"
)


def parse(text: str, bad: list[BadReference], own: Collection[str] = frozenset()) -> Template:
    """Split a text into literals and references, with no escaping.

    Two dollar signs in front of a brace are one that starts no reference: `$${` is `${`, and
    `$$${env.A}` is a dollar sign and the value.

    Args:
        text: what the map says.
        bad: receives every `${` that is never closed or does not start a valid reference.
        own: the components that are the map itself.
    """
    if "${" not in text:
        return Template((text,))

    parts: list[Part] = []
    literal = ""
    end = 0
    while found := _OPENING.search(text, end):
        dollars = len(found[1])
        literal += text[end : found.start()] + "$" * (dollars // 2)
        if dollars % 2 == 0:
            literal += "{"
            end = found.end()
            continue

        closing = text.find("}", found.end())
        if closing < 0:
            first_line = text[found.end() - 2 :].splitlines()[0]
            bad.append(BadReference(_UNCLOSED_REFERENCE, first_line))
            end = len(text)
            break

        end = closing + 1
        reference = _parse_reference(text[found.end() : closing], own)
        if isinstance(reference, Reference):
            parts += [literal, Placeholder(reference)]
            literal = ""
        else:
            bad.append(BadReference(reference, text[found.end() - 2 : end]))

    parts.append(literal + text[end:])
    return Template(tuple(filter(None, parts)) or ("",))


def _parse_reference(inside: str, own: Collection[str]) -> Reference | str:
    """Return the reference between the braces, or what is wrong with it."""
    head, _, rest = inside.partition(".")
    kind = _KINDS.get(head)
    if kind is None:
        forms = ", ".join(f"`{form}`" for form in _FORMS.values())
        hint = _own_output(head, rest) or did_you_mean(head, _KINDS)
        return f"unknown reference{hint}; expected one of {forms}; write `$${{` for a literal `${{`"

    if not _PATHS[kind].fullmatch(rest):
        return f"incomplete reference; expected `{_FORMS[kind]}`"

    if kind not in _WITH_PARTS:
        return Reference(kind, (rest,))

    path = tuple(rest.split("."))
    if kind is ReferenceKind.OUTPUT and path[0] in own:
        kind = ReferenceKind.SELF

    return Reference(kind, path)


def _own_output(head: str, rest: str) -> str:
    """Return the reference to an output of the map itself that lacks its component, as a hint.

    What is repeated are names only: a text that is no reference may be part of a secret.
    """
    output = _CALLED.get(head, head)
    if output not in SELF_OUTPUTS or not _PATHS[ReferenceKind.OUTPUT].fullmatch(f"{output}.{rest}"):
        return ""

    return f"; did you mean `${{output.secretsmanager.{output}.{rest}}}`?"


def parse_value(text: str, bad: list[BadReference], own: Collection[str] = frozenset()) -> Template:
    """Parse a secret's text and find how each reference is escaped at its place; see `parse`."""
    template = parse(text, bad, own)
    if not template.references:
        return Template(template.parts, is_json=_json_or_none(text) is not None)

    return _placed(template, bad)


def json_document(template: Template) -> Json:
    """Parse a text as JSON, in which its references stay as they are; None for other texts."""
    text = ""
    in_string = False
    for part in template.parts:
        if isinstance(part, str):
            text += part
            in_string = _ends_in_string(part, in_string=in_string)
        elif in_string:
            text += str(part)
        else:
            text += f'"{part}"'

    return _json_or_none(text)


_STRING = re.compile(r'"(?:[^"\\]|\\.)*+("?)', re.DOTALL)


def _ends_in_string(text: str, *, in_string: bool) -> bool:
    """Return whether a piece of JSON ends inside a string."""
    if in_string:
        text = f'"{text}'

    for found in _STRING.finditer(text):
        is_unclosed = not found[1]
        if is_unclosed:
            return True

    return False


def parse_structure(
    data: Mapping[str, Json], bad: list[BadReference], own: Collection[str] = frozenset()
) -> Structure:
    """Parse every string of a YAML mapping under `secret_data`; see `parse`."""
    parser = _StructureParser(bad, own)
    fields = parser.mapping(data)
    return Structure(fields, tuple(parser.references))


class _StructureParser:
    """Parses the strings of a mapping and collects their references."""

    def __init__(self, bad: list[BadReference], own: Collection[str]) -> None:
        self.references: dict[Reference, None] = {}
        self._bad = bad
        self._own = own

    def mapping(self, data: Mapping[str, Json]) -> dict[Key, Node]:
        parsed: dict[Key, Node] = {}
        for key, value in data.items():
            written = self._key(key)
            node = self._node(value)
            if isinstance(node, Template) and is_host_with_port(key, data):
                node = _host_alone(node)

            parsed[written] = node

        return parsed

    def _key(self, text: str) -> Key:
        if "${" not in text:
            return text

        template = self._string(text)
        return template if template.references else str(template)

    def _node(self, value: Json) -> Node:
        if isinstance(value, str):
            return self._string(value)

        if isinstance(value, dict):
            return self.mapping(value)

        if isinstance(value, list):
            return [self._node(item) for item in value]

        return value

    def _string(self, text: str) -> Template:
        template = parse(text, self._bad, self._own)
        references = template.references
        if not references:
            return template

        self.references.update(dict.fromkeys(references))
        return _placed(template, self._bad)


def _host_alone(host: Template) -> Template:
    """Return a host without its port, if it is a reference and nothing else."""
    match host.parts:
        case (Placeholder(reference),):
            return Template((Placeholder(reference, (Escape.DROP_PORT,)),))

    return host


def _placed(template: Template, bad: list[BadReference]) -> Template:
    """Return a template with the escapes that each reference needs at its place."""
    if len(template.parts) == 1:
        return template

    from secrets_component.secret_map import places  # noqa: PLC0415 # only such texts need its patterns

    marked = ""
    placeholders: list[Placeholder] = []
    for part in template.parts:
        if isinstance(part, str):
            marked += places.unmarked(part)
        else:
            marked += places.mark(len(placeholders) % places.MAX_MARKS)
            placeholders.append(part)

    count = len(placeholders)
    if count > places.MAX_MARKS:
        bad.append(BadReference(f"more than {places.MAX_MARKS:,} references", str(placeholders[0])))
        return template

    try:
        found, is_json = places.escapes_of(marked, count)
    except places.NestingError:
        bad.append(BadReference(_TOO_DEEP_INSIDE, str(placeholders[0])))
        return template

    escapes = iter(found)
    parts: list[Part] = []
    for part in template.parts:
        if isinstance(part, Placeholder):
            parts.append(Placeholder(part.reference, next(escapes)))
        else:
            parts.append(part)

    return Template(tuple(parts), is_json)


_TOO_DEEP_INSIDE = (
    "a reference in this value is nested in more than eight documents or URLs; "
    "reference the inner ones as values of their own"
)


def _json_or_none(text: str) -> dict[str, Json] | list[Json] | None:
    """Parse a JSON object or list; None for every other text (a bare number is just a string)."""
    if not text.lstrip().startswith(("{", "[")):
        return None

    try:
        document: dict[str, Json] | list[Json] = json.loads(text)
    except (ValueError, RecursionError):
        return None

    return document


_Resolve: TypeAlias = Callable[[Reference], object]


def render(value: Value, resolve: _Resolve) -> str:
    """Return a value with every reference replaced.

    Args:
        value: the parsed template or structure.
        resolve: returns a reference's value: a string, number or boolean, or a mapping or list
            of them.

    Raises:
        RenderError: a reference is null, or its value does not fit its place; never with a value.
    """
    if isinstance(value, Template):
        return _rendered_text(value, resolve)

    document = _rendered_node(value.fields, resolve)
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def _rendered_node(node: Node, resolve: _Resolve) -> object:
    """Return a structure's node as plain data; a string that is one reference keeps its type."""
    if isinstance(node, Mapping):
        return _rendered_mapping(node, resolve)

    if isinstance(node, list):
        return [_rendered_node(item, resolve) for item in node]

    if not isinstance(node, Template):
        return node

    match node.parts:
        case (Placeholder(reference, escapes),) if not escapes:
            return _referenced_value(reference, resolve)

    return _rendered_text(node, resolve)


def _rendered_mapping(node: Mapping[Key, Node], resolve: _Resolve) -> dict[str, object]:
    rendered: dict[str, object] = {}
    for key, item in node.items():
        text = key if isinstance(key, str) else _rendered_text(key, resolve)
        if text in rendered:
            keys = [f"`{one}`" for one in node if isinstance(one, Template)]
            msg = f"{', '.join(keys)}: the value is also another key of this mapping"
            raise RenderError(msg)

        rendered[text] = _rendered_node(item, resolve)

    return rendered


def _rendered_text(template: Template, resolve: _Resolve) -> str:
    text = ""
    for part in template.parts:
        if isinstance(part, Placeholder):
            text += _escaped_value(part, resolve)
        else:
            text += part

    return text


def _escaped_value(place: Placeholder, resolve: _Resolve) -> str:
    value = _referenced_value(place.reference, resolve)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    try:
        for escape in place.escapes:
            text = escaped(text, escape)
    except EscapeError as error:
        msg = f"the value of `{place}` {error}"
        raise RenderError(msg) from None

    return text


def _referenced_value(reference: Reference, resolve: _Resolve) -> object:
    """Return a reference's value as JSON data."""
    value = resolve(reference)
    if value is None:
        msg = f"`{reference}` has no value (null)"
        raise RenderError(msg)

    if isinstance(value, str):
        return value

    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        msg = f"`{reference}` has a value that JSON cannot hold (a `{type(value).__name__}`)"
        raise RenderError(msg) from None

    return json.loads(text, parse_float=_whole_or_float)


def _whole_or_float(text: str) -> int | float:
    """Return a number; a whole one as an integer, since the engine has no integers."""
    number = float(text)
    return int(number) if number.is_integer() else number
