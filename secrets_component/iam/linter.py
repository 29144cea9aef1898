"""What AWS, or least privilege, refuses in a resource policy: a small check that needs no AWS.

It stands at load for templates of a user's own and for documents inside a map. The shipped
templates are held to a whole linter (parliament) in the tests: that takes as long to import as
`validate` may take in all.

The grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from secrets_component.errors import did_you_mean
from secrets_component.secret_map.aws_types import PRINCIPAL, SERVICE
from secrets_component.secret_map.yaml_text import Path_

_DOCUMENT = ("Version", "Id", "Statement")
_STATEMENT = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_VERSIONS = ("2012-10-17", "2008-10-17")
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z*?]+")
_EXACT_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z]+")
_SESSION = re.compile(r"arn:aws[a-z-]*:sts::\d{12}:(?:assumed-role|federated-user)/[\w+=,.@/-]+")
_NARROWING = frozenset(
    f"aws:{name.lower()}"
    for name in (
        "PrincipalOrgID", "PrincipalOrgPaths", "PrincipalAccount", "PrincipalArn", "SourceAccount",
        "SourceArn", "SourceOrgID", "SourceVpc", "SourceVpce", "SourceIp", "userid",
    )
)  # fmt: skip
"""Keys whose fixed values keep a policy from being public:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""
_PUBLIC = (
    "gives access to everyone (`Principal: *` without a condition that names accounts), which AWS "
    "blocks; name the accounts or roles"
)

Finding = tuple[Path_, str]


def findings(document: object, *, is_template: bool = False) -> Iterator[Finding]:
    """Yield what is wrong with a policy document, each with its path inside the document.

    Args:
        document: the document, as plain data.
        is_template: it may leave `Principal` to the map, and is held to least privilege: it grants
            single actions only, and no resource beyond the ones that it names.
    """
    statements = document.get("Statement") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(statements, list | dict):
        yield (), "is not a policy document; it needs `Version` and `Statement`"
        return
    yield from _unknown_keys(document, _DOCUMENT, ())
    if document.get("Version", _VERSIONS[0]) not in _VERSIONS:
        yield ("Version",), f'`Version`: expected "{_VERSIONS[0]}"'
    if isinstance(statements, dict):
        yield from _statement(statements, ("Statement",), is_template=is_template)
        return
    for index, statement in enumerate(statements):
        path = ("Statement", index)
        if isinstance(statement, dict):
            yield from _statement(statement, path, is_template=is_template)
        else:
            yield path, "a statement must be a mapping"


def _statement(
    statement: Mapping[str, Any], path: Path_, *, is_template: bool
) -> Iterator[Finding]:
    yield from _unknown_keys(statement, _STATEMENT, path)
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield (*path, "Effect"), "`Effect`: expected `Allow` or `Deny`"
    if "Action" not in statement and "NotAction" not in statement:
        yield path, "a statement without `Action`"
    if not is_template and "Principal" not in statement and "NotPrincipal" not in statement:
        yield path, "a statement without `Principal`; a secret's policy must say whom it is about"
    yield from _principals(statement.get("Principal"), (*path, "Principal"))
    for action in _listed(statement.get("Action")):
        if not isinstance(action, str) or not (action == "*" or _ACTION.fullmatch(action)):
            yield (*path, "Action"), "`Action`: expected `<service>:<Operation>`"
    if statement.get("Effect") == "Allow":
        yield from _too_open(statement, path)
        if is_template:
            yield from _too_wide(statement, path)


def _too_open(statement: Mapping[str, Any], path: Path_) -> Iterator[Finding]:
    """Yield what gives access to everyone, or to everything."""
    if "NotPrincipal" in statement:
        yield (*path, "NotPrincipal"), "`NotPrincipal` with `Allow` " + _PUBLIC
    if _is_public(statement):
        yield (*path, "Principal"), _PUBLIC
    if "NotAction" in statement:
        yield (*path, "NotAction"), "`NotAction` with `Allow` grants all other actions; list them"


def _too_wide(statement: Mapping[str, Any], path: Path_) -> Iterator[Finding]:
    """Yield wildcards that grant more than they seem to."""
    if not all(_EXACT_ACTION.fullmatch(str(one)) for one in _listed(statement.get("Action"))):
        yield (*path, "Action"), "`Action`: a wildcard grants more than is meant; list the actions"
    if any(str(one).endswith("-*") for one in _listed(statement.get("Resource"))):
        yield (
            (*path, "Resource"),
            "`Resource`: `-*` also matches longer names; write `-??????` for the six characters "
            "that AWS adds",
        )


def _principals(principal: Any, path: Path_) -> Iterator[Finding]:  # noqa: ANN401 # any JSON value
    if isinstance(principal, str):
        if principal != "*" and "${" not in principal:
            yield path, '`Principal`: expected `{"AWS": […]}` or `{"Service": […]}`'
        return
    if not isinstance(principal, dict):
        return
    for name in _listed(principal.get("AWS")):
        known = isinstance(name, str) and (
            name == "*" or "${" in name or PRINCIPAL.fullmatch(name) or _SESSION.fullmatch(name)
        )
        if not known:
            yield (
                (*path, "AWS"),
                "`AWS`: expected account ids or ARNs of roles or users, never with a wildcard",
            )
    for name in _listed(principal.get("Service")):
        if not (isinstance(name, str) and ("${" in name or SERVICE.fullmatch(name))):
            yield (*path, "Service"), "`Service`: expected `<name>.amazonaws.com`"


def _is_public(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    everyone = principal == "*" or (
        isinstance(principal, dict) and "*" in _listed(principal.get("AWS"))
    )
    condition = statement.get("Condition")
    return everyone and not _narrows(condition if isinstance(condition, dict) else {})


def _narrows(condition: Mapping[str, Any]) -> bool:
    return any(
        key.lower() in _NARROWING
        for operator, keys in condition.items()
        if "Not" not in operator and not operator.endswith("IfExists") and isinstance(keys, dict)
        for key in keys
    )


def _unknown_keys(
    block: Mapping[str, Any], known: tuple[str, ...], path: Path_
) -> Iterator[Finding]:
    for key in block:
        if key not in known:
            hint = did_you_mean(key, known)
            yield (*path, key), f"no such key in a policy document{hint}"


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 # any JSON value
    return value if isinstance(value, list) else [] if value is None else [value]
