"""What strings and numbers would not become: references, functions, templates, spellings."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from secrets_component.errors import MapValueError, Report
from secrets_component.planning.planner import plans
from secrets_component.secret_map import model
from secrets_component.secret_map.contents import check_contents
from secrets_component.secret_map.forms import Instance, instances
from secrets_component.secret_map.program_data import read_data
from secrets_component.secret_map.yaml_text import parse_yaml
from tests.maps_of_tests import plan_of, problems_of

REF = "${config.x}"
TAKES_NONE = "takes no references, so `${…}` would stay as it is; write the value itself"


def entry(fields: str) -> str:
    """A map with one entry `a` whose fields start at 2:15."""
    return f"context_name: x\nsecrets: {{a: {{{fields}}}}}\n"


def reported(text: str) -> list[str]:
    (instance,) = instances(parse_yaml(text, "m"))
    report = Report(instance)
    check_contents(instance, report)
    return [str(problem) for problem in (*report.errors, *report.warnings)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (entry("description: 'the ${config.desc}'"), "m:2:28: error: `description`: "),
        (entry("name: '${env.N}'"), "m:2:21: error: `name`: "),
        (entry("path: '${env.N}/b'"), "m:2:21: error: `path`: "),
        (entry("import: '${env.N}'"), "m:2:23: error: `import`: "),
        (entry("tags: {t: '${config.t}'}"), "m:2:25: error: `t`: "),
        (entry("tags: {'${config.t}': v}"), "m:2:22: error: "),
        (entry("replicas: [{region: '${output.r.region}'}]"), "m:2:35: error: `region`: "),
        (
            entry("policy: {template: a, organization_id: '${env.O}'}"),
            "m:2:54: error: `organization_id`: ",
        ),
        (entry("random_password: {keepers: {k: '${env.K}'}}"), "m:2:46: error: `k`: "),
        (entry("rotated_fields: ['${env.K}']"), "m:2:32: error: `rotated_fields`: "),
        ("context_name: '${env.C}'\n", "m:1:15: error: `context_name`: "),
        ("environment: '${env.C}'\n", "m:1:14: error: `environment`: "),
        ("kms: {alias: '${env.C}'}\n", "m:1:14: error: `alias`: "),
        ("stacks: {lambda: '${env.S}'}\n", "m:1:18: error: `lambda`: "),
        ("access: {attach_to: ['${env.R}']}\n", "m:1:22: error: `attach_to`: "),
        ("access: {paths: {lambda: {attach_to: ['${x}']}}}\n", "m:1:39: error: `attach_to`: "),
        ("secrets: {'${env.K}': {}}\n", "m:1:11: error: "),
        ("defaults: {description: '${env.D}'}\n", "m:1:25: error: `description`: "),
    ],
)
def test_reference_where_none_is_filled_in_is_an_error(text: str, line: str) -> None:
    assert reported(text) == [f"{line}{TAKES_NONE}"]


@pytest.mark.parametrize(
    "fields",
    [
        "description: 'set ${HOME}'",
        "tags: {t: '${aws:username}', lambda: b}",
        """policy: '{"Resource": "${aws:PrincipalTag/team}"}'""",
        "policy: {Statement: [{Resource: '${aws:username}'}]}",
        "random_password: {override_special: '${}'}",
        "description: 'write $${config.x} there'",
    ],
)
def test_other_dollar_braces_in_free_text_stay_as_they_are(fields: str) -> None:
    assert reported(entry(fields)) == []


def test_reference_in_a_policy_document_is_an_error() -> None:
    for policy in ("""'{"Resource": "${output.r.arn}"}'""", "{Statement: ['${output.r.arn}']}"):
        assert TAKES_NONE in reported(entry(f"policy: {policy}"))[0]


def _strings_of(block: type[BaseModel], path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the paths of the fields of a block that can be a string, with the blocks below it."""
    found: list[tuple[str, ...]] = []
    for name, info in block.model_fields.items():
        schema = str(info.annotation)
        found.append((*path, info.alias or name))
        for inner in (model.HostedRotation, model.Replica, model.TemplatePolicy, model.Grants):
            if inner.__name__ in schema:
                found += _strings_of(inner, (*path, info.alias or name))
    return found


ROTATING = {
    "secret_data": {"engine": "postgres", "host": "h", "username": "u", "password": "p"},
    "rotation_automatically": True,
    "rotation": {"function": "generated-password"},
    "kms_key_id": "alias/x",
}
BESIDE: dict[str, dict[str, Any]] = {
    "rotation": {"function": "postgres-alternating-users", "superuser_secret_arn": REF},
    "replicas": {"region": "eu-west-1"},
    "policy": {"template": "read-secret-policy", "principals": ["111122223333"]},
}
INSTEAD_OF: dict[str, dict[str, Any]] = {
    "rotation_lambda_arn": {"rotation_automatically": True},
    "secret_binary": {},
}


