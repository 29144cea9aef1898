"""An account as an audit sees it: its identities, the map's secrets and their keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from secrets_component.arns import Arn, Home
from secrets_component.audit.answers import Answer, Answers, AnswersError
from secrets_component.audit.reads import ids_of_secret
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY

Content: TypeAlias = str | Mapping[str, Any]
TagValues: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A policy as AWS holds it.

    Attributes:
        name: what a report calls it: the ARN of a managed policy, the name of an inline one.
        content: its JSON, as text or parsed.
    """

    name: str
    content: Content


@dataclass(frozen=True, slots=True)
class Member:
    """A user or role of the account.

    Attributes:
        documents: its own policies and those of its groups.
        managed: the ARNs among them that its account can change.
        groups: the ARNs of a user's groups.
        boundary: its permissions boundary.
        trust: of a role, who may assume it.
        last_used: of a role, the day on which it was last used.
        missing: the ARNs of policies that AWS's answer does not hold.
    """

    arn: str
    kind: Literal["user", "role"]
    documents: tuple[PolicyDocument, ...]
    managed: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    boundary: PolicyDocument | None = None
    trust: PolicyDocument | None = None
    tags: TagValues = field(default_factory=dict)
    last_used: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A secret of the map as the account holds it.

    Attributes:
        key_id: its customer-managed key, as the secret names it; None for the AWS-managed key.
        policies: its resource policies by name; AWS lets its owner change `default` only.
        last_read: the day on which its value was last read; None where it never was.
        rotation_function: the ARN of the function that rotates it.
        rotation_role: the ARN of the role of that function.
    """

    name: str
    arn: str
    key_id: str | None
    policies: Mapping[str, str]
    tags: TagValues
    last_read: str | None
    rotation_function: str | None
    rotation_role: str | None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A customer-managed key.

    Attributes:
        policy: its key policy; None where it could not be read.
        grants: as ListGrants has them.
    """

    arn: str
    policy: str | None
    grants: tuple[Answer, ...]
    aliases: tuple[str, ...]
    tags: TagValues


