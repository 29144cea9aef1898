"""What a map registers, as the official providers would see it: each resource through their Check.

The program runs under Pulumi's mocks. Names that the provider makes go into the inputs of the
resources that use them, ARNs have the form of AWS's, and any stack, output and role exists.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks

from sandbox.providers import checks
from sandbox.providers.checks import Naming, NamingError
from sandbox.providers.cloud import derived
from sandbox.providers.official import facts
from secrets_component import SecretMap, SecretMapArgs
from secrets_component.planning.plan import Plan
from secrets_component.planning.planner import plans
from secrets_component.secret_map.yaml_text import parse_yaml
from tests import pages
from tests.unit.mocks import ACCOUNT, FUNCTION, REGION, Cloud, plain

ROOT = Path(__file__).parent.parent
_OUTPUT = re.compile(r"\$\{output\.[\w-]+\.([\w-]+)")
_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
_VALUES = {"arn": FUNCTION, "key_id": _KEY, "rotation_function_arn": FUNCTION}
"""Values of other stacks' outputs that must have a form; any other is a word."""

TYPES_OF_THE_PROJECT = {
    "aws:secretsmanager/secret:Secret",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:secretsmanager/secretPolicy:SecretPolicy",
    "aws:secretsmanager/secretRotation:SecretRotation",
    "aws:kms/key:Key",
    "aws:kms/alias:Alias",
    "aws:kms/replicaKey:ReplicaKey",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:lambda/function:Function",
    "aws:lambda/permission:Permission",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:sns/topic:Topic",
    "aws:sns/topicPolicy:TopicPolicy",
    "random:index/randomPassword:RandomPassword",
    "random:index/randomInteger:RandomInteger",
    "random:index/randomBytes:RandomBytes",
    "tls:index/privateKey:PrivateKey",
}
"""The resource types that some map registers; a test keeps the set complete."""


@dataclass(frozen=True)
class Registered:
    """One resource that a program registers, and what the official provider makes of it.

    Attributes:
        inputs: the program's.
        refusals: why the provider refuses it, in Check or when it plans the creation.
    """

    token: str
    logical: str
    inputs: Mapping[str, Any]
    refusals: tuple[str, ...]


def repository_maps() -> Iterator[tuple[str, str]]:
    """Yield the name and text of each map of the repository that is one."""
    for folder in ("stacks", "tests/maps"):
        for path in sorted((ROOT / folder).glob("*.yaml")):
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")

    for page in ("README.md", "docs/access.md"):
        for name, body in pages.files((ROOT / page).read_text("utf-8")).items():
            if name != "wrong.yaml":
                yield f"{page}: {name}", body


def registered_by(text: str, environment: str = "prod") -> list[Registered]:
    """Return what a map registers.

    Raises:
        SecretMapError: the map is refused.
    """
    found: list[Registered] = []
    for plan in plans(parse_yaml(text, "m"), environment).values():
        found += registered(plan, text)

    return found


def registered(plan: Plan, text: str) -> list[Registered]:
    """Return what a plan registers; `text` is the map's, which names other stacks' outputs."""
    cloud = _OfficialCloud(text)
    asyncio.set_event_loop(asyncio.new_event_loop())  # Pulumi's outputs resolve on the current one
    mocks.set_mocks(cloud, project="secrets", stack="prod")

    @pulumi.runtime.test
    def run() -> None:
        SecretMap(plan.name, SecretMapArgs(secret_map=plan))

    run()
    return cloud.registered


class _Settings:
    """The provider's settings, as far as Check looks at them."""

    region = REGION
    default_tags: Mapping[str, str] = {}


class _OfficialCloud(Cloud):
    """An AWS behind the official provider's Check, in which everything exists that a map names."""

    def __init__(self, text: str) -> None:
        outputs = {name: _VALUES.get(name, f"some-{name}") for name in _OUTPUT.findall(text)}
        super().__init__({}, ())
        self._outputs = outputs
        self.registered: list[Registered] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ not in facts():
            return super().new_resource(args)

        given = plain(args.inputs)
        inputs, refusals = _checked(args.typ, args.name, given)
        self.registered.append(Registered(args.typ, args.name, given, tuple(refusals)))
        identity, outputs = super().new_resource(args)
        return identity, {**outputs, **inputs, **_outputs_of(args.typ, inputs)}

    def call(self, args: mocks.MockCallArgs) -> Any:
        if args.token == "pulumi:pulumi:readStackOutputs":
            return {"outputs": self._outputs, "secretOutputNames": []}

        name = args.args.get("name") or args.args.get("userName")
        if args.token == "aws:iam/getRole:getRole":
            return {"arn": f"arn:aws:iam::{ACCOUNT}:role/{name}"}

        if args.token == "aws:iam/getUser:getUser":
            return {"arn": f"arn:aws:iam::{ACCOUNT}:user/{name}"}

        return super().call(args)


def _checked(
    token: str, logical: str, given: Mapping[str, Any]
) -> tuple[Mapping[str, Any], list[str]]:
    """Return the checked inputs, and why they are refused."""
    found = facts()[token]
    news = derived(_Settings(), found, dict(given))  # type: ignore[arg-type] # these are enough
    try:
        inputs, refusals = checks.checked(found, Naming(token, logical), {}, news)
    except NamingError as error:
        return given, [str(error)]

    problem = checks.plan_problem(found, inputs, is_new=True)
    if problem:
        refusals.append(problem)

    inputs.pop(checks.DEFAULTS, None)
    return inputs, refusals


def _outputs_of(token: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ARN that AWS would make of the name."""
    name = inputs.get("name")
    arns = {
        "secret:Secret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf",
        "function:Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
        "role:Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "logGroup:LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}",
        "eventRule:EventRule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}",
        "metricAlarm:MetricAlarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}",
        "topic:Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}",
    }
    arn = arns.get(token.rpartition("/")[2])
    return {"arn": arn} if arn else {}
