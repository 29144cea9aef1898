"""Every resource and output of the committed maps, as JSON files that are reviewed as a diff.

`python -m tests.snapshots` writes them. The program `__main__.py` runs under Pulumi's mocks; what
it registers is written down by type and logical name. No secret value is written: each value that
Pulumi would encrypt is replaced by a marker, and so is each value of a secret's version.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack

from tests.unit.mocks import ACCOUNT, FUNCTION, REGION, SECRET_SIGNATURE, Cloud, plain

ROOT = Path(__file__).parent.parent.parent
FOLDER = Path(__file__).parent
COMMAND = "python -m tests.snapshots"

SECRET = "<secret>"
_GENERATED = "\ue000"  # a private character, which no map may hold by accident
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_FILES = {
    "c44067f5952c0a294b673a41bacd8c17": "<file>",
    "0def7320c3a5731c473e5ecbe6d01bc7": "<archive>",
}
"""What the engine's protocol marks a file and an archive with; paths and hashes are left out."""
_VALUES = ("secretString", "secretBinary", "secretStringWo")
"""The inputs of a secret's version that hold its value, marked as secret or not."""
_OPTIONS = ("aliases", "deleteBeforeReplace", "importId", "protect", "retainOnDelete")
_LISTS = ("additionalSecretOutputs", "ignoreChanges", "replaceOnChanges")


@dataclass(frozen=True)
class Scenario:
    """A stack of this project, and the other stacks that exist when it is deployed."""

    stack: str
    stacks: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    secret_outputs: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


_KMS = {"organization/kms/dev": {"key_id": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/shared"}}
_RDS = {"endpoint": "db.example.com", "master_username": "admin", "db_name": "orders"}
_LATER = {
    "organization/rds/dev": _RDS,
    "organization/functions/dev": {"rotation_function_arn": FUNCTION},
}
SCENARIOS = {
    "dev": Scenario("dev", {**_KMS, **_LATER}),
    "dev-waiting": Scenario("dev", _KMS),
    "prod": Scenario("prod"),
}
"""The files by name; `dev-waiting` is the first run, before the stacks exist that dev waits for."""


class _Registrations(mocks.MockMonitor):
    """Mocks of the engine that keep what is registered as it is sent, options included."""

    def __init__(self, cloud: mocks.Mocks) -> None:
        super().__init__(cloud)
        self.resources_by_type: dict[str, dict[str, Any]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 # the protocol's name
        if request.type != "pulumi:pulumi:Stack":
            of_type = self.resources_by_type.setdefault(request.type, {})
            assert request.name not in of_type, f"two resources {request.type} {request.name}"
            of_type[request.name] = _resource(json_format.MessageToDict(request))
        return super().RegisterResource(request)  # type: ignore[no-untyped-call] # the SDK's


class _SecretPasswords(Cloud):
    """A cloud whose generated passwords are secret, as the provider marks them."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        id_, state = super().new_resource(args)
        if args.typ == "random:index/randomPassword:RandomPassword":
            state["result"] = pulumi.Output.secret(f"{_GENERATED}{args.name}{_GENERATED}")
        return id_, state


def path_of(name: str) -> Path:
    """Return the committed file of a scenario."""
    return FOLDER / f"{name}.json"


def text_of(name: str) -> str:
    """Return what the file of a scenario must hold."""
    return as_text(taken(SCENARIOS[name], ROOT / "__main__.py", ROOT))


def as_text(snapshot: Mapping[str, Any]) -> str:
    """Write a snapshot, sorted, so that a changed resource is a changed line."""
    return json.dumps(snapshot, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def taken(scenario: Scenario, program: Path, folder: Path) -> dict[str, Any]:
    """Run a program in a folder and return its resources and the stack's outputs."""
    cloud = _SecretPasswords(dict(scenario.stacks), scenario.secret_outputs)
    cloud.identities |= {name: f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in scenario.roles}
    engine = _Registrations(cloud)
    asyncio.set_event_loop(asyncio.new_event_loop())  # Pulumi's outputs resolve on the current one
    mocks.set_mocks(cloud, project="secrets", stack=scenario.stack, monitor=engine)
    outputs: dict[str, Any] = {}

    @pulumi.runtime.test
    def run() -> pulumi.Output[None]:
        stack = get_root_resource()
        assert isinstance(stack, Stack)
        exports = stack.outputs
        exports.clear()  # those of a run before this one
        runpy.run_path(str(program))

        async def note() -> None:
            for name, value in exports.items():
                output = pulumi.Output.from_input(value)
                outputs[name] = _shown(plain(await output.future()))
                if await output.is_secret():
                    outputs[name] = _blank(outputs[name])

        return pulumi.Output.from_input(note())

    with contextlib.chdir(folder):
        run()
    return {"resources": engine.resources_by_type, "outputs": outputs}


def _resource(request: Mapping[str, Any]) -> dict[str, Any]:
    inputs = {}
    for key, value in request.get("object", {}).items():
        inputs[key] = _shown(value)
        if key in _VALUES and not _is_marked(value):
            inputs[key] = _blank(inputs[key])
    options = {option: request[option] for option in _OPTIONS if request.get(option)}
    for option in _LISTS:
        if option in request:
            options[option] = sorted(request[option])
    if "dependencies" in request:
        options["dependencies"] = sorted(_name_of(urn) for urn in request["dependencies"])
    if "::pulumi:pulumi:Stack::" not in request["parent"]:
        options["parent"] = _name_of(request["parent"])
    return {"inputs": inputs, "options": options}


def _name_of(urn: str) -> str:
    """Return a resource's type and logical name; its URN without stack, project and parents."""
    types, _, name = urn.split("::", 2)[2].partition("::")
    return f"{types.rpartition('$')[2]}::{name}"


def _shown(value: Any) -> Any:
    """Return a value as a reviewer reads it: policies opened, secrets blanked, files by kind."""
    match value:
        case dict() if _is_marked(value):
            return _marked(value)
        case dict():
            return {key: _shown(inner) for key, inner in value.items()}
        case list():
            return [_shown(inner) for inner in value]
        case str():
            return _opened(value)
        case float() if value.is_integer():
            return int(value)
    return value


def _is_marked(value: Any) -> bool:
    return isinstance(value, dict) and SECRET_SIGNATURE in value


def _marked(value: dict[str, Any]) -> Any:
    kind = value[SECRET_SIGNATURE]
    if kind == _SECRET:
        return _blank(_shown(value["value"]))
    return _FILES[kind]


def _opened(text: str) -> Any:
    """Return the document in a text that is JSON, or the text."""
    if not text.startswith(("{", "[")):
        return text
    try:
        return _shown(json.loads(text))
    except ValueError:
        return text


def _blank(value: Any) -> Any:
    """Replace every value in a secret, but not the names of its fields.

    A generated password that is a value of its own is named; part of a text, it is not.
    """
    match value:
        case dict():
            return {key: _blank(inner) for key, inner in value.items()}
        case list():
            return [_blank(inner) for inner in value]
        case str():
            generated = re.fullmatch(f"{_GENERATED}([^{_GENERATED}]+){_GENERATED}", value)
            return f"<generated {generated[1]}>" if generated else SECRET
    return SECRET
