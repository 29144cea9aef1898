"""How a value is written for its place: the rules, one by one."""

import pytest

from secrets_component.secret_map.escapes import Escape, EscapeError, escaped, is_host_with_port


@pytest.mark.parametrize(
    ("escape", "text", "expected"),
    [
        (Escape.DROP_PORT, "db:5432", "db"),
        (Escape.DROP_PORT, "[::1]:80", "[::1]"),
        (Escape.DROP_PORT, "::1", "::1"),
        (Escape.DROP_PORT, "db:port", "db:port"),
        (Escape.PERCENT, "a/b?c d%ä", "a%2Fb%3Fc%20d%25%C3%A4"),
        (Escape.PERCENT_PATH, "a/b?c", "a/b%3Fc"),
        (Escape.PERCENT_HOST, "h1:1,[::1]:2/x", "h1:1,[::1]:2/x"),
        (Escape.PERCENT_HOST, "%2Fvar", "%2Fvar"),
        (Escape.PERCENT_HOST, "u@h?#", "u%40h%3F%23"),
        (Escape.JSON, 'a"\\\n\u2028ä', 'a\\"\\\\\\n\u2028ä'),
        (Escape.JSON_VALUE, '{"a": 1}', '{"a": 1}'),
        (Escape.JSON_VALUE, "5432", "5432"),
        (Escape.LIBPQ, "a b'\\", "a\\ b\\'\\\\"),
        (Escape.LIBPQ, "", ""),
        (Escape.LIBPQ_VALUE, "", "''"),
        (Escape.LIBPQ_VALUE, "a", "a"),
        (Escape.FIELD, "c2VjcmV0=", "c2VjcmV0="),
        (Escape.SINGLE_QUOTED, "it's;\"}", "it''s;\"}"),
        (Escape.DOUBLE_QUOTED, "it's;\"}", 'it\'s;""}'),
        (Escape.BRACED, "it's;\"}", "it's;\"}}"),
    ],
)
def test_value_is_written_for_its_place(escape: Escape, text: str, expected: str) -> None:
    assert escaped(text, escape) == expected


@pytest.mark.parametrize("text", ["a;b", "'a", '"a', "{a", "=a", " a", "a ", "a\nb"])
def test_value_that_needs_quotes_in_a_field_is_refused_without_the_value(text: str) -> None:
    with pytest.raises(EscapeError) as refused:
        escaped(f"{text}hunter2" if text != "a " else "hunter2 ", Escape.FIELD)
    assert "hunter2" not in str(refused.value)
    assert "write quotes around the reference (`Password='${…}'`)" in str(refused.value)


@pytest.mark.parametrize("text", ["", "a", "1, 2", '"a', "Infinity", "[" * 5000])
def test_text_that_is_not_one_json_value_is_refused(text: str) -> None:
    with pytest.raises(EscapeError, match=r"^makes the JSON invalid; quote the reference$"):
        escaped(text, Escape.JSON_VALUE)


@pytest.mark.parametrize(
    ("key", "siblings", "expected"),
    [
        ("host", ["port"], True),
        ("HostName", ["a", "PORT"], True),
        ("host", ["ports"], False),
        ("server", ["port"], False),
    ],
)
def test_host_has_a_port_beside_it(key: str, siblings: list[str], expected: bool) -> None:
    assert is_host_with_port(key, siblings) is expected
