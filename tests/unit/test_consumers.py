"""SecretMapReference and its two lists under Pulumi's mocks."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from secrets_component import SecretMapReference, ecs_secrets, lambda_environment, read_policy

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:myapp/dev/"
ONE = {
    "secret_arns": {"db": f"{ARN}db-AbCdEf", "api_key": f"{ARN}api-key-AbCdEf"},
    "secret_names": {"db": "myapp/dev/db", "api_key": "myapp/dev/api-key"},
    "secret_version_ids": {"db": "v1"},
    "kms_key_arns": {"db": "arn:aws:kms:eu-central-1:123456789012:key/k"},
    "policy_arns": {"read": "arn:aws:iam::123456789012:policy/read"},
    "generated_passwords": {"db": "Zq7-password", "db.token": "Zq7-token"},
    "public_keys": {"db.key": "ssh-ed25519 AAAA"},
}
SEVERAL = {output: {"web": value, "jobs": {}} for output, value in ONE.items()}
HIDDEN = {**ONE, "generated_passwords": {}}  # what the engine leaves of it without the key


class Engine(mocks.Mocks):
    """Answers stack references, as an engine that knows one stack."""

    def __init__(self, outputs: dict[str, Any]) -> None:
        self.outputs = outputs

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        assert args.typ == "pulumi:pulumi:StackReference"
        secret = [name for name in self.outputs if name == "generated_passwords"]
        return args.name, {**args.inputs, "outputs": self.outputs, "secretOutputNames": secret}

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(args.token)


def resolved(
    outputs: dict[str, Any],
    ask: Callable[[SecretMapReference], Any],
    instance: str | None = None,
) -> tuple[Any, bool]:
    """What a consumer gets from a stack with these outputs, and whether it is secret."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(Engine(outputs), project="consumer", stack="dev")
    got: list[Any] = []

    @pulumi.runtime.test
    def run() -> pulumi.Output[None]:
        output = pulumi.Output.from_input(ask(SecretMapReference("org/secrets/dev", instance)))

        async def note() -> None:
            got.extend([await output.future(), await output.is_secret()])

        return pulumi.Output.from_input(note())

    run()
    return got[0], got[1]


def refusal(
    outputs: dict[str, Any], ask: Callable[[SecretMapReference], Any], instance: str | None = None
) -> str:
    with pytest.raises(pulumi.RunError) as refused:
        resolved(outputs, ask, instance)
    return str(refused.value)


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda secrets: secrets.secret_arn("api_key"), f"{ARN}api-key-AbCdEf"),
        (lambda secrets: secrets.secret_name("db"), "myapp/dev/db"),
        (lambda secrets: secrets.secret_version_id("db"), "v1"),
        (lambda secrets: secrets.kms_key_arn("db"), ONE["kms_key_arns"]["db"]),
        (lambda secrets: secrets.public_key("db.key"), ONE["public_keys"]["db.key"]),
        (lambda secrets: secrets.policy_arn("read"), ONE["policy_arns"]["read"]),
        (lambda secrets: secrets.secret_arns, ONE["secret_arns"]),
        (lambda secrets: secrets.kms_key_arns, ONE["kms_key_arns"]),
    ],
)
def test_every_output_of_one_map_and_of_one_of_several_is_read_in_plain_text(
    ask: Callable[[SecretMapReference], Any], expected: object
) -> None:
    assert resolved(ONE, ask) == (expected, False)
    assert resolved(SEVERAL, ask, "web") == (expected, False)


def test_generated_password_is_secret() -> None:
    assert resolved(ONE, lambda secrets: secrets.generated_password("db.token")) == (
        "Zq7-token",
        True,
    )


def test_missing_key_names_the_keys_that_exist() -> None:
    assert refusal(ONE, lambda secrets: secrets.secret_arn("api_kye")) == (
        "`secret_arns` of stack `org/secrets/dev` has no `api_kye`; it has `api_key`, `db`; "
        "did you mean `api_key`?"
    )
    assert refusal({"secret_arns": {}}, lambda secrets: secrets.secret_arn("a")).endswith(
        "has no `a`; it has none"
    )


def test_missing_password_shows_no_other() -> None:
    message = refusal(ONE, lambda secrets: secrets.generated_password("dbx"))
    assert "it has `db`, `db.token`; did you mean `db`?" in message
    assert "Zq7" not in message


def test_stack_that_deploys_no_map_is_refused() -> None:
    assert refusal({"vpc_id": "vpc-1"}, lambda secrets: secrets.secret_arn("db")) == (
        "stack `org/secrets/dev` has no output `secret_arns`; it does not deploy a secret map, or "
        "is not deployed yet"
    )


def test_password_that_cannot_be_decrypted_says_what_to_do() -> None:
    message = refusal(HIDDEN, lambda secrets: secrets.generated_password("db"))
    assert "or this run cannot decrypt it; provide the passphrase" in message
    assert "pass on `secret_arn`" in message


@pytest.mark.parametrize(
    ("outputs", "instance", "message"),
    [
        (SEVERAL, None, "stack `org/secrets/dev` contains several maps; select one with `instance=`: `jobs`, `web`"),
        (SEVERAL, "wbe", "stack `org/secrets/dev` has no map `wbe`; it has `jobs`, `web`; did you mean `web`?"),
        (ONE, "web", "stack `org/secrets/dev` contains a single map; omit `instance='web'`"),
    ],
)  # fmt: skip
def test_wrong_instance_is_refused(
    outputs: dict[str, Any], instance: str | None, message: str
) -> None:
    assert refusal(outputs, lambda secrets: secrets.secret_arn("db"), instance) == message


