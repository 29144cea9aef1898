"""The rules that only AWS can prove: each with what is expected, where that is from, what it sees.

A rule acts where AWS must be made to do something. It answers with names, labels and counts, never
with a value.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from verify import api_calls, event_rules, maps
from verify.account import REFUSALS, error_code, reason
from verify.scene import Scene
from verify.surroundings import ADOPTED, RELEASED
from verify.table import Row, Seen
from verify.waiting import wait_for

MANAGED_KEY = "alias/aws/secretsmanager"
_NO_KEY = "no KmsKeyId"
_OWN_LABELS = "secretsmap-"
_ROTATION_SECONDS = 180
_RESTART_SECONDS = 10 * 60
_API = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_"
_PROVIDER = "hashicorp/terraform-provider-aws"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        after: the step after which it is checked.
        see: looks, and says whether what it sees is as expected.
    """

    name: str
    after: str
    expected: str
    source: str
    see: Callable[[Scene], Seen]

    def row(self, seen: Seen) -> Row:
        """Return the rule's row of the table."""
        return Row(self.name, self.expected, self.source, seen)


def check(rule: Rule, scene: Scene) -> Row:
    """Check a rule; where AWS refuses to be asked, the rule is not checked.

    That something does not exist is an answer.
    """
    try:
        seen = rule.see(scene)
    except REFUSALS as error:
        is_expected = False if error_code(error) == "ResourceNotFoundException" else None
        seen = Seen(f"AWS refuses: {reason(error)}", is_expected=is_expected)
    except event_rules.MissingFunctionError as error:
        seen = Seen(str(error), is_expected=None)

    return rule.row(seen)


def _no_key(scene: Scene) -> Seen:
    key = _key_shown(scene)
    return Seen(key, is_expected=key == _NO_KEY)


def _key_shown(scene: Scene) -> str:
    """Return how DescribeSecret shows the key of the secret that changes it."""
    return str(scene.describe(maps.PLAIN).get("KmsKeyId") or _NO_KEY)


def _young_principal(scene: Scene) -> Seen:
    found = scene.secrets.get_resource_policy(SecretId=scene.names.secret(maps.SHARED))
    document = json.loads(found.get("ResourcePolicy") or '{"Statement": []}')
    principals = _principals(document)
    if scene.surroundings.role not in principals:
        return Seen(f"principals {sorted(principals)}", is_expected=False)

    return Seen("the role's ARN", is_expected=True)


