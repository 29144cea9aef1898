"""The AWS API that the provider works on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.providers.protocol import Properties, ProviderError

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_GONE = ("ResourceNotFoundException", "NotFoundException", "NoSuchEntity", "DBInstanceNotFound")


class Cloud:
    """The AWS API that the provider works on, one client per service."""

    def __init__(self, settings: Properties) -> None:
        """Connect to the endpoint of the environment or of the provider's settings.

        Raises:
            ProviderError: no endpoint is set, or one that is not on this machine.
        """
        endpoints = json.loads(settings.get("endpoints") or "[]")
        given = next((url for block in endpoints for url in block.values()), None)
        self.endpoint = given or os.environ.get("AWS_ENDPOINT_URL") or ""
        if urlsplit(self.endpoint).hostname not in _LOOPBACK:
            msg = (
                "this is the sandbox's provider: it works on a loopback address only; "
                "set AWS_ENDPOINT_URL with `eval $(.venv/bin/python -m sandbox env)`"
            )
            raise ProviderError(msg)
        self.region = settings.get("region") or os.environ.get("AWS_REGION") or "us-east-1"
        self._session = boto3.Session(region_name=self.region)
        self._clients: dict[str, Any] = {}
        self._settings = settings
        self._elsewhere: dict[str, Cloud] = {}

    def at(self, properties: Properties) -> Cloud:
        """Give the API in the region that a resource names (`region`), by default in this one."""
        region = properties.get("region") or self.region
        if region == self.region:
            return self
        if region not in self._elsewhere:
            self._elsewhere[region] = Cloud({**self._settings, "region": region})
        return self._elsewhere[region]

    def client(self, service: str) -> Any:  # noqa: ANN401 # boto3 makes its clients' classes at run time
        """Give the client of a service."""
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service,
                endpoint_url=self.endpoint,  # before any other that the user's shell may set
                config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32),
            )
        return self._clients[service]

    def call(self, service: str, operation: str, /, **arguments: Any) -> Any:  # noqa: ANN401 # AWS's answer
        """Call AWS, leaving out what is None; AWS's refusal becomes a ProviderError."""
        given = {key: value for key, value in arguments.items() if value is not None}
        try:
            return getattr(self.client(service), operation)(**given)
        except ClientError as error:
            raise ProviderError(str(error)) from None

    def find(self, service: str, operation: str, /, **arguments: Any) -> Any:  # noqa: ANN401 # AWS's answer
        """Call AWS; None where the thing is not there."""
        try:
            return getattr(self.client(service), operation)(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise ProviderError(str(error)) from None


def tags(properties: Properties) -> list[dict[str, str]]:
    """Write a resource's tags as AWS takes them."""
    return [{"Key": key, "Value": value} for key, value in (properties.get("tags") or {}).items()]


def untagged(found: list[Mapping[str, str]] | None) -> dict[str, str] | None:
    """Read tags as AWS gives them."""
    return {tag["Key"]: tag["Value"] for tag in found or []} or None


def same_or(written: str | None, found: Any) -> str:  # noqa: ANN401 # a text, or what moto parsed
    """Keep the JSON text that was written, where what is found means the same."""
    document = json.loads(found) if isinstance(found, str) else found
    if written is not None and json.loads(written) == document:
        return written
    return json.dumps(document)
