"""What the maps and examples of this repository deploy, and requests under it.

The programs run under Pulumi's mocks, as for the snapshots; the documents are those that they would
send to AWS. Each world has a name: the map or example, and what it is about.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import runpy
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks

from secrets_component.iam.conditions import as_list
from tests.access import table
from tests.access.oracle.cases import Entry, World
from tests.access.table import BROAD, THERE, Deployed, Policy
from tests.conformance.corpus import maps, recorded
from tests.snapshots import ROOT, Scenario
from tests.unit.mocks import ACCOUNT, REGION, Cloud

EXAMPLES = {
    "ec2": ("connection_info",),
    "ecs": ("api_key", "connection_info"),
    "eks": ("api_key", "connection_info"),
    "lambda": ("api_key",),
}
"""The examples with a role, by the secrets of stacks/dev.yaml that it reads: no other."""
DEPLOYER = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/session"
_STRANGERS = (f"arn:aws:iam::{ACCOUNT}:role/stranger", f"arn:aws:iam::{THERE}:role/stranger")
_SECRET_ACTIONS = ("GetSecretValue", "PutSecretValue", "PutResourcePolicy")
_OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.eks.example/id/A"
_Resources = Mapping[str, Mapping[str, Any]]
"""Resources by type and logical name."""


def worlds() -> Iterator[World]:
    """Yield the worlds of all maps, of the examples, and of the access table."""
    for name, scenario, text in maps():
        for about, world in _MapAccess(recorded(scenario, text)).worlds():
            yield {"name": f"{name}: {about}", **world}

    yield from _of_examples()
    yield from of_table()


class _MapAccess:
    """The access after the deployment of a map."""

    def __init__(self, snapshot: Mapping[str, Any]) -> None:
        resources: _Resources = snapshot["resources"]
        policies = {}
        for inputs in _inputs(resources, "aws:secretsmanager/secretPolicy:SecretPolicy"):
            policies[inputs["secretArn"]] = inputs["policy"]

        self.secrets: dict[str, Policy | None] = {}
        for arn in snapshot["outputs"]["secret_arns"].values():
            self.secrets[arn] = policies.get(arn)

        self.keys = {}
        for inputs in _inputs(resources, "aws:kms/key:Key"):
            self.keys[f"arn:aws:kms:{REGION}:{ACCOUNT}:key/made"] = inputs["policy"]

        for inputs in _inputs(resources, "aws:kms/replicaKey:ReplicaKey"):
            self.keys[f"arn:aws:kms:{inputs['region']}:{ACCOUNT}:key/made"] = inputs["policy"]

        self.attachable: dict[str, list[Policy]] = {"nothing": [], "everything": [BROAD]}
        for inputs in _inputs(resources, "aws:iam/policy:Policy"):
            self.attachable[inputs["description"]] = [inputs["policy"]]

        self.trusts = [i["assumeRolePolicy"] for i in _inputs(resources, "aws:iam/role:Role")]
        self.callers = sorted(set(self._named()) | {DEPLOYER, *_STRANGERS})

    def _named(self) -> Iterator[str]:
        """Yield the users, roles and services that policies name."""
        for document in (*self.secrets.values(), *self.keys.values()):
            for statement in as_list((document or {"Statement": []})["Statement"]):
                principals = statement["Principal"]
                names = [
                    *as_list(principals.get("AWS", [])),
                    *as_list(principals.get("Service", [])),
                ]
                for keys in statement.get("Condition", {}).values():
                    names += as_list(keys.get("aws:PrincipalArn", []))

                for name in names:
                    if "*" not in name and not name.endswith(":root"):
                        yield name

    def worlds(self) -> Iterator[tuple[str, World]]:
        """Yield each resource, once for all callers with each policy that they can have."""
        for attached, identity in self.attachable.items():
            for arn in _different(self.secrets):
                about = f"{arn.rpartition(':')[2]} with {attached}"
                yield about, _world(identity, self.secrets[arn], self._calls(arn))

            for arn, policy in self.keys.items():
                about = f"key in {arn.split(':')[3]} with {attached}"
                yield about, _world(identity, policy, self._uses(arn))

        for document in _different({json.dumps(trust): trust for trust in self.trusts}):
            requests = [
                _entry(service, "sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/made")
                for service in ("lambda.amazonaws.com", "ec2.amazonaws.com", _STRANGERS[0])
            ]
            yield "role", _world([], json.loads(document), requests)

    def _calls(self, arn: str) -> Iterator[Entry]:
        for caller in self.callers:
            for action in _SECRET_ACTIONS:
                yield _entry(caller, f"secretsmanager:{action}", arn)

    def _uses(self, key: str) -> Iterator[Entry]:
        region = key.split(":")[3]
        secret = next(iter(self.secrets)).replace(REGION, region)
        own = _through_manager(region, secret)
        foreign = _through_manager(region, secret.replace(":secret:", ":secret:other-"))
        for caller in self.callers:
            yield _entry(caller, "kms:Decrypt", key)
            yield _entry(caller, "kms:Decrypt", key, own)
            yield _entry(caller, "kms:Decrypt", key, foreign)
            yield _entry(caller, "kms:GenerateDataKey", key, own)
            yield _entry(caller, "kms:PutKeyPolicy", key)


def _inputs(resources: _Resources, type_: str) -> Iterator[Mapping[str, Any]]:
    for resource in resources.get(type_, {}).values():
        yield resource["inputs"]


def _different(documents: Mapping[str, Policy | None]) -> list[str]:
    """Return the first name of each different document."""
    found: dict[str, str] = {}
    for name, document in documents.items():
        found.setdefault(json.dumps(document), name)

    return list(found.values())


def _world(identity: list[Policy], policy: Policy | None, requests: Iterable[Entry]) -> World:
    world: World = {"requests": list(requests)}
    if policy is not None:
        world["resource"] = [policy]

    if identity:
        world["identity"] = identity
        world["requests"] = [e for e in world["requests"] if e["principal"].startswith("arn:")]

    return world


def _entry(
    caller: str, action: str, resource: str, context: Mapping[str, str] | None = None
) -> Entry:
    context = dict(context or {})
    if not caller.startswith("arn:"):
        context["aws:SourceAccount"] = ACCOUNT

    entry: Entry = {"principal": caller, "action": action, "resource": resource}
    if context:
        entry["context"] = context

    return entry


def _through_manager(region: str, secret: str) -> dict[str, str]:
    """Return the context of a key's use by Secrets Manager for a secret."""
    return {
        "kms:ViaService": f"secretsmanager.{region}.amazonaws.com",
        "kms:EncryptionContext:SecretARN": secret,
    }


