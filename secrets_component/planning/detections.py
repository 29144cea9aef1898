"""Detections: what is reported about a map's secrets, and the event patterns that find it.

All of them are events of CloudTrail, which a trail delivers
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html). Reading
calls reach only rules in the state that `READ_EVENTS` names
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html).
docs/monitoring.md has the table of `CATALOGUE`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from secrets_component.arns import Home
from secrets_component.planning.expected import EventShape, Expected, pattern_text, strangers

MAX_PATTERN = 2_048
"""Characters of a rule's pattern; 300 rules on a bus, 100 in two regions.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"""

READ_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
THRESHOLD_MINUTES = 5

_API_CALL = "AWS API Call via CloudTrail"
_SERVICE_EVENT = "AWS Service Event via CloudTrail"
_LONGEST_PREFIX = 200
_ID_SPACE = 600
_DENIED = ("AccessDenied", "AccessDeniedException")


class PatternTooLongError(Exception):
    """A pattern has no room for what it must name; the message names the detection."""


@dataclass(frozen=True, slots=True)
class WatchedSecret:
    """A secret of the map.

    Attributes:
        is_written_by_people: its owner is `operator`.
        is_decoy: nobody is expected to use it at all.
    """

    name: str
    arn: str
    is_rotating: bool = False
    is_written_by_people: bool = False
    is_decoy: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """What detections are made for.

    Attributes:
        prefix: what the names of the map's secrets begin with, unless they are adopted.
        keys: ARNs of the customer-managed keys of the secrets.
        readers: who is expected to read.
        writers: who is expected to write values: those who deploy, and rotation functions.
        deployers: who is expected to change anything else.
    """

    home: Home
    prefix: str
    secrets: tuple[WatchedSecret, ...]
    keys: tuple[str, ...]
    readers: Expected
    writers: Expected
    deployers: Expected

    def level(self) -> list[list[str | EventShape]]:
        """Return what `secretId` may be for any secret of the map, in parts that fit a pattern.

        Callers name a secret by its ARN, a part of that, or its name. One prefix stands for all;
        adopted secrets with other names are listed.
        """
        prefix = self.prefix[:_LONGEST_PREFIX]
        found: list[str | EventShape] = [
            {"prefix": self.home.secret_arn(prefix)},
            {"prefix": prefix},
        ]
        for secret in self.secrets:
            if not secret.name.startswith(self.prefix):
                found += _ids(self.home, secret)

        return _in_parts(found)

    def rotating(self) -> list[list[str | EventShape]]:
        """Return the ARNs of the secrets that rotate, by which service events name them."""
        prefix = self.home.secret_arn(self.prefix[:_LONGEST_PREFIX])
        found: list[str | EventShape] = [{"prefix": prefix}]
        for secret in self.secrets:
            is_elsewhere = not secret.name.startswith(self.prefix)
            if secret.is_rotating and is_elsewhere:
                found.append(secret.arn)

        return _in_parts(found)

    def written_by_the_map(self) -> list[list[str | EventShape]]:
        """Return what `secretId` may be for the secrets whose values people do not write."""
        if not any(secret.is_written_by_people for secret in self.secrets):
            return self.level()

        return self._only(lambda secret: not secret.is_written_by_people)

    def decoys(self) -> list[list[str | EventShape]]:
        """Return what `secretId` may be for the decoys."""
        return self._only(lambda secret: secret.is_decoy)

    def _only(self, is_wanted: Callable[[WatchedSecret], bool]) -> list[list[str | EventShape]]:
        found: list[str | EventShape] = []
        for secret in filter(is_wanted, self.secrets):
            found += _ids(self.home, secret)

        return _in_parts(found)


def _ids(home: Home, secret: WatchedSecret) -> list[str | EventShape]:
    """Return what `secretId` may be for one secret: its name, its ARN, or the ARN's beginning."""
    return [secret.name, secret.arn, home.secret_arn(secret.name)]


