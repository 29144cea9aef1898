"""Any text, put through any place of `docs/values.md`, comes back from a reader of that format."""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from secrets_component.secret_map import references
from secrets_component.secret_map.references import RenderError
from tests.rotators.servers import binary

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PEM = "-----BEGIN PRIVATE KEY-----\nMIIE\\v/Q+=\n-----END PRIVATE KEY-----\n"
NASTY = "p\"\\@/:%é&=?#+ '<>{}$\n\t;,[]\U000f0000\ue000"
HOSTS = st.sampled_from(["db", "db.example.com", "10.0.0.1", "[2001:db8::1]", "db_1.internal"])
REF = "${env.X}"
several = settings(deadline=None)


def rendered(text: str, value: object) -> str:
    bad: list[references.BadReference] = []
    template = references.parse_value(text, bad)
    assert not bad
    return references.render(template, lambda _: value)


def json_text(*inner: str) -> str:
    """Return `inner` in a JSON document, in a JSON document, and so on."""
    text = inner[0]
    for key in inner[1:]:
        text = json.dumps({key: text, "other": [1, None]})
    return text


def unwrapped(text: str, *keys: str) -> Any:
    for key in keys:
        text = json.loads(text)[key]
    return text


def password_of(url: str) -> str:
    return unquote(urlsplit(url).password or "")


def parameter_of(url: str, name: str) -> str:
    (value,) = parse_qs(urlsplit(url).query, keep_blank_values=True)[name]
    return value


