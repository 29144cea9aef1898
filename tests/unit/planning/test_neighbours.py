"""Maps of one file, or of several, that cannot be deployed together."""

from __future__ import annotations

import pytest

from secrets_component.errors import MapValueError
from secrets_component.planning.neighbours import problems_of_files
from secrets_component.planning.plan import Plan
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
        (
            "{context_name: x, secrets: {a: {}}}",
            "{context_name: y, secrets: {b: {import: x/dev/a}}}",
            "`import`: the map `one` has the same adopted secret `x/dev/a`; one map can manage it",
        ),
        (
            "{context_name: x, secrets: {a: {import: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:my-orders-db'}}}",
            "{context_name: y, secrets: {b: {import: my-orders-db}}}",
            "`import`: the map `one` has the same adopted secret `my-orders-db`; one map can manage it",
        ),
    ],
    ids=["label", "name", "alias", "adopted", "adopted from the other", "partial ARN"],
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


ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:old-AbCdEf"


def of_files(*texts: str, environment: str | None = "dev") -> list[str]:
    """Return what is reported about files `f0`, `f1` and so on."""
    made: list[Plan] = []
    for number, text in enumerate(texts):
        made += plans(parse_yaml(text, f"f{number}"), environment).values()

    return [str(problem) for problem in problems_of_files(made)]


@pytest.mark.parametrize(
    ("one", "two", "message"),
    [
        (
            "{context_name: x, secrets: {a: {}}}",
            "{context_name: x, secrets: {b: {name: a}}}",
            "f1:1:29: error: the map `secretsmanager` in `f0` has the same secret name `x/dev/a`; "
            "change `name`, `path` or the context",
        ),
        (
            "{context_name: x, kms: {create: true}}",
            "{context_name: x, kms: {create: true}}",
            "f1:1:19: error: `kms`: the map `secretsmanager` in `f0` has the same key alias "
            "`alias/x-dev-secrets`; set `kms.alias` of one of them",
        ),
        (
            "{context_name: x, secrets: {a: {import: old}}}",
            "{context_name: y, secrets: {b: {import: old}}}",
            "f1:1:33: error: `import`: the map `secretsmanager` in `f0` has the same adopted secret "
            "`old`; one map can manage it",
        ),
        (
            "{context_name: x, name: same}",
            "{context_name: x, name: same}",
            "f1:1:19: error: `name`: the map `same` in `f0` has the same label `same`; change `name`",
        ),
    ],
    ids=["name", "alias", "adopted", "label"],
)
def test_files_are_checked_against_each_other(one: str, two: str, message: str) -> None:
    assert of_files(one, "{context_name: z}", two) == [message.replace("f1:", "f2:", 1)]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("{context_name: x, secrets: {a: {}}}", "{context_name: y, secrets: {a: {}}}"),
        ("{context_name: x, name: same}", "{context_name: y, name: same}"),
        (
            "{context_name: x, environment: a, secrets: {a: {}}}",
            "{context_name: x, environment: b, secrets: {a: {}}}",
        ),
    ],
)
def test_files_of_other_contexts_and_environments_are_no_neighbours(one: str, two: str) -> None:
    assert of_files(one, two) == []


def test_files_without_an_environment_may_be_of_several_accounts() -> None:
    text = "{context_name: x, kms: {create: true}, secrets: {a: {}, b: {import: old}}}"
    assert of_files(text, text, environment=None) == []
    adopting = f"{{context_name: x, secrets: {{a: {{import: '{ARN}'}}}}}}"
    (problem,) = of_files(adopting, adopting, environment=None)
    assert f"has the same adopted secret `{ARN}`" in problem


def test_maps_of_one_file_are_not_reported_again() -> None:
    one = "{context_name: x, secrets: {a: {}}}"
    two = "{context_name: x, secrets: {b: {}}}"
    assert of_files(FILE.format(one=one, two=two)) == []
