"""Passwords that a file holds in plain text: found by the names of fields and entries."""

from __future__ import annotations

import re
from collections.abc import Mapping

from secrets_component.errors import KeyPath, Report, shown
from secrets_component.secret_map import references
from secrets_component.secret_map.walk import nodes
from secrets_component.secret_map.yaml_text import Data

# Compiled at first use, by `re` itself: `validate` must start fast.
_SENSITIVE = (
    r".*(?:password|passwd|passphrase|secret|token|credentials?|api_?key|private_?key)_?\d*"
    r"|(?:.*_)?(?:pwd|(?:access|auth|encryption|license|secret|signing)_?key)_?\d*"
)
_VALUES = frozenset({"secret_binary", "secret_data"})
_CAMEL_HUMP = r"(?<=[a-z0-9])(?=[A-Z])"
_LOGIN_IN_URL = r"://[^\s/?#@:]*+:[^\s/?#@$]++@"
_WARNING = (
    "is a secret in plain text: whoever can read this file can read it; write `${config.<key>}` or "
    "`${env.<NAME>}`, generate it (`generate_random_password`, `${random.<name>}`), or set "
    "`owner: operator` and fill the secret by hand"
)


def warn_of_plain_text(key: str, entry: Mapping[str, Data], path: KeyPath, report: Report) -> None:
    """Warn of the passwords, tokens and keys that an entry holds in plain text.

    Args:
        key: the entry's key.
        entry: what the file says about it.
        path: the entry's path in the map.
        report: gets the warnings, which never contain the value.
    """
    for field in _VALUES & entry.keys():
        value = entry[field]
        place = (*path, field)
        if isinstance(value, str):
            names = (key, str(entry.get("name")))
            _look_into_text(value, place, report, names)
        else:
            _look_into_mapping(value, place, report)


def _look_into_mapping(data: Data, path: KeyPath, report: Report) -> None:
    for place, value in nodes(data, path):
        if _is_password(place, value):
            report.warn(place, _WARNING, at_value=True)


def _look_into_text(text: str, path: KeyPath, report: Report, names: tuple[str, str]) -> None:
    """Report the passwords in a value that is text; by its `names`, all of it may be one."""
    document: object = None
    if text.lstrip().startswith(("{", "[")):
        document = references.json_document(references.parse(text, []))

    if document is not None:
        _look_into_json(document, path, report)
        return

    is_password = _is_plain(text) and any(map(_is_sensitive, names))
    if is_password or re.search(_LOGIN_IN_URL, text):
        report.warn(path, _WARNING, at_value=True)


def _look_into_json(document: object, path: KeyPath, report: Report) -> None:
    """Report the passwords in a JSON document, whose fields are somewhere in one text."""
    for place, value in nodes(document):
        if not _is_password(place, value):
            continue

        key = str(place[-1])
        name = shown(key).strip() or "a field"
        report.warn_at_text(path, f'"{key}"', f"{name} {_WARNING}")


def _is_password(place: KeyPath, value: object) -> bool:
    """Return whether a value is a password in plain text, by the name of its field."""
    return _is_plain(value) and _is_sensitive(str(place[-1]))


def _is_sensitive(name: str) -> bool:
    """Return whether a name is that of a password, token or key."""
    words = re.sub(_CAMEL_HUMP, "_", name).lower().replace("-", "_")
    return re.fullmatch(_SENSITIVE, words) is not None


def _is_plain(value: object) -> bool:
    """Return whether a value may be a secret in plain text: no reference, no ARN, not empty."""
    if isinstance(value, bool):
        return False

    if isinstance(value, int | float):
        return True

    if not isinstance(value, str) or not value:
        return False

    return "${" not in value and not value.startswith("arn:")