URL = "postgresql://app:${env.X}@db:5432/orders"
PLACES: dict[str, tuple[str, Callable[[str], str]]] = {
    "JSON string": ('{"p": "${env.X}", "n": 1}', lambda t: json.loads(t)["p"]),
    "part of a JSON string": ('{"p": "<${env.X}>"}', lambda t: json.loads(t)["p"][1:-1]),
    "JSON list": ('["a", "${env.X}"]', lambda t: json.loads(t)[1]),
    "JSON in JSON": (json_text('{"p": "${env.X}"}', "c"), lambda t: unwrapped(t, "c", "p")),
    "JSON in JSON in JSON": (
        json_text('{"p": "${env.X}"}', "c", "d"),
        lambda t: unwrapped(t, "d", "c", "p"),
    ),
    "key of JSON": ('{"${env.X}": 1}', lambda t: next(iter(json.loads(t)))),
    "key of JSON in JSON": (
        json_text('{"${env.X}": 1}', "c"),
        lambda t: next(iter(json.loads(json.loads(t)["c"]))),
    ),
    "password of a URL": (URL, password_of),
    "part of the password of a URL": (
        "amqps://u:a${env.X}b@h/",
        lambda t: password_of(t).removeprefix("a").removesuffix("b"),
    ),
    "user of a URL": ("https://${env.X}:p@h/", lambda t: unquote(urlsplit(t).username or "")),
    "path of a URL": ("https://h/a/${env.X}/b", lambda t: unquote(urlsplit(t).path)[3:-2]),
    "value of a query": ("https://h/?a=1&p=${env.X}&b=2", lambda t: parameter_of(t, "p")),
    "part of a query value": (
        "https://h/?auth=Bearer%20${env.X}&z=1",
        lambda t: parameter_of(t, "auth").removeprefix("Bearer "),
    ),
    "start of a query value": (
        "https://h/?p=${env.X}.${env.X}#top",
        lambda t: parameter_of(t, "p")[: len(parameter_of(t, "p")) // 2],
    ),
    "name in a query": (
        "https://h/?${env.X}=1",
        lambda t: parse_qsl(urlsplit(t).query, keep_blank_values=True)[0][0],
    ),
    "fragment of a URL": ("https://h/#${env.X}", lambda t: unquote(urlsplit(t).fragment)),
    "URL in a sentence": (
        "use https://u:${env.X}@h/ and 'https://g/?a=b'",
        lambda t: password_of(t.split()[1]),
    ),
    "JDBC URL": (
        "jdbc:postgresql://h:5432/db?user=u&password=${env.X}",
        lambda t: parameter_of(t.removeprefix("jdbc:"), "password"),
    ),
    "URL with quotes in it": ("https://it's:${env.X}@h/?a='b'", password_of),
    "URL in JSON": ('{"u": "https://u:${env.X}@h/"}', lambda t: password_of(json.loads(t)["u"])),
    "URL in JSON in JSON": (
        json_text(json.dumps({"u": URL}), "c"),
        lambda t: password_of(unwrapped(t, "c", "u")),
    ),
    "JSON in a URL": (
        "https://h/?c=%7B%22p%22%3A%22${env.X}%22%7D",
        lambda t: json.loads(parameter_of(t, "c"))["p"],
    ),
    "URL in a URL": (
        "https://h/?next=https%3A%2F%2Fg%2F%3Fp%3D${env.X}&z=1",
        lambda t: parameter_of(parameter_of(t, "next"), "p"),
    ),
    "unencoded URL in a URL": (
        "https://h/?next=https://g/?p=${env.X}",
        lambda t: parameter_of(parameter_of(t, "next"), "p"),
    ),
    "JSON in a URL in JSON": (
        '{"u": "https://h/?c=%7B%22p%22%3A%22${env.X}%22%7D"}',
        lambda t: json.loads(parameter_of(json.loads(t)["u"], "c"))["p"],
    ),
    "other text": ("a ${env.X} b", lambda t: t[2:-2]),
    "lines of text": ("[client]\nuser=app\npassword=${env.X}\n", lambda t: t[27:-1]),
    "all of the text": ("${env.X}", lambda t: t),
}


@several
@given(TEXTS)
@example("")
@example(NASTY)
@example(PEM)
@example("${env.X}")
@example("$${")
@example('", "admin": true, "x": "')
@example("/..//%2F%")
@example("null")
def test_every_place_gives_the_text_back(value: str) -> None:
    for place, (text, read) in PLACES.items():
        assert read(rendered(text, value)) == value, place


STRUCTURES: dict[str, tuple[dict[str, Any], Callable[[Any], str]]] = {
    "field": ({"p": REF, "n": 1}, lambda d: d["p"]),
    "part of a field": ({"p": f"<{REF}>"}, lambda d: d["p"][1:-1]),
    "deep field": ({"a": [{"b": [REF]}]}, lambda d: d["a"][0]["b"][0]),
    "key": ({f"k-{REF}": 1}, lambda d: next(iter(d))[2:]),
    "JSON in a field": (
        {"sa.json": '{"private_key": "${env.X}", "type": "x"}'},
        lambda d: json.loads(d["sa.json"])["private_key"],
    ),
    "URL in a field": ({"url": URL}, lambda d: password_of(d["url"])),
}


@several
@given(TEXTS)
@example(NASTY)
@example(PEM)
def test_every_place_of_a_mapping_gives_the_text_back(value: str) -> None:
    for place, (data, read) in STRUCTURES.items():
        structure = references.parse_structure(data, [])
        text = references.render(structure, lambda _: value)
        assert read(json.loads(text)) == value, place


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@several
@given(JSON_VALUES.filter(lambda value: value is not None))
def test_unquoted_reference_in_json_keeps_the_value_and_its_type(value: object) -> None:
    text = value if not isinstance(value, str) else json.dumps(value)
    found = json.loads(rendered('{"a": ${env.X}, "b": 1}', text))
    assert found == {"a": value, "b": 1}
    inner = json.loads(json.loads(rendered('{"c": "{\\"a\\": ${env.X}}"}', text))["c"])
    assert inner == {"a": value}


@several
@given(st.one_of(TEXTS, st.sampled_from(['1, "y": 2', "}", '"a", "b"', "1 2", "NaN", "", "[1"])))
def test_unquoted_reference_in_json_adds_no_field(value: str) -> None:
    try:
        text = rendered('{"x": ${env.X}, "z": 0}', value)
    except RenderError as error:
        assert "quote the reference" in str(error)
        with pytest.raises(ValueError, match=r".*"):
            json.loads(value, parse_constant=int)
    else:
        assert list(json.loads(text)) == ["x", "z"]


@several
@given(HOSTS, st.integers(1, 65535), st.sampled_from(["", ":1", ":65535"]))
def test_host_of_a_url_has_the_port_that_the_map_sets(host: str, port: int, carried: str) -> None:
    for written in (str(port), "${env.PORT}"):
        bad: list[references.BadReference] = []
        template = references.parse_value(f"amqps://u:p@${{env.X}}:{written}/v", bad)
        values = {"X": host + carried, "PORT": port}
        url = urlsplit(references.render(template, lambda one: values[one.path[0]]))  # noqa: B023
        assert (url.hostname, url.port, url.path) == (host.strip("[]").lower(), port, "/v")


@several
@given(HOSTS, st.text(st.characters(exclude_characters="/%:,[]", exclude_categories=["Cs"])))
@example("evil", "@db")
@example("evil", "?#")
def test_nothing_in_a_host_moves_the_user_or_the_path(host: str, more: str) -> None:
    url = rendered("https://u:p@${env.X}/path?q#f", host + more)
    authority = url.removeprefix("https://").partition("/")[0]
    assert unquote(authority) == f"u:p@{host}{more}"
    assert url.endswith("/path?q#f")


# connection strings


class _Option(ctypes.Structure):
    """PQconninfoOption. https://www.postgresql.org/docs/current/libpq-connect.html"""

    _fields_ = [
        *[
            (name, ctypes.c_char_p)
            for name in ("keyword", "envvar", "compiled", "val", "label", "dispchar")
        ],
        ("dispsize", ctypes.c_int),
    ]


@pytest.fixture(scope="module")
def libpq() -> Callable[[str], dict[str, str]]:
    """Return libpq's own parser of connection strings and URLs."""
    name = ctypes.util.find_library("pq")
    if name is None:
        binary("postgres")  # installs it where this machine allows that, else skips
        name = ctypes.util.find_library("pq")
    library = ctypes.CDLL(name)
    parse = library.PQconninfoParse
    parse.restype = ctypes.POINTER(_Option)
    parse.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p)]

    def read(text: str) -> dict[str, str]:
        message = ctypes.c_char_p()
        options = parse(text.encode(), ctypes.byref(message))
        assert options, message.value
        found = {}
        index = 0
        while options[index].keyword:
            if options[index].val is not None:
                found[options[index].keyword.decode()] = options[index].val.decode()
            index += 1
        library.PQconninfoFree(options)
        return found

    return read


