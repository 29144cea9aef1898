"""Atmos's functions and templates: what is one, and what to write instead."""

import pytest

from secrets_component.secret_map.atmos import function_problem, has_template


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("!env API_KEY", "`!env` is not run here; write `${env.<NAME>}`"),
        ("!env", "`!env` is not run here; write `${env.<NAME>}`"),
        ("!terraform.output rds endpoint", "write `${output.<component>.<name>}`"),
        ("!terraform.state rds .a", "write `${output.<component>.<name>}`"),
        ("!store prod/ssm key", "write `${output.<component>.<name>}` or `${config.<key>}`"),
        ("!store.get a\tb", "`!store.get` is not run here"),
        ("!exec\necho 1", "write `${config.<key>}`"),
        ("!secret X", "write `${config.<key>}`"),
        ("!random 1 9", "write `generate_random_password: true` or `${random.<name>}`"),
        ("!aws.account_id", "write what `atmos describe component <component> -s <stack>` prints"),
        ("!repo-root", "`!repo-root` is not run here"),
    ],
)
def test_function_is_reported_with_what_to_write(text: str, instead: str) -> None:
    assert instead in (function_problem(text) or "")


@pytest.mark.parametrize("text", ["", "!", "!hunter2 x", "!envy me", "a !env b", "! env", "!Ref x"])
def test_other_texts_are_no_functions(text: str) -> None:
    assert function_problem(text) is None


def test_arguments_of_a_function_are_not_repeated() -> None:
    assert "hunter2" not in (function_problem("!env X hunter2") or "")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("{{ .vars.stage }}", True),
        ("a {{-\n x }} b", True),
        ("{{", False),
        ("}} {{", False),
        ('{"a": {"b": 1}}', False),
        ("{ {a} }", False),
    ],
)
def test_template_is_recognised(text: str, is_one: bool) -> None:
    assert has_template(text) is is_one
