"""The contradictions of `rules.py` that a JSON Schema can state, for editors to show as one types.

Whatever `validate` accepts, these accept: where a default could make an entry right, a rule holds
only in maps whose `defaults` set none of its fields.

Conditions stand under `if: {not: …}` and consequences under `else`: editors complete keys from what
stands under a plain `if` or `then`, and again from a second `not` inside of the first.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

UNSET = {"$ref": "#/definitions/Unset"}
_SET: Schema = {"not": UNSET}
_ON: Schema = {"not": {"enum": [False, "false", "False", "FALSE"]}}
_OFF: Schema = {"not": {"enum": [True, "true", "True", "TRUE"]}}
"""What is not off is on: to yaml-language-server 1.18, no boolean equals a `const`."""

_FILLED: Schema = {"type": "array", "minItems": 1}

_TEXT = (
    r"^(?:[^$]|\$+(?![${])|(?:\$\$)+\{"
    r"|(?:\$\$)*\$\{(?:output|random|config|env|file)\.[^}]*\})*$"
)
"""A text whose references are of a known kind, and closed; `$${` starts none."""

_BASE64 = r"^[A-Za-z0-9+/\n]+[=\n]*$|\$\{"

ENTRY_FIELDS = (
    "generate_random_password",
    "import",
    "name",
    "on_rotate",
    "owner",
    "random",
    "restore_deleted",
    "rotated_fields",
    "rotation",
    "rotation_automatically",
    "rotation_days",
    "rotation_lambda_arn",
    "rotation_schedule",
    "secret_binary",
    "secret_data",
)
"""The fields whose default could make one of `alone()` right, or that `alone()` compares."""


def when(condition: Schema, consequence: Schema) -> Schema:
    """Return the rule that a consequence holds where a condition does."""
    return {"if": {"not": {"type": "object", **condition}}, "else": consequence}


def _having(**fields: Schema) -> Schema:
    """Return the condition that a mapping has fields, each with such a value."""
    names = {name.removesuffix("_"): schema for name, schema in fields.items()}
    return {"required": list(names), "properties": names}


def _without(*fields: str) -> Schema:
    """Return the condition that a mapping has none of some fields."""
    return {"not": {"anyOf": [{"required": [field]} for field in fields]}}


def _other_than(field: str, *values: Schema) -> Schema:
    """Return the condition that a field is not there, or has one of some other values."""
    return {"anyOf": [_without(field), *(_having(**{field: value}) for value in values)]}


def _refusing(field: str, message: str) -> Schema:
    """Return the consequence that a field, which is there, must not be."""
    return {"properties": {field: False}, "errorMessage": message}


def _needing(**fields: Schema) -> Schema:
    """Return the consequence that there must be one of some fields with such a value."""
    choices = []
    for name, schema in fields.items():
        choices.append(_having(**{name: schema}))

    if len(choices) == 1:
        return choices[0]

    return {"anyOf": choices}


def _not_both(first: str, first_value: Schema, second: str, second_value: Schema) -> Schema:
    condition = _having(**{first: first_value, second: second_value})
    message = f"`{second}` and `{first}` are mutually exclusive; remove one"
    return when(condition, _refusing(second, message))


def _below(field: str, rules: Schema) -> Schema:
    """Return the rule that the value of a field obeys rules of its own."""
    return when({"required": [field]}, {"properties": {field: rules}})


def _all(*rules: Schema) -> Schema:
    return {"type": "object", "allOf": list(rules)}


def map_rules() -> Schema:
    """Return the rules for the fields at the top of a map."""
    key = _having(kms={"type": "object", **_having(create=_ON)}, default_kms_key_id=_SET)
    message = "`kms.create` and `default_kms_key_id` are mutually exclusive; remove one"
    takes_no_defaults = {
        "properties": {"defaults": {"type": "object", **_without(*ENTRY_FIELDS)}},
        "required": ["secrets"],
    }
    entries = {"type": "object", "additionalProperties": {"$ref": "#/definitions/EntryAlone"}}
    return _all(
        when(key, _refusing("default_kms_key_id", message)),
        _below("kms", {"$ref": "#/definitions/KmsRules"}),
        _below("alarms", _all(_not_both("topic_arn", _SET, "create", _ON))),
        _below("access", {"$ref": "#/definitions/AccessRules"}),
        _below("stacks", _keys_other_than("secretsmanager", "refers to this map itself")),
        when(takes_no_defaults, {"properties": {"secrets": entries}}),
    )


def _keys_other_than(pattern: str, message: str) -> Schema:
    names = {"type": "string", "pattern": f"^(?!{pattern}$)", "errorMessage": message}
    return {"type": "object", "propertyNames": names}


def kms() -> Schema:
    """Return the rules for the key that a map creates."""
    no_effect = "has no effect without `create: true`"
    alias = {"type": "string", "pattern": "^(?!(?:alias/)?aws/)[A-Za-z0-9/_-]+$"}
    return _all(
        when(
            {**_having(multi_region=_ON), **_other_than("create", _OFF)},
            _refusing("multi_region", no_effect),
        ),
        _below("alias", {"anyOf": [alias, UNSET]}),
    )


def grants() -> Schema:
    """Return the rules for who can use secrets."""
    empty = {"type": "array", "maxItems": 0}
    nobody = [_other_than("readers", empty), _other_than("admins", empty)]
    message = "has no effect without `readers` or `admins`"
    return _all(
        when(
            {**_having(organization_id=_SET), "allOf": nobody},
            _refusing("organization_id", message),
        )
    )


def access() -> Schema:
    """Return the rules for who can use the secrets of a map, or of its paths."""
    rules = {"$ref": "#/definitions/GrantsRules"}
    paths = {"type": "object", "additionalProperties": rules}
    return _all(rules, _below("paths", paths))


def password() -> Schema:
    """Return the rules for the options of a generated password."""
    rules = []
    for name in ("lower", "upper", "numeric", "special"):
        used = {"type": "integer", "minimum": 1}
        condition = _having(**{f"min_{name}": used, name: _OFF})
        rules.append(when(condition, _refusing(f"min_{name}", f"contradicts `{name}: false`")))

    nothing = _having(lower=_OFF, upper=_OFF, numeric=_OFF, special=_OFF)
    rules.append(when(nothing, _refusing("special", "all character classes are off")))
    return _all(*rules)


def generated() -> Schema:
    """Return the rules for a value under `random`."""
    rules = [{"$ref": "#/definitions/PasswordRules"}]
    for field, algorithm in (("curve", "ecdsa"), ("bits", "rsa")):
        condition = _having(**{field: _SET, "kind": {"const": "key_pair"}})
        other = {**condition, **_other_than("algorithm", {"not": {"const": algorithm}})}
        message = f"has no effect without `algorithm: {algorithm}`"
        rules.append(when(other, _refusing(field, message)))

    return _all(*rules)


def hosted_rotation() -> Schema:
    """Return the rules for a built-in rotation function, where the secret rotates."""
    alternating = _having(function={"type": "string", "pattern": "alternating-users$"})
    simple = _having(function={"type": "string", "not": {"pattern": "alternating-users$"}})
    bundle = _having(function={"const": "generated-password"}, ca_bundle=_SET)
    one, other = "subnet_ids", "security_group_ids"
    return _all(
        when(alternating, _needing(superuser_secret_arn=_SET)),
        when(
            {"allOf": [simple, _having(superuser_secret_arn=_SET)]},
            _refusing("superuser_secret_arn", "has an effect with `alternating-users` only"),
        ),
        when(bundle, _refusing("ca_bundle", "has no effect with `generated-password`")),
        when(_having(**{one: _FILLED}), _needing(**{other: _FILLED})),
        when(_having(**{other: _FILLED}), _needing(**{one: _FILLED})),
    )


def entry() -> Schema:
    """Return the rules for an entry, whatever the map's `defaults` are."""
    maybe_rotates = _other_than("rotation_automatically", _ON)
    rotates = _having(rotation_automatically=_ON, rotation={"type": "object"})
    recovery = {
        "anyOf": [
            {"const": 0, "errorMessage": "must be 0 or from 7 to 30"},
            {"type": "integer", "minimum": 7},
        ]
    }
    both_schedules = {**_having(rotation_days=_SET, rotation_schedule=_SET), **maybe_rotates}
    both_functions = {**_having(rotation_lambda_arn=_SET, rotation=_SET), **maybe_rotates}
    exclusive = "`{}` and `{}` are mutually exclusive; remove one"
    return _all(
        _not_both("generate_random_password", _ON, "secret_data", _SET),
        _not_both("generate_random_password", _ON, "secret_binary", _SET),
        _not_both("secret_data", _SET, "secret_binary", _SET),
        _not_both("import", _SET, "restore_deleted", _ON),
        when(
            both_schedules,
            _refusing("rotation_schedule", exclusive.format("rotation_schedule", "rotation_days")),
        ),
        when(
            both_functions,
            _refusing("rotation", exclusive.format("rotation", "rotation_lambda_arn")),
        ),
        when(rotates, {"properties": {"rotation": {"$ref": "#/definitions/RotationRules"}}}),
        when(
            _having(owner={"const": "rotation"}, rotation_automatically=_OFF),
            _refusing("owner", "`rotation` needs `rotation_automatically: true`"),
        ),
        when(
            _having(owner={"const": "map"}, rotated_fields=_FILLED),
            _refusing("rotated_fields", "with `owner: map`, only the map writes the value"),
        ),
        when(
            _having(random_password={"type": "object"}, generate_random_password=_OFF),
            _refusing("random_password", "needs `generate_random_password: true`"),
        ),
        _below("secret_data", {"$ref": "#/definitions/Texts"}),
        _below("secret_binary", {"anyOf": [_encoded(), UNSET]}),
        _below("recovery_window_in_days", recovery),
        _below("random_password", {"$ref": "#/definitions/PasswordRules"}),
        _below(
            "random",
            {"type": "object", "additionalProperties": {"$ref": "#/definitions/GeneratedRules"}},
        ),
        _below("access", {"$ref": "#/definitions/GrantsRules"}),
        _below("tags", _keys_other_than("[aA][wW][sS]:.*", "the tag prefix `aws:` is reserved")),
    )


