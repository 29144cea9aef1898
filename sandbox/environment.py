"""The sandbox's folder and the environment of every process in it.

The user's Pulumi login and AWS account cannot reach into it: their variables are left out, and the
sandbox has its own credentials and passphrase.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

REGION = "eu-central-1"
PROVIDERS = ("aws", "random", "tls")
_PROJECT = Path(__file__).parent.parent
_LOOPBACK = "127.0.0.1,localhost"
_FOREIGN = ("AWS_", "PULUMI_")
# A backend of files writes each state's attributes beside it, in place (gocloud.dev, `fileblob`): a
# run that is killed then, or one that reads meanwhile, ends in "failed to load checkpoint: EOF".
_NO_ATTRIBUTES = "?metadata=skip"
_WRAPPER = "#!/bin/sh\nexec '{python}' -m sandbox.providers.{name} \"$@\"\n"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox whose AWS API is running.

    Attributes:
        home: the folder that holds all of it, `.sandbox` by default.
        endpoint: the AWS API's address on the loopback interface.
        pulumi: the Pulumi CLI.
    """

    home: Path
    endpoint: str
    pulumi: Path

    def environment(self, passphrase: str | None = None) -> dict[str, str]:
        """Return the whole environment of a `pulumi`, an AWS CLI or a program in the sandbox.

        Args:
            passphrase: the key to a stack's secrets; default: the sandbox's own.
        """
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        paths = [str(self.pulumi.parent), str(Path(sys.executable).parent), kept.get("PATH", "")]
        no_proxy = kept.get("NO_PROXY") or kept.get("no_proxy")
        direct = ",".join(filter(None, [no_proxy, _LOOPBACK]))
        python_path = filter(None, [str(_PROJECT), kept.get("PYTHONPATH")])
        return {
            **kept,
            "NO_PROXY": direct,  # boto3 and gRPC would use a proxy even for this machine
            "no_proxy": direct,
            "PATH": os.pathsep.join(paths),
            "PYTHONPATH": os.pathsep.join(python_path),
            "SANDBOX_PYTHON": sys.executable,
            "PULUMI_HOME": str(self.home / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{self.home / 'state'}{_NO_ATTRIBUTES}",
            "PULUMI_CONFIG_PASSPHRASE": passphrase or self._made_once("passphrase"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": str(not _wants_official()).lower(),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": self._made_once("credentials"),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def prepare(self) -> None:
        """Create the folders, and install the loopback providers where the engine finds plugins.

        They are installed under the versions that the SDKs require; found on PATH, the engine would
        warn in every run. With `PROVIDER=official` the engine downloads the official ones instead,
        which find the API by `AWS_ENDPOINT_URL`.
        """
        (self.home / "state").mkdir(parents=True, exist_ok=True)
        for name in PROVIDERS:
            folder = f"resource-{name}-v{version(f'pulumi-{name}')}"
            wrapper = self.home / "pulumi" / "plugins" / folder / f"pulumi-resource-{name}"
            if wrapper.exists() and _is_ours(wrapper) == _wants_official():
                shutil.rmtree(wrapper.parent)

            if _wants_official():
                continue

            wrapper.parent.mkdir(parents=True, exist_ok=True)
            wrapper.write_text(_WRAPPER.format(python=sys.executable, name=name), "utf-8")
            wrapper.chmod(0o755)

    def has_stack(self, project: str, stack: str) -> bool:
        """Return whether a stack exists in the file backend."""
        return self._stack_file(project, stack).is_file()

    def outputs(self, project: str, stack: str) -> dict[str, Any]:
        """Return the outputs of a stack's last run, the encrypted ones as ciphertexts.

        A stack that does not exist, or that no run has finished, has none.
        """
        if not self.has_stack(project, stack):
            return {}

        state = json.loads(self._stack_file(project, stack).read_text("utf-8"))
        for resource in (state["checkpoint"].get("latest") or {}).get("resources") or []:
            if resource["type"] == "pulumi:pulumi:Stack":
                return dict(resource.get("outputs") or {})

        return {}

    def _stack_file(self, project: str, stack: str) -> Path:
        return self.home / "state" / ".pulumi" / "stacks" / project / f"{stack}.json"

    def _made_once(self, name: str) -> str:
        path = self.home / name
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(16), "utf-8")

        return path.read_text("utf-8")


def _wants_official() -> bool:
    return os.environ.get("PROVIDER") == "official"


def _is_ours(plugin: Path) -> bool:
    """Return whether a plugin is our wrapper; an official one is a large binary."""
    return plugin.is_file() and b"sandbox.providers" in plugin.read_bytes()[:200]
