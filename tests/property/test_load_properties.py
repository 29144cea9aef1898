"""Whatever a file holds: a plan or an error with a place in the file, and no value in any error."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from secrets_component.errors import SecretMapError
from secrets_component.planning.planner import load_plans, plans
from secrets_component.secret_map import yaml_text

ROOT = Path(__file__).parent.parent.parent
GOOD = [(ROOT / "stacks" / "dev.yaml").read_text("utf-8")] + [
    path.read_text("utf-8") for path in sorted((ROOT / "tests" / "maps").glob("*.yaml"))
]
NEEDLE = "Zq7NeedleOfASecret"
LINE_BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # YAML 1.1's
quick = settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))

structured = settings(quick, max_examples=60)


def problems_of(text: str) -> str:
    """Load, check and plan a text; return its problems, after checking their positions."""
    try:
        plans(yaml_text.parse_yaml(text, "m"))
    except SecretMapError as error:
        lines = LINE_BREAKS.split(text)
        for problem in error.problems:
            assert 1 <= problem.position.line <= len(lines), problem
            line = lines[problem.position.line - 1]
            assert 1 <= problem.position.column <= len(line) + 1, problem
        return str(error)
    return ""


@quick
@given(st.text(st.characters(), max_size=300))
@example("\ud800: a")
@example("\ufeffa: 1")
@example("a: 1\x00")
@example("a: " + "9" * 5000)
@example("? a\n: 1")
@example("%YAML 2.0\n---\na: 1")
@example("%TAG ! tag:x,2000:\n---\na: !b 1")
@example("\u2028a: [")
def test_any_text_becomes_a_plan_or_a_problem(text: str) -> None:
    problems_of(text)


YAML_WORDS = st.sampled_from(
    [
        *[
            "a",
            "context_name",
            "secrets",
            "secret_data",
            "<<",
            "&x",
            "*x",
            "!t",
            "!!str",
            "!!map",
            ": ",
            "- ",
        ],
        *[
            "? ",
            "\n",
            "\n  ",
            "\n    ",
            "[",
            "]",
            "{",
            "}",
            ", ",
            "'",
            '"',
            "|",
            ">",
            "#",
            "\t",
            "---",
        ],
        *[
            "...",
            "%YAML 1.1",
            "~",
            "0x1f",
            "1e999",
            ".nan",
            "é",
            "\u2028",
            "\x85",
            "\r",
            "\\",
            "${",
        ],
    ]
)


@quick
@given(st.lists(YAML_WORDS, max_size=40).map("".join))
@example("? <<")
@example("? context_name")
@example("a: !!map [b]")
@example("? !!str [a]")
@example("a: {<<: !t {b: c}}")
def test_any_yaml_punctuation_becomes_a_plan_or_a_problem(text: str) -> None:
    problems_of(text)


@quick
@given(st.binary(max_size=300))
@example(b"\xff\xfea\x00:\x00")
@example(b"\xef\xbb\xbf")
@example(b"a: \xed\xa0\x80")
def test_any_bytes_in_a_file_become_a_plan_or_a_problem(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(raw)
    try:
        load_plans(path)
    except SecretMapError as error:
        lines = raw.count(b"\n") + raw.count(b"\r") + 10 * raw.count(b"\xe2\x80") + 1
        assert all(1 <= p.position.line <= lines for p in error.problems)
        assert all(p.position.column >= 1 for p in error.problems)


@st.composite
def damaged_maps(draw: Any) -> str:
    """A good map with some of its text cut out, doubled, or replaced."""
    text = draw(st.sampled_from(GOOD))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        put = draw(st.one_of(YAML_WORDS, st.just(text[start:end] * 2), st.text(max_size=5)))
        text = text[:start] + put + text[end:]
    return text


@quick
@given(damaged_maps())
def test_damaged_map_becomes_a_plan_or_a_problem(text: str) -> None:
    problems_of(text)


# structures: anything YAML can say, under the keys of a map

HEADER_KEYS = ["context_name", "environment", "name", "tags", "default_kms_key_id", "kms", "stacks"]
BLOCKS = ["secrets", "defaults", "components"]
ENTRY_KEYS = [
    *["name", "path", "description", "generate_random_password", "random_password", "random"],
    *["secret_data", "secret_binary", "rotation_automatically", "rotation_days", "owner", "tags"],
    *["rotation_schedule", "rotation_window", "rotation_lambda_arn", "rotate_immediately"],
    *["kms_key_id", "recovery_window_in_days", "replicas", "policy", "protect", "import"],
    *["restore_deleted", "renamed_from", "rotated_fields", "length", "create", "alias", "stack"],
    *["when_missing", "region", "template", "principals", "organization_id", "keepers"],
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        [
            *[
                "${",
                "${output.a.b}",
                "${random.x}",
                "${config.x}",
                "${env.X}",
                "$${",
                "${output..}",
            ],
            *["alias/x", "rate(1 day)", "cron(* * * * * *)", "3h", "rotation", "wait", "eu-west-1"],
            *[
                "arn:aws:iam::111122223333:role/r",
                "YQ==",
                "a/b",
                "/",
                '{"a": "${output.a.b}"}',
                "{",
            ],
        ]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.sampled_from(ENTRY_KEYS), st.text(max_size=6)), inner, max_size=4
        ),
        st.dictionaries(st.one_of(st.integers(), st.none(), st.booleans()), inner, max_size=2),
    ),
    max_leaves=8,
)
ENTRIES = st.dictionaries(st.sampled_from(ENTRY_KEYS), VALUES, max_size=5)
MAPS = st.fixed_dictionaries(
    {"context_name": st.one_of(st.just("app"), VALUES)},
    optional={
        **dict.fromkeys(HEADER_KEYS[1:], VALUES),
        "defaults": st.one_of(ENTRIES, VALUES),
        "secrets": st.one_of(
            st.dictionaries(st.one_of(st.just("a"), st.text(max_size=6)), ENTRIES, max_size=3),
            VALUES,
        ),
        "components": st.one_of(st.just({"terraform": {"secretsmanager": {"vars": {}}}}), VALUES),
    },
)


def as_yaml(data: Any) -> str:
    return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False))


@structured
@given(MAPS)
@example({"context_name": "a", "secrets": {"a": {"=": None, "[key]": 1, "tags": {"=text": 1}}}})
@example({"=": 1, "kms": {"=block": 1, "[key]": 1}, "stacks": {"=": {"=": 1}}})
def test_any_structure_becomes_a_plan_or_a_problem(data: dict[str, Any]) -> None:
    problems_of(as_yaml(data))


@structured
@given(MAPS)
def test_any_structure_in_the_atmos_form_becomes_a_plan_or_a_problem(data: dict[str, Any]) -> None:
    inside = {"secretsmanager": {"vars": data}, "rds": {"vars": data}}
    problems_of(as_yaml({"components": {"terraform": inside}}))


@pytest.mark.parametrize(
    "value",
    [
        "[" * 60 + "]" * 60,
        "{a: " * 60 + "1" + "}" * 60,
        "&x {a: &y [1, 2], b: *y}",
        "&x [*x]",
        "9" * 5000,
        "-0x10",
        "1e999",
        ".nan",
        "!!binary YQ==",
        "2012-10-17",
        "'\U0001f511 ключ 鍵'",
        "{? [a]: 1}",
        "''",
    ],
    ids=lambda value: str(value)[:8],
)
def test_odd_values_never_crash_under_any_key(value: str) -> None:
    for key in [*HEADER_KEYS, *BLOCKS]:
        problems_of(f"context_name: app\nsecrets: {{a: {{secret_data: v}}}}\n{key}: {value}\n")
    for key in ENTRY_KEYS:
        problems_of(f"context_name: app\nsecrets:\n  a:\n    {key}: {value}\n")


@quick
@given(st.text(max_size=30))
@example("")
@example("a/b")
def test_any_environment_is_accepted_or_refused(environment: str) -> None:
    document = yaml_text.parse_yaml("context_name: app\nsecrets: {a: {secret_data: v}}\n", "m")
    try:
        (plan,) = plans(document, environment).values()
    except ValueError as error:
        assert str(error).startswith("the environment ")
    else:
        assert plan.secrets["a"].name == f"app/{environment}/a"


# no value in any error

POSITIONS = st.sampled_from(
    [
        "context_name: app\nsecrets:\n  a: {secret_data: %s}\n",
        "context_name: app\nsecrets:\n  a: {secret_binary: %s}\n",
        "context_name: app\nsecrets:\n  a: {secret_dta: %s}\n",
        "context_name: app\nsecrets:\n  a: {name: b, value: %s}\n",
        "context_name: app\nsecrets:\n  a: {secret_data: v, tag: {secret: %s}}\n",
        "context_name: app\nsecrets:\n  a: %s\n",
        "context_name: app\nsecret: {a: {secret_data: %s}}\nsecrets: {}\n",
        "context_name: app\ndefaults: {secret_data: %s}\nsecrets: {a: {nam: x}}\n",
        "context_name: app\nsecrets:\n  a: {secret_data: {user: u, password: %s}, nam: x}\n",
        "context_name: app\nsecrets:\n  a: {secret_data: %s, secret_binary: %s, random: 1}\n",
        "context_name: app\nsecrets:\n  a: {secret_data: v, recovery_window_in_days: %s}\n",
        "context_name: app\nsecrets:\n  a: {secret_data: v, generate_random_password: %s}\n",
        "context_name: app\nsecrets:\n  a: {secret_data: v, owner: %s}\n",
        "context_name: app\nsecrets:\n  a: {secret_data: v, replicas: %s}\n",
        "context_name: app\nsecrets:\n  a: {secret_data: &v %s, b: *v, c: *w}\n",
        "components: {terraform: {secretsmanager: {vars: {secrets: {a: {secret_data: %s}}}}}}\n",
        "components: {terraform: {secretmanager: {vars: %s}}}\n",
        "- %s\n",
        "%s\n",
    ]
)
FORMS: list[Callable[[str], str]] = [
    lambda v: v,
    lambda v: yaml.safe_dump(v, default_style='"', width=10**6).strip(),
    lambda v: "'" + v.replace("'", "''") + "'",
    lambda v: '"' + v,
    lambda v: f"[{v}]",
    lambda v: f"{{password: {v}}}",
    lambda v: f"!{v} x",
    lambda v: f"*{v}",
    lambda v: f"&{v} x",
    lambda v: f"!!python/object:{v} x",
    lambda v: f'\'{{"password": "{v}"\'',
]
AROUND = st.text(st.sampled_from(" ${}[]:,'\"\\%@`|&*!?#-.<>\n\tab1é"), max_size=5)


@settings(quick, max_examples=300)
@given(POSITIONS, st.sampled_from(FORMS), AROUND, AROUND)
def test_no_error_shows_a_value(
    place: str, form: Callable[[str], str], before: str, after: str
) -> None:
    text = place.replace("%s", form(f"{before}{NEEDLE}{after}"))
    assert NEEDLE not in problems_of(text)


@pytest.mark.parametrize("digits", ["7" * 20, "7" * 5000, "7.25e77", "0x" + "7" * 20])
@pytest.mark.parametrize("key", ["secret_data", "secret_binary", "secret_dta", "owner", "name"])
def test_no_error_shows_a_number(key: str, digits: str) -> None:
    said = problems_of(f"context_name: app\nsecrets:\n  a: {{{key}: {digits}}}\n")
    assert digits not in said
    assert "7777" not in said


# the parser underneath


@pytest.fixture(scope="module")
def plain() -> ModuleType:
    """The module as it is where PyYAML was built without libyaml."""
    spec = importlib.util.spec_from_file_location("load_without_libyaml", yaml_text.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "yaml._yaml", None)
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
    assert not module.HAS_LIBYAML
    return module


def test_this_environment_has_libyaml() -> None:
    assert yaml_text.HAS_LIBYAML


def data_or_refusal(parse: Callable[[str, str], Any], text: str) -> str:
    """What a parser makes of a text, as a text: NaN is not equal to itself."""
    try:
        return repr(parse(text, "m").data)
    except SecretMapError:
        return "refused"


@structured
@given(data=MAPS, style=st.sampled_from([None, '"', "'", "|", ">"]), flow=st.booleans())
def test_both_parsers_read_the_same_structures(
    plain: ModuleType, *, data: dict[str, Any], style: str | None, flow: bool
) -> None:
    text = yaml.safe_dump(data, default_style=style, default_flow_style=flow, allow_unicode=True)
    assert data_or_refusal(plain.parse_yaml, text) == data_or_refusal(yaml_text.parse_yaml, text)


@quick
@given(damaged_maps())
def test_both_parsers_read_damaged_maps_alike(plain: ModuleType, text: str) -> None:
    fast = data_or_refusal(yaml_text.parse_yaml, text)
    slow = data_or_refusal(plain.parse_yaml, text)
    assert fast == slow or "refused" in (fast, slow)


@quick
@given(st.one_of(st.lists(YAML_WORDS, max_size=30).map("".join), st.text(max_size=200)))
def test_the_parser_without_libyaml_never_crashes_either(plain: ModuleType, text: str) -> None:
    try:
        plans(plain.parse_yaml(text, "m"))
    except SecretMapError as error:
        assert all(p.position.line >= 1 and p.position.column >= 1 for p in error.problems)
