"""Grants: which level of the hierarchy covers which secrets."""

import pytest

from secrets_component.iam.grants import KINDS, Grant, Grantee, Level, covers, levels_of
from secrets_component.secret_map.references import parse


@pytest.mark.parametrize(
    ("level", "path", "expected"),
    [
        ("", None, True),
        ("", "rds", True),
        ("rds", "rds", True),
        ("rds", "rds/replica", True),
        ("rds/replica", "rds/replica/eu", True),
        ("rds", "rdsx", False),
        ("rds/replica", "rds", False),
        ("rds", None, False),
    ],
)
def test_level_covers_itself_and_what_is_below_it(
    level: str, path: str | None, expected: bool
) -> None:
    assert covers(level, path) is expected
    assert Level(level).covers(path) is expected


@pytest.mark.parametrize(
    ("level", "outputs"),
    [("", ["read", "admin"]), ("rds/replica", ["rds/replica/read", "rds/replica/admin"])],
)
def test_policy_of_a_level_is_named_by_its_path_and_kind(level: str, outputs: list[str]) -> None:
    assert [Level(level).output(kind) for kind in KINDS] == outputs


def test_grant_has_readers_and_administrators() -> None:
    reader = Grantee(parse("111122223333", []), ("access", "readers", 0))
    admin = Grantee(parse("222222222222", []), ("access", "admins", 0))
    grant = Grant("", (reader,), (admin,), None)
    assert grant.of("read") == (reader,)
    assert grant.of("admin") == (admin,)


def test_levels_of_a_path_go_from_the_whole_map_down() -> None:
    assert levels_of(None) == ("",)
    assert levels_of("rds/replica/eu") == ("", "rds", "rds/replica", "rds/replica/eu")
