"""Secret values: generated passwords, and the version that first holds a value.

What `owner` decides here is who may write AWSCURRENT:

* `map`: a changed value becomes a new version, which AWS makes current.
* `rotation`, `operator`: the version gets a staging label of this package only. AWS itself attaches
  AWSCURRENT to the first version of a secret ("If this operation creates the first version for the
  secret, then Secrets Manager automatically attaches the staging label AWSCURRENT to it",
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
import pulumi_random as random
from pulumi_aws import secretsmanager

from secrets_component.errors import KeyPath
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
from secrets_component.secret_map.model import DEFAULT_SPECIAL, RandomPassword

_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
_FIRST = "first"
_FIRST_VALUE_LABEL = "secretsmap-first-value"
_DEFAULTED_OPTIONS = {
    "length": "length",
    "override_special": "overrideSpecial",
    "min_lower": "minLower",
    "min_upper": "minUpper",
    "min_numeric": "minNumeric",
    "min_special": "minSpecial",
}
"""The options that this package gives a default, and the provider's spelling of them."""


def generate(scope: Scope, secret: PlannedSecret) -> None:
    """Generate an entry's passwords and make them available to the references of the map.

    The provider marks them as secrets; so do the resources and the output that they go into.
    """
    for key, options in secret.passwords.items():
        _, _, part = key.partition(".")
        password = _password(scope, secret, part or None, options)
        scope.values.own_outputs["generated_passwords", key] = password.result


def _password(
    scope: Scope, secret: PlannedSecret, part: str | None, options: RandomPassword
) -> random.RandomPassword:
    # An option that the map does not set is fixed at creation: a changed option replaces the
    # password, and a changed default of this package must not replace a password in use.
    written = options.model_fields_set
    unset = [theirs for ours, theirs in _DEFAULTED_OPTIONS.items() if ours not in written]
    return random.RandomPassword(
        scope.logical(secret, part),
        length=options.length,
        special=options.special,
        override_special=options.override_special or DEFAULT_SPECIAL,
        lower=_if_set(options, "lower"),
        upper=_if_set(options, "upper"),
        numeric=_if_set(options, "numeric"),
        min_lower=options.minimum("lower"),
        min_upper=options.minimum("upper"),
        min_numeric=options.minimum("numeric"),
        min_special=options.minimum("special"),
        keepers=options.keepers or None,
        opts=scope.options(secret, part, ignore_changes=unset, protect=secret.protect),
    )


def _if_set(options: RandomPassword, name: str) -> bool | None:
    """Return an option that the map sets; None leaves it to the provider."""
    if name not in options.model_fields_set:
        return None

    value: bool = getattr(options, name)
    return value


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

    if secret.owner != "map":
        return secretsmanager.SecretVersion(
            scope.logical(secret, _FIRST),
            secret_id=container.arn,
            secret_string=text,
            secret_binary=binary,
            version_stages=[_FIRST_VALUE_LABEL],
            opts=scope.options(
                secret,
                _FIRST,
                retain_on_delete=True,
                ignore_changes=["secretString", "secretBinary", "versionStages"],
            ),
        )

    return secretsmanager.SecretVersion(
        scope.logical(secret),
        secret_id=container.arn,
        secret_string=text,
        secret_binary=binary,
        # Where rotation was turned off, the labelled version becomes this one, and its value, which
        # equals the map's, is not written again.
        opts=scope.options(secret, formerly=(_FIRST, _VERSION), retain_on_delete=True),
    )


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
