"""Maps inside a Pulumi program: the stack names the environment, errors end the run."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pulumi
import pytest

from secrets_component.loading import load_secret_map, load_secret_maps, plan_of
from secrets_component.planning.plan import LiteralText

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
    assert str(refused.value) == ("secret_map:4:5: error: unknown key `nmae`; did you mean `name`?")


@pytest.mark.parametrize("secret_map", [None, "stacks/dev.yaml", [], 5])
def test_anything_but_a_map_is_refused(secret_map: object) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        plan_of(secret_map, None)
    assert str(refused.value) == (
        "`secret_map` must be what `load_secret_map` returns, or a map's data; never an Output"
    )
