"""Lambda: functions, and who may call them."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

from sandbox.providers.cloud import Cloud
from sandbox.providers.protocol import Properties, ResourceType

_ASSETS, _TEXT, _PATH = "assets", "text", "path"  # how Pulumi writes archives and assets
_EXAMPLE_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP file can tell; the same every time


def create_permission(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Add a statement to a function's policy."""
    statement = inputs.get("statementId") or f"terraform-{os.urandom(8).hex()}"
    cloud.call(
        "lambda",
        "add_permission",
        FunctionName=inputs["function"],
        StatementId=statement,
        Action=inputs["action"],
        Principal=inputs["principal"],
        SourceAccount=inputs.get("sourceAccount"),
        SourceArn=inputs.get("sourceArn"),
    )
    return statement, {"statementId": statement}


def read_permission(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Find a statement in a function's policy."""
    found = cloud.find("lambda", "get_policy", FunctionName=state["function"])
    statements = json.loads(found["Policy"])["Statement"] if found else []
    return state if any(s["Sid"] == identity for s in statements) else None


def delete_permission(cloud: Cloud, identity: str, state: Properties) -> None:
    """Remove a statement from a function's policy."""
    cloud.find("lambda", "remove_permission", FunctionName=state["function"], StatementId=identity)


def create_function(cloud: Cloud, inputs: Properties) -> tuple[str, Properties]:
    """Create a function from an archive of files or of texts."""
    cloud.call(
        "lambda",
        "create_function",
        FunctionName=inputs["name"],
        Code={"ZipFile": _zipped(inputs["code"])},
        **_settings(inputs),
        Tags=inputs.get("tags"),
    )
    return inputs["name"], read_function(cloud, inputs["name"], inputs) or {}


def read_function(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a function."""
    found = cloud.find("lambda", "get_function", FunctionName=identity)
    if found is None:
        return None
    function = found["Configuration"]
    environment = (function.get("Environment") or {}).get("Variables")
    return {
        "arn": function["FunctionArn"],
        "name": identity,
        "description": function.get("Description") or None,
        "handler": function.get("Handler"),
        "role": function["Role"],
        "runtime": function.get("Runtime"),
        "timeout": function["Timeout"],
        "environment": {"variables": environment} if environment else None,
        "code": state.get("code"),
        "loggingConfig": state.get("loggingConfig"),
        "vpcConfig": state.get("vpcConfig"),
        "deadLetterConfig": state.get("deadLetterConfig"),
        "tags": state.get("tags"),
    }


def update_function(cloud: Cloud, identity: str, olds: Properties, news: Properties) -> Properties:
    """Change a function's code and settings."""
    if olds.get("code") != news["code"]:
        cloud.call(
            "lambda",
            "update_function_code",
            FunctionName=identity,
            ZipFile=_zipped(news["code"]),
        )
    settings = {key: value for key, value in _settings(news).items() if value is not None}
    cloud.call(
        "lambda",
        "update_function_configuration",
        FunctionName=identity,
        **{"Description": "", "Environment": {"Variables": {}}, **settings},
    )
    return read_function(cloud, identity, news) or {}


def delete_function(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a function."""
    cloud.find("lambda", "delete_function", FunctionName=identity)


def _settings(inputs: Properties) -> Properties:
    logging, network = inputs.get("loggingConfig") or {}, inputs.get("vpcConfig") or {}
    return {
        "Role": inputs["role"],
        "Handler": inputs.get("handler"),
        "Runtime": inputs.get("runtime"),
        "Description": inputs.get("description"),
        "Timeout": inputs.get("timeout"),
        "MemorySize": inputs.get("memorySize"),
        "Layers": inputs.get("layers"),
        "Environment": {"Variables": inputs["environment"].get("variables") or {}}
        if inputs.get("environment")
        else None,
        "LoggingConfig": {
            "LogFormat": logging["logFormat"],
            **({"LogGroup": logging["logGroup"]} if logging.get("logGroup") else {}),
        }
        if logging
        else None,
        "VpcConfig": {
            "SubnetIds": network.get("subnetIds") or [],
            "SecurityGroupIds": network.get("securityGroupIds") or [],
        }
        if network
        else None,
        "DeadLetterConfig": {"TargetArn": inputs["deadLetterConfig"]["targetArn"]}
        if inputs.get("deadLetterConfig")
        else None,
    }


def _zipped(archive: Properties) -> bytes:
    """Give an archive as a zip: as it is where it is one, else packed, the same every time."""
    if archive.get(_PATH) and Path(archive[_PATH]).is_file():
        return Path(archive[_PATH]).read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in sorted(_files(archive).items()):
            entry = zipfile.ZipInfo(name, _EXAMPLE_DATE)
            entry.external_attr = 0o644 << 16
            target.writestr(entry, content)
    return packed.getvalue()


def _files(archive: Properties) -> dict[str, bytes]:
    """Give an archive's files by their names in it, from a folder or from assets."""
    if archive.get(_PATH):
        folder = Path(archive[_PATH])
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
    files: dict[str, bytes] = {}
    for name, asset in archive[_ASSETS].items():
        if asset.get(_TEXT) is not None:
            files[name] = asset[_TEXT].encode()
        elif Path(asset[_PATH]).is_dir():
            files.update({f"{name}/{inner}": data for inner, data in _files(asset).items()})
        else:
            files[name] = Path(asset[_PATH]).read_bytes()
    return files


TYPES = {
    "aws:lambda/permission:Permission": ResourceType(
        create_permission,
        read_permission,
        None,
        delete_permission,
        replaces=frozenset(
            {"action", "function", "principal", "sourceAccount", "sourceArn", "statementId"}
        ),
        computed=frozenset({"statementId", "region"}),
        outputs=("statementId",),
    ),
    "aws:lambda/function:Function": ResourceType(
        create_function,
        read_function,
        update_function,
        delete_function,
        replaces=frozenset({"name", "packageType", "region"}),
        computed=frozenset({"region", "timeout", "memorySize", "loggingConfig"}),
        outputs=("arn", "invokeArn", "qualifiedArn", "version"),
        name="name",
    ),
}