def test_ecs_secrets_are_arns_of_whole_values_or_of_json_keys() -> None:
    names = {"API_KEY": "api_key", "DB_PASSWORD": "db.password", "DEEP": "db.a.b"}
    assert resolved(ONE, lambda secrets: ecs_secrets(secrets, names)) == (
        [
            {"name": "API_KEY", "valueFrom": f"{ARN}api-key-AbCdEf"},
            {"name": "DB_PASSWORD", "valueFrom": f"{ARN}db-AbCdEf:password::"},
            {"name": "DEEP", "valueFrom": f"{ARN}db-AbCdEf:a.b::"},
        ],
        False,
    )


@pytest.mark.parametrize("name", ["db.", "db.a:b"])
def test_ecs_json_key_that_ecs_would_misread_is_refused(name: str) -> None:
    message = refusal(ONE, lambda secrets: ecs_secrets(secrets, {"X": name}))
    assert message.startswith("`X`: expected `<key>` or `<key>.<JSON key>`; `:` is not allowed")


def test_lambda_environment_holds_arns() -> None:
    names = {"API_KEY_SECRET_ARN": "api_key"}
    assert resolved(ONE, lambda secrets: lambda_environment(secrets, names)) == (
        {"API_KEY_SECRET_ARN": f"{ARN}api-key-AbCdEf"},
        False,
    )


def test_lambda_environment_never_holds_a_part_of_a_value() -> None:
    message = refusal(ONE, lambda secrets: lambda_environment(secrets, {"PASSWORD": "db.password"}))
    assert message.startswith(
        "`PASSWORD`: an environment variable holds the ARN of a whole secret; write `db`"
    )


def test_read_policy_names_these_secrets_and_their_own_keys() -> None:
    document, _ = resolved(ONE, lambda secrets: read_policy(secrets, ["db", "api_key"]))
    read, decrypt = json.loads(document)["Statement"]
    assert read["Resource"] == [f"{ARN}api-key-AbCdEf", f"{ARN}db-AbCdEf"]
    assert read["Action"] == ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    assert decrypt == {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": ONE["kms_key_arns"]["db"],
        "Condition": {
            "StringEquals": {
                "kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com",
                "kms:EncryptionContext:SecretARN": [f"{ARN}db-AbCdEf"],
            }
        },
    }


def test_read_policy_asks_for_no_key_where_aws_manages_it() -> None:
    document, _ = resolved(ONE, lambda secrets: read_policy(secrets, ["api_key"]))
    assert [one["Action"] for one in json.loads(document)["Statement"]] == [
        ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    ]


def test_read_policy_allows_a_key_known_by_its_alias() -> None:
    keys = {"db": "arn:aws:kms:eu-central-1:123456789012:alias/team/key"}
    document, _ = resolved(
        {**ONE, "kms_key_arns": keys}, lambda secrets: read_policy(secrets, ["db"])
    )
    decrypt = json.loads(document)["Statement"][1]
    assert decrypt["Resource"] == "arn:aws:kms:eu-central-1:123456789012:key/*"
    assert decrypt["Condition"]["ForAnyValue:StringEquals"] == {
        "kms:ResourceAliases": "alias/team/key"
    }


def test_read_policy_allows_each_key_for_its_own_secrets_only() -> None:
    keys = [f"arn:aws:kms:eu-central-1:123456789012:key/{name}" for name in ("first", "second")]
    outputs = {
        "secret_arns": {name: f"{ARN}{name}-AbCdEf" for name in ("a", "b", "c", "d")},
        "kms_key_arns": {"a": keys[1], "b": keys[0], "c": keys[1]},
    }
    document, _ = resolved(outputs, lambda secrets: read_policy(secrets, ["c", "d", "b", "a"]))
    _, *decrypting = json.loads(document)["Statement"]
    allowed = {}
    for statement in decrypting:
        condition = statement["Condition"]["StringEquals"]
        allowed[statement["Resource"]] = condition["kms:EncryptionContext:SecretARN"]
    assert allowed == {
        keys[0]: [f"{ARN}b-AbCdEf"],
        keys[1]: [f"{ARN}a-AbCdEf", f"{ARN}c-AbCdEf"],
    }


def test_initial_password_is_secret_and_returned_even_if_it_may_be_replaced() -> None:
    outputs = {**ONE, "initial_passwords": ["db.token"]}
    password = resolved(outputs, lambda secrets: secrets.initial_password("db.token"))
    assert password == ("Zq7-token", True)


@pytest.mark.parametrize("instance", [None, "web"])
def test_password_that_may_have_been_replaced_is_refused_without_showing_it(
    instance: str | None,
) -> None:
    initial: Any = ["db.token"] if instance is None else {"web": ["db.token"]}
    outputs = {**(ONE if instance is None else SEVERAL), "initial_passwords": initial}
    message = refusal(outputs, lambda secrets: secrets.generated_password("db.token"), instance)
    assert message == (
        "`db.token`: the generated password is the first value only, and may have been replaced "
        'since; read the secret by its ARN (`secret_arn("db")`), or use '
        '`initial_password("db.token")` to create something with it once'
    )
