"""The output contract: what other stacks read from a map.

`generated_passwords` alone holds secrets. A stack reference treats an output with one secret inside
as secret as a whole (pulumi/pulumi#17422), so nothing else may hold one: a reader of `secret_arns`
must not need the key to this stack's secrets.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping
from typing import Any, cast

import pulumi
from pulumi_aws import secretsmanager

from secrets_component.consumers import no_such_key
from secrets_component.planning.plan import AwsManagedKey, PlannedSecret
from secrets_component.resources.keys import KeysInUse
from secrets_component.resources.scope import Scope


class KeyedOutput(pulumi.Output[dict[str, Any]]):
    """An output by key, which refuses a key that it will not have as soon as it is asked for."""

    def __init__(
        self, values: pulumi.Output[dict[str, Any]], name: str, keys: Collection[str]
    ) -> None:
        """Wrap an output, which keeps its dependencies and its secrecy.

        Args:
            values: the output.
            name: what errors call it.
            keys: those it will have once the resources exist.
        """
        super().__init__(
            values.resources(),
            cast("Awaitable[dict[str, Any]]", values.future(with_unknowns=True)),
            values.is_known(),
            values.is_secret(),
        )
        self._name = name
        self._keys = frozenset(keys)

    def __getitem__(self, key: str) -> pulumi.Output[Any]:
        """Return the value under a key.

        Raises:
            pulumi.RunError: there is none; the keys that there are.
        """
        if key not in self._keys:
            raise no_such_key(self._name, key, self._keys)

        return super().__getitem__(key)


class Outputs:
    """Collects the outputs while the resources are created."""

    def __init__(self, scope: Scope) -> None:
        """Start empty."""
        self._scope = scope
        self.secret_arns: dict[str, pulumi.Output[str]] = {}
        self.keys: dict[str, KeysInUse] = {}
        self._key_arns: dict[str, pulumi.Output[str | None]] = {}
        self._names: dict[str, pulumi.Output[str]] = {}
        self._versions: dict[str, pulumi.Output[str]] = {}

    def add(
        self,
        secret: PlannedSecret,
        container: secretsmanager.Secret,
        version: secretsmanager.SecretVersion | None,
        keys: KeysInUse,
    ) -> None:
        """Add the resources of one entry."""
        self.secret_arns[secret.key] = container.arn
        self.keys[secret.key] = keys
        self._names[secret.key] = container.name
        if version is not None:
            self._versions[secret.key] = version.version_id

        if not isinstance(secret.kms_key, AwsManagedKey):
            self._key_arns[secret.key] = keys.at_home(container)

    def finish(
        self,
        policy_arns: Mapping[str, pulumi.Output[str]],
        next_rotations: Mapping[str, str],
        alarm_topic: pulumi.Output[str] | None,
    ) -> dict[str, pulumi.Output[Any]]:
        """Return all outputs of the map, in the order in which they are documented."""
        generated = self._own("generated_passwords")
        by_key: dict[str, tuple[pulumi.Output[dict[str, Any]], Collection[str]]] = {
            "secret_arns": (_combined(self.secret_arns), self.secret_arns),
            "secret_names": (_combined(self._names), self._names),
            "secret_version_ids": (_combined(self._versions), self._versions),
            "generated_passwords": (pulumi.Output.secret(_combined(generated)), generated),
            "public_keys": (_combined(self._own("public_keys")), self._own("public_keys")),
            "kms_key_arns": (_combined(self._key_arns).apply(_without_none), self._key_arns),
            "policy_arns": (_combined(policy_arns), policy_arns),
        }
        keyed = {}
        for name, (values, keys) in by_key.items():
            keyed[name] = KeyedOutput(
                values, f"`{name}` of the map `{self._scope.plan.name}`", keys
            )

        return {
            **keyed,
            "waiting": pulumi.Output.from_input(self._waiting(of_value=True)),
            "waiting_rotations": pulumi.Output.from_input(self._waiting(of_value=False)),
            "initial_passwords": pulumi.Output.from_input(self._initial_passwords()),
            "next_rotations": pulumi.Output.from_input(dict(next_rotations)),
            "alarm_topic_arn": pulumi.Output.from_input(alarm_topic),
        }

    def _own(self, wanted: str) -> dict[str, pulumi.Output[Any]]:
        """Return what the entries generated for an output, by its keys."""
        found = {}
        for (output, key), value in self._scope.values.own_outputs.items():
            if output == wanted:
                found[key] = value

        return found

    def _waiting(self, *, of_value: bool) -> dict[str, list[str]]:
        """Return the references without a value: those of the secrets' values, or the others."""
        waiting: dict[str, list[str]] = {}
        for key, references in self._scope.values.waiting.items():
            in_value = self._scope.plan.secrets[key].value_references
            for reference in references:
                if (reference in in_value) == of_value:
                    waiting.setdefault(key, []).append(str(reference))

        return waiting

    def _initial_passwords(self) -> list[str]:
        keys: list[str] = []
        for secret in self._scope.plan.secrets.values():
            if secret.owner != "map":
                keys.extend(secret.generated_values)

        return keys


def _combined(values: Mapping[str, pulumi.Output[Any]]) -> pulumi.Output[dict[str, Any]]:
    """Return one output of all values; `Output.all()` of nothing would be a list."""
    if not values:
        return pulumi.Output.from_input({})

    return pulumi.Output.all(**values)


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
