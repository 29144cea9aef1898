"""The function that restarts consumers, with AWS's clients replaced."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from secrets_component.resources import restart_function

SERVICE = "arn:aws:ecs:eu-central-1:123456789012:service/main/orders"
READER = "arn:aws:lambda:eu-central-1:123456789012:function:reader"


class Clients:
    """Remembers each call, and refuses what concerns the ARNs in `broken`."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.broken: set[str] = set()
        self.versions = {"v1": ["AWSPREVIOUS"], "v2": ["AWSCURRENT"]}

    def client(self, _: str) -> "Clients":
        return self

    def describe_secret(self, SecretId: str) -> dict[str, Any]:  # noqa: N803 # boto3's name
        if SecretId in self.broken:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeSecret")
        return {"VersionIdsToStages": self.versions} if self.versions else {}

    def update_service(self, **call: Any) -> None:
        self.calls.append(call)

    def update_function_configuration(self, **call: Any) -> None:
        if call["FunctionName"] in self.broken:
            raise ClientError({"Error": {"Code": "ResourceNotFound"}}, "Update")
        self.calls.append(call)


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Clients:
    replaced = Clients()
    monkeypatch.setattr(restart_function, "boto3", replaced)
    return replaced


def event(*restart: dict[str, str]) -> dict[str, Any]:
    return {"secret": "arn", "time": "2026-01-01T00:00:00Z", "restart": list(restart)}


def test_service_is_deployed_again_on_its_cluster(clients: Clients) -> None:
    restart_function.handler(event({"ecs_service": SERVICE}), None)
    assert clients.calls == [{"cluster": "main", "service": "orders", "forceNewDeployment": True}]


def test_function_is_restarted_by_its_description_alone(clients: Clients) -> None:
    restart_function.handler(event({"lambda": READER}), None)
    assert clients.calls == [
        {
            "FunctionName": READER,
            "Description": "restarted: new value of its secret at 2026-01-01T00:00:00Z",
        }
    ]


@pytest.mark.parametrize("versions", [{"v1": ["AWSCURRENT", "ours"]}, {}])
def test_first_value_of_a_secret_restarts_nothing(
    clients: Clients, versions: dict[str, list[str]]
) -> None:
    clients.versions = versions
    restart_function.handler(event({"ecs_service": SERVICE}, {"lambda": READER}), None)
    assert clients.calls == []


def test_restart_is_made_where_aws_does_not_say_whether_the_value_is_the_first(
    clients: Clients, caplog: pytest.LogCaptureFixture
) -> None:
    clients.broken = {"arn"}
    restart_function.handler(event({"lambda": READER}), None)
    assert len(clients.calls) == 1
    assert "restarting without knowing whether the value is the first" in caplog.text


def test_failure_is_raised_after_every_target_was_tried(clients: Clients) -> None:
    clients.broken = {READER, f"{READER}2"}
    targets = {"lambda": READER}, {"lambda": f"{READER}2"}, {"ecs_service": SERVICE}
    with pytest.raises(restart_function.RestartError) as failed:
        restart_function.handler(event(*targets), None)
    assert [one.split(": ")[0] for one in str(failed.value).split("; ")] == [READER, f"{READER}2"]
    assert clients.calls == [{"cluster": "main", "service": "orders", "forceNewDeployment": True}]
