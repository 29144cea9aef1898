"""What ministack, an AWS emulator that other people wrote, answers to this project's calls.

`make second-opinion` asks it and writes its answers beside the sandbox's; the tests hold the sandbox
to them without ministack. Three kinds of files:

    probes/SERVICE.yaml      what is asked: short series of calls, each named by what it shows
    answers/SERVICE.json     what both answered; the sandbox's answer only where it is another one
    differences.yaml         each of these differences: what AWS does by its own documentation, and
                             what was done about it; docs/second-opinion.md is made from it

A step of a probe is a call by its boto3 name (`kms.create_key` in another service's file) with its
arguments, and if needed `in` (another Region), `says` (a text that the refusal must contain, because
a provider decides by it), `show` (the only fields to record) and `keep` (a list of which only this
probe's items are recorded). Arguments hold placeholders for what differs from run to run: `<name>`
is unique to the probe, `<token>` a request token, `<account>` the account, `<zip>` a function's
code, `<9 times a>` nine letters, `<2.ARN>` a field of the second step's answer. A document is sent
as JSON text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent
PROBES, ANSWERS = FOLDER / "probes", FOLDER / "answers"
COMMAND = "make second-opinion"

_BESIDE = ("in", "says", "show", "keep")


@dataclass(frozen=True)
class Step:
    """One call.

    Attributes:
        service: boto3's name of the service.
        operation: boto3's name of the call.
        arguments: what it is given, with its placeholders.
        region: the region that is asked, where it is not the sandbox's.
        says: what the text of the refusal must contain.
        show: the fields of the answer to record; None for all.
        keep: the list in the answer whose other items belong to other probes.
    """

    service: str
    operation: str
    arguments: Mapping[str, Any]
    region: str | None = None
    says: str | None = None
    show: tuple[str, ...] | None = None
    keep: str | None = None


def probes_of(service: str) -> dict[str, list[Step]]:
    """Read a service's probes, by what they show."""
    held = yaml.safe_load((PROBES / f"{service}.yaml").read_text("utf-8"))
    return {name: [_step(service, step) for step in steps] for name, steps in held.items()}


def services() -> list[str]:
    """Return the services that are asked."""
    return sorted(path.stem for path in PROBES.glob("*.yaml"))


def _step(service: str, written: Mapping[str, Any]) -> Step:
    (call,) = written.keys() - set(_BESIDE)
    home, _, operation = call.rpartition(".")
    show = written.get("show")
    if show is not None:
        show = tuple(show)

    return Step(
        home or service,
        operation,
        written[call],
        written.get("in"),
        written.get("says"),
        show,
        written.get("keep"),
    )
