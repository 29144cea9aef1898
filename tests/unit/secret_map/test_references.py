"""`${…}`: parsed, escaped for the place, rendered."""

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from secrets_component.secret_map import references
from secrets_component.secret_map.references import Reference, ReferenceKind, Template

NASTY = "p\"\\@/:%é&=?#+ '<>{}$"
HOST = "db.example.com:5432"


def fill(text: str, **values: object) -> str:
    bad: list[references.BadReference] = []
    template = references.parse_value(text, bad)
    assert not bad
    return references.render(template, lambda reference: values[reference.path[-1]])


def fill_structure(data: dict[str, Any], **values: object) -> dict[str, Any]:
    bad: list[references.BadReference] = []
    structure = references.parse_structure(data, bad)
    assert not bad
    return json.loads(references.render(structure, lambda ref: values[ref.path[-1]]))


def test_guides_url_keeps_password_and_has_one_port() -> None:
    url = fill(
        "postgresql://${output.rds.user}:${output.secretsmanager.generated_passwords.pw}"
        "@${output.rds.endpoint}:5432/${output.rds.db}",
        user="app",
        pw=NASTY,
        endpoint=HOST,
        db="orders",
    )
    parts = urlsplit(url)
    assert (unquote(parts.password or ""), parts.hostname, parts.port, parts.path) == (
        NASTY,
        "db.example.com",
        5432,
        "/orders",
    )


def test_guides_json_keeps_password_and_splits_host_and_port() -> None:
    text = fill(
        '{"host": "${output.rds.endpoint}", "port": 5432, "password": "${output.x.pw}"}',
        endpoint=HOST,
        pw=NASTY,
    )
    assert json.loads(text) == {"host": "db.example.com", "port": 5432, "password": NASTY}


def test_host_without_a_port_beside_it_stays_as_it_is() -> None:
    assert json.loads(fill('{"host": "${output.rds.endpoint}"}', endpoint=HOST)) == {"host": HOST}


def test_url_inside_json_is_escaped_for_both() -> None:
    text = fill('{"url": "https://u:${output.x.pw}@h/"}', pw=NASTY)
    assert unquote(urlsplit(json.loads(text)["url"]).password or "") == NASTY


def test_query_parameter_is_percent_encoded() -> None:
    url = fill("jdbc:postgresql://h/db?user=u&password=${output.x.pw}&ssl=true", pw=NASTY)
    assert parse_qs(url.partition("?")[2])["password"] == [NASTY]


def test_host_without_written_port_keeps_the_values_port() -> None:
    assert fill("https://${output.a.h}/x", h=HOST) == f"https://{HOST}/x"


@pytest.mark.parametrize(
    "text", ["user=a password={}", "{}:5432:db:{}", "u:{}@tcp(h:1)/d", "K={};"]
)
def test_elsewhere_verbatim(text: str) -> None:
    expected = text.replace("{}", NASTY)
    assert fill(text.replace("{}", "${output.x.pw}"), pw=NASTY) == expected


def test_mapping_is_stored_as_json_and_keeps_kinds() -> None:
    data = {"port": "${output.r.port}", "n": 1, "on": True, "list": ["${output.r.pw}"], "t": None}
    assert fill_structure(data, port=5432.0, pw=NASTY) == {
        "port": 5432,
        "n": 1,
        "on": True,
        "list": [NASTY],
        "t": None,
    }


def test_number_outside_a_json_string_stays_a_number() -> None:
    assert json.loads(fill('{"port": ${output.r.port}}', port=5432.0)) == {"port": 5432}


@pytest.mark.parametrize("value", ['x" : hunter2', '1, "hunter2": 2', "NaN", "hunter2", ""])
def test_json_that_a_value_would_change_is_refused_without_the_value(value: str) -> None:
    with pytest.raises(references.RenderError) as refused:
        fill('{"a": ${output.r.broken}}', broken=value)
    assert str(refused.value) == (
        "the value of `${output.r.broken}` makes the JSON invalid; quote the reference"
    )


def test_numbers_are_whole_at_any_depth() -> None:
    value = {"port": 5432.0, "list": [1.0, {"n": 2.5}], "big": 1e22}
    expected = {"port": 5432, "list": [1, {"n": 2.5}], "big": 10**22}
    assert fill_structure({"a": "${output.r.v}"}, v=value) == {"a": expected}
    assert fill("v=${output.r.v}", v=value) == f"v={json.dumps(expected)}"
    assert "5432.0" not in fill('{"a": ${output.r.v}}', v=value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), [object()], {"a": b""}])
