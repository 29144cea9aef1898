"""YAML text → plain data with positions.

Stricter than `yaml.safe_load`, because a secret map decides what production reads: duplicate
keys, tags, several documents and unbounded aliases are errors, and plain words mean what they
mean in YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema): `yes`, `012345670123`
and `2012-10-17` are text, not a boolean, an octal number and a date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import yaml

from secrets_component.errors import MapFileError, MapSyntaxError, Position, Problem, shown

try:
    from yaml._yaml import CParser
except ImportError:  # PyYAML built without libyaml: the same rules, more slowly
    HAS_LIBYAML = False
else:
    HAS_LIBYAML = True

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 1_000_000

Data: TypeAlias = "dict[str, Data] | list[Data] | str | int | float | bool | None"
Path_: TypeAlias = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_STR, _MAP, _SEQ, _MERGE = _TAG + "str", _TAG + "map", _TAG + "seq", _TAG + "merge"
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), _TAG + "null"),
    **dict.fromkeys(("true", "True", "TRUE", "false", "False", "FALSE"), _TAG + "bool"),
    "<<": _MERGE,
}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_NUMBER_START = frozenset("-+.0123456789")
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # https://yaml.org/spec/1.1/#id871136


class _CoreSchema:
    """Resolves plain scalars as YAML 1.2's core schema does, whichever parser is underneath."""

    _depth = 0

    def resolve(
        self,
        kind: type[yaml.Node],
        value: str | None,
        implicit: Any,  # noqa: ANN401 # a pair for scalars, a flag for collections
    ) -> str:
        if kind is not yaml.ScalarNode:
            return _MAP if kind is yaml.MappingNode else _SEQ
        if not implicit[0] or value is None:
            return _STR
        constant = _CONSTANTS.get(value)
        if constant is not None:
            return constant
        if value[0] in _NUMBER_START:
            if _INT.fullmatch(value):
                return _TAG + "int"
            if _FLOAT.fullmatch(value):
                return _TAG + "float"
        return _STR

    def descend_resolver(self, parent: yaml.Node, index: object) -> None:
        """Bound the depth while composing: libyaml's composer recurses in C and would crash."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, "nesting level", parent.start_mark)

    def ascend_resolver(self) -> None:
        """Leave a node."""
        self._depth -= 1

    def check_resolver_prefix(self, *_: object) -> None:
        """Do nothing: no tag depends on a path here."""


if HAS_LIBYAML:

    class _Composer(_CoreSchema, CParser):
        """libyaml's parser with the core schema."""

else:
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Composer(_CoreSchema, Reader, Scanner, Parser, Composer):  # type: ignore[no-redef]
        """PyYAML's own parser with the core schema."""

        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)


