"""A value of which rotation writes some fields and the map writes the others.

The provider knows whole values only (hashicorp/terraform-provider-aws#31635). Here a version is
written only when one of the map's own fields has changed, out of these and of what the rotated
fields hold live:

* a random number that keeps the map's fields as its keepers changes if and only if one of them
  does; it is the version's `secret_string_wo_version`, the only input whose change writes a value;
* the value itself is the write-only `secret_string_wo`, which may differ from run to run (as the
  live fields do) without writing anything. It is stored in Pulumi's state nevertheless, encrypted
  (pulumi/pulumi-terraform-bridge#3201).

A version that AWS drops after a hundred newer ones is written again, out of the live fields. A
rotation that ends between the reading and the writing of one run is undone; AWS offers no lock.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_random as random
from pulumi_aws import secretsmanager

from secrets_component.planning.plan import PlannedSecret
from secrets_component.resources.scope import Scope

_LARGEST = 2**31 - 1
_READ = "aws:secretsmanager/getSecretVersion:getSecretVersion"
_NOT_FILLED = ("couldn't find resource", "ResourceNotFoundException", "empty result")


def store(
    scope: Scope,
    secret: PlannedSecret,
    container: secretsmanager.Secret,
    value: pulumi.Input[str],
) -> secretsmanager.SecretVersion:
    """Write the map's fields when they change, and keep what the rotated ones hold.

    Raises:
        pulumi.RunError: the live value cannot be read, or is no JSON object; nothing is written.
    """
    text = pulumi.Output.secret(value)
    edition = random.RandomInteger(
        scope.logical(secret, "edition"),
        min=1,
        max=_LARGEST,
        keepers={"fields": text.apply(lambda known: _own_fields(known, secret))},
        opts=scope.options(secret, "edition"),
    )
    live = _live(container.arn, secret, scope.parent)
    merged = pulumi.Output.all(text, live).apply(lambda both: _merged(both[0], both[1], secret))
    return secretsmanager.SecretVersion(
        scope.logical(secret, "fields"),
        secret_id=container.arn,
        secret_string_wo=merged,
        secret_string_wo_version=edition.result,
        opts=scope.options(secret, "fields", retain_on_delete=True),
    )


def _own_fields(text: str, secret: PlannedSecret) -> str:
    fields = json.loads(text)
    own = {key: value for key, value in fields.items() if key not in secret.rotated_fields}
    return json.dumps(own, sort_keys=True)


def _live(
    arn: pulumi.Output[str], secret: PlannedSecret, parent: pulumi.Resource
) -> pulumi.Output[str]:
    """Read the current value; an empty text for a secret that has none."""

    async def read(known: str) -> str:
        invoked = pulumi.InvokeOptions(parent=parent)
        try:
            answer = await pulumi.runtime.invoke_async(_READ, {"secretId": known}, invoked)
        except Exception as error:  # noqa: BLE001 # the SDK raises a bare Exception for a failed invoke
            if any(words in str(error) for words in _NOT_FILLED):
                return ""
            msg = f"secret `{secret.key}`: its live value cannot be read: {error}"
            raise pulumi.RunError(msg) from None
        return (answer or {}).get("secretString") or ""

    found: pulumi.Output[str] = arn.apply(read)
    return pulumi.Output.secret(found)  # pulumi/pulumi-aws#1449: it is not by itself


def _merged(text: str, live: str, secret: PlannedSecret) -> str:
    fields: dict[str, Any] = json.loads(text)
    if not live:
        return text
    try:
        current = json.loads(live)
    except ValueError:
        current = None
    if not isinstance(current, dict):
        msg = (
            f"secret `{secret.key}`: its live value is no JSON object, so `rotated_fields` cannot "
            "be kept; mend the value, or remove `rotated_fields`"
        )
        raise pulumi.RunError(msg)
    kept = {field: current[field] for field in secret.rotated_fields if field in current}
    return json.dumps({**fields, **kept}, ensure_ascii=False)
