"""The shipped templates, checked by a linter that knows every action, resource and condition of AWS.

Its import alone takes as long as `validate` may take in all, so the product does without: there,
secrets_component/iam/linter.py checks custom templates and documents inside a map.
"""

import json

import pytest
from parliament import analyze_policy_string

from secrets_component.iam.templates import fill, shipped
from tests.unit.iam.test_templates import NAMES, VALUES


@pytest.mark.parametrize("name", NAMES)
def test_linter_finds_nothing_in_a_shipped_template(name: str) -> None:
    statements = fill(shipped(name), VALUES)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    assert [str(finding) for finding in analyze_policy_string(document).findings] == []


def test_linter_would_find_a_wrong_action() -> None:
    text = shipped("read-secret-policy").replace("GetSecretValue", "ReadSecretValue")
    document = json.dumps({"Version": "2012-10-17", "Statement": fill(text, VALUES)})
    assert "UNKNOWN_ACTION" in str(analyze_policy_string(document).findings[0])
