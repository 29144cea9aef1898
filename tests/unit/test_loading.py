"""Maps inside a Pulumi program: the stack names the environment, errors end the run."""

from __future__ import annotations

import json
import textwrap
from collections import OrderedDict
from pathlib import Path
from uuid import UUID

import pulumi
import pytest

from secrets_component.loading import load_secret_map, load_secret_maps, plan_of
from secrets_component.planning.plan import LiteralText, Structured
from secrets_component.secret_map.references import render

FLAT = "context_name: x\nsecrets: {a: {}}\n"
TWO = textwrap.dedent(
    """\
    components:
      terraform:
        secretsmanager: {vars: {context_name: x, secrets: {a: {}}}}
        api: {metadata: {component: secretsmanager}, vars: {context_name: y, secrets: {b: {}}}}
    """
)


@pytest.fixture(autouse=True)
def _stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test as the program of the stack `staging`."""
    monkeypatch.setattr(pulumi, "get_stack", lambda: "staging")


def written(folder: Path, text: str) -> Path:
    path = folder / "m.yaml"
    path.write_text(text, "utf-8")
    return path


def test_environment_is_the_name_of_the_stack(tmp_path: Path) -> None:
    plan = load_secret_map(written(tmp_path, FLAT))
    assert plan.secrets["a"].name == "x/staging/a"


def test_environment_can_be_given_instead(tmp_path: Path) -> None:
    plan = load_secret_map(written(tmp_path, FLAT), "prod")
    assert plan.secrets["a"].name == "x/prod/a"


def test_environment_of_the_map_comes_first(tmp_path: Path) -> None:
    path = written(tmp_path, f"environment: shared\n{FLAT}")
    assert load_secret_map(path, "prod").secrets["a"].name == "x/shared/a"


def test_path_may_be_a_string(tmp_path: Path) -> None:
    assert load_secret_map(str(written(tmp_path, FLAT))).context == "x"


def test_all_maps_of_a_file_are_loaded_by_instance(tmp_path: Path) -> None:
    plans = load_secret_maps(written(tmp_path, TWO))
    assert {name: list(plan.secrets) for name, plan in plans.items()} == {
        "secretsmanager": ["a"],
        "api": ["b"],
    }


def test_instance_chooses_one_of_several_maps(tmp_path: Path) -> None:
    assert load_secret_map(written(tmp_path, TWO), instance="api").context == "y"


@pytest.mark.parametrize("instance", [None, "web"])
def test_map_among_several_must_be_chosen(tmp_path: Path, instance: str | None) -> None:
    path = written(tmp_path, TWO)
    with pytest.raises(pulumi.RunError) as refused:
        load_secret_map(path, instance=instance)
    expected = f"{path}: choose one of its maps with `instance=`: `secretsmanager`, `api`"
    assert str(refused.value) == expected


def test_every_problem_of_every_map_is_in_one_error(tmp_path: Path) -> None:
    path = written(tmp_path, TWO.replace("{a: {}}", "{a: {nmae: n}}").replace("{b: {}}", "{b: 5}"))
    with pytest.raises(pulumi.RunError) as refused:
        load_secret_maps(path)
    assert str(refused.value).splitlines() == [
        f"{path}:3:60: error: unknown key `nmae`; did you mean `name`?",
        f"{path}:4:87: error: expected a mapping with the entry's fields (`name: …`)",
    ]


def test_missing_file_ends_the_run_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "absent.yaml"
    with pytest.raises(pulumi.RunError) as refused:
        load_secret_maps(path)
    assert str(refused.value).startswith(f"{path}: error: ")


def test_yaml_that_a_map_may_not_use_ends_the_run_at_its_position(tmp_path: Path) -> None:
    path = written(tmp_path, "context_name: x\ncontext_name: y\n")
    with pytest.raises(pulumi.RunError) as refused:
        load_secret_maps(path)
    assert str(refused.value).startswith(f"{path}:2:1: error: ")


def test_environment_that_cannot_be_part_of_a_name_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"^the environment may "):
        load_secret_map(written(tmp_path, FLAT), "no good")


def test_loaded_map_is_used_as_it_is(tmp_path: Path) -> None:
    plan = load_secret_map(written(tmp_path, FLAT), "prod")
    assert plan_of(plan, "dev") is plan


def test_plain_data_is_planned_for_the_stack() -> None:
    data = {"context_name": "x", "secrets": {"a": {}}}
    assert plan_of(data, None).secrets["a"].name == "x/staging/a"


def test_plain_data_keeps_letters_of_any_script() -> None:
    data = {"context_name": "x", "secrets": {"a": {"secret_data": "ü"}}}
    source = plan_of(data, None).secrets["a"].source
    assert isinstance(source, LiteralText)
    assert source.value.parts == ("ü",)


def test_plain_data_is_planned_for_the_given_environment() -> None:
    data = {"context_name": "x", "secrets": {"a": {}}}
    assert plan_of(data, "prod").secrets["a"].name == "x/prod/a"


def test_plain_data_keeps_the_order_of_its_entries() -> None:
    data = {"context_name": "x", "secrets": {"b": {}, "a": {}}}
    assert list(plan_of(data, None).secrets) == ["b", "a"]


def test_problems_of_plain_data_have_a_position_too() -> None:
    with pytest.raises(pulumi.RunError) as refused:
        plan_of({"context_name": "x", "secrets": {"a": {"nmae": "n"}}}, None)
    assert str(refused.value) == (
        "secret_map.secrets.a.nmae: error: unknown key `nmae`; did you mean `name`?"
    )


def test_missing_reference_of_plain_data_is_at_its_keys() -> None:
    data = {"context_name": "x", "secrets": {"a": {"secret_data": {"p": ["${output.rds.x}"]}}}}
    with pytest.raises(pulumi.RunError) as refused:
        plan_of(data, None)
    assert str(refused.value).startswith("secret_map.secrets.a.secret_data.p[0]: error: ")


@pytest.mark.parametrize("text", ["98765e43", "12e5", "0o17", "1E3", "123e4567", "a\x85b", "1.10"])
def test_plain_data_keeps_its_types(text: str) -> None:
    data = {
        "context_name": "x",
        "secrets": {"a": {"secret_data": text}, "b": {"secret_data": {"t": text}}},
    }
    plan = plan_of(data, None)
    source = plan.secrets["a"].source
    assert isinstance(source, LiteralText)
    assert source.value.parts == (text,)
    structure = plan.secrets["b"].source
    assert isinstance(structure, Structured)
    assert json.loads(render(structure.value, lambda _: None)) == {"t": text}


def test_whole_floats_of_other_languages_are_whole_numbers() -> None:
    plan = plan_of({"context_name": "x", "secrets": {"a": {"recovery_window_in_days": 7.0}}}, None)
    assert plan.secrets["a"].recovery_window_in_days == 7


def test_value_of_an_unknown_type_is_refused_without_the_value() -> None:
    value = OrderedDict(password=UUID(int=271828))
    with pytest.raises(pulumi.RunError) as refused:
        plan_of({"context_name": "x", "secrets": {"a": {"secret_data": value}}}, None)
    assert str(refused.value) == (
        "secret_map.secrets.a.secret_data.password: error: expected a string, number, boolean, "
        "mapping or list, got `UUID`; convert it first"
    )


def test_plain_data_of_several_maps_is_refused_with_their_names() -> None:
    one = {"vars": {"context_name": "x"}}
    api = {"metadata": {"component": "secretsmanager"}, **one}
    with pytest.raises(pulumi.RunError) as refused:
        plan_of({"components": {"terraform": {"secretsmanager": one, "api": api}}}, None)
    assert str(refused.value) == (
        "`secret_map` has several maps: `secretsmanager`, `api`; make a SecretMap of the `vars` of "
        "each"
    )


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list that the run's warnings go to."""
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lines.append)
    return lines


