"""SecretMap itself: what it accepts, and that it creates all or nothing."""

from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from secrets_component import SecretMap, SecretMapArgs
from tests.unit.mocks import Cloud, run_in_program


def test_map_as_plain_data_is_accepted_and_an_output_is_not() -> None:
    cloud = Cloud({}, ())
    mocks.set_mocks(cloud, project="secrets", stack="dev")

    @pulumi.runtime.test
    def run() -> None:
        SecretMap("m", SecretMapArgs(secret_map={"context_name": "x", "secrets": {"a": {}}}))
        with pytest.raises(pulumi.RunError, match="never an Output"):
            SecretMap("n", SecretMapArgs(secret_map=pulumi.Output.from_input({})))

    run()
    assert cloud.made["Secret", "m.a"]["name"] == "x/dev/a"


@pytest.mark.parametrize(
    "secret_map",
    [
        {"context_name": "x", "secrets": {"a": {}, "b": {"nmae": "n"}}},
        {"context_name": "x", "secrets": {"a": {}, "b": {"secret_data": "${env.NOT_THERE}"}}},
    ],
    ids=["wrong map", "missing value"],
)
def test_nothing_is_created_where_anything_is_wrong(
    monkeypatch: pytest.MonkeyPatch, secret_map: dict[str, Any]
) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    cloud = Cloud({}, ())
    with pytest.raises(pulumi.RunError, match=r"^secret_map\.secrets\.b\.\w+: error: "):
        run_in_program(lambda _: SecretMap("m", SecretMapArgs(secret_map=secret_map)), cloud)
    assert {kind for kind, _ in cloud.made} <= {"SecretMap", "Parent"}


def test_environment_is_that_of_the_arguments_before_the_stacks() -> None:
    cloud = Cloud({}, ())
    secret_map = {"context_name": "x", "secrets": {"a": {}}}
    arguments = SecretMapArgs(secret_map=secret_map, environment="prod")
    run_in_program(lambda _: SecretMap("m", arguments), cloud)
    assert cloud.made["Secret", "m.a"]["name"] == "x/prod/a"


def test_all_outputs_are_exported_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    exported: dict[str, object] = {}
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    secret_map = {"context_name": "x", "secrets": {"a": {}}}

    def program(_: pulumi.Resource) -> SecretMap:
        made = SecretMap("m", SecretMapArgs(secret_map=secret_map))
        made.export()
        return made

    made = run_in_program(program)
    assert tuple(exported) == SecretMap.OUTPUTS
    assert exported["secret_arns"] is made.secret_arns


MAP = {
    "context_name": "x",
    "name": "shop",
    "secrets": {"database_url": {}, "db": {"generate_random_password": True}},
}
NO_SUCH_KEY = {
    "secret_arns": "`database_url`, `db`; did you mean `database_url`?",
    "secret_names": "`database_url`, `db`; did you mean `database_url`?",
    "secret_version_ids": "`db`",
    "generated_passwords": "`db`",
    "public_keys": "none",
    "kms_key_arns": "none",
    "policy_arns": "`admin`, `read`",
}


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize("output", NO_SUCH_KEY)
def test_mistyped_key_names_the_keys_there_are(output: str, preview: bool) -> None:
    def program(_: pulumi.Resource) -> None:
        made = SecretMap("m", SecretMapArgs(secret_map=MAP))
        with pytest.raises(pulumi.RunError) as refused:
            getattr(made, output)["databse_url"]
        assert str(refused.value) == (
            f"`{output}` of the map `shop` has no `databse_url`; it has {NO_SUCH_KEY[output]}"
        )

    run_in_program(program, preview=preview)


def test_value_under_a_key_keeps_its_secrecy_and_its_resource() -> None:
    found: list[Any] = []
    waiting: list[pulumi.Output[None]] = []

    def program(_: pulumi.Resource) -> None:
        made = SecretMap("m", SecretMapArgs(secret_map=MAP))
        outputs = made.secret_arns["db"], made.generated_passwords["db"]

        async def note() -> None:
            for output in outputs:
                found.append((await output.future(), await output.is_secret()))
                assert len(await output.resources()) > 0

        waiting.append(pulumi.Output.from_input(note()))

    run_in_program(program)
    (arn, arn_is_secret), (password, password_is_secret) = found
    assert arn.endswith(":secret:x/dev/db-AbCdEf")
    assert not arn_is_secret
    assert (password, password_is_secret) == ("generated-m.db", True)
