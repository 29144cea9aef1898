"""Access of a map: the policies, grants and levels that it asks for, checked as far as known."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from secrets_component.arns import Home, account_of
from secrets_component.errors import KeyPath, Report, did_you_mean
from secrets_component.iam import documents, linter, templates
from secrets_component.iam.grants import (
    Grant,
    Grantee,
    InlinePolicy,
    Level,
    TemplatedPolicy,
    level_place,
    levels_of,
)
from secrets_component.iam.json_text import JsonTextError, parse_json
from secrets_component.planning.plan import PlannedSecret
from secrets_component.planning.template_parser import TemplateParser
from secrets_component.secret_map.aws_types import MAX_POLICY_CHARACTERS, SERVICE
from secrets_component.secret_map.model import (
    TEMPLATES,
    Access,
    Entry,
    Grants,
    LevelAccess,
    TemplatePolicy,
)
from secrets_component.secret_map.references import ReferenceKind, Template

_NO_ACCESS = LevelAccess()
_READS_AS_ROLE = ("lambda.amazonaws.com", "ecs-tasks.amazonaws.com", "ec2.amazonaws.com")
_PLAIN_PATH = re.compile(r"[\w./@+-]{1,255}", re.ASCII)
MAX_IAM_POLICIES = 1_500
"""Default quota of customer managed policies per account.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
OWN_KEY_NEEDED = (
    "another account can never read a secret under the AWS-managed key: its key policy "
    "cannot be changed; write `kms_key_id: <your own key>` here or "
    "`default_kms_key_id` above, and let the readers use that key"
)


def policy_size_problem(text: str) -> str | None:
    """Explain that a secret's whole policy is too long for AWS; None where it is not."""
    if len(text) <= MAX_POLICY_CHARACTERS:
        return None

    return (
        f"the secret's policy, with the grants of all its levels, has {len(text):,} characters; "
        f"AWS allows {MAX_POLICY_CHARACTERS:,}; name fewer principals, whole accounts, or attach "
        "the level's policy to roles"
    )


