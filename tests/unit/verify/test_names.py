"""The names of a run, and what is taken for one."""

import re

import pytest

from verify.names import InvalidNameError, Names, belongs, is_about, known_run, new_run

RUN = "try-0123abcd"


def test_run_is_the_prefix_with_a_random_suffix() -> None:
    first, second = new_run("try").run, new_run("try").run
    assert re.fullmatch(r"try-[0-9a-f]{8}", first)
    assert first != second


@pytest.mark.parametrize("prefix", ["", "-a", "a-", "a/b", "a b", "a_b", "a" * 21])
def test_prefix_that_some_service_refuses_is_refused(prefix: str) -> None:
    with pytest.raises(InvalidNameError, match="PREFIX must be 1 to 20 letters"):
        new_run(prefix)


@pytest.mark.parametrize("name", ["prod", "try", "try-0123abc", "try-0123ABCD", "-0123abcd", ""])
def test_only_the_name_of_a_run_is_cleaned(name: str) -> None:
    with pytest.raises(InvalidNameError, match="is not the name of a run"):
        known_run(name)


def test_name_of_a_run_is_known_again() -> None:
    assert known_run(RUN) == Names(RUN)
    assert known_run(new_run("a-b").run).run.startswith("a-b-")


@pytest.mark.parametrize(
    "name",
    [
        RUN,
        f"{RUN}/verify/plain",
        f"{RUN}-reader",
        f"{RUN}.read-2026",
        f"alias/{RUN}-verify-secrets",
        f"/aws/lambda/{RUN}-verify-rotating",
    ],
)
def test_names_of_a_run_belong_to_it(name: str) -> None:
    assert belongs(name, RUN)


@pytest.mark.parametrize(
    "name", [f"{RUN}0", "try", f"other/{RUN}", f"x-{RUN}", "try-0123abce/verify/plain", ""]
)
def test_names_of_others_do_not_belong_to_a_run(name: str) -> None:
    assert not belongs(name, RUN)


def test_prefix_is_not_that_of_a_longer_word() -> None:
    assert belongs("try/prod/x", "try")
    assert not belongs("trying/prod/x", "try")


def test_description_is_about_a_run_if_it_names_one_of_its_secrets() -> None:
    assert is_about(f"secrets of {RUN}/verify ({RUN})", RUN)
    assert is_about(f"restarts consumers of {RUN}/verify/rotating", RUN)
    assert not is_about("secrets of try/verify (try)", RUN)
    assert not is_about("", RUN)


def test_secrets_are_below_the_run() -> None:
    assert Names(RUN).secret("plain") == f"{RUN}/verify/plain"
    assert belongs(Names(RUN).reader, RUN)
    assert belongs(Names(RUN).witness, RUN)
