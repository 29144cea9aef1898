"""What other programs read from a deployed secret map, by stack reference.

ARNs and names are plain outputs: a consumer needs no key to the producer's secrets for them, and
reads the value itself at run time, under its own role. Only `generated_password` needs that key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import pulumi

from secrets_component.errors import did_you_mean


class SecretMapReference:
    """The outputs of a stack that deploys a secret map.

    `SecretMapReference("acme/secrets/dev").secret_arn("api_key")` is an ARN. What the stack does
    not have ends the run with an error that names what it has.
    """

    def __init__(
        self, stack: str, instance: str | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Refer to a stack.

        Args:
            stack: the stack's full name, `<organization>/<project>/<stack>`.
            instance: the map's instance name, where the stack's file holds several.
            opts: options of the StackReference.
        """
        self._stack = stack
        self._instance = instance
        name = stack if instance is None else f"{stack}#{instance}"
        self._reference = pulumi.StackReference(name, stack_name=stack, opts=opts)

    def secret_arn(self, key: str) -> pulumi.Output[str]:
        """Give the ARN of the secret that stands under `key` in the map."""
        return self._one("secret_arns", key)

    def secret_name(self, key: str) -> pulumi.Output[str]:
        """Give the name in AWS of the secret that stands under `key` in the map."""
        return self._one("secret_names", key)

    def secret_version_id(self, key: str) -> pulumi.Output[str]:
        """Give the id of the version that the map wrote; an empty secret has none."""
        return self._one("secret_version_ids", key)

    def kms_key_arn(self, key: str) -> pulumi.Output[str]:
        """Give the ARN of the customer-managed key of a secret; others have none."""
        return self._one("kms_key_arns", key)

    def policy_arn(self, level: str) -> pulumi.Output[str]:
        """Give the ARN of one of the map's identity policies, such as `read` or `admin`."""
        return self._one("policy_arns", level)

    def generated_password(self, key: str) -> pulumi.Output[str]:
        """Give a generated password, as a secret; `<key>.<name>` for one under `random`.

        It is copied into this stack's state, encrypted. What can read Secrets Manager itself should
        be given the ARN instead.

        Raises:
            pulumi.RunError: inside the output, where it is a first value only, which a rotation or
                an operator may have replaced; `initial_password` gives it nevertheless.
        """
        first = self._reference.get_output("initial_passwords")
        password = self.initial_password(key)
        return pulumi.Output.secret(
            pulumi.Output.all(first, password).apply(
                lambda both: _live_password(key, _initial(self._instance, both[0]), both[1])
            )
        )

    def initial_password(self, key: str) -> pulumi.Output[str]:
        """Give the password that was generated first: to create a database with it, once."""
        return pulumi.Output.secret(self._one("generated_passwords", key))

    @property
    def secret_arns(self) -> pulumi.Output[Mapping[str, str]]:
        """All ARNs, by the keys of the map."""
        return self._all("secret_arns", lambda found: found)

    @property
    def kms_key_arns(self) -> pulumi.Output[Mapping[str, str]]:
        """The ARNs of the customer-managed keys, by the keys of the secrets that use them."""
        return self._all("kms_key_arns", lambda found: found)

    def _one(self, output: str, key: str) -> pulumi.Output[str]:
        return self._all(output, partial(_entry, self._stack, output, key))

    def _all(self, output: str, choose: Callable[[Mapping[str, Any]], Any]) -> pulumi.Output[Any]:
        return self._reference.get_output(output).apply(
            lambda found: choose(_of_instance(self._stack, output, self._instance, found))
        )


def _initial(instance: str | None, found: Any) -> Sequence[str]:  # noqa: ANN401 # an output of a stack
    of_map = found.get(instance or "") if isinstance(found, Mapping) else found
    return of_map or ()


def _live_password(key: str, initial: Sequence[str], password: str) -> str:
    if key in initial:
        msg = (
            f"`{key}`: the generated password is the first value only, and may be replaced by now; "
            f'read the secret by its ARN (`secret_arn("{key.partition(".")[0]}")`), or take '
            f'`initial_password("{key}")` to create something with it once'
        )
        raise pulumi.RunError(msg)
    return password


def ecs_secrets(
    reference: SecretMapReference, names: Mapping[str, str]
) -> list[dict[str, pulumi.Input[str]]]:
    """Give the `secrets` of an ECS container definition: ARNs, which ECS reads for the container.

    Args:
        reference: the map's stack.
        names: by the names of the container's environment variables, a key of the map for the whole
            value (`api_key`), or a key and one of the value's own JSON keys (`db.password`), which
            on Fargate needs platform version 1.4.0
            (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html).

    Raises:
        pulumi.RunError: a name is no key; inside the output where the map has no such entry.
    """
    return [
        {"name": variable, "valueFrom": _value_from(reference, variable, name)}
        for variable, name in names.items()
    ]


