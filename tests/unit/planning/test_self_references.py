"""References of a map to itself: which exist, and in which order the entries are created."""

from __future__ import annotations

import string

import pytest

from secrets_component.planning.self_references import output_key, own_names
from secrets_component.secret_map.references import Reference, ReferenceKind
from tests.maps_of_tests import plan_of, problems_of


def referring(reference: str, others: str = "") -> str:
    """A map whose entry `a` refers to something; the reference is at 3:21."""
    return f'context_name: x\nsecrets:\n  a: {{secret_data: "${{output.{reference}}}"}}\n{others}'


def chain(**needed: str) -> str:
    """A map whose entries need others: `a="bc"` makes `a` refer to `b` and `c`."""
    lines = ["context_name: x", "secrets:"]
    for key, others in needed.items():
        value = "".join(f"${{output.secretsmanager.secret_arns.{other}}}" for other in others)
        lines.append(f'  {key}: {{secret_data: "v{value}"}}')
    return "\n".join(lines)


def test_map_is_known_by_its_label_its_instance_and_the_components_name() -> None:
    assert own_names("mine", "api") == {"secretsmanager", "mine", "api"}


def test_map_without_a_label_is_known_by_its_instance() -> None:
    assert own_names(None, "api") == {"secretsmanager", "api"}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (("secretsmanager", "secret_arns", "a"), "a"),
        (("mine", "generated_passwords", "a", "token"), "a.token"),
        (("mine", "secret_arns"), ""),
    ],
)
def test_key_in_an_output_follows_component_and_output(path: tuple[str, ...], key: str) -> None:
    assert output_key(Reference(ReferenceKind.SELF, path)) == key


OUTPUTS = "unknown output; this map has `generated_passwords`, `public_keys`, `secret_arns`, `secret_names`"


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("secretsmanager.secret_arn.b", f"{OUTPUTS}; did you mean `secret_arns`?"),
        ("secretsmanager.policy", OUTPUTS),
        ("secretsmanager.secret_arns", "is incomplete; add an entry's key: `${output.secretsmanager.secret_arns.<key>}`"),
        ("generated_passwords.b", "`generated_passwords` is an output of this map itself; write `${output.secretsmanager.generated_passwords.<key>}`"),
        ("secretsmanager.secret_arns.c", "no entry `c` in this map"),
        ("secretsmanager.secret_names.lgoin", "no entry `lgoin` in this map; did you mean `login`?"),
        ("secretsmanager.secret_arns.b.token", "no entry `b.token` in this map"),
        ("secretsmanager.generated_passwords.c", "no entry `c` in this map"),
        ("secretsmanager.generated_passwords.lgoin.token", "no entry `lgoin` in this map; did you mean `login`?"),
        ("secretsmanager.generated_passwords.b", "`b` has no generated password; write `generate_random_password: true` there"),
        ("secretsmanager.generated_passwords.login", "`login` generates `login.pw`, `login.token`"),
        ("secretsmanager.generated_passwords.login.pin", "`login` generates `login.pw`, `login.token`"),
        ("secretsmanager.generated_passwords.plain.pw", "`plain` generates `plain`"),
        ("secretsmanager.public_keys.plain", "`plain` has no key pair; write `random: {key: {kind: key_pair}}` there"),
        ("secretsmanager.public_keys.pair.id", "`pair` generates `pair.key`"),
        ("secretsmanager.public_keys.c.key", "no entry `c` in this map"),
    ],
)  # fmt: skip
def test_self_reference_without_a_value_is_reported_at_it(reference: str, problem: str) -> None:
    others = (
        "  b: {secret_data: v}\n"
        "  login: {random: {pw: {}, token: {}}, secret_data: '${random.pw}${random.token}'}\n"
        "  plain: {generate_random_password: true}\n"
        "  pair: {random: {key: {kind: key_pair}, id: {kind: uuid}}, secret_data: '${random.key}${random.id}'}\n"
    )
    assert problems_of(referring(reference, others)) == [
        f"m:3:21: error: `${{output.{reference}}}`: {problem}"
    ]


@pytest.mark.parametrize(
    "reference",
    [
        "secretsmanager.secret_arns.login",
        "secretsmanager.secret_names.login",
        "secretsmanager.generated_passwords.login.pw",
        "secretsmanager.generated_passwords.plain",
    ],
)
def test_self_reference_with_a_value_is_no_problem(reference: str) -> None:
    others = (
        "  login: {random: {pw: {}}, secret_data: '${random.pw}'}\n"
        "  plain: {generate_random_password: true}\n"
    )
    plan = plan_of(referring(reference, others))
    assert plan.order[-1] == "a"


def test_reference_by_the_maps_label_is_a_self_reference_too() -> None:
    text = referring("mine.secret_arns.c").replace("secrets:", "name: mine\nsecrets:")
    assert problems_of(text) == [
        "m:4:21: error: `${output.mine.secret_arns.c}`: no entry `c` in this map"
    ]


@pytest.mark.parametrize(
    "needed",
    [
        {"a": "b", "b": ""},
        {"a": "b", "b": "c", "c": "d", "d": ""},
        {"a": "bc", "b": "d", "c": "d", "d": ""},
        {"d": "", "a": "dcb", "c": "", "b": "c"},
    ],
)
def test_what_is_referenced_comes_first(needed: dict[str, str]) -> None:
    order = plan_of(chain(**needed)).order
    assert sorted(order) == sorted(needed)
    for key, others in needed.items():
        for other in others:
            assert order.index(other) < order.index(key)


def test_order_without_references_is_that_of_the_map() -> None:
    assert plan_of(chain(c="", a="", b="")).order == ("c", "a", "b")


def test_order_is_the_same_in_every_run() -> None:
    text = chain(a="fg", b="", c="ga", d="", e="c", f="", g="")
    assert len({plan_of(text).order for _ in range(5)}) == 1


def test_references_in_other_fields_than_the_value_count_for_the_order() -> None:
    plan = plan_of(
        """\
        context_name: x
        secrets:
          a:
            secret_data: {engine: mysql, host: h, username: u, password: p}
            rotation_automatically: true
            rotation:
              function: mysql-alternating-users
              superuser_secret_arn: ${output.secretsmanager.secret_arns.superuser}
          superuser: {}
        """
    )
    assert plan.order == ("superuser", "a")


@pytest.mark.parametrize(
    ("needed", "line", "circle"),
    [
        ({"a": "a"}, 3, "`a` → `a`"),
        ({"a": "b", "b": "a"}, 3, "`a` → `b` → `a`"),
        ({"a": "b", "b": "c", "c": "a"}, 3, "`a` → `b` → `c` → `a`"),
        ({"a": "b", "b": "c", "c": "b"}, 4, "`b` → `c` → `b`"),
    ],
)
def test_circle_is_reported_once_at_its_first_entry(
    needed: dict[str, str], line: int, circle: str
) -> None:
    assert problems_of(chain(**needed)) == [f"m:{line}:3: error: circular reference: {circle}"]


def test_long_circle_is_cut_off() -> None:
    keys = string.ascii_lowercase
    (problem,) = problems_of(chain(**dict(zip(keys, keys[1:] + keys[0], strict=True))))
    assert problem.count(" → ") == 20
    assert problem.endswith(" → … (26 entries)")


def test_circle_is_named_in_the_direction_of_the_references() -> None:
    (problem,) = problems_of(chain(a="b", b="c", c="a"))
    first, second, *_ = [word for word in problem.split("`") if word in {"a", "b", "c"}]
    assert {"a": "b", "b": "c", "c": "a"}[first] == second