def _in_parts(matchers: Iterable[str | EventShape]) -> list[list[str | EventShape]]:
    parts: list[list[str | EventShape]] = []
    size = _ID_SPACE + 1
    for matcher in matchers:
        length = len(json.dumps(matcher)) + 1
        if size + length > _ID_SPACE:
            parts.append([])
            size = 0

        parts[-1].append(matcher)
        size += length

    return parts


Details = Callable[[Watched], Iterator[EventShape]]


@dataclass(frozen=True, slots=True)
class Detection:
    """One kind of event that is reported.

    Attributes:
        name: the field of `alarms.detections`.
        title: what has happened, as the message begins.
        advice: what to do next, one step each.
        details: what matches the event's `detail`, without the callers that are expected.
        callers: whom it leaves out; None where it reports everyone's calls.
        source: the service whose event it is, as in `aws.kms`.
        is_read: the event is of a call that only reads.
        subject: the JSON path of what the event is about; None where it names none.
        threshold: how many events within `THRESHOLD_MINUTES` are reported together; None: each.
    """

    name: str
    title: str
    advice: tuple[str, ...]
    details: Details
    callers: Callable[[Watched], Expected] | None = None
    source: str = "secretsmanager"
    is_read: bool = False
    subject: str | None = "$.detail.requestParameters.secretId"
    threshold: int | None = None

    @property
    def is_service_event(self) -> bool:
        """Whether the service reports by itself, and no caller is named."""
        return self.name == "rotation_failed"


def patterns(detection: Detection, watched: Watched) -> list[str]:
    """Return the event patterns of a detection: one for each rule that it takes.

    Raises:
        PatternTooLongError: what it must name does not fit a pattern.
    """
    found = []
    for detail in detection.details(watched):
        for whole in _with_callers(detection, watched, detail):
            text = pattern_text(_event(detection, whole))
            if len(text) > MAX_PATTERN:
                raise PatternTooLongError(detection.name)

            found.append(text)

    return found


def _with_callers(
    detection: Detection, watched: Watched, detail: EventShape
) -> Iterator[EventShape]:
    if detection.callers is None:
        yield detail
        return

    bare = pattern_text(_event(detection, {**detail, "userIdentity": {}}))
    for identity in strangers(detection.callers(watched), MAX_PATTERN - len(bare)):
        yield {**detail, "userIdentity": identity}


def _event(detection: Detection, detail: EventShape) -> EventShape:
    kind = _API_CALL
    if detection.is_service_event:
        kind = _SERVICE_EVENT

    service = {"eventSource": [f"{detection.source}.amazonaws.com"]}
    return {
        "source": [f"aws.{detection.source}"],
        "detail-type": [kind],
        "detail": {**service, **detail},
    }


def _calls(*names: str, **more: object) -> Details:
    """Return what matches calls about any secret of the map."""

    def details(watched: Watched) -> Iterator[EventShape]:
        for ids in watched.level():
            yield {"eventName": list(names), **more, "requestParameters": {"secretId": ids}}

    return details


def _rotation_ends(watched: Watched) -> Iterator[EventShape]:
    names = ["RotationFailed", "TestRotationFailed", "RotationAbandoned"]
    for ids in watched.rotating():
        yield {"eventName": names, "additionalEventData": {"SecretId": ids}}


def _denied_reads(watched: Watched) -> Iterator[EventShape]:
    """Yield what matches refused reads.

    The refusal names the secret as the caller does; that of the key's policy names nothing. What a
    call was about may be missing from the event of a refused one.
    """
    prefix = watched.prefix[:_LONGEST_PREFIX]
    names = [{"wildcard": f"*:secret:{prefix}*"}, {"wildcard": f"*on resource: {prefix}*"}]
    for ids in watched.level():
        by_key = {
            "errorMessage": ["Access to KMS is not allowed"],
            "requestParameters": {"secretId": ids},
        }
        yield {
            "eventName": ["GetSecretValue", "BatchGetSecretValue", "DescribeSecret"],
            "errorCode": list(_DENIED),
            "$or": [{"errorMessage": names}, by_key],
        }


