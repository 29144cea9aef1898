"""`${…}` in a map's texts: parse, escape for where it stands, render.

A reference is written into a value in the way that its place needs:

* inside a JSON string it is JSON-escaped;
* in the user part of a URL, or as the value of a query parameter, it is percent-encoded;
* elsewhere it stands verbatim.

Where the map writes a port itself (`:5432` right after the reference in a URL's host, or a `port`
beside it in the same JSON object) the port that the referenced value may carry is left out: RDS's
`endpoint` is `host:port`
(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Endpoint.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias
from urllib.parse import quote

from secrets_component.errors import did_you_mean

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


class ReferenceKind(Enum):
    """Where a reference's value comes from; `SELF` is an output of the map that holds it."""

    OUTPUT = "output"
    SELF = "self"
    RANDOM = "random"
    CONFIG = "config"
    ENV = "env"


@dataclass(frozen=True, slots=True)
class Reference:
    """One `${…}`: paths of outputs start with the component, the other kinds have one name."""

    kind: ReferenceKind
    path: tuple[str, ...]

    def __str__(self) -> str:
        """Return the reference as the map writes it."""
        kind = self.kind
        if kind is ReferenceKind.SELF:
            kind = ReferenceKind.OUTPUT
        return "${" + ".".join((kind.value, *self.path)) + "}"


class Escape(Enum):
    """What a value goes through on its way into the text, in the order of this list."""

    DROP_PORT = auto()
    PERCENT = auto()
    JSON = auto()


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A reference at its place in a text."""

    reference: Reference
    escapes: frozenset[Escape] = frozenset()


Part: TypeAlias = str | Placeholder


@dataclass(frozen=True, slots=True)
class Template:
    """A text with references in it.

    Attributes:
        parts: literal texts (`$${` already turned into `${`) and placeholders, in order.
        is_json: the text is a JSON document, and must still be one when it is rendered.
    """

    parts: tuple[Part, ...]
    is_json: bool = False

    @property
    def references(self) -> tuple[Reference, ...]:
        """The references in the text, in order, repeated ones once."""
        found = (part.reference for part in self.parts if isinstance(part, Placeholder))
        return tuple(dict.fromkeys(found))

    def __str__(self) -> str:
        """Give the text as the map writes it."""
        return "".join(p if isinstance(p, str) else str(p.reference) for p in self.parts)


@dataclass(frozen=True, slots=True)
class Structure:
    """A YAML mapping under `secret_data`: JSON whose texts are templates."""

    fields: Mapping[str, Node]

    @property
    def references(self) -> tuple[Reference, ...]:
        """The references in all texts below, in order, repeated ones once."""
        return tuple(dict.fromkeys(ref for text in _texts(self.fields) for ref in text.references))


Node: TypeAlias = "Mapping[str, Node] | list[Node] | Template | int | float | bool | None"
Value: TypeAlias = Template | Structure


@dataclass(frozen=True, slots=True)
class BadReference:
    """A `${…}` that cannot be read; `text` is the piece to point at, never shown as it is."""

    message: str
    text: str


class RenderError(ValueError):
    """A value that does not fit where it is referenced; the message never holds the value."""


_OPENING = re.compile(r"\$\$\{|\$\{")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_CONFIG_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:.-]*")
_SHAPES = {
    ReferenceKind.OUTPUT: "${output.<component>.<name>}",
    ReferenceKind.RANDOM: "${random.<name>}",
    ReferenceKind.CONFIG: "${config.<key>}",
    ReferenceKind.ENV: "${env.<NAME>}",
}
_KINDS = {kind.value: kind for kind in _SHAPES}  # what a map may write: no `self`


def parse(text: str, bad: list[BadReference], own: Collection[str] = frozenset()) -> Template:
    """Split a text into literals and references, with no escaping.

    Args:
        text: what the map says.
        bad: receives every `${` that is never closed or is not a reference.
        own: the components that are the map itself.
    """
    if "${" not in text:
        return Template((text,))
    parts: list[Part] = []
    literal, at = "", 0
    for opening in _OPENING.finditer(text):
        if opening.start() < at:
            continue
        literal += text[at : opening.start()]
        at = opening.end()
        if opening.group() == "$${":
            literal += "${"
            continue
        closing = text.find("}", at)
        if closing < 0:
            bad.append(BadReference(_NEVER_CLOSED, text[opening.start() :].splitlines()[0]))
            break
        parts.append(literal)
        literal, at = "", closing + 1
        found = _reference(text[opening.end() : closing], own)
        if isinstance(found, Reference):
            parts.append(Placeholder(found))
        else:
            bad.append(BadReference(found, text[opening.start() : at]))
    parts.append(literal + text[at:])
    return Template(tuple(part for part in parts if part) or ("",))


_NEVER_CLOSED = "`${` is never closed; write `}` after the reference, or `$${` for a literal `${`"


def _reference(inside: str, own: Collection[str]) -> Reference | str:
    """Return the reference between the braces, or what is wrong with it."""
    head, _, rest = inside.partition(".")
    kind = _KINDS.get(head)
    if kind is None:
        shapes = ", ".join(f"`{shape}`" for shape in _SHAPES.values())
        hint = did_you_mean(head, _KINDS)
        return f"not a reference{hint}; known are {shapes}; write `$${{` for a literal `${{`"
    if kind is not ReferenceKind.OUTPUT:
        name = _CONFIG_NAME if kind is ReferenceKind.CONFIG else _NAME
        return Reference(kind, (rest,)) if name.fullmatch(rest) else _incomplete(kind)
    path = tuple(rest.split("."))
    component, *inside_component = path
    if not inside_component or not all(_NAME.fullmatch(step) for step in path):
        return _incomplete(kind)
    return Reference(ReferenceKind.SELF if component in own else kind, path)


def _incomplete(kind: ReferenceKind) -> str:
    return f"an incomplete reference; its form is `{_SHAPES[kind]}`"


def parse_value(text: str, bad: list[BadReference], own: Collection[str] = frozenset()) -> Template:
    """Parse a secret's text and mark how each reference is escaped for its place; see `parse`."""
    template = parse(text, bad, own)
    if not template.references:
        return Template(template.parts, is_json=_as_json(text) is not None)
    marked = _Marked(template)
    document = marked.json_document()
    escapes = marked.url_escapes()
    if document is not None:
        for index in marked.in_json_strings():
            escapes[index].add(Escape.JSON)
        for index in _hosts_beside_port(document):
            escapes[index].add(Escape.DROP_PORT)
    return _with_escapes(template, escapes, is_json=document is not None)


