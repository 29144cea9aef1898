"""`secretsmap rotate`: which entry it rotates and how it exits."""

from pathlib import Path
from typing import Any

import pytest

from secrets_component.cli import rotate
from secrets_component.cli.command import main
from secrets_component.planning.plan import PlannedSecret
from secrets_component.rotate.attempt import RotationStoppedError
from tests.unit.cli.accounts import AccountStub, use, write

MAP = "context_name: x\nsecrets: {api_key: {secret_data: v}}\n"
TWO = (
    "components: {terraform: {secretsmanager: {vars: {context_name: x, secrets: {a: {}}}}, "
    "b: {metadata: {component: secretsmanager}, vars: {context_name: y, secrets: {a: {}}}}}}\n"
)
Rotated = list[tuple[str, Any]]


@pytest.fixture
def rotated(monkeypatch: pytest.MonkeyPatch) -> Rotated:
    """The names of the secrets that are rotated, and how long each is followed."""
    found: Rotated = []
    use(monkeypatch, AccountStub())
    monkeypatch.setattr(rotate, "begin", lambda _, secret, __: secret)

    def follow(_: object, secret: PlannedSecret, seconds: float, __: object) -> None:
        found.append((secret.name, seconds))

    monkeypatch.setattr(rotate, "follow", follow)
    return found


def test_entry_is_rotated_by_its_key(tmp_path: Path, rotated: Rotated) -> None:
    path = write(tmp_path, MAP)
    assert main(["rotate", path, "api_key", "--environment", "dev"]) == 0
    assert main(["rotate", path, "api_key", "--environment", "dev", "--timeout", "9"]) == 0
    assert rotated == [("x/dev/api_key", 300), ("x/dev/api_key", 9)]


def test_entry_of_one_of_several_maps_is_named_with_its_instance(
    tmp_path: Path, rotated: Rotated, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, TWO)
    assert main(["rotate", path, "b.a", "--environment", "dev"]) == 0
    assert rotated == [("y/dev/a", 300)]
    assert main(["rotate", path, "a", "--environment", "dev"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {path}: no entry `a`; ")


@pytest.mark.parametrize(("key", "hint"), [("api-key", "; did you mean `api_key`?"), ("zzz", "")])
def test_unknown_key_is_wrong_usage(
    key: str, hint: str, tmp_path: Path, rotated: Rotated, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, MAP)
    assert main(["rotate", path, key, "--environment", "dev"]) == 2
    assert (rotated, capsys.readouterr().err) == ([], f"error: {path}: no entry `{key}`{hint}\n")


def ends(monkeypatch: pytest.MonkeyPatch, end: BaseException) -> None:
    def follow(*_: object) -> None:
        raise end

    monkeypatch.setattr(rotate, "follow", follow)


@pytest.mark.usefixtures("rotated")
def test_rotation_that_stops_exits_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends(monkeypatch, RotationStoppedError("stopped in setSecret: no"))
    assert main(["rotate", write(tmp_path, MAP), "api_key", "--environment", "dev"]) == 1
    assert capsys.readouterr() == ("", "error: stopped in setSecret: no\n")


@pytest.mark.usefixtures("rotated")
def test_ctrl_c_says_that_the_rotation_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ends(monkeypatch, KeyboardInterrupt())
    assert main(["rotate", write(tmp_path, MAP), "api_key", "--environment", "dev"]) == 130
    out, err = capsys.readouterr()
    assert ("a rotation that has begun goes on" in out, err) == (True, "interrupted\n")
