"""The maps that a verb is about."""

from pathlib import Path

import pytest

from secrets_component.cli.maps import plans_of, require_environment
from secrets_component.cli.verb import UsageError
from tests.unit.cli.accounts import write

OPEN = "context_name: x\nname: shop\nsecrets: {a: {}}\n"


def test_map_without_an_environment_is_refused_with_what_to_write(tmp_path: Path) -> None:
    file = write(tmp_path, OPEN)
    with pytest.raises(UsageError) as refused:
        require_environment(file, plans_of(file, None))
    assert str(refused.value) == (
        f"{file}: the map `shop` sets no `environment`; add `--environment <name>`, as the Pulumi "
        "stack is called"
    )


@pytest.mark.parametrize(("text", "given"), [(OPEN, "dev"), (f"environment: dev\n{OPEN}", None)])
def test_environment_of_the_map_or_of_the_option_is_enough(
    tmp_path: Path, text: str, given: str | None
) -> None:
    file = write(tmp_path, text)
    require_environment(file, plans_of(file, given))


def test_environment_that_cannot_be_part_of_a_name_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^the environment may contain only"):
        plans_of(write(tmp_path, OPEN), "no good")