def _batch_reads(watched: Watched) -> Iterator[EventShape]:
    """Yield what matches batches: of these secrets by name, or of whatever a filter finds."""
    for ids in watched.level():
        named = {"secretIdList": ids}
        filtered = {"secretIdList": [{"exists": False}]}
        yield {
            "eventName": ["BatchGetSecretValue"],
            "errorCode": [{"exists": False}],
            "requestParameters": {"$or": [named, filtered]},
        }


def _listings(_: Watched) -> Iterator[EventShape]:
    yield {"eventName": ["ListSecrets"], "errorCode": [{"exists": False}]}


def _hand_writes(watched: Watched) -> Iterator[EventShape]:
    names = ["PutSecretValue", "UpdateSecret", "UpdateSecretVersionStage"]
    for ids in watched.written_by_the_map():
        yield {
            "eventName": names,
            "errorCode": [{"exists": False}],
            "requestParameters": {"secretId": ids},
        }


def _rotation_changes(watched: Watched) -> Iterator[EventShape]:
    """Yield what matches a rotation that is switched off, or gets another schedule or function."""
    changed = {
        "eventName": ["RotateSecret"],
        "$or": [
            {"requestParameters": {"rotationRules": {field: [{"exists": True}]}}}
            for field in ("automaticallyAfterDays", "scheduleExpression")
        ]
        + [{"requestParameters": {"rotationLambdaARN": [{"exists": True}]}}],
    }
    for ids in watched.level():
        yield {
            "errorCode": [{"exists": False}],
            "requestParameters": {"secretId": ids},
            "$or": [{"eventName": ["CancelRotateSecret"]}, changed],
        }


def _old_versions(watched: Watched) -> Iterator[EventShape]:
    old: list[EventShape] = [{"versionStage": ["AWSPREVIOUS"]}, {"versionId": [{"exists": True}]}]
    for ids in watched.level():
        yield {
            "eventName": ["GetSecretValue"],
            "errorCode": [{"exists": False}],
            "requestParameters": {"secretId": ids, "$or": old},
        }


def _key_changes(watched: Watched) -> Iterator[EventShape]:
    """Yield what matches calls that take a key away, or let others use it.

    Grants that AWS services make for themselves are part of their normal use of a key.
    """
    ids: list[str | EventShape] = []
    for key in watched.keys:
        is_alias = ":alias/" in key
        if not is_alias:
            ids += [key, key.rpartition("/")[2]]

    names = ["DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy"]
    grant = {
        "eventName": ["CreateGrant"],
        "sourceIPAddress": [{"anything-but": {"suffix": [".amazonaws.com"]}}],
    }
    for part in _in_parts(ids):
        yield {
            "errorCode": [{"exists": False}],
            "requestParameters": {"keyId": part},
            "$or": [{"eventName": names}, grant],
        }


def _direct_decryptions(watched: Watched) -> Iterator[EventShape]:
    """Yield what matches ciphertexts of secrets that are decrypted without Secrets Manager."""
    prefix = watched.home.secret_arn(watched.prefix[:_LONGEST_PREFIX])
    through = "secretsmanager.amazonaws.com"
    yield {
        "eventName": ["Decrypt"],
        "requestParameters": {"encryptionContext": {"SecretARN": [{"prefix": prefix}]}},
        "userIdentity": {"invokedBy": [{"exists": False}, {"anything-but": [through]}]},
    }


def _trail_changes(_: Watched) -> Iterator[EventShape]:
    yield {
        "eventName": ["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"],
        "errorCode": [{"exists": False}],
    }


def _decoys(watched: Watched) -> Iterator[EventShape]:
    for ids in watched.decoys():
        yield {"requestParameters": {"secretId": ids}}


