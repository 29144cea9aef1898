"""Whether a secret is under the map's key."""

import pytest

from secrets_component.status.keys import key_drift, unknown_key, wanted_key
from tests.unit.status.secrets import entry, held

ID = "11111111-2222-3333-4444-555555555555"
ARN = f"arn:aws:kms:eu-central-1:123456789012:key/{ID}"
ALIAS_ARN = "arn:aws:kms:eu-central-1:123456789012:alias/own"
OWN = "kms: {create: true, alias: own}\n"
STACKS = "stacks: {kms: o/kms/d}\n"


def id_of(alias: str) -> str:
    """Return the id of `alias/own`, the account's only alias."""
    assert alias in ("alias/own", ALIAS_ARN)
    return ID


def unasked(alias: str) -> str:
    pytest.fail(f"asked for {alias}")


@pytest.mark.parametrize(
    ("fields", "top", "actual"),
    [
        (f"kms_key_id: {ID}", "", ARN),
        (f"kms_key_id: '{ARN}'", "", ID),
        ("kms_key_id: alias/own", "", "alias/own"),
        ("kms_key_id: alias/own", "", ALIAS_ARN),
        ("secret_data: v", "", None),
        ("secret_data: v", "", "arn:aws:kms:eu-central-1:123456789012:alias/aws/secretsmanager"),
        ("kms_key_id: alias/aws/secretsmanager", "", None),
        ("kms_key_id: '${output.kms.id}'", STACKS, ARN),
        ("import: x/dev/a", "", ARN),
    ],
)
def test_same_key_is_no_drift_and_needs_no_question(
    fields: str, top: str, actual: str | None
) -> None:
    assert key_drift(entry(fields, top), held(kms_key=actual), unasked) is None


@pytest.mark.parametrize(
    ("fields", "top", "actual"),
    [
        ("kms_key_id: alias/own", "", ARN),
        (f"kms_key_id: {ID}", "", ALIAS_ARN),
        ("secret_data: v", OWN, ARN),
    ],
)
def test_alias_is_compared_with_the_id_of_its_key(fields: str, top: str, actual: str) -> None:
    assert key_drift(entry(fields, top), held(kms_key=actual), id_of) is None


@pytest.mark.parametrize(
    ("fields", "top", "actual", "said"),
    [
        ("secret_data: v", OWN, ARN.replace("1", "9"), "alias/own"),
        ("secret_data: v", OWN, None, "alias/own"),
        ("secret_data: v", "", ARN, "alias/aws/secretsmanager"),
        ("kms_key_id: alias/own", "", "alias/other", "alias/own"),
    ],
)
def test_another_key_is_drift(fields: str, top: str, actual: str | None, said: str) -> None:
    shown = actual or "alias/aws/secretsmanager"
    drift = key_drift(entry(fields, top), held(kms_key=actual), id_of)
    assert drift == f"is under the key `{shown}`; the map says `{said}`"


def test_key_by_reference_is_unknown_and_others_are_not() -> None:
    by_reference = entry("kms_key_id: '${output.kms.id}'", STACKS)
    assert unknown_key(by_reference) == "${output.kms.id}"
    assert wanted_key(by_reference) is None
    for fields in ("secret_data: v", "import: x/dev/a", "kms_key_id: alias/own"):
        assert unknown_key(entry(fields)) is None
