"""Reading an account: all pages, and what AWS refuses is named."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from secrets_component.audit.reading import AccountReader
from secrets_component.lookups.inventory import AccountError, Inventory
from tests.maps_of_tests import plan_of
from tests.unit.audit.accounts import HERE, KEY, REGION, role, role_arn, secret_arn

SERVICES = ("sts", "iam", "secretsmanager", "kms", "lambda", "organizations", "cloudtrail")
FUNCTION = f"arn:aws:lambda:{REGION}:{HERE}:function:turn"
PLAN = plan_of("context_name: shop\nsecrets: {a: {generate_random_password: true}}\n")
REFUSED = "AccessDeniedException"


class Sdk:
    """An AWS SDK whose clients give prepared answers."""

    region_name = REGION

    def __init__(self) -> None:
        session = boto3.Session("id", "key", region_name=REGION)
        self.clients = {name: session.client(name) for name in SERVICES}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}

    def client(self, service: str, config: Any) -> Any:
        assert config.retries["mode"] == "adaptive"
        return self.clients[service]

    def answer(
        self, service: str, operation: str, answer: dict[str, Any], asked: Any = None
    ) -> None:
        self.stubs[service].add_response(operation, answer, asked)

    def refuse(self, service: str, operation: str, code: str = REFUSED) -> None:
        self.stubs[service].add_client_error(operation, code, "you may not")

    def basics(self, *secrets: dict[str, Any], roles: int = 1, pages: int = 1) -> None:
        """Prepare the caller, pages of roles, and the list of secrets."""
        identity = {"Account": HERE, "Arn": f"arn:aws:iam::{HERE}:user/u", "UserId": "AIDA"}
        self.answer("sts", "get_caller_identity", identity)
        for page in range(pages):
            details = [detail(f"r{page}-{number}") for number in range(roles)]
            answer: dict[str, Any] = {
                "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": details, "Policies": [],
                "IsTruncated": page < pages - 1,
            }  # fmt: skip
            asked: dict[str, Any] = {"MaxItems": 1000}
            if page:
                asked["Marker"] = f"m{page}"
            if page < pages - 1:
                answer["Marker"] = f"m{page + 1}"
            self.answer("iam", "get_account_authorization_details", answer, asked)
        self.answer("secretsmanager", "list_secrets", {"SecretList": list(secrets)})

    def alone(self) -> None:
        """Answer that the account is in no organization."""
        self.refuse("organizations", "describe_organization", "AWSOrganizationsNotInUseException")

    def no_reads(self) -> None:
        self.answer("cloudtrail", "lookup_events", {"Events": []})

    def reads(self, *events: dict[str, Any], token: str = "", more: str = "") -> None:
        """Answer a page of events, which must be asked for with a token."""
        by_name = {"AttributeKey": "EventName", "AttributeValue": "GetSecretValue"}
        asked: dict[str, Any] = {"LookupAttributes": [by_name], "MaxResults": 50}
        answer: dict[str, Any] = {
            "Events": [{"CloudTrailEvent": json.dumps(one)} for one in events]
        }
        if token:
            asked["NextToken"] = token
        if more:
            answer["NextToken"] = more
        self.answer("cloudtrail", "lookup_events", answer, asked)


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sdk]:
    made = Sdk()
    monkeypatch.setattr(boto3, "Session", lambda **_: made)
    for stub in made.stubs.values():
        stub.activate()
    yield made
    for stub in made.stubs.values():
        stub.assert_no_pending_responses()


def detail(name: str) -> dict[str, Any]:
    """Return a role as the SDK's model knows it."""
    made = role(name)
    made["AssumeRolePolicyDocument"] = "%7B%7D"  # the SDK decodes it
    return made


def listed(**more: Any) -> dict[str, Any]:
    return {"Name": "shop/dev/a", "ARN": secret_arn("shop/dev/a"), **more}


def test_3000_roles_come_in_three_pages(sdk: Sdk) -> None:
    sdk.basics(roles=1000, pages=3)
    sdk.alone()
    sdk.no_reads()
    answers = AccountReader(Inventory()).read([PLAN])
    assert len(answers.authorization["RoleDetailList"]) == 3000
    assert answers.authorization["RoleDetailList"][-1]["Arn"] == role_arn("r2-999")
    assert (answers.secrets, answers.organization, answers.unchecked) == ((), {"Id": None}, ())


