"""YAML text → plain data with positions.

Stricter than `yaml.safe_load`, because a secret map decides what production reads: duplicate
keys, tags beyond those of the core schema, several documents and unbounded aliases are errors, and
plain words mean what they mean in YAML 1.2's core schema
(https://yaml.org/spec/1.2.2/#103-core-schema): `yes`, `012345670123` and `2012-10-17` are strings,
not a boolean, an octal number and a date.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NoReturn, TypeAlias

import yaml

from secrets_component.errors import (
    MAX_PROBLEMS,
    MapFileError,
    MapSyntaxError,
    Position,
    Problem,
    shown,
)
from secrets_component.secret_map.atmos import function_problem

try:
    from yaml._yaml import CParser
except ImportError:  # PyYAML built without libyaml: the same rules, more slowly
    HAS_LIBYAML = False
else:
    HAS_LIBYAML = True

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 250_000
"""Keys and values, as written and again once aliases are expanded. What `validate` does with as
many takes less than 10 seconds and 500 MB."""
MAX_TEXT = 20 * 1024 * 1024
"""Characters of all strings once aliases are expanded."""

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
    _nodes = 0

    def resolve(
        self,
        kind: type[yaml.Node],
        value: str | None,
        implicit: Any,  # noqa: ANN401 # a pair for scalars, a flag for collections
    ) -> str:
        if kind is yaml.MappingNode:
            return _MAP

        if kind is yaml.SequenceNode:
            return _SEQ

        is_plain = implicit[0]
        if not is_plain or value is None:
            return _STR

        return _tag_of_plain(value)

    def descend_resolver(self, parent: yaml.Node, index: object) -> None:
        """Limit what is composed: libyaml's composer recurses in C and would crash."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise yaml.composer.ComposerError(None, None, "number of nodes", parent.start_mark)

        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, "nesting level", parent.start_mark)

    def ascend_resolver(self) -> None:
        """Leave a node."""
        self._depth -= 1

    def check_resolver_prefix(self, *_: object) -> None:
        """Do nothing: no tag depends on a path here."""


def _tag_of_plain(value: str) -> str:
    """Return the core schema's tag of a plain scalar."""
    constant = _CONSTANTS.get(value)
    if constant is not None:
        return constant

    if value[0] not in _NUMBER_START:
        return _STR

    if _INT.fullmatch(value):
        return _TAG + "int"

    if _FLOAT.fullmatch(value):
        return _TAG + "float"

    return _STR


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


class _SourceText:
    """A map's text and its file's name; turns the parser's marks into positions."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines without their breaks; the last is empty where the text ends in one."""
        return _LINE_BREAK.split(self.text)

    def position(self, mark: yaml.Mark) -> Position:
        """Return the position of a mark, which is always inside the text.

        libyaml counts one line too many where an empty node, or the text itself, ends without a
        line break.
        """
        if mark.line >= len(self.lines):
            last_line = self.lines[-1]
            return Position(self.file, len(self.lines), len(last_line) + 1)

        return Position(self.file, mark.line + 1, mark.column + 1)

    def position_of_index(self, index: int) -> Position:
        """Return the position of the character at an index."""
        before = _LINE_BREAK.split(self.text[:index])
        return Position(self.file, len(before), len(before[-1]) + 1)


_KeyAndValue: TypeAlias = tuple[yaml.Node, yaml.Node]


