"""Blocks of a map on their own: defaults, unknown and missing keys, wrong types."""

from __future__ import annotations

import pytest

from secrets_component.planning.plan import Generated
from secrets_component.secret_map.check import _FORMS_OF_FIELDS, check
from secrets_component.secret_map.forms import instances
from secrets_component.secret_map.yaml_text import parse_yaml
from tests.maps_of_tests import plan_of, problems_of

HEAD = "context_name: x\n"


def entry(fields: str) -> str:
    """A map with one entry `a` whose fields start at 2:15."""
    return f"{HEAD}secrets: {{a: {{{fields}}}}}\n"


def in_defaults(fields: str) -> str:
    """A map with defaults that start at 2:12, and two entries that inherit them."""
    return f"{HEAD}defaults: {{{fields}}}\nsecrets: {{a: {{}}, b: {{}}}}\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nmae: y\n", "2:1: error: unknown key `nmae`; did you mean `name`?"),
        ("secret: {}\n", "2:1: error: unknown key `secret`; did you mean `secrets`?"),
        ("default: {}\n", "2:1: error: unknown key `default`; did you mean `defaults`?"),
        ("zzz: 1\n", "2:1: error: unknown key `zzz`"),
        ("kms: {creat: true}\n", "2:7: error: unknown key `creat`; did you mean `create`?"),
        (
            "access: {paths: {p: {reader: []}}}\nsecrets: {a: {path: p}}\n",
            "2:22: error: unknown key `reader`; did you mean `readers`?",
        ),
        (
            "stacks: {s: {stack: o/s/dev, when_mising: wait}}\n",
            "2:30: error: unknown key `when_mising`; did you mean `when_missing`?",
        ),
    ],
)
def test_unknown_key_of_the_map_is_reported_with_the_nearest_key_of_its_block(
    text: str, problem: str
) -> None:
    assert problems_of(HEAD + text) == [f"m:{problem}"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("nmae: n", "2:15: error: unknown key `nmae`; did you mean `name`?"),
        ("imports: n", "2:15: error: unknown key `imports`; did you mean `import`?"),
        ("zzz: 1", "2:15: error: unknown key `zzz`"),
        (
            "replicas: [{region: eu-west-1, kms_key: k}]",
            "2:46: error: unknown key `kms_key`; did you mean `kms_key_id`?",
        ),
        (
            "policy: {template: ./t.json.tpl, principal: []}",
            "2:48: error: unknown key `principal`; did you mean `principals`?",
        ),
        (
            "secret_data: '${random.p}', random: {p: {lenght: 8}}",
            "2:56: error: unknown key `lenght`; did you mean `length`?",
        ),
        (
            "secret_data: '${random.p}', random: {p: {kind: key_pair, algoritm: rsa}}",
            "2:72: error: unknown key `algoritm`; did you mean `algorithm`?",
        ),
        (
            "access: {readres: []}",
            "2:24: error: unknown key `readres`; did you mean `readers`?",
        ),
    ],
)
def test_unknown_key_of_an_entry_is_reported_with_the_nearest_key_of_its_block(
    fields: str, problem: str
) -> None:
    assert f"m:{problem}" in problems_of(entry(fields))


def test_key_without_a_value_may_be_a_part_of_a_secret_and_is_not_shown() -> None:
    assert problems_of(entry("secret_data: hunter2,hunter3")) == ["m:2:36: error: unknown key"]


def test_key_that_does_not_look_like_one_is_not_shown() -> None:
    assert problems_of(entry("'hunter 2': v")) == ["m:2:15: error: unknown key"]


def test_missing_key_is_reported_with_what_to_write() -> None:
    problems = problems_of("secrets: {}\n")
    assert problems == ["m:1:1: error: `context_name`: is missing; write `context_name: …`"]