def json_document(template: Template) -> Json:
    """Give the JSON that a text is, with stand-ins for its references; None for other texts."""
    return _Marked(template).json_document()


def parse_structure(
    data: Mapping[str, Json], bad: list[BadReference], own: Collection[str] = frozenset()
) -> Structure:
    """Parse every text of a YAML mapping under `secret_data`; see `parse`."""

    def node(value: Json, *, is_host: bool = False) -> Node:
        match value:
            case str():
                template = parse(value, bad, own)
                escapes = _Marked(template).url_escapes()
                if is_host and len(template.parts) == 1 and escapes:
                    escapes[0].add(Escape.DROP_PORT)
                return _with_escapes(template, escapes, is_json=False)
            case dict():
                return mapping(value)
            case list():
                return [node(item) for item in value]
            case _:
                return value

    def mapping(value: Mapping[str, Json]) -> Mapping[str, Node]:
        return {k: node(v, is_host=_is_host(k, value)) for k, v in value.items()}

    return Structure(mapping(data))


def _is_host(key: str, siblings: Mapping[str, object]) -> bool:
    """Tell whether a field is the host half of a host and port pair."""
    return key.lower() in ("host", "hostname") and any(k.lower() == "port" for k in siblings)


def _with_escapes(template: Template, escapes: list[set[Escape]], *, is_json: bool) -> Template:
    remaining = iter(escapes)
    parts = tuple(
        Placeholder(part.reference, frozenset(next(remaining)))
        if isinstance(part, Placeholder)
        else part
        for part in template.parts
    )
    return Template(parts, is_json)


