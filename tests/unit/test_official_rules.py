"""No resource of any map is refused by the official providers' rules (`official.yaml`)."""

from __future__ import annotations

import re
import string
from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from secrets_component.errors import SecretMapError
from secrets_component.resources import hosting
from tests import registered
from tests.registered import Registered

MAPS = dict(registered.repository_maps())
ARN = re.compile(r"arn:aws:[a-z]+:")


@pytest.fixture(autouse=True)
def _no_build(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Deploy an empty archive instead of the rotation functions, which would be built first."""
    monkeypatch.setattr(hosting, "archive", lambda _: tmp_path_factory.getbasetemp())


def refusals(found: list[Registered]) -> list[str]:
    lines = []
    for one in found:
        for refusal in one.refusals:
            lines.append(f"{one.token} {one.logical}: {refusal}")

    return lines


def test_every_kind_of_resource_is_in_some_map() -> None:
    """The maps of the repository and the one below register every type that the project has."""
    tokens = set()
    for text in [*MAPS.values(), EVERYTHING]:
        tokens |= {one.token for one in registered.registered_by(text)}

    assert tokens == registered.TYPES_OF_THE_PROJECT


@pytest.mark.parametrize("name", MAPS)
def test_map_of_the_repository_is_accepted(name: str) -> None:
    found = registered.registered_by(MAPS[name])
    assert found
    assert refusals(found) == []


EVERYTHING = """\
context_name: x
kms: {create: true, multi_region: true}
access: {readers: ["arn:aws:iam::123456789012:role/app"], attach_to: [app], paths: {a/b: {}}}
alarms:
  create: true
  expected: ["arn:aws:iam::123456789012:user/breakglass", "210987654321"]
  detections: {batch_read: true, many_unexpected_reads: true, decoy_touched: [binary]}
tags: {team: payments}
secrets:
  binary: {secret_binary: AAAA}
  hosted:
    path: a/b
    generate_random_password: true
    rotation_automatically: true
    rotation: {function: generated-password}
    on_rotate: [{lambda: f}, {ecs_service: c/s}]
    replicas: [{region: eu-west-1}]
  scheduled:
    secret_data: v
    rotation_automatically: true
    rotation_schedule: rate(10 days)
    rotation_window: 3h
    rotation_lambda_arn: arn:aws:lambda:eu-central-1:123456789012:function:rotate:live
  fields:
    owner: operator
    rotated_fields: [password]
    random: {password: {length: 8, special: false, keepers: {year: "2026"}}}
    secret_data: {host: h, password: "${random.password}"}
  kinds:
    random:
      bytes: {kind: bytes, length: 1, keepers: {year: "2026"}}
      id: {kind: uuid}
      ed25519: {kind: key_pair, format: openssh, keepers: {year: "2026"}}
      ecdsa: {kind: key_pair, algorithm: ecdsa, curve: P521}
      rsa: {kind: key_pair, algorithm: rsa, bits: 4096}
    secret_data: "${random.bytes} ${random.id} ${random.ed25519} ${random.ecdsa} ${random.rsa}"
"""


def test_map_with_everything_is_accepted() -> None:
    assert refusals(registered.registered_by(EVERYTHING)) == []


# Random maps: names as odd as a map may have them.

quick = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink a map takes minutes
)
LABELS = st.one_of(
    st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=12),
    st.integers(1, 120).map(lambda length: "k" * length),
).filter(lambda label: not label.startswith("-"))
PARTS = st.one_of(
    st.text(string.ascii_letters + string.digits + "_+=.@-", min_size=1, max_size=12),
    st.integers(1, 100).map(lambda length: "p" * length),
)
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join)
FUNCTIONS = st.builds(
    "arn:aws:lambda:eu-central-1:123456789012:function:{}{}".format,
    st.integers(1, 64).map(lambda length: "f" * length),
    st.sampled_from(["", ":live", ":7"]),
)
RESTARTS = st.lists(
    st.one_of(
        st.builds(lambda name: {"lambda": "f" * name}, st.integers(1, 64)),
        st.builds(lambda name: {"ecs_service": f"cluster/{'s' * name}"}, st.integers(1, 200)),
    ),
    max_size=3,
)
HOSTED = st.fixed_dictionaries(
    {"function": st.sampled_from(["generated-password", "mysql-single-user"])},
    optional={
        "timeout": st.integers(1, 900),
        "log_retention_in_days": st.sampled_from([1, 400, 3653]),
    },
)
SCHEDULES = st.one_of(
    st.builds(lambda days: {"rotation_days": days}, st.integers(1, 1000)),
    st.sampled_from(
        [
            {"rotation_schedule": "rate(4 hours)", "rotation_window": "1h"},
            {"rotation_schedule": "cron(0 8 1 * ? *)", "rotation_window": "24h"},
            {"rotation_schedule": "cron(15/30 0/4 ? JAN-DEC 2#1 *)"},
            {},
        ]
    ),
)


@st.composite
def rotations(draw: Any) -> dict[str, Any]:
    """The fields of an entry that rotates, or none."""
    kind = draw(st.sampled_from(["none", "own", "hosted"]))
    if kind == "none":
        return {}

    rotation: dict[str, Any] = {"rotation_automatically": True, **draw(SCHEDULES)}
    if kind == "own":
        rotation["rotation_lambda_arn"] = draw(FUNCTIONS)
    else:
        rotation["rotation"] = draw(HOSTED)

    return rotation


@st.composite
def entries(draw: Any) -> dict[str, Any]:
    """One entry with a value, which may rotate, replicate, grant and restart."""
    values = [
        {"generate_random_password": True},
        {"secret_data": {"username": "u", "password": "p", "host": "h", "engine": "mysql"}},
        {"secret_data": "é ' \" \\"},
    ]
    optional = {
        "name": PARTS,
        "path": PATHS,
        "description": st.text(string.ascii_letters + " éü“", max_size=600),
        "on_rotate": RESTARTS,
        "replicas": st.just([{"region": "eu-west-1"}, {"region": "us-east-2"}]),
        "recovery_window_in_days": st.sampled_from([0, 7, 30]),
        "access": st.just({"readers": ["arn:aws:iam::123456789012:role/app"]}),
        "tags": st.just({"owner": "me"}),
    }
    return {
        **draw(st.sampled_from(values)),
        **draw(st.fixed_dictionaries({}, optional=optional)),
        **draw(rotations()),
    }


@st.composite
def maps(draw: Any) -> dict[str, Any]:
    """A whole map; the model may still refuse it."""
    optional = {
        "name": LABELS,
        "environment": PATHS,
        "kms": st.fixed_dictionaries(
            {"create": st.just(value=True)},
            optional={
                "alias": st.text(string.ascii_letters + "/_-", min_size=1, max_size=240),
                "multi_region": st.booleans(),
                "deletion_window_in_days": st.integers(7, 30),
            },
        ),
        "alarms": st.sampled_from(
            [{"create": True}, {"create": True, "detections": {"many_unexpected_reads": True}}]
        ),
        "access": st.fixed_dictionaries(
            {},
            optional={
                "attach_to": st.just(["app"]),
                "readers": st.just(["arn:aws:iam::123456789012:role/app"]),
                "paths": st.dictionaries(PATHS, st.just({"attach_to": ["ops"]}), max_size=2),
            },
        ),
    }
    return {
        "context_name": draw(PATHS),
        "secrets": draw(st.dictionaries(LABELS, entries(), min_size=1, max_size=3)),
        **draw(st.fixed_dictionaries({}, optional=optional)),
    }


@quick
@given(maps())
def test_any_map_that_loads_is_accepted(written: dict[str, Any]) -> None:
    text = yaml.safe_dump(written, allow_unicode=True)
    try:
        found = registered.registered_by(text)
    except (SecretMapError, pulumi.RunError):
        assume(False)  # noqa: FBT003 # hypothesis's own signature
        raise

    assert refusals(found) == []