def test_value_that_json_does_not_have_is_refused(value: object) -> None:
    for text in ("${output.r.v}", "a ${output.r.v}", '{"a": ${output.r.v}}'):
        with pytest.raises(references.RenderError, match="has a value that JSON cannot hold"):
            fill(text, v=value)
    with pytest.raises(references.RenderError, match="has a value that JSON cannot hold"):
        fill_structure({"a": "${output.r.v}"}, v=value)


def test_key_of_a_mapping_is_filled_in() -> None:
    assert fill_structure({"${output.r.k}": "v", "$${x}": 1, "n": 5}, k="a") == {
        "a": "v",
        "${x}": 1,
        "n": 5,
    }
    structure = references.parse_structure({"${random.k}": {"${env.K}": 1}}, [])
    assert [str(one) for one in structure.references] == ["${random.k}", "${env.K}"]


def test_key_that_becomes_another_key_is_refused_without_the_value() -> None:
    with pytest.raises(references.RenderError) as refused:
        fill_structure({"hunter2": 1, "${output.r.k}": 2}, k="hunter2")
    assert str(refused.value) == "`${output.r.k}`: the value is also another key of this mapping"


def test_port_that_is_a_reference_replaces_the_port_of_the_host() -> None:
    url = fill("amqps://u@${output.mq.endpoint}:${output.mq.port}/v", endpoint=HOST, port=5671.0)
    assert url == "amqps://u@db.example.com:5671/v"
    assert fill("amqps://u@h:${output.mq.port}", port="5671") == "amqps://u@h:5671"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Host=${output.r.h};Port=5432", "Host=db.example.com;Port=5432"),
        ("Host=${output.r.h};Database=d", "Host=db.example.com:5432;Database=d"),
        ("Server=tcp:${output.r.h},1433;Database=d", "Server=tcp:db.example.com,1433;Database=d"),
        ("jdbc:sqlserver://${output.r.h}:1;user=u", "jdbc:sqlserver://db.example.com:1;user=u"),
        ("host=${output.r.h} port=5432 user=u", "host=db.example.com port=5432 user=u"),
        ("host=${output.r.h} user=u", "host=db.example.com:5432 user=u"),
    ],
)
def test_port_of_a_connection_string_replaces_the_port_of_the_host(
    text: str, expected: str
) -> None:
    assert fill(text, h=HOST) == expected


def test_reference_in_too_many_texts_is_reported() -> None:
    text = "https://h/" + "?u=https://h/" * 9 + "?p=${env.HUNTER2}"
    bad: list[references.BadReference] = []
    references.parse_value(text, bad)
    assert [one.message[:63] for one in bad] == [
        "a reference in this value is nested in more than eight document"
    ]


def test_more_references_than_a_value_can_hold_are_reported() -> None:
    bad: list[references.BadReference] = []
    references.parse_value("${env.A}" * 70_000, bad)
    assert [one.message for one in bad] == ["more than 65,520 references"]


def test_double_dollar_is_a_literal() -> None:
    assert fill("a$${b}${output.x.y}$", y="1") == "a${b}1$"
    assert fill("$$") == "$$"
    assert fill("$$$$") == "$$$$"


def test_dollar_signs_before_a_reference_stay_in_front_of_its_value() -> None:
    assert fill("$$${output.x.y}", y="1") == "$1"
    assert fill("$$$${output.x.y}") == "$${output.x.y}"
    assert fill("$$$$${output.x.y}", y="1") == "$$1"
    assert fill("$5 ${output.x.y}", y="1") == "$5 1"


def test_null_output_is_refused() -> None:
    with pytest.raises(references.RenderError, match="has no value"):
        fill("${output.x.y}", y=None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a ${output.x", "never closed"),
        ("${outptu.x.y}", "did you mean `output`"),
        ("${hunter2}", "unknown reference"),
        ("${output.x}", "incomplete"),
        ("${output.x.}", "incomplete"),
        ("${random}", "incomplete"),
        ("${random.a.private}", "incomplete"),
        ("${random.a.public.b}", "incomplete"),
        ("${env.A B}", "incomplete"),
    ],
)
def test_bad_references_are_reported_without_their_text(text: str, message: str) -> None:
    bad: list[references.BadReference] = []
    references.parse(text, bad)
    assert len(bad) == 1
    assert message in bad[0].message
    assert "hunter2" not in bad[0].message


