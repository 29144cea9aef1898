"""What other programs read from a deployed secret map, through a stack reference.

ARNs and names are plain outputs: reading them does not require the passphrase or key of the map's
stack, and a consumer reads the value itself at run time, under its own role. Only generated
passwords require it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import pulumi

from secrets_component.arns import Arn
from secrets_component.errors import did_you_mean
from secrets_component.iam import templates
from secrets_component.iam.documents import TEMPLATE_OF, Statement, document, use_key


class SecretMapReference:
    """The outputs of a stack that deploys a secret map.

    `SecretMapReference("acme/secrets/dev").secret_arn("api_key")` is an ARN. Asking for what the
    stack does not have fails the run, with an error that lists what it has.
    """

    def __init__(
        self, stack: str, instance: str | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the reference to a stack.

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
        """Return the ARN of the secret under `key` in the map."""
        return self._one("secret_arns", key)

    def secret_name(self, key: str) -> pulumi.Output[str]:
        """Return the name in AWS of the secret under `key` in the map."""
        return self._one("secret_names", key)

    def secret_version_id(self, key: str) -> pulumi.Output[str]:
        """Return the id of the version that the map wrote; an empty secret has none."""
        return self._one("secret_version_ids", key)

    def kms_key_arn(self, key: str) -> pulumi.Output[str]:
        """Return the ARN of the customer-managed key of a secret; others have none."""
        return self._one("kms_key_arns", key)

    def policy_arn(self, level: str) -> pulumi.Output[str]:
        """Return the ARN of one of the map's identity policies, such as `read` or `admin`."""
        return self._one("policy_arns", level)

    def generated_password(self, key: str) -> pulumi.Output[str]:
        """Return a generated password, as a secret; `<key>.<name>` for one under `random`.

        It is copied into this stack's state, encrypted. Pass the ARN instead to whatever can read
        Secrets Manager itself.

        Raises:
            pulumi.RunError: inside the output, where it is the first value only, which a rotation
                or an operator may have replaced; `initial_password` returns it nevertheless.
        """
        first = self._reference.get_output("initial_passwords")
        password = self.initial_password(key)
        return pulumi.Output.secret(
            pulumi.Output.all(first, password).apply(
                lambda both: _live_password(key, _initial(self._instance, both[0]), both[1])
            )
        )

    def initial_password(self, key: str) -> pulumi.Output[str]:
        """Return the password that was generated first: to create a database with it, once."""
        return pulumi.Output.secret(self._one("generated_passwords", key))

    def public_key(self, key: str) -> pulumi.Output[str]:
        """Return the public half of a generated key pair, as plain text; by `<key>.<name>`.

        It belongs to the first private key, which a rotation or an operator may have replaced.
        """
        return self._one("public_keys", key)

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
    if isinstance(found, Mapping):
        found = found.get(instance or "")

    return found or ()


def _live_password(key: str, initial: Sequence[str], password: str) -> str:
    if key in initial:
        msg = (
            f"`{key}`: the generated password is the first value only, and may have been replaced "
            f'since; read the secret by its ARN (`secret_arn("{key.partition(".")[0]}")`), or use '
            f'`initial_password("{key}")` to create something with it once'
        )
        raise pulumi.RunError(msg)

    return password


def ecs_secrets(
    reference: SecretMapReference, names: Mapping[str, str]
) -> list[dict[str, pulumi.Input[str]]]:
    """Return the `secrets` of an ECS container definition: ARNs, whose values ECS passes on.

    Args:
        reference: the map's stack.
        names: by the names of the container's environment variables, a key of the map for the whole
            value (`api_key`), or a key and one of the JSON keys in the value (`db.password`), which
            on Fargate needs platform version 1.4.0
            (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html).

    Raises:
        pulumi.RunError: a name has another form; inside the output where the map has no such entry.
    """
    return [
        {"name": variable, "valueFrom": _value_from(reference, variable, name)}
        for variable, name in names.items()
    ]


def lambda_environment(
    reference: SecretMapReference, names: Mapping[str, str]
) -> dict[str, pulumi.Output[str]]:
    """Return environment variables of a Lambda function: ARNs, for its code to read the values.

    Args:
        reference: the map's stack.
        names: keys of the map, by the names of the environment variables
            (`{"API_KEY_SECRET_ARN": "api_key"}`).

    Raises:
        pulumi.RunError: a name is not a key; inside the output where the map has no such entry.
    """
    for variable, key in names.items():
        if "." in key:
            msg = (
                f"`{variable}`: an environment variable holds the ARN of a whole secret; write "
                f"`{key.partition('.')[0]}`, and select the JSON key in the function's code"
            )
            raise pulumi.RunError(msg)

    return {variable: reference.secret_arn(key) for variable, key in names.items()}


