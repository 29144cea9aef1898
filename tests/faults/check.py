"""One stack's life while AWS fails: each run ends or stops with a line, and the next carries on."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3

from sandbox.environment import REGION, Sandbox
from tests.conftest import Run, SecretsStack
from tests.faults.proxy import FaultyApi
from tests.soak.stage import UP, project_in, says_where

_MOST_RUNS = 12
"""A run in which every call is tried 25 times ends well; few need another."""

_FIRST = """
context_name: {name}
kms: {{create: true}}
access: {{readers: ["arn:aws:iam::123456789012:role/{name}"]}}
secrets:
  text: {{secret_data: TEXT1of{name}}}
  password: {{generate_random_password: true}}
  login: {{random: {{password: {{}}}}, secret_data: {{user: a, password: "${{random.password}}"}}}}
  copy: {{secret_data: "p=${{output.secretsmanager.generated_passwords.password}}"}}
  empty: {{owner: operator}}
"""
_SECOND = (
    _FIRST.replace("TEXT1", "TEXT2").replace(
        "{{owner: operator}}", "{{description: filled by hand}}"
    )
    + "  renamed: {{renamed_from: login, name: moved, random: {{password: {{}}}}, "
    'secret_data: {{user: b, password: "${{random.password}}"}}}}\n'
).replace(
    '  login: {{random: {{password: {{}}}}, secret_data: {{user: a, password: "${{random.password}}"}}}}\n',
    "",
)
_NAMES = ("copy", "empty", "moved", "password", "text")


@dataclass(frozen=True)
class Endured:
    """What a life took.

    Attributes:
        runs: how many runs of `up` it took until each map was deployed.
        faults: how many calls went wrong.
        findings: what was not as promised; empty if all was.
    """

    runs: int
    faults: int
    findings: tuple[str, ...]


def endure(
    sandbox: Sandbox, api: FaultyApi, folder: Path, kind: str, probability: float
) -> Endured:
    """Create and change a map while calls go wrong, then look at what the account holds."""
    name = folder.name
    faulty = replace(sandbox, endpoint=api.endpoint)
    project = project_in(folder)
    iam = _client(sandbox, "iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    settings = (project / "Pulumi.dev.yaml").read_bytes()
    (project / f"Pulumi.{name}.yaml").write_bytes(settings)
    stack = SecretsStack(faulty, project, name, None)
    runs, faults, findings = 0, 0, []
    for text in (_FIRST, _SECOND):
        stack.write(text.format(name=name))
        api.set_faults(kind, probability)
        tried = _until_deployed(stack)
        faults += api.end_faults()
        runs += len(tried)
        findings += _problems_of(tried)

    findings += _problems_of_account(sandbox, name)
    last = stack.pulumi(*UP, good=False)
    if last.code != 0 or set(last.changes) != {"same"}:
        findings.append(f"the run after them does not keep all: {last.diagnostics}")

    return Endured(runs, faults, tuple(findings))


def _until_deployed(stack: SecretsStack) -> list[Run]:
    tried: list[Run] = []
    while len(tried) < _MOST_RUNS:
        tried.append(stack.pulumi(*UP, good=False))
        if tried[-1].code == 0:
            break

    return tried


def _problems_of(runs: list[Run]) -> list[str]:
    found = []
    for run in runs:
        if "Traceback" in run.text or "panic:" in run.text:
            found.append(f"a traceback: {run.diagnostics}")
        elif run.code != 0 and not says_where(run):
            found.append(f"a failed run does not say why: {run.text[-2000:]}")

    if runs[-1].code != 0:
        found.append(f"{len(runs)} runs do not end: {runs[-1].diagnostics}")

    return found


def _problems_of_account(sandbox: Sandbox, name: str) -> list[str]:
    return [
        *_problems_of_secrets(_client(sandbox, "secretsmanager"), name),
        *_problems_of_key(_client(sandbox, "kms"), name),
    ]


def _client(sandbox: Sandbox, service: str) -> Any:
    session = boto3.Session("sandbox", "sandbox", region_name=REGION)
    return session.client(service, endpoint_url=sandbox.endpoint)


def _problems_of_secrets(client: Any, name: str) -> list[str]:
    found = []
    filters = [{"Key": "name", "Values": [f"{name}/"]}]
    listed = client.list_secrets(Filters=filters, MaxResults=100)["SecretList"]
    names = sorted(secret["Name"].rpartition("/")[2] for secret in listed)
    if names != list(_NAMES):
        found.append(f"the secrets are {names}")

    for secret in listed:
        versions = secret.get("SecretVersionsToStages", {}).values()
        labels = list(itertools.chain.from_iterable(versions))
        if labels.count("AWSCURRENT") != (not secret["Name"].endswith("/empty")):
            found.append(f"`{secret['Name']}` has the labels {sorted(labels)}")

    values = _values(client, listed)
    if values.get("text") != f"TEXT2of{name}":
        found.append("`text` has not the value of the map")

    if values.get("copy") != f"p={values.get('password')}":
        found.append("`copy` has not the password")

    return found


def _values(client: Any, listed: list[dict[str, Any]]) -> dict[str, str]:
    found = {}
    for secret in listed:
        name = secret["Name"].rpartition("/")[2]
        if name != "empty":
            found[name] = client.get_secret_value(SecretId=secret["ARN"])["SecretString"]

    return found


def _problems_of_key(client: Any, name: str) -> list[str]:
    aliases = client.get_paginator("list_aliases").paginate().build_full_result()["Aliases"]
    own = [alias["AliasName"] for alias in aliases if f"/{name}-" in alias["AliasName"]]
    if len(own) != 1:
        return [f"the key has the aliases {own}"]

    return []