@dataclass(frozen=True, slots=True)
class Document:
    """A map's text, parsed: `data` is plain Python data, positions are looked up on demand.

    Attributes:
        file: the name that positions carry.
        data: the mapping at the top.
        is_text: people wrote this text, and read it.
    """

    file: str
    data: dict[str, Data]
    _root: yaml.MappingNode = field(repr=False)
    _source: _SourceText = field(repr=False)
    _has_respelled: bool = False
    is_text: ClassVar[bool] = True
    _indexes: dict[int, dict[str, _KeyAndValue]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def position(self, path: Path_ = (), *, of_key: bool = False) -> Position:
        """Return the position of the value (or, with `of_key`, the key) at `path`.

        Args:
            path: keys and list indexes from the top; as much of it as exists is followed.
            of_key: return the position of the last key instead of its value.
        """
        node: yaml.Node = self._root
        mark = node.start_mark
        for step in path:
            found = self._child(node, step)
            if found is None:
                break

            key, node = found
            mark = key.start_mark if of_key else node.start_mark

        return self._source.position(mark)

    def position_of_text(self, path: Path_, wanted: str) -> Position | None:
        """Return where `wanted` first occurs in the text of what is at `path`, or None."""
        node = self._node(path)
        if node is None:
            return None

        lines = self._source.lines
        after_last = min(node.end_mark.line + 1, len(lines))
        first_column = node.start_mark.column
        for number in range(node.start_mark.line, after_last):
            column = lines[number].find(wanted, first_column)
            if column >= 0:
                return Position(self.file, number + 1, column + 1)

            first_column = 0

        return None

    def is_respelled(self, path: Path_) -> bool:
        """Return whether the number at `path` is spelled otherwise in JSON (`1.10`, `0x1F`)."""
        if not self._has_respelled:
            return False

        node = self._node(path)
        if not isinstance(node, yaml.ScalarNode) or node.tag not in (_TAG + "int", _TAG + "float"):
            return False

        return _is_respelled(node.value, _CONVERTERS[node.tag](node.value))

    def _node(self, path: Path_) -> yaml.Node | None:
        """Return the node at a path, or None where there is nothing."""
        node: yaml.Node = self._root
        for step in path:
            found = self._child(node, step)
            if found is None:
                return None

            _, node = found

        return node

    def _child(self, node: yaml.Node, step: str | int) -> _KeyAndValue | None:
        """Return the nodes of a key and of its value one step below."""
        if isinstance(node, yaml.MappingNode):
            index = self._indexes.get(id(node))
            if index is None:
                index = _by_key(node)
                self._indexes[id(node)] = index

            return index.get(str(step))

        if not isinstance(node, yaml.SequenceNode) or not isinstance(step, int):
            return None

        if step >= len(node.value):
            return None

        item = node.value[step]
        return item, item


def _by_key(mapping: yaml.MappingNode) -> dict[str, _KeyAndValue]:
    """Index a mapping's nodes by key; its own keys hide merged ones, as in the data."""
    own: dict[str, _KeyAndValue] = {}
    merged: dict[str, _KeyAndValue] = {}
    for key, value in mapping.value:
        if key.tag == _MERGE:
            for parent in _merged_nodes(value):
                merged = {**_by_key(parent), **merged}
        elif _is_string(key):
            own[key.value] = (key, value)

    return {**merged, **own}


def _merged_nodes(value: yaml.Node) -> list[Any]:
    """Return the nodes that a merge key (`<<`) names: one mapping, or a list of them."""
    if isinstance(value, yaml.SequenceNode):
        return list(value.value)

    return [value]


def _is_string(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _STR


def read_yaml(path: str | Path) -> Document:
    """Read a map's file.

    Raises:
        MapFileError: the file does not exist, is a directory, or cannot be read.
        MapSyntaxError: it is too large, not UTF-8, or not the YAML that a map may use.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        msg = f"{path}: error: file not found"
        raise MapFileError(msg) from None
    except IsADirectoryError:
        msg = f"{path}: error: is a directory; pass the path of the YAML file"
        raise MapFileError(msg) from None
    except OSError as error:
        msg = f"{path}: error: cannot be read: {error.strerror}"
        raise MapFileError(msg) from None

    return decode_yaml(raw, str(path))


def decode_yaml(raw: bytes, file: str) -> Document:
    """Turn the bytes of a map's file into plain data with positions.

    Args:
        raw: the file's content, or its first `MAX_BYTES` and at least one byte more.
        file: the name that positions carry.

    Raises:
        MapSyntaxError: as `read_yaml`.
    """
    if len(raw) > MAX_BYTES:
        place = Position(file, 1, 1)
        _refuse_text(place, "the file exceeds 5 MiB; split the map into several files")

    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        place = Position(file, line, column)
        _refuse_text(place, "the file is not valid UTF-8; save it as UTF-8")

    return parse_yaml(text, file)


def parse_yaml(text: str, file: str) -> Document:
    """Turn a map's text into plain data with positions.

    Args:
        text: the YAML text, at most 5 MiB.
        file: the name that positions carry.

    Raises:
        MapSyntaxError: not YAML, no mapping at the top, a duplicate key, a tag that the core schema
            does not have, nesting deeper than 64, more keys and values than `MAX_NODES`, or
            aliases that expand beyond that or `MAX_TEXT`.
    """
    start = Position(file, 1, 1)
    if len(text) > MAX_BYTES:
        _refuse_text(start, "the text exceeds 5 MiB; split the map into several files")

    source = _SourceText(text, file)
    root = _compose(source)
    if root is None:
        _refuse_text(start, "the map is empty; it needs at least `context_name` and `secrets`")

    if not isinstance(root, yaml.MappingNode):
        kind = "list" if isinstance(root, yaml.SequenceNode) else "single value"
        message = f"expected a mapping at the top level (`context_name: …`), got a {kind}"
        _refuse_text(start, message)

    builder = _Builder(source)
    data = builder.build(root, 1)
    if builder.problems:
        raise MapSyntaxError(builder.problems)

    return Document(file, data, root, source, builder.respelled)


def _compose(source: _SourceText) -> yaml.Node | None:
    """Return the root node of a text, or None where the text is empty."""
    try:
        return _Composer(source.text).get_single_node()
    except yaml.MarkedYAMLError as error:
        problem = _syntax_problem(error, source)
    except yaml.reader.ReaderError as error:
        index = error.position
        if HAS_LIBYAML:
            index = _count_characters(source.text, octets=index)

        problem = Problem(source.position_of_index(index), _CONTROL_CHARACTER)
    except UnicodeEncodeError as error:  # libyaml reads UTF-8, which has no surrogates
        message = "an unpaired surrogate, which UTF-8 cannot encode"
        problem = Problem(source.position_of_index(error.start), message)

    raise MapSyntaxError([problem])


def _count_characters(text: str, *, octets: int) -> int:
    """Return how many characters the first `octets` bytes of a text are; libyaml counts bytes."""
    return len(text.encode()[:octets].decode("utf-8", "ignore"))


_CONTROL_CHARACTER = "control characters are not allowed; remove this one"
_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"
_TOO_MANY = f"more than {MAX_NODES:,} keys and values; split the map into several files"
_TOO_MANY_EXPANDED = f"more than {MAX_NODES:,} values once aliases are expanded"
_TOO_LONG_EXPANDED = "more than 20 MiB of text once aliases are expanded"
_MISPLACED = "does not match the lines above; fix the indentation"
_SECOND_DOCUMENT = "a map must be a single YAML document; remove `---`"

# Words in the problems of libyaml and PyYAML, and what is reported instead; the first match counts.
_UNCLOSED = (
    ("unexpected end of stream", "this quoted string or bracket is never closed"),
    ("expected ',' or", "this bracket or brace is never closed"),
)
_HINTS = (
    ("start any token", "a plain value cannot start with this character; quote the value"),
    ("undefined alias", "a value that starts with `*` is a YAML alias; quote it if it is a string"),
    ("expected alphabetic", "a value that starts with `*`, `&` or `!` must be quoted"),
    ("tag", "a value that starts with `!` is a YAML tag; quote it if it is a string"),
    ("unknown escape", "unknown escape in a double-quoted string; write `\\\\` for a backslash"),
    ("mapping values are not", "unexpected `: `; quote the value or fix the indentation"),
    ("could not find expected ':'", "a key without `:`; fix the indentation or add the colon"),
    ("expected <block end>", _MISPLACED),
    ("node content", "a value is missing here; close the bracket or quote the value"),
    ("did not find expected key", _MISPLACED),
    ("did not find expected '-'", "does not match the list above; fix the indentation"),
    ("single document", _SECOND_DOCUMENT),
    ("another document", _SECOND_DOCUMENT),
    ("second occurrence", "this anchor is already defined; rename it"),
    ("nesting level", _TOO_DEEP),
    ("number of nodes", _TOO_MANY),
    ("depth", _TOO_DEEP),
    ("control characters", _CONTROL_CHARACTER),
)


def _syntax_problem(error: yaml.MarkedYAMLError, source: _SourceText) -> Problem:
    """Return a parser's problem in the user's terms; the parser's own words may quote a value."""
    words = str(error.problem)
    mark: Any = error.problem_mark  # both parsers set it
    for part, message in _UNCLOSED:
        if part in words:
            return Problem(source.position(error.context_mark or mark), message)

    place = source.position(mark)
    before = source.lines[place.line - 1][: place.column]
    if "\t" in before and before.isspace():
        return Problem(place, "tabs are not allowed for indentation; use spaces")

    for part, message in _HINTS:
        if part in words:
            return Problem(place, message)

    return Problem(place, "invalid YAML; fix the indentation or quote the value")


class _Builder:
    """Builds plain data from nodes and collects the problems of what a map may not use."""

    def __init__(self, source: _SourceText) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self.respelled = False
        self._nodes = 0
        self._characters = 0
        self._open: set[int] = set()

    def build(self, node: yaml.Node, depth: int) -> Any:  # noqa: ANN401 # plain data of any kind
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._stop(node, _TOO_MANY_EXPANDED)

        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)

        self._check_collection(node, depth)
        self._open.add(id(node))
        built: Data = None
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            built = self._mapping(node, depth)
        elif isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
            built = [self.build(item, depth + 1) for item in node.value]
        else:
            self._add_tag_problem(node)

        self._open.discard(id(node))
        return built

    def _check_collection(self, node: yaml.Node, depth: int) -> None:
        """Stop at a collection that is too deep, or inside itself."""
        if depth > MAX_DEPTH:
            self._stop(node, _TOO_DEEP)

        if id(node) in self._open:
            self._stop(node, "an alias that contains itself")

    def _scalar(self, node: yaml.ScalarNode) -> str | int | float | bool | None:
        self._characters += len(node.value)
        if self._characters > MAX_TEXT:
            self._stop(node, _TOO_LONG_EXPANDED)

        if node.tag in (_STR, _MERGE):
            return str(node.value)

        convert = _CONVERTERS.get(node.tag)
        if convert is None:
            self._add_tag_problem(node)
            return None

        try:
            value = convert(node.value)
        except ValueError:
            kind = node.tag.removeprefix(_TAG)
            self._add(node, f"not a valid {kind}; quote the value if it is a string")
            return None

        self.respelled = self.respelled or _is_respelled(node.value, value)
        return value

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Data]:
        own: dict[str, Data] = {}
        merged: dict[str, Data] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                self._merge(merged, value, depth)
            elif not _is_string(key):
                self._add(key, "keys must be strings; quote this key")
            else:
                if key.value in own:
                    self._add_duplicate(key, value)

                own[key.value] = self.build(value, depth + 1)

        if not merged:
            return own

        return {**merged, **own}

    def _merge(self, merged: dict[str, Data], value: yaml.Node, depth: int) -> None:
        for parent in _merged_nodes(value):
            if not isinstance(parent, yaml.MappingNode):
                self._add(value, "`<<` must be a mapping or a list of mappings")
                return

            inherited = self.build(parent, depth + 1) or {}
            for key, data in inherited.items():
                merged.setdefault(key, data)

    def _add_duplicate(self, key: yaml.Node, value: yaml.Node) -> None:
        name = shown(key.value)
        if value.value == "":
            name = ""  # in `{secret_data: a,b,b}` the second `b` is a piece of a value

        self._add(key, f"duplicate key{name}; remove or rename one")

    def _add_tag_problem(self, node: yaml.Node) -> None:
        message = "YAML tags (`!…`) are not allowed; quote the value if it is a string"
        self._add(node, function_problem(node.tag) or message)

    def _add(self, node: yaml.Node, message: str) -> None:
        if len(self.problems) >= MAX_PROBLEMS:
            self._stop(node, f"only {MAX_PROBLEMS} errors are shown; fix these first")

        self.problems.append(Problem(self._source.position(node.start_mark), message))

    def _stop(self, node: yaml.Node, message: str) -> NoReturn:
        self.problems.append(Problem(self._source.position(node.start_mark), message))
        raise MapSyntaxError(self.problems)


def _null(value: str) -> None:
    if _CONSTANTS.get(value) != _TAG + "null":
        raise ValueError(value)


def _boolean(value: str) -> bool:
    if _CONSTANTS.get(value) != _TAG + "bool":
        raise ValueError(value)

    return value.lower() == "true"


def _integer(value: str) -> int:
    if value[:2] in ("0o", "0x"):
        return int(value, 0)

    return int(value)


def _floating(value: str) -> float:
    return float(value.replace(".inf", "inf").replace(".nan", "nan"))


_CONVERTERS: dict[str, Callable[[str], int | float | bool | None]] = {
    _TAG + "null": _null,
    _TAG + "bool": _boolean,
    _TAG + "int": _integer,
    _TAG + "float": _floating,
}


def _is_respelled(text: str, value: float | None) -> bool:
    """Return whether JSON spells a number differently than the map does (`1.10`, `0x1F`)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False

    return repr(value) != text


def _refuse_text(position: Position, message: str) -> NoReturn:
    raise MapSyntaxError([Problem(position, message)])