def _readers(watched: Watched) -> Expected:
    return watched.readers


def _writers(watched: Watched) -> Expected:
    return watched.writers


def _deployers(watched: Watched) -> Expected:
    return watched.deployers


_SUCCEEDED = [{"exists": False}]
_WHO_CAN = "list who can: secretsmap audit MAP"
_CHANGE = "rotate it if the value may be known to someone: secretsmap rotate MAP KEY"
_EXPECT = "if this is expected, name the caller in the map (access, or alarms.expected)"

CATALOGUE: Mapping[str, Detection] = {
    one.name: one
    for one in (
        Detection(
            "rotation_failed",
            "A rotation failed",
            (
                "see why: secretsmap status MAP, then the log of the rotation function",
                "once it is fixed, rotate again: secretsmap rotate MAP KEY",
            ),
            _rotation_ends,
            subject="$.detail.additionalEventData.SecretId",
        ),
        Detection(
            "unexpected_read",
            "A secret was read by a caller whom the map does not name",
            (_EXPECT, _CHANGE, _WHO_CAN),
            _calls("GetSecretValue", errorCode=_SUCCEEDED),
            _readers,
            is_read=True,
        ),
        Detection(
            "denied_reads",
            "Reads of secrets are denied again and again",
            (
                "find the caller: CloudTrail's event history, event name GetSecretValue",
                "a consumer that lost its access: compare it with `access` in the map",
                "anyone else: treat it as an attempt",
            ),
            _denied_reads,
            is_read=True,
            threshold=5,
        ),
        Detection(
            "batch_read",
            "Secrets were read in a batch by a caller whom the map does not name",
            (_EXPECT, _CHANGE, _WHO_CAN),
            _batch_reads,
            _readers,
            is_read=True,
            subject=None,
        ),
        Detection(
            "enumeration",
            "The account's secrets were listed by a caller whom the map does not name",
            (_EXPECT, "otherwise see what else the caller did: CloudTrail's event history"),
            _listings,
            _readers,
            is_read=True,
            subject=None,
        ),
        Detection(
            "deletion",
            "A secret was deleted, and not by a deployment",
            (
                "restore it within its recovery window: aws secretsmanager restore-secret",
                "later, create it again from the map: pulumi up --refresh",
            ),
            _calls("DeleteSecret", errorCode=_SUCCEEDED),
            _deployers,
        ),
        Detection(
            "policy_changed",
            "Who can use a secret was changed, and not by a deployment",
            (_WHO_CAN, "restore policies and replicas from the map: pulumi up --refresh"),
            _calls(
                "PutResourcePolicy",
                "DeleteResourcePolicy",
                "ReplicateSecretToRegions",
                "RemoveRegionsFromReplication",
                "StopReplicationToReplica",
                "AssociateCrossAccountReplica",
                "DisassociateCrossAccountReplica",
                errorCode=_SUCCEEDED,
            ),
            _deployers,
        ),
        Detection(
            "written_by_hand",
            "A secret that the map or its rotation writes was written by someone else",
            (
                "see what differs: secretsmap status MAP",
                "if people are to write this value, say so: owner: operator",
            ),
            _hand_writes,
            _writers,
        ),
        Detection(
            "rotation_changed",
            "A rotation was switched off or changed, and not by a deployment",
            ("restore the schedule and the function from the map: pulumi up --refresh",),
            _rotation_changes,
            _deployers,
        ),
        Detection(
            "console_read",
            "A secret was read in the console",
            (_CHANGE, "give people a command instead: what a screen shows may be recorded"),
            _calls("GetSecretValue", errorCode=_SUCCEEDED, sessionCredentialFromConsole=["true"]),
            is_read=True,
        ),
        Detection(
            "old_version_read",
            "A version of a secret was read that is not the current one",
            ("caching clients may ask by version id; anyone else may be looking for old values",),
            _old_versions,
            is_read=True,
        ),
        Detection(
            "read_after_deletion",
            "Someone still reads a secret that is scheduled for deletion",
            (
                "restore it: aws secretsmanager restore-secret",
                "or move the caller to what replaces it, before the recovery window ends",
            ),
            _calls("GetSecretValue", errorMessage=[{"wildcard": "*marked for deletion*"}]),
            is_read=True,
        ),
        Detection(
            "key_weakened",
            "A key of the secrets was disabled, scheduled for deletion or opened to others",
            (
                "without the key, nobody can read its secrets: aws kms enable-key, or "
                "aws kms cancel-key-deletion",
                "a policy or grant: compare it with what secretsmap plan MAP prints",
            ),
            _key_changes,
            _deployers,
            source="kms",
            subject="$.detail.requestParameters.keyId",
        ),
        Detection(
            "decrypted_elsewhere",
            "The ciphertext of a secret was decrypted without Secrets Manager",
            (_CHANGE, "take the caller's right to use the key: see secretsmap audit MAP"),
            _direct_decryptions,
            source="kms",
            is_read=True,
            subject="$.detail.requestParameters.encryptionContext.SecretARN",
        ),
        Detection(
            "trail_weakened",
            "A trail was stopped, deleted or changed: alarms may stay silent from now on",
            ("start it again: aws cloudtrail start-logging", "ask the caller why"),
            _trail_changes,
            _deployers,
            source="cloudtrail",
            subject="$.detail.requestParameters.name",
        ),
        Detection(
            "decoy_touched",
            "A decoy was touched: nobody has a reason to use it",
            (
                "treat the caller's credentials as stolen: disable them",
                "see what else the caller did: CloudTrail's event history",
            ),
            _decoys,
            _deployers,
            is_read=True,
        ),
        Detection(
            "many_unexpected_reads",
            "Many secrets were read by callers whom the map does not name",
            (
                "find the caller: CloudTrail's event history, event name GetSecretValue",
                _CHANGE,
            ),
            _calls("GetSecretValue", errorCode=_SUCCEEDED),
            _readers,
            is_read=True,
            threshold=20,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Message:
    """What a rule sends: an input transformer's paths, and its template."""

    paths: Mapping[str, str]
    template: str


def message(detection: Detection, map_name: str) -> Message:
    """Return what is sent for each event, in the form that chats show as a message.

    The form: https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html. Only what
    CloudTrail and AWS themselves write is taken from the event: a text of the caller's could break
    the message, since "EventBridge does not escape values extracted by Input Path". No part of an
    event that could hold a value is taken.
    """
    paths = {
        "what": "$.detail.eventName",
        "time": "$.detail.eventTime",
        "region": "$.detail.awsRegion",
        "event": "$.detail.eventID",
    }
    lines = ["what: <what>", f"map: {map_name}"]
    if detection.subject:
        paths["subject"] = detection.subject
        lines.append("on: <subject>")

    if not detection.is_service_event:
        paths |= {
            "caller": "$.detail.userIdentity.arn",
            "account": "$.detail.userIdentity.accountId",
            "address": "$.detail.sourceIPAddress",
        }
        lines += ["by: <caller> of account <account>", "from: <address>"]

    lines.append("when: <time> in <region>, CloudTrail event <event>")
    return Message(paths, json.dumps(_notification(detection, "\n".join(lines))))


def _notification(detection: Detection, description: str) -> EventShape:
    return {
        "version": "1.0",
        "source": "custom",
        "content": {
            "textType": "client-markdown",
            "title": detection.title,
            "description": description,
            "nextSteps": list(detection.advice),
        },
    }


def chosen(names: Sequence[str]) -> Iterator[Detection]:
    """Yield the detections of these names, in the order of the catalogue."""
    for name, detection in CATALOGUE.items():
        if name in names:
            yield detection