C_STRINGS = TEXTS.map(lambda text: text.replace("\0", ""))


@several
@given(value=C_STRINGS)
@example(value="")
@example(value=NASTY)
@example(value=" '\\ \v\f\r\n")
@example(value="a=b host=evil")
def test_libpq_reads_its_connection_strings_back(
    libpq: Callable[[str], dict[str, str]], value: str
) -> None:
    for text in (
        "host=db port=5432 dbname=orders user=app password=${env.X}",
        "password=${env.X} host=db user='u'",
        "host=db password='${env.X}' user=app",
        "host = db password = ${env.X}\nuser = app",
    ):
        found = libpq(rendered(text, value))
        assert (found.get("password", ""), found["host"]) == (value, "db"), text
        assert set(found) <= {"host", "port", "dbname", "user", "password"}
    found = libpq(rendered("host=db password=a${env.X}b user=app", value))
    assert (found["password"], found["user"]) == (f"a{value}b", "app")
    document = json.loads(rendered('{"dsn": "host=db password=${env.X}"}', value))
    assert libpq(document["dsn"])["password"] == value


@several
@given(value=C_STRINGS.filter(bool))
@example(value=NASTY)
def test_libpq_reads_its_urls_back(libpq: Callable[[str], dict[str, str]], value: str) -> None:
    found = libpq(rendered("postgresql://app:${env.X}@db:5432/orders", value))
    assert (found["password"], found["host"], found["dbname"]) == (value, "db", "orders")
    found = libpq(rendered("postgresql://${env.X}@db/o?application_name=a${env.X}", value))
    assert (found["user"], found["application_name"]) == (value, f"a{value}")
    found = libpq(rendered("postgresql://db/${env.X}?connect_timeout=5", value))
    assert (found["dbname"], found["host"]) == (value, "db")


FIELD = re.compile(
    r"\s*([\w ]+)=(?:'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\"|\{((?:[^}]|\}\})*)\}|([^;]*))\s*(?:;|\Z)"
)


def fields_of(text: str) -> dict[str, str]:
    """Read `Key=…;Host=…` by the rules of ADO.NET, with braces as in ODBC."""
    found, end = {}, 0
    while end < len(text):
        field = FIELD.match(text, end)
        assert field, text
        single, double, braced, plain = field.groups()[1:]
        if single is not None:
            value = single.replace("''", "'")
        elif double is not None:
            value = double.replace('""', '"')
        elif braced is not None:
            value = braced.replace("}}", "}")
        else:
            value = plain.strip()
        found[field[1].strip()] = value
        end = field.end()
    return found


@several
@given(TEXTS)
@example(NASTY)
@example("a;Host=evil")
@example("")
def test_quoted_fields_of_a_connection_string_give_the_text_back(value: str) -> None:
    for text in (
        "Host=db;Password='${env.X}';User ID=app",
        'Host=db;Password="${env.X}"',
        "Driver={PostgreSQL Unicode};Host=db;Password={${env.X}};",
    ):
        found = fields_of(rendered(text, value))
        assert (found["Password"], found["Host"]) == (value, "db")


@several
@given(TEXTS)
@example("a;Host=evil")
@example("'")
@example(" a")
@example("c2VjcmV0Kw==")
def test_unquoted_field_of_a_connection_string_gives_the_text_back_or_refuses_it(
    value: str,
) -> None:
    try:
        text = rendered("Endpoint=https://h;Key=${env.X};Owner=a@b.c", value)
    except RenderError as error:
        assert "needs quotes" in str(error)
        assert re.search(r"[;\n\r]|^[\s\"'{=]|\s$", value)
    else:
        assert fields_of(text) == {"Endpoint": "https://h", "Key": value, "Owner": "a@b.c"}
