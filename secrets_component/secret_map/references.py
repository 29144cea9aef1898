"""`${…}` in a map's strings: parsed, escaped for its place, rendered.

A reference is written into a value in the way that its place needs:

* inside a JSON string it is JSON-escaped;
* in the user part of a URL, or as the value of a query parameter, it is percent-encoded;
* elsewhere it is written verbatim.

Where the map writes a port itself (`:5432` right after the reference in a URL's host, or a `port`
in the same JSON object) the port that the referenced value may carry is left out: RDS's `endpoint`
is `host:port` (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Endpoint.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias
from urllib.parse import quote

from secrets_component.errors import did_you_mean

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


class ReferenceKind(Enum):
    """Where a reference's value comes from; `SELF` is an output of the map that contains it."""

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
    """What happens to a value on its way into the text, in the order of this list."""

    DROP_PORT = auto()
    PERCENT = auto()
    JSON = auto()


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A reference at its place in a text."""

    reference: Reference
    escapes: frozenset[Escape] = frozenset()

    def __str__(self) -> str:
        """Return the reference as the map writes it."""
        return str(self.reference)


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
    """A YAML mapping under `secret_data`: JSON whose strings are templates.

    Attributes:
        fields: the mapping.
        references: the references in all strings below, in order, repeated ones once.
    """

    fields: Mapping[str, Node]
    references: tuple[Reference, ...]


Node: TypeAlias = "Mapping[str, Node] | list[Node] | Template | int | float | bool | None"
Value: TypeAlias = Template | Structure


@dataclass(frozen=True, slots=True)
class BadReference:
    """A `${…}` that cannot be read; `text` is the piece to point at and never shown."""

    message: str
    text: str


class RenderError(ValueError):
    """A value that does not fit where it is referenced; the message never contains the value."""


_LITERAL_OR_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<inside>[^}]*)(?P<closing>\}?)")
_NAME = "[A-Za-z0-9_][A-Za-z0-9_-]*"
_PATHS = {
    ReferenceKind.OUTPUT: re.compile(rf"{_NAME}(?:\.{_NAME})+"),
    ReferenceKind.RANDOM: re.compile(_NAME),
    ReferenceKind.CONFIG: re.compile("[A-Za-z0-9_][A-Za-z0-9_:.-]*"),
    ReferenceKind.ENV: re.compile(_NAME),
}
_FORMS = {  # what a map may write: no `self`
    ReferenceKind.OUTPUT: "${output.<component>.<name>}",
    ReferenceKind.RANDOM: "${random.<name>}",
    ReferenceKind.CONFIG: "${config.<key>}",
    ReferenceKind.ENV: "${env.<NAME>}",
}
_KINDS = {kind.value: kind for kind in _FORMS}
_UNCLOSED_REFERENCE = (
    "`${` is never closed; write `}` after the reference, or `$${` for a literal `${`"
)


def parse(text: str, bad: list[BadReference], own: Collection[str] = frozenset()) -> Template:
    """Split a text into literals and references, with no escaping.

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
    for match in _LITERAL_OR_REFERENCE.finditer(text):
        literal += text[end : match.start()]
        end = match.end()
        inside = match["inside"]
        if inside is None:
            literal += "${"
        elif not match["closing"]:
            first_line = match.group().splitlines()[0]
            bad.append(BadReference(_UNCLOSED_REFERENCE, first_line))
            literal += inside
        else:
            reference = _parse_reference(inside, own)
            if isinstance(reference, str):
                bad.append(BadReference(reference, match.group()))
                continue

            parts += [literal, Placeholder(reference)]
            literal = ""

    parts.append(literal + text[end:])
    return Template(tuple(filter(None, parts)) or ("",))


def _parse_reference(inside: str, own: Collection[str]) -> Reference | str:
    """Return the reference between the braces, or what is wrong with it."""
    head, _, rest = inside.partition(".")
    kind = _KINDS.get(head)
    if kind is None:
        forms = ", ".join(f"`{form}`" for form in _FORMS.values())
        hint = did_you_mean(head, _KINDS)
        return f"unknown reference{hint}; expected one of {forms}; write `$${{` for a literal `${{`"

    if not _PATHS[kind].fullmatch(rest):
        return f"incomplete reference; expected `{_FORMS[kind]}`"

    if kind is not ReferenceKind.OUTPUT:
        return Reference(kind, (rest,))

    path = tuple(rest.split("."))
    if path[0] in own:
        kind = ReferenceKind.SELF

    return Reference(kind, path)


