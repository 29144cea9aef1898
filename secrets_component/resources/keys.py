"""The keys of a secret and its replicas: what its resource names, and what AWS has then.

Policies, rotation functions and outputs all take the keys from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pulumi
from pulumi_aws import secretsmanager

from secrets_component.arns import Arn
from secrets_component.secret_map.aws_types import AWS_MANAGED_KEY


@dataclass(frozen=True)
class SecretKeys:
    """The keys that encrypt a secret and its replicas, as its resource names them.

    Attributes:
        named: the key of the secret; None for the AWS-managed one, or an adopted secret's own.
        of_replicas: the keys of its replicas by region; None for the region's AWS-managed one.
        alias: the alias of the map's own key where that is the secret's: it is created before the
            secret, which therefore proves that the alias is recorded.
    """

    named: pulumi.Input[str] | None
    of_replicas: Mapping[str, pulumi.Input[str] | None]
    alias: pulumi.Resource | None = None

    def in_use(self, container: secretsmanager.Secret, *, is_kept: bool) -> KeysInUse:
        """Return the customer-managed keys that a secret and its replicas are under.

        Args:
            container: the secret.
            is_kept: it keeps the key that it has, which only AWS knows.
        """
        key = container.kms_key_id if is_kept else self.named
        regions = tuple(self.of_replicas)
        known = pulumi.Output.all(container.arn, key, *self.of_replicas.values())
        # A key is no secret, wherever its name comes from; readers must not need this stack's.
        return KeysInUse(pulumi.Output.unsecret(known.apply(partial(_arns_by_region, regions))))


@dataclass(frozen=True)
class KeysInUse:
    """The customer-managed keys of a secret: what policies, functions and outputs are made from.

    Attributes:
        arns: their ARNs by region, without regions in which the AWS-managed key is used.
    """

    arns: pulumi.Output[dict[str, str]]

    def at_home(self, container: secretsmanager.Secret) -> pulumi.Output[str | None]:
        """Return the ARN of the secret's own key; None for the AWS-managed one."""
        known = pulumi.Output.all(self.arns, container.arn)
        return known.apply(lambda found: found[0].get(Arn.parse(found[1]).region))


def _arns_by_region(replicas: tuple[str, ...], known: Sequence[str | None]) -> dict[str, str]:
    secret_arn, *keys = known
    home = Arn.parse(str(secret_arn)).home
    found = {}
    for region, key in zip((home.region, *replicas), keys, strict=True):
        if key and not key.endswith(AWS_MANAGED_KEY):
            found[region] = home.in_region(region).key_arn(key)

    return found
