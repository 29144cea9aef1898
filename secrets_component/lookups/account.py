"""What AWS says of the account, its roles and users, asked before anything is created."""

from __future__ import annotations

import pulumi
from pulumi_aws import get_caller_identity, get_region, iam

from secrets_component.arns import Arn, Home, is_arn
from secrets_component.errors import Problem
from secrets_component.planning.plan import Plan

_ABSENT = ("couldn't find resource", "no matching IAM", "NoSuchEntity")


def read_home(plan: Plan, parent: pulumi.Resource) -> Home:
    """Ask where the secrets live, where a policy depends on it; else leave it open."""
    attaches = any(level.attach_to for level in plan.levels)
    granted = any(secret.grants for secret in plan.secrets.values())
    if not (plan.created_key or attaches or granted):
        return Home()
    options = pulumi.InvokeOptions(parent=parent)
    caller = get_caller_identity(opts=options)
    region = get_region(opts=options).region
    return Home(Arn.parse(caller.arn).partition, region, caller.account_id, caller.arn)


class Identities:
    """The account's roles and users, each asked for once."""

    def __init__(self, home: Home, parent: pulumi.Resource) -> None:
        """Ask nothing yet."""
        self._home = home
        self._options = pulumi.InvokeOptions(parent=parent)
        self._asked: dict[tuple[str, str], tuple[str | None, str | None]] = {}

    def attached_roles(self, plan: Plan, problems: list[Problem]) -> dict[str, str]:
        """Look up the roles of all `attach_to`: their ARNs by name.

        Args:
            problems: gets those that do not exist, each at its place.
        """
        found: dict[str, str] = {}
        for role, place in ((r, p) for level in plan.levels for r, p in level.attach_to):
            arn, failure = self._ask("role", role)
            if arn is not None:
                found[role] = arn
                continue
            why = "does not exist; create it first" if _absent(failure) else f"is hidden: {failure}"
            problems.append(Problem(plan.place(place), f"`attach_to`: the role `{role}` {why}"))
        return found

    def problem_with(self, principal: str) -> str | None:
        """Say that a role or user of this account does not exist, or None.

        AWS refuses a policy that names one, but only once half of the map is there. Where this run
        may not look it up, AWS has the last word.
        """
        if not is_arn(principal) or not self._home.is_own(principal):
            return None
        kind, _, name = Arn.parse(principal).resource.partition("/")
        if kind not in ("role", "user"):
            return None
        arn, failure = self._ask(kind, name.rpartition("/")[2])
        if arn is None:
            absent = f"the {kind} `{principal}` does not exist in this account; create it first"
            return absent if _absent(failure) else None
        return None if arn == principal else f"no `{principal}` in this account; it is `{arn}`"

    def _ask(self, kind: str, name: str) -> tuple[str | None, str | None]:
        """Give the ARN of a role or user, or what AWS answered instead."""
        if (kind, name) not in self._asked:
            try:
                found = (
                    iam.get_role(name=name, opts=self._options)
                    if kind == "role"
                    else iam.get_user(user_name=name, opts=self._options)
                )
                self._asked[kind, name] = (found.arn, None)
            except Exception as error:  # noqa: BLE001 # the SDK raises a bare Exception for a failed invoke
                self._asked[kind, name] = (None, str(error))
        return self._asked[kind, name]


def _absent(failure: str | None) -> bool:
    return any(word in (failure or "") for word in _ABSENT)
