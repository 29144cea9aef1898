"""The output contract: what other stacks read from a map.

`generated_passwords` alone holds secrets. A stack reference treats an output with one secret inside
as secret as a whole (pulumi/pulumi#17422), so nothing else may hold one: a reader of `secret_arns`
must not need the key to this stack's secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_aws import secretsmanager

from secrets_component.arns import Arn
from secrets_component.planning.plan import PlannedSecret
from secrets_component.resources.scope import Scope


class Outputs:
    """Gathers the outputs while the resources are made."""

    def __init__(self, scope: Scope) -> None:
        """Start empty."""
        self._scope = scope
        self.secret_arns: dict[str, pulumi.Output[str]] = {}
        self.kms_key_arns: dict[str, pulumi.Output[str]] = {}
        self._names: dict[str, pulumi.Output[str]] = {}
        self._versions: dict[str, pulumi.Output[str]] = {}

    def add(
        self,
        secret: PlannedSecret,
        container: secretsmanager.Secret,
        version: secretsmanager.SecretVersion | None,
        kms_key: pulumi.Input[str] | None,
    ) -> None:
        """Take in one entry's resources."""
        self.secret_arns[secret.key] = container.arn
        self._names[secret.key] = container.name
        if version is not None:
            self._versions[secret.key] = version.version_id
        if kms_key is not None:
            known = pulumi.Output.all(kms_key, container.arn)
            self.kms_key_arns[secret.key] = known.apply(_key_arn)

    def finish(
        self,
        policy_arns: Mapping[str, pulumi.Output[str]],
        next_rotations: Mapping[str, str],
        alarm_topic: pulumi.Output[str] | None,
    ) -> dict[str, pulumi.Output[Any]]:
        """Give all outputs of the map, in the order in which they are documented."""
        own = self._scope.values.own_outputs
        passwords = {key: value for (kind, key), value in own.items() if kind == _PASSWORDS}
        return {
            "secret_arns": _mapping(self.secret_arns),
            "secret_names": _mapping(self._names),
            "secret_version_ids": _mapping(self._versions),
            "generated_passwords": pulumi.Output.secret(_mapping(passwords)),
            "kms_key_arns": _mapping(self.kms_key_arns),
            "policy_arns": _mapping(policy_arns),
            "waiting": pulumi.Output.from_input(
                {
                    key: [str(reference) for reference in references]
                    for key, references in self._scope.values.waiting.items()
                }
            ),
            "initial_passwords": pulumi.Output.from_input(
                [
                    key
                    for secret in self._scope.plan.secrets.values()
                    if secret.owner != "map"
                    for key in secret.passwords
                ]
            ),
            "next_rotations": pulumi.Output.from_input(dict(next_rotations)),
            "alarm_topic_arn": pulumi.Output.from_input(alarm_topic),
        }


_PASSWORDS = "generated_passwords"  # the name of an output


def _mapping(values: Mapping[str, pulumi.Output[Any]]) -> pulumi.Output[dict[str, Any]]:
    """Gather values by key; `Output.all()` of nothing would be a list."""
    return pulumi.Output.all(**values) if values else pulumi.Output.from_input({})


def _key_arn(known: list[str]) -> str:
    key, secret_arn = known
    return Arn.parse(secret_arn).home.key_arn(key)
