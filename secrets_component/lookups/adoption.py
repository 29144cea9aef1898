"""Secrets that a map adopts with `import`: what they are in AWS, and what a run must not change.

An adopted secret keeps what its entry leaves out. Its resource policy cannot be left out where the
map grants access: a secret has one policy, and the map's would take its place
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws import secretsmanager

from secrets_component.arns import is_arn
from secrets_component.errors import Report
from secrets_component.lookups.account import reason_of
from secrets_component.lookups.marks import ADOPTED_TAG, IMPORTED_WITH_POLICY, Mark
from secrets_component.lookups.principals import ResolvedAccess, check_foreign_grantees
from secrets_component.lookups.refusal import refuse
from secrets_component.planning.plan import KeptKey, Plan, PlannedSecret
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY


@dataclass(frozen=True, slots=True)
class AdoptedSecret:
    """A secret that exists already, as AWS describes it.

    Attributes:
        kms_key: its key; empty for the AWS-managed one.
        policy: its resource policy as JSON; empty if it has none.
    """

    arn: str
    name: str
    kms_key: str = ""
    policy: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_under_aws_managed_key(self) -> bool:
        """Whether no other account can ever read it."""
        return not self.kms_key or self.kms_key.endswith(AWS_MANAGED_KEY)


def read_adopted(plan: Plan, parent: pulumi.Resource, report: Report) -> dict[str, AdoptedSecret]:
    """Look up the secrets that `import` adopts, by entries' keys; report those that are missing.

    Their names come from AWS as well: the ARN of a secret may be written without its last six
    characters, and a name may end like them.
    """
    options = pulumi.InvokeOptions(parent=parent)
    found = {}
    for key, secret in plan.secrets.items():
        wanted = secret.import_
        if not wanted:
            continue

        try:
            if is_arn(wanted):
                held = secretsmanager.get_secret(arn=wanted, opts=options)
            else:
                held = secretsmanager.get_secret(name=wanted, opts=options)
        except Exception as error:  # noqa: BLE001 # the SDK raises a bare Exception for a failed invoke
            message = f"the secret `{wanted}` cannot be adopted: {reason_of(error)}"
            report.error((*secret.place, "import"), message)
            continue

        found[key] = AdoptedSecret(
            held.arn,
            held.name or secret.name,
            held.kms_key_id or "",
            held.policy or "",
            held.tags or {},
        )

    return found


def check_adopted(
    plan: Plan,
    adopted: Mapping[str, AdoptedSecret],
    access: ResolvedAccess,
    owns: Callable[[Mark], bool],
) -> None:
    """Refuse to replace the resource policy of an adopted secret without a word.

    Args:
        plan: the map.
        adopted: the secrets that it adopts, by entries' keys.
        access: who gets access, with the policies that the map writes.
        owns: tells whether a secret's mark is the map's.

    Raises:
        pulumi.RunError: a secret has a policy that the map would replace, or is under the
            AWS-managed key, which other accounts can never use; all of them at once.
    """
    report = plan.report()
    for key, held in adopted.items():
        secret = plan.secrets[key]
        if isinstance(secret.kms_key, KeptKey) and held.is_under_aws_managed_key:
            check_foreign_grantees(secret, access, report)

        _check_policy(secret, held, access.policies.get(key), owns, report)

    refuse(report)


def _check_policy(
    secret: PlannedSecret,
    held: AdoptedSecret,
    planned: pulumi.Input[str] | None,
    owns: Callable[[Mark], bool],
    report: Report,
) -> None:
    if planned is None or not held.policy:
        return

    mark = Mark.of(held.tags)
    is_of_map = mark is not None and owns(mark)
    if is_of_map and held.tags.get(ADOPTED_TAG) == IMPORTED_WITH_POLICY:
        return  # an earlier run has put it there

    if isinstance(planned, str) and keeps(held.policy, planned):
        return

    if secret.replace_policy:
        pulumi.log.info(f"the resource policy of `{held.name}` is replaced; it was {held.policy}")
        return

    message = (
        f"`{held.name}` has a resource policy, which the map's would replace: copy it to `policy` "
        "to keep it, to which grants are added, or write `replace_policy: true` to give it up; it "
        f"is {held.policy}"
    )
    report.error((*secret.place, "import"), message)


def keeps(old: str, new: str) -> bool:
    """Return whether a resource policy has every statement of an older one."""
    statements = _statements_in(new)
    return all(statement in statements for statement in _statements_in(old))


def _statements_in(policy: str) -> list[Any]:
    """Return the statements of a policy in one form: without ids, and each list sorted."""
    found = json.loads(policy).get("Statement", [])
    if not isinstance(found, list):
        found = [found]

    statements = []
    for statement in found:
        nameless = dict(statement)
        nameless.pop("Sid", None)
        statements.append(_in_one_form(nameless))

    return statements


def _in_one_form(node: Any) -> Any:  # noqa: ANN401 # any JSON value
    if isinstance(node, dict):
        return {key: _in_one_form(inner) for key, inner in node.items()}

    if isinstance(node, list):
        return sorted(node, key=str)

    return [node]
