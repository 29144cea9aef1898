"""Pulumi's mocks: an AWS that remembers what was asked for, and a map deployed to it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast

import grpc
import pulumi
from pulumi.runtime import mocks

from secrets_component import SecretMap, SecretMapArgs
from secrets_component.arns import Home
from secrets_component.lookups.principals import ResolvedAccess
from secrets_component.lookups.reference_values import ReferenceValues
from secrets_component.planning.plan import Plan
from secrets_component.resources.scope import Scope
from tests.maps_of_tests import plan_of

_Result = TypeVar("_Result")

SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"
ACCOUNT, REGION = "123456789012", "eu-central-1"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rotate"

RANDOM = base64.b64encode(b"\xfb\xff" * 8)
"""What is generated where bytes are asked for, however many."""

HALVES = ("privateKeyPemPkcs8", "privateKeyOpenssh", "publicKeyPem", "publicKeyOpenssh")

Made = dict[tuple[str, str], dict[str, Any]]
"""The inputs of each created resource, by kind and logical name."""


class NoSuchStackError(grpc.RpcError):
    """What the engine answers for a stack that does not exist."""

    def __init__(self, name: str) -> None:
        self._name = name

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return f'unknown stack "{self._name}"'


class NoSuchIdentityError(grpc.RpcError):
    """What the provider answers for a role that does not exist."""

    def __init__(self, name: str) -> None:
        self._name = name

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return f"reading IAM Role ({self._name}): couldn't find resource"


class Cloud(mocks.Mocks):
    """Answers as AWS does, and remembers what was asked for."""

    of_policies: ClassVar[dict[str, str]] = {}
    """The resource policies of secrets that exist already, by name."""

    of_secrets: ClassVar[dict[str, Any]] = {}
    """What AWS says of each secret besides what the program does."""

    def __init__(self, stacks: dict[str, dict[str, Any]], secret_outputs: tuple[str, ...]) -> None:
        self.stacks, self.secret_outputs = stacks, list(secret_outputs)
        self.made: Made = {}
        self.reads: list[str] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.kept_keys = {"legacy-k": {"kmsKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/kept"}}
        self.policies = dict(self.of_policies)
        self.caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/session"
        self.identities = {
            name: f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("app", "ops", "web")
        }

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        kind = args.typ.split(":")[-1]
        inputs = plain(args.inputs)
        self.made[kind, args.name] = inputs
        known: dict[str, dict[str, Any]] = {
            "Secret": {
                "arn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{inputs.get('name')}-AbCdEf",
                **self.kept_keys.get(inputs.get("name", ""), {}),
                **self.of_secrets,
            },
            "SecretVersion": {"versionId": f"v-{args.name}"},
            "RandomPassword": {"result": f"generated-{args.name}"},
            "RandomInteger": {"result": 7},
            "RandomBytes": {"base64": RANDOM.decode(), "hex": "fbff" * 8},
            "PrivateKey": {name: f"{name} of {args.name}\n" for name in HALVES},
            "Key": {"arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/made", "keyId": "made"},
            "ReplicaKey": {"arn": f"arn:aws:kms:{inputs.get('region')}:{ACCOUNT}:key/made"},
            "Policy": {"arn": f"arn:aws:iam::{ACCOUNT}:policy/{args.name}"},
        }  # fmt: skip
        return f"{args.name}-id", {**args.inputs, **known.get(kind, {})}

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.calls.append((args.token.rpartition(":")[2], args.args))
        if args.token == "aws:index/getRegion:getRegion":
            return {"region": REGION}
        if args.token == "aws:secretsmanager/getSecret:getSecret":
            arn = args.args.get("arn") or (
                f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{args.args['name']}-AbCdEf"
            )
            name = arn.partition(":secret:")[2].rpartition("-")[0]
            held = {"arn": arn, "name": name, "policy": self.policies.get(name, "")}
            return {**held, **self.kept_keys.get(name, {})}
        if args.token == "aws:secretsmanager/getSecretVersion:getSecretVersion":
            return {}
        if args.token == "aws:index/getCallerIdentity:getCallerIdentity":
            return {"accountId": ACCOUNT, "arn": self.caller}
        if args.token in ("aws:iam/getRole:getRole", "aws:iam/getUser:getUser"):
            name = args.args.get("name") or args.args["userName"]
            if name not in self.identities:
                raise NoSuchIdentityError(name)
            return {"arn": self.identities[name]}
        assert args.token == "pulumi:pulumi:readStackOutputs"
        name = args.args["name"]
        self.reads.append(name)
        if name not in self.stacks:
            raise NoSuchStackError(name)
        return {"outputs": self.stacks[name], "secretOutputNames": self.secret_outputs}


class SilentCloud(Cloud):
    """An AWS that answers nothing, as the mocks of many programs do."""

    def __init__(self) -> None:
        super().__init__({}, ())

    def call(self, _args: mocks.MockCallArgs) -> Any:
        return {}


def plain(value: Any) -> Any:
    """Undo what mocks show of secrets and numbers."""
    if isinstance(value, dict):
        if SECRET_SIGNATURE in value:
            return plain(value["value"])
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Deployed:
    """What one run made: resources by kind and name, and the component's outputs."""

    def __init__(self, cloud: Cloud, outputs: dict[str, Any], secret: dict[str, bool]) -> None:
        self.made, self.reads = cloud.made, cloud.reads
        self.outputs, self.is_secret = outputs, secret


def deploy(
    text: str,
    stacks: dict[str, Any] | None = None,
    secrets: tuple[str, ...] = (),
    plan: Plan | None = None,
    name: str = "m",
) -> Deployed:
    cloud = Cloud(stacks or {}, secrets)
    mocks.set_mocks(cloud, project="secrets", stack="dev")
    plan = plan or plan_of(text)
    outputs: dict[str, Any] = {}
    is_secret: dict[str, bool] = {}

    @pulumi.runtime.test
    def run() -> pulumi.Output[None]:
        component = SecretMap(name, SecretMapArgs(secret_map=plan))

        async def note() -> None:
            for output in SecretMap.OUTPUTS:
                found = getattr(component, output)
                outputs[output], is_secret[output] = await found.future(), await found.is_secret()

        return pulumi.Output.from_input(note())

    run()
    return Deployed(cloud, outputs, is_secret)


def scope_of(text: str, *, is_top: bool = True) -> Scope:
    """Return the scope of a map whose component does not exist, for a module on its own."""
    plan = plan_of(text)
    nowhere = cast("pulumi.ComponentResource", None)
    access = ResolvedAccess(Home(), {}, {})
    return Scope("m", nowhere, plan, ReferenceValues(plan), access, is_top)


def run_in_program(
    action: Callable[[pulumi.Resource], _Result],
    cloud: Cloud | None = None,
    *,
    preview: bool = False,
) -> _Result:
    """Run an action as part of a program, below a component, and return its result."""
    mocks.set_mocks(
        cloud or Cloud({}, ()),
        project="secrets",
        stack="dev",
        preview=preview,
        organization="acme",
    )
    results: list[_Result] = []

    @pulumi.runtime.test
    def run() -> None:
        results.append(action(pulumi.ComponentResource("test:index:Parent", "parent")))

    run()
    return results[0]
