"""Whatever a password holds, every context gives it back, and no error shows it."""

import json
from urllib.parse import parse_qs, unquote, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from secrets_component.errors import SecretMapError
from secrets_component.planning.planner import plans
from secrets_component.secret_map import references
from secrets_component.secret_map.yaml_text import parse_yaml

PASSWORDS = st.text(
    st.characters(min_codepoint=1, exclude_categories=["Cs"]), min_size=1, max_size=60
)
REFERENCE = "${output.secretsmanager.generated_passwords.pw}"


def rendered(text: str, password: str) -> str:
    bad: list[references.BadReference] = []
    return references.render(references.parse_value(text, bad), lambda _: password)


@given(PASSWORDS)
@example('"\\@/:%é')
@example("${output.a.b}")
@example(":5432")
def test_json_string_gives_the_password_back(password: str) -> None:
    assert json.loads(rendered(f'{{"p": "{REFERENCE}"}}', password)) == {"p": password}


@given(PASSWORDS)
@example('"\\@/:%é')
def test_url_user_part_gives_the_password_back(password: str) -> None:
    url = rendered(f"postgresql://u:{REFERENCE}@h:5432/db", password)
    parts = urlsplit(url)
    assert unquote(parts.password or "") == password
    assert (parts.username, parts.hostname, parts.port, parts.path) == ("u", "h", 5432, "/db")


@given(PASSWORDS)
def test_query_parameter_gives_the_password_back(password: str) -> None:
    url = rendered(f"https://h/p?a=1&p={REFERENCE}&b=2", password)
    assert parse_qs(urlsplit(url).query)["p"] == [password]


@given(PASSWORDS)
def test_url_inside_json_gives_the_password_back(password: str) -> None:
    url = json.loads(rendered(f'{{"u": "https://u:{REFERENCE}@h/"}}', password))["u"]
    assert unquote(urlsplit(url).password or "") == password


@given(PASSWORDS)
def test_mapping_gives_the_password_back(password: str) -> None:
    structure = references.parse_structure({"a": {"p": REFERENCE, "t": f"<{REFERENCE}>"}}, [])
    text = references.render(structure, lambda _: password)
    assert json.loads(text) == {"a": {"p": password, "t": f"<{password}>"}}


@given(PASSWORDS)
def test_plain_text_gives_the_password_back(password: str) -> None:
    assert rendered(f"a {REFERENCE} b", password) == f"a {password} b"


@given(st.text(max_size=200))
def test_no_text_makes_parsing_crash(text: str) -> None:
    bad: list[references.BadReference] = []
    template = references.parse_value(text, bad)
    if not bad:
        references.render(template, lambda _: "x") if not template.is_json else None


@given(st.text(max_size=300))
def test_no_text_makes_loading_crash(text: str) -> None:
    try:
        plans(parse_yaml(text, "m"))
    except SecretMapError as error:
        assert all(problem.position.line >= 1 for problem in error.problems)


NEEDLE = "Zq7NeedleOfASecret"
DAMAGE = st.sampled_from(
    [
        "${",
        "${x}",
        "*",
        "&",
        "!",
        "\\q",
        "\t",
        "'",
        '"',
        "{",
        "[",
        ": ",
        "%",
        "@",
        "`",
        "- ",
        "|",
        "#",
    ]
)
STYLES = st.sampled_from(["{}", '"{}"', "'{}'", "|\n      {}", "[{}]", "{{k: {}}}", "{{{}: 1}}"])


@given(st.lists(DAMAGE, max_size=4), st.lists(DAMAGE, max_size=4), STYLES)
def test_no_error_shows_a_value_under_secret_data(
    before: list[str], after: list[str], style: str
) -> None:
    value = "".join(before) + NEEDLE + "".join(after)
    text = (
        "context_name: x\nsecrets:\n  a:\n    nam: y\n    secret_data: "
        + style.format(value)
        + "\n"
    )
    try:
        plans(parse_yaml(text, "m"))
    except SecretMapError as error:
        assert NEEDLE not in str(error)