def read_policy(reference: SecretMapReference, keys: Iterable[str]) -> pulumi.Output[str]:
    """Return the identity policy for reading these secrets and no others, as JSON.

    It also allows decrypting with the secrets' customer-managed keys, for these secrets and through
    Secrets Manager only.

    Args:
        reference: the map's stack.
        keys: keys of the map.
    """
    wanted = list(keys)

    def write(kms_keys: Mapping[str, str], *arns: str) -> str:
        return _read_document(dict(zip(wanted, arns, strict=True)), kms_keys)

    arns = [reference.secret_arn(key) for key in wanted]
    return pulumi.Output.all(reference.kms_key_arns, *arns).apply(lambda known: write(*known))


def _read_document(arns: Mapping[str, str], kms_keys: Mapping[str, str]) -> str:
    secrets_of_key: dict[str, list[str]] = {}
    for key, arn in arns.items():
        if key in kms_keys:
            secrets_of_key.setdefault(kms_keys[key], []).append(arn)

    statements = _read_statements(sorted(arns.values()), None)
    for kms_key, secret_arns in sorted(secrets_of_key.items()):
        _, decrypt = _read_statements(sorted(secret_arns), kms_key)
        # Full ARNs, where the template allows for patterns.
        decrypt["Condition"]["StringEquals"] |= decrypt["Condition"].pop("StringLike")
        statements.append(use_key(decrypt, kms_key))

    return document(statements)


def _read_statements(secret_arns: list[str], kms_key: str | None) -> list[Statement]:
    """Return the statements of the shipped template; a key adds the one about decrypting."""
    values: dict[str, Any] = {
        "secret_arns": secret_arns,
        "kms_key_arns": kms_key,
        "region": None,
        "dns_suffix": None,
    }
    if kms_key is not None:
        home = Arn.parse(kms_key).home
        values |= {"region": home.region, "dns_suffix": home.dns_suffix}

    statements = templates.fill(templates.shipped(TEMPLATE_OF["read"]), values)
    for statement in statements:
        del statement["Sid"]  # optional, and it would have to differ from key to key

    return statements


def _value_from(reference: SecretMapReference, variable: str, name: str) -> pulumi.Output[str]:
    key, dot, json_key = name.partition(".")  # a map's keys do not contain dots
    if not dot:
        return reference.secret_arn(key)

    if not json_key or ":" in json_key:
        msg = (
            f"`{variable}`: expected `<key>` or `<key>.<JSON key>`; `:` is not allowed (ECS uses "
            "it as a separator)"
        )
        raise pulumi.RunError(msg)

    return reference.secret_arn(key).apply(lambda arn: f"{arn}:{json_key}::")


def _of_instance(stack: str, output: str, instance: str | None, found: object) -> Mapping[str, Any]:
    """Return a map's part of an output; with several maps it is keyed by instance first."""
    if not isinstance(found, Mapping):
        msg = (
            f"stack `{stack}` has no output `{output}`; it does not deploy a secret map, or is not "
            "deployed yet"
        )
        raise pulumi.RunError(msg)

    parts = {name: part for name, part in found.items() if isinstance(part, Mapping)}
    if instance is None and not parts:
        return found

    if instance is None:
        names = _in_backticks(parts)
        msg = f"stack `{stack}` contains several maps; select one with `instance=`: {names}"
        raise pulumi.RunError(msg)

    if found and not parts:
        msg = f"stack `{stack}` contains a single map; omit `instance={instance!r}`"
        raise pulumi.RunError(msg)

    if instance not in parts:
        hint = did_you_mean(instance, parts)
        msg = f"stack `{stack}` has no map `{instance}`; it has {_in_backticks(parts)}{hint}"
        raise pulumi.RunError(msg)

    return parts[instance]


def _entry(stack: str, output: str, key: str, found: Mapping[str, Any]) -> Any:  # noqa: ANN401 # what the stack exports
    if key in found:
        return found[key]

    if output == "generated_passwords" and not found:
        # The engine: "eliding undecryptable secrets for stack reference"; what is left is empty.
        msg = (
            f"stack `{stack}` has no generated password, or this run cannot decrypt it; provide "
            "the passphrase or key of that stack, or pass on `secret_arn` and read the value at "
            "run time"
        )
        raise pulumi.RunError(msg)

    raise no_such_key(f"`{output}` of stack `{stack}`", key, found)


def no_such_key(name: str, key: str, known: Collection[str]) -> pulumi.RunError:
    """Return the error about a key that an output lacks, with the keys that it has."""
    hint = did_you_mean(key, known)
    return pulumi.RunError(f"{name} has no `{key}`; it has {_in_backticks(known)}{hint}")


def _in_backticks(names: Iterable[str]) -> str:
    quoted = [f"`{name}`" for name in sorted(names)]
    if not quoted:
        return "none"

    return ", ".join(quoted)
