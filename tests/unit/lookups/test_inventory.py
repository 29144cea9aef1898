"""The account's secrets: what is asked of AWS, and what is read from its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from secrets_component.lookups.inventory import (
    AccountError,
    HeldSecret,
    Inventory,
    described_secret,
)
from secrets_component.planning.plan import Plan
from tests.maps_of_tests import plan_of

REGION = "eu-central-1"
OLD, NEW = "1" * 32, "2" * 32  # ids of versions


class Sdk:
    """An AWS SDK whose clients give prepared answers, and check what they are asked."""

    def __init__(self) -> None:
        self.opened: dict[str, Any] = {}
        session = boto3.Session("id", "key", region_name=REGION)
        self._clients = {name: session.client(name) for name in ("secretsmanager", "sts", "kms")}
        self.stubs = {name: Stubber(client) for name, client in self._clients.items()}

    def __call__(self, **arguments: Any) -> Sdk:
        """Open a session."""
        self.opened = arguments
        return self

    @property
    def region_name(self) -> str:
        return REGION

    def client(self, service: str, config: Any) -> Any:
        assert config.retries["mode"] == "adaptive"
        return self._clients[service]

    def lists(
        self,
        prefixes: list[str],
        *secrets: dict[str, Any],
        token: str = "",
        more: str = "",
        by: str = "name",
    ) -> None:
        """Answer the next ListSecrets, which must be about these prefixes."""
        asked: dict[str, Any] = {
            "Filters": [{"Key": by, "Values": prefixes}],
            "IncludePlannedDeletion": True,
            "MaxResults": 100,
        }
        answer: dict[str, Any] = {"SecretList": list(secrets)}
        if token:
            asked["NextToken"] = token
        if more:
            answer["NextToken"] = more
        self.stubs["secretsmanager"].add_response("list_secrets", answer, asked)


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sdk]:
    """Give the inventory prepared answers, all of which must have been asked for."""
    made = Sdk()
    monkeypatch.setattr(boto3, "Session", made)
    for stub in made.stubs.values():
        stub.activate()
    yield made
    for stub in made.stubs.values():
        stub.assert_no_pending_responses()


def arn(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:123456789012:secret:{name}-AbCdEf"


EMPTY = HeldSecret(
    name="x/dev/a",
    arn=arn("x/dev/a"),
    deletion=None,
    is_filled=False,
    next_rotation=None,
    service=None,
)


def listed(name: str, **more: Any) -> dict[str, Any]:
    """A secret as ListSecrets shows it."""
    return {"Name": name, "ARN": arn(name), **more}


def plan(entries: str = "a: {}") -> Plan:
    return plan_of(f"context_name: x\nsecrets: {{{entries}}}\n")


def held(sdk: Sdk, **more: Any) -> HeldSecret:
    """Return what is read from a secret that ListSecrets shows with these fields."""
    sdk.lists(["x/dev/a"], listed("x/dev/a", **more))
    return Inventory().secrets_of(plan())["x/dev/a"]


def test_few_secrets_are_searched_by_their_names(sdk: Sdk) -> None:
    sdk.lists(["x/dev/a", "x/dev/b", "x/dev/c"], listed("x/dev/a"), listed("x/dev/b"))
    assert list(Inventory().secrets_of(plan("a: {}, b: {}, c: {}"))) == ["x/dev/a", "x/dev/b"]


def test_many_secrets_are_searched_by_the_prefix_of_the_map(sdk: Sdk) -> None:
    sdk.lists(["x/dev/"], *(listed(f"x/dev/e{number}") for number in range(11)))
    entries = ", ".join(f"e{number}: {{}}" for number in range(11))
    assert len(Inventory().secrets_of(plan(entries))) == 11


def test_secrets_of_a_map_are_searched_by_the_id_of_its_state(sdk: Sdk) -> None:
    def tagged(name: str, key: str, value: str) -> dict[str, Any]:
        return listed(name, Tags=[{"Key": key, "Value": value}])

    found = [
        tagged("x/dev/a", "secretsmap:state", "id"),
        tagged("x/dev/b", "secretsmap:state", "id-of-another"),
        tagged("x/dev/c", "mine", "id"),
        listed("x/dev/d"),
    ]
    sdk.lists(["id"], *found, by="tag-value")
    assert [secret.name for secret in Inventory().of_state("id")] == ["x/dev/a"]


def test_value_is_the_maps_if_its_label_is_on_the_current_version(sdk: Sdk) -> None:
    labels = {OLD: ["AWSPREVIOUS", "secretsmap-value"], NEW: ["AWSCURRENT"]}
    found = held(sdk, SecretVersionsToStages=labels)
    assert (found.current_version, found.is_value_of_map) == (NEW, False)
    found = held(sdk, SecretVersionsToStages={NEW: ["AWSCURRENT", "secretsmap-value"]})
    assert found.is_value_of_map


def test_state_of_a_key_is_read(sdk: Sdk) -> None:
    answer = {"KeyMetadata": {"KeyId": "k", "KeyState": "PendingDeletion"}}
    sdk.stubs["kms"].add_response("describe_key", answer, {"KeyId": "k"})
    assert Inventory().key_state("k") == "PendingDeletion"


def test_tags_of_a_key_are_read(sdk: Sdk) -> None:
    answer = {"Tags": [{"TagKey": "a", "TagValue": "1"}], "Truncated": False}
    sdk.stubs["kms"].add_response("list_resource_tags", answer, {"KeyId": "k"})
    assert Inventory().key_tags("k") == {"a": "1"}


def test_keys_of_the_current_value_are_read(sdk: Sdk) -> None:
    versions = [
        {"VersionId": OLD, "VersionStages": ["AWSPREVIOUS"], "KmsKeyIds": ["old"]},
        {"VersionId": NEW, "VersionStages": ["AWSCURRENT"], "KmsKeyIds": ["old", "new"]},
    ]
    for answer, keys in ((versions, {"old", "new"}), (versions[:1], set())):
        sdk.stubs["secretsmanager"].add_response(
            "list_secret_version_ids", {"Versions": answer}, {"SecretId": arn("a")}
        )
        assert Inventory().keys_of_value(arn("a")) == keys


def test_roles_are_assumed_one_after_the_other(sdk: Sdk) -> None:
    given = {
        "AccessKeyId": "A" * 16,
        "SecretAccessKey": "s",
        "SessionToken": "t",
        "Expiration": datetime(2026, 1, 1, tzinfo=UTC),
    }
    asked = {"RoleArn": "arn:aws:iam::1:role/deploy", "RoleSessionName": "ci", "ExternalId": "e1"}
    sdk.stubs["sts"].add_response("assume_role", {"Credentials": given}, asked)
    role = {"roleArn": asked["RoleArn"], "sessionName": "ci", "externalId": "e1"}
    Inventory(REGION, [role])
    assert sdk.opened["aws_session_token"] == "t"


@pytest.mark.parametrize(
    ("code", "is_lasting"), [("AccessDeniedException", True), ("ThrottlingException", False)]
)
def test_missing_right_lasts_and_throttling_passes(sdk: Sdk, code: str, is_lasting: bool) -> None:
    sdk.stubs["sts"].add_client_error("get_caller_identity", code, "no\nmore")
    with pytest.raises(AccountError) as refused:
        Inventory().account()
    assert refused.value.is_lasting is is_lasting
    assert "\n" not in str(refused.value)


def test_secrets_that_the_map_does_not_have_are_left_out(sdk: Sdk) -> None:
    sdk.lists(["x/dev/a"], listed("x/dev/a"), listed("x/dev/a-longer"))
    assert list(Inventory().secrets_of(plan())) == ["x/dev/a"]


def test_adopted_secrets_from_elsewhere_are_searched_by_name(sdk: Sdk) -> None:
    sdk.lists(["old/a", "old/b"], listed("old/b"))
    found = Inventory().secrets_of(plan(f"a: {{import: old/b}}, b: {{import: '{arn('old/a')}'}}"))
    assert list(found) == ["old/b"]


def test_ten_names_are_searched_at_a_time(sdk: Sdk) -> None:
    names = [f"old-{number:02}" for number in range(12)]
    sdk.lists(["x/dev/", *names[:9]], *map(listed, names[:9]))
    sdk.lists(names[9:], *map(listed, names[9:]))
    entries = ", ".join(f"e{number}: {{import: {name}}}" for number, name in enumerate(names))
    assert list(Inventory().secrets_of(plan(entries))) == names


def test_all_pages_of_an_answer_are_read(sdk: Sdk) -> None:
    names = ["x/dev/a", "x/dev/b"]
    sdk.lists(names, listed("x/dev/a"), more="next")
    sdk.lists(names, listed("x/dev/b"), token="next")
    assert list(Inventory().secrets_of(plan("a: {}, b: {}"))) == ["x/dev/a", "x/dev/b"]


def test_secret_without_anything_is_empty_and_does_not_rotate(sdk: Sdk) -> None:
    assert held(sdk) == EMPTY


def test_secret_that_is_scheduled_for_deletion_has_a_date(sdk: Sdk) -> None:
    date = datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert held(sdk, DeletedDate=date).deletion == date


@pytest.mark.parametrize(
    ("versions", "is_filled"),
    [
        ({}, False),
        ({OLD: ["secretsmap-first-value"]}, False),
        ({OLD: ["AWSPENDING"]}, False),
        ({OLD: ["AWSPREVIOUS"], NEW: ["AWSCURRENT", "AWSPENDING"]}, True),
    ],
)
def test_secret_is_filled_once_it_has_a_current_version(
    sdk: Sdk, versions: dict[str, list[str]], is_filled: bool
) -> None:
    assert held(sdk, SecretVersionsToStages=versions).is_filled is is_filled


@pytest.mark.parametrize(
    "time",
    [
        datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 2, 0, 59, 59, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_next_rotation_is_in_utc_to_the_minute(sdk: Sdk, time: datetime) -> None:
    found = held(sdk, RotationEnabled=True, NextRotationDate=time)
    assert found.next_rotation == "2026-03-01T23:59+00:00"


@pytest.mark.parametrize(
    "rotation",
    [
        {"RotationEnabled": True},
        {"RotationEnabled": False, "NextRotationDate": datetime(2026, 3, 1, tzinfo=UTC)},
        {"NextRotationDate": datetime(2026, 3, 1, tzinfo=UTC)},
    ],
)
def test_secret_that_does_not_rotate_has_no_next_rotation(
    sdk: Sdk, rotation: dict[str, Any]
) -> None:
    assert held(sdk, **rotation).next_rotation is None


def test_service_that_manages_a_secret_is_named(sdk: Sdk) -> None:
    assert held(sdk, OwningService="rds").service == "rds"


@pytest.mark.parametrize("shown", [{}, {"KmsKeyId": ""}])
def test_secret_under_the_aws_managed_key_has_no_key(sdk: Sdk, shown: dict[str, str]) -> None:
    assert held(sdk, **shown).kms_key is None


def test_key_of_a_secret_is_known(sdk: Sdk) -> None:
    assert held(sdk, KmsKeyId="alias/own").kms_key == "alias/own"


@pytest.mark.parametrize(
    ("versions", "is_empty"),
    [({}, True), ({OLD: ["AWSPENDING"]}, True), ({OLD: ["AWSCURRENT"]}, False)],
)
def test_secret_is_empty_if_its_description_shows_no_current_version(
    sdk: Sdk, versions: dict[str, list[str]], is_empty: bool
) -> None:
    answer = {"VersionIdsToStages": versions} if versions else {}
    sdk.stubs["secretsmanager"].add_response("describe_secret", answer, {"SecretId": EMPTY.arn})
    assert Inventory().is_empty(EMPTY.arn) is is_empty


def test_account_is_that_of_the_credentials(sdk: Sdk) -> None:
    sdk.stubs["sts"].add_response("get_caller_identity", {"Account": "123456789012"})
    assert Inventory().account() == "123456789012"


def test_secret_is_restored_by_its_arn(sdk: Sdk) -> None:
    sdk.stubs["secretsmanager"].add_response("restore_secret", {}, {"SecretId": EMPTY.arn})
    Inventory().restore(EMPTY)


def test_region_and_credentials_are_passed_to_the_sdk(sdk: Sdk) -> None:
    Inventory("eu-west-1", profile_name="p")
    assert sdk.opened == {"region_name": "eu-west-1", "profile_name": "p"}


@pytest.mark.parametrize(
    ("service", "operation", "ask"),
    [
        ("secretsmanager", "list_secrets", lambda inventory: inventory.secrets_of(plan())),
        ("secretsmanager", "restore_secret", lambda inventory: inventory.restore(EMPTY)),
        ("secretsmanager", "describe_secret", lambda inventory: inventory.is_empty(EMPTY.arn)),
        ("sts", "get_caller_identity", lambda inventory: inventory.account()),
    ],
)  # fmt: skip
def test_refusal_by_aws_is_an_account_error_with_awss_reason(
    sdk: Sdk, service: str, operation: str, ask: Callable[[Inventory], object]
) -> None:
    sdk.stubs[service].add_client_error(operation, "AccessDeniedException", "is not authorized")
    with pytest.raises(AccountError, match=r"AccessDeniedException.*is not authorized"):
        ask(Inventory())


@pytest.fixture
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the settings of the machine that runs the tests from the AWS SDK."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


@pytest.mark.usefixtures("_no_settings")
@pytest.mark.parametrize(
    ("region", "credentials", "reason"),
    [
        (None, {}, "You must specify a region."),
        (REGION, {"profile_name": "absent"}, "The config profile (absent) could not be found"),
    ],
)
def test_account_that_cannot_be_opened_is_an_error_of_one_line(
    region: str | None, credentials: dict[str, Any], reason: str
) -> None:
    with pytest.raises(AccountError) as refused:
        Inventory(region, **credentials)
    assert str(refused.value) == reason


@pytest.mark.usefixtures("_no_settings")
def test_missing_credentials_are_an_account_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(AccountError, match=r"^Unable to locate credentials$"):
        Inventory(REGION).secrets_of(plan())


def test_level_is_listed_whole_and_other_names_are_looked_up(sdk: Sdk) -> None:
    sdk.lists(["x/dev/"], listed("x/dev/a"), listed("x/dev/of-others"))
    sdk.lists(["old/b"], listed("old/b"), listed("old/b-longer"))
    found = Inventory().of_level(plan("a: {}, b: {import: old/b}"))
    assert [secret.name for secret in found] == ["x/dev/a", "x/dev/of-others", "old/b"]


def test_description_rotation_and_last_read_are_read(sdk: Sdk) -> None:
    date = datetime(2026, 3, 1, tzinfo=UTC)
    found = held(
        sdk,
        Description="d",
        RotationEnabled=True,
        RotationLambdaARN="arn:f",
        LastRotatedDate=date,
        LastAccessedDate=date,
    )
    assert (found.description, found.rotates, found.function) == ("d", True, "arn:f")
    assert (found.last_rotation, found.last_read) == (date, date)


@pytest.mark.parametrize(
    ("labels", "pending"),
    [
        ({OLD: ["AWSCURRENT"]}, None),
        ({OLD: ["AWSCURRENT", "AWSPENDING"]}, None),
        ({OLD: ["AWSCURRENT"], NEW: ["AWSPENDING"]}, NEW),
    ],
)
def test_version_is_pending_until_it_is_current(
    sdk: Sdk, labels: dict[str, list[str]], pending: str | None
) -> None:
    assert held(sdk, SecretVersionsToStages=labels).pending_version == pending


@pytest.mark.parametrize("policy", [None, "{}"])
def test_resource_policy_is_read(sdk: Sdk, policy: str | None) -> None:
    answer = {"ResourcePolicy": policy} if policy else {}
    sdk.stubs["secretsmanager"].add_response("get_resource_policy", answer, {"SecretId": EMPTY.arn})
    assert Inventory().resource_policy(EMPTY.arn) == policy


def test_id_of_a_key_is_read_by_its_alias(sdk: Sdk) -> None:
    answer = {"KeyMetadata": {"KeyId": "k"}}
    sdk.stubs["kms"].add_response("describe_key", answer, {"KeyId": "alias/own"})
    assert Inventory().key_id("alias/own") == "k"


def test_refusal_has_awss_code(sdk: Sdk) -> None:
    sdk.stubs["sts"].add_client_error("get_caller_identity", "ExpiredToken", "no")
    with pytest.raises(AccountError) as refused:
        Inventory().account()
    assert refused.value.code == "ExpiredToken"


@pytest.mark.usefixtures("sdk")
def test_region_is_that_of_the_session() -> None:
    assert Inventory().region == REGION


def test_all_pages_of_any_operation_are_read(sdk: Sdk) -> None:
    for token, more in (("", "m"), ("m", "")):
        sdk.lists(["x"], token=token, more=more)
    asked = {"Filters": [{"Key": "name", "Values": ["x"]}], "IncludePlannedDeletion": True}
    found = Inventory().pages("secretsmanager", "list_secrets", MaxResults=100, **asked)
    assert [page["SecretList"] for page in found] == [[], []]


def test_refusal_is_an_answer_and_silence_is_none(sdk: Sdk) -> None:
    sdk.stubs["sts"].add_client_error("get_caller_identity", "AccessDenied", "no")
    with pytest.raises(AccountError) as refused:
        Inventory().account()
    assert refused.value.is_answer
    with pytest.raises(AccountError) as silent:  # the stub has no further answer
        Inventory().account()
    assert not silent.value.is_answer


def test_client_of_a_service_is_opened_once(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    known = sdk.client

    def client(service: str, config: Any) -> Any:
        opened.append(service)
        return known(service, config)

    monkeypatch.setattr(sdk, "client", client)
    account = Inventory()
    for _ in range(2):
        answer = {"KeyMetadata": {"KeyId": "k", "KeyState": "Enabled"}}
        sdk.stubs["kms"].add_response("describe_key", answer)
        assert account.key_state("k") == "Enabled"
    assert opened == ["secretsmanager", "kms"]


def test_described_secret_is_as_a_listed_one() -> None:
    described = {"Name": "x", "ARN": "arn:x", "VersionIdsToStages": {"1": ["AWSCURRENT"]}}
    found = described_secret(described)
    assert (found.name, found.is_filled, found.current_version) == ("x", True, "1")
    assert not described_secret({"Name": "x", "ARN": "arn:x"}).is_filled


@pytest.mark.parametrize(
    ("region", "other"), [("eu-central-1", "us-east-1"), ("cn-north-1", "cn-northwest-1")]
)
def test_regions_are_those_of_the_partition(region: str, other: str) -> None:
    found = Inventory(region).regions()
    assert {region, other} <= set(found)
    assert ("us-east-1" in found) == (region == "eu-central-1")


def test_other_region_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Inventory("eu-central-1", aws_access_key_id="id", aws_secret_access_key="key")
    other = boto3.session.Session("id", "key").client("secretsmanager", "eu-west-1")
    stub = Stubber(other)
    stub.add_response("describe_secret", {"Name": "x"}, {"SecretId": "x"})
    opened: list[dict[str, Any]] = []

    def client(service: str, **options: Any) -> Any:
        opened.append({"service": service, **options})
        return other

    monkeypatch.setattr(account._session, "client", client)
    with stub:
        found = account.ask_in("eu-west-1", "secretsmanager", "describe_secret", SecretId="x")
    assert found["Name"] == "x"
    assert opened[0]["region_name"] == "eu-west-1"
    assert opened[0]["config"].retries == {"total_max_attempts": 1}