def _principals(document: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for statement in document["Statement"]:
        written = statement["Principal"]["AWS"]
        if isinstance(written, str):
            written = [written]

        found.update(written)

    return found


def _event_reaches_function(scene: Scene) -> Seen:
    event_rules.create(scene)
    start = time.monotonic()
    if not event_rules.wait_for_restart(scene, scene.names.reader, event_rules.BY_PRODUCT):
        return Seen("not called", is_expected=False)

    return Seen(f"called after {time.monotonic() - start:.0f} s", is_expected=True)


def _source_account(scene: Scene) -> Seen:
    if event_rules.BY_ACCOUNT in scene.description_of(scene.names.witness):
        return Seen("called", is_expected=False)

    return Seen("not called", is_expected=True)


def _rotation(scene: Scene) -> Seen:
    before = scene.value(maps.ROTATING)
    seconds = _rotate(scene)
    if seconds is None:
        labels = sorted(scene.stages(maps.ROTATING).values())
        return Seen(f"not finished after {_ROTATION_SECONDS} s; labels {labels}", is_expected=False)

    is_new = scene.value(maps.ROTATING) != before
    what = "another value" if is_new else "the same value"
    return Seen(f"{what} after {seconds:.0f} s", is_expected=is_new)


def _rotate(scene: Scene) -> float | None:
    """Rotate and return the seconds that it took; None if it has not ended in time."""
    start = time.monotonic()
    token = scene.secrets.rotate_secret(SecretId=scene.names.secret(maps.ROTATING))["VersionId"]
    ended = wait_for(lambda: _has_rotated(scene, token), _ROTATION_SECONDS)
    return time.monotonic() - start if ended else None


def _has_rotated(scene: Scene, token: str) -> bool:
    stages = scene.stages(maps.ROTATING)
    is_pending = any("AWSPENDING" in labels for key, labels in stages.items() if key != token)
    return "AWSCURRENT" in stages.get(token, []) and not is_pending


def _first_version(scene: Scene) -> Seen:
    if _rotate(scene) is None:
        return Seen("the second rotation has not ended", is_expected=None)

    listed = scene.secrets.list_secret_version_ids(
        SecretId=scene.names.secret(maps.ROTATING), IncludeDeprecated=False
    )["Versions"]
    labels = sorted(sorted(version.get("VersionStages", [])) for version in listed)
    own = [one for one in labels if any(label.startswith(_OWN_LABELS) for label in one)]
    return Seen(f"labels {labels}", is_expected=len(own) == 1 and "AWSCURRENT" not in own[0])


def _own_key(scene: Scene) -> Seen:
    key = _key_shown(scene)
    if key.startswith("arn:") and ":key/" in key:
        return Seen("the key's ARN", is_expected=True)

    return Seen(key, is_expected=False)


def _adopted(scene: Scene) -> Seen:
    name = scene.names.secret(ADOPTED)
    window = scene.deployment.secret_in_state(name).get("recoveryWindowInDays")
    description = scene.describe(ADOPTED).get("Description")
    is_kept = scene.value(ADOPTED) == scene.surroundings.values[ADOPTED]
    kept = "value kept" if is_kept else "another value"
    text = f"{kept}, description `{description}`, window {window}"
    return Seen(text, is_expected=is_kept and description == "adopted" and window == maps.WINDOW)


def _merged_fields(scene: Scene) -> Seen:
    value = json.loads(scene.value(maps.FIELDS))
    is_kept = value.get("password") == scene.operator_password
    host = value.get("host")
    kept = "the operator's password" if is_kept else "another password"
    return Seen(f"{kept}, host {host}", is_expected=is_kept and host == "second.invalid")


def write_as_operator(scene: Scene) -> None:
    """Write another password into the secret with `rotated_fields`, as an operator would."""
    value = json.loads(scene.value(maps.FIELDS))
    scene.operator_password = value["password"] = secrets.token_urlsafe(24)
    scene.secrets.put_secret_value(
        SecretId=scene.names.secret(maps.FIELDS), SecretString=json.dumps(value)
    )


def note_versions(scene: Scene) -> None:
    """Remember the versions of the secret with `rotated_fields`."""
    scene.versions = _versions(scene)


def _versions(scene: Scene) -> frozenset[str]:
    name = scene.names.secret(maps.FIELDS)
    found = scene.secrets.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)
    return frozenset(version["VersionId"] for version in found["Versions"])


def _replica_again(scene: Scene) -> Seen:
    region = str(scene.replica_region)
    again = maps.with_replica_again(scene.current, region)
    error = scene.deployment.up(again).error
    if error is None:
        return Seen("a second replica key", is_expected=False)

    return Seen(error, is_expected="AlreadyExists" in error)


def _readable_rename(scene: Scene) -> Seen:
    reads = scene.reads
    text = f"{reads.missing} of {reads.total} reads without a value, {reads.new} by the new name"
    if reads.other:
        text += f", {reads.other} with another value"

    if reads.unanswered:
        text += f", {reads.unanswered} unanswered"

    if not reads.new:
        return Seen(text, is_expected=None)

    return Seen(text, is_expected=not reads.missing and not reads.other)


def _managed_key(scene: Scene) -> Seen:
    key = _key_shown(scene)
    return Seen(key, is_expected=key == MANAGED_KEY)


def _outlived_key(scene: Scene) -> Seen:
    try:
        scene.value(maps.PLAIN)
    except ClientError as error:  # whatever AWS says of a key that is not enabled
        return Seen(reason(error), is_expected=False)

    return Seen("readable", is_expected=True)


def _released(scene: Scene) -> Seen:
    deleted = scene.describe(RELEASED).get("DeletedDate")
    if deleted:
        return Seen(f"deleted on {deleted:%Y-%m-%d}", is_expected=False)

    is_kept = scene.value(RELEASED) == scene.surroundings.values[RELEASED]
    kept = "its value" if is_kept else "another value"
    return Seen(f"there with {kept}", is_expected=is_kept)


def _no_new_version(scene: Scene) -> Seen:
    added = _versions(scene) - scene.versions
    return Seen(f"{len(added)} new versions", is_expected=not added)


def _no_change(scene: Scene) -> Seen:
    changes = scene.result.changes
    return Seen("; ".join(changes) or "no change", is_expected=not changes)