def test_secret_has_all_its_policies_its_key_and_the_role_of_its_function(sdk: Sdk) -> None:
    arn = secret_arn("shop/dev/a")
    other = {"Name": "shop/dev/another", "ARN": secret_arn("shop/dev/another")}
    sdk.basics(listed(KmsKeyId=KEY, RotationLambdaARN=FUNCTION), other)
    policies = [{"PolicyName": "default"}, {"PolicyName": "aws-made"}]
    sdk.answer("secretsmanager", "list_resource_policies", {"ResourcePolicies": policies})
    sdk.answer(
        "secretsmanager", "get_resource_policy", {"ResourcePolicy": "{1}"}, {"SecretId": arn}
    )
    sdk.answer(
        "secretsmanager", "get_resource_policy", {"ResourcePolicy": "{2}"},
        {"SecretId": arn, "PolicyName": "aws-made"},
    )  # fmt: skip
    sdk.answer("lambda", "get_function_configuration", {"Role": role_arn("turner")})
    sdk.answer("kms", "describe_key", {"KeyMetadata": {"KeyId": KEY, "Arn": KEY}})
    sdk.answer("kms", "get_key_policy", {"Policy": "{k}"})
    sdk.answer("kms", "list_grants", {"Grants": [{"GrantId": "g"}]})
    sdk.answer("kms", "list_aliases", {"Aliases": [{"AliasName": "alias/shop"}]})
    sdk.answer("kms", "list_resource_tags", {"Tags": [{"TagKey": "t", "TagValue": "v"}]})
    sdk.alone()
    sdk.no_reads()
    answers = AccountReader(Inventory()).read([PLAN])
    (secret,) = answers.secrets
    assert secret["ResourcePolicies"] == [
        {"PolicyName": "default", "ResourcePolicy": "{1}"},
        {"PolicyName": "aws-made", "ResourcePolicy": "{2}"},
    ]
    assert secret["RotationRole"] == role_arn("turner")
    assert answers.keys == (
        {
            "KeyId": KEY,
            "Arn": KEY,
            "Policy": "{k}",
            "Grants": [{"GrantId": "g"}],
            "Aliases": ["alias/shop"],
            "Tags": [{"TagKey": "t", "TagValue": "v"}],
        },
    )
    assert answers.unchecked == ()


def test_what_is_refused_is_named_with_the_right_that_it_needs(sdk: Sdk) -> None:
    sdk.basics(listed(KmsKeyId=KEY, RotationLambdaARN=FUNCTION))
    sdk.refuse("secretsmanager", "list_resource_policies")
    sdk.refuse("secretsmanager", "get_resource_policy")
    sdk.refuse("lambda", "get_function_configuration", "ResourceNotFoundException")
    sdk.answer("kms", "describe_key", {"KeyMetadata": {"KeyId": KEY, "Arn": KEY}})
    for operation in ("get_key_policy", "list_grants", "list_aliases", "list_resource_tags"):
        sdk.refuse("kms", operation)
    sdk.refuse("organizations", "describe_organization")
    sdk.refuse("cloudtrail", "lookup_events")
    answers = AccountReader(Inventory()).read([PLAN])
    assert answers.keys[0]["Policy"] is None
    assert answers.organization == {}
    assert answers.unchecked == (
        f"aliases of the key `{KEY}`: not readable (needs kms:ListAliases)",
        f"grants of the key `{KEY}`: not readable (needs kms:ListGrants)",
        "policies besides the default one: not readable (needs secretsmanager:ListResourcePolicies)",
        "policies of the organization: not readable (needs organizations:DescribeOrganization)",
        f"tags of the key `{KEY}`: not readable (needs kms:ListResourceTags)",
        "the policy of `shop/dev/a`: not readable (needs secretsmanager:GetResourcePolicy)",
        f"the policy of the key `{KEY}`: not readable (needs kms:GetKeyPolicy)",
        "the role of the rotation function of `shop/dev/a`: not readable (AWS answers ResourceNotFoundException)",
        "who read which secret when: not readable (needs cloudtrail:LookupEvents)",
    )


def test_policies_of_the_organization_are_read_from_the_root_down(sdk: Sdk) -> None:
    sdk.basics()
    described = {"Organization": {"Id": "o-a1b2c3d4e5", "MasterAccountId": "999999999999"}}
    sdk.answer("organizations", "describe_organization", described)
    parents = {"Parents": [{"Id": "r-abcd", "Type": "ROOT"}]}
    sdk.answer("organizations", "list_parents", parents, {"ChildId": HERE})
    for target in ("r-abcd", HERE):
        for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
            policy = {"Id": "p-1", "Name": f"{kind} of {target}"}
            asked = {"TargetId": target, "Filter": kind}
            sdk.answer("organizations", "list_policies_for_target", {"Policies": [policy]}, asked)
            sdk.answer("organizations", "describe_policy", {"Policy": {"Content": "{}"}})
    sdk.no_reads()
    organization = AccountReader(Inventory()).read([PLAN]).organization
    names = [[policy["Name"] for policy in level] for level in organization["Levels"]]
    assert names == [
        ["SERVICE_CONTROL_POLICY of r-abcd"],
        [f"SERVICE_CONTROL_POLICY of {HERE}"],
    ]
    assert len(organization["ResourcePolicies"]) == 2


