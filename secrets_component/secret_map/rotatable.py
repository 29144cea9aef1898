"""What the built-in rotation functions can rotate: the forms of a value, and its new password."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from secrets_component.errors import Finding, KeyPath
from secrets_component.secret_map import references
from secrets_component.secret_map.model import Entry, RandomPassword
from secrets_component.secret_map.references import Placeholder, ReferenceKind

_ENGINES = {
    "postgres": ("postgres", "aurora-postgresql"),
    "mysql": ("mysql", "mariadb", "aurora-mysql"),
}
"""The values of `engine` that a built-in function supports, by the first word of its name."""

_LOGIN_FIELDS = ("engine", "host", "username", "password")
"""The required fields of a database secret.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
"""


def of_rotated_value(entry: Entry, function: str) -> Iterator[Finding]:
    """Yield why a built-in function could not rotate the entry's value, or would break it."""
    if entry.secret_binary is not None:
        yield ("rotation",), "built-in functions cannot rotate `secret_binary`"

    engines = _ENGINES.get(function.partition("-")[0])
    if engines is None:
        yield from _unfit_for_password(entry, function)
    else:
        yield from _unfit_for_login(entry, function, engines)
        yield from _unportable_password(entry)

    yield from _other_than_password(entry, function)
    yield from _unprotected_fields(entry, function)


def rotated_password(entry: Entry) -> tuple[KeyPath, RandomPassword]:
    """Return how rotation generates new passwords: as the password of the value was generated.

    Returns:
        The options and their path in the entry: those of `${random.<name>}` in the value or its
        field `password`, otherwise `random_password`.
    """
    for name in _generated_for_password(entry):
        options = entry.random[name]
        if isinstance(options, RandomPassword):
            return ("random", name), options

    return ("random_password",), entry.random_password


def _generated_for_password(entry: Entry) -> list[str]:
    """Return the names under `random` that the value, or its field `password`, is made of."""
    data = entry.secret_data
    fields = _fields_of(data)
    text = data if fields is None else fields.get("password")
    if not isinstance(text, str):
        return []

    names = []
    for reference in references.parse(text, []).references:
        name = reference.path[0]
        if reference.kind is ReferenceKind.RANDOM and name in entry.random:
            names.append(name)

    return names


def field_list(fields: Iterable[str]) -> str:
    """Return the names of fields as a message lists them."""
    return ", ".join(f"`{field}`" for field in fields)


def _fields_of(data: str | dict[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the fields of a structured value; None for any other value, and for none."""
    if not isinstance(data, str):
        return data

    document = references.json_document(references.parse(data, []))
    if isinstance(document, dict):
        return document

    return None


def _single_reference(data: str | dict[str, Any]) -> ReferenceKind | None:
    """Return the kind of the reference that a string consists of; None for any other value."""
    if isinstance(data, str):
        match references.parse(data, []).parts:
            case (Placeholder(reference),):
                return reference.kind

    return None


def _unfit_for_password(entry: Entry, function: str) -> Iterator[Finding]:
    """Yield why a value has no place for a new password, or would be lost for one."""
    data = entry.secret_data
    if data is None or _single_reference(data) is ReferenceKind.RANDOM:
        return

    fields = _fields_of(data)
    if fields is None:
        yield (
            ("secret_data",),
            f"`{function}` would replace this string with a password; use a mapping with "
            "`password`, exactly `${random.<name>}`, or `generate_random_password: true`",
        )
    elif "password" not in fields:
        yield ("secret_data",), f"is missing `password`, required by `{function}`"


def _unfit_for_login(entry: Entry, function: str, engines: tuple[str, ...]) -> Iterator[Finding]:
    """Yield why a value is no login of a database that the function supports."""
    if entry.generate_random_password:
        yield (
            ("rotation", "function"),
            "needs the database's connection details; replace `generate_random_password` with a "
            f"`secret_data` that has {field_list(_LOGIN_FIELDS)}",
        )

    data = entry.secret_data
    if data is None:
        return

    login = _fields_of(data)
    if login is not None:
        yield from _incomplete_login(login, function, engines)
    elif _single_reference(data) in (None, ReferenceKind.RANDOM):
        yield (
            ("secret_data",),
            f"`{function}` needs a mapping or a JSON object with {field_list(_LOGIN_FIELDS)}",
        )


def _incomplete_login(
    login: Mapping[str, Any], function: str, engines: tuple[str, ...]
) -> Iterator[Finding]:
    missing = [field for field in _LOGIN_FIELDS if not login.get(field)]
    if missing:
        yield ("secret_data",), f"is missing {field_list(missing)}, required by `{function}`"

    engine = login.get("engine")
    if not engine:
        return

    is_reference = "${" in str(engine)
    is_supported = str(engine) in engines
    if not is_reference and not is_supported:
        yield ("secret_data", "engine"), f"`{function}` supports only {field_list(engines)}"


def _other_than_password(entry: Entry, function: str) -> Iterator[Finding]:
    """Yield what a function would replace with a password, though it is none."""
    for name in _generated_for_password(entry):
        kind = entry.random[name].kind
        if kind != "password":
            yield (
                ("random", name),
                f"`{function}` would replace this `{kind}` with a password; use your own function "
                "(`rotation_lambda_arn`), or turn rotation off and change `keepers` instead",
            )


def _unportable_password(entry: Entry) -> Iterator[Finding]:
    """Yield where a password may get characters with which its user could not log in.

    PyMySQL sends a password as Latin-1, other clients as UTF-8; SCRAM's clients change it before
    they hash it (RFC 5802, RFC 4013), and not all of them do.
    """
    path, options = rotated_password(entry)
    characters = options.characters
    if not (characters.isascii() and characters.isprintable()):
        yield (
            (*path, "override_special"),
            "database clients encode characters outside printable ASCII differently, so that "
            "the database would refuse the password; remove the others",
        )


def _unprotected_fields(entry: Entry, function: str) -> Iterator[Finding]:
    """Yield where the map would write back a field that rotation writes."""
    written = ["password"]
    if function.endswith("alternating-users"):
        written.insert(0, "username")

    if entry.rotated_fields and not set(written).issubset(entry.rotated_fields):
        yield (
            ("rotated_fields",),
            f"must include {field_list(written)}, which `{function}` writes: "
            f"`rotated_fields: [{', '.join(written)}]`",
        )