def test_environment_beside_a_loaded_map_is_warned_of(tmp_path: Path, log: list[str]) -> None:
    plan = load_secret_map(written(tmp_path, FLAT), "prod")
    plan_of(plan, "prod")
    plan_of(plan, None)
    assert log == []
    plan_of(plan, "dev")
    assert log == [
        "`environment` is `dev`, but the map is loaded for `prod` already and stays so; pass the "
        "environment to `load_secret_map`"
    ]


def test_warnings_of_a_map_are_those_of_the_run(tmp_path: Path, log: list[str]) -> None:
    path = written(tmp_path, TWO.replace("{a: {}}", "{a: {recovery_window_in_days: 0}}"))
    load_secret_map(path, instance="api")
    assert log == []
    load_secret_map(path, instance="secretsmanager")
    load_secret_maps(path)
    plan_of({"context_name": "x", "secrets": {"a": {"recovery_window_in_days": 0}}}, None)
    assert [line.rpartition(": ")[2] for line in log] == [
        "a removed secret is deleted immediately and cannot be restored"
    ] * 3


@pytest.mark.parametrize("secret_map", [None, "stacks/dev.yaml", [], 5])
def test_anything_but_a_map_is_refused(secret_map: object) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        plan_of(secret_map, None)
    assert str(refused.value) == (
        "`secret_map` must be what `load_secret_map` returns, or a map's data; never an Output"
    )
