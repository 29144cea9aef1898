"""What the rules of one run look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from verify import maps, polling
from verify.account import Account
from verify.api_calls import Measurement
from verify.deployment import Deployment, UpResult
from verify.names import Names
from verify.polling import Reads
from verify.surroundings import Surroundings


@dataclass
class Scene:
    """A run so far.

    Attributes:
        surroundings: what exists besides the map.
        current: the map that was deployed last.
        replica_region: a second region, where the rule about replicas is wanted.
        result: what the last `pulumi up` did.
        reads: what a reader saw during the rename.
        operator_password: the password that an operator has written last.
        versions: ids of the versions of the secret with `rotated_fields`, before a refresh.
        measurement: the calls of the run without changes.
    """

    account: Account
    names: Names
    deployment: Deployment
    surroundings: Surroundings
    replica_region: str | None = None
    current: maps.Map = field(default_factory=dict)
    result: UpResult = field(default_factory=lambda: UpResult(None, ()))
    reads: Reads = field(default_factory=Reads)
    operator_password: str = ""
    versions: frozenset[str] = frozenset()
    measurement: Measurement = field(default_factory=lambda: Measurement(""))

    @property
    def secrets(self) -> Any:  # noqa: ANN401 # boto3 makes its clients at run time
        """The client of Secrets Manager."""
        return self.account.client("secretsmanager")

    def describe(self, name: str) -> dict[str, Any]:
        """Describe a secret of the run."""
        return dict(self.secrets.describe_secret(SecretId=self.names.secret(name)))

    def value(self, name: str) -> str:
        """Read the current value of a secret of the run; it must not be shown."""
        found = self.secrets.get_secret_value(SecretId=self.names.secret(name))
        return str(found["SecretString"])

    def stages(self, name: str) -> dict[str, list[str]]:
        """Return the labels of a secret's versions by their ids."""
        return dict(self.describe(name).get("VersionIdsToStages") or {})

    def current_version(self, name: str) -> str | None:
        """Return the id of the version that AWSCURRENT is on."""
        for version, labels in self.stages(name).items():
            if "AWSCURRENT" in labels:
                return version

        return None

    def description_of(self, function: str) -> str:
        """Return the description of a function, which a restart changes."""
        found = self.account.client("lambda").get_function_configuration(FunctionName=function)
        return str(found.get("Description") or "")

    @contextmanager
    def watched_rename(self) -> Iterator[None]:
        """Read the secret under both names until the block ends."""
        old, new = self.names.secret(maps.BEFORE), self.names.secret(maps.AFTER)
        with polling.reading(self.account, old, new) as reads:
            yield

        self.reads = reads
