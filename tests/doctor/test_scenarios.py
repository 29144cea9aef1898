"""Every failure of the field, injected: its cause is named, and no other one is."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from secrets_component.doctor.causes import CAUSES
from tests.doctor.conftest import Diagnose
from tests.doctor.lab import HERE, READ, READER, REGION, THERE, Lab, Network, allow, policy

PLAIN = "secrets: {a: {secret_data: {user: u, password: hunter2}}}\n"
ALARMS = f"alarms: {{create: true}}\n{PLAIN}"
Broken = Callable[[Lab], str | tuple[str, str] | None]


class Scenario(NamedTuple):
    """What is broken, and what is named.

    `broken` breaks it; it returns what the command is asked about: the map or the principal.
    """

    broken: Broken
    causes: str = ""
    error: str | None = None


def rotates_by(function: str) -> str:
    return f"secrets: {{a: {{secret_data: {{}}, owner: rotation, rotation_automatically: true, rotation_lambda_arn: '{function}'}}}}\n"


def well(lab: Lab) -> str:
    lab.secret()
    return PLAIN


def in_another_region(lab: Lab) -> str:
    lab.secret(region="eu-west-1")
    return PLAIN


def under_another_name(lab: Lab) -> str:
    lab.secret("api-key")
    return "secrets: {api_key: {secret_data: x}}\n"


def deleted(lab: Lab) -> str:
    lab.secret()
    lab.aws("secretsmanager").delete_secret(SecretId=lab.name(), RecoveryWindowInDays=7)
    return PLAIN


def empty(lab: Lab) -> str:
    lab.aws("secretsmanager").create_secret(Name=lab.name())
    return "secrets: {a: {owner: operator}}\n"


def under_a_key(lab: Lab) -> str:
    key = str(lab.aws("kms").create_key()["KeyMetadata"]["KeyId"])
    lab.secret(KmsKeyId=key)
    return key


def key_disabled(lab: Lab) -> str:
    lab.aws("kms").disable_key(KeyId=under_a_key(lab))
    return PLAIN


def key_pending_deletion(lab: Lab) -> str:
    lab.aws("kms").schedule_key_deletion(KeyId=under_a_key(lab), PendingWindowInDays=7)
    return PLAIN


def key_is_gone(lab: Lab) -> str:
    from secrets_component.lookups.inventory import AccountError

    def absent(_: Any) -> Any:
        raise AccountError("Invalid keyId", code="NotFoundException", is_answer=True)

    under_a_key(lab)
    lab.alter("kms", "describe_key", absent)
    return PLAIN


def key_names_others(lab: Lab) -> tuple[str, str]:
    administers = allow("kms:*", Principal={"AWS": lab.role()})
    under_a_key(lab)
    lab.alter("kms", "get_key_policy", lambda answer: {**answer, "Policy": policy(administers)})
    return PLAIN, lab.role(allow(*READ))


def reader(*statements: dict[str, Any]) -> Broken:
    def broken(lab: Lab) -> tuple[str, str]:
        lab.secret()
        return PLAIN, lab.role(*statements)

    return broken


DENIES = {**allow("secretsmanager:GetSecretValue"), "Effect": "Deny"}


def reader_in_boundary(lab: Lab) -> tuple[str, str]:
    lab.secret()
    return PLAIN, lab.role(allow(*READ), PermissionsBoundary=lab.managed(allow("s3:*")))


def session_of_reader(lab: Lab) -> tuple[str, str]:
    lab.secret()
    name = lab.role(allow(*READ)).rpartition("/")[2]
    return PLAIN, f"arn:aws:sts::{HERE}:assumed-role/{name}/i-0123456789"


def reader_that_does_not_exist(lab: Lab) -> tuple[str, str]:
    lab.secret()
    return PLAIN, f"arn:aws:iam::{HERE}:role/{lab.context}-none"


def foreign_reader(lab: Lab) -> tuple[str, str]:
    lab.secret()
    return PLAIN, READER


def foreign_reader_let_in(lab: Lab) -> tuple[str, str]:
    arn = lab.secret()
    named = policy(allow("secretsmanager:GetSecretValue", Principal={"AWS": READER}))
    lab.aws("secretsmanager").put_resource_policy(SecretId=arn, ResourcePolicy=named)
    return PLAIN, READER


def organization(lab: Lab) -> tuple[str, str]:
    lab.secret()
    ids = {"Id": "o-a1b2c3d4e5", "MasterAccountId": "999999999999"}
    root = {"Parents": [{"Id": "r-abcd", "Type": "ROOT"}]}
    denied = policy({**allow("*"), "Sid": "NoSecrets", "Effect": "Deny"})
    lab.answers = {
        ("organizations", "describe_organization"): {"Organization": ids},
        ("organizations", "list_parents"): root,
        ("organizations", "describe_policy"): {"Policy": {"Content": denied}},
    }
    return PLAIN, lab.role(allow(*READ))


def of_deleted_role(lab: Lab) -> str:
    lab.secret()
    named = policy(
        allow("secretsmanager:GetSecretValue", Principal={"AWS": "AROAEXAMPLEEXAMPLE123"})
    )
    lab.alter(
        "secretsmanager", "get_resource_policy", lambda answer: {**answer, "ResourcePolicy": named}
    )
    return PLAIN


def declared_reader_is_not_let_in(lab: Lab) -> str:
    lab.secret()
    return f"access: {{readers: ['{lab.role()}']}}\n{PLAIN}"


def rotating(change: Callable[[Lab, str], object] = lambda *_: None) -> Broken:
    def broken(lab: Lab) -> str:
        function = lab.rotating()
        change(lab, function)
        return rotates_by(function)

    return broken


def function_deleted(lab: Lab, function: str) -> None:
    lab.aws("lambda").delete_function(FunctionName=function)


def function_locked(lab: Lab, function: str) -> None:
    lab.aws("lambda").remove_permission(FunctionName=function, StatementId="rotate")


def function_switched_off(lab: Lab, function: str) -> None:
    lab.aws("lambda").put_function_concurrency(
        FunctionName=function, ReservedConcurrentExecutions=0
    )


def function_failed(lab: Lab, _: str) -> None:
    more = {"State": "Failed", "StateReason": "The image is gone"}
    lab.alter("lambda", "get_function_configuration", lambda answer: {**answer, **more})


def stuck(line: str | None = None, *, hours: int = 2) -> Broken:
    def broken(lab: Lab) -> str:
        function = lab.rotating()
        lab.pending(hours)
        if line:
            lab.logged(function, line)
        return rotates_by(function)

    return broken


def overdue(lab: Lab, _: str) -> None:
    due = {"NextRotationDate": datetime.now(UTC) - timedelta(days=2)}
    lab.alter("secretsmanager", "describe_secret", lambda answer: {**answer, **due})


def rotation_off(lab: Lab, _: str) -> None:
    lab.aws("secretsmanager").cancel_rotate_secret(SecretId=lab.name())


def in_vpc(prepare: Callable[[Network], object]) -> Broken:
    def broken(lab: Lab) -> str:
        network = Network.of(lab)
        prepare(network)
        config = {**network.config, "VpcId": network.vpc}
        lab.alter(
            "lambda", "get_function_configuration", lambda answer: {**answer, "VpcConfig": config}
        )
        return rotates_by(lab.rotating())

    return broken


def shut_in(network: Network) -> None:
    network.lab.aws("ec2").revoke_security_group_egress(
        GroupId=network.group,
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )


def timed_out_in_vpc(lab: Lab) -> str:
    text = in_vpc(lambda _: None)(lab)
    lab.pending()
    function = f"arn:aws:lambda:{REGION}:{HERE}:function:{lab.context}-rotate"
    lab.logged(function, "2026-11-30 id Task timed out after 30.00 seconds")
    assert isinstance(text, str)
    return text


OTHER_SECRETS = allow("secretsmanager:GetSecretValue", Principal="*") | {
    "Resource": f"arn:aws:secretsmanager:{REGION}:{HERE}:secret:other/*"
}
CONDITION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}


def replica(status: str) -> Broken:
    def broken(lab: Lab) -> str:
        lab.secret()
        found = {
            "Region": "eu-west-1",
            "Status": status,
            "StatusMessage": "a secret of that name exists",
        }
        lab.alter(
            "secretsmanager",
            "describe_secret",
            lambda answer: {**answer, "ReplicationStatus": [found]},
        )
        return PLAIN

    return broken


def trail(*, starts: bool, selects: bool = True) -> Broken:
    def broken(lab: Lab) -> str:
        lab.secret()
        found = {"Name": "t", "TrailARN": "arn:t"}
        lab.answers = {
            ("cloudtrail", "describe_trails"): {"trailList": [found]},
            ("cloudtrail", "get_trail_status"): {"IsLogging": starts},
            ("cloudtrail", "get_event_selectors"): {
                "EventSelectors": [{"IncludeManagementEvents": selects}]
            },
        }
        return ALARMS

    return broken


def alarms_without_trail(lab: Lab) -> str:
    lab.secret()
    return ALARMS


NOT_FOUND = "ResourceNotFoundException: Secrets Manager can't find the specified secret: "


def asks_for(name: str) -> str:
    return f"{NOT_FOUND}arn:aws:secretsmanager:{REGION}:{HERE}:secret:{name}"


SCENARIOS: dict[str, Scenario] = {
    "well": Scenario(well),
    "missing": Scenario(lambda _: PLAIN, "missing"),
    "in another region": Scenario(in_another_region, "elsewhere"),
    "under another name": Scenario(under_another_name, "misspelled"),
    "deleted": Scenario(deleted, "deleted"),
    "empty": Scenario(empty, "empty"),
    "key disabled": Scenario(key_disabled, "key-unusable"),
    "key pending deletion": Scenario(key_pending_deletion, "key-unusable"),
    "key gone": Scenario(key_is_gone, "key-unusable"),
    "key names others": Scenario(key_names_others, "key-refuses"),
    "reader": Scenario(reader(allow(*READ))),
    "reader's session": Scenario(session_of_reader),
    "reader without a policy": Scenario(reader(), "no-allow"),
    "reader who is denied": Scenario(reader(allow(*READ), DENIES), "denied"),
    "reader in a boundary": Scenario(reader_in_boundary, "boundary"),
    "reader without a role": Scenario(reader_that_does_not_exist, "no-principal"),
    "organization": Scenario(organization, "organization"),
    "foreign reader": Scenario(foreign_reader, "foreign-account"),
    "foreign reader, AWS-managed key": Scenario(foreign_reader_let_in, "foreign-managed-key"),
    "policy of a deleted role": Scenario(of_deleted_role, "deleted-principal"),
    "declared reader": Scenario(declared_reader_is_not_let_in, "no-allow"),
    "rotates": Scenario(rotating()),
    "function deleted": Scenario(rotating(function_deleted), "function-missing"),
    "function locked": Scenario(rotating(function_locked), "function-not-invokable"),
    "function switched off": Scenario(rotating(function_switched_off), "function-concurrency"),
    "function failed": Scenario(rotating(function_failed), "function-broken"),
    "rotation off": Scenario(rotating(rotation_off), "rotation-off"),
    "rotation overdue": Scenario(rotating(overdue), "rotation-overdue"),
    "rotation stuck": Scenario(stuck(), "rotation-stuck"),
    "rotation under way": Scenario(stuck(hours=0)),
    "step failed": Scenario(stuck("[ERROR] OperationalError: hunter2"), "rotation-stuck function-refused"),
    "function times out": Scenario(stuck("x Task timed out after 30.00 seconds"), "rotation-stuck function-timeout"),
    "function does not import": Scenario(stuck('{"errorType": "Runtime.ImportModuleError"}'), "rotation-stuck function-broken"),
    "VPC without a way": Scenario(in_vpc(lambda _: None), "no-route"),
    "VPC with an internet gateway": Scenario(in_vpc(lambda net: net.route_to(GatewayId=net.internet_gateway())), "no-route"),
    "VPC with a NAT gateway": Scenario(in_vpc(lambda net: net.route_to(NatGatewayId=net.nat_gateway()))),
    "VPC with an endpoint": Scenario(in_vpc(lambda net: net.endpoint())),
    "VPC with a shut endpoint": Scenario(in_vpc(lambda net: net.endpoint(lets_in=False)), "no-route"),
    "VPC without egress": Scenario(in_vpc(shut_in), "no-route"),
    "endpoint for other secrets": Scenario(in_vpc(lambda net: net.endpoint(policy(OTHER_SECRETS))), "endpoint-policy"),
    "endpoint for an organization": Scenario(in_vpc(lambda net: net.endpoint(policy(allow("*", Principal="*", Condition=CONDITION))))),
    "time-out without a way": Scenario(timed_out_in_vpc, "no-route rotation-stuck"),
    "replica failed": Scenario(replica("Failed"), "replica-failed"),
    "replica in sync": Scenario(replica("InSync")),
    "alarms without a trail": Scenario(alarms_without_trail, "no-trail"),
    "alarms, trail stopped": Scenario(trail(starts=False), "no-trail"),
    "alarms, trail of data": Scenario(trail(starts=True, selects=False), "no-trail"),
    "alarms, trail": Scenario(trail(starts=True)),
    "text: well": Scenario(well, "", asks_for("{name}")),
    "text: typing error": Scenario(well, "misspelled", asks_for("{name}b")),
    "text: throttled": Scenario(well, "throttled", "ThrottlingException: Rate exceeded"),
    "text: JSON key": Scenario(well, "json-key", "secret from Secrets Manager did not contain json key pasword"),
    "text: clock": Scenario(well, "clock", "InvalidSignatureException: Signature expired: 20261130T0"),
    "text: no role in Kubernetes": Scenario(well, "no-service-role", "An IAM role must be associated with service account app"),
    "text: token": Scenario(well, "rotation-token", "Pending secret version 1 for Secret s was not created by Lambda l."),
    "text: credentials": Scenario(well, "credentials", "ExpiredTokenException: The security token included in the request is expired"),
    "text: endpoint": Scenario(well, "unreachable", 'Could not connect to the endpoint URL: "https://secretsmanager.eu-cental-1'),
    "text: deletion, as it is": Scenario(deleted, "deleted", "You can't create this secret because a secret with this name is already scheduled for deletion."),
    "text: deletion, no more": Scenario(well, "", "InvalidRequestException: it was marked for deletion."),
}  # fmt: skip


FURTHER = {
    "key pending deletion", "key gone", "reader's session", "function failed",
    "VPC with an internet gateway", "VPC with a NAT gateway", "VPC without egress",
    "VPC with a shut endpoint", "endpoint for an organization", "alarms, trail of data",
    "alarms, trail stopped", "replica in sync", "rotation under way", "text: deletion, no more",
    "text: clock", "text: no role in Kubernetes", "text: token", "text: credentials",
    "text: endpoint",
}  # fmt: skip
"""Other cases of what shorter tests show, in `make long`."""
NAMES = [
    pytest.param(name, marks=[pytest.mark.long] if name in FURTHER else []) for name in SCENARIOS
]


@pytest.mark.parametrize("name", NAMES)
def test_cause_is_named_and_no_other_one(name: str, lab: Lab, diagnose: Diagnose) -> None:
    scenario = SCENARIOS[name]
    asked = scenario.broken(lab)
    text, principal = asked if isinstance(asked, tuple) else (asked, None)
    assert text is not None
    options = ["--principal", principal] if principal else []
    if scenario.error:
        options += ["--error", scenario.error.replace("{name}", lab.name())]
    start = time.process_time()  # seconds of its own: other tests run beside this one
    found = diagnose(text, *options)
    assert time.process_time() - start < 5
    expected = set(scenario.causes.split())
    assert {cause: cause in found["causes"] for cause in CAUSES} == {
        cause: cause in expected for cause in CAUSES
    }, found
    checks = [check for section in found["sections"] for check in section["checks"]]
    for check in checks:
        if check["cause"]:
            assert check["evidence"], check
            assert check["advice"], check


def test_each_cause_has_a_scenario() -> None:
    assert set(SCENARIOS) >= FURTHER
    named = {cause for scenario in SCENARIOS.values() for cause in scenario.causes.split()}
    assert set(CAUSES) - named == {"partial-arn"}  # pure: see test_complaint.py


def test_partial_arn_of_a_name_like_an_arns(lab: Lab, diagnose: Diagnose) -> None:
    lab.secret("db-master")
    text = "secrets: {a: {name: db-master, secret_data: x}}\n"
    found = diagnose(text, "--error", asks_for(lab.name("db-master")))
    assert found["causes"] == ["partial-arn"]
    assert THERE not in str(found)
