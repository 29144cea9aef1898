"""Each rule of the schema, against the nearest map that it must accept; `validate` agrees."""

from typing import Any

import jsonschema
import pytest
import yaml

from secrets_component.secret_map import schema_rules
from secrets_component.secret_map.schema import map_schema
from tests.maps_of_repository import is_valid

SCHEMA = jsonschema.Draft7Validator(map_schema())
ROLE = "arn:aws:iam::111122223333:role/r"
HOSTED = {"function": "generated-password"}
ROTATES = {"rotation_automatically": True, "rotation": HOSTED}
GENERATED = {"generate_random_password": True}
DATABASE = {"engine": "postgres", "host": "h", "port": 1, "username": "u", "password": "p"}
ALTERNATING = {
    "rotation_automatically": True,
    "secret_data": DATABASE,
}
SUPERUSER = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:admin-AbCdEf"
KEY_PAIR = {"kind": "key_pair"}


def entry(**fields: Any) -> dict[str, Any]:
    own = {name.removesuffix("_"): value for name, value in fields.items()}
    return {"context_name": "app", "secrets": {"a": own}}


def with_defaults(defaults: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**entry(**fields), "defaults": defaults}


def header(**fields: Any) -> dict[str, Any]:
    return {"context_name": "app", **fields}


def alternating(**fields: Any) -> dict[str, Any]:
    return entry(**ALTERNATING, rotation={"function": "postgres-alternating-users", **fields})


def generated(**options: Any) -> dict[str, Any]:
    return entry(secret_data="${random.p}", random={"p": options})


