"""Names of secrets, their prefixes and the names derived from them."""

import re

import pytest

from secrets_component.secret_map import names

CHARACTERS = "may contain only letters, digits and `/_+=.@-`, the characters that AWS allows"
SLASHES = "must not start or end with `/` or contain `//`"


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("orders", None),
        ("backend/db", None),
        ("A-z_0+=.@", None),
        ("", "must not be empty"),
        ("no good", CHARACTERS),
        ("caf\u00e9", CHARACTERS),
        ("a:b", CHARACTERS),
        ("/a", SLASHES),
        ("a/", SLASHES),
        ("a//b", SLASHES),
        ("/", SLASHES),
    ],
)
def test_part_of_a_name_is_valid_or_has_a_reported_problem(part: str, message: str | None) -> None:
    assert names.part_problem(part) == message


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (None, "shop/dev/db"),
        ("", "shop/dev/db"),
        ("backend", "shop/dev/backend/db"),
        ("backend/eu", "shop/dev/backend/eu/db"),
    ],
)
def test_secret_name_joins_the_hierarchy(path: str | None, expected: str) -> None:
    assert names.secret_name("shop", "dev", path, "db") == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (None, "shop/dev/"),
        ("", "shop/dev/"),
        ("backend", "shop/dev/backend/"),
        ("backend/eu", "shop/dev/backend/eu/"),
    ],
)
def test_prefix_of_a_level_ends_in_a_slash(path: str | None, expected: str) -> None:
    assert names.level_prefix("shop", "dev", path) == expected


@pytest.mark.parametrize("path", [None, "backend", "backend/eu"])
def test_name_of_a_secret_starts_with_the_prefix_of_its_level(path: str | None) -> None:
    name = names.secret_name("shop", "dev", path, "db")
    assert name.removeprefix(names.level_prefix("shop", "dev", path)) == "db"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b-AbC123", True),
        ("a-secret", True),
        ("-123456", True),
        ("a/b-AbC12", False),
        ("a/b-AbC1234", False),
        ("a/b-AbC12_", False),
        ("AbC123", False),
    ],
)
def test_hyphen_and_six_characters_look_like_an_arn(name: str, *, expected: bool) -> None:
    assert names.ends_like_arn(name) is expected


@pytest.mark.parametrize("secret", ["a", "shop/dev/backend/db", "a" * 512, "\u00e9/+=.@", "/"])
def test_rotation_function_has_a_name_that_aws_accepts(secret: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", names.rotation_function(secret))


def test_rotation_function_keeps_the_secret_name_readable() -> None:
    assert re.fullmatch(r"shop-dev-db-[0-9a-f]{8}", names.rotation_function("shop/dev/db"))


def test_similar_secrets_have_different_rotation_functions() -> None:
    similar = ["a/b", "a-b", "a.b", "a" * 100, "a" * 101]
    assert len({names.rotation_function(secret) for secret in similar}) == len(similar)


def test_role_of_a_function_has_another_name_in_each_region() -> None:
    here, there = (names.rotation_role("shop/dev/db", one) for one in ("eu-west-1", "us-east-1"))
    assert here != there
    assert {here[:12], there[:12]} == {"shop-dev-db-"}