def _encoded() -> Schema:
    return {"type": "string", "pattern": _BASE64, "errorMessage": "expected base64"}


def texts() -> Schema:
    """Return the rule for the texts in a value, at any depth."""
    text = {
        "type": "string",
        "pattern": _TEXT,
        "errorMessage": "unknown or unclosed reference; expected `${output.<component>.<name>}`, "
        "`${random.<name>}`, `${config.<key>}`, `${env.<NAME>}` or `${file.<path>}`; write `$${` "
        "for a literal `${`",
    }
    inner = {"$ref": "#/definitions/Texts"}
    nested: list[Schema] = [
        {"type": "object", "additionalProperties": inner},
        {"type": "array", "items": inner},
    ]
    return {"anyOf": [text, *nested, {"type": "number"}, {"type": "boolean"}, UNSET]}


def alone() -> Schema:
    """Return the further rules for an entry in a map whose defaults set none of these fields."""
    rotates, owned = _having(rotation_automatically=_ON), _having(owner=_SET)
    has_value: Schema = {
        "anyOf": [
            _having(generate_random_password=_ON),
            _having(secret_data=_SET),
            _having(secret_binary=_SET),
        ]
    }
    rules = [
        when(rotates, _needing(rotation=_SET, rotation_lambda_arn=_SET)),
        when(_having(owner={"const": "rotation"}), rotates),
        when(
            _having(random_password={"type": "object"}),
            _needing(generate_random_password=_ON),
        ),
        when(
            _having(random={"type": "object", "minProperties": 1}),
            _needing(secret_data=_SET, secret_binary=_SET),
        ),
        when(
            _having(on_rotate={"type": "array"}),
            _needing(rotation_automatically=_ON, import_=_SET),
        ),
        when(
            _having(rotated_fields=_FILLED),
            {
                "allOf": [
                    _having(secret_data=_SET),
                    _needing(rotation_automatically=_ON, owner={"const": "operator"}),
                ]
            },
        ),
        when(_having(replace_policy=_ON), _needing(import_=_SET)),
        when(_having(renamed_from=_SET), _needing(name=_SET)),
        when({**has_value, **_having(import_=_SET)}, owned),
        when({**has_value, **_having(restore_deleted=_ON)}, owned),
    ]
    for field in ("rotation_days", "rotation_schedule", "rotation_lambda_arn", "rotation"):
        rules.append(
            when(_having(**{field: _SET}), {"required": ["rotation_automatically"]}),
        )

    return _all(*rules)


def definitions() -> dict[str, Schema]:
    """Return the rules of all blocks by the names by which they refer to each other."""
    types = ("boolean", "number", "string", "array", "object")
    return {
        "Unset": {
            "description": "Without a value, as if the key were not there.",
            "not": {"anyOf": [{"type": name} for name in types]},
        },
        "MapRules": map_rules(),
        "EntryRules": {"title": "secret", **entry()},
        "EntryAlone": {"title": "secret", **alone()},
        "KmsRules": kms(),
        "AccessRules": access(),
        "GrantsRules": grants(),
        "PasswordRules": password(),
        "GeneratedRules": generated(),
        "RotationRules": hosted_rotation(),
        "Texts": texts(),
    }
