"""A value in which rotation writes some fields and the map writes the others.

The provider handles whole values only (hashicorp/terraform-provider-aws#31635). Here a version is
written only when one of the map's own fields has changed. It combines these with the current values
of the rotated fields:

* a random number that keeps the map's fields as its keepers changes if and only if one of them
  does; it is the version's `secret_string_wo_version`, the only input whose change writes a value;
* the value itself is the write-only `secret_string_wo`, which may differ from run to run (as the
  rotated fields do) without writing anything. Pulumi's state stores it nevertheless, encrypted
  (pulumi/pulumi-terraform-bridge#3201).

The version has a staging label of this package besides AWSCURRENT. The provider looks write-only
versions up in ListSecretVersionIds (hashicorp/terraform-provider-aws#44876), which leaves out those
without a label; a refresh would drop the version from the state, and the next run write it again,
maybe while AWS rotates. The label also keeps AWS from dropping the version after a hundred newer
ones. A rotation that ends after a run has read the value and before it writes is undone; AWS offers
no lock.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import pulumi
import pulumi_random as random
from pulumi_aws import secretsmanager

from secrets_component.errors import KeyPath
from secrets_component.lookups.marks import OWN_FIELDS_LABEL
from secrets_component.lookups.refusal import refusal
from secrets_component.lookups.safeguards import AccountState
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.resources.scope import Scope

_LARGEST = 2**31 - 1
_READ = "aws:secretsmanager/getSecretVersion:getSecretVersion"
_WITHOUT_VALUE = ("couldn't find resource", "ResourceNotFoundException", "empty result")


def store_own_fields(
    scope: Scope,
    secret: PlannedSecret,
    container: secretsmanager.Secret,
    value: pulumi.Input[str],
    state: AccountState,
) -> secretsmanager.SecretVersion:
    """Write the map's own fields when they change, and preserve the rotated ones.

    Args:
        scope: the map's scope.
        secret: the entry.
        container: the secret.
        value: the map's value.
        state: what the account holds.

    Raises:
        pulumi.RunError: the current value cannot be read, or is not a JSON object; nothing is
            written.
    """
    text = pulumi.Output.secret(value)
    edition = random.RandomInteger(
        scope.logical(secret, "edition"),
        min=1,
        max=_LARGEST,
        keepers={"fields": text.apply(lambda known: _own_fields(known, secret))},
        opts=scope.options(secret, "edition"),
    )
    current = _current_value(scope, secret, container.arn, state)
    known = pulumi.Output.all(text, current)
    merged = known.apply(partial(_with_rotated_fields, scope.plan, secret))
    return secretsmanager.SecretVersion(
        scope.logical(secret, "fields"),
        secret_id=container.arn,
        secret_string_wo=merged,
        secret_string_wo_version=edition.result,
        version_stages=[OWN_FIELDS_LABEL, "AWSCURRENT"],
        # Only a new version gets labels (a replacement is created from the program's inputs): to
        # give AWSCURRENT back to this one would undo a rotation.
        opts=scope.options(
            secret, "fields", retain_on_delete=True, ignore_changes=["versionStages"]
        ),
    )


def _place(secret: PlannedSecret) -> KeyPath:
    return (*secret.place, "rotated_fields")


def _own_fields(text: str, secret: PlannedSecret) -> str:
    own: dict[str, Any] = json.loads(text)
    for field in secret.rotated_fields:
        own.pop(field, None)

    return json.dumps(own, sort_keys=True)


def _current_value(
    scope: Scope, secret: PlannedSecret, arn: pulumi.Output[str], state: AccountState
) -> pulumi.Output[str]:
    """Read the current value; an empty string for a secret that has none."""

    async def read(known: str) -> str:
        # The provider looks for a missing value for two minutes
        # (hashicorp/terraform-provider-aws#48318).
        if state.is_empty(secret, known):
            return ""

        options = pulumi.InvokeOptions(parent=scope.parent)
        try:
            answer = await pulumi.runtime.invoke_async(_READ, {"secretId": known}, options)
        except Exception as error:  # noqa: BLE001 # the SDK raises a bare Exception for a failed invoke
            if any(words in str(error) for words in _WITHOUT_VALUE):
                return ""

            message = f"cannot read the current value: {error}"
            raise refusal(scope.plan, _place(secret), message) from None

        return (answer or {}).get("secretString") or ""

    found: pulumi.Output[str] = arn.apply(read)
    return pulumi.Output.secret(found)  # pulumi/pulumi-aws#1449: it is not by itself


def _with_rotated_fields(plan: Plan, secret: PlannedSecret, known: Sequence[str]) -> str:
    """Return the map's value with the rotated fields as they currently are."""
    text, current = known
    if not current:
        return text

    fields: dict[str, Any] = json.loads(text)
    rotated = _json_object(current)
    if rotated is None:
        message = (
            "the current value is not a JSON object, so `rotated_fields` cannot be preserved; fix "
            "the value or remove `rotated_fields`"
        )
        raise refusal(plan, _place(secret), message)

    for field in secret.rotated_fields:
        if field in rotated:
            fields[field] = rotated[field]

    return json.dumps(fields, ensure_ascii=False)


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None

    return found if isinstance(found, dict) else None
