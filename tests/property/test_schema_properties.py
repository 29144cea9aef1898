"""Whatever `validate` accepts, the JSON Schema accepts: no red line in an editor for a good map."""

from __future__ import annotations

from typing import Any

import jsonschema
import yaml
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from secrets_component.secret_map.schema import map_schema
from tests.maps_of_repository import is_valid

SCHEMA = jsonschema.Draft7Validator(map_schema())
ROLE = "arn:aws:iam::111122223333:role/r"
LAMBDA = "arn:aws:lambda:eu-west-1:111122223333:function:f"


def optional(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with some of some fields, each with one of some values."""
    choices = {name.removesuffix("_"): st.sampled_from(values) for name, values in fields.items()}
    return st.fixed_dictionaries({}, optional=choices)


GRANTS = {
    "readers": [[], [ROLE], [111122223333], ["ec2.amazonaws.com"]],
    "admins": [[], [ROLE]],
    "organization_id": [None, "o-a1b2c3d4e5"],
}
FIELDS = {
    "name": [None, "n", "a/b"],
    "path": [None, "rds", "a/b/c"],
    "description": [None, "text"],
    "secret_data": [None, "v", "a$b", "$${x}", "$$$$", "${random.p}", "${env.X} $", '{"a": "${random.p}"}', {}, {"a": 1, "b": ["${random.p}", None, True], "c": {"d": 1.5}}],
    "secret_binary": [None, "YQ==", "YW\nJj"],
    "generate_random_password": [True, False],
    "random_password": [{}, {"length": 8}, {"lower": False}, {"min_upper": 0, "upper": False}, {"special": False, "min_special": None}],
    "random": [{}, {"p": {}}, {"p": {"kind": "bytes"}}, {"p": {"kind": "uuid"}}, {"p": {"kind": "key_pair"}}, {"p": {"kind": "key_pair", "algorithm": "ecdsa", "curve": "P384", "bits": None}}, {"p": {"keepers": {"a": 1}}}],
    "rotation_automatically": [True, False],
    "rotation_days": [None, 10],
    "rotation_schedule": [None, "rate(10 days)", "cron(0 8 1 * ? *)"],
    "rotation_window": [None, "3h"],
    "rotation_lambda_arn": [None, LAMBDA],
    "rotation": [None, {"function": "generated-password"}, {"function": "generated-password", "subnet_ids": [], "ca_bundle": None}, {"function": "generated-password", "subnet_ids": ["subnet-0a"], "security_group_ids": ["sg-0a"]}],
    "rotate_immediately": [True, False],
    "rotated_fields": [[], ["a"]],
    "on_rotate": [[], [{"lambda": "f"}], [{"ecs_service": "a/b"}]],
    "kms_key_id": [None, "alias/x"],
    "replicas": [[], [{"region": "eu-west-1"}], [{"region": "eu-west-1", "kms_key_id": None}]],
    "policy": [None, {"template": "read-secret-policy", "principals": [ROLE]}, {"Statement": []}],
    "owner": [None, "map", "rotation", "operator"],
    "recovery_window_in_days": [0, 3, 7, 30],
    "protect": [True, False],
    "import_": [None, "some/secret"],
    "replace_policy": [True, False],
    "restore_deleted": [True, False],
    "renamed_from": [None, "old"],
    "allow_loss": [None, "why"],
    "tags": [{}, {"a": "b"}, {"year": 2026}],
}  # fmt: skip
ENTRIES = optional(**FIELDS) | optional(**{key: FIELDS[key] for key in list(FIELDS)[:8]})
FEW = optional(**FIELDS).map(lambda fields: dict(list(fields.items())[:3]))
MAPS = st.fixed_dictionaries(
    {"context_name": st.just("app")},
    optional={
        "environment": st.sampled_from([None, "dev"]),
        "name": st.sampled_from([None, "label"]),
        "tags": st.sampled_from([{}, {"account": 111122223333}]),
        "default_kms_key_id": st.sampled_from([None, "alias/x"]),
        "kms": optional(create=[True, False], alias=[None, "alias/x"], multi_region=[True, False]),
        "alarms": optional(create=[True, False], topic_arn=[None]),
        "access": optional(**GRANTS, paths=[{}, {"rds": {"readers": [ROLE]}}]),
        "stacks": st.sampled_from([{}, {"rds": "a/b/c"}, {"rds": {"stack": "a/b/c"}}]),
        "defaults": FEW,
        "secrets": st.dictionaries(st.sampled_from("ab"), FEW | ENTRIES, max_size=2),
    },
)
ENTRY = {"a": {"secret_data": "v"}}


@settings(deadline=None, max_examples=400, suppress_health_check=list(HealthCheck))
@given(data=MAPS, in_atmos=st.booleans())
@example(data={"context_name": "app", "defaults": {"rotation_automatically": True}, "secrets": {"a": {"rotation": {"function": "generated-password"}, "generate_random_password": True}}}, in_atmos=False)  # fmt: skip
@example(data={"context_name": "app", "defaults": {"owner": "operator"}, "secrets": {"a": {"import": "x", "secret_data": "v"}}}, in_atmos=True)  # fmt: skip
@example(data={"context_name": "app", "defaults": {"recovery_window_in_days": 3}, "secrets": ENTRY}, in_atmos=False)  # fmt: skip
def test_whatever_validate_accepts_the_schema_accepts(
    *, data: dict[str, Any], in_atmos: bool
) -> None:
    whole = data
    if in_atmos:
        component = {"vars": {**data, "namespace": "n"}}
        whole = {"components": {"terraform": {"secretsmanager": component, "vpc": {"vars": 1}}}}
    is_accepted = SCHEMA.is_valid(whole)
    if is_valid(yaml.safe_dump(whole)):
        event("valid")
        errors = [f"{list(error.path)}: {error.message}" for error in SCHEMA.iter_errors(whole)]
        assert is_accepted, errors
    else:
        event(f"invalid, {'accepted' if is_accepted else 'refused'}")