# A private-use character stands for each reference while the text around it is analysed.
_MARK = "\ue000"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:\\?/){2}(?P<authority>[^\s/?#\"'<>\\]*)")
_QUERY = re.compile(r"[^\s\"'<>\\#]*")
_WRITTEN_PORT = re.compile(r":[0-9]+")


class _Marked:
    """A template's text with one mark per reference, to look at its surroundings."""

    def __init__(self, template: Template) -> None:
        self.text = "".join(
            _MARK if isinstance(part, Placeholder) else part.replace(_MARK, " ")
            for part in template.parts
        )
        self._at = [at for at, char in enumerate(self.text) if char == _MARK]

    def url_escapes(self) -> list[set[Escape]]:
        """Say, per reference, what its place in a URL asks for."""
        escapes: list[set[Escape]] = [set() for _ in self._at]
        for url in _URL.finditer(self.text):
            start, end = url.span("authority")
            host = self.text.rfind("@", start, end) + 1 or start
            query = _QUERY.match(self.text, end)
            query_end = query.end() if query else end
            for index, at in enumerate(self._at):
                if start <= at < host:
                    escapes[index].add(Escape.PERCENT)
                elif host <= at < end and _WRITTEN_PORT.match(self.text, at + 1):
                    escapes[index].add(Escape.DROP_PORT)
                elif end <= at < query_end and self._is_parameter(at, end):
                    escapes[index].add(Escape.PERCENT)
        return escapes

    def _is_parameter(self, at: int, url_path: int) -> bool:
        """Tell whether the reference is the whole value of a query parameter."""
        in_query = "?" in self.text[url_path:at]
        after = self.text[at + 1 : at + 2]
        return in_query and self.text[at - 1] == "=" and (not after or after in "&#\"'\\ \n")

    def in_json_strings(self) -> Iterator[int]:
        """Give the index of each reference that stands inside a JSON string."""
        in_string, escaped, index = False, False, 0
        for char in self.text:
            if char == _MARK:
                if in_string:
                    yield index
                index += 1
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = in_string
            elif char == '"':
                in_string = not in_string

    def json_document(self) -> Json:
        """Parse the text as JSON with each reference as text; None where it is not JSON."""
        inside = set(self.in_json_strings())
        indexes = iter(range(len(self._at)))

        def stand_in(_: re.Match[str]) -> str:
            index = next(indexes)
            return f"{_MARK}{index}{_MARK}" if index in inside else f'"{_MARK}{index}{_MARK}"'

        return _as_json(re.sub(_MARK, stand_in, self.text))


def _hosts_beside_port(document: Json) -> Iterator[int]:
    """Give the index of each reference that is the whole `host` beside a `port`."""
    if isinstance(document, list):
        for item in document:
            yield from _hosts_beside_port(item)
    if isinstance(document, dict):
        for key, value in document.items():
            if isinstance(value, str) and _is_host(key, document):
                whole = re.fullmatch(f"{_MARK}([0-9]+){_MARK}", value)
                if whole:
                    yield int(whole[1])
            yield from _hosts_beside_port(value)


def _as_json(text: str) -> dict[str, Json] | list[Json] | None:
    """Parse a JSON object or list; None for every other text (a bare number is just a text)."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None


def render(value: Value, resolve: Callable[[Reference], object]) -> str:
    """Write a value with every reference replaced.

    Args:
        value: the parsed template or structure.
        resolve: gives a reference's value: text, number, boolean, or a mapping or list of them.

    Raises:
        RenderError: a reference is null, or a JSON text is no longer JSON; never with a value.
    """
    if isinstance(value, Structure):
        return json.dumps(_rendered(value.fields, resolve), ensure_ascii=False, allow_nan=False)
    text = "".join(
        part if isinstance(part, str) else _escaped(part, resolve) for part in value.parts
    )
    if value.is_json and _as_json(text) is None:
        culprits = ", ".join(f"`{reference}`" for reference in value.references)
        msg = f"the JSON is broken by the value of {culprits}; put the reference in quotes"
        raise RenderError(msg)
    return text


def _rendered(node: Node, resolve: Callable[[Reference], object]) -> object:
    match node:
        case Template(parts=(Placeholder(reference, escapes),)) if not escapes:
            return _plain(resolve(reference), reference)
        case Template(parts=parts):
            return "".join(p if isinstance(p, str) else _escaped(p, resolve) for p in parts)
        case list():
            return [_rendered(item, resolve) for item in node]
        case Mapping():
            return {key: _rendered(item, resolve) for key, item in node.items()}
        case _:
            return node


def _escaped(place: Placeholder, resolve: Callable[[Reference], object]) -> str:
    value = _plain(resolve(place.reference), place.reference)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if Escape.DROP_PORT in place.escapes:
        text = re.sub(r":[0-9]+\Z", "", text) if text.count(":") == 1 or "]:" in text else text
    if Escape.PERCENT in place.escapes:
        text = quote(text, safe="")
    if Escape.JSON in place.escapes:
        text = json.dumps(text, ensure_ascii=False)[1:-1]
    return text


def _plain(value: object, reference: Reference) -> object:
    """Undo what the engine does to plain values: it has only floating-point numbers."""
    if value is None:
        msg = f"`{reference}` has no value (null)"
        raise RenderError(msg)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _texts(node: Node) -> Iterator[Template]:
    match node:
        case Template():
            yield node
        case list():
            for item in node:
                yield from _texts(item)
        case Mapping():
            for item in node.values():
                yield from _texts(item)
