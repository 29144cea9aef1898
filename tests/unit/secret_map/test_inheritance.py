"""What Atmos would merge into a map: an error or a warning at its place, for each."""

from __future__ import annotations

import textwrap

import pytest

from secrets_component.secret_map.forms import instances
from secrets_component.secret_map.yaml_text import parse_yaml

DESCRIBE = "use what `atmos describe component secretsmanager -s <stack>` prints as the map's file"
KEY = "default_kms_key_id: alias/x"


def findings(text: str) -> list[str]:
    found = instances(parse_yaml(textwrap.dedent(text), "m"))
    return [str(problem) for one in found for problem in one.findings]


def with_map(head: str, variables: str = "context_name: a", more: str = "") -> str:
    """Return an Atmos file; `head` begins at 1:1, the component's own fields at line 4 or so."""
    return f"{head}components:\n  terraform:\n    secretsmanager: {{{more}vars: {{{variables}}}}}\n"


def test_map_alone_has_no_findings() -> None:
    assert findings(with_map("")) == []
    assert findings(with_map("settings: {}\nname: dev\nworkflows: {}\n")) == []


@pytest.mark.parametrize("head", ["import: [catalog/x]\n", "import: catalog/x\n"])
def test_import_may_bring_the_key_so_it_is_an_error(head: str) -> None:
    assert findings(with_map(head)) == [
        "m:1:1: error: `import` is not followed: what it adds to `secretsmanager` is missing, perhaps "
        f"its KMS key; {DESCRIBE}, or set `default_kms_key_id` (`alias/aws/secretsmanager` for the "
        "AWS-managed key)"
    ]


@pytest.mark.parametrize("variables", [KEY, "kms: {create: true}"])
def test_import_is_a_warning_where_the_map_names_its_key(variables: str) -> None:
    assert findings(with_map("import: [catalog/x]\n", variables)) == [
        "m:1:1: warning: `import` is not followed: what it adds to `secretsmanager` is missing; "
        f"{DESCRIBE}"
    ]


def test_kms_block_that_creates_no_key_names_none() -> None:
    (line,) = findings(with_map("import: [x]\n", "kms: {create: false}"))
    assert ": error: " in line


@pytest.mark.parametrize(
    ("head", "position"),
    [
        (f"vars: {{{KEY}}}\n", "m:1:8"),
        (f"terraform: {{vars: {{{KEY}}}}}\n", "m:1:20"),
        (f"overrides: {{vars: {{{KEY}}}}}\n", "m:1:20"),
        (f"terraform: {{overrides: {{vars: {{{KEY}}}}}}}\n", "m:1:32"),
        (f"{KEY}\n", "m:1:1"),
    ],
)
def test_field_from_another_level_is_an_error_at_it(head: str, position: str) -> None:
    assert findings(with_map(head)) == [
        f"{position}: error: `default_kms_key_id` applies to `secretsmanager` in Atmos, but is not "
        f"merged here; write it under the map's own `vars`, or {DESCRIBE}"
    ]


def test_field_that_the_map_sets_itself_is_only_not_merged() -> None:
    lines = findings(with_map("vars: {environment: prod}\n", "environment: dev"))
    assert lines == [
        "m:1:1: warning: `vars` is not merged here; it has nothing that `secretsmanager` lacks"
    ]


def test_part_of_a_field_is_missed_too() -> None:
    head = "vars: {tags: {team: t, cost: c}}\n"
    assert len(findings(with_map(head, "tags: {team: u, cost: d}"))) == 1
    (line,) = findings(with_map(head, "tags: {team: u}"))
    assert line.startswith("m:1:8: error: `tags` applies to")


def test_override_of_a_field_is_an_error_even_where_the_map_sets_it() -> None:
    head = "overrides: {vars: {environment: prod}}\n"
    (line,) = findings(with_map(head, "environment: dev"))
    assert line.startswith("m:1:20: error: `environment` applies to")
    (line,) = findings(with_map(head, "environment: prod"))
    assert ": warning: " in line


BASES = """\
components:
  terraform:
    base: {metadata: {type: abstract}, vars: {%s}}
    mid: {metadata: {type: abstract, inherits: base}, vars: {}}
    secretsmanager: {metadata: {inherits: %s}, vars: {context_name: a}}
"""


@pytest.mark.parametrize("inherits", ["base", "[base]"])
def test_inherited_field_in_the_file_is_an_error_at_it(inherits: str) -> None:
    (line,) = findings(BASES % (KEY, inherits))
    assert line.startswith("m:3:47: error: `default_kms_key_id` applies to `secretsmanager`")


@pytest.mark.parametrize("inherits", ["elsewhere", "[elsewhere, base]", "mid"])
def test_inherited_component_that_cannot_be_followed_is_an_error(inherits: str) -> None:
    lines = findings(BASES % ("", inherits))
    assert [line.partition(": what")[0] for line in lines] == [
        "m:5:33: error: `inherits` is not followed"
    ]


def test_base_component_in_the_old_spelling_is_an_error() -> None:
    (line,) = findings(with_map("", more="component: elsewhere, "))
    assert line.startswith("m:3:22: error: `component` is not followed")


def test_abstract_component_is_left_alone() -> None:
    text = (
        with_map("")
        + "    base: {metadata: {component: secretsmanager, type: abstract, enabled: false}}\n"
    )
    assert findings(text) == []


@pytest.mark.parametrize(
    ("variables", "more", "line"),
    [
        (
            "context_name: a",
            "metadata: {enabled: false}, ",
            "m:3:33: error: `metadata.enabled: false`",
        ),
        ("enabled: false", "", "m:3:29: error: `enabled: false`"),
    ],
)
def test_disabled_map_is_an_error_that_says_what_it_would_do(
    variables: str, more: str, line: str
) -> None:
    assert findings(with_map("", variables, more)) == [
        f"{line} would remove the map's secrets, which AWS then schedules for deletion; remove this "
        "line to keep them, or remove the whole map to delete them"
    ]


def test_enabled_map_has_no_findings() -> None:
    assert findings(with_map("", "enabled: true", "metadata: {enabled: true}, ")) == []


def test_atmos_own_variables_have_no_effect() -> None:
    assert findings(with_map("", "stage: dev, namespace: x, environment: euc1")) == [
        "m:3:41: warning: `namespace`, `stage`: no effect here; names are "
        "`<context_name>/<environment>/…`, so set these two to what distinguishes your deployments"
    ]


def test_what_terraform_uses_has_no_effect() -> None:
    assert findings(with_map("", more="providers: {}, env: {A: b}, settings: {}, ")) == [
        "m:3:37: warning: `env`, `providers`: only Terraform and Atmos use this; it has no effect here"
    ]


def test_name_that_could_be_a_secret_is_not_shown() -> None:
    text = "import: [x]\ncomponents: {terraform: {'hunter 2': {metadata: {component: secretsmanager}, vars: {}}}}"
    (line,) = findings(text)
    assert "hunter" not in line
    assert "what it adds to the map is missing" in line


@pytest.mark.parametrize(
    "head", ["vars: 5\n", "terraform: []\n", "overrides: {vars: ~}\n", "import: []\n", "vars: {}\n"]
)
def test_odd_shapes_around_a_map_are_not_its_business(head: str) -> None:
    assert findings(with_map(head)) == []
