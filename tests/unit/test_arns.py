"""ARNs: parsed, composed, and compared with the account that they are written for."""

import pytest

from secrets_component.arns import Arn, Home, account_of, exact, is_arn

HOME = Home("aws", "eu-central-1", "123456789012")
CHINA = Home("aws-cn", "cn-north-1", "123456789012")


def test_arn_has_six_parts() -> None:
    arn = Arn.parse("arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:a/b-AbCdEf")
    assert arn == Arn(
        partition="aws-us-gov",
        service="secretsmanager",
        region="us-gov-west-1",
        account="123456789012",
        resource="secret:a/b-AbCdEf",
    )
    assert arn.home == Home("aws-us-gov", "us-gov-west-1", "123456789012")


@pytest.mark.parametrize(
    "text", ["", "myapp/dev/db", "alias/key", "arn:aws:iam::123456789012", "urn:aws:iam::1:role/a"]
)
def test_text_that_is_not_an_arn_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected an ARN"):
        Arn.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("arn:aws:iam::1:role/a", True), ("alias/a", False), ("111122223333", False)],
)
def test_arn_is_not_a_name_or_an_id(text: str, expected: bool) -> None:
    assert is_arn(text) is expected


@pytest.mark.parametrize(
    ("resource", "alias"),
    [("alias/team/key", "alias/team/key"), ("key/alias", None), ("key/mrk-1", None)],
)
def test_only_an_alias_has_an_alias(resource: str, alias: str | None) -> None:
    assert Arn.parse(HOME.arn("kms", resource)).alias == alias


def test_name_of_a_secret_is_its_arn_without_the_six_characters() -> None:
    assert Arn.parse(HOME.secret_arn("myapp/dev/db-main-AbCdEf")).secret_name == "myapp/dev/db-main"


@pytest.mark.parametrize(
    ("key", "arn"),
    [
        ("1234abcd", "arn:aws:kms:eu-central-1:123456789012:key/1234abcd"),
        ("*", "arn:aws:kms:eu-central-1:123456789012:key/*"),
        ("alias/own", "arn:aws:kms:eu-central-1:123456789012:alias/own"),
        ("arn:aws:kms:eu-west-1:2:key/k", "arn:aws:kms:eu-west-1:2:key/k"),
    ],
)
def test_key_is_given_by_its_id_its_alias_or_its_arn(key: str, arn: str) -> None:
    assert HOME.key_arn(key) == arn


def test_arns_are_written_in_the_partition_of_the_account() -> None:
    assert CHINA.secret_arn("a/*") == "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:a/*"
    assert CHINA.key_arn("k") == "arn:aws-cn:kms:cn-north-1:123456789012:key/k"
    assert CHINA.role_arn("path/app") == "arn:aws-cn:iam::123456789012:role/path/app"
    assert CHINA.root() == "arn:aws-cn:iam::123456789012:root"
    assert CHINA.root("222222222222") == "arn:aws-cn:iam::222222222222:root"


def test_secret_can_be_in_another_region() -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a"
    assert HOME.secret_arn("a", "eu-west-1") == arn


@pytest.mark.parametrize(
    ("principal", "account"),
    [
        ("111122223333", "111122223333"),
        ("arn:aws:iam::111122223333:role/a", "111122223333"),
        ("dms.amazonaws.com", None),
        ("${output.iam.role}", None),
    ],
)
def test_account_of_a_principal(principal: str, account: str | None) -> None:
    assert account_of(principal) == account


@pytest.mark.parametrize(
    ("home", "principal", "expected"),
    [
        (HOME, "arn:aws:iam::123456789012:role/a", True),
        (HOME, "123456789012", True),
        (HOME, "arn:aws:iam::222222222222:role/a", False),
        (HOME, "222222222222", False),
        (HOME, "dms.amazonaws.com", True),
        (Home(), "arn:aws:iam::222222222222:role/a", True),
    ],
)
def test_principal_is_own_unless_it_is_known_to_be_of_another_account(
    home: Home, principal: str, expected: bool
) -> None:
    assert home.is_own(principal) is expected


def test_pattern_of_one_secret_matches_the_six_characters_only() -> None:
    assert exact("myapp/dev/db") == "myapp/dev/db-??????"