def test_key_that_is_missing_in_a_block_is_reported_at_the_block() -> None:
    assert problems_of(entry("replicas: [{kms_key_id: alias/k}]")) == [
        "m:2:26: error: `region`: is missing; write `region: …`"
    ]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("description: 5", "2:28: error: `description`: expected a string; quote the value"),
        ("description: true", "2:28: error: `description`: expected a string; quote the value"),
        ("description: [a]", "2:28: error: `description`: expected a string; quote the value"),
        ("recovery_window_in_days: '5'", "2:40: error: `recovery_window_in_days`: expected an integer; remove the quotes"),
        ("recovery_window_in_days: 1.5", "2:40: error: `recovery_window_in_days`: expected an integer"),
        ("recovery_window_in_days: true", "2:40: error: `recovery_window_in_days`: expected an integer"),
        ("protect: 'true'", "2:24: error: `protect`: expected `true` or `false`; write `true`, without quotes"),
        ("protect: No", "2:24: error: `protect`: expected `true` or `false`; write `false`, without quotes"),
        ("protect: hunter2", "2:24: error: `protect`: expected `true` or `false`"),
        ("protect: 1", "2:24: error: `protect`: expected `true` or `false`"),
        ("tags: [a]", "2:21: error: `tags`: expected a mapping, such as `{team: payments}`"),
        ("access: readers", "2:23: error: `access`: expected a mapping, such as `{readers: [<ARN>]}`"),
        ("secret_data: v, random: {p: {kind: pin}}", "2:43: error: `p`: expected a mapping with options, whose `kind` is `password` (the default), `bytes`, `uuid` or `key_pair`"),
        ("secret_data: v, random: {p: {kind: key_pair, algorithm: dsa}}", "2:71: error: `algorithm`: expected 'ed25519', 'ecdsa' or 'rsa'"),
        ("replicas: eu-west-1", "2:25: error: `replicas`: expected a list, such as `[{region: eu-west-1}]`"),
        ("replicas: [eu-west-1]", "2:26: error: `replicas`: expected a mapping"),
        ("owner: me", "2:22: error: `owner`: expected 'map', 'rotation' or 'operator'"),
        ("recovery_window_in_days: -1", "2:40: error: `recovery_window_in_days`: must be at least 0"),
        ("recovery_window_in_days: 31", "2:40: error: `recovery_window_in_days`: must be at most 30"),
        ("import: ''", "2:23: error: `import`: must not be empty"),
    ],
)  # fmt: skip
def test_wrong_value_is_reported_with_what_is_expected(fields: str, problem: str) -> None:
    assert problems_of(entry(fields)) == [f"m:{problem}"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            f"description: {'d' * 2049}",
            "`description`: exceeds AWS's limit of 2,048 characters",
        ),
        (
            f"tags: {{{', '.join(f't{number}: v' for number in range(51))}}}",
            "`tags`: exceeds AWS's limit of 50 items",
        ),
        (f"tags: {{t: {'v' * 257}}}", "`t`: exceeds AWS's limit of 256 characters"),
    ],
)
def test_limit_of_aws_is_named(fields: str, problem: str) -> None:
    (line,) = problems_of(entry(fields))
    assert line.endswith(f"error: {problem}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "secrets: [a]\n",
            "2:10: error: `secrets`: expected a mapping, such as `{db: {generate_random_password: true}}`",
        ),
        ("defaults: 5\n", "2:11: error: `defaults`: expected a mapping, such as `{protect: true}`"),
        (
            "secrets: {a: 5}\n",
            "2:14: error: expected a mapping with the entry's fields (`name: …`)",
        ),
        (
            "secrets:\n  a:\n",
            "3:5: error: expected a mapping with the entry's fields (`name: …`)",
        ),
    ],
)
def test_block_that_is_no_mapping_is_reported_at_its_value(text: str, problem: str) -> None:
    assert problems_of(HEAD + text) == [f"m:{problem}"]


def test_key_of_an_entry_may_hold_only_what_names_of_resources_can_hold() -> None:
    assert problems_of(f"{HEAD}secrets: {{a.b: {{}}}}\n") == [
        "m:2:11: error: invalid key `a.b`; use only letters, digits, `_` and `-`"
    ]


def test_invalid_key_that_could_be_a_secret_is_not_shown() -> None:
    assert problems_of(f"{HEAD}secrets: {{'hunter 2': {{}}}}\n") == [
        "m:2:11: error: invalid key; use only letters, digits, `_` and `-`"
    ]


def test_rest_of_a_block_with_a_wrong_field_is_checked_as_well() -> None:
    assert problems_of(entry("protect: 5, owner: rotation")) == [
        "m:2:24: error: `protect`: expected `true` or `false`",
        "m:2:27: error: `owner`: `rotation` needs `rotation_automatically: true`",
    ]


def test_sound_fields_of_a_wrong_block_are_kept() -> None:
    (instance,) = instances(parse_yaml(entry("nmae: n, description: d"), "m"))
    checked = check(instance)
    assert checked.entries["a"].description == "d"
    assert len(checked.report.errors) == 1


def test_entries_of_a_map_without_a_context_are_checked_as_well() -> None:
    problems = problems_of("secrets: {a: {nmae: n}}\n")
    assert [line.partition("error: ")[2] for line in problems] == [
        "`context_name`: is missing; write `context_name: …`",
        "unknown key `nmae`; did you mean `name`?",
    ]


def test_defaults_apply_where_the_entry_has_no_field() -> None:
    plan = plan_of(
        """\
        context_name: x
        defaults: {description: d, recovery_window_in_days: 7}
        secrets: {a: {}, b: {description: own}}
        """
    )
    assert [(one.description, one.recovery_window_in_days) for one in plan.secrets.values()] == [
        ("d", 7),
        ("own", 7),
    ]


def test_tags_are_merged_over_the_defaults_key_by_key() -> None:
    plan = plan_of(
        """\
        context_name: x
        defaults: {tags: {team: t, cost: c}}
        secrets: {a: {tags: {team: u}}}
        """
    )
    assert plan.secrets["a"].tags == {"team": "u", "cost": "c"}


