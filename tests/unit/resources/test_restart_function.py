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

    def client(self, _: str) -> "Clients":
        return self

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
            "Description": "restarted: its secret rotated at 2026-01-01T00:00:00Z",
        }
    ]


def test_failure_is_raised_after_every_target_was_tried(clients: Clients) -> None:
    clients.broken = {READER, f"{READER}2"}
    targets = {"lambda": READER}, {"lambda": f"{READER}2"}, {"ecs_service": SERVICE}
    with pytest.raises(restart_function.RestartError) as failed:
        restart_function.handler(event(*targets), None)
    assert [one.split(": ")[0] for one in str(failed.value).split("; ")] == [READER, f"{READER}2"]
    assert clients.calls == [{"cluster": "main", "service": "orders", "forceNewDeployment": True}]
