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
