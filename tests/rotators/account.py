"""Secrets in the sandbox's Secrets Manager, rotated as AWS would."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
Handler = Callable[[Mapping[str, str], object], None]


class Secret:
    """One secret with rotation on."""

    def __init__(self, client: Any, arn: str) -> None:
        self.client, self.arn = client, arn

    def begin(self) -> str:
        """Begin a rotation; an unfinished one is attempted again, with its own token."""
        try:
            return str(self.client.rotate_secret(SecretId=self.arn)["VersionId"])
        except self.client.exceptions.InvalidRequestException:
            return next(v for v, labels in self.labels().items() if "AWSPENDING" in labels)

    def step(self, handler: Handler, step: str, token: str) -> None:
        handler({"Step": step, "SecretId": self.arn, "ClientRequestToken": token}, None)

    def rotate(self, handler: Handler) -> str:
        token = self.begin()
        for step in STEPS:
            self.step(handler, step, token)
        return token

    def labels(self) -> dict[str, list[str]]:
        return dict(self.client.describe_secret(SecretId=self.arn)["VersionIdsToStages"])

    def read(self, **which: str) -> str:
        return str(self.client.get_secret_value(SecretId=self.arn, **which)["SecretString"])

    def fields(self, **which: str) -> dict[str, Any]:
        return dict(json.loads(self.read(**which)))

    def all_fields(self) -> dict[str, dict[str, Any]]:
        """The value of each version that has one, by id."""
        found = {}
        for version in self.labels():
            try:
                found[version] = self.fields(VersionId=version)
            except self.client.exceptions.ResourceNotFoundException:
                continue  # begun, and not filled yet
        return found

    def put(self, **changes: Any) -> None:
        """Write some fields as an operator does."""
        self.write(json.dumps({**self.fields(), **changes}))

    def write(self, value: str) -> None:
        """Write a value as an operator does."""
        self.client.put_secret_value(SecretId=self.arn, SecretString=value)

    def move(self, label: str, version: str) -> None:
        """Put a label on a version, from wherever it is."""
        holder = next((v for v, labels in self.labels().items() if label in labels), None)
        source = {"RemoveFromVersionId": holder} if holder else {}
        self.client.update_secret_version_stage(
            SecretId=self.arn, VersionStage=label, MoveToVersionId=version, **source
        )

    def give_up(self) -> None:
        """Remove AWSPENDING, as AWS advises for a rotation that is stuck."""
        for version, labels in self.labels().items():
            if "AWSPENDING" in labels and "AWSCURRENT" not in labels:
                self.client.update_secret_version_stage(
                    SecretId=self.arn, VersionStage="AWSPENDING", RemoveFromVersionId=version
                )
