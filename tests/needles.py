"""Looks for values in everything that a run touches: texts, files with their modes, AWS itself."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import urllib.parse
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

_SHORTEST = 8
"""Characters; a shorter text, such as a user's name, is found by chance."""

Aws = Any


def forms_of(value: bytes) -> set[bytes]:
    """Return a value, each text in it if it is JSON, and what these become in other formats."""
    parts = {value}
    with contextlib.suppress(ValueError):  # no JSON, so only the value itself
        parts |= {text.encode() for text in _texts_in(json.loads(value))}

    forms: set[bytes] = set()
    for part in parts:
        if len(part) < _SHORTEST:
            continue
        forms |= {part, base64.b64encode(part).rstrip(b"="), part.hex().encode()}
        forms.add(urllib.parse.quote_from_bytes(part, safe="").encode())
        forms.add(json.dumps(part.decode("utf-8", "surrogateescape"))[1:-1].encode())
    return forms


def _texts_in(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for inner in node.values():
            yield from _texts_in(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _texts_in(inner)


def values_of_account(client: Aws, prefix: str) -> set[bytes]:
    """Return every version of every secret whose name begins with a prefix."""
    found: set[bytes] = set()
    for secret in client.get_paginator("list_secrets").paginate().build_full_result()["SecretList"]:
        if not secret["Name"].startswith(prefix):
            continue
        versions = client.list_secret_version_ids(SecretId=secret["ARN"])["Versions"]
        for version in versions:
            held = client.get_secret_value(SecretId=secret["ARN"], VersionId=version["VersionId"])
            found.add(held.get("SecretBinary") or held["SecretString"].encode())
    return found


def in_text(text: str | bytes, needles: Sequence[bytes]) -> int:
    """Return how many lines hold a needle; never the lines themselves."""
    content = text.encode() if isinstance(text, str) else text
    return sum(any(needle in line for needle in needles) for line in content.splitlines())


def files_below(*folders: Path, but: Sequence[str] = ()) -> dict[str, bytes]:
    """Return the files below folders, those in zips as well, by where they are."""
    found: dict[str, bytes] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.name not in but and path.is_file() and not path.is_symlink():
                found.update(content_of(path))
    return found


def content_of(path: Path) -> dict[str, bytes]:
    """Return a file and, if it is a zip, what is in it."""
    found = {str(path): path.read_bytes()}
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                found[f"{path}!{name}"] = archive.read(name)
    return found


class WatchedFolder:
    """A folder for temporary files, looked at all the time while commands run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: dict[str, tuple[int, bytes]] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> WatchedFolder:
        self.folder.mkdir(exist_ok=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ends.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ends.wait(0.02):
            for path in self.folder.rglob("*"):
                try:
                    if path.is_file():
                        self.seen[str(path)] = (path.stat().st_mode, path.read_bytes())
                except OSError:
                    continue  # gone by now


def described_by_aws(aws: Aws) -> dict[str, str]:
    """Return all that services other than Secrets Manager hold, and what it says without values."""
    found: dict[str, Any] = {}
    functions = aws("lambda").list_functions(MaxItems=1000)["Functions"]
    found["functions, their environments and descriptions"] = functions
    events = aws("events")
    rules = events.list_rules()["Rules"]
    found["rules"] = rules
    found["targets with their inputs"] = [
        events.list_targets_by_rule(Rule=rule["Name"])["Targets"] for rule in rules
    ]
    sns = aws("sns")
    found["topics"] = [
        sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        for topic in sns.list_topics()["Topics"]
    ]
    found["keys"] = [
        aws("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        for key in aws("kms").list_keys(Limit=1000)["Keys"]
    ]
    iam = aws("iam")
    found["roles"] = iam.list_roles(MaxItems=1000)["Roles"]
    found["policies"] = iam.get_account_authorization_details(MaxItems=1000)["Policies"]
    logs = aws("logs")
    groups = logs.describe_log_groups()["logGroups"]
    found["logs"] = [
        logs.filter_log_events(logGroupName=group["logGroupName"])["events"] for group in groups
    ]
    found["secrets without their values"] = [
        aws("secretsmanager").describe_secret(SecretId=secret["ARN"])
        for secret in aws("secretsmanager")
        .get_paginator("list_secrets")
        .paginate()
        .build_full_result()["SecretList"]
    ]
    return {name: json.dumps(content, default=str) for name, content in found.items()}


def code_of_functions(aws: Aws, context: str) -> dict[str, bytes]:
    """Return the environment and code of the functions of a context, by their names."""
    found: dict[str, bytes] = {}
    for function in aws("lambda").list_functions(MaxItems=1000)["Functions"]:
        if context in function["FunctionName"]:
            described = aws("lambda").get_function(FunctionName=function["FunctionName"])
            found[function["FunctionName"]] = json.dumps(described, default=str).encode()
    return found
