"""Each detection: an event that its rule takes and near ones that it does not, on moto's matcher."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.events.models import EventPattern

from secrets_component.arns import Home
from secrets_component.planning import detections
from secrets_component.planning.detections import (
    CATALOGUE,
    MAX_PATTERN,
    Detection,
    PatternTooLongError,
    Watched,
    WatchedSecret,
)
from secrets_component.planning.expected import expected
from secrets_component.secret_map.model import Detections
from tests import cloudtrail
from tests.cloudtrail import ACCOUNT, REGION, Event, call, role, user

HOME = Home("aws", REGION, ACCOUNT)
DEPLOYER = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ci"
APP = f"arn:aws:iam::{ACCOUNT}:role/services/app"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
DB = f"{HOME.secret_arn('shop/dev/db')}-AbCdEf"
DECOY = f"{HOME.secret_arn('shop/dev/admin')}-AbCdEf"
ADOPTED = f"{HOME.secret_arn('legacy')}-AbCdEf"
OTHERS = f"{HOME.secret_arn('other/dev/db')}-AbCdEf"

STRANGER, READER, RUN = role("stranger"), role("app", path="services/"), role("deployer")
ROTATES = role("rotates-role", "rotates")
DENIED = "AccessDenied"


def watched(*principals: str, secrets: tuple[WatchedSecret, ...] = ()) -> Watched:
    own = (
        WatchedSecret("shop/dev/db", DB, is_rotating=True),
        WatchedSecret("shop/dev/admin", DECOY, is_decoy=True),
        WatchedSecret("shop/dev/by-people", f"{DB}x", is_written_by_people=True),
        WatchedSecret("legacy", ADOPTED, is_rotating=True),
    )
    return Watched(
        home=HOME,
        prefix="shop/dev/",
        secrets=(*own, *secrets),
        keys=(KEY, f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/shop"),
        readers=expected([DEPLOYER, APP, "999999999999", *principals], ["rotates"], HOME),
        writers=expected([DEPLOYER], ["rotates"], HOME),
        deployers=expected([DEPLOYER], [], HOME),
    )


def takes(name: str, event: Event, of: Watched | None = None) -> bool:
    found = detections.patterns(CATALOGUE[name], of or watched())
    return any(EventPattern.load(pattern).matches_event(event) for pattern in found)


def about(name: str, by: Event, secret: str = DB, **more: Any) -> Event:
    parameters = more.pop("parameters", {"secretId": secret, **more.pop("and_", {})})
    return call(name, by, parameters=parameters, **more)


def read(by: Event, secret: str = DB, **more: Any) -> Event:
    return about("GetSecretValue", by, secret, **more)


def refused(secret: str, message: str = "", **more: Any) -> Event:
    """A denied read, whose message names the secret as the caller does."""
    text = message or (
        f"User: {STRANGER['arn']} is not authorized to perform: secretsmanager:GetSecretValue on "
        f"resource: {secret} because no identity-based policy allows the action"
    )
    return read(STRANGER, secret, error=more.pop("error", (DENIED, text)), **more)


def batch(by: Event, **parameters: Any) -> Event:
    return call("BatchGetSecretValue", by, parameters=parameters)


def key_call(name: str, by: Event = STRANGER, key: str = KEY, **more: Any) -> Event:
    return call(name, by, service="kms", parameters={"keyId": key}, **more)


def decrypted(secret: str, **identity: str) -> Event:
    context = {"SecretARN": secret, "SecretVersionId": "v"}
    parameters = {"encryptionContext": context, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}
    by = {**STRANGER, **identity}
    return call("Decrypt", by, service="kms", parameters=parameters)


def trail_call(name: str, by: Event = STRANGER) -> Event:
    return call(name, by, service="cloudtrail", parameters={"name": "main"})


RULES = {"rotationRules": {"automaticallyAfterDays": 90}}
MARKED = (
    "InvalidRequestException",
    "You can't perform this operation on the secret because it was marked for deletion.",
)

CASES: dict[str, tuple[list[Event], list[Event]]] = {
    "rotation_failed": (
        [
            cloudtrail.service_event("RotationFailed", DB),
            cloudtrail.service_event("TestRotationFailed", DB),
            cloudtrail.service_event("RotationAbandoned", ADOPTED),
        ],
        [
            cloudtrail.service_event("RotationSucceeded", DB),
            cloudtrail.service_event("RotationFailed", OTHERS),
            about("RotationFailed", STRANGER),
        ],
    ),
    "unexpected_read": (
        [
            read(STRANGER),
            read(STRANGER, "shop/dev/db"),
            read(STRANGER, "legacy"),
            read(STRANGER, ADOPTED),
            read(user("app")),
            read(role("app2")),
            read(cloudtrail.ROOT_USER),
            read(cloudtrail.foreign("111111111111")),
        ],
        [
            read(READER),
            read(RUN),
            read(ROTATES),
            read(cloudtrail.foreign("999999999999")),
            read(cloudtrail.SERVICE),
            read(STRANGER, OTHERS),
            read(STRANGER, "shop/development/db"),
            refused(DB),
            about("DescribeSecret", STRANGER),
        ],
    ),
    "denied_reads": (
        [
            refused(DB),
            refused("shop/dev/db"),
            refused("shop/dev/db", parameters=None),
            refused(DB, "Access to KMS is not allowed"),
            refused("legacy", "Access to KMS is not allowed"),
        ],
        [
            refused(OTHERS),
            refused(OTHERS, "Access to KMS is not allowed"),
            read(STRANGER),
            refused(DB, error=("ResourceNotFoundException", "can't find shop/dev/db")),
        ],
    ),
    "batch_read": (
        [
            batch(STRANGER, secretIdList=["other", "shop/dev/db"]),
            batch(STRANGER, filters=[{"key": "name", "values": ["!x"]}]),
        ],
        [
            batch(STRANGER, secretIdList=["other"]),
            batch(READER, secretIdList=["shop/dev/db"]),
            call("ListSecrets", STRANGER, parameters={}),
        ],
    ),
    "enumeration": (
        [call("ListSecrets", STRANGER, parameters=None)],
        [
            call("ListSecrets", RUN),
            call("ListSecrets", STRANGER, error=(DENIED, "not authorized")),
            call("ListKeys", STRANGER, service="kms"),
        ],
    ),
    "deletion": (
        [about("DeleteSecret", STRANGER), about("DeleteSecret", READER, "shop/dev/db")],
        [
            about("DeleteSecret", RUN),
            about("DeleteSecret", STRANGER, OTHERS),
            about("DeleteSecret", STRANGER, error=(DENIED, "no")),
            about("RestoreSecret", STRANGER),
        ],
    ),
    "policy_changed": (
        [about("PutResourcePolicy", STRANGER), about("ReplicateSecretToRegions", READER)],
        [
            about("PutResourcePolicy", RUN),
            about("PutResourcePolicy", STRANGER, OTHERS),
            about("GetResourcePolicy", STRANGER),
        ],
    ),
    "written_by_hand": (
        [
            about("PutSecretValue", STRANGER),
            about("UpdateSecret", READER, "shop/dev/db"),
            about("UpdateSecretVersionStage", user("me"), "legacy"),
        ],
        [
            about("PutSecretValue", RUN),
            about("PutSecretValue", ROTATES),
            about("PutSecretValue", STRANGER, "shop/dev/by-people"),
            about("TagResource", STRANGER),
        ],
    ),
    "rotation_changed": (
        [
            about("CancelRotateSecret", STRANGER),
            about("RotateSecret", READER, and_=RULES),
            about("RotateSecret", STRANGER, and_={"rotationLambdaARN": "arn"}),
        ],
        [
            about("RotateSecret", STRANGER),
            about("RotateSecret", RUN, and_=RULES),
            about("CancelRotateSecret", STRANGER, OTHERS),
        ],
    ),
    "console_read": (
        [read(READER, sessionCredentialFromConsole="true")],
        [
            read(READER),
            read(READER, OTHERS, sessionCredentialFromConsole="true"),
            about("DescribeSecret", READER, sessionCredentialFromConsole="true"),
        ],
    ),
    "old_version_read": (
        [
            read(READER, and_={"versionStage": "AWSPREVIOUS"}),
            read(READER, and_={"versionId": "v1"}),
        ],
        [
            read(READER),
            read(READER, and_={"versionStage": "AWSCURRENT"}),
            read(READER, OTHERS, and_={"versionId": "v1"}),
        ],
    ),
    "read_after_deletion": (
        [read(READER, error=MARKED), read(STRANGER, "shop/dev/gone", error=MARKED)],
        [
            read(READER),
            read(READER, OTHERS, error=MARKED),
            about("PutSecretValue", READER, error=MARKED),
        ],
    ),
    "key_weakened": (
        [
            key_call("DisableKey"),
            key_call("ScheduleKeyDeletion", key=KEY.rpartition("/")[2]),
            key_call("PutKeyPolicy", READER),
            key_call("CreateGrant"),
        ],
        [
            key_call("PutKeyPolicy", RUN),
            key_call("DisableKey", key=f"{KEY[:-1]}c"),
            key_call("CreateGrant", sourceIPAddress="rds.amazonaws.com"),
            key_call("EnableKey"),
        ],
    ),
    "decrypted_elsewhere": (
        [decrypted(DB), decrypted(DB, invokedBy="ec2.amazonaws.com")],
        [
            decrypted(DB, invokedBy="secretsmanager.amazonaws.com"),
            decrypted(OTHERS),
            key_call("Decrypt"),
        ],
    ),
    "trail_weakened": (
        [trail_call("StopLogging"), trail_call("PutEventSelectors", READER)],
        [
            trail_call("StopLogging", RUN),
            trail_call("StartLogging"),
            call("StopLogging", STRANGER, service="config"),
        ],
    ),
    "decoy_touched": (
        [
            read(READER, DECOY),
            about("DescribeSecret", STRANGER, "shop/dev/admin"),
            refused(DECOY),
        ],
        [
            read(RUN, DECOY),
            read(STRANGER),
            about("GetSecretValue", STRANGER, "shop/dev/admin-2"),
        ],
    ),
    "many_unexpected_reads": (
        [read(STRANGER)],
        [read(READER), refused(DB), read(STRANGER, OTHERS)],
    ),
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_a_rule_must_take_is_taken(name: str) -> None:
    missed = [event["detail"] for event in CASES[name][0] if not takes(name, event)]
    assert missed == []


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_is_only_near_is_not_taken(name: str) -> None:
    near = CASES[name][1]
    assert len(near) >= 3
    assert [event["detail"] for event in near if takes(name, event)] == []


UNUSUAL = {
    "console_read",
    "old_version_read",
    "read_after_deletion",
    "denied_reads",
    "decoy_touched",
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_declared_callers_raise_nothing_by_what_they_usually_do(name: str) -> None:
    usual = [
        *(read(by, secret) for by in (READER, RUN, ROTATES) for secret in (DB, "legacy")),
        *(about("PutSecretValue", by) for by in (RUN, ROTATES)),
        about("UpdateSecretVersionStage", ROTATES),
        about("RotateSecret", RUN, and_=RULES),
        about("PutResourcePolicy", RUN),
        about("DeleteSecret", RUN),
        call("ListSecrets", RUN),
        decrypted(DB, invokedBy="secretsmanager.amazonaws.com"),
        cloudtrail.service_event("RotationSucceeded", DB),
    ]
    assert [event["detail"] for event in usual if takes(name, event)] == []


def test_catalogue_is_what_a_map_can_turn_on_in_the_same_order() -> None:
    assert list(CATALOGUE) == list(Detections.model_fields) == list(CASES)


@pytest.mark.parametrize("name", CATALOGUE)
def test_reading_events_reach_the_rules_that_are_about_them(name: str) -> None:
    reads = [event["detail"]["readOnly"] for event in CASES[name][0]]
    assert CATALOGUE[name].is_read is any(reads)


def test_source_of_the_deployment_may_be_anyone_where_nobody_is_known() -> None:
    nobody = watched()
    open_ = Watched(**{**fields(nobody), "deployers": expected([], [], HOME)})
    assert takes("deletion", about("DeleteSecret", RUN), open_)


def fields(of: Watched) -> dict[str, Any]:
    return {name: getattr(of, name) for name in Watched.__slots__}


@pytest.mark.parametrize("count", [1, 30, 100, 400])
def test_any_number_of_readers_is_told_from_strangers(count: int) -> None:
    names = [f"myapp-prod-{number % 7}-service-{number * 37}-execution" for number in range(count)]
    names += ["my", "myapp", "myapp-prod-3"]
    many = watched(*(f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in names))
    found = detections.patterns(CATALOGUE["unexpected_read"], many)
    assert max(len(pattern) for pattern in found) <= MAX_PATTERN
    rules = [EventPattern.load(pattern) for pattern in found]

    def hits(event: Event) -> int:
        return sum(rule.matches_event(event) for rule in rules)

    assert {name: hits(read(role(name))) for name in names} == dict.fromkeys(names, 0)
    near = [f"{name}x" for name in names[::9]] + [name[:-1] for name in names[::9] if name[1:]]
    strangers = {name for name in (*near, "myapp-prod", "a", "zzz", "myap") if name not in names}
    assert {name: hits(read(role(name))) for name in strangers} == dict.fromkeys(strangers, 1)
    for other in (user("bob"), cloudtrail.ROOT_USER, cloudtrail.foreign("111111111111")):
        assert hits(read(other)) == 1


@pytest.mark.parametrize("count", [5, 60, 300])
def test_any_number_of_adopted_secrets_is_watched(count: int) -> None:
    names = [f"legacy/service-{number}/credentials" for number in range(count)]
    adopted = [WatchedSecret(name, f"{HOME.secret_arn(name)}-AbCdEf") for name in names]
    many = watched(secrets=tuple(adopted))
    for name in CATALOGUE:
        sizes = [len(pattern) for pattern in detections.patterns(CATALOGUE[name], many)]
        assert max(sizes) <= MAX_PATTERN, name

    missed = [
        one.name
        for one in adopted
        if not takes("deletion", about("DeleteSecret", STRANGER, one.name), many)
    ]
    assert missed == []


def test_longest_names_fit_every_pattern() -> None:
    long = Watched(**{**fields(watched()), "prefix": f"{'c' * 250}/{'e' * 250}/"})
    for name, detection in CATALOGUE.items():
        sizes = [len(pattern) for pattern in detections.patterns(detection, long)]
        assert max(sizes) <= MAX_PATTERN, name


def test_what_fits_no_pattern_is_refused() -> None:
    accounts = [str(100000000000 + number) for number in range(200)]
    with pytest.raises(PatternTooLongError, match=r"^unexpected_read$"):
        detections.patterns(CATALOGUE["unexpected_read"], watched(*accounts))


@pytest.mark.parametrize("detection", CATALOGUE.values(), ids=CATALOGUE)
def test_message_is_json_with_known_variables_and_no_value(detection: Detection) -> None:
    sent = detections.message(detection, "m")
    content = json.loads(sent.template)["content"]
    assert content["title"] == detection.title
    assert content["nextSteps"] == list(detection.advice)
    used = set(content["description"].replace("<", "\n<").split("\n<")[1:])
    assert {word.partition(">")[0] for word in used} == set(sent.paths)
    assert "<" not in content["title"] + "".join(content["nextSteps"])
    allowed = {"secretId", "SecretId", "keyId", "name", "SecretARN"}
    for path in sent.paths.values():
        last = path.rpartition(".")[2]
        is_parameter = "requestParameters" in path or "additionalEventData" in path
        assert not is_parameter or last in allowed
        assert "responseElements" not in path
        assert "errorMessage" not in path


def test_chosen_detections_come_in_the_order_of_the_catalogue() -> None:
    found = [one.name for one in detections.chosen(["deletion", "rotation_failed"])]
    assert found == ["rotation_failed", "deletion"]
