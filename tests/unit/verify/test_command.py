"""The command before it creates anything, and its exit codes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from verify import __main__ as command
from verify.account import Account, AccountError
from verify.interruption import Interrupted
from verify.names import Names
from verify.table import Row, Seen

RUN = "try-0123abcd"
REAL_RUN = command._run


class Terminal(io.StringIO):
    """Standard input with somebody there."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def runs(monkeypatch: pytest.MonkeyPatch, account: Account) -> list[tuple[str, str | None]]:
    """The runs that were started, in an empty account and with a CLI."""
    started: list[tuple[str, str | None]] = []

    def start(_: Account, names: Names, __: Path, replica_region: str | None) -> int:
        started.append((names.run, replica_region))
        return 0

    monkeypatch.setattr(command, "_run", start)
    monkeypatch.setattr(command, "open_account", lambda: account)
    monkeypatch.setattr("verify.__main__.shutil.which", lambda _: "/usr/bin/pulumi")
    monkeypatch.setattr("verify.__main__.sys.stdin", Terminal("y\n"))
    return started


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Any:
    """Read what the command said to its user."""
    return capsys.readouterr


def test_prefix_is_required(runs: list[Any], told: Any) -> None:
    assert command.main([]) == 2
    assert told().err == "error: PREFIX is required: `make verify-aws PREFIX=try`\n"
    assert runs == []


def test_prefix_that_is_not_valid_is_refused(told: Any) -> None:
    assert command.main(["a/b"]) == 2
    assert told().err.startswith("error: PREFIX must be 1 to 20 letters")