def lambda_environment(
    reference: SecretMapReference, names: Mapping[str, str]
) -> dict[str, pulumi.Output[str]]:
    """Give environment variables of a Lambda function: ARNs, which its code reads the values by.

    Args:
        reference: the map's stack.
        names: keys of the map, by the names of the environment variables
            (`{"API_KEY_SECRET_ARN": "api_key"}`).

    Raises:
        pulumi.RunError: a name is no key; inside the output where the map has no such entry.
    """
    for variable, key in names.items():
        if "." in key:
            msg = (
                f"`{variable}`: an environment variable holds the ARN of a whole secret; write "
                f"`{key.partition('.')[0]}`, and let the function's code pick the JSON key"
            )
            raise pulumi.RunError(msg)
    return {variable: reference.secret_arn(key) for variable, key in names.items()}


def read_policy(reference: SecretMapReference, keys: Iterable[str]) -> pulumi.Output[str]:
    """Give the identity policy of what reads these secrets and no others, as a JSON text.

    It allows to decrypt with the secrets' own keys too, for these secrets and through Secrets
    Manager only. A key that the map names by an alias is allowed by that alias: as a resource, AWS
    takes no alias for this
    (https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html).

    Args:
        reference: the map's stack.
        keys: keys of the map.
    """
    wanted = list(keys)
    arns = [reference.secret_arn(key) for key in wanted]
    return pulumi.Output.all(reference.kms_key_arns, *arns).apply(
        lambda found: _read_document(dict(zip(wanted, found[1:], strict=True)), found[0])
    )


def _read_document(arns: Mapping[str, str], keys: Mapping[str, str]) -> str:
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            "Resource": sorted(arns.values()),
        }
    ]
    for kms_key in sorted({keys[key] for key in arns if key in keys}):
        of_key = sorted(arn for key, arn in arns.items() if keys.get(key) == kms_key)
        home, _, alias = kms_key.partition(":alias/")
        condition: dict[str, dict[str, Any]] = {
            "StringEquals": {
                "kms:ViaService": f"secretsmanager.{kms_key.split(':')[3]}.amazonaws.com",
                "kms:EncryptionContext:SecretARN": of_key,
            }
        }
        if alias:
            condition["ForAnyValue:StringEquals"] = {"kms:ResourceAliases": f"alias/{alias}"}
        statements.append(
            {
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": f"{home}:key/*" if alias else kms_key,
                "Condition": condition,
            }
        )
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _value_from(reference: SecretMapReference, variable: str, name: str) -> pulumi.Output[str]:
    key, dot, json_key = name.partition(".")  # no key of a map holds a dot
    if dot and (not json_key or ":" in json_key):
        msg = f"`{variable}`: write `<key>` or `<key>.<JSON key>`, and no `:`, which ECS splits at"
        raise pulumi.RunError(msg)
    arn = reference.secret_arn(key)
    return arn.apply(lambda known: f"{known}:{json_key}::") if dot else arn


def _of_instance(stack: str, output: str, instance: str | None, found: object) -> Mapping[str, Any]:
    """Pick a map's own part of an output: with several maps it is keyed by instance first."""
    if not isinstance(found, Mapping):
        msg = (
            f"the stack `{stack}` has no output `{output}`; it is not that of a secret map, or not "
            "deployed yet"
        )
        raise pulumi.RunError(msg)
    parts = {name: part for name, part in found.items() if isinstance(part, Mapping)}
    known = ", ".join(f"`{name}`" for name in sorted(parts))
    if instance is None and not parts:
        return found
    if instance is None:
        msg = f"the stack `{stack}` holds several maps; name one with `instance=`: {known}"
    elif not parts and found:
        msg = f"the stack `{stack}` holds one map only; leave `instance={instance!r}` out"
    elif instance not in parts:
        hint = did_you_mean(instance, parts)
        msg = f"the stack `{stack}` has no map `{instance}`; it has {known or 'none'}{hint}"
    else:
        return parts[instance]
    raise pulumi.RunError(msg)


def _entry(stack: str, output: str, key: str, found: Mapping[str, Any]) -> Any:  # noqa: ANN401 # what the stack exports
    if key in found:
        return found[key]
    if output == "generated_passwords" and not found:
        # The engine: "eliding undecryptable secrets for stack reference"; what is left is empty.
        msg = (
            f"the stack `{stack}` has no generated password, or this run cannot decrypt it: give "
            "it the passphrase or key of that stack, or pass `secret_arn` on and read the value at "
            "run time"
        )
        raise pulumi.RunError(msg)
    known = ", ".join(f"`{one}`" for one in sorted(found)) or "none"
    msg = f"`{output}` of the stack `{stack}` has no `{key}`; it has {known}"
    raise pulumi.RunError(f"{msg}{did_you_mean(key, found)}")