REFUSED_AND_ACCEPTED = {
    "password and text": (entry(**GENERATED, secret_data="v"), entry(generate_random_password=False, secret_data="v")),
    "password and bytes": (entry(**GENERATED, secret_binary="YQ=="), entry(secret_binary="YQ==")),
    "text and bytes": (entry(secret_data="v", secret_binary="YQ=="), entry(secret_data="v", secret_binary=None)),
    "import and restore": (entry(import_="x", restore_deleted=True), entry(import_="x", restore_deleted=False)),
    "two schedules": (entry(**GENERATED, **ROTATES, rotation_days=9, rotation_schedule="rate(9 days)"), entry(**GENERATED, **ROTATES, rotation_days=9)),
    "two functions": (entry(**GENERATED, **ROTATES, rotation_lambda_arn="${config.f}"), entry(**GENERATED, **ROTATES, rotation_lambda_arn=None)),
    "two schedules of a rotation that is off": (entry(rotation_days=9, rotation_schedule="rate(9 days)"), entry(rotation_automatically=False, rotation_days=9, rotation_schedule="rate(9 days)")),
    "rotation without a function": (entry(**GENERATED, rotation_automatically=True), with_defaults({"rotation": HOSTED}, **GENERATED, rotation_automatically=True)),
    "schedule without rotation": (entry(rotation_days=9), with_defaults(ROTATES, **GENERATED, rotation_days=9)),
    "owner without rotation": (entry(owner="rotation"), entry(**GENERATED, **ROTATES, owner="rotation")),
    "owner of a rotation that is off": (with_defaults(ROTATES, owner="rotation", rotation_automatically=False), with_defaults(ROTATES, **GENERATED, owner="rotation")),
    "rotated fields of the map's own": (entry(secret_data={"a": "b"}, owner="map", rotated_fields=["a"]), entry(secret_data={"a": "b"}, owner="operator", rotated_fields=["a"])),
    "rotated fields without a value": (entry(owner="operator", rotated_fields=["a"]), entry(owner="operator", rotated_fields=[])),
    "options without a password": (entry(random_password={"length": 9}), entry(**GENERATED, random_password={"length": 9})),
    "options of a password that is off": (with_defaults(GENERATED, generate_random_password=False, random_password={}), with_defaults(GENERATED, random_password={})),
    "random without a value": (entry(random={"p": {}}), entry(random={"p": {}}, secret_data="${random.p}")),
    "short recovery": (entry(recovery_window_in_days=6), entry(recovery_window_in_days=7)),
    "import of a value without an owner": (entry(import_="x", secret_data="v"), entry(import_="x", secret_data="v", owner="map")),
    "restored value without an owner": (entry(restore_deleted=True, **GENERATED), with_defaults({"owner": "map"}, restore_deleted=True, **GENERATED)),
    "policy to replace without an import": (entry(replace_policy=True), entry(replace_policy=True, import_="x")),
    "renamed without a name": (entry(renamed_from="old"), entry(renamed_from="old", name="old")),
    "restart without rotation": (entry(on_rotate=[{"lambda": "f"}]), entry(on_rotate=[{"lambda": "f"}], import_="x")),
    "reserved tag": (entry(tags={"AWS:x": "y"}), entry(tags={"awsome": "y"})),
    "bytes that are not base64": (entry(secret_binary="no!"), entry(secret_binary="YQ==")),
    "organization of nobody": (entry(access={"organization_id": "o-a1b2c3d4e5", "readers": []}), entry(access={"organization_id": "o-a1b2c3d4e5", "readers": [ROLE]}, kms_key_id="alias/x")),
    "organization of a path's nobody": (header(access={"paths": {"a": {"organization_id": "o-a1b2c3d4e5"}}}), header(access={"paths": {"a": {"readers": [ROLE]}}}, secrets={"b": {"path": "a"}})),
    "alternating users without a superuser": (alternating(), alternating(superuser_secret_arn=SUPERUSER)),
    "superuser of a single user": (entry(**GENERATED, rotation_automatically=True, rotation={**HOSTED, "superuser_secret_arn": SUPERUSER}), entry(**GENERATED, rotation_automatically=True, rotation={**HOSTED, "superuser_secret_arn": None})),
    "subnets without groups": (entry(**GENERATED, rotation_automatically=True, rotation={**HOSTED, "subnet_ids": ["subnet-0a"]}), entry(**GENERATED, rotation_automatically=True, rotation={**HOSTED, "subnet_ids": []})),
    "groups without subnets": (entry(**GENERATED, rotation_automatically=True, rotation={**HOSTED, "security_group_ids": ["sg-0a"]}), entry(**GENERATED, rotation_automatically=True, rotation={**HOSTED, "subnet_ids": ["subnet-0a"], "security_group_ids": ["sg-0a"]})),
    "bundle without a database": (entry(**GENERATED, rotation_automatically=True, rotation={**HOSTED, "ca_bundle": "x.pem"}), entry(**GENERATED, rotation_automatically=True, rotation={**HOSTED, "ca_bundle": None})),
    "minimum of a class that is off": (generated(upper=False, min_upper=1), generated(upper=False, min_upper=0)),
    "no characters": (generated(upper=False, lower=False, numeric=False, special=False), generated(upper=False, lower=False, numeric=False)),
    "curve without ecdsa": (generated(**KEY_PAIR, curve="P256"), generated(**KEY_PAIR, algorithm="ecdsa", curve="P256")),
    "bits without rsa": (generated(**KEY_PAIR, algorithm="ecdsa", bits=2048), generated(**KEY_PAIR, algorithm="rsa", bits=2048)),
    "two keys": (header(kms={"create": True}, default_kms_key_id="alias/x"), header(kms={"create": False}, default_kms_key_id="alias/x")),
    "many regions of no key": (header(kms={"multi_region": True}), header(kms={"multi_region": True, "create": True})),
    "alias of AWS": (header(kms={"create": True, "alias": "alias/aws/x"}), header(kms={"create": True, "alias": "alias/my"})),
    "two topics": (header(alarms={"create": True, "topic_arn": "${output.a.b}"}, stacks={"a": "a/b/c"}), header(alarms={"create": True, "topic_arn": None})),
    "stack named like the map": (header(stacks={"secretsmanager": "a/b/c"}), header(stacks={"secrets": "a/b/c"})),
    "unclosed reference": (entry(secret_data="${random.p"), entry(secret_data="$${random.p")),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED_AND_ACCEPTED)
def test_contradiction_is_refused(name: str) -> None:
    refused, _ = REFUSED_AND_ACCEPTED[name]
    assert not is_valid(yaml.safe_dump(refused)), "`validate` accepts this"
    assert not SCHEMA.is_valid(refused)


@pytest.mark.parametrize("name", REFUSED_AND_ACCEPTED)
def test_nearest_map_without_it_is_accepted(name: str) -> None:
    _, accepted = REFUSED_AND_ACCEPTED[name]
    assert is_valid(yaml.safe_dump(accepted)), "`validate` refuses this"
    assert [error.message for error in SCHEMA.iter_errors(accepted)] == []


def test_every_definition_is_a_schema_of_its_own() -> None:
    for definition in schema_rules.definitions().values():
        jsonschema.Draft7Validator.check_schema(definition)


def test_condition_and_consequence() -> None:
    rule = schema_rules.when({"required": ["a"]}, {"required": ["b"]})
    validator = jsonschema.Draft7Validator(rule)
    accepted = [data for data in ({}, {"b": 1}, {"a": 1}, {"a": 1, "b": 1}, "a") if validator.is_valid(data)]  # fmt: skip
    assert accepted == [{}, {"b": 1}, {"a": 1, "b": 1}, "a"]
