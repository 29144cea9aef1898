"""What AWS, or least privilege, refuses in a resource policy: a small check that needs no AWS.

It checks custom templates and documents inside a map when the map is loaded. The tests check the
shipped templates with a full linter (parliament), whose import alone takes as long as `validate`
may take in all.

Policies have three judges, which share no code on purpose, so that a mistake in one does not hide
itself: this one judges what users write, before anything is created; `sandbox/rules` what reaches
its API, as AWS would; `secrets_component/iam/evaluator.py` who can do what under given policies.

The grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from secrets_component.errors import Finding, KeyPath, did_you_mean, shown
from secrets_component.secret_map.aws_types import PRINCIPAL, SERVICE

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
_EVERYONE = re.compile(r"\*")
_WITH_VARIABLE = re.compile(r".*\$\{.*", re.DOTALL)
"""Of a template; its value is checked where the map writes it."""
_ACTION = re.compile(r"\*|[a-z0-9-]+:[A-Za-z*?]+")
_EXACT_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z]+")
_SESSION = re.compile(
    r"arn:aws[a-z-]*:sts::\d{12}:(?:assumed-role|federated-user)/[\w+=,.@/-]+", re.ASCII
)
_PRINCIPAL_FORMS = {
    "AWS": (
        (_EVERYONE, _WITH_VARIABLE, PRINCIPAL, _SESSION),
        "`AWS`: expected account ids or ARNs of roles or users, never with a wildcard",
    ),
    "Service": ((_WITH_VARIABLE, SERVICE), "`Service`: expected `<name>.amazonaws.com`"),
}
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
    "gives access to everyone (`Principal: *` without a condition that limits the accounts), which "
    "AWS blocks; list the accounts or roles"
)


def findings(document: object, *, is_template: bool = False) -> Iterator[Finding]:
    """Yield what is wrong with a policy document, each with its path inside the document.

    Args:
        document: the document, as plain data.
        is_template: it may leave `Principal` to the map, and is held to least privilege: it grants
            single actions only, and no resource beyond the ones that it names.
    """
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), list | dict):
        yield (), "is not a policy document; expected a mapping with `Version` and `Statement`"
        return

    yield from _unknown_keys(document, _DOCUMENT, ())
    if document.get("Version", _VERSIONS[0]) not in _VERSIONS:
        yield ("Version",), f'`Version`: expected "{_VERSIONS[0]}"'

    for path, statement in _with_paths(document["Statement"]):
        if isinstance(statement, dict):
            yield from _statement_findings(statement, path, is_template=is_template)
        else:
            yield path, "a statement must be a mapping"


def _with_paths(statements: list[Any] | dict[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(statements, dict):
        yield ("Statement",), statements
        return

    for index, statement in enumerate(statements):
        yield ("Statement", index), statement


def _statement_findings(
    statement: Mapping[str, Any], path: KeyPath, *, is_template: bool
) -> Iterator[Finding]:
    yield from _unknown_keys(statement, _STATEMENT, path)
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        yield (*path, "Effect"), "`Effect`: expected `Allow` or `Deny`"

    yield from _action_findings(statement, path)
    if not is_template and statement.keys().isdisjoint(("Principal", "NotPrincipal")):
        yield path, "the statement has no `Principal`; a resource policy requires one"

    yield from _principal_findings(statement.get("Principal"), (*path, "Principal"))
    if effect == "Allow":
        yield from _too_open(statement, path)

    if effect == "Allow" and is_template:
        yield from _too_wide(statement, path)


def _action_findings(statement: Mapping[str, Any], path: KeyPath) -> Iterator[Finding]:
    if statement.keys().isdisjoint(("Action", "NotAction")):
        yield path, "the statement has no `Action`"

    for action in _listed(statement.get("Action")):
        if not _has_form(action, _ACTION):
            yield (*path, "Action"), "`Action`: expected `<service>:<Operation>`"


def _principal_findings(principal: object, path: KeyPath) -> Iterator[Finding]:
    if isinstance(principal, str):
        is_known_form = _has_form(principal, _EVERYONE, _WITH_VARIABLE)
        if not is_known_form:
            yield path, '`Principal`: expected `{"AWS": […]}` or `{"Service": […]}`'

        return

    if not isinstance(principal, dict):
        return

    for kind, (forms, message) in _PRINCIPAL_FORMS.items():
        for name in _listed(principal.get(kind)):
            if not _has_form(name, *forms):
                yield (*path, kind), message


def _has_form(value: object, *forms: re.Pattern[str]) -> bool:
    """Return whether a value is a string in one of these forms."""
    if not isinstance(value, str):
        return False

    return any(form.fullmatch(value) for form in forms)


def _too_open(statement: Mapping[str, Any], path: KeyPath) -> Iterator[Finding]:
    """Yield what gives access to everyone, or to everything."""
    if "NotPrincipal" in statement:
        yield (
            (*path, "NotPrincipal"),
            "`NotPrincipal` with `Allow` gives access to everyone else, which AWS blocks; list the "
            "accounts or roles in `Principal`",
        )

    if _is_public(statement):
        yield (*path, "Principal"), _PUBLIC

    if "NotAction" in statement:
        yield (
            (*path, "NotAction"),
            "`NotAction` with `Allow` grants all other actions; list the actions in `Action`",
        )


def _too_wide(statement: Mapping[str, Any], path: KeyPath) -> Iterator[Finding]:
    """Yield wildcards that grant more than they seem to."""
    actions = _listed(statement.get("Action"))
    if not all(_has_form(action, _EXACT_ACTION) for action in actions):
        yield (*path, "Action"), "wildcards are not allowed in `Action`; list the actions"

    resources = _listed(statement.get("Resource"))
    if any(str(resource).endswith("-*") for resource in resources):
        yield (
            (*path, "Resource"),
            "`Resource`: `-*` also matches longer names; write `-??????` for the six characters "
            "that AWS adds",
        )


def _is_public(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    names = [principal]
    if isinstance(principal, dict):
        names = _listed(principal.get("AWS"))

    return "*" in names and not _narrows(statement.get("Condition"))


def _narrows(condition: object) -> bool:
    """Return whether a condition limits whose accounts or networks a statement is for."""
    if not isinstance(condition, dict):
        return False

    for operator, keys in condition.items():
        is_loose = "Not" in operator or operator.endswith("IfExists")
        if is_loose or not isinstance(keys, dict):
            continue

        names = {key.lower() for key in keys}
        if not _NARROWING.isdisjoint(names):
            return True

    return False


def _unknown_keys(
    block: Mapping[str, Any], known: tuple[str, ...], path: KeyPath
) -> Iterator[Finding]:
    for key in block:
        if key not in known:
            yield (*path, key), f"unknown key{shown(key)}{did_you_mean(key, known)}"


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 # any JSON value
    """Return a list of what may be one, several, or absent."""
    if value is None:
        return []

    if isinstance(value, list):
        return value

    return [value]