def test_all_bad_references_of_a_text_are_reported() -> None:
    bad: list[references.BadReference] = []
    references.parse("${a} ${b} ${output.x.y}", bad)
    assert len(bad) == 2


KNOWN = (
    "expected one of `${output.<component>.<name>}`, `${random.<name>}`, `${config.<key>}`, "
    "`${env.<NAME>}`, `${file.<path>}`; write `$${` for a literal `${`"
)


@pytest.mark.parametrize(
    ("text", "piece", "message"),
    [
        ("a ${x} b", "${x}", f"unknown reference; {KNOWN}"),
        ("${outptu.x.y}", "${outptu.x.y}", f"unknown reference; did you mean `output`?; {KNOWN}"),
        ("${}", "${}", f"unknown reference; {KNOWN}"),
        (
            "${secret_arns.db}",
            "${secret_arns.db}",
            f"unknown reference; did you mean `${{output.secretsmanager.secret_arns.db}}`?; {KNOWN}",
        ),
        (
            "${passwords.db.token}",
            "${passwords.db.token}",
            f"unknown reference; did you mean `${{output.secretsmanager.generated_passwords.db.token}}`?; {KNOWN}",
        ),
        ("${passwords.hunter 2}", "${passwords.hunter 2}", f"unknown reference; {KNOWN}"),
        ("${file.}", "${file.}", "incomplete reference; expected `${file.<path>}`"),
        ("${file.a\tb}", "${file.a\tb}", "incomplete reference; expected `${file.<path>}`"),
        ("${env.}", "${env.}", "incomplete reference; expected `${env.<NAME>}`"),
        ("${config.a b}", "${config.a b}", "incomplete reference; expected `${config.<key>}`"),
        (
            "a ${output.x.y\nb",
            "${output.x.y",
            "`${` is never closed; write `}` after the reference, or `$${` for a literal `${`",
        ),
    ],
)
def test_bad_reference_is_reported_with_the_piece_to_point_at(
    text: str, piece: str, message: str
) -> None:
    bad: list[references.BadReference] = []
    references.parse(text, bad)
    assert bad == [references.BadReference(message, piece)]


def test_text_is_printed_as_the_map_writes_it() -> None:
    assert str(references.parse("a ${random.x} ${output.a.b.c}", [])) == (
        "a ${random.x} ${output.a.b.c}"
    )


@pytest.mark.parametrize("path", ["a", "certs/server key.pem", "../x.d/ü.crt", "/run/secrets/a$b"])
def test_file_is_named_by_any_path(path: str) -> None:
    (reference,) = references.parse(f"<${{file.{path}}}>", [], own={"a"}).references
    assert (reference.kind, reference.path) == (ReferenceKind.FILE, (path,))


def test_public_half_of_a_key_pair_is_a_second_part_of_its_name() -> None:
    template = references.parse("${random.secretsmanager.public}", [], own={"secretsmanager"})
    (reference,) = template.references
    assert (reference.kind, reference.path) == (
        ReferenceKind.RANDOM,
        ("secretsmanager", "public"),
    )
    assert str(template) == "${random.secretsmanager.public}"


def test_references_are_listed_in_order_and_once() -> None:
    template = references.parse("${random.b} ${random.a} ${random.b}", [])
    assert [str(one) for one in template.references] == ["${random.b}", "${random.a}"]


def test_references_of_a_structure_are_listed_in_order_and_once() -> None:
    data: dict[str, references.Json] = {
        "x": ["${random.b}", {"y": "${random.a}"}],
        "z": "${random.b}",
        "n": 1,
    }
    structure = references.parse_structure(data, [])
    assert [str(one) for one in structure.references] == ["${random.b}", "${random.a}"]