@dataclass(frozen=True, slots=True)
class Organization:
    """The organization of an account.

    Attributes:
        is_known: whether AWS answered.
        id: None where the account is in none.
        levels: the service control policies, from the root to the account.
        resource_control: the resource control policies of all levels.
    """

    is_known: bool
    id: str | None
    levels: tuple[tuple[PolicyDocument, ...], ...]
    resource_control: tuple[PolicyDocument, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that an audit judges by.

    Attributes:
        time: when AWS answered, as ISO 8601.
        secrets: by name.
        keys: the customer-managed keys, by what the secrets call them.
        last_reads: the day of the last read, by principal and name of the secret.
        unchecked: what could not be read, a line each.
    """

    home: Home
    time: str
    members: tuple[Member, ...]
    secrets: Mapping[str, StoredSecret]
    keys: Mapping[str, StoredKey]
    organization: Organization
    last_reads: Mapping[tuple[str, str], str]
    unchecked: tuple[str, ...]

    @classmethod
    def of(cls, answers: Answers) -> Account:
        """Read AWS's answers.

        Raises:
            AnswersError: they are not what AWS answers.
        """
        try:
            return _account(answers)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            msg = f"the answers are not of the form that AWS has ({type(error).__name__}: {error})"
            raise AnswersError(msg) from None


def _account(answers: Answers) -> Account:
    caller = answers.caller
    arn = Arn.parse(caller["Arn"])
    home = Home(arn.partition, caller["Region"], caller["Account"], caller["Arn"])
    secrets = [_stored_secret(answer) for answer in answers.secrets]
    return Account(
        home,
        caller["Time"],
        tuple(_members_of_account(answers.authorization)),
        {secret.name: secret for secret in secrets},
        {answer["KeyId"]: _stored_key(answer, home) for answer in answers.keys},
        _organization(answers.organization),
        _last_reads(answers.reads, secrets),
        answers.unchecked,
    )


def _members_of_account(authorization: Answer) -> Iterator[Member]:
    managed = {}
    for policy in authorization["Policies"]:
        managed[policy["Arn"]] = PolicyDocument(policy["Arn"], _default_version(policy))

    groups = {group["GroupName"]: group for group in authorization["GroupDetailList"]}
    for user in authorization["UserDetailList"]:
        names = user.get("GroupList") or ()
        yield _member("user", user, managed, map(groups.__getitem__, names))

    for role in authorization["RoleDetailList"]:
        yield _member("role", role, managed, ())


def _default_version(policy: Answer) -> Content:
    """Return the document of the version of a managed policy that counts."""
    (document,) = (
        version["Document"]
        for version in policy["PolicyVersionList"]
        if version["IsDefaultVersion"]
    )
    return document  # type: ignore[no-any-return] # as the SDK gives it


_INLINE = {"user": "UserPolicyList", "role": "RolePolicyList", "group": "GroupPolicyList"}


def _member(
    kind: Literal["user", "role"],
    detail: Answer,
    managed: Mapping[str, PolicyDocument],
    groups: Iterable[Answer],
) -> Member:
    arn = Arn.parse(detail["Arn"])
    documents = list(_inline(kind, arn, detail))
    attached = [policy["PolicyArn"] for policy in detail["AttachedManagedPolicies"]]
    group_arns = []
    for group in groups:
        group_arns.append(group["Arn"])
        documents += _inline("group", Arn.parse(group["Arn"]), group)
        attached += [policy["PolicyArn"] for policy in group["AttachedManagedPolicies"]]

    attached = list(dict.fromkeys(attached))
    documents += [managed[policy] for policy in attached if policy in managed]
    missing = [policy for policy in attached if policy not in managed]
    boundary = None
    bound = (detail.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    if bound:
        boundary = managed.get(bound)
        if boundary is None:
            missing.append(bound)

    trust = None
    if "AssumeRolePolicyDocument" in detail:
        trust = PolicyDocument("trust policy", detail["AssumeRolePolicyDocument"])

    return Member(
        detail["Arn"],
        kind,
        tuple(documents),
        tuple(policy for policy in attached if Arn.parse(policy).account == arn.account),
        tuple(group_arns),
        boundary,
        trust,
        _tags_of_answer(detail),
        _day((detail.get("RoleLastUsed") or {}).get("LastUsedDate")),
        tuple(missing),
    )


def _inline(kind: str, arn: Arn, detail: Answer) -> Iterator[PolicyDocument]:
    for policy in detail.get(_INLINE[kind]) or ():
        yield PolicyDocument(
            f"{policy['PolicyName']} (inline, {arn.resource})", policy["PolicyDocument"]
        )


def _stored_secret(answer: Answer) -> StoredSecret:
    key_id = answer.get("KmsKeyId") or None
    if key_id is not None and key_id.endswith(AWS_MANAGED_KEY):
        key_id = None

    policies = {}
    for policy in answer["ResourcePolicies"]:
        policies[policy["PolicyName"]] = policy["ResourcePolicy"]

    return StoredSecret(
        answer["Name"],
        answer["ARN"],
        key_id,
        policies,
        _tags_of_answer(answer),
        _day(answer.get("LastAccessedDate")),
        answer.get("RotationLambdaARN"),
        answer.get("RotationRole"),
    )


def _stored_key(answer: Answer, home: Home) -> StoredKey:
    tags = {tag["TagKey"]: tag["TagValue"] for tag in answer["Tags"]}
    grants, aliases = tuple(answer["Grants"]), tuple(answer["Aliases"])
    return StoredKey(home.key_arn(answer["Arn"]), answer["Policy"], grants, aliases, tags)


def _organization(answer: Answer) -> Organization:
    levels = []
    for level in answer.get("Levels", ()):
        levels.append(tuple(_attached(level)))

    resource_control = tuple(_attached(answer.get("ResourcePolicies", ())))
    return Organization("Id" in answer, answer.get("Id"), tuple(levels), resource_control)


def _last_reads(
    reads: Iterable[Answer], secrets: Iterable[StoredSecret]
) -> dict[tuple[str, str], str]:
    names: dict[str, str] = {}
    for secret in secrets:
        names |= dict.fromkeys(ids_of_secret(secret.arn, secret.name), secret.name)

    found: dict[tuple[str, str], str] = {}
    for read in reads:
        name = names.get(read["SecretId"])
        if name is not None:
            pair = (read["Principal"], name)
            found[pair] = max(str(_day(read["Time"])), found.get(pair, ""))

    return found


def _attached(policies: Iterable[Answer]) -> Iterator[PolicyDocument]:
    for policy in policies:
        yield PolicyDocument(policy["Name"], policy["Content"])


def _tags_of_answer(detail: Answer) -> dict[str, str]:
    tags: dict[str, str] = {}
    for tag in detail.get("Tags") or ():
        tags[tag["Key"]] = tag["Value"]

    return tags


def _day(date: Any) -> str | None:  # noqa: ANN401 # a date, or one saved as text
    """Return the day of a date: AWS says no more of when a secret was read."""
    if not date:
        return None

    return str(date)[: len("2026-11-30")]