def test_options_of_a_password_are_merged_over_the_defaults_key_by_key() -> None:
    plan = plan_of(
        """\
        context_name: x
        defaults: {generate_random_password: true, random_password: {length: 40, special: false}}
        secrets: {a: {random_password: {length: 50}}}
        """
    )
    source = plan.secrets["a"].source
    assert isinstance(source, Generated)
    options = source.options
    assert (options.length, options.special) == (50, False)


def test_any_other_block_replaces_the_one_of_the_defaults() -> None:
    plan = plan_of(
        """\
        context_name: x
        defaults: {access: {readers: ["111122223333"], organization_id: o-a1b2c3d4e5}}
        secrets: {a: {access: {readers: ["444455556666"]}}}
        """
    )
    (grant,) = plan.secrets["a"].grants
    assert [str(grantee.principal) for grantee in grant.readers] == ["444455556666"]
    assert grant.organization_id is None


@pytest.mark.parametrize(
    ("default", "own", "kind"),
    [
        ("generate_random_password: true", "secret_data: v", "literal"),
        ("secret_data: v", "generate_random_password: true", "generated"),
        ("secret_data: v", "secret_binary: aGVsbG8=", "binary"),
        ("secret_data: v", "description: d", "literal"),
    ],
)
def test_entry_with_a_source_of_its_own_takes_none_from_the_defaults(
    default: str, own: str, kind: str
) -> None:
    plan = plan_of(f"{HEAD}defaults: {{{default}}}\nsecrets: {{a: {{{own}}}}}\n")
    assert plan.secrets["a"].source.kind == kind


def test_entry_with_a_function_of_its_own_takes_none_from_the_defaults() -> None:
    function = "arn:aws:lambda:eu-central-1:123456789012:function:rotate"
    plan = plan_of(
        f"""\
        context_name: x
        defaults: {{rotation: {{function: generated-password}}, rotation_automatically: true}}
        secrets: {{a: {{secret_data: {{password: p}}, rotation_lambda_arn: '{function}'}}}}
        """
    )
    rotation = plan.secrets["a"].rotation
    assert rotation is not None
    assert str(rotation.function) == function


def test_problem_of_an_inherited_default_is_reported_once_at_the_defaults() -> None:
    assert problems_of(in_defaults("owner: rotation")) == [
        "m:2:12: error: `owner`: `rotation` needs `rotation_automatically: true`"
    ]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ("nmae: n", "2:12: error: unknown key `nmae`; did you mean `name`?"),
        ("protect: 5", "2:21: error: `protect`: expected `true` or `false`"),
        ("tags: {t: [v]}", "2:22: error: `t`: expected a string; quote the value"),
    ],
)
def test_wrong_default_is_reported_once_at_the_defaults(fields: str, problem: str) -> None:
    assert problems_of(in_defaults(fields)) == [f"m:{problem}"]


def test_field_that_an_entry_overrides_is_reported_at_the_entry() -> None:
    text = f"{HEAD}defaults: {{owner: map}}\nsecrets: {{a: {{owner: rotation}}}}\n"
    assert problems_of(text) == [
        "m:3:15: error: `owner`: `rotation` needs `rotation_automatically: true`"
    ]


@pytest.mark.parametrize("field", ["rotation_days: 7", "rotation_schedule: rate(10 days)"])
def test_default_without_effect_on_an_entry_is_allowed(field: str) -> None:
    plan = plan_of(f"{HEAD}defaults: {{{field}}}\nsecrets: {{a: {{secret_data: v}}}}\n")
    assert plan.secrets["a"].rotation is None


@pytest.mark.parametrize(
    ("word", "field"),
    [
        ("rotate", "rotation_automatically"),
        ("value", "secret_data"),
        ("password", "generate_random_password"),
        ("key", "kms_key_id"),
    ],
)
def test_word_that_people_use_is_understood(word: str, field: str) -> None:
    said = problems_of(f"context_name: x\nsecrets: {{a: {{{word}: hunter2}}}}\n")
    assert said == [f"m:2:15: error: unknown key `{word}`; did you mean `{field}`?"]


def test_word_is_understood_only_where_the_field_can_be() -> None:
    said = problems_of("context_name: x\nvalue: 1\nsecrets: {}\n")
    assert said == ["m:2:1: error: unknown key `value`"]


PLACES = ("{}\n", "secrets: {{a: {{{}}}}}\n", "access: {{{}}}\n", "secrets: {{a: {{random: {{p: {{{}}}}}}}}}\n", "secrets: {{a: {{policy: {{template: read-secret-policy, {}}}}}}}\n")  # fmt: skip


@pytest.mark.parametrize(("field", "example"), _FORMS_OF_FIELDS.items(), ids=_FORMS_OF_FIELDS)
def test_suggested_form_is_accepted_somewhere(field: str, example: str) -> None:
    written = example.replace("<ARN>", "'arn:aws:iam::111122223333:role/r'")
    accepted = []
    for place in PLACES:
        text = HEAD + place.format(f"{field}: {written}")
        errors = check(instances(parse_yaml(text, "m"))[0]).report.errors
        accepted += [place] if not any(" expected " in str(e) or "unknown key" in str(e) for e in errors) else []  # fmt: skip
    assert accepted