@dataclass(frozen=True, slots=True)
class Document:
    """A map's text, read: `data` is plain Python data, positions are found on demand."""

    file: str
    text: str
    root: yaml.MappingNode
    data: dict[str, Data]
    _children: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = field(
        default_factory=dict, compare=False, repr=False
    )
    _lines: list[str] = field(default_factory=list, compare=False, repr=False)

    def position(self, path: Path_ = (), *, of_key: bool = False) -> Position:
        """Say where the value (or, with `of_key`, the key) at `path` stands.

        Args:
            path: keys and list indexes from the top; as much of it as exists is followed.
            of_key: the place of the last key instead of its value.
        """
        node: yaml.Node = self.root
        mark = node.start_mark
        for step in path:
            found = self._child(node, step)
            if found is None:
                break
            key, node = found
            mark = key.start_mark if of_key else node.start_mark
        return Position(self.file, mark.line + 1, mark.column + 1)

    def position_of_text(self, path: Path_, wanted: str) -> Position | None:
        """Say where `wanted` first stands in the text of what is at `path`, or None."""
        node: yaml.Node = self.root
        for step in path:
            found = self._child(node, step)
            if found is None:
                return None
            node = found[1]
        if not self._lines:
            self._lines.extend(self.text.splitlines())
        first, last = node.start_mark, node.end_mark
        for number in range(first.line, min(last.line + 1, len(self._lines))):
            column = self._lines[number].find(wanted, first.column if number == first.line else 0)
            if column >= 0:
                return Position(self.file, number + 1, column + 1)
        return None

    def _child(self, node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
        """Return the nodes of a key and of its value one step below."""
        if isinstance(node, yaml.SequenceNode):
            inside = isinstance(step, int) and step < len(node.value)
            return (node.value[step], node.value[step]) if inside else None
        if not isinstance(node, yaml.MappingNode):
            return None
        children = self._children.get(id(node))
        if children is None:
            children = self._children[id(node)] = _children(node)
        return children.get(str(step))


def read(path: str | Path) -> Document:
    """Read a map's file.

    Raises:
        MapFileError: the file is absent, a folder, or not readable.
        MapSyntaxError: it is too large, not UTF-8, or not the YAML that a map may use.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        msg = f"{path}: error: no such file"
        raise MapFileError(msg) from None
    except IsADirectoryError:
        msg = f"{path}: error: is a folder, not a map; name the YAML file in it"
        raise MapFileError(msg) from None
    except OSError as error:
        msg = f"{path}: error: cannot be read: {error.strerror}"
        raise MapFileError(msg) from None
    if len(raw) > MAX_BYTES:
        _refuse(Position(str(path), 1, 1), "the file is larger than 5 MiB; split the map")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        _refuse(Position(str(path), line, column), "the text is not UTF-8; save the file as UTF-8")
    return parse(text, str(path))


def parse(text: str, file: str) -> Document:
    """Turn a map's text into plain data with positions.

    Args:
        text: the YAML text, at most 5 MiB.
        file: the name that positions carry.

    Raises:
        MapSyntaxError: not YAML, no mapping at the top, a duplicate key, a tag, nesting deeper
            than 64, or aliases that expand to more than a million nodes.
    """
    start = Position(file, 1, 1)
    if len(text) > MAX_BYTES:
        _refuse(start, "the text is larger than 5 MiB; split the map")
    try:
        root = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        _refuse_syntax(error, text, file)
    except yaml.reader.ReaderError as error:
        index = _characters(text, error.position) if HAS_LIBYAML else error.position
        place = _place_of(index, text, file)
        _refuse(place, "a control character, which YAML does not allow")
    except UnicodeEncodeError as error:  # libyaml reads UTF-8, which has no surrogates
        _refuse(_place_of(error.start, text, file), "half a character, which UTF-8 cannot hold")
    if root is None:
        _refuse(start, "the map is empty; it needs at least `context_name` and `secrets`")
    if not isinstance(root, yaml.MappingNode):
        kind = "list" if isinstance(root, yaml.SequenceNode) else "single value"
        _refuse(start, f"a {kind} at the top; a secret map is a mapping (`context_name: …`)")
    builder = _Builder(file)
    data = builder.build(root, 1)
    if builder.problems:
        raise MapSyntaxError(builder.problems)
    return Document(file, text, root, data)


def _characters(text: str, octets: int) -> int:
    """Turn libyaml's count of bytes into one of characters."""
    return len(text.encode()[:octets].decode("utf-8", "ignore"))


def _place_of(index: int, text: str, file: str) -> Position:
    before = _LINE_BREAK.split(text[:index])
    return Position(file, len(before), len(before[-1]) + 1)


_HINTS = (
    ("start any token", "a character that cannot start a value; quote the value"),
    ("undefined alias", "a value that starts with `*` is a YAML alias; quote it if it is text"),
    ("expected alphabetic", "a value that starts with `*`, `&` or `!` must be quoted"),
    ("undefined tag", "a value that starts with `!` is a YAML tag; quote it if it is text"),
    ("tag", "a value that starts with `!` is a YAML tag; quote it if it is text"),
    ("unknown escape", "an unknown escape in a double-quoted text; write `\\\\` for a backslash"),
    (
        "mapping values are not",
        "a second `: ` in one line; quote the value or mend the indentation",
    ),
    ("could not find expected ':'", "a key without `:`; mend the indentation or add the colon"),
    ("expected <block end>", "does not fit the lines above; mend the indentation"),
    ("unexpected end of stream", "a quoted text or bracket that is opened here is never closed"),
    ("found unexpected end", "a quoted text that is opened here is never closed"),
    ("did not find expected ',' or", "a bracket or brace that is opened here is never closed"),
    ("expected ',' or", "a bracket or brace that is opened here is never closed"),
    ("node content", "a value is missing here; close the bracket, or quote the value"),
    ("did not find expected key", "does not fit the lines above; mend the indentation"),
    ("did not find expected '-'", "does not fit the list above; mend the indentation"),
    ("single document", "a second document (`---`); a map is one document"),
    ("another document", "a second document (`---`); a map is one document"),
    ("duplicate anchor", "an anchor of this name exists already; give it another name"),
    ("nesting level", f"nested deeper than {MAX_DEPTH} levels"),
    ("depth", f"nested deeper than {MAX_DEPTH} levels"),
    ("control characters", "a control character, which YAML does not allow"),
)


def _refuse_syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> NoReturn:
    """Say a parser's problem in the user's terms; the parser's own words may quote a value."""
    problem = error.problem or error.context or ""
    message = next((hint for words, hint in _HINTS if words in problem), _NOT_YAML)
    mark = error.problem_mark or error.context_mark
    if "opened here" in message and error.context_mark:
        mark = error.context_mark
    if mark is None:
        _refuse(Position(file, 1, 1), message)
    lines = _LINE_BREAK.split(text)
    if mark.line >= len(lines):  # libyaml puts the end of a text without a last line break there
        _refuse(Position(file, len(lines), len(lines[-1]) + 1), message)
    before = lines[mark.line][: mark.column + 1]
    if "\t" in before and not before.strip():
        message = "a tab in the indentation; YAML wants blanks"
    _refuse(Position(file, mark.line + 1, mark.column + 1), message)


_NOT_YAML = "not valid YAML here; mend the indentation or quote the value"


class _Builder:
    """Builds plain data from nodes and gathers what a map may not use."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._nodes = 0
        self._open: set[int] = set()

    def build(self, node: yaml.Node, depth: int) -> Any:  # noqa: ANN401 # plain data of any kind
        self._nodes += 1
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if depth > MAX_DEPTH:
            self._stop(node, f"nested deeper than {MAX_DEPTH} levels")
        if self._nodes > MAX_NODES:
            self._stop(node, f"more than {MAX_NODES:,} values once aliases are expanded")
        if id(node) in self._open:
            self._stop(node, "an alias that contains itself")
        self._open.add(id(node))
        built = self._mapping(node, depth) if node.tag == _MAP else self._sequence(node, depth)
        self._open.discard(id(node))
        return built

    def _scalar(self, node: yaml.ScalarNode) -> str | int | float | bool | None:
        tag, value = node.tag, node.value
        if tag in (_STR, _MERGE):
            return str(value)
        try:
            return _CONSTRUCT[tag](value)
        except KeyError:
            self._tag_problem(node)
        except ValueError:
            self._add(node, f"not a valid {tag.removeprefix(_TAG)}; quote the value if it is text")
        return None

    def _sequence(self, node: yaml.Node, depth: int) -> list[Data] | None:
        if node.tag != _SEQ or not isinstance(node, yaml.SequenceNode):
            self._tag_problem(node)
            return None
        return [self.build(item, depth + 1) for item in node.value]

    def _mapping(self, node: yaml.Node, depth: int) -> dict[str, Data]:
        built: dict[str, Data] = {}
        merged: dict[str, Data] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                self._merge(merged, value, depth)
                continue
            if key.tag != _STR:
                self._add(key, "a key that is not text; write it in quotes")
                continue
            if key.value in built:
                # In `{secret_data: a,b,b}` the `b` is a piece of a value.
                name = shown(key.value) if value.value != "" else ""
                self._add(key, f"duplicate key{name}; YAML would keep only the last one")
            built[key.value] = self.build(value, depth + 1)
        return {**merged, **built} if merged else built

    def _merge(self, merged: dict[str, Data], value: yaml.Node, depth: int) -> None:
        parents = value.value if isinstance(value, yaml.SequenceNode) else [value]
        for parent in parents:
            if not isinstance(parent, yaml.MappingNode):
                self._add(value, "`<<` takes a mapping or a list of mappings")
                return
            for key, inherited in self.build(parent, depth + 1).items():
                merged.setdefault(key, inherited)

    def _tag_problem(self, node: yaml.Node) -> None:
        self._add(node, "a YAML tag (`!…`), which a map may not use; quote the value if it is text")

    def _add(self, node: yaml.Node, message: str) -> None:
        mark = node.start_mark
        self.problems.append(Problem(Position(self._file, mark.line + 1, mark.column + 1), message))

    def _stop(self, node: yaml.Node, message: str) -> None:
        self._add(node, message)
        raise MapSyntaxError(self.problems)


def _integer(value: str) -> int:
    return int(value, 0) if value[:2] in ("0o", "0x") else int(value)


_CONSTRUCT: dict[str, Callable[[str], int | float | bool | None]] = {
    _TAG + "null": lambda _: None,
    _TAG + "bool": lambda value: value.lower() == "true",
    _TAG + "int": _integer,
    _TAG + "float": lambda value: float(value.replace(".inf", "inf").replace(".nan", "nan")),
}


def _children(node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Index a mapping's key and value nodes by key, those of merge keys behind its own."""
    children: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        if key.tag == _MERGE:
            parents = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for parent in reversed(parents):
                children = {**_children(parent), **children}
    return {**children, **{k.value: (k, v) for k, v in node.value if k.tag == _STR}}


def _refuse(position: Position, message: str) -> NoReturn:
    raise MapSyntaxError([Problem(position, message)])
