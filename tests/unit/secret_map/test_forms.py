"""The flat and the Atmos form: which maps a file contains, and where their parts are."""

import pytest

from secrets_component.errors import MapValueError
from secrets_component.secret_map.forms import Instance, instances
from secrets_component.secret_map.yaml_text import parse_yaml

NO_MAP = (
    "no secret map found; name a component `secretsmanager`, or give it "
    "`metadata: {component: secretsmanager}`"
)

REFUSED = [
    ("components: 1\n", "m:1:13: error: `components` must be a mapping"),
    ("components: {}\n", "m:1:1: error: `terraform` is missing"),
    ("components: {teraform: {}}\n", "m:1:1: error: `terraform` is missing; did you mean `teraform`?"),
    ("components:\n  terraform: 1\n", "m:2:14: error: `terraform` must be a mapping"),
    ("components:\n  terraform: {}\n", f"m:2:3: error: {NO_MAP}"),
    ("components:\n  terraform: {rds: {}}\n", f"m:2:3: error: {NO_MAP}"),
    ("components:\n  terraform: {secretmanager: {}}\n", f"m:2:3: error: {NO_MAP}; did you mean `secretmanager`?"),
    ("components:\n  terraform:\n    secretsmanager: {}\n", "m:3:5: error: `vars` is missing"),
    ("components:\n  terraform:\n    secretsmanager: 1\n", "m:3:5: error: `vars` is missing"),
    ("components:\n  terraform:\n    secretsmanager: {metadata: {}, vars: 1}\n", "m:3:42: error: `vars` must be a mapping"),
    ("components:\n  terraform:\n    secretsmanager: {vars: 1}\n", "m:3:28: error: `vars` must be a mapping"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_file_without_a_usable_map_is_refused(text: str, message: str) -> None:
    with pytest.raises(MapValueError) as refused:
        instances(parse_yaml(text, "m"))
    assert str(refused.value) == message


def test_flat_file_is_one_map() -> None:
    (found,) = instances(parse_yaml("context_name: app\nsecrets: {}\n", "m"))
    assert (found.name, found.path) == ("secretsmanager", ())
    assert found.data == {"context_name": "app", "secrets": {}}


ATMOS = """\
components:
  terraform:
    secretsmanager: {vars: {context_name: one}}
    second: {metadata: {component: secretsmanager}, vars: {context_name: two}}
    base: {metadata: {component: secretsmanager, type: abstract}}
    rds: {vars: {context_name: other}}
    odd: 1
"""


def test_atmos_file_contains_a_map_for_each_instance_that_is_not_abstract() -> None:
    found = instances(parse_yaml(ATMOS, "m"))
    assert [(one.name, one.data["context_name"]) for one in found] == [
        ("secretsmanager", "one"),
        ("second", "two"),
    ]
    assert found[1].path == ("components", "terraform", "second", "vars")


def test_component_named_secretsmanager_may_be_another_component() -> None:
    text = (
        "components: {terraform: {secretsmanager: {metadata: {component: rds}, vars: {}}, "
        "mine: {metadata: {component: secretsmanager}, vars: {}}}}"
    )
    assert [one.name for one in instances(parse_yaml(text, "m"))] == ["mine"]


MAP = """\
context_name: app
defaults:
  rotation_days: 7
  tags:
    team: x
secrets:
  a:
    secret_data: v
  b: {}
"""


@pytest.fixture
def flat() -> Instance:
    (found,) = instances(parse_yaml(MAP, "m"))
    return found


def test_position_of_a_written_field_is_its_own(flat: Instance) -> None:
    assert str(flat.position(("secrets", "a", "secret_data"))) == "m:8:18"
    assert str(flat.position(("secrets", "a", "secret_data"), of_key=True)) == "m:8:5"


def test_position_of_an_inherited_field_is_in_the_defaults(flat: Instance) -> None:
    assert str(flat.position(("secrets", "a", "rotation_days"))) == "m:3:18"
    assert str(flat.position(("secrets", "b", "tags", "team"), of_key=True)) == "m:5:5"


def test_position_of_a_missing_field_is_the_entry(flat: Instance) -> None:
    assert str(flat.position(("secrets", "b", "name"))) == "m:9:3"


def test_position_outside_of_the_entries_is_taken_as_it_is(flat: Instance) -> None:
    assert str(flat.position(("context_name",))) == "m:1:15"
    assert str(flat.position(("defaults", "tags"), of_key=True)) == "m:4:3"


def test_positions_in_an_atmos_file_start_at_its_vars() -> None:
    second = instances(parse_yaml(ATMOS, "m"))[1]
    assert str(second.position(("context_name",), of_key=True)) == "m:4:60"


def test_output_of_atmos_describe_component_is_a_map() -> None:
    text = (
        "atmos_component: db\natmos_stack: acme-dev\nmetadata: {inherits: [base]}\n"
        "vars: {context_name: app, stage: dev, enabled: true, secrets: {}}\n"
    )
    (found,) = instances(parse_yaml(text, "m"))
    assert (found.name, found.path) == ("db", ("vars",))
    assert found.data == {"context_name": "app", "secrets": {}}
    assert [str(one.position) for one in found.findings] == ["m:4:27"]


def test_file_with_vars_alone_is_a_flat_map() -> None:
    (found,) = instances(parse_yaml("vars: {context_name: app}\n", "m"))
    assert found.data == {"vars": {"context_name": "app"}}


def test_instance_without_variables_of_its_own_is_empty() -> None:
    text = "components: {terraform: {secretsmanager: {metadata: {inherits: [base]}}}}\n"
    (found,) = instances(parse_yaml(text, "m"))
    assert found.data == {}
    assert found.findings


def test_entries_of_all_maps_in_a_file_are_bounded() -> None:
    half = "secrets: {" + ", ".join(f"a{n}: ~" for n in range(10_001)) + "}"
    text = (
        f"components: {{terraform: {{secretsmanager: {{vars: {{{half}}}}}, "
        f"two: {{metadata: {{component: secretsmanager}}, vars: {{{half}}}}}}}}}"
    )
    with pytest.raises(MapValueError, match="more than 20,000 entries; split the map into several"):
        instances(parse_yaml(text, "m"))
