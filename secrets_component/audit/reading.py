"""Reads an account with the AWS SDK: every answer that an audit needs, page by page.

Needed: `iam:GetAccountAuthorizationDetails` and `secretsmanager:ListSecrets`. Whatever else is
refused is left out and named: `secretsmanager:ListResourcePolicies` and `GetResourcePolicy`,
`kms:DescribeKey`, `GetKeyPolicy`, `ListGrants`, `ListAliases` and `ListResourceTags`,
`lambda:GetFunctionConfiguration`, `organizations:DescribeOrganization`, `ListParents`,
`ListPoliciesForTarget` and `DescribePolicy`, `cloudtrail:LookupEvents`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from secrets_component.audit.answers import Answer, Answers
from secrets_component.audit.reads import EVENT_NAME, SecretRead, newest_reads, read_in
from secrets_component.lookups.inventory import AccountError, Inventory
from secrets_component.planning.plan import Plan
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY
from secrets_component.secret_map.names import level_prefix

_VALUES_PER_FILTER = 10  # AWS: "Filters ... Values: Maximum number of 10 items"
_THREADS = 8
_PAGES_OF_EVENTS, _SECONDS_PER_PAGE = 40, 0.5
"""AWS: "limited to two per second, per account, per Region", 50 events each (API_LookupEvents)."""
_NO_ORGANIZATION = "AWSOrganizationsNotInUseException"
REFUSALS = ("AccessDenied", "AccessDeniedException", "AccessDeniedFault", "UnauthorizedOperation")
"""AWS's codes for a missing right."""
_DEFAULT = "default"
"""The name of the resource policy that a secret's owner writes; AWS lists it first."""
_T = TypeVar("_T")


