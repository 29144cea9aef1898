"""Where each reference of a text stands, as the escapes that its place needs.

A text is taken apart as its reader will take it apart: JSON into its strings, a connection string
into its fields, a URL into its components; what is inside one of those is a text again. One
character of Unicode's private use, the mark, stands for each reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from secrets_component.secret_map.connection_strings import Field, fields_of
from secrets_component.secret_map.escapes import Escape, Escapes, is_host_with_port

MAX_MARKS = 0xFFF0
"""References in one text; a value with as many exceeds AWS's limit anyway."""

_MAX_DEPTH = 8
_MARK_0, _UNQUOTED_0 = 0xF0000, 0x100000
_PRIVATE_USE = re.compile("[\U000f0000-\U0010ffff]")
_MARK = "[\U000f0000-\U000fffff]"
_MARKS = re.compile(_MARK)
_JSON_STRING_OR_MARK = re.compile(rf'"(?:[^"\\]|\\.)*+"?|{_MARK}', re.DOTALL)
_SCHEME = rf"(?:[A-Za-z]|{_MARK})(?:[A-Za-z0-9+.-]|{_MARK})*+"
_URL = re.compile(
    rf"(?<![A-Za-z0-9+.-]){_SCHEME}://(?P<authority>[^\s/?#\"'<>\\]*+)"
    r"(?P<path>[^\s?#\"'<>\\]*+)(?:\?(?P<query>[^\s#\"'<>\\]*+))?(?:#(?P<fragment>[^\s\"'<>\\]*+))?"
)
_WHOLE_URL = re.compile(
    rf"(?:[a-z]+:)*?{_SCHEME}://(?P<authority>[^\s/?#]*+)(?P<path>[^\s?#]*+)"
    r"(?:\?(?P<query>[^\s#]*+))?(?:#(?P<fragment>\S*+))?"
)
"""A text that is nothing but a URL, of which quotes are a part. JDBC has more than one scheme."""

_HOST_BEFORE_ONE_MARK = re.compile(rf"\A{_MARK}\Z")
_HOST_BEFORE_PORT = re.compile(rf"{_MARK}(?=:(?:[0-9]|{_MARK}))")
_HOST_BEFORE_COMMA = re.compile(rf"{_MARK}(?=,(?:[0-9]|{_MARK}))")
_ONE_MARK = re.compile(rf"\A{_MARK}\Z")
_PORT_AFTER_HOST = re.compile(rf"(?<=:){_MARK}")


class NestingError(ValueError):
    """A reference in too many texts inside each other."""


def mark(index: int) -> str:
    """Return the mark of a text's reference, which count from 0."""
    return chr(_MARK_0 + index)


def unmarked(text: str) -> str:
    """Return a piece of a text in which nothing looks like a mark."""
    return _PRIVATE_USE.sub("x", text)


def escapes_of(text: str, count: int) -> tuple[list[Escapes], bool]:
    """Find the place of each reference in a text.

    Args:
        text: the text with a mark for each reference.
        count: how many marks it has, at most `MAX_MARKS`.

    Returns:
        The escapes by reference, and whether the text is a JSON document.

    Raises:
        NestingError: a reference is in texts nested deeper than eight levels.
    """
    finder = _Finder(count)
    document = _json_document(text)
    if document is None:
        finder.look_into(text, (), 0)
    else:
        finder.look_into_json(document, (), 0)

    return finder.found, document is not None


class _Object(list[Any]):
    """A JSON object as pairs: a dictionary would lose one of two equal keys, and its marks."""


def _json_document(text: str) -> list[Any] | None:
    """Parse a text with marks as a JSON object or list; None for every other text.

    A mark outside of strings becomes a string of one character, in a second plane of private use.
    """
    if not text.lstrip().startswith(("{", "[")):
        return None

    try:
        document: list[Any] = json.loads(
            _JSON_STRING_OR_MARK.sub(_quoted_mark, text), object_pairs_hook=_Object
        )
    except (ValueError, RecursionError):
        return None

    return document


def _quoted_mark(found: re.Match[str]) -> str:
    piece = found.group()
    if piece.startswith('"'):
        return piece

    return f'"{chr(ord(piece) - _MARK_0 + _UNQUOTED_0)}"'