def _restart_by_own_event(scene: Scene) -> Seen:
    start = time.monotonic()
    is_restarted = wait_for(
        lambda: event_rules.is_restarted_by_rotation(scene), _RESTART_SECONDS, pause=5
    )
    waited = time.monotonic() - start
    text = "restarted" if is_restarted else "not restarted"
    return Seen(f"{text} after {waited:.0f} s more", is_expected=is_restarted)


def _calls(scene: Scene) -> Seen:
    reported = scene.measurement.reported
    try:
        calls = api_calls.recorded(scene.account, scene.measurement)
    except REFUSALS as error:
        why = f"CloudTrail refuses ({reason(error)})"
    except api_calls.NotMeasuredError as error:
        why = str(error)
    else:
        return Seen(f"{calls}; {reported.names.total()} by boto3", is_expected=not calls.writes)

    # What the SDKs have reported is all there is only where every provider uses boto3.
    is_expected = False if reported.writes else None
    return Seen(f"not measured: {why}; by boto3 {reported}", is_expected=is_expected)


RULES = (
    Rule(
        "key of a secret that names none",
        "create",
        _NO_KEY,
        f"{_API}DescribeSecret.html, KmsKeyId",
        _no_key,
    ),
    Rule(
        "policy for a role that is seconds old",
        "create",
        "the role's ARN",
        f"{_PROVIDER}, `resourceSecretPolicyCreate` retries an unknown principal",
        _young_principal,
    ),
    Rule(
        "EventBridge calls a function whose permission has the rule's ARN alone",
        "create",
        "called",
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html",
        _event_reaches_function,
    ),
    Rule(
        "a rotation by `generated-password` ends",
        "create",
        "another value",
        "https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html",
        _rotation,
    ),
    Rule(
        "first version after two rotations",
        "create",
        "listed without IncludeDeprecated, with a label of ours",
        f"{_API}ListSecretVersionIds.html; {_PROVIDER}#37302",
        _first_version,
    ),
    Rule(
        "key of a secret that has moved to the map's own key",
        "key",
        "the key's ARN",
        f"{_API}DescribeSecret.html, KmsKeyId",
        _own_key,
    ),
    Rule(
        "adoption, then an update in the same run",
        "key",
        f"value kept, description `adopted`, window {maps.WINDOW}",
        f"{_PROVIDER}#42139",
        _adopted,
    ),
    Rule(
        "the map's own field changes, the operator's does not",
        "key",
        "the operator's password, host second.invalid",
        f"{_PROVIDER}#31635",
        _merged_fields,
    ),
    Rule(
        "a replica key in a region where one waits for its deletion",
        "replica",
        "AlreadyExists",
        "https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-delete.html",
        _replica_again,
    ),
    Rule(
        "a rename keeps the value readable at every moment",
        "rename",
        "0 reads without a value",
        "pulumi/pulumi-terraform-bridge, `nameRequiresDeleteBeforeReplace`",
        _readable_rename,
    ),
    Rule(
        "key of a secret that has moved back to the AWS-managed key",
        "rename",
        MANAGED_KEY,
        f"{_API}DescribeSecret.html says `omitted`; go-to-k/cdkd#1243 has seen it shown",
        _managed_key,
    ),
    Rule(
        "value of a secret whose last key waits for its deletion",
        "rename",
        "readable",
        f"{_API}UpdateSecret.html, KmsKeyId",
        _outlived_key,
    ),
    Rule(
        "an adopted secret whose entry is removed",
        "rename",
        "there with its value",
        "https://www.pulumi.com/docs/iac/concepts/resources/options/retainondelete/",
        _released,
    ),
    Rule(
        "`up --refresh` of an unchanged map",
        "refresh",
        "no change",
        f"{_PROVIDER}#37302",
        _no_change,
    ),
    Rule(
        "`rotated_fields` after a refresh, with a version that has our label alone",
        "refresh",
        "0 new versions",
        f"{_PROVIDER}#44876",
        _no_new_version,
    ),
    Rule(
        "`up` after the refresh",
        "unchanged",
        "no change",
        f"{_PROVIDER}#37302",
        _no_change,
    ),
    Rule(
        "EventBridge does not call a function whose permission has `source_account`",
        "unchanged",
        "not called",
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html",
        _source_account,
    ),
    Rule(
        "`on_rotate` restarts a function after a rotation",
        "unchanged",
        "restarted",
        "https://docs.aws.amazon.com/secretsmanager/latest/userguide/secret-event-notifications.html",
        _restart_by_own_event,
    ),
    Rule(
        "API calls of a run without changes",
        "unchanged",
        "calls that only read",
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html",
        _calls,
    ),
)
