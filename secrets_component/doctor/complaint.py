"""What an error text means here: the cause that the account shows, or what the text alone says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from email.utils import parsedate_to_datetime

from secrets_component.arns import is_arn
from secrets_component.audit.reads import EVENT_NAME, SecretRead, read_in
from secrets_component.doctor.asking import Asking
from secrets_component.doctor.causes import CAUSES, CauseName
from secrets_component.doctor.presence import Patient
from secrets_component.doctor.results import Check, Section
from secrets_component.doctor.symptoms import Complaint, Symptom, name_of
from secrets_component.errors import did_you_mean
from secrets_component.planning.plan import Structured
from secrets_component.secret_map.names import ends_like_arn
from secrets_component.secret_map.references import Structure
from secrets_component.status.entries import Clock, writer_of

_DECIDED_BY_TEXT: frozenset[CauseName] = frozenset(
    {
        "boundary",
        "clock",
        "credentials",
        "endpoint-policy",
        "foreign-managed-key",
        "function-broken",
        "function-refused",
        "json-key",
        "no-service-role",
        "organization",
        "rotation-token",
        "throttled",
        "unreachable",
    }
)
"""Causes that AWS's words name for certain, whatever the account looks like now."""


def explained(
    complaint: Complaint,
    sections: Sequence[Section],
    patients: Sequence[Patient],
    asking: Asking,
    clock: Clock,
) -> Section:
    """Explain an error text by what was found in the account.

    Args:
        complaint: the text, read.
        sections: what was looked at.
        patients: the secrets.
        asking: asks AWS for more.
        clock: the time of this machine.

    Raises:
        AccountError: AWS does not answer.
    """
    symptom = complaint.symptom
    if symptom is None:
        check = Check(
            "warning",
            "error text",
            "is not known here",
            advice="paste the whole message, with its code; docs/troubleshooting.md has those "
            "that are known",
        )
        return Section("error", (check,))

    found = (
        _by_name(complaint, symptom, patients)
        or _confirmed(symptom, sections)
        or _by_text(complaint, symptom, patients, asking, clock)
    )
    return Section("error", (found,), asking.unseen)


def _confirmed(symptom: Symptom, sections: Sequence[Section]) -> Check | None:
    """Return where the account shows a cause of a symptom."""
    shown: dict[str, None] = {}
    for section in sections:
        for check in section.checks:
            if check.cause in symptom.causes:
                shown[f"{section.title}: {check.about} {check.text}"] = None

    if not shown:
        return None

    return Check("failed", symptom.title, "is explained by what is below", evidence=tuple(shown))


def _by_name(complaint: Complaint, symptom: Symptom, patients: Sequence[Patient]) -> Check | None:
    """Return how the name that was asked for is wrong."""
    asked = complaint.secret_id
    if asked is None or "misspelled" not in symptom.causes:
        return None

    names = {patient.planned.name: patient for patient in patients}
    if is_arn(asked):
        written = asked.partition(":secret:")[2]
        if written in names and ends_like_arn(written):
            return Check(
                "failed",
                symptom.title,
                "comes from an ARN that AWS reads as another name's",
                "partial-arn",
                (f"the text asks for `{asked}`, and `{written}` ends like the end of an ARN",),
                "use the whole ARN, with its last six characters (the output `secret_arns`)",
            )

    name = name_of(asked)
    near = next(iter(get_close_matches(name, names, 1, _LIKE_ENOUGH)), None)
    if name in names or near is None:
        return None

    return Check(
        "failed",
        symptom.title,
        f"comes from the name `{name}`, which no entry has",
        "misspelled",
        (f"the map calls the secret `{near}` ({names[near].place})",),
        f"ask for `{near}`",
    )


_LIKE_ENOUGH = 0.6


def _by_text(
    complaint: Complaint,
    symptom: Symptom,
    patients: Sequence[Patient],
    asking: Asking,
    clock: Clock,
) -> Check:
    """Return what a text alone says."""
    (first, *others) = symptom.causes
    if others or first not in _DECIDED_BY_TEXT:
        meanings = "; ".join(CAUSES[cause] for cause in symptom.causes)
        text = f"has none of its causes here now: {meanings}"
        return Check("warning", symptom.title, text, advice=symptom.advice)

    more: Mapping[CauseName, Callable[[], Iterator[str]]] = {
        "clock": lambda: _of_clock(asking, clock),
        "json-key": lambda: _of_json_key(complaint, patients),
        "throttled": lambda: _of_throttling(asking),
    }
    evidence = ["the words of the error name the cause"]
    if first in more:
        evidence += more[first]()

    return Check("failed", symptom.title, CAUSES[first], first, tuple(evidence), symptom.advice)


def _of_clock(asking: Asking, clock: Clock) -> Iterator[str]:
    reply = asking.ask("the time", "sts:GetCallerIdentity")
    if reply.answer is None:
        return

    date = reply.answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if date is not None:
        difference = clock.now - parsedate_to_datetime(date)
        seconds = abs(round(difference.total_seconds()))
        yield f"the clock of this machine and AWS's differ by {seconds} s"


def _of_json_key(complaint: Complaint, patients: Sequence[Patient]) -> Iterator[str]:
    """Yield the JSON keys that the map writes, of the secrets in question."""
    wanted = complaint.json_key
    for patient in patients:
        source = patient.planned.source
        if not isinstance(source, Structured) or not isinstance(source.value, Structure):
            yield f"{patient.label}: the map writes no JSON mapping"
            continue

        keys = [str(key) for key in source.value.fields]
        known = f"{patient.label}: the map writes the keys {', '.join(keys)}"
        if wanted is None or wanted in keys:
            yield known
        else:
            yield known + did_you_mean(wanted, keys)

        if writer_of(patient.held) == "others":
            yield f"{patient.label}: others have written the current value"


def _of_throttling(asking: Asking) -> Iterator[str]:
    """Yield who reads most, as CloudTrail has the last reads."""
    asked = [{"AttributeKey": "EventName", "AttributeValue": EVENT_NAME}]
    reply = asking.ask(
        "who reads most", "cloudtrail:LookupEvents", LookupAttributes=asked, MaxResults=50
    )
    if reply.answer is None:
        return

    events = [event["CloudTrailEvent"] for event in reply.answer["Events"]]
    reads: list[SecretRead] = [read for read in map(read_in, events) if read is not None]
    counted = Counter(read.principal for read in reads)
    for principal, count in counted.most_common(1):
        first, last = min(read.time for read in reads), max(read.time for read in reads)
        yield f"LookupEvents: {count} of {len(reads)} reads from {first} to {last} by {principal}"