def with_field(path: tuple[str, ...], value: object) -> dict[str, Any]:
    """Return an entry in which the field at a path has a value, and all that it needs."""
    entry = dict(INSTEAD_OF.get(path[0], ROTATING))
    if len(path) == 1:
        return {**entry, path[0]: value}
    block: Any = {**BESIDE.get(path[0], {}), path[1]: value}
    return {**entry, path[0]: [block] if path[0] == "replicas" else block}


@pytest.mark.parametrize("path", _strings_of(model.Fields, ()), ids=".".join)
@pytest.mark.parametrize("value", [REF, [REF], {"k": REF}], ids=["text", "list", "mapping"])
def test_every_field_fills_a_reference_in_or_says_that_it_does_not(
    path: tuple[str, ...], value: object
) -> None:
    data = {"context_name": "x", "secrets": {"a": with_field(path, value)}}
    try:
        (plan,) = plans(read_data(data, "m"), "dev").values()
    except MapValueError as error:
        assert error.problems
    else:
        assert REF in map(str, plan.secrets["a"].references)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("secret_data", REF),
        ("secret_data", {"k": [REF]}),
        ("secret_binary", REF),
        ("rotation_lambda_arn", REF),
        ("rotation.superuser_secret_arn", REF),
        ("kms_key_id", REF),
        ("replicas.kms_key_id", REF),
        ("policy.principals", [REF]),
        ("access.readers", [REF]),
        ("access.admins", [REF]),
        ("on_rotate", [{"lambda": REF}]),
        ("on_rotate", [{"ecs_service": REF}]),
    ],
)
def test_field_that_fills_a_reference_in_is_no_error(field: str, value: object) -> None:
    entry = with_field(tuple(field.split(".")), value)
    if isinstance(value, dict) or field == "secret_data":
        entry.pop("rotation")
        entry.pop("rotation_automatically")
    (plan,) = plans(read_data({"context_name": "x", "secrets": {"a": entry}}, "m"), "dev").values()
    assert REF in map(str, plan.secrets["a"].references)


@pytest.mark.parametrize(
    "fields",
    ["secret_data: '!env KEY'", 'secret_data: {k: ["!env KEY"]}', "description: '!env KEY'"],
)
def test_function_in_quotes_is_an_error(fields: str) -> None:
    (line,) = problems_of(entry(fields))
    assert line.endswith("Atmos's function `!env` is not run here; write `${env.<NAME>}`")


@pytest.mark.parametrize("fields", ["secret_data: '{{ .vars.k }}'", "description: 'a {{ b }}'"])
def test_template_is_a_warning(fields: str) -> None:
    lines = [str(one) for one in plan_of(entry(fields)).warnings]
    assert any("templates (`{{ … }}`) are not rendered here" in line for line in lines)


@pytest.mark.parametrize(
    ("fields", "positions"),
    [
        ("secret_data: {t: 12e5, v: 1.10, h: 0x1F}", ["m:2:32", "m:2:41", "m:2:50"]),
        ("secret_data: {t: [1, {u: 1.50}]}", ["m:2:40"]),
        ("tags: {t: 0x1F}", ["m:2:25"]),
        ("random_password: {keepers: {k: 0x10}}, generate_random_password: true", ["m:2:46"]),
        ("secret_data: {t: 12, v: 1.5, q: '1.10', b: true}", []),
        ("rotation_days: 0x1F, rotation_lambda_arn: '${output.l.a}'", []),
    ],
)
def test_number_whose_text_does_not_survive_is_a_warning(fields: str, positions: list[str]) -> None:
    lines = [line for line in reported(entry(fields)) if "would write differently" in line]
    assert [line.partition(": ")[0] for line in lines] == positions
    assert all("write it in quotes (`'…'`)" in line for line in lines)


def test_number_in_the_defaults_is_a_warning_there() -> None:
    lines = reported("defaults: {secret_data: {v: 1.10}}\nsecrets: {a: {}}\n")
    assert [line.partition(": ")[0] for line in lines] == ["m:1:29"]


def test_program_may_have_its_values_from_elsewhere() -> None:
    data = {"context_name": "x", "secrets": {"a": {"secret_data": {"password": "v", "n": 1e3}}}}
    (plan,) = plans(read_data(data, "m"), "dev").values()
    assert plan.warnings == ()


def test_instance_of_odd_shape_is_left_to_the_model() -> None:
    for text in ("secrets: [a]\n", "secrets: {a: 5}\n", "defaults: 5\n", "kms: ['${x}']\n"):
        (instance,) = instances(parse_yaml(text, "m"))
        assert isinstance(instance, Instance)
        check_contents(instance, Report(instance))