class _Account(Cloud):
    """An AWS with what the examples ask for besides: a stack with a map, a network, a log."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            name = args.inputs["name"]
            return name, {"name": name, "outputs": self.stacks[name], "secretOutputNames": []}

        id_, state = super().new_resource(args)
        if args.typ == "aws:cloudwatch/logGroup:LogGroup":
            state["arn"] = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{args.name}"

        return id_, state

    def call(self, args: mocks.MockCallArgs) -> Any:
        if args.token == "aws:ec2/getSubnets:getSubnets":
            return {"ids": ["subnet-1"]}

        return super().call(args)


def _of_examples() -> Iterator[World]:
    """Yield what the role of each example can do with each secret of stacks/dev.yaml."""
    _, scenario, text = next(maps())
    outputs = recorded(scenario, text)["outputs"]
    for name in EXAMPLES:
        identity = _role_policies(name, outputs)
        caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/task"
        for key, arn in outputs["secret_arns"].items():
            actions = (*_SECRET_ACTIONS, "DescribeSecret")
            requests = [_entry(caller, f"secretsmanager:{action}", arn) for action in actions]
            yield {"name": f"{name}: {key}", "identity": identity, "requests": requests}

            kms_key = outputs["kms_key_arns"][key]
            requests = [
                _entry(caller, "kms:Decrypt", kms_key, _through_manager(REGION, arn)),
                _entry(caller, "kms:Decrypt", kms_key),
                _entry(caller, "kms:GenerateDataKey", kms_key, _through_manager(REGION, arn)),
            ]
            yield {
                "name": f"{name}: key of {key}",
                "identity": identity,
                "resource": [_DEFAULT_KEY_POLICY],
                "requests": requests,
            }


_DEFAULT_KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ],
}
"""Of examples/kms, which sets none
(https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html)."""


def _role_policies(example: str, outputs: Mapping[str, Any]) -> list[Policy]:
    """Run an example and return the policies of its role."""
    cloud = _Account({"organization/secrets/dev": dict(outputs)}, ())
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "examples" / example, folder, dirs_exist_ok=True)
        asyncio.set_event_loop(asyncio.new_event_loop())
        mocks.set_mocks(cloud, project=example, stack="dev")
        pulumi.runtime.set_all_config({f"{example}:oidc_provider_arn": _OIDC})
        sys.path.insert(0, folder)
        try:
            _run_program(Path(folder))
        finally:
            sys.path.remove(folder)
            pulumi.runtime.set_all_config({})

    # Sorted: policies that wait for outputs are made in an order that changes from run to run.
    made = sorted((name, one) for (kind, name), one in cloud.made.items() if kind == "RolePolicy")
    return [json.loads(one["policy"]) for _, one in made]


def _run_program(folder: Path) -> None:
    @pulumi.runtime.test
    def run() -> None:
        runpy.run_path("__main__.py")

    with contextlib.chdir(folder):
        run()


def of_table() -> Iterator[World]:
    """Yield the cells of the access table, each under the name `table: <who> <action> <secret>`."""
    deployed = _deployed_table()
    for who, secret, action, _ in table.TABLE:
        for world in deployed.calls(who, secret, *table.CALLS[action]):
            yield {"name": f"table: {who} {action} {secret}", **world}


def _deployed_table() -> Deployed:
    """Return what the map of the table deploys."""
    roles = tuple(f"table-{name}" for name in table.ROLES)
    snapshot = recorded(Scenario("table", roles=roles), table.MAP)
    access = _MapAccess(snapshot)
    attached: dict[str, list[Policy]] = {name: [] for name in table.ROLES}
    attached["broad"] = [BROAD]
    levels = {}
    for logical, resource in snapshot["resources"]["aws:iam/policy:Policy"].items():
        levels[logical] = resource["inputs"]["policy"]
        if logical.endswith("rds/read"):
            attached["attached"] = [levels[logical]]

    (key, policy), (_, replica_policy) = access.keys.items()
    arns = snapshot["outputs"]["secret_arns"]
    policies = {name: access.secrets[arn] for name, arn in arns.items()}
    return Deployed(arns, policies, key, policy, replica_policy, attached, levels)