def test_account_that_manages_the_organization_is_bound_by_no_policy(sdk: Sdk) -> None:
    sdk.basics()
    described = {"Organization": {"Id": "o-a1b2c3d4e5", "MasterAccountId": HERE}}
    sdk.answer("organizations", "describe_organization", described)
    sdk.no_reads()
    organization = AccountReader(Inventory()).read([PLAN]).organization
    assert organization == {"Id": "o-a1b2c3d4e5", "Levels": [], "ResourcePolicies": []}


def test_last_read_of_each_principal_is_kept_over_pages(
    sdk: Sdk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    sdk.basics()
    sdk.alone()
    sdk.reads(event("bob", "2026-11-20T00:00:00Z"), event("eve", "2026-11-19T00:00:00Z"), more="t")
    sdk.reads(event("bob", "2026-11-01T00:00:00Z"), token="t")
    assert AccountReader(Inventory()).read([PLAN]).reads == (
        {"Principal": "bob", "SecretId": "shop/dev/a", "Time": "2026-11-20T00:00:00Z"},
        {"Principal": "eve", "SecretId": "shop/dev/a", "Time": "2026-11-19T00:00:00Z"},
    )


def test_busy_account_is_looked_at_for_a_while_only(
    sdk: Sdk, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    sdk.basics()
    sdk.alone()
    for page in range(40):
        sdk.reads(
            event("bob", "2026-11-20T00:00:00Z"),
            token=f"t{page}" if page else "",
            more=f"t{page + 1}",
        )
    answers = AccountReader(Inventory()).read([PLAN])
    assert answers.unchecked == ("all but the last 2,000 reads of secrets: too many to look at",)
    assert slept == [0.5] * 40


def test_policies_are_not_listed_again_once_that_was_refused(sdk: Sdk) -> None:
    text = "context_name: shop\nsecrets:\n" + "".join(
        f"  s{n}: {{secret_data: x}}\n" for n in range(30)
    )
    sdk.basics(*[{"Name": f"shop/dev/s{n}", "ARN": secret_arn(f"s{n}")} for n in range(30)])
    sdk.alone()
    sdk.no_reads()
    asked: list[str] = []

    def refused(SecretId: str) -> None:  # noqa: N803 # as the SDK has it
        asked.append(SecretId)
        raise sdk.clients["secretsmanager"].exceptions.ClientError(
            {"Error": {"Code": "500"}}, "List"
        )

    sdk.clients["secretsmanager"] = Policies(sdk.clients["secretsmanager"], refused)
    reader = AccountReader(Inventory())
    answers = reader.read([plan_of(text)])
    assert len(answers.secrets) == 30
    assert 1 <= len(asked) <= 8  # as many as ask at once
    assert answers.unchecked == (
        "policies besides the default one: not readable (AWS answers 500)",
    )


class Policies:
    """A client that refuses to list policies, and knows of none."""

    def __init__(self, client: Any, list_resource_policies: Any) -> None:
        self._client = client
        self.list_resource_policies = list_resource_policies

    def get_resource_policy(self, **_: str) -> dict[str, str]:
        return {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def event(user: str, time: str) -> dict[str, Any]:
    return {
        "userIdentity": {"type": "IAMUser", "arn": user},
        "requestParameters": {"secretId": "shop/dev/a"},
        "eventTime": time,
    }


@pytest.mark.parametrize("operation", ["get_caller_identity", "authorization", "list_secrets"])
def test_without_identities_or_secrets_there_is_no_audit(sdk: Sdk, operation: str) -> None:
    if operation == "get_caller_identity":
        sdk.refuse("sts", operation)
    else:
        identity = {"Account": HERE, "Arn": f"arn:aws:iam::{HERE}:user/u", "UserId": "AIDA"}
        sdk.answer("sts", "get_caller_identity", identity)
    if operation == "authorization":
        sdk.refuse("iam", "get_account_authorization_details", "AccessDenied")
    if operation == "list_secrets":
        empty: dict[str, Any] = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}  # fmt: skip
        sdk.answer("iam", "get_account_authorization_details", empty)
        sdk.refuse("secretsmanager", operation)
    with pytest.raises(AccountError, match="you may not"):
        AccountReader(Inventory()).read([PLAN])


def test_ctrl_c_asks_nothing_more(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [f"s{number}" for number in range(200)]
    text = "context_name: shop\nsecrets:\n" + "".join(
        f"  {name}: {{secret_data: x}}\n" for name in many
    )
    sdk.basics(*[{"Name": f"shop/dev/{name}", "ARN": secret_arn(name)} for name in many])
    asked: list[str] = []
    lock = threading.Lock()

    def interrupted(_: AccountReader, secret: dict[str, Any]) -> None:
        with lock:
            asked.append(secret["Name"])
        threading.Event().wait(0.02)
        raise KeyboardInterrupt

    monkeypatch.setattr(AccountReader, "_with_details", interrupted)
    with pytest.raises(KeyboardInterrupt):
        AccountReader(Inventory()).read([plan_of(text)])
    assert len(asked) < 100