class AccessPlanner:
    """Plans who may use the secrets of one map."""

    def __init__(self, access: Access, file: str, parser: TemplateParser, report: Report) -> None:
        """Read the grants of the map and of its paths.

        Args:
            access: what the map says.
            file: the map's file, which paths of templates are relative to.
            parser: parses the principals.
            report: gets what is wrong.
        """
        self._access = access
        self._folder = Path(file).parent
        self._parser = parser
        self._report = report
        self._level_grants = self._read_levels()

    def policy(self, entry: Entry, path: KeyPath) -> TemplatedPolicy | InlinePolicy | None:
        """Plan the policy that an entry writes itself."""
        policy = entry.policy
        path = (*path, "policy")
        if policy is None:
            return None

        if isinstance(policy, TemplatePolicy):
            return self._templated_policy(policy, path)

        text = policy if isinstance(policy, str) else json.dumps(policy)
        for problem in _document_problems(text):
            self._report.error(path, problem)

        return InlinePolicy(text)

    def _templated_policy(self, policy: TemplatePolicy, path: KeyPath) -> TemplatedPolicy | None:
        text = self._template_text(policy, (*path, "template"))
        if text is None:
            return None

        for variable in _missing_variables(policy, text):
            self._report.error(path, f"the template needs `{variable}: …`")

        for index, principal in enumerate(policy.principals):
            problem = _principal_of_template_problem(policy, text, principal)
            if problem:
                self._report.error((*path, "principals", index), problem, at_value=True)

        principals = self._parser.fields(policy.principals, (*path, "principals"))
        return TemplatedPolicy(
            policy.template, text, principals, policy.organization_id, is_custom=policy.is_file()
        )

    def _template_text(self, policy: TemplatePolicy, path: KeyPath) -> str | None:
        """Read a template; problems of a custom one are reported at their place in its file."""
        if policy.template in TEMPLATES:
            return templates.shipped(policy.template)

        if not policy.is_file():
            known = ", ".join(f"`{name}`" for name in TEMPLATES)
            hint = did_you_mean(policy.template, TEMPLATES)
            self._report.error(path, f"expected {known}, or a path (`./…`){hint}", at_value=True)
            return None

        file = self._folder / policy.template
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            named = f"`{file}`" if _PLAIN_PATH.fullmatch(policy.template) else "this file"
            message = f"cannot read {named} (paths are relative to the map)"
            self._report.error(path, message, at_value=True)
            return None

        problems = list(templates.file_problems(file, text))
        self._report.extend(problems)
        return None if problems else text

    def _read_levels(self) -> dict[str, Grant]:
        """Return the grants of the whole map (under an empty path) and of the paths."""
        blocks: dict[str, LevelAccess] = {"": self._access, **self._access.paths}
        found = {}
        for level, block in blocks.items():
            grant = self._grant(level, block, level_place(level))
            if grant is not None:
                found[level] = grant

        return found

    def grants_of(self, entry: Entry, path: KeyPath) -> tuple[Grant, ...]:
        """Return the grants of an entry's levels, then its own."""
        grants = []
        for level in levels_of(entry.path):
            if level in self._level_grants:
                grants.append(self._level_grants[level])

        own = self._grant(None, entry.access, (*path, "access"))
        if own is not None:
            grants.append(own)

        return tuple(grants)

    def _grant(self, level: str | None, block: Grants, path: KeyPath) -> Grant | None:
        if not block.readers and not block.admins:
            return None

        readers = self._grantees(block.readers, (*path, "readers"))
        admins = self._grantees(block.admins, (*path, "admins"))
        return Grant(level, readers, admins, block.organization_id)

    def _grantees(self, principals: list[str], path: KeyPath) -> tuple[Grantee, ...]:
        grantees = []
        for index, template in enumerate(self._parser.fields(principals, path)):
            grantee = Grantee(template, (*path, index))
            self._check_grantee(grantee)
            grantees.append(grantee)

        return tuple(grantees)

    def _check_grantee(self, grantee: Grantee) -> None:
        for reference in grantee.principal.references:
            if reference.kind is ReferenceKind.SELF:
                message = f"`{reference}`: outputs of this map cannot be principals"
                self._report.error(grantee.place, message, at_value=True)

        service = str(grantee.principal)
        if service in _READS_AS_ROLE:
            message = (
                f"`{service}` uses its execution role, not the service principal; list the role "
                "instead"
            )
            self._report.warn(grantee.place, message, at_value=True)

    def levels(self, secrets: Mapping[str, PlannedSecret]) -> tuple[Level, ...]:
        """Return the levels: the whole map, the paths of entries, and those that `access` names."""
        paths = dict.fromkeys(secret.path for secret in secrets.values() if secret.path)
        self._check_level_paths(list(paths))
        blocks: dict[str, LevelAccess] = {"": self._access}
        for path in paths:
            blocks[path] = self._access.paths.get(path, _NO_ACCESS)

        blocks |= self._access.paths
        found = []
        for level, block in blocks.items():
            place = (*level_place(level), "attach_to")
            roles = [(role, (*place, index)) for index, role in enumerate(block.attach_to)]
            found.append(Level(level, tuple(roles)))

        policies = 2 * len(found)
        if policies > MAX_IAM_POLICIES:
            message = (
                f"{len(found)} levels create {policies:,} IAM policies; the default quota is "
                f"{MAX_IAM_POLICIES:,} per account"
            )
            self._report.warn(("secrets",), message)

        return tuple(found)

    def _check_level_paths(self, paths: list[str]) -> None:
        known = set(itertools.chain.from_iterable(map(levels_of, paths)))
        for level in self._access.paths:
            if level in known or self._report.is_full:
                continue

            message = (
                f"no entry has a `path` that is `{level}` or below it{did_you_mean(level, paths)}"
            )
            self._report.error(level_place(level), message, bare=True)

    def check_size(self, secret: PlannedSecret) -> None:
        """Refuse a policy that is too long whatever its references resolve to."""
        least = 0
        if isinstance(secret.policy, InlinePolicy):
            if not secret.grants:
                return  # checked as a document

            least = len(secret.policy.document)

        known: dict[Template, str] = {}
        for principal in secret.principals:
            if principal.references:
                return  # checked once they are resolved

            known[principal] = str(principal)
            least += len(known[principal])

        if least < MAX_POLICY_CHARACTERS // 2:
            return

        text = documents.resource_policy(secret.policy, secret.grants, known, Home())
        problem = policy_size_problem(text)
        if problem:
            self._report.error(secret.place, problem)

    def check_accounts(self, secret: PlannedSecret) -> None:
        """Refuse readers in two accounts under the AWS-managed key: at most one is this account.

        Which one, and whether a single account is another, is known only once AWS is queried.
        """
        first: str | None = None
        for grant in secret.grants:
            for grantee in grant.grantees:
                account = account_of(str(grantee.principal))
                if account is None or account == first:
                    continue

                if first is not None:
                    message = _two_accounts(first, account)
                    self._report.error(grantee.place, message, at_value=True)
                    return

                first = account


def _two_accounts(first: str, second: str) -> str:
    return (
        f"readers from accounts {first} and {second}: at least one is not this account, and "
        "another account cannot read a secret under the AWS-managed key; set `kms_key_id` or "
        "`default_kms_key_id`"
    )


def _principal_of_template_problem(policy: TemplatePolicy, text: str, principal: str) -> str | None:
    """Explain why a template cannot name a principal; None where it can."""
    if SERVICE.fullmatch(principal):
        return "services are not allowed here; list them under `access.readers`"

    is_account = principal.isdigit() or principal.endswith(":root")
    if is_account and policy.is_file() and templates.names_variable(text, "principal_arns"):
        return (
            "the template has a condition on `${principal_arns}`, which a whole account cannot "
            "fill; list its roles or users, or write `${principals}` there"
        )

    return None


def _missing_variables(policy: TemplatePolicy, text: str) -> Iterator[str]:
    """Yield the fields that a template needs and the map does not set."""
    needed = ["principals"]
    if policy.is_file():
        needed = []
        if templates.needs_principals(text):
            needed.append("principals")

        if templates.names_variable(text, "organization_id"):
            needed.append("organization_id")

    for field in needed:
        if not getattr(policy, field):
            yield field


def _document_problems(text: str) -> Iterator[str]:
    """Yield what is wrong with a policy document that the map writes out."""
    try:
        document = parse_json(text)
    except JsonTextError as error:
        yield f"is not JSON (line {error.line}, column {error.column} of it: {error})"
        return

    for path, message in linter.findings(document):
        statements = [step for step in path if isinstance(step, int)]
        if statements and statements[0] > 0:
            yield f"statement {statements[0] + 1}: {message}"
        else:
            yield message

    if len(text) > MAX_POLICY_CHARACTERS:
        yield f"exceeds AWS's limit of {MAX_POLICY_CHARACTERS:,} characters"
