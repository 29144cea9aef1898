"""Secret values: generated passwords, and the version that first holds a value.

What `owner` decides here is who may write AWSCURRENT:

* `map`: a changed value becomes a new version, which AWS makes current.
* `rotation`, `operator`: the version asks for our own staging label only. AWS attaches AWSCURRENT
  to the first version of a secret by itself ("If this operation creates the first version for the
  secret, then Secrets Manager automatically attaches the staging label AWSCURRENT to it",
  https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html), and to no
  later one: whatever makes Pulumi create this version again, the live value stays. The label also
  keeps AWS from dropping the version once rotations have moved on
  (hashicorp/terraform-provider-aws#37302). With `rotated_fields`, see the module of that name.

No version is ever deleted (`retain_on_delete`): deleting one could only take labels from a value
that someone still reads.
"""

from __future__ import annotations

import pulumi
import pulumi_random as random
from pulumi_aws import secretsmanager

from secrets_component.planning.plan import Binary, Empty, Generated, PlannedSecret
from secrets_component.resources import rotated_fields
from secrets_component.resources.scope import Scope
from secrets_component.secret_map import rules
from secrets_component.secret_map.aws_types import MAX_VALUE_BYTES
from secrets_component.secret_map.model import DEFAULT_SPECIAL, RandomPassword

_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
FIRST_VALUE_LABEL = "secretsmap-first-value"
_OURS = {
    "length": "length",
    "override_special": "overrideSpecial",
    "min_lower": "minLower",
    "min_upper": "minUpper",
    "min_numeric": "minNumeric",
    "min_special": "minSpecial",
}
"""The options with a default of ours, as the provider spells them."""


def generate(scope: Scope, secret: PlannedSecret) -> None:
    """Generate an entry's passwords and offer them to the references of the map.

    The provider marks them as secrets; so do the resources and the output that they go into.
    """
    for key, options in secret.passwords.items():
        part = key.partition(".")[2] or None
        password = _password(scope, secret, part, options)
        scope.values.own_outputs["generated_passwords", key] = password.result


def _password(
    scope: Scope, secret: PlannedSecret, part: str | None, options: RandomPassword
) -> random.RandomPassword:
    # An option that the map does not write is fixed at creation: every option replaces the
    # password, and a changed default of ours must not change a password in use.
    said = options.model_fields_set
    unwritten = [theirs for ours, theirs in _OURS.items() if ours not in said]
    return random.RandomPassword(
        scope.logical(secret, part),
        length=options.length,
        special=options.special,
        override_special=options.override_special or DEFAULT_SPECIAL,
        lower=options.lower if "lower" in said else None,
        upper=options.upper if "upper" in said else None,
        numeric=options.numeric if "numeric" in said else None,
        min_lower=options.minimum("lower"),
        min_upper=options.minimum("upper"),
        min_numeric=options.minimum("numeric"),
        min_special=options.minimum("special"),
        keepers=options.keepers or None,
        opts=scope.options(secret, part, ignore_changes=unwritten, protect=secret.protect),
    )


def store(
    scope: Scope, secret: PlannedSecret, container: secretsmanager.Secret
) -> secretsmanager.SecretVersion | None:
    """Write an entry's value, unless it has none or waits for one."""
    if isinstance(secret.source, Empty) or not scope.values.has_all(secret.value_references):
        return None
    value = _value(scope, secret)
    if secret.rotated_fields:
        return rotated_fields.store(scope, secret, container, value)
    is_binary = isinstance(secret.source, Binary)
    if secret.owner == "map":
        # Formerly `first`: where rotation was turned off, the labelled version goes on under this
        # name, and its value, which equals the map's, is not written again.
        part, formerly, stages, ignored = None, ("first", _VERSION), None, None
    else:
        part, formerly, stages = "first", None, [FIRST_VALUE_LABEL]
        ignored = ["secretString", "secretBinary", "versionStages"]
    return secretsmanager.SecretVersion(
        scope.logical(secret, part),
        secret_id=container.arn,
        secret_string=None if is_binary else value,
        secret_binary=value if is_binary else None,
        version_stages=stages,
        opts=scope.options(
            secret, part, formerly=formerly, retain_on_delete=True, ignore_changes=ignored
        ),
    )


def _value(scope: Scope, secret: PlannedSecret) -> pulumi.Input[str]:
    match secret.source:
        case Generated():
            return scope.values.own_outputs["generated_passwords", secret.key]
        case Binary(value):
            return _checked(scope.values.fill(value, secret.key), secret.key, is_binary=True)
        case Empty():
            msg = f"secret `{secret.key}` has no value to store"
            raise AssertionError(msg)
        case source:
            filled = scope.values.fill(source.value, secret.key)
            return _checked(filled, secret.key, is_binary=False)


def _checked(value: pulumi.Input[str], key: str, *, is_binary: bool) -> pulumi.Input[str]:
    """Hold a value to AWS's limits as soon as it is known."""

    def check(known: str) -> str:
        problem = next((p for _, p in rules.of_binary(known)), None) if is_binary else None
        if not is_binary and not 0 < len(known.encode()) <= MAX_VALUE_BYTES:
            problem = f"is empty or larger than AWS's {MAX_VALUE_BYTES:,} bytes"
        if problem:
            msg = f"secret `{key}`: the value {problem}"
            raise pulumi.RunError(msg)
        return known

    return value.apply(check) if isinstance(value, pulumi.Output) else check(str(value))
