"""`secretsmap schema`: the maps fit it."""

import json

import jsonschema
import pytest
import yaml

from secrets_component.cli.command import main
from tests.unit.cli.accounts import MAPS, ROOT


def test_schema_accepts_the_maps_and_refuses_an_unknown_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in [*MAPS.glob("*.yaml"), *(ROOT / "stacks").glob("*.yaml")]:
        validator.validate(yaml.safe_load(path.read_text()))
    good = {"context_name": "x", "stacks": {"r": "o/r/d"}, "secrets": {"a": {"import": "b"}}}
    validator.validate(good)
    for wrong in ({"nmae": "b"}, {"rotation_days": 0}, {"secret_data": 5}):
        assert not validator.is_valid({"context_name": "x", "secrets": {"a": wrong}})
        atmos = {"vars": {"context_name": "x", "secrets": {"a": wrong}}}
        assert not validator.is_valid({"components": {"terraform": {"secretsmanager": atmos}}})
