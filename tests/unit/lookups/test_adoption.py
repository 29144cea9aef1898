"""Adopted secrets: their own resource policy is kept, or replaced in words only."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from secrets_component.lookups import adoption
from secrets_component.lookups.adoption import AdoptedSecret, check_adopted, keeps
from secrets_component.lookups.principals import ResolvedAccess
from tests.maps_of_tests import plan_of
from tests.unit.lookups.test_safeguards import HOME, KEY, MAP, STATE, arn, map_of
from tests.unit.mocks import ACCOUNT, Cloud, deploy, run_in_program

APP = f"arn:aws:iam::{ACCOUNT}:role/app"
PARTNER = "arn:aws:iam::999988887777:root"
READ = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
FOREIGN = {**READ, "Principal": {"AWS": PARTNER}}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [FOREIGN]})
GRANT = f"a: {{import: legacy, access: {{readers: ['{APP}']}}%s}}"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is logged for the user."""
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lines.append)
    return lines


def check(entry: str, held: AdoptedSecret, policy: pulumi.Input[str] | None = None) -> None:
    plan = plan_of(map_of(entry))
    principals: dict[Any, pulumi.Input[str]] = {}
    for one in plan.secrets["a"].principals:
        principals[one] = str(one)

    access = ResolvedAccess(HOME, {}, principals)
    if policy is not None:
        access.policies["a"] = policy

    check_adopted(plan, {"a": held}, access, lambda mark: mark.belongs_to(MAP, STATE))


def adopted(policy: str = POLICY, **tags: str) -> AdoptedSecret:
    named = {key.replace("_", ":"): value for key, value in tags.items()}
    named["secretsmap:key"] = "a"
    return AdoptedSecret(arn("legacy"), "legacy", KEY, policy, named)


OTHER = json.dumps({"Statement": [{**READ, "Principal": {"AWS": APP}}]})


def test_own_policy_is_not_replaced_without_a_word_and_is_shown() -> None:
    with pytest.raises(pulumi.RunError) as refused:
        check(GRANT % "", adopted(), OTHER)
    message = str(refused.value)
    assert message.startswith("m:3:7: error: `import`: `legacy` has a resource policy")
    assert "copy it to `policy` to keep it" in message
    assert "write `replace_policy: true`" in message
    assert message.endswith(POLICY)


def test_own_policy_is_replaced_in_words_and_shown(log: list[str]) -> None:
    check(GRANT % ", replace_policy: true", adopted(), OTHER)
    assert log == [f"the resource policy of `legacy` is replaced; it was {POLICY}"]


def test_own_policy_that_is_copied_is_kept() -> None:
    both = {"Statement": [{**READ, "Principal": {"AWS": APP}}, {**FOREIGN, "Sid": "Mine"}]}
    check(GRANT % "", adopted(), json.dumps(both))


@pytest.mark.parametrize(
    ("held", "policy"),
    [(adopted(), None), (adopted(policy=""), OTHER)],
    ids=["the map has none", "the secret has none"],
)
def test_nothing_is_refused_where_nothing_is_replaced(
    held: AdoptedSecret, policy: str | None
) -> None:
    check(GRANT % "", held, policy)


@pytest.mark.parametrize(
    ("tags", "is_ours"),
    [
        ({"secretsmap_map": MAP, "secretsmap_adopted": "imported-with-policy"}, True),
        ({"secretsmap_map": MAP, "secretsmap_adopted": "imported"}, False),
        ({"secretsmap_map": "o/s/other", "secretsmap_adopted": "imported-with-policy"}, False),
        (
            {
                "secretsmap_map": "secrets/renamed-since/m",
                "secretsmap_state": STATE,
                "secretsmap_adopted": "imported-with-policy",
            },
            True,
        ),
    ],
)
def test_policy_of_an_earlier_run_is_replaced_as_any_other_change(
    tags: dict[str, str], is_ours: bool
) -> None:
    if is_ours:
        check(GRANT % "", adopted(**tags), OTHER)
    else:
        with pytest.raises(pulumi.RunError, match="has a resource policy"):
            check(GRANT % "", adopted(**tags), OTHER)


@pytest.mark.parametrize("key", ["", f"{KEY.rpartition(':')[0]}:alias/aws/secretsmanager"])
def test_reader_of_another_account_needs_another_key_than_the_aws_managed_one(key: str) -> None:
    entry = f"a: {{import: legacy, access: {{readers: ['{PARTNER}']}}}}"
    with pytest.raises(pulumi.RunError, match="another account can never read a secret"):
        check(entry, AdoptedSecret(arn("legacy"), "legacy", key))
    check(entry, AdoptedSecret(arn("legacy"), "legacy", KEY))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([FOREIGN], [FOREIGN], True),
        ([{**FOREIGN, "Sid": "a"}], [{**FOREIGN, "Sid": "b"}], True),
        ([{**FOREIGN, "Action": ["a:B", "a:A"]}], [{**FOREIGN, "Action": ["a:A", "a:B"]}], True),
        ([{**FOREIGN, "Principal": {"AWS": [PARTNER]}}], [FOREIGN], True),
        ([FOREIGN], [{**FOREIGN, "Effect": "Deny"}], False),
        ([FOREIGN, READ], [FOREIGN], False),
        (FOREIGN, [FOREIGN], True),
    ],
)
def test_policy_keeps_another_if_it_has_all_of_its_statements(
    old: object, new: object, expected: bool
) -> None:
    assert keeps(json.dumps({"Statement": old}), json.dumps({"Statement": new})) is expected


def test_secret_is_read_as_aws_describes_it() -> None:
    cloud = Cloud({}, ())
    cloud.policies["legacy-k"] = POLICY
    plan = plan_of(map_of("a: {import: legacy-k}", "b: {}"))
    found = run_in_program(lambda parent: adoption.read_adopted(plan, parent, plan.report()), cloud)
    key = cloud.kept_keys["legacy-k"]["kmsKeyId"]
    assert found == {"a": AdoptedSecret(arn("legacy-k"), "legacy-k", key, POLICY)}


def test_run_stops_before_anything_is_created(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cloud, "of_policies", {"legacy": POLICY})
    with pytest.raises(pulumi.RunError, match="`legacy` has a resource policy"):
        deploy(map_of(GRANT % ", kms_key_id: alias/k"))
