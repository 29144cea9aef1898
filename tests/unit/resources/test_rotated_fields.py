"""`rotated_fields`: the map changes its own fields and preserves the rotated ones."""

import json

from tests.unit.mocks import deploy

HEAD = "context_name: x\nsecrets:\n"


def test_rotated_fields_are_written_only_when_the_maps_own_change() -> None:
    result = deploy(
        HEAD + "  a: {owner: operator, rotated_fields: [password], random: {password: {}}, "
        'secret_data: {host: h, password: "${random.password}"}}\n'
    )
    edition = result.made["RandomInteger", "m.a.edition"]
    assert edition == {"min": 1, "max": 2**31 - 1, "keepers": {"fields": '{"host": "h"}'}}
    version = result.made["SecretVersion", "m.a.fields"]
    assert json.loads(version["secretStringWo"]) == {
        "host": "h",
        "password": "generated-m.a.password",
    }
    assert version["secretStringWoVersion"] == 7
    assert ("SecretVersion", "m.a.first") not in result.made