def test_host_of_a_structure_loses_its_port_next_to_a_port() -> None:
    data = {"host": "${output.r.h}", "port": 1, "a": {"HostName": "${output.r.h}"}}
    assert fill_structure(data, h=HOST) == {
        "host": "db.example.com",
        "port": 1,
        "a": {"HostName": HOST},
    }


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("db", "db"),
        ("db:5432", "db"),
        ("10.0.0.1:5432", "10.0.0.1"),
        ("::1", "::1"),
        ("2001:db8::5432", "2001:db8::5432"),
        ("[::1]:5432", "[::1]"),
        ("[::1]", "[::1]"),
        ("db:port", "db:port"),
    ],
)
def test_dropping_a_port_keeps_the_host(host: str, expected: str) -> None:
    assert fill("tcp://${output.r.h}:1/x", h=host) == f"tcp://{expected}:1/x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://${output.x.v}@h/", "https://a%2Fb@h/"),
        ("https://h/?q=${output.x.v}", "https://h/?q=a%2Fb"),
        ("https://h/?q=${output.x.v}#f", "https://h/?q=a%2Fb#f"),
        ("https://h/?a=1&q=${output.x.v}&b=2", "https://h/?a=1&q=a%2Fb&b=2"),
        ("https://h/${output.x.v}", "https://h/a/b"),
        ("https://h/?q=x${output.x.v}", "https://h/?q=xa%2Fb"),
        ("https://h/?q=${output.x.v}x", "https://h/?q=a%2Fbx"),
        ("https://h/?${output.x.v}=x", "https://h/?a%2Fb=x"),
        ("https://h/?${output.x.v}", "https://h/?a/b"),
        ("https://h/?a=1&${output.x.v}#f", "https://h/?a=1&a/b#f"),
        ("https://h/#${output.x.v}", "https://h/#a%2Fb"),
        ("https://${output.x.v}", "https://a/b"),
        ("https://u:p@${output.x.v}", "https://u:p@a/b"),
        ("https://h/q=${output.x.v}", "https://h/q=a/b"),
        ("q=${output.x.v}", "q=a/b"),
        ("https://h ?q=${output.x.v}", "https://h ?q=a/b"),
    ],
)
def test_what_a_url_has_one_of_is_percent_encoded(text: str, expected: str) -> None:
    assert fill(text, v="a/b") == expected


def test_whole_structure_value_keeps_its_type_but_not_inside_a_text() -> None:
    data = {"a": "${output.x.v}", "b": "<${output.x.v}>", "c": ["${output.x.v}"]}
    assert fill_structure(data, v=[1, True]) == {
        "a": [1, True],
        "b": "<[1, true]>",
        "c": [[1, True]],
    }


def test_json_document_keeps_its_references_as_they_are_written() -> None:
    text = '{"a": "<${random.x}>", "b": ${env.B}, "${env.K}": ["\\"", 1]}'
    document = references.json_document(references.parse(text, []))
    assert document == {"a": "<${random.x}>", "b": "${env.B}", "${env.K}": ['"', 1]}


@pytest.mark.parametrize("text", ["1", "null", '"a"', "{", "[1", "text"])
def test_other_texts_are_not_json_documents(text: str) -> None:
    assert references.json_document(references.parse(text, [])) is None
    assert not references.parse_value(text, []).is_json


def test_config_keys_may_have_a_namespace() -> None:
    template = references.parse("${config.aws:region}", [])
    assert template.references == (Reference(ReferenceKind.CONFIG, ("aws:region",)),)


def test_plain_text_is_one_part() -> None:
    assert references.parse("plain", []) == Template(("plain",))


OWN = frozenset({"secretsmanager", "own-instance"})


@pytest.mark.parametrize("component", sorted(OWN))
def test_output_of_the_map_itself_is_a_self_reference(component: str) -> None:
    text = f"${{output.{component}.generated_passwords.a.b}}"
    template = references.parse(text, [], OWN)
    path = (component, "generated_passwords", "a", "b")
    assert template.references == (Reference(ReferenceKind.SELF, path),)
    assert str(template) == text


def test_output_of_another_component_is_not_a_self_reference() -> None:
    template = references.parse("${output.rds.endpoint}", [], OWN)
    assert template.references == (Reference(ReferenceKind.OUTPUT, ("rds", "endpoint")),)


def test_values_and_structures_know_self_references() -> None:
    text = "${output.secretsmanager.secret_arns.a}"
    path = ("secretsmanager", "secret_arns", "a")
    expected = (Reference(ReferenceKind.SELF, path),)
    assert references.parse_value(text, [], OWN).references == expected
    assert references.parse_structure({"a": [text]}, [], OWN).references == expected


def test_self_reference_without_an_output_is_incomplete() -> None:
    bad: list[references.BadReference] = []
    references.parse("${output.secretsmanager}", bad, OWN)
    assert bad[0].message == "incomplete reference; expected `${output.<component>.<name>}`"


def test_self_is_not_a_kind_that_a_map_may_write() -> None:
    bad: list[references.BadReference] = []
    references.parse("${self.generated_passwords.a}", bad, OWN)
    assert bad[0].message.startswith("unknown reference; expected one of ")
    assert "${self" not in bad[0].message