class _Finder:
    """Finds the places; `found` has the escapes by reference."""

    def __init__(self, count: int) -> None:
        self.found: list[Escapes] = [()] * count

    def look_into(self, text: str, outer: Escapes, depth: int) -> None:
        """Find the references in a text.

        Args:
            text: what its reader has once it has undone `outer`.
            outer: the escapes of the text that this one is in.
            depth: how many texts this one is in.
        """
        if not _MARKS.search(text):
            return

        if depth > _MAX_DEPTH:
            raise NestingError

        self._set(text, outer)
        document = _json_document(text)
        if document is not None:
            self.look_into_json(document, outer, depth)
            return

        fields, other_text = fields_of(text)
        self._look_into_fields(fields, outer, depth)
        for url in _urls(other_text):
            self._look_into_url(url, outer, depth)

    def look_into_json(self, document: list[Any], outer: Escapes, depth: int) -> None:
        """Find the references in a JSON document; see `look_into`."""
        waiting: list[Any] = [document]
        while waiting:
            value = waiting.pop()
            if isinstance(value, _Object):
                waiting += self._inside_object(value, outer, depth)
            elif isinstance(value, list):
                waiting += value
            elif isinstance(value, str):
                self._look_into_json_string(value, outer, depth)

    def _inside_object(self, pairs: _Object, outer: Escapes, depth: int) -> Iterator[Any]:
        keys = [key for key, _ in pairs]
        for key, value in pairs:
            self._look_into_json_string(key, outer, depth)
            is_host = isinstance(value, str) and is_host_with_port(key, keys)
            if is_host and _MARKS.fullmatch(value):
                self._set(value, (Escape.DROP_PORT, Escape.JSON, *outer))
            else:
                yield value

    def _look_into_json_string(self, text: str, outer: Escapes, depth: int) -> None:
        is_mark = len(text) == 1 and ord(text) >= _UNQUOTED_0
        if is_mark:
            self.found[ord(text) - _UNQUOTED_0] = (Escape.JSON_VALUE, *outer)
        else:
            self.look_into(text, (Escape.JSON, *outer), depth + 1)

    def _look_into_fields(self, fields: list[Field], outer: Escapes, depth: int) -> None:
        """Find the references in the fields of a connection string."""
        names = {field.name for field in fields}
        for field in fields:
            escapes = (field.quoting, *outer)
            self.look_into(field.value, escapes, depth + 1)
            hosts = []
            if field.is_host:
                hosts = _HOST_BEFORE_COMMA.findall(field.value)

            if field.is_host and "port" in names:
                hosts += _ONE_MARK.findall(field.value)

            for host in hosts:
                self._set(host, (Escape.DROP_PORT, *escapes))

    def _look_into_url(self, url: re.Match[str], outer: Escapes, depth: int) -> None:
        user, _, hosts = url["authority"].rpartition("@")
        self._set(user, (Escape.PERCENT, *outer))
        self._set(url["path"], (Escape.PERCENT_PATH, *outer))
        self._set(url["fragment"] or "", (Escape.PERCENT, *outer))
        self._look_into_hosts(hosts, outer)
        for pair in (url["query"] or "").split("&"):
            self._look_into_parameter(pair, outer, depth)

        if not hosts:
            return

        ends_in_hosts = url.group().endswith(hosts)
        if ends_in_hosts and _MARKS.fullmatch(hosts[-1]):
            self._set(_rest(hosts), outer)

    def _look_into_hosts(self, hosts: str, outer: Escapes) -> None:
        self._set(hosts, (Escape.PERCENT_HOST, *outer))
        for port in _PORT_AFTER_HOST.findall(hosts):
            self._set(port, (Escape.PERCENT, *outer))

        for host in _HOST_BEFORE_PORT.findall(hosts):
            self._set(host, (Escape.DROP_PORT, Escape.PERCENT_HOST, *outer))

    def _look_into_parameter(self, pair: str, outer: Escapes, depth: int) -> None:
        """Find the references in one parameter of a query; a whole one may be several."""
        name, equals, value = pair.partition("=")
        if not equals and _MARKS.fullmatch(pair):
            return

        self._set(name, (Escape.PERCENT, *outer))
        self.look_into(unquote(value), (Escape.PERCENT, *outer), depth + 1)

    def _set(self, text: str, escapes: Escapes) -> None:
        """Set the escapes of all references in a piece of text."""
        for found in _MARKS.findall(text):
            self.found[ord(found) - _MARK_0] = escapes


def _urls(text: str) -> Iterator[re.Match[str]]:
    whole = _WHOLE_URL.fullmatch(text.strip())
    if whole:
        yield whole
    else:
        yield from _URL.finditer(text)


def _rest(hosts: str) -> str:
    """Return the mark that a URL ends with, unless it is a port: it may be all the rest of it."""
    is_port = len(hosts) > 1 and hosts[-2] == ":"
    if is_port:
        return ""

    return hosts[-1]
