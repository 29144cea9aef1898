"""Access as a map asks for it: policies, grants and levels, with what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from secrets_component.arns import Home, account_of
from secrets_component.errors import Problem, did_you_mean
from secrets_component.iam import documents, linter, templates
from secrets_component.iam.grants import (
    Grant,
    Grantee,
    InlinePolicy,
    Level,
    TemplatedPolicy,
    covers,
)
from secrets_component.secret_map.aws_types import MAX_POLICY_CHARACTERS, SERVICE
from secrets_component.secret_map.model import (
    TEMPLATES,
    Access,
    Entry,
    Grants,
    LevelAccess,
    TemplatePolicy,
)
from secrets_component.secret_map.references import Reference, Template
from secrets_component.secret_map.yaml_text import Path_

if TYPE_CHECKING:
    from secrets_component.planning.plan import PlannedSecret

_NOBODY = LevelAccess()
_READS_AS_ROLE = ("lambda.amazonaws.com", "ecs-tasks.amazonaws.com", "ec2.amazonaws.com")
MAX_IAM_POLICIES = 1_500
"""Customer managed policies of an account, unless AWS is asked for more.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
OWN_KEY_NEEDED = (
    "another account can never read a secret under the AWS-managed key: its key policy "
    "cannot be changed; write `kms_key_id: <your own key>` here or "
    "`default_kms_key_id` above, and let the readers use that key"
)


def policy_size_problem(text: str) -> str | None:
    """Say that a secret's whole policy is too long for AWS, or None."""
    if len(text) <= MAX_POLICY_CHARACTERS:
        return None
    return (
        f"the secret's policy, with the grants of all its levels, has {len(text):,} characters; "
        f"AWS allows {MAX_POLICY_CHARACTERS:,}; name fewer principals, whole accounts, or attach "
        "the level's policy to roles"
    )


@dataclass(frozen=True)
class Ground:
    """What planning access needs of the map's planner.

    Attributes:
        file: the map's file.
        template: parses a text with references.
        is_self: tells whether a reference reads from the map itself.
        problems: gets problems that stand in other files.
        add: tells a problem at a key; `add_at` at a value.
        warn: tells a warning at a key; `warn_at` at a value.
    """

    file: str
    template: Callable[[str | None, Path_], Template | None]
    is_self: Callable[[Reference], bool]
    problems: list[Problem]
    add: Callable[[Path_, str], None]
    add_at: Callable[[Path_, str], None]
    warn: Callable[[Path_, str], None]
    warn_at: Callable[[Path_, str], None]