def parse_value(text: str, bad: list[BadReference], own: Collection[str] = frozenset()) -> Template:
    """Parse a secret's text and mark how each reference is escaped for its place; see `parse`."""
    template = parse(text, bad, own)
    if not template.references:
        return Template(template.parts, is_json=_json_or_none(text) is not None)

    marked = _MarkedText(template)
    document = marked.json_document()
    escapes = marked.url_escapes()
    if document is not None:
        for index in marked.in_json_strings():
            escapes[index].add(Escape.JSON)

        for index in _hosts_with_port(document):
            escapes[index].add(Escape.DROP_PORT)

    return _with_escapes(template, escapes, is_json=document is not None)


def json_document(template: Template) -> Json:
    """Parse a text as JSON, in which its references stay as they are; None for other texts."""
    in_strings = set(_MarkedText(template).in_json_strings())
    text = ""
    index = 0
    for part in template.parts:
        if isinstance(part, str):
            text += part
            continue

        text += str(part) if index in in_strings else f'"{part}"'
        index += 1

    return _json_or_none(text)


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

    def mapping(self, data: Mapping[str, Json]) -> dict[str, Node]:
        parsed: dict[str, Node] = {}
        for key, value in data.items():
            if isinstance(value, str) and _is_host_with_port(key, data):
                parsed[key] = self._host(value)
            else:
                parsed[key] = self._node(value)

        return parsed

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
        self.references.update(dict.fromkeys(template.references))
        escapes = _MarkedText(template).url_escapes()
        return _with_escapes(template, escapes, is_json=False)

    def _host(self, text: str) -> Template:
        template = self._string(text)
        match template.parts:
            case (Placeholder(reference),):
                return Template((Placeholder(reference, frozenset({Escape.DROP_PORT})),))

        return template


def _is_host_with_port(key: str, siblings: Mapping[str, object]) -> bool:
    """Return whether a field is the host of a host and port pair."""
    return key.lower() in ("host", "hostname") and "port" in map(str.lower, siblings)


def _with_escapes(template: Template, escapes: list[set[Escape]], *, is_json: bool) -> Template:
    """Return the template with the escapes of each placeholder, in order."""
    remaining = iter(escapes)
    parts: list[Part] = []
    for part in template.parts:
        if isinstance(part, Placeholder):
            parts.append(Placeholder(part.reference, frozenset(next(remaining))))
        else:
            parts.append(part)

    return Template(tuple(parts), is_json)


