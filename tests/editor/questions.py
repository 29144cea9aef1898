"""What an editor is asked: every map of the repository, and one question per kind of help.

`▮` in a text is the cursor.
"""

from __future__ import annotations

from dataclasses import dataclass

CURSOR = "▮"
_MAP = "context_name: shop\n"
_ENTRY = f"{_MAP}secrets:\n  db:\n    "


@dataclass(frozen=True)
class Completion:
    """A text in which something is completed.

    Attributes:
        offered: labels that must be among those offered, with the text that each inserts.
        alone: nothing else may be offered.
    """

    text: str
    offered: dict[str, str]
    alone: bool = False


@dataclass(frozen=True)
class Hover:
    """A text in which something is pointed at, and a sentence that must be shown."""

    text: str
    sentence: str


COMPLETIONS = {
    "empty file": Completion(CURSOR, {"context_name": "context_name: ", "secrets": "secrets:\n  "}),
    "field of the map": Completion(
        f"{_MAP}{CURSOR}", {"environment": "environment: ", "kms": "kms:\n  ", "tags": "tags:\n  "}
    ),
    "field of a secret": Completion(
        f"{_ENTRY}{CURSOR}",
        {
            "path": "path: ",
            "owner": "owner: ",
            "generate_random_password": "generate_random_password: ",
            "rotation_automatically": "rotation_automatically: ",
            "rotation_days": "rotation_days: ${1:30}",
            "policy": "policy: ",
        },
    ),
    "field begun": Completion(f"{_ENTRY}path: rds\n    own{CURSOR}", {"owner": "owner: "}),
    "field in the Atmos form": Completion(
        f"components:\n  terraform:\n    secretsmanager:\n      vars:\n        {CURSOR}",
        {"context_name": "context_name: ", "secrets": "secrets:\n  "},
    ),
    "owner": Completion(
        f"{_ENTRY}owner: {CURSOR}",
        {"map": "map", "rotation": "rotation", "operator": "operator"},
        alone=True,
    ),
    "yes or no": Completion(
        f"{_ENTRY}protect: {CURSOR}", {"true": "true", "false": "false"}, alone=True
    ),
    "template of a policy": Completion(
        f"{_ENTRY}policy:\n      template: {CURSOR}",
        {
            "read-secret-policy": "read-secret-policy",
            "admin-secret-policy": "admin-secret-policy",
            "cross-account-secret-policy": "cross-account-secret-policy",
            "./policy.json.tpl": "./policy.json.tpl",
        },
        alone=True,
    ),
    "field of a policy": Completion(
        f"{_ENTRY}policy:\n      {CURSOR}",
        {"template": "template: ", "organization_id": "organization_id: "},
    ),
    "rotation function": Completion(
        f"{_ENTRY}rotation:\n      function: {CURSOR}",
        {
            "generated-password": "generated-password",
            "postgres-alternating-users": "postgres-alternating-users",
        },
    ),
    "key": Completion(
        f"{_ENTRY}kms_key_id: {CURSOR}",
        {"alias/my-key": "alias/my-key", "${output.kms.key_id}": "\\${output.kms.key_id\\}"},
        alone=True,
    ),
    "kind of a generated value": Completion(
        f"{_ENTRY}random:\n      token:\n        kind: {CURSOR}",
        {"password": "password", "bytes": "bytes", "uuid": "uuid", "key_pair": "key_pair"},
        alone=True,
    ),
    "missing stack": Completion(
        f"{_MAP}stacks:\n  rds:\n    stack: a/b/c\n    when_missing: {CURSOR}",
        {"fail": "fail", "wait": "wait"},
        alone=True,
    ),
    "replica": Completion(
        f"{_ENTRY}replicas:\n      - {CURSOR}", {"region": "region: ${1:eu-west-1}"}
    ),
}

HOVERS = {
    "required field": Hover(f"con{CURSOR}text_name: shop\n", "First part of every secret's name."),
    "secret": Hover(f"{_MAP}secrets:\n  d{CURSOR}b:\n    path: rds\n", "One secret."),
    "choice": Hover(f"{_ENTRY}ow{CURSOR}ner: map\n", "Who writes the value after the first"),
    "block": Hover(f"{_MAP}k{CURSOR}ms: {{create: true}}\n", "Creates a KMS key for this map."),
    "field of a block": Hover(
        f"{_MAP}kms: {{create: true, deletion_w{CURSOR}indow_in_days: 7}}\n", "Default: 30, so that"
    ),
    "one of several forms": Hover(
        f"{_ENTRY}pol{CURSOR}icy: {{template: read-secret-policy, principals: [111122223333]}}\n",
        "Resource policy of the secret: a template, or a policy document",
    ),
    "rotation": Hover(
        f"{_ENTRY}generate_random_password: true\n    rotation_automatically: true\n"
        f"    rot{CURSOR}ation: {{function: generated-password}}\n",
        "Built-in rotation function, deployed for this secret.",
    ),
    "secret that rotates": Hover(
        f"{_MAP}secrets:\n  d{CURSOR}b:\n    generate_random_password: true\n"
        "    rotation_automatically: true\n    rotation: {function: generated-password}\n",
        "One secret.",
    ),
    "field in the Atmos form": Hover(
        "components:\n  terraform:\n    secretsmanager:\n      vars:\n"
        f"        context_name: shop\n        secrets: {{db: {{pro{CURSOR}tect: true}}}}\n",
        "Pulumi refuses to delete or replace the secret.",
    ),
}

MISTAKES = {
    "unknown key": (f"{_ENTRY}nmae: x\n", "Property nmae is not allowed."),
    "two values": (
        f"{_ENTRY}secret_data: v\n    secret_binary: YQ==\n",
        "`secret_binary` and `secret_data` are mutually exclusive; remove one",
    ),
    "unknown owner": (f"{_ENTRY}owner: me\n", "Value is not accepted."),
    "wildcard": (f"{_MAP}access: {{readers: ['*']}}\n", "expected an account id"),
    "short recovery": (f"{_ENTRY}recovery_window_in_days: 3\n", "must be 0 or from 7 to 30"),
    "rotation without a function": (f"{_ENTRY}rotation_automatically: true\n", "Missing property"),
    "unknown reference": (f'{_ENTRY}secret_data: "${{outputs.a.b}}"\n', "unknown or unclosed"),
    "missing context": ("secrets: {}\n", 'Missing property "context_name".'),
}
"""Texts, and how the problem begins that must be shown."""