class AccessPlanner:
    """Plans who may use the secrets of one map."""

    def __init__(self, access: Access, ground: Ground) -> None:
        """Read the grants of the map and of its paths."""
        self._access = access
        self._ground = ground
        self._grants = self._level_grants()

    def policy(self, entry: Entry, path: Path_) -> TemplatedPolicy | InlinePolicy | None:
        """Plan the policy that an entry writes itself."""
        policy = entry.policy
        path = (*path, "policy")
        if policy is None:
            return None
        if isinstance(policy, TemplatePolicy):
            return self._templated(policy, path)
        text = policy if isinstance(policy, str) else json.dumps(policy)
        for problem in _document_problems(text):
            self._ground.add(path, f"`policy`: {problem}")
        return InlinePolicy(text)

    def _templated(self, policy: TemplatePolicy, path: Path_) -> TemplatedPolicy | None:
        text = self._template_text(policy, (*path, "template"))
        if text is None:
            return None
        missing = {
            "principals": not policy.principals
            and (not policy.is_file() or templates.needs_principals(text)),
            "organization_id": policy.is_file()
            and policy.organization_id is None
            and templates.names_variable(text, "organization_id"),
        }
        for name in (name for name, is_missing in missing.items() if is_missing):
            self._ground.add(path, f"`policy`: the template needs `{name}: …`")
        for index, principal in enumerate(policy.principals):
            if SERVICE.fullmatch(principal):
                self._ground.add_at(
                    (*path, "principals", index),
                    "`principals`: a service stands under `access: {readers: […]}`",
                )
        principals = (
            self._ground.template(principal, (*path, "principals", index))
            for index, principal in enumerate(policy.principals)
        )
        return TemplatedPolicy(
            policy.template, text, tuple(p for p in principals if p), policy.organization_id
        )

    def _template_text(self, policy: TemplatePolicy, path: Path_) -> str | None:
        """Read a template; what is wrong with a user's own is told at its place in its file."""
        if policy.template in TEMPLATES:
            return templates.shipped(policy.template)
        if not policy.is_file():
            known = ", ".join(f"`{name}`" for name in TEMPLATES)
            hint = did_you_mean(policy.template, TEMPLATES)
            self._ground.add_at(path, f"`template`: expected {known}, or a path (`./…`){hint}")
            return None
        file = Path(self._ground.file).parent / policy.template
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            self._ground.add_at(
                path, f"`template`: `{file}` cannot be read; the path starts at the map"
            )
            return None
        found = list(templates.file_problems(file, text))
        self._ground.problems.extend(found)
        return None if found else text

    def _level_grants(self) -> dict[str, Grant]:
        """Give the grants of the whole map (under an empty path) and of the paths."""
        blocks: dict[str, tuple[LevelAccess, Path_]] = {"": (self._access, ("access",))}
        for level, block in self._access.paths.items():
            blocks[level] = (block, ("access", "paths", level))
        found = {level: self._grant(level, *block) for level, block in blocks.items()}
        return {level: grant for level, grant in found.items() if grant}

    def grants_of(self, entry: Entry, path: Path_) -> tuple[Grant, ...]:
        """Gather the grants of an entry's levels and its own."""
        own = self._grant(None, entry.access, (*path, "access"))
        inherited = (grant for level, grant in self._grants.items() if covers(level, entry.path))
        return (*inherited, own) if own else tuple(inherited)

    def _grant(self, level: str | None, block: Grants, path: Path_) -> Grant | None:
        if not block.readers and not block.admins:
            return None
        readers, admins = (
            tuple(
                Grantee(template, (*path, field, index))
                for index, text in enumerate(getattr(block, field))
                if (template := self._ground.template(text, (*path, field, index)))
            )
            for field in ("readers", "admins")
        )
        for grantee in (*readers, *admins):
            self._check_grantee(grantee)
        return Grant(level, readers, admins, block.organization_id)

    def _check_grantee(self, grantee: Grantee) -> None:
        written = str(grantee.principal)
        for reference in grantee.principal.references:
            if self._ground.is_self(reference):
                self._ground.add_at(
                    grantee.place, f"`{reference}`: this map's outputs are no principals"
                )
        if written in _READS_AS_ROLE:
            self._ground.warn_at(
                grantee.place,
                f"`{written}` reads with the role that it is given, never as itself; name the role",
            )

    def levels(self, secrets: Mapping[str, PlannedSecret]) -> tuple[Level, ...]:
        """Name the levels: the whole map, the paths of entries, and those that `access` names."""
        written = dict.fromkeys(secret.path for secret in secrets.values() if secret.path)
        for level in self._access.paths:
            if not any(covers(level, path) for path in written):
                self._ground.add(
                    ("access", "paths", level),
                    f"no entry has a `path` that is `{level}` or below it"
                    f"{did_you_mean(level, written)}",
                )
        blocks: dict[str, LevelAccess] = {"": self._access}
        blocks |= {path: self._access.paths.get(path, _NOBODY) for path in written}
        blocks |= self._access.paths
        found = []
        for level, block in blocks.items():
            at: Path_ = ("access", "paths", level) if level else ("access",)
            roles = ((n, (*at, "attach_to", i)) for i, n in enumerate(block.attach_to))
            found.append(Level(level, tuple(roles)))
        if len(found) * 2 > MAX_IAM_POLICIES:
            self._ground.warn(
                ("secrets",),
                f"{len(found)} levels make {2 * len(found):,} IAM policies; AWS allows an account "
                f"{MAX_IAM_POLICIES:,} unless it is asked for more",
            )
        return tuple(found)

    def check_size(self, secret: PlannedSecret) -> None:
        """Refuse a policy that is too long however its principals will be named."""
        written = sum(len(str(principal)) for principal in secret.principals)
        if isinstance(secret.policy, InlinePolicy):
            written += len(secret.policy.document)
        if written < MAX_POLICY_CHARACTERS // 2 or any(p.references for p in secret.principals):
            return
        known = {principal: str(principal) for principal in secret.principals}
        text = documents.resource_policy(secret.policy, secret.grants, known, Home())
        problem = policy_size_problem(text)
        if problem and not (isinstance(secret.policy, InlinePolicy) and not secret.grants):
            self._ground.add(("secrets", secret.key), problem)

    def check_accounts(self, secret: PlannedSecret) -> None:
        """Refuse readers in two accounts under the AWS-managed key: one of them is not this one.

        Which one is known only once AWS is asked, as is a single account that is another.
        """
        first: str | None = None
        for grantee in (g for grant in secret.grants for g in (*grant.readers, *grant.admins)):
            account = account_of(str(grantee.principal))
            if account and first and account != first:
                both = f"of the accounts {first} and {account} one is another: "
                self._ground.add_at(grantee.place, both + OWN_KEY_NEEDED)
                return
            first = first or account


def _document_problems(text: str) -> Iterator[str]:
    try:
        document = json.loads(text)
    except ValueError as error:
        where = (
            f" (line {error.lineno}, column {error.colno} of it)"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        yield f"is not JSON{where}"
        return
    for inner, message in linter.findings(document):
        index = next((step for step in inner if isinstance(step, int)), 0)
        yield f"statement {index + 1}: {message}" if index else message
    if len(text) > MAX_POLICY_CHARACTERS:
        yield f"is longer than AWS's {MAX_POLICY_CHARACTERS:,} characters"
