"""`docs/deployer-rights.yaml`, the template and the page say the same."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
from parliament import analyze_policy_string

from sandbox.providers.official import facts
from secrets_component.iam import documents
from secrets_component.iam.templates import fill, listed, shipped
from tests import rights
from tests.registered import TYPES_OF_THE_PROJECT

VALUES = {
    "partition": "aws",
    "account": "123456789012",
    "region": "eu-central-1",
    "secrets": "myapp/dev/*",
    "functions": "myapp-dev-*",
    "map": "database-secrets",
    "alias": "myapp-dev-secrets",
    "rotation_function_arns": "arn:aws:lambda:eu-central-1:123456789012:function:rotate",
}
MAX_MANAGED_POLICY = (
    6_144  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
)
TEMPLATE = shipped("deployer")
STATEMENTS = {one["Sid"]: one for one in json.loads(TEMPLATE)["Statement"]}


def test_template_allows_exactly_the_rights_of_the_table() -> None:
    in_table: dict[str, list[str]] = {}
    for right in rights.rights():
        in_table.setdefault(right.statement, []).append(right.action)
    assert {sid: sorted(actions) for sid, actions in in_table.items()} == {
        sid: sorted(listed(one["Action"])) for sid, one in STATEMENTS.items()
    }
    assert list(rights.table()["resources"]) == list(STATEMENTS)


def test_page_is_made_from_the_table() -> None:
    page = rights.PAGE.read_text("utf-8")
    assert rights.written(page) == page, "run `python -m tests.rights`"


def test_every_type_of_the_project_is_in_each_step_of_its_life() -> None:
    steps: dict[str, set[str]] = {}
    for right in rights.rights():
        for need in right.needs:
            steps.setdefault(need.by, set()).add(need.step)
    for token in TYPES_OF_THE_PROJECT:
        if not token.startswith("aws:"):
            continue
        kind = token.rpartition(":")[2]
        missing = {"create", "read", "delete"} - steps[kind]
        # Its versions are never deleted: `retain_on_delete`.
        assert missing == ({"delete"} if kind == "SecretVersion" else set()), kind


def test_each_need_names_what_exists() -> None:
    types = {token.rpartition(":")[2] for token in facts()}
    package = {path.name for path in (rights.DOCS.parent / "secrets_component").rglob("*.py")}
    for right in rights.rights():
        assert right.needs, right.action
        for need in right.needs:
            assert need.by in types | package | {"AWS"}, need
            assert need.step in ("create", "read", "update", "delete", "lookup"), need
            source = rights.table()["sources"][need.source]
            if source.startswith("secrets_component/"):
                assert (rights.DOCS.parent / source).is_file(), source
    used = {need.source for right in rights.rights() for need in right.needs}
    assert used == set(rights.table()["sources"])


def service_authorization_reference() -> dict[str, list[str]]:
    """The types of resources by action, of AWS's own table as the linter has it."""
    found = {}
    definition = Path(str(importlib.util.find_spec("parliament").origin)).with_name(  # type: ignore[union-attr] # it is installed
        "iam_definition.json"
    )
    for service in json.loads(definition.read_text("utf-8")):
        for privilege in service["privileges"]:
            types = [one["resource_type"] for one in privilege["resource_types"]]
            found[f"{service['prefix']}:{privilege['privilege']}"] = [one for one in types if one]
    return found


def test_any_resource_is_allowed_only_where_aws_knows_none() -> None:
    known = service_authorization_reference()
    for sid, statement in STATEMENTS.items():
        for action in listed(statement["Action"]):
            assert action in known, action
            assert (known[action] == []) == (statement["Resource"] == "*"), action
        assert ("without_resource" in rights.table()["resources"][sid]) == (
            statement["Resource"] == "*"
        )


def test_linter_finds_nothing() -> None:
    document = documents.document(fill(TEMPLATE, VALUES))
    assert [str(finding) for finding in analyze_policy_string(document).findings] == []
    wrong = document.replace("kms:DescribeKey", "kms:ReadKey")
    assert analyze_policy_string(wrong).findings


def test_policy_fits_into_one_managed_policy() -> None:
    assert len(documents.document(fill(TEMPLATE, VALUES), compact=True)) <= MAX_MANAGED_POLICY


def test_plain_substitution_gives_the_same_policy() -> None:
    text = re.sub(r"\$\{(\w+)\}", lambda match: VALUES[match[1]], TEMPLATE)
    assert json.loads(text)["Statement"] == fill(TEMPLATE, VALUES)


def test_several_names_and_no_function_are_possible() -> None:
    values: dict[str, Any] = {
        **VALUES,
        "secrets": ["myapp/dev/*", "legacy-??????"],
        "rotation_function_arns": None,
    }
    by_id = {one["Sid"]: one for one in fill(TEMPLATE, values)}
    assert by_id["ManageSecrets"]["Resource"] == [
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:myapp/dev/*",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:legacy-??????",
    ]
    assert "UseRotationFunctions" not in by_id


@pytest.mark.parametrize("variable", sorted(VALUES))
def test_page_explains_every_variable(variable: str) -> None:
    assert f"| `{variable}` |" in rights.PAGE.read_text("utf-8")
    assert f"${{{variable}}}" in TEMPLATE


def test_page_names_every_variable_in_its_example() -> None:
    example = rights.PAGE.read_text("utf-8").partition("```sh\n")[2].partition("```")[0]
    substituted = re.findall(r"\$(\w+)", example)
    assert sorted(substituted) == sorted(VALUES)
