"""Completion in shells, with the scripts that the command prints."""

import subprocess

import pytest

from secrets_component.cli.command import main


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["--completion", shell])
    assert ended.value.code == 0
    return capsys.readouterr().out


def completed(text: str, *words: str) -> list[str]:
    """Return what bash offers for the last of the words."""
    line = " ".join(f"'{word}'" for word in ("secretsmap", *words))
    ask = f"COMP_WORDS=({line}); COMP_CWORD={len(words)}; _secretsmap; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(
        ["bash", "-c", f"{text}\n{ask}"], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("",), ["validate", "plan", "status", "rotate", "schema"]),
        (("va",), ["validate"]),
        (("validate", "--format", ""), ["text", "json", "github", "sarif", "junit"]),
        (("validate", "--format", "s"), ["sarif"]),
        (("validate", "--s"), ["--strict"]),
        (("rotate", "a.yaml", "k", "--"), ["--environment", "--timeout"]),
        (("validate", "stacks/"), []),
    ],
)
def test_bash_completes_verbs_options_and_choices(
    words: tuple[str, ...], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    offered = completed(script("bash", capsys), *words)
    assert [word for word in offered if word in expected] == expected
    if words != ("",):
        assert offered == expected


def test_zsh_takes_bashs_completion(capsys: pytest.CaptureFixture[str]) -> None:
    zsh = script("zsh", capsys)
    assert zsh.startswith("#compdef secretsmap\nautoload -U +X bashcompinit && bashcompinit\n")
    assert zsh.endswith(script("bash", capsys))


def test_fish_is_told_each_verb_option_and_choice(capsys: pytest.CaptureFixture[str]) -> None:
    lines = script("fish", capsys).splitlines()
    begin = "complete -c secretsmap -n"
    assert f"{begin} __fish_use_subcommand -f -a validate -d 'check maps'" in lines
    seen = "'__fish_seen_subcommand_from validate'"
    assert f"{begin} {seen} -l strict" in lines
    assert f"{begin} {seen} -l format -xa 'text json github sarif junit'" in lines


def test_unknown_shell_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--completion", "tcsh"])
    assert ended.value.code == 2
