"""The JSON Schema that editors complete and check maps with."""

from secrets_component.secret_map.schema import map_schema


def test_description_is_not_wrapped_within_a_paragraph() -> None:
    definitions = map_schema()["$defs"]
    kms = definitions["Kms"]["properties"]["deletion_window_in_days"]["description"]
    assert kms == (
        "Days between the removal of the key from the map and its deletion, 7 to 30. Default: 30, "
        "so that the key outlives every secret in its recovery window.\n\n"
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"
    )


def test_schema_states_defaults_of_blocks() -> None:
    fields = map_schema()["$defs"]["SecretMapFile"]["properties"]
    assert fields["alarms"]["default"] == {"create": False, "topic_arn": None}
    assert fields["kms"]["default"]["deletion_window_in_days"] == 30
    assert "default" not in fields["context_name"]


def test_flat_and_atmos_form_have_the_same_fields() -> None:
    schema = map_schema()
    flat = {"$ref": "#/$defs/SecretMapFile"}
    terraform = schema["then"]["properties"]["components"]["properties"]["terraform"]
    assert schema["if"]["required"] == ["components"]
    assert schema["else"] == flat
    assert terraform["properties"]["secretsmanager"]["properties"]["vars"] == flat
    marked = terraform["additionalProperties"]
    assert marked["if"]["properties"]["metadata"]["properties"]["component"] == {
        "const": "secretsmanager"
    }
    assert marked["then"]["properties"]["vars"] == flat


def test_unknown_keys_are_refused_in_every_block() -> None:
    definitions = map_schema()["$defs"]
    assert {name for name, one in definitions.items() if one["additionalProperties"]} == set()
