"""Each rule against an account that is as expected, and against one that is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.verify.conftest import FakeDeployment
from verify import api_calls, event_rules, rules
from verify.api_calls import Calls, Measurement, NotMeasuredError
from verify.polling import Reads
from verify.rules import RULES, Rule, check, note_versions, write_as_operator
from verify.scene import Scene
from verify.table import Seen

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"


class Secrets:
    """Secrets Manager, which answers with what a test has set."""

    def __init__(self) -> None:
        self.described: dict[str, Any] = {}
        self.values: dict[str, str] = {}
        self.policy: str | None = None
        self.versions: list[dict[str, Any]] = []
        self.failing: str | None = None
        self.on_rotate: Callable[[], None] = lambda: None
        self.written: list[dict[str, str]] = []
        self.listed: list[dict[str, Any]] = []

    def _check(self) -> None:
        if self.failing:
            raise ClientError({"Error": {"Code": self.failing}}, "Anything")

    def describe_secret(self, SecretId: str) -> dict[str, Any]:  # noqa: N803 # boto3's spelling
        self._check()
        return self.described

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803
        self._check()
        return {"SecretString": self.values[SecretId.rpartition("/")[2]]}

    def get_resource_policy(self, SecretId: str) -> dict[str, str]:  # noqa: N803
        return {"ResourcePolicy": self.policy} if self.policy else {}

    def rotate_secret(self, SecretId: str) -> dict[str, str]:  # noqa: N803
        self.on_rotate()
        return {"VersionId": "new"}

    def put_secret_value(self, **request: str) -> None:
        self.written.append(request)

    def list_secret_version_ids(self, **request: Any) -> dict[str, Any]:
        self.listed.append(request)
        return {"Versions": self.versions}


@pytest.fixture
def secrets(scene: Scene) -> Secrets:
    made = Secrets()
    scene.account._clients["secretsmanager", scene.account.region] = made
    return made


def rule(name: str) -> Rule:
    (found,) = (one for one in RULES if one.name.startswith(name))
    return found


def see(name: str, scene: Scene) -> Seen:
    return check(rule(name), scene).seen


def test_every_rule_says_what_is_expected_and_where_from() -> None:
    assert all(one.expected and one.source for one in RULES)
    assert len({(one.name, one.after) for one in RULES}) == len(RULES)


@pytest.mark.parametrize(("key", "expected"), [(None, True), (KEY, False)])
def test_secret_that_names_no_key_shows_none(
    scene: Scene, secrets: Secrets, key: str | None, expected: bool
) -> None:
    secrets.described = {"KmsKeyId": key} if key else {}
    assert see("key of a secret that names none", scene).is_expected is expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [(KEY, True), ("alias/mine", False), ("alias/aws/secretsmanager", False), (None, False)],
)
def test_maps_own_key_shows_as_its_arn(
    scene: Scene, secrets: Secrets, key: str | None, expected: bool
) -> None:
    secrets.described = {"KmsKeyId": key}
    assert see("key of a secret that has moved to", scene).is_expected is expected


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("alias/aws/secretsmanager", "alias/aws/secretsmanager", True),
        (None, "no KmsKeyId", False),
        (f"{KEY[:-5]}alias/aws/secretsmanager", f"{KEY[:-5]}alias/aws/secretsmanager", False),
    ],
)
def test_managed_key_is_shown_as_aws_reads_it_back(
    scene: Scene, secrets: Secrets, key: str | None, text: str, expected: bool
) -> None:
    secrets.described = {"KmsKeyId": key}
    seen = see("key of a secret that has moved back", scene)
    assert seen == Seen(text, is_expected=expected)


@pytest.mark.parametrize("as_list", [True, False])
def test_role_in_the_policy_is_expected_by_its_arn(
    scene: Scene, secrets: Secrets, as_list: bool
) -> None:
    role: Any = scene.surroundings.role
    principal = {"AWS": [role] if as_list else role}
    secrets.policy = json.dumps({"Statement": [{"Principal": principal}]})
    assert see("policy for a role", scene).is_expected is True


@pytest.mark.parametrize(
    "policy", [None, json.dumps({"Statement": [{"Principal": {"AWS": "AROAEXAMPLE"}}]})]
)
def test_missing_policy_or_another_principal_differs(
    scene: Scene, secrets: Secrets, policy: str | None
) -> None:
    secrets.policy = policy
    assert see("policy for a role", scene).is_expected is False


@pytest.mark.parametrize("is_called", [True, False])
def test_event_that_reaches_the_function_is_expected(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, is_called: bool
) -> None:
    monkeypatch.setattr(event_rules, "create", lambda _: None)
    monkeypatch.setattr(event_rules, "wait_for_restart", lambda *_: is_called)
    assert see("EventBridge calls", scene).is_expected is is_called


@pytest.mark.parametrize(
    ("text", "expected"), [("", True), (f"rotated at {event_rules.BY_ACCOUNT}", False)]
)
def test_event_that_needs_a_source_account_is_expected_to_reach_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, text: str, expected: bool
) -> None:
    monkeypatch.setattr(Scene, "description_of", lambda *_: text)
    assert see("EventBridge does not call", scene).is_expected is expected


def rotating(secrets: Secrets, value: str, **stages: list[str]) -> None:
    def rotate() -> None:
        secrets.values["rotating"] = value
        secrets.described = {"VersionIdsToStages": stages}

    secrets.values["rotating"] = "before"
    secrets.on_rotate = rotate


def test_rotation_ends_with_another_value(scene: Scene, secrets: Secrets) -> None:
    rotating(secrets, "after", new=["AWSCURRENT", "AWSPENDING"], old=["AWSPREVIOUS"])
    seen = see("a rotation by", scene)
    assert seen.is_expected is True
    assert seen.text.startswith("another value after")


def test_rotation_that_keeps_the_value_differs(scene: Scene, secrets: Secrets) -> None:
    rotating(secrets, "before", new=["AWSCURRENT"])
    assert see("a rotation by", scene).is_expected is False


def test_rotation_that_does_not_end_differs(
    scene: Scene, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_ROTATION_SECONDS", 0)
    rotating(secrets, "before", new=["AWSPENDING"], old=["AWSCURRENT"])
    seen = see("a rotation by", scene)
    assert seen == Seen(
        "not finished after 0 s; labels [['AWSCURRENT'], ['AWSPENDING']]", is_expected=False
    )


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([["AWSCURRENT"], ["AWSPREVIOUS"], ["secretsmap-first-value"]], True),
        ([["AWSCURRENT"], ["AWSPREVIOUS"]], False),
        ([["AWSCURRENT", "secretsmap-first-value"], ["AWSPREVIOUS"]], False),
    ],
)
def test_first_version_is_listed_by_our_label_alone(
    scene: Scene, secrets: Secrets, labels: list[list[str]], expected: bool
) -> None:
    rotating(secrets, "after", new=["AWSCURRENT"])
    secrets.versions = [{"VersionStages": one} for one in labels]
    assert see("first version after two", scene).is_expected is expected
    assert secrets.listed[0]["IncludeDeprecated"] is False


def test_first_version_is_not_checked_without_a_second_rotation(
    scene: Scene, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_ROTATION_SECONDS", 0)
    rotating(secrets, "before", new=["AWSPENDING"])
    assert see("first version after two", scene).is_expected is None


@pytest.mark.parametrize(
    ("value", "description", "window"),
    [("own", "adopted", 7), ("other", "adopted", 7), ("own", "", 7), ("own", "adopted", None)],
)
def test_adoption_keeps_the_value_and_writes_the_window(
    scene: Scene,
    secrets: Secrets,
    value: str,
    description: str,
    window: int | None,
) -> None:
    scene.surroundings.values["adopted"] = "own"
    secrets.values["adopted"] = value
    secrets.described = {"Description": description}
    state = {"recoveryWindowInDays": window}
    scene.deployment.state = state  # type: ignore[attr-defined] # of the stand-in
    is_kept = (value, description, window) == ("own", "adopted", 7)
    assert see("adoption, then", scene).is_expected is is_kept


def test_operator_writes_another_password_and_nothing_else(scene: Scene, secrets: Secrets) -> None:
    secrets.values["fields"] = json.dumps({"host": "h", "password": "first"})
    write_as_operator(scene)
    (written,) = secrets.written
    value = json.loads(written["SecretString"])
    assert value == {"host": "h", "password": scene.operator_password}
    assert len(scene.operator_password) > 20


@pytest.mark.parametrize(
    ("host", "password", "expected"),
    [
        ("second.invalid", "operators", True),
        ("first.invalid", "operators", False),
        ("second.invalid", "maps", False),
    ],
)
def test_own_field_changes_and_the_operators_does_not(
    scene: Scene, secrets: Secrets, host: str, password: str, expected: bool
) -> None:
    scene.operator_password = "operators"
    secrets.values["fields"] = json.dumps({"host": host, "password": password})
    seen = see("the map's own field", scene)
    assert seen.is_expected is expected
    assert password not in seen.text.split()


@pytest.mark.parametrize(("added", "expected"), [([], True), (["b"], False)])
def test_new_version_after_a_refresh_differs(
    scene: Scene, secrets: Secrets, added: list[str], expected: bool
) -> None:
    secrets.versions = [{"VersionId": "a"}]
    note_versions(scene)
    secrets.versions = [{"VersionId": name} for name in ["a", *added]]
    assert see("`rotated_fields` after", scene).is_expected is expected
    assert all(request["IncludeDeprecated"] is True for request in secrets.listed)


@pytest.mark.parametrize(
    ("error", "expected"),
    [("ReplicateKey: AlreadyExistsException", True), ("denied", False), (None, False)],
)
def test_second_replica_key_is_expected_to_be_refused(
    scene: Scene, deployment: FakeDeployment, error: str | None, expected: bool
) -> None:
    scene.current, scene.replica_region = {"secrets": {}}, "eu-west-1"
    if error:
        deployment.errors[1] = error
    assert see("a replica key", scene).is_expected is expected
    (deployed,) = deployment.maps
    assert deployed["secrets"]["replicated_again"]["replicas"] == [{"region": "eu-west-1"}]


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        (Reads(total=9, new=3), True),
        (Reads(total=9, new=3, missing=1), False),
        (Reads(total=9, new=3, other=1), False),
        (Reads(total=9), None),
        (Reads(total=9, new=3, unanswered=2), True),
    ],
)
def test_rename_is_readable_if_no_read_was_without_the_value(
    scene: Scene, reads: Reads, expected: bool | None
) -> None:
    scene.reads = reads
    assert see("a rename keeps", scene).is_expected is expected


@pytest.mark.parametrize(("failing", "expected"), [(None, True), ("DecryptionFailure", False)])
def test_value_is_readable_without_the_key_that_it_has_left(
    scene: Scene, secrets: Secrets, failing: str | None, expected: bool
) -> None:
    secrets.values["plain"] = "own"
    secrets.failing = failing
    assert see("value of a secret whose last key", scene).is_expected is expected


@pytest.mark.parametrize(
    ("described", "value", "expected"),
    [
        ({}, "own", True),
        ({}, "other", False),
        ({"DeletedDate": datetime(2026, 1, 1, tzinfo=UTC)}, "own", False),
    ],
)
def test_released_secret_is_expected_to_stay(
    scene: Scene, secrets: Secrets, described: dict[str, Any], value: str, expected: bool
) -> None:
    scene.surroundings.values["released"] = "own"
    secrets.described, secrets.values["released"] = described, value
    assert see("an adopted secret whose entry", scene).is_expected is expected


def test_released_secret_that_does_not_exist_differs(scene: Scene, secrets: Secrets) -> None:
    secrets.failing = "ResourceNotFoundException"
    assert see("an adopted secret whose entry", scene).is_expected is False


def test_rule_that_aws_refuses_to_answer_is_not_checked(scene: Scene, secrets: Secrets) -> None:
    secrets.failing = "AccessDeniedException"
    seen = see("an adopted secret whose entry", scene)
    assert seen == Seen("AWS refuses: Anything: AccessDeniedException", is_expected=None)


def test_rule_about_a_missing_function_is_not_checked(scene: Scene) -> None:
    seen = see("EventBridge calls", scene)
    assert seen == Seen("the function `try-0123abcd-on-rotate` does not exist", is_expected=None)


@pytest.mark.parametrize("name", ["`up --refresh`", "`up` after the refresh"])
@pytest.mark.parametrize("changes", [(), ("update secret:Secret (kmsKeyId)",)])
def test_change_of_an_unchanged_map_differs(
    scene: Scene, deployment: FakeDeployment, name: str, changes: tuple[str, ...]
) -> None:
    deployment.changes = changes
    scene.result = scene.deployment.up({})
    seen = see(name, scene)
    assert seen.is_expected is (changes == ())
    assert seen.text == (changes[0] if changes else "no change")


@pytest.mark.parametrize("is_restarted", [True, False])
def test_restart_after_a_rotation_is_expected(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, is_restarted: bool
) -> None:
    monkeypatch.setattr(rules, "_RESTART_SECONDS", 0)
    monkeypatch.setattr(event_rules, "is_restarted_by_rotation", lambda _: is_restarted)
    assert see("`on_rotate` restarts", scene).is_expected is is_restarted


def calls(*names: str, writes: tuple[str, ...] = ()) -> Calls:
    made = Calls()
    for name in names:
        made.add(name, is_write=name in writes)
    return made


@pytest.mark.parametrize("writes", [(), ("PutSecretValue",)])
def test_calls_of_cloudtrail_are_expected_to_read_only(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, writes: tuple[str, ...]
) -> None:
    found = calls("ListSecrets", *writes, writes=writes)
    monkeypatch.setattr(api_calls, "recorded", lambda *_: found)
    seen = see("API calls", scene)
    assert seen.is_expected is not bool(writes)
    assert "ListSecrets 1" in seen.text


@pytest.mark.parametrize(("writes", "expected"), [((), None), (("PutSecretValue",), False)])
def test_calls_that_cloudtrail_does_not_show_are_not_measured(
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    writes: tuple[str, ...],
    expected: bool | None,
) -> None:
    def refuse(*_: Any) -> Calls:
        raise NotMeasuredError("too slow")

    monkeypatch.setattr(api_calls, "recorded", refuse)
    reported = calls("ListSecrets", *writes, writes=writes)
    scene.measurement = Measurement("marker", reported)
    seen = see("API calls", scene)
    assert seen.is_expected is expected
    assert seen.text.startswith("not measured: too slow; by boto3")


def test_calls_are_not_measured_where_cloudtrail_refuses(scene: Scene) -> None:
    class Refusing:
        def lookup_events(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "LookupEvents")

    scene.account._clients["cloudtrail", scene.account.region] = Refusing()
    seen = see("API calls", scene)
    assert seen.is_expected is None
    assert "CloudTrail refuses (LookupEvents: AccessDeniedException)" in seen.text
