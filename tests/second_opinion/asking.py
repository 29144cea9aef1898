"""Asks an AWS API the probes."""

from __future__ import annotations

import io
import json
import re
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from sandbox.environment import REGION
from tests.second_opinion import Step
from tests.second_opinion.answers import Symbols, recorded

ACCOUNT = "123456789012"
_DOCUMENTS = (
    "AssumeRolePolicyDocument",
    "AttributeValue",
    "EventPattern",
    "Policy",
    "PolicyDocument",
    "ResourcePolicy",
)
_REPEATED = re.compile(r"<(\d+) times a>")
_EARLIER = re.compile(r"<(\d+)\.([A-Za-z.]+)>")


class Asker:
    """An AWS API, and the clients that ask it; none of boto3's own checks come before AWS's."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._session = boto3.Session("sandbox", "sandbox", region_name=REGION)
        self._config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
        self._clients: dict[tuple[str, str], Any] = {}

    def ask(self, steps: Sequence[Step]) -> list[dict[str, Any]]:
        """Return the answers to a probe, as they are recorded."""
        name = f"probe-{uuid.uuid4().hex[:12]}"
        given = {"<name>": name, "<token>": str(uuid.uuid4()), "<account>": ACCOUNT}
        symbols = Symbols({value: key for key, value in given.items()})
        raw: list[Mapping[str, Any]] = []
        shown = []
        for number, step in enumerate(steps, 1):
            answer = self._call(step, filled(step.arguments, given, raw))
            raw.append(answer)
            shown.append(recorded(answer, step, number, symbols))

        return shown

    def _call(self, step: Step, arguments: Mapping[str, Any]) -> dict[str, Any]:
        operation = getattr(self._client(step.service, step.region or REGION), step.operation)
        try:
            answer = dict(operation(**arguments))
        except ClientError as refused:
            answer = {"Error": refused.response["Error"]}
        except ResponseParserError:  # a page of HTML: the emulator itself failed
            answer = {"Error": {"Code": "InternalFailure"}}

        answer.pop("ResponseMetadata", None)
        return answer

    def _client(self, service: str, region: str) -> Any:
        if (service, region) not in self._clients:
            self._clients[service, region] = self._session.client(
                service, region_name=region, endpoint_url=self._endpoint, config=self._config
            )

        return self._clients[service, region]


def filled(value: Any, given: Mapping[str, str], earlier: Sequence[Mapping[str, Any]]) -> Any:
    """Return an argument with what its placeholders stand for."""
    match value:
        case "<zip>":
            return _function()
        case str():
            return _text(value, given, earlier)
        case dict():
            return {key: _argument(key, item, given, earlier) for key, item in value.items()}
        case list():
            return [filled(item, given, earlier) for item in value]
    return value


def _argument(
    name: str, value: Any, given: Mapping[str, str], earlier: Sequence[Mapping[str, Any]]
) -> Any:
    argument = filled(value, given, earlier)
    if name in _DOCUMENTS and isinstance(argument, dict):
        return json.dumps(argument)

    return argument


def _text(value: str, given: Mapping[str, str], earlier: Sequence[Mapping[str, Any]]) -> str:
    for placeholder, meant in given.items():
        value = value.replace(placeholder, meant)

    value = _REPEATED.sub(lambda found: "a" * int(found[1]), value)
    return _EARLIER.sub(lambda found: _field(earlier[int(found[1]) - 1], found[2]), value)


def _field(answer: Any, path: str) -> str:
    """Return a field of an earlier answer; a text that names nothing where the call failed."""
    for key in path.split("."):
        if not isinstance(answer, dict) or key not in answer:
            return "missing"

        answer = answer[key]

    return str(answer)


def _function() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        target.writestr(zipfile.ZipInfo("index.py"), "def handler(event, context):\n    pass\n")

    return packed.getvalue()
