"""Which texts are connection strings, and their fields."""

import pytest

from secrets_component.secret_map.connection_strings import fields_of
from secrets_component.secret_map.escapes import Escape


def test_fields_have_their_values_without_quotes() -> None:
    fields, url = fields_of("Host = h; Password='a;''b' ;User ID=\"u\"; Pwd={x;}}y};Timeout=;")
    assert url == ""
    assert [(field.name, field.value, field.quoting) for field in fields] == [
        ("host", "h", Escape.FIELD),
        ("password", "a;''b", Escape.SINGLE_QUOTED),
        ("user id", "u", Escape.DOUBLE_QUOTED),
        ("pwd", "x;}}y", Escape.BRACED),
        ("timeout", "", Escape.FIELD),
    ]


def test_fields_of_sql_servers_jdbc_driver_follow_a_url() -> None:
    fields, url = fields_of("jdbc:sqlserver://h:1433;user=u")
    assert url == "jdbc:sqlserver://h:1433"
    assert [field.name for field in fields] == ["user"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a=b",
        "text; with semicolons",
        "a=b; c",
        "https://h/?a=b;c=d",
        "jdbc:postgresql://h/db?a=b;c=d",
        "a='b;c=d",
        "1=a;2=b",
        "a=b\nc=d;",
        "x" * 100 + "=a;b=c",
    ],
)
def test_other_texts_have_no_fields(text: str) -> None:
    assert fields_of(text)[0] == []


@pytest.mark.parametrize("name", ["Host", "Server", "Data Source", "Addr", "HOSTNAME"])
def test_field_that_names_a_host_is_known(name: str) -> None:
    assert [field.is_host for field in fields_of(f"{name}=h;Port=1")[0]] == [True, False]


def test_fields_of_libpq_are_separated_by_spaces() -> None:
    fields, _ = fields_of(" host=h  password = 'a\\' b'\nuser=u\\ v dbname=")
    assert [(field.name, field.value, field.quoting) for field in fields] == [
        ("host", "h", Escape.LIBPQ_VALUE),
        ("password", "a\\' b", Escape.LIBPQ),
        ("user", "u\\ v", Escape.LIBPQ),
        ("dbname", "", Escape.LIBPQ),
    ]


@pytest.mark.parametrize(
    "text", ["", "host=h", "user=u password=p", "host=h colour=red", "host=h and more", "host=h 'x"]
)
def test_other_texts_are_not_libpqs(text: str) -> None:
    assert fields_of(text) == ([], text)


@pytest.mark.parametrize(
    "text", ["a=b;" * 10_000 + "!", "a" * 60_000, " " * 60_000 + ";", "a='" * 20_000]
)
def test_long_texts_are_decided_at_once(text: str) -> None:
    assert fields_of(text)[0] == []
    assert fields_of(text) == ([], text)
