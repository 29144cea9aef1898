"""Maps of one file that cannot be deployed together."""

from __future__ import annotations

import pytest

from secrets_component.errors import MapValueError
from secrets_component.planning.planner import plans
from secrets_component.secret_map.yaml_text import parse_yaml

FILE = """\
components:
  terraform:
    one:
      metadata: {{component: secretsmanager}}
      vars: {one}
    two:
      metadata: {{component: secretsmanager}}
      vars: {two}
"""


def problems(one: str, two: str) -> list[str]:
    try:
        plans(parse_yaml(FILE.format(one=one, two=two), "f"), "dev")
    except MapValueError as error:
        return str(error).splitlines()
    return []


@pytest.mark.parametrize(
    ("one", "two", "message"),
    [
        (
            "{context_name: x, name: same}",
            "{context_name: y, name: same}",
            "`name`: the map `one` has the same label `same`; change `name`",
        ),
        (
            "{context_name: x, secrets: {a: {}}}",
            "{context_name: x, secrets: {b: {name: a}}}",
            "the map `one` has the same secret name `x/dev/a`; change `name`, `path` or the context",
        ),
        (
            "{context_name: x, kms: {create: true}}",
            "{context_name: x, kms: {create: true}}",
            "`kms`: the map `one` has the same key alias `alias/x-dev-secrets`; set `kms.alias` of "
            "one of them",
        ),
        (
            "{context_name: x, secrets: {a: {import: old}}}",
            "{context_name: y, secrets: {b: {import: old}}}",
            "`import`: the map `one` has the same adopted secret `old`; one map can manage it",
        ),
    ],
    ids=["label", "name", "alias", "adopted"],
)
def test_what_only_one_map_can_have_is_reported_at_the_second(
    one: str, two: str, message: str
) -> None:
    (problem,) = problems(one, two)
    assert problem.startswith("f:8:")
    assert problem.endswith(f"error: {message}")


def test_maps_of_one_context_with_other_names_are_allowed() -> None:
    one = "{context_name: x, kms: {create: true}, secrets: {a: {}}}"
    two = "{context_name: x, kms: {create: true, alias: other}, secrets: {b: {}}}"
    assert problems(one, two) == []