# A private-use character represents each reference while the text around it is analysed.
_MARK = "\ue000"
_WHOLE_MARK = re.compile(f"{_MARK}([0-9]+){_MARK}")
_URL = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*:(?:\\?/){2}(?P<authority>[^\s/?#\"'<>\\]*)"
    r"(?=(?P<path_and_query>[^\s\"'<>\\#]*))"
)
_WRITTEN_PORT = re.compile(r":[0-9]+")
_PARAMETER_END = re.compile(r"[&#\"'\\ \n]|\Z")
_JSON_STRING_OR_MARK = re.compile(rf'"(?:[^"\\]|\\.)*"?|{_MARK}', re.DOTALL)


class _MarkedText:
    """A template's text with one mark per reference, to look at its surroundings."""

    def __init__(self, template: Template) -> None:
        text = ""
        self._marks: list[int] = []
        for part in template.parts:
            if isinstance(part, Placeholder):
                self._marks.append(len(text))
                text += _MARK
            else:
                text += part.replace(_MARK, " ")

        self.text = text

    def url_escapes(self) -> list[set[Escape]]:
        """Return, per reference, what its place in a URL needs."""
        escapes: list[set[Escape]] = [set() for _ in self._marks]
        for url in _URL.finditer(self.text):
            for index, mark in enumerate(self._marks):
                escape = self._escape_in_url(mark, url)
                if escape is not None:
                    escapes[index].add(escape)

        return escapes

    def _escape_in_url(self, mark: int, url: re.Match[str]) -> Escape | None:
        """Return what a reference needs in a URL: by its user part, its host, or its query."""
        start, end = url.span("authority")
        user_end = self.text.rfind("@", start, end)
        if start <= mark < user_end:
            return Escape.PERCENT

        if start <= mark < end:
            if _WRITTEN_PORT.match(self.text, mark + 1):
                return Escape.DROP_PORT

            return None

        if self._is_parameter(mark, url):
            return Escape.PERCENT

        return None

    def _is_parameter(self, mark: int, url: re.Match[str]) -> bool:
        """Return whether a reference is the whole value of a URL's query parameter."""
        start, end = url.span("path_and_query")
        if not start <= mark < end:
            return False

        before = self.text[start:mark]
        is_value = "?" in before and before.endswith("=")
        return is_value and bool(_PARAMETER_END.match(self.text, mark + 1))

    def in_json_strings(self) -> Iterator[int]:
        """Yield the index of each reference inside a JSON string."""
        index = 0
        for match in _JSON_STRING_OR_MARK.finditer(self.text):
            piece = match.group()
            following = index + piece.count(_MARK)
            if piece != _MARK:
                yield from range(index, following)

            index = following

    def json_document(self) -> Json:
        """Parse the text as JSON with each reference as a string; None where it is not JSON."""
        in_strings = set(self.in_json_strings())
        indexes = iter(range(len(self._marks)))

        def stand_in(_: re.Match[str]) -> str:
            index = next(indexes)
            numbered = f"{_MARK}{index}{_MARK}"
            if index in in_strings:
                return numbered

            return f'"{numbered}"'

        return _json_or_none(re.sub(_MARK, stand_in, self.text))


def _hosts_with_port(document: Json) -> Iterator[int]:
    """Yield the index of each reference that is a whole `host` next to a `port`."""
    for obj in _objects(document):
        for key, value in obj.items():
            if isinstance(value, str) and _is_host_with_port(key, obj):
                reference = _WHOLE_MARK.fullmatch(value)
                if reference:
                    yield int(reference[1])


def _objects(document: Json) -> Iterator[dict[str, Json]]:
    """Yield a JSON document's objects, itself included."""
    items: Iterable[Json] = ()
    if isinstance(document, list):
        items = document
    elif isinstance(document, dict):
        yield document
        items = document.values()

    for item in items:
        yield from _objects(item)


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
        RenderError: a reference is null, or a JSON text would become invalid; never with a value.
    """
    if isinstance(value, Structure):
        document = _rendered_node(value.fields, resolve)
        return json.dumps(document, ensure_ascii=False, allow_nan=False)

    text = _rendered_text(value, resolve)
    if value.is_json and _json_or_none(text) is None:
        culprits = ", ".join(f"`{reference}`" for reference in value.references)
        msg = f"the value of {culprits} makes the JSON invalid; quote the reference"
        raise RenderError(msg)

    return text


def _rendered_node(node: Node, resolve: _Resolve) -> object:
    """Return a structure's node as plain data; a string that is one reference keeps its type."""
    if isinstance(node, Mapping):
        return {key: _rendered_node(item, resolve) for key, item in node.items()}

    if isinstance(node, list):
        return [_rendered_node(item, resolve) for item in node]

    if not isinstance(node, Template):
        return node

    match node.parts:
        case (Placeholder(reference, escapes),) if not escapes:
            return _referenced_value(reference, resolve)

    return _rendered_text(node, resolve)


def _rendered_text(template: Template, resolve: _Resolve) -> str:
    text = ""
    for part in template.parts:
        if isinstance(part, Placeholder):
            text += _escaped_value(part, resolve)
        else:
            text += part

    return text


def _escaped_value(place: Placeholder, resolve: _Resolve) -> str:
    text = _referenced_value(place.reference, resolve)
    if not isinstance(text, str):
        text = json.dumps(text, ensure_ascii=False)

    if Escape.DROP_PORT in place.escapes:
        text = _without_port(text)

    if Escape.PERCENT in place.escapes:
        text = quote(text, safe="")

    if Escape.JSON in place.escapes:
        text = json.dumps(text, ensure_ascii=False)[1:-1]

    return text


def _without_port(host: str) -> str:
    """Return a host without its port; an IPv6 address has one only after brackets (`[::1]:80`)."""
    if host.count(":") > 1 and "]:" not in host:
        return host

    return re.sub(r":[0-9]+\Z", "", host)


def _referenced_value(reference: Reference, resolve: _Resolve) -> object:
    """Return a reference's value; whole floats as integers, since the engine has no integers."""
    value = resolve(reference)
    if value is None:
        msg = f"`{reference}` has no value (null)"
        raise RenderError(msg)

    if isinstance(value, float) and value.is_integer():
        return int(value)

    return value
