"""The account and region of a map, and the roles and users in it."""

from __future__ import annotations

from typing import Any

import pytest

from secrets_component.arns import Home
from secrets_component.errors import Report
from secrets_component.lookups.account import Identities, read_home
from tests.maps_of_tests import plan_of
from tests.unit.mocks import (
    ACCOUNT,
    REGION,
    Cloud,
    NoSuchIdentityError,
    SilentCloud,
    run_in_program,
)

HOME = Home("aws", REGION, ACCOUNT)


class DeniedError(NoSuchIdentityError):
    """What the provider answers where the caller may not look up identities."""

    def details(self) -> str:
        return "reading IAM Role: AccessDenied: not authorized to perform: iam:GetRole"


class DenyingCloud(Cloud):
    """An AWS in which the caller may not look up identities."""

    def call(self, args: Any) -> Any:
        if args.token.startswith("aws:iam/"):
            raise DeniedError("any")
        return super().call(args)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud({}, ())


def queried(cloud: Cloud) -> list[str]:
    """Return the names of the identities that were queried."""
    names = [arguments.get("name") or arguments.get("userName") for _, arguments in cloud.calls]
    return [name for name in names if name]


def test_home_is_the_providers_account_region_and_caller(cloud: Cloud) -> None:
    assert run_in_program(read_home, cloud) == Home(
        "aws", REGION, ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/session"
    )


def test_partition_is_that_of_the_caller(cloud: Cloud) -> None:
    cloud.caller = f"arn:aws-cn:iam::{ACCOUNT}:user/ci"
    assert run_in_program(read_home, cloud).partition == "aws-cn"


def test_mocks_that_answer_nothing_leave_placeholders() -> None:
    home = run_in_program(read_home, SilentCloud())
    assert home == Home()
    assert home.secret_arn("a") == "arn:aws:secretsmanager:<region>:<account>:secret:a"


def attached(cloud: Cloud, text: str) -> tuple[dict[str, str], Report]:
    """Return the ARNs of a map's attached roles, and the report on them."""
    plan = plan_of(text)
    report = plan.report()
    found = run_in_program(
        lambda parent: Identities(HOME, parent).attached_roles(plan, report), cloud
    )
    return dict(found), report


ATTACHED = "context_name: x\naccess: {attach_to: [app, ops]}\nsecrets: {a: {}}\n"


def test_attached_roles_are_found_by_name(cloud: Cloud) -> None:
    roles, report = attached(cloud, ATTACHED)
    assert roles == {name: f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("app", "ops")}
    assert report.errors == []


def test_role_that_several_levels_attach_is_queried_once(cloud: Cloud) -> None:
    attached(
        cloud,
        "context_name: x\naccess: {attach_to: [app], paths: {p: {attach_to: [app]}}}\n"
        "secrets: {a: {path: p}}\n",
    )
    assert queried(cloud) == ["app"]


def test_every_missing_role_is_reported_at_its_name(cloud: Cloud) -> None:
    roles, report = attached(cloud, ATTACHED.replace("[app, ops]", "[gone, app, lost]"))
    assert list(roles) == ["app"]
    assert [str(problem) for problem in report.errors] == [
        "m:2:22: error: `attach_to`: the role `gone` does not exist; create it first",
        "m:2:33: error: `attach_to`: the role `lost` does not exist; create it first",
    ]


def test_role_that_may_not_be_looked_up_is_reported_with_the_reason() -> None:
    _, report = attached(DenyingCloud({}, ()), ATTACHED.replace(", ops", ""))
    (problem,) = report.errors
    assert str(problem).startswith("m:2:22: error: `attach_to`: cannot look up the role `app`: ")
    assert "not authorized to perform: iam:GetRole" in str(problem)


def problem_with(principal: str, cloud: Cloud, home: Home = HOME) -> str | None:
    return run_in_program(lambda parent: Identities(home, parent).problem_with(principal), cloud)


@pytest.mark.parametrize("kind", ["role", "user"])
def test_identity_that_exists_is_no_problem(cloud: Cloud, kind: str) -> None:
    cloud.identities["app"] = f"arn:aws:iam::{ACCOUNT}:{kind}/app"
    assert problem_with(f"arn:aws:iam::{ACCOUNT}:{kind}/app", cloud) is None
    assert [operation for operation, _ in cloud.calls] == [f"get{kind.title()}"]


@pytest.mark.parametrize("kind", ["role", "user"])
def test_identity_that_does_not_exist_must_be_created_first(cloud: Cloud, kind: str) -> None:
    principal = f"arn:aws:iam::{ACCOUNT}:{kind}/gone"
    assert problem_with(principal, cloud) == (
        f"the {kind} `{principal}` does not exist in this account; create it first"
    )


def test_identity_is_looked_up_by_its_name_without_the_path(cloud: Cloud) -> None:
    cloud.identities["app"] = f"arn:aws:iam::{ACCOUNT}:role/team/app"
    assert problem_with(f"arn:aws:iam::{ACCOUNT}:role/team/app", cloud) is None
    assert queried(cloud) == ["app"]


def test_identity_with_another_path_is_named(cloud: Cloud) -> None:
    written, real = f"arn:aws:iam::{ACCOUNT}:role/app", f"arn:aws:iam::{ACCOUNT}:role/team/app"
    cloud.identities["app"] = real
    assert problem_with(written, cloud) == (
        f"`{written}` does not exist in this account, but `{real}` does"
    )


def test_aws_decides_where_the_caller_may_not_look_up_an_identity() -> None:
    assert problem_with(f"arn:aws:iam::{ACCOUNT}:role/app", DenyingCloud({}, ())) is None


@pytest.mark.parametrize(
    "principal",
    [
        "arn:aws:iam::222222222222:role/there",
        "arn:aws:iam::222222222222:user/there",
        f"arn:aws:iam::{ACCOUNT}:root",
        ACCOUNT,
        "lambda.amazonaws.com",
    ],
)
def test_what_cannot_be_looked_up_is_not_queried(cloud: Cloud, principal: str) -> None:
    assert problem_with(principal, cloud) is None
    assert queried(cloud) == []


def test_each_identity_is_queried_once(cloud: Cloud) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/"
    plan = plan_of(ATTACHED)

    def twice(parent: Any) -> list[str | None]:
        identities = Identities(HOME, parent)
        identities.attached_roles(plan, plan.report())
        return [identities.problem_with(f"{role}{name}") for name in ("app", "gone", "gone")]

    found, missing, again = run_in_program(twice, cloud)
    assert found is None
    assert missing is not None
    assert missing == again
    assert queried(cloud) == ["app", "ops", "gone"]
