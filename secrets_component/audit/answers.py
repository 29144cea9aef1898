"""AWS's answers about an account, as the SDK gives them, kept as JSON files.

They hold policies, tags and dates, and no value of a secret. `--save` writes them, `--from` reads
them, so that an audit can be repeated, and made where there is no access to the account.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

Answer = Mapping[str, Any]


class AnswersError(Exception):
    """Saved answers that cannot be read or written; the message is one line."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What AWS said about one account and region. Each part is saved as a file of its name.

    Attributes:
        caller: `Account`, `Arn`, `Region` and `Time`: whom AWS answered, where and when.
        authorization: the pages of GetAccountAuthorizationDetails, joined.
        secrets: the map's secrets as ListSecrets has them, each with its `ResourcePolicies`
            (`PolicyName`, `ResourcePolicy`) and the `RotationRole` of its rotation function.
        keys: the customer-managed keys of the secrets: `KeyId` as the secrets name it, `Arn`,
            `Policy`, `Grants`, `Aliases`, `Tags`; `Policy` is None where it cannot be read.
        organization: `Id` (None: the account is in none), `Levels` (the service control policies
            from the root down, each with `Name` and `Content`) and `ResourcePolicies` (resource
            control policies); empty where it cannot be read.
        reads: the last read of each secret by each principal: `Principal`, `SecretId`, `Time`.
        unchecked: what could not be read, a line each.
    """

    caller: Answer
    authorization: Answer
    secrets: tuple[Answer, ...] = ()
    keys: tuple[Answer, ...] = ()
    organization: Answer = field(default_factory=dict)
    reads: tuple[Answer, ...] = ()
    unchecked: tuple[str, ...] = ()


def save_answers(answers: Answers, folder: Path) -> None:
    """Write answers into a folder, which is made; files of earlier answers are replaced.

    Raises:
        AnswersError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for part in fields(answers):
            text = json.dumps(getattr(answers, part.name), indent=1, default=_as_json)
            file = folder / f"{part.name}.json"
            unfinished = file.with_suffix(".part")
            unfinished.write_text(text + "\n", "utf-8")
            unfinished.replace(file)
    except OSError as error:
        msg = f"cannot write `{folder}`: {error.strerror}"
        raise AnswersError(msg) from None


def _as_json(value: Any) -> str:  # noqa: ANN401 # what the SDK returns: dates
    """Return a date as ISO 8601."""
    return str(value.isoformat())


def load_answers(folder: Path) -> Answers:
    """Read the answers that `save_answers` wrote.

    Raises:
        AnswersError: a file is missing, or is not what was saved.
    """
    parts: dict[str, Any] = {}
    for part in fields(Answers):
        file = folder / f"{part.name}.json"
        if part.name in _LISTS:
            parts[part.name] = tuple(_load_part(file, list))
        else:
            parts[part.name] = _load_part(file, dict)

    return Answers(**parts)


_LISTS = ("secrets", "keys", "reads", "unchecked")


def _load_part(file: Path, expected: type) -> Any:  # noqa: ANN401 # any JSON value
    try:
        found = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        msg = f"`{file}` does not exist; write it with `--save {file.parent}`"
        raise AnswersError(msg) from None
    except OSError as error:
        msg = f"cannot read `{file}`: {error.strerror}"
        raise AnswersError(msg) from None
    except ValueError:
        msg = f"`{file}` is not JSON; write it again with `--save {file.parent}`"
        raise AnswersError(msg) from None

    if not isinstance(found, expected):
        msg = f"`{file}` is not what `--save` writes; write it again with `--save {file.parent}`"
        raise AnswersError(msg)

    return found