class AccountReader:
    """Asks AWS, and keeps what it refuses.

    Attributes:
        unchecked: what could not be read, a line each.
    """

    def __init__(self, account: Inventory) -> None:
        """Ask nothing yet."""
        self.unchecked: dict[str, None] = {}
        self._account = account
        self._can_list_policies = True

    def read(self, plans: Iterable[Plan], *, with_reads: bool = True) -> Answers:
        """Return everything that an audit of some maps needs.

        Args:
            plans: the maps.
            with_reads: also read from CloudTrail who read which secret, which takes long.

        Raises:
            AccountError: AWS does not answer, or refuses what no audit can do without.
        """
        identity = self._account.ask("sts", "get_caller_identity")
        caller = {
            "Account": identity["Account"],
            "Arn": identity["Arn"],
            "Region": self._account.region,
            "Time": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        authorization = self._authorization()
        listed = self._listed(plans)
        threads = ThreadPoolExecutor(_THREADS)
        try:
            secrets = tuple(threads.map(self._with_details, listed))
            keys = tuple(threads.map(self._key, sorted(_own_keys(secrets))))
        finally:
            threads.shutdown(cancel_futures=True)  # after Ctrl-C, ask nothing more

        organization = self._organization(identity["Account"])
        reads: tuple[Answer, ...] = ()
        if with_reads:
            reads = tuple(newest_reads(self._reads()))

        unchecked = tuple(sorted(self.unchecked))
        return Answers(caller, authorization, secrets, keys, organization, reads, unchecked)

    def _authorization(self) -> Answer:
        joined: dict[str, list[Any]] = {
            "UserDetailList": [],
            "GroupDetailList": [],
            "RoleDetailList": [],
            "Policies": [],
        }
        pages = self._account.pages(
            "iam", "get_account_authorization_details", PaginationConfig={"PageSize": 1000}
        )
        for page in pages:
            for name in joined:
                joined[name] += page[name]

        return joined

    def _listed(self, plans: Iterable[Plan]) -> list[Answer]:
        """Return the secrets of maps as ListSecrets has them."""
        wanted: set[str] = set()
        prefixes: set[str] = set()
        for plan in plans:
            level = level_prefix(plan.context, plan.environment)
            for secret in plan.secrets.values():
                wanted.add(secret.name)
                prefixes.add(level if secret.name.startswith(level) else secret.name)

        found: dict[str, Answer] = {}
        values = sorted(prefixes)
        for start in range(0, len(values), _VALUES_PER_FILTER):
            some = {"Key": "name", "Values": values[start : start + _VALUES_PER_FILTER]}
            pages = self._account.pages(
                "secretsmanager", "list_secrets", Filters=[some], MaxResults=100
            )
            for page in pages:
                found |= {one["Name"]: one for one in page["SecretList"] if one["Name"] in wanted}

        return list(found.values())

    def _with_details(self, listed: Answer) -> Answer:
        """Return a secret with its resource policies and the role of its rotation function."""
        name, arn = listed["Name"], listed["ARN"]
        policies = []
        for policy in self._policy_names(arn):
            asked = {"SecretId": arn}
            if policy != _DEFAULT:
                asked["PolicyName"] = policy

            ask = self._asking("secretsmanager", "get_resource_policy", **asked)
            right = "secretsmanager:GetResourcePolicy"
            answer = self._try(f"the policy of `{name}`", right, ask, {})
            if answer.get("ResourcePolicy"):
                text = answer["ResourcePolicy"]
                policies.append({"PolicyName": policy, "ResourcePolicy": text})

        details = {**listed, "ResourcePolicies": policies}
        function = listed.get("RotationLambdaARN")
        if function:
            configuration = self._try(
                f"the role of the rotation function of `{name}`", "lambda:GetFunctionConfiguration",
                self._asking("lambda", "get_function_configuration", FunctionName=function), {},
            )  # fmt: skip
            details["RotationRole"] = configuration.get("Role")

        return details

    def _policy_names(self, arn: str) -> list[str]:
        """Return the names of a secret's policies; AWS adds some of its own to replicas."""
        if not self._can_list_policies:
            return [_DEFAULT]

        ask = self._asking("secretsmanager", "list_resource_policies", SecretId=arn)
        right = "secretsmanager:ListResourcePolicies"
        answer = self._try("policies besides the default one", right, ask, None)
        if answer is None:  # and asked no more: each refusal may take seconds of retries
            self._can_list_policies = False
            return [_DEFAULT]

        names = [policy["PolicyName"] for policy in answer.get("ResourcePolicies", ())]
        return names or [_DEFAULT]

    def _key(self, key_id: str) -> Answer:
        found: dict[str, Any] = {
            "KeyId": key_id, "Arn": key_id, "Policy": None, "Grants": [], "Aliases": [], "Tags": [],
        }  # fmt: skip
        about = f"the key `{key_id}`"
        described = self._try(
            about, "kms:DescribeKey", self._asking("kms", "describe_key", KeyId=key_id), None
        )
        if described is None:
            return found

        arn = found["Arn"] = described["KeyMetadata"]["Arn"]
        policy = self._try(
            f"the policy of {about}", "kms:GetKeyPolicy",
            self._asking("kms", "get_key_policy", KeyId=arn, PolicyName="default"), {},
        )  # fmt: skip
        found["Policy"] = policy.get("Policy")
        for operation, right, part in _LISTS_OF_KEY:
            pages = partial(self._account.pages, "kms", operation, KeyId=arn)
            for page in self._try(f"{part.lower()} of {about}", right, pages, []):
                found[part] += page[part]

        found["Aliases"] = [alias["AliasName"] for alias in found["Aliases"]]
        return found

    def _organization(self, account: str) -> Answer:
        """Return the policies of the account's organization; only some accounts may read them."""
        what = "policies of the organization"
        try:
            described = self._account.ask("organizations", "describe_organization")["Organization"]
        except AccountError as error:
            if error.code == _NO_ORGANIZATION:
                return {"Id": None}

            self._note(what, "organizations:DescribeOrganization", error)
            return {}

        found: dict[str, Any] = {"Id": described["Id"], "Levels": [], "ResourcePolicies": []}
        if account == described["MasterAccountId"]:
            return found  # "SCPs don't affect users or roles in the management account"

        targets = self._try(what, "organizations:ListParents", lambda: self._above(account), None)
        for target in targets or ():
            level = self._attached(target, "SERVICE_CONTROL_POLICY")
            if level is not None:
                found["Levels"].append(level)

            found["ResourcePolicies"] += self._attached(target, "RESOURCE_CONTROL_POLICY") or ()

        return found

    def _above(self, account: str) -> list[str]:
        """Return the ids from the organization's root down to the account."""
        path = [account]
        while not path[0].startswith("r-"):
            found = self._account.ask("organizations", "list_parents", ChildId=path[0])
            (parent,) = found["Parents"]
            path.insert(0, parent["Id"])

        return path

    def _attached(self, target: str, kind: str) -> list[Answer] | None:
        ask, service = self._account, "organizations"

        def policies() -> Iterator[Answer]:
            pages = ask.pages(service, "list_policies_for_target", TargetId=target, Filter=kind)
            for page in pages:
                for policy in page["Policies"]:
                    described = ask.ask(service, "describe_policy", PolicyId=policy["Id"])["Policy"]
                    yield {"Name": policy["Name"], "Content": described["Content"]}

        what = "policies of the organization"
        right = "organizations:ListPoliciesForTarget and DescribePolicy"
        return self._try(what, right, lambda: list(policies()), None)

    def _reads(self) -> Iterator[SecretRead]:
        """Yield the reads of the last 90 days, the newest first, as far as there is time."""
        asked = {"AttributeKey": "EventName", "AttributeValue": EVENT_NAME}
        more: dict[str, Any] = {"LookupAttributes": [asked], "MaxResults": 50}
        what, right = "who read which secret when", "cloudtrail:LookupEvents"
        for _ in range(_PAGES_OF_EVENTS):
            page = self._try(what, right, self._asking("cloudtrail", "lookup_events", **more), None)
            if page is None:
                return

            yield from filter(None, (read_in(event["CloudTrailEvent"]) for event in page["Events"]))
            if "NextToken" not in page:
                return

            more["NextToken"] = page["NextToken"]
            time.sleep(_SECONDS_PER_PAGE)

        message = (
            f"all but the last {_PAGES_OF_EVENTS * 50:,} reads of secrets: too many to look at"
        )
        self.unchecked[message] = None

    def _asking(self, service: str, operation: str, **arguments: object) -> Callable[[], Any]:
        return partial(self._account.ask, service, operation, **arguments)

    def _try(self, what: str, right: str, operation: Callable[[], _T], otherwise: Any) -> _T | Any:  # noqa: ANN401 # what the SDK returns
        """Return an answer, or something else where AWS refuses; that is noted.

        Raises:
            AccountError: AWS does not answer at all.
        """
        try:
            return operation()
        except AccountError as error:
            self._note(what, right, error)
            return otherwise

    def _note(self, what: str, right: str, error: AccountError) -> None:
        """Note what AWS refuses to show.

        Raises:
            AccountError: AWS does not answer at all.
        """
        if not error.is_answer:
            raise error from None

        reason = f"AWS answers {error.code or 'an error'}"
        if error.code in REFUSALS:
            reason = f"needs {right}"

        self.unchecked[f"{what}: not readable ({reason})"] = None


_LISTS_OF_KEY = (
    ("list_grants", "kms:ListGrants", "Grants"),
    ("list_aliases", "kms:ListAliases", "Aliases"),
    ("list_resource_tags", "kms:ListResourceTags", "Tags"),
)


def _own_keys(secrets: Iterable[Answer]) -> set[str]:
    """Return the customer-managed keys of secrets, as the secrets name them."""
    keys: set[str] = set()
    for secret in secrets:
        key = secret.get("KmsKeyId")
        if key and not key.endswith(AWS_MANAGED_KEY):
            keys.add(key)

    return keys
