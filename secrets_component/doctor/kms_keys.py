"""Whether the KMS keys that secrets are encrypted under can be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from secrets_component.arns import Arn, is_arn
from secrets_component.doctor.asking import Asking, Reply, at_once
from secrets_component.doctor.presence import Patient
from secrets_component.doctor.results import Check, Section
from secrets_component.lookups.inventory import AccountError
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY

_DEFAULT_KEY = "DefaultEncryptionKey"
"""How ListSecretVersionIds calls the AWS-managed key."""
_RIGHT = "kms:DescribeKey"
_USABLE = "Enabled"

_ADVICE_ON_STATES: Mapping[str, str] = {
    "Disabled": "run `aws kms enable-key --key-id {key}`",
    "PendingDeletion": "run `aws kms cancel-key-deletion --key-id {key}`, then "
    "`aws kms enable-key --key-id {key}`",
    "PendingImport": "import the material of the key: `aws kms import-key-material --key-id {key}`",
    "Unavailable": "connect the key store of the key again",
}
"""https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"""


def kms_keys(patients: Sequence[Patient], asking: Asking) -> Section:
    """Check the state of each customer-managed key of secrets, and of their current values.

    AWS re-encrypts nothing when a secret gets another key and `kms:Encrypt` is missing, so that the
    current value may be under a former key
    (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html).

    Raises:
        AccountError: AWS does not answer.
    """
    labels: dict[str, dict[str, None]] = {}

    def keys_of(patient: Patient) -> set[str]:
        return _keys_behind(patient, asking)

    living = [patient for patient in patients if patient.is_living]
    for patient, keys in zip(living, at_once(keys_of, living), strict=True):
        for key in sorted(keys):
            labels.setdefault(key, {})[patient.label] = None

    def described(key: str) -> Reply:
        return asking.ask(f"the key `{key}`", _RIGHT, KeyId=key)

    checks: list[Check] = []
    for key, reply in zip(labels, at_once(described, labels), strict=True):
        checks += _checks(key, labels[key], reply)

    if not labels and living:
        checks.append(Check("ok", "AWS-managed key", "encrypts all of them"))

    return Section("keys", tuple(checks), asking.unseen)


def _keys_behind(patient: Patient, asking: Asking) -> set[str]:
    """Return the customer-managed keys of a secret and of its current value."""
    held = patient.held
    if held is None or not held.has_own_key:
        return set()

    home = Arn.parse(held.arn).account
    named = _short(str(held.kms_key), home)
    try:
        used = asking.account.keys_of_value(held.arn)
    except AccountError as error:
        about = f"the keys of the versions of `{held.name}`"
        asking.note(about, "secretsmanager:ListSecretVersionIds", error)
        used = set()

    others = {_short(key, home) for key in used if _is_customer_managed(key)}
    if named.startswith("alias/"):
        return others or {named}  # the same key by its id

    return {named, *others}


def _is_customer_managed(key: str) -> bool:
    return key != _DEFAULT_KEY and not key.endswith(AWS_MANAGED_KEY)


def _short(key: str, account: str) -> str:
    """Return a key of the account by its id or alias, so that each is asked about once."""
    if not is_arn(key) or Arn.parse(key).account != account:
        return key

    return Arn.parse(key).resource.removeprefix("key/")


def _checks(key: str, labels: Iterable[str], reply: Reply) -> list[Check]:
    about = f"key `{key}` of {', '.join(labels)}"
    if reply.is_absent:
        shown = f"DescribeKey `{key}`: {reply.code}"
        advice = (
            "the values under it are lost: write another `kms_key_id` and a new value, then run "
            "`pulumi up`"
        )
        return [Check("failed", about, "does not exist", "key-unusable", (shown,), advice)]

    if reply.answer is None:
        return [Check("warning", about, "could not be looked at", advice=f"allow {_RIGHT}")]

    metadata = reply.answer["KeyMetadata"]
    state = str(metadata["KeyState"])
    if state == _USABLE:
        return [Check("ok", about, "is enabled")]

    shown = f"DescribeKey `{key}`: KeyState {state}"
    if metadata.get("DeletionDate"):
        shown += f", DeletionDate {metadata['DeletionDate'].date()}"

    advice = _ADVICE_ON_STATES.get(state, "wait until the key is enabled").format(key=key)
    return [Check("failed", about, f"is not usable: {state}", "key-unusable", (shown,), advice)]
