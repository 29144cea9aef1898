"""Where a map's secrets live: account, region, caller, and the roles and users of the account."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_aws import get_caller_identity, get_region, iam

from secrets_component.arns import Arn, Home, is_arn
from secrets_component.errors import Report
from secrets_component.planning.plan import Plan

_ABSENT = ("couldn't find resource", "no matching IAM", "NoSuchEntity")


def read_home(parent: pulumi.Resource) -> Home:
    """Query account, region and caller from the provider, once per run.

    Mocks that do not answer leave the placeholders of `Home`.

    Raises:
        pulumi.RunError: AWS does not answer, or refuses.
    """
    options = pulumi.InvokeOptions(parent=parent)
    try:
        caller = get_caller_identity(opts=options)
        region = get_region(opts=options).region
    except Exception as error:  # noqa: BLE001 # the SDK raises a bare Exception for a failed invoke
        msg = f"cannot query the AWS account and region: {reason_of(error)}"
        raise pulumi.RunError(msg) from None

    if not caller.arn or not region:
        return Home()

    return Home(Arn.parse(caller.arn).partition, region, caller.account_id, caller.arn)


class Identities:
    """The account's roles and users, each queried once."""

    def __init__(self, home: Home, parent: pulumi.Resource) -> None:
        """Query nothing yet."""
        self._home = home
        self._options = pulumi.InvokeOptions(parent=parent)
        self._answers: dict[tuple[str, str], tuple[str | None, str]] = {}

    def attached_roles(self, plan: Plan, report: Report) -> Mapping[str, str]:
        """Return the ARNs of the roles of all `attach_to` by name; report missing ones."""
        found: dict[str, str] = {}
        for level in plan.levels:
            for role, place in level.attach_to:
                arn, failure = self._query("role", role)
                if arn is not None:
                    found[role] = arn
                elif _is_absent(failure):
                    message = f"the role `{role}` does not exist; create it first"
                    report.error(place, message, at_value=True)
                else:
                    message = f"cannot look up the role `{role}`: {failure}"
                    report.error(place, message, at_value=True)

        return found

    def problem_with(self, principal: str) -> str | None:
        """Explain that a role or user of this account does not exist; None where it does.

        AWS refuses a policy that names one, but only once half of the map is there. Where this run
        may not look it up, AWS decides.
        """
        if not is_arn(principal):
            return None

        if not self._home.is_own(principal):
            return None

        kind, _, name = Arn.parse(principal).resource.partition("/")
        if kind not in ("role", "user"):
            return None

        arn, failure = self._query(kind, name.rpartition("/")[2])
        if arn == principal:
            return None

        if arn is not None:
            return f"`{principal}` does not exist in this account, but `{arn}` does"

        if _is_absent(failure):
            return f"the {kind} `{principal}` does not exist in this account; create it first"

        return None

    def _query(self, kind: str, name: str) -> tuple[str | None, str]:
        """Return the ARN of a role or user, or None and AWS's answer."""
        if (kind, name) not in self._answers:
            self._answers[kind, name] = self._read(kind, name)

        return self._answers[kind, name]

    def _read(self, kind: str, name: str) -> tuple[str | None, str]:
        try:
            if kind == "role":
                return iam.get_role(name=name, opts=self._options).arn, ""

            return iam.get_user(user_name=name, opts=self._options).arn, ""
        except Exception as error:  # noqa: BLE001 # the SDK raises a bare Exception for a failed invoke
            return None, str(error)


def reason_of(error: Exception) -> str:
    """Return the first line of what the provider says, without the SDK's words around it."""
    return str(error).rpartition("returned an error: ")[2].partition("\n")[0]


def _is_absent(failure: str) -> bool:
    return any(words in failure for words in _ABSENT)
