"""Lambda: functions, and who may call them."""

from __future__ import annotations

import io
import json
import zipfile
from functools import partial
from pathlib import Path

from sandbox.providers.cloud import (
    Cloud,
    all_tags,
    listed,
    shown_tags,
    update_tags,
    without_none,
)
from sandbox.providers.protocol import Created, Properties, ResourceType

_ASSETS, _TEXT, _PATH = "assets", "text", "path"  # how Pulumi writes archives and assets
_NAME_PART = 6  # of a function's ARN: arn:aws:lambda:region:account:function:name[:qualifier]
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # a zip cannot store an earlier date


def create_permission(cloud: Cloud, inputs: Properties) -> Created:
    """Add a statement to a function's policy."""
    statement = inputs["statementId"]
    cloud.call(
        "lambda",
        "add_permission",
        FunctionName=inputs["function"],
        StatementId=statement,
        Action=inputs["action"],
        Principal=inputs["principal"],
        SourceAccount=inputs.get("sourceAccount"),
        SourceArn=inputs.get("sourceArn"),
        Qualifier=inputs.get("qualifier"),
    )
    return statement, read_permission(cloud, statement, {**inputs, "statementId": statement})


def read_permission(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Find a statement in a function's policy.

    Function and qualifier are read from the statement's resource, the function in the form in which
    the program names it, without the qualifier (`permission.go` in terraform-provider-aws).
    """
    found = cloud.find(
        "lambda", "get_policy", **_qualified(state, {"FunctionName": state["function"]})
    )
    if found is None:
        return None

    for statement in json.loads(found["Policy"])["Statement"]:
        if statement["Sid"] == identity:
            return {**state, **_function_of(statement["Resource"], state["function"])}

    return None


def _function_of(resource: str, written: str) -> Properties:
    parts = resource.split(":")
    function, qualifier = parts[_NAME_PART], None
    if written.startswith("arn:"):
        function = ":".join(parts[: _NAME_PART + 1])

    if len(parts) > _NAME_PART + 1:
        qualifier = parts[-1]

    return {"function": function, "qualifier": qualifier}


def _qualified(state: Properties, arguments: Properties) -> Properties:
    if state.get("qualifier"):
        return {**arguments, "Qualifier": state["qualifier"]}

    return arguments


def delete_permission(cloud: Cloud, identity: str, state: Properties) -> None:
    """Remove a statement from a function's policy."""
    statement = {"FunctionName": state["function"], "StatementId": identity}
    cloud.find("lambda", "remove_permission", **_qualified(state, statement))


def create_function(cloud: Cloud, inputs: Properties) -> Created:
    """Create a function from an archive of files or of texts."""
    cloud.call(
        "lambda",
        "create_function",
        FunctionName=inputs["name"],
        Code={"ZipFile": _zipped(inputs["code"])},
        **_settings(inputs),
        Tags=all_tags(inputs) or None,
    )
    return inputs["name"], read_function(cloud, inputs["name"], inputs)


def read_function(cloud: Cloud, identity: str, state: Properties) -> Properties | None:
    """Describe a function."""
    found = cloud.find("lambda", "get_function", FunctionName=identity)
    if found is None:
        return None

    function = found["Configuration"]
    variables = function.get("Environment", {}).get("Variables")
    return {
        "arn": function["FunctionArn"],
        "name": identity,
        "description": function.get("Description") or None,
        "handler": function.get("Handler"),
        "role": function["Role"],
        "runtime": function.get("Runtime"),
        "timeout": function["Timeout"],
        "environment": {"variables": variables} if variables else None,
        "code": state.get("code"),
        "loggingConfig": state.get("loggingConfig"),
        "vpcConfig": state.get("vpcConfig"),
        "deadLetterConfig": state.get("deadLetterConfig"),
        **shown_tags(cloud, found.get("Tags") or {}, state),
    }


def update_function(
    cloud: Cloud, identity: str, olds: Properties, news: Properties
) -> Properties | None:
    """Change a function's tags, code and settings."""
    call = partial(cloud.call, "lambda")
    arn = olds["arn"]
    update_tags(
        olds,
        news,
        lambda gone: call("untag_resource", Resource=arn, TagKeys=gone),
        lambda added: call("tag_resource", Resource=arn, Tags=added),
    )
    if olds.get("code") != news["code"]:
        cloud.call(
            "lambda",
            "update_function_code",
            FunctionName=identity,
            ZipFile=_zipped(news["code"]),
        )

    settings = without_none(_settings(news))
    cloud.call(
        "lambda",
        "update_function_configuration",
        FunctionName=identity,
        **{"Description": "", "Environment": {"Variables": {}}, **settings},
    )
    return read_function(cloud, identity, news)


def delete_function(cloud: Cloud, identity: str, _: Properties) -> None:
    """Delete a function."""
    cloud.find("lambda", "delete_function", FunctionName=identity)


def _settings(inputs: Properties) -> Properties:
    settings: Properties = {
        "Role": inputs["role"],
        "Handler": inputs.get("handler"),
        "Runtime": inputs.get("runtime"),
        "Description": inputs.get("description"),
        "Timeout": inputs.get("timeout"),
        "MemorySize": inputs.get("memorySize"),
        "Layers": inputs.get("layers"),
    }
    environment = inputs.get("environment")
    if environment:
        settings["Environment"] = {"Variables": environment.get("variables") or {}}

    logging = inputs.get("loggingConfig")
    if logging:
        settings["LoggingConfig"] = {"LogFormat": logging["logFormat"]}
        if logging.get("logGroup"):
            settings["LoggingConfig"]["LogGroup"] = logging["logGroup"]

    network = inputs.get("vpcConfig")
    if network:
        settings["VpcConfig"] = {
            "SubnetIds": listed(network, "subnetIds"),
            "SecurityGroupIds": listed(network, "securityGroupIds"),
        }

    letters = inputs.get("deadLetterConfig")
    if letters:
        settings["DeadLetterConfig"] = {"TargetArn": letters["targetArn"]}

    return settings


def _zipped(archive: Properties) -> bytes:
    """Return an archive as a zip: as it is if it is one, else packed, the same every time."""
    if archive.get(_PATH) and Path(archive[_PATH]).is_file():
        return Path(archive[_PATH]).read_bytes()

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in sorted(_files(archive).items()):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.external_attr = 0o644 << 16
            target.writestr(entry, content)

    return packed.getvalue()


def _files(archive: Properties) -> dict[str, bytes]:
    """Return an archive's files by their names in it, from a folder or from assets."""
    if archive.get(_PATH):
        return _files_below(Path(archive[_PATH]))

    files: dict[str, bytes] = {}
    for name, asset in archive[_ASSETS].items():
        if asset.get(_TEXT) is not None:
            files[name] = asset[_TEXT].encode()
        elif Path(asset[_PATH]).is_dir():
            for inner, content in _files_below(Path(asset[_PATH])).items():
                files[f"{name}/{inner}"] = content
        else:
            files[name] = Path(asset[_PATH]).read_bytes()

    return files


def _files_below(folder: Path) -> dict[str, bytes]:
    files = {}
    for path in folder.rglob("*"):
        if path.is_file():
            files[str(path.relative_to(folder))] = path.read_bytes()

    return files


TYPES = {
    "aws:lambda/permission:Permission": ResourceType(
        create_permission,
        read_permission,
        None,
        delete_permission,
    ),
    "aws:lambda/function:Function": ResourceType(
        create_function,
        read_function,
        update_function,
        delete_function,
    ),
}
