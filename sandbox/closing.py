"""The last lines of `make up`: what there is now, what waits for what, and what to try."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from sandbox import deploy
from sandbox.environment import REGION, Sandbox
from sandbox.rounds import map_file, plans_of
from secrets_component.planning.plan import Plan

_READ_WITH_PYTHON = (
    "import boto3; print(boto3.client('secretsmanager')"
    ".get_secret_value(SecretId={name!r})['SecretString'])"
)


def closing_lines(sandbox: Sandbox, project: Path, stack: str) -> Iterator[str]:
    """Yield the lines on each map of a stack that was deployed."""
    plans = plans_of(project, stack)
    if not plans:
        return

    held = _held(sandbox)
    outputs = sandbox.outputs(deploy.name_of(project), stack)
    for instance, plan in plans.items():
        yield ""
        yield from _state(plan, held, _of_instance(outputs, instance, len(plans)))

    yield ""
    yield "try:"
    yield '  eval "$(make env)"' if stack == "dev" else f'  eval "$(make env STACK={stack})"'
    file = os.path.relpath(map_file(project, stack))
    for plan in plans.values():
        yield from _commands(plan, held, file)


def _held(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Return the sandbox's secrets by name; profiles and proxies of the user are left out."""
    made = sandbox.environment()
    without_profile = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
        }
    )
    client = boto3.Session(botocore_session=without_profile).client(
        "secretsmanager",
        endpoint_url=sandbox.endpoint,
        region_name=REGION,
        aws_access_key_id=made["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=made["AWS_SECRET_ACCESS_KEY"],
        config=Config(proxies={}),
    )
    held = {}
    for page in client.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            held[secret["Name"]] = secret

    return held


def _of_instance(outputs: Mapping[str, Any], instance: str, count: int) -> Mapping[str, Any]:
    """Return one map's outputs, which are by instance where a file has several maps."""
    if count == 1:
        return outputs

    found = {}
    for name, by_instance in outputs.items():
        if isinstance(by_instance, Mapping):
            found[name] = by_instance.get(instance) or {}

    return found


def _state(
    plan: Plan, held: Mapping[str, dict[str, Any]], outputs: Mapping[str, Any]
) -> Iterator[str]:
    names = {key: secret.name for key, secret in plan.secrets.items()}
    filled = [key for key, name in names.items() if _is_filled(held.get(name))]
    rotating = [key for key, name in names.items() if held.get(name, {}).get("RotationEnabled")]
    yield (
        f"{plan.context}/{plan.environment}: {len(names)} secrets, {len(filled)} with a value, "
        f"{len(rotating)} rotating"
    )
    waiting = outputs.get("waiting") or {}
    for key in names:
        if key in waiting:
            yield f"  {key} waits for {', '.join(waiting[key])}"
        elif key not in filled:
            yield f"  {key} has no value yet: an operator sets it"

    for key, references in (outputs.get("waiting_rotations") or {}).items():
        yield f"  the rotation of {key} waits for {', '.join(references)}"


def _is_filled(secret: Mapping[str, Any] | None) -> bool:
    versions = (secret or {}).get("SecretVersionsToStages") or {}
    return any("AWSCURRENT" in stages for stages in versions.values())


def _commands(plan: Plan, held: Mapping[str, dict[str, Any]], file: str) -> Iterator[str]:
    """Yield commands that work when they are pasted."""
    names = {key: secret.name for key, secret in plan.secrets.items()}
    filled = [name for name in names.values() if _is_filled(held.get(name))]
    if filled:
        yield f"  {_read(filled[0])}"

    of_map = f"{shlex.quote(file)} --environment {plan.environment}"
    yield f"  secretsmap status {of_map}"
    for key, name in names.items():
        if held.get(name, {}).get("RotationEnabled"):
            yield (
                f"  secretsmap rotate {shlex.quote(file)} {key} --environment {plan.environment}"
            )
            return


def _read(name: str) -> str:
    """Return the command that prints a secret: the AWS CLI's where it runs, else Python's."""
    if _aws_runs():
        return (
            f"aws secretsmanager get-secret-value --secret-id {name} "
            "--query SecretString --output text"
        )

    return f"python -c {shlex.quote(_READ_WITH_PYTHON.format(name=name))}"


def _aws_runs() -> bool:
    """Return whether the AWS CLI runs; a shim of pyenv may be on the PATH without one behind it."""
    found = shutil.which("aws")
    if found is None:
        return False

    return subprocess.run([found, "--version"], check=False, capture_output=True).returncode == 0