def test_nothing_is_created_without_a_terminal_or_a_yes(
    runs: list[Any], told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verify.__main__.sys.stdin", io.StringIO("y\n"))
    assert command.main(["try"]) == 2
    assert "there is no terminal to ask on; set YES=1" in told().err
    assert runs == []
    assert command.main(["try", "--yes"]) == 0
    assert len(runs) == 1


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("YES\n", 0), ("n\n", 2), ("\n", 2)])
def test_question_is_asked_before_anything_is_created(
    runs: list[Any], told: Any, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    monkeypatch.setattr("verify.__main__.sys.stdin", Terminal(answer))
    assert command.main(["try"]) == code
    text = told().out
    assert "account 123456789012, region eu-central-1" in text
    assert "costs less than 0.10 USD" in text
    assert text.endswith("Continue? [y/N] ")
    assert bool(runs) is (code == 0)


def test_end_of_input_is_a_no(runs: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.__main__.sys.stdin", Terminal(""))
    assert command.main(["try"]) == 2
    assert runs == []


def test_names_that_exist_are_refused(runs: list[Any], told: Any, account: Account) -> None:
    account.client("secretsmanager").create_secret(Name="try/prod/a", SecretString="x")
    assert command.main(["try"]) == 2
    assert told().err == (
        "error: 1 names with this prefix exist, such as the secret `try/prod/a`; choose another "
        "PREFIX, or `--clean` what an earlier run has left\n"
    )
    assert runs == []


def test_missing_cli_is_one_line(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.__main__.shutil.which", lambda _: None)
    assert command.main(["try", "--yes"]) == 2
    assert told().err.startswith("error: `pulumi` is not on PATH; install it: https://")


def test_account_that_cannot_be_asked_is_one_line(
    told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise AccountError("Unable to locate credentials")

    monkeypatch.setattr(command, "open_account", refuse)
    assert command.main(["try", "--yes"]) == 2
    assert told().err == "error: Unable to locate credentials\n"


def test_account_that_may_not_list_is_one_line(
    runs: list[Any], told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListSecrets")

    monkeypatch.setattr("verify.__main__.leftovers.existing", refuse)
    assert command.main(["try", "--yes"]) == 2
    assert told().err == "error: AWS refuses: ListSecrets: AccessDeniedException\n"
    assert runs == []


def test_replica_region_is_another_one(runs: list[Any], told: Any) -> None:
    assert command.main(["try", "--yes", "--replica-region", "eu-central-1"]) == 2
    assert "must not be `eu-central-1`, the map's own" in told().err
    command.main(["try", "--yes", "--replica-region", "eu-west-1"])
    assert "replicates 2 more secrets and the key to eu-west-1" in told().out
    assert [region for _, region in runs] == ["eu-west-1"]


def test_clean_removes_an_earlier_run_and_nothing_else(account: Account, told: Any) -> None:
    client = account.client("secretsmanager")
    for name in (f"{RUN}/verify/plain", "try/prod/a"):
        client.create_secret(Name=name, SecretString="x")
    assert command.main(["--clean", RUN]) == 0
    assert [one["Name"] for one in client.list_secrets()["SecretList"]] == ["try/prod/a"]


def test_clean_asks_as_well(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    client = account.client("secretsmanager")
    client.create_secret(Name=f"{RUN}/verify/plain", SecretString="x")
    monkeypatch.setattr("verify.__main__.sys.stdin", Terminal("n\n"))
    assert command.main(["--clean", RUN]) == 2
    assert len(client.list_secrets()["SecretList"]) == 1


def test_clean_takes_the_name_of_a_run_only(told: Any) -> None:
    assert command.main(["--clean", "prod"]) == 2
    assert "`prod` is not the name of a run" in told().err


class FakeDeployment:
    """Stands in for the project of a run."""

    def __init__(self, *_: Any) -> None:
        self.log: list[str] = []

    def prepare(self) -> None:
        self.log.append("prepare")

    def destroy(self) -> str | None:
        self.log.append("destroy")
        return "some error"

    def remove(self) -> None:
        self.log.append("remove")


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> FakeDeployment:
    """The deployment of a run, in place of a real one."""
    made = FakeDeployment()
    monkeypatch.setattr(command, "Deployment", lambda *_: made)
    monkeypatch.setattr(command, "Interruption", Disarmed)
    return made


class Disarmed:
    """Listens to no signal."""

    def disarm(self) -> None:
        """Stay as it is."""


@pytest.fixture
def run(account: Account, deployment: FakeDeployment, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run over rows that a test gives; return the exit code."""

    def start(*rows: Row | BaseException) -> int:
        def course(*_: Any) -> Iterator[Row]:
            for row in rows:
                if isinstance(row, BaseException):
                    raise row
                yield row

        monkeypatch.setattr("verify.__main__.course.run", course)
        return REAL_RUN(account, Names(RUN), Path("pulumi"), None)

    return start


def row(name: str, *, is_expected: bool | None) -> Row:
    return Row(name, "expected", "source", Seen("seen", is_expected=is_expected))


@pytest.mark.parametrize(("is_expected", "code"), [(True, 0), (None, 0), (False, 1)])
def test_exit_code_says_whether_a_rule_differs(
    run: Any, told: Any, is_expected: bool | None, code: int
) -> None:
    assert run(row("a", is_expected=True), row("b", is_expected=is_expected)) == code
    assert "rule" in told().out


def test_interrupted_run_shows_its_rows_and_removes_everything(
    run: Any, told: Any, account: Account, deployment: FakeDeployment
) -> None:
    assert run(row("the first", is_expected=False), Interrupted(2)) == 130
    assert "the first" in told().out
    assert deployment.log == ["prepare", "destroy", "remove"]
    assert account.client("secretsmanager").list_secrets()["SecretList"] == []
    assert account.client("lambda").list_functions()["Functions"] == []


def test_unexpected_error_removes_everything_too(
    run: Any, account: Account, deployment: FakeDeployment
) -> None:
    with pytest.raises(ZeroDivisionError):
        run(ZeroDivisionError())
    assert deployment.log[-2:] == ["destroy", "remove"]
    assert account.client("secretsmanager").list_secrets()["SecretList"] == []


def test_failed_destroy_is_reported(run: Any, told: Any) -> None:
    run(row("a", is_expected=True))
    assert "`pulumi destroy` failed: some error" in told().err


def test_what_is_left_is_listed_and_an_error(
    run: Any, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "verify.__main__.leftovers.remove", lambda *_: ["role `x`: aws iam delete-role"]
    )
    assert run(row("a", is_expected=True)) == 2
    text = told().err
    assert "error: left: role `x`: aws iam delete-role" in text
    assert text.endswith(f"or all of it: python -m verify --clean {RUN}\n")
