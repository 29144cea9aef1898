"""Scripts that complete verbs, options and their choices in a shell.

They are complete in themselves: a shell that asked the command for each word would wait for it.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

_BASH = """\
_secretsmap() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} last=${{COMP_WORDS[COMP_CWORD-1]}} words=
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{verbs}"
    else
        case "${{COMP_WORDS[1]}} $last" in
{choices}
        *)
            case "${{COMP_WORDS[1]}} $word" in
{options}
            esac
            ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _secretsmap secretsmap
"""
_ZSH = "#compdef secretsmap\nautoload -U +X bashcompinit && bashcompinit\n"


@dataclass(frozen=True, slots=True)
class VerbWords:
    """The words that may follow a verb.

    Attributes:
        summary: the verb's line in the help.
        options: its long options.
        choices: the words that may follow an option, where they are known.
    """

    summary: str
    options: tuple[str, ...]
    choices: Mapping[str, tuple[str, ...]]


def words_of(summary: str, parser: argparse.ArgumentParser) -> VerbWords:
    """Return the words that a verb's parser knows."""
    options = []
    choices = {}
    for action in parser._actions:  # argparse has no public list
        for option in action.option_strings:
            if not option.startswith("--"):
                continue

            options.append(option)
            if action.choices is not None:
                choices[option] = tuple(map(str, action.choices))

    return VerbWords(summary, tuple(options), choices)


def completion_script(shell: str, verbs: Mapping[str, VerbWords]) -> str:
    """Return the script for bash, zsh or fish, which completes files where no word is known."""
    if shell == "fish":
        return _fish(verbs)

    bash = _bash(verbs)
    return bash if shell == "bash" else _ZSH + bash


def _bash(verbs: Mapping[str, VerbWords]) -> str:
    choices = []
    options = []
    for verb, words in verbs.items():
        options.append(f'            "{verb} -"*) words="{" ".join(words.options)}" ;;')
        for option, known in words.choices.items():
            choices.append(f'        "{verb} {option}") words="{" ".join(known)}" ;;')

    return _BASH.format(
        verbs=" ".join(verbs), choices="\n".join(choices), options="\n".join(options)
    )


def _fish(verbs: Mapping[str, VerbWords]) -> str:
    lines = []
    for verb, words in verbs.items():
        lines.append(
            f"complete -c secretsmap -n __fish_use_subcommand -f -a {verb} -d '{words.summary}'"
        )
        seen = f"'__fish_seen_subcommand_from {verb}'"
        for option in words.options:
            line = f"complete -c secretsmap -n {seen} -l {option.removeprefix('--')}"
            if option in words.choices:
                line += f" -xa '{' '.join(words.choices[option])}'"

            lines.append(line)

    return "\n".join(lines) + "\n"
