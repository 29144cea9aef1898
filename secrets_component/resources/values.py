"""Secret values: the version that first holds a value, and what later runs write.

What the account shows decides who may write AWSCURRENT (`lookups.values_in_use`):

* the map: a changed value becomes a new version, which gets AWSCURRENT and a staging label of this
  package, by which later runs know that the value is still the map's.
* rotation, an operator, or whoever replaced the map's value: the version gets that label only. AWS
  itself attaches AWSCURRENT to the first version of a secret ("If this operation creates the first
  version for the secret, then Secrets Manager automatically attaches the staging label AWSCURRENT
  to it",
  https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html), and to no
  later one: whatever makes Pulumi create this version again, the current value stays. The label
  also keeps AWS from dropping the version after later rotations
  (hashicorp/terraform-provider-aws#37302). With `rotated_fields`, see the module of that name.

No version is ever deleted (`retain_on_delete`): that could only remove labels from a value that a
consumer still reads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pulumi
from pulumi_aws import secretsmanager

from secrets_component.errors import KeyPath
from secrets_component.lookups.marks import REPLACES_LABEL, VALUE_LABEL
from secrets_component.lookups.refusal import refusal
from secrets_component.lookups.safeguards import AccountState
from secrets_component.planning.plan import (
    Binary,
    Empty,
    Generated,
    LiteralText,
    Plan,
    PlannedSecret,
    Structured,
)
from secrets_component.resources import rotated_fields
from secrets_component.resources.scope import Scope
from secrets_component.secret_map import rules
from secrets_component.secret_map.aws_types import MAX_VALUE_BYTES

_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
_FIRST = "first"  # the part that version 0.1 gave to the versions of rotation and operators


def store(
    scope: Scope, secret: PlannedSecret, container: secretsmanager.Secret, state: AccountState
) -> secretsmanager.SecretVersion | None:
    """Write an entry's value; return None if it has none, or waits for a reference."""
    if isinstance(secret.source, Empty) or not scope.values.has_all(secret.value_references):
        return None

    value = _value(scope, secret)
    if secret.rotated_fields:
        return rotated_fields.store_own_fields(scope, secret, container, value, state)

    text: pulumi.Input[str] | None = value
    binary: pulumi.Input[str] | None = None
    if isinstance(secret.source, Binary):
        text, binary = None, value

    may_write = state.may_write(secret)
    is_of_others = state.has_value_of_others_only(secret) or state.leaves_version_behind(secret)
    if is_of_others and not may_write:
        return None

    labels, ignored, replaced = [VALUE_LABEL], [], None
    if not may_write:
        ignored = ["secretString", "secretBinary"]
        if not state.is_renamed(secret):  # a new secret must not get the old one's labels
            ignored.append("versionStages")
    else:
        labels.append("AWSCURRENT")
        replaced = state.replaced_version(secret)
        if replaced is not None:
            labels.append(REPLACES_LABEL + replaced)

    version = secretsmanager.SecretVersion(
        scope.logical(secret),
        secret_id=container.arn,
        secret_string=text,
        secret_binary=binary,
        version_stages=sorted(labels),
        opts=scope.options(
            secret,
            formerly=(_FIRST, _VERSION),
            retain_on_delete=True,
            ignore_changes=ignored or None,
            # The state does not show that someone else has written a value meanwhile, so nothing
            # but this would make the provider write the map's value again.
            replacement_trigger=replaced or "none" if secret.is_owner_written else None,
        ),
    )
    if may_write:
        _explain_new_value(secret, version, state)

    return version


def _explain_new_value(
    secret: PlannedSecret, version: secretsmanager.SecretVersion, state: AccountState
) -> None:
    """Log that a value in use is replaced by the map's; in a preview, that it will be."""
    held = state.own.get(secret.key)
    if held is None or held.name != state.name_of(secret) or not held.is_filled:
        return

    def explain(version_id: str) -> None:
        if version_id != held.current_version:
            pulumi.log.info(f"`{held.name}` gets a new value from the map")

    version.version_id.apply(explain, run_with_unknowns=True)


def _value(scope: Scope, secret: PlannedSecret) -> pulumi.Input[str]:
    """Return the value to store, which is checked against AWS's limits once it is known."""
    match secret.source:
        case Generated():
            return scope.values.own_outputs["generated_passwords", secret.key]
        case Empty():
            msg = f"secret `{secret.key}` has no value to store"
            raise AssertionError(msg)
        case Binary(value):
            field, problem_of = "secret_binary", _binary_problem
        case Structured(value) | LiteralText(value):
            field, problem_of = "secret_data", _text_problem

    check = partial(_checked, scope.plan, (*secret.place, field), problem_of)
    filled = scope.values.fill(value, secret.key)
    if isinstance(filled, pulumi.Output):
        return filled.apply(check)

    return check(str(filled))


def _checked(
    plan: Plan, place: KeyPath, problem_of: Callable[[str], str | None], value: str
) -> str:
    problem = problem_of(value)
    if problem:
        raise refusal(plan, place, f"the value {problem}")

    return value


def _binary_problem(value: str) -> str | None:
    return next((problem for _, problem in rules.of_binary(value)), None)


def _text_problem(value: str) -> str | None:
    if not value:
        return "is empty, which AWS refuses"

    if len(value.encode()) > MAX_VALUE_BYTES:
        return f"exceeds AWS's limit of {MAX_VALUE_BYTES:,} bytes"

    return None
