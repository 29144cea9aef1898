"""Whether the secrets of maps exist here and have a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from secrets_component.doctor.asking import Asking, at_once
from secrets_component.doctor.causes import CauseName
from secrets_component.doctor.results import Check, Section
from secrets_component.lookups.drift import minute
from secrets_component.lookups.inventory import (
    AccountError,
    HeldSecret,
    Inventory,
    described_secret,
)
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.status.entries import EntryState, existence_finding, state_of

_CAUSES_OF_STATES: Mapping[EntryState, CauseName] = {
    "deleted": "deleted",
    "empty": "empty",
    "waiting": "empty",
}


@dataclass(frozen=True, slots=True)
class Patient:
    """A secret that is looked at.

    Attributes:
        label: its key; behind the name of its map where a file has several maps.
        described: what DescribeSecret shows; None where it is missing or may not be described.
        held: the same, as the account holds it.
        is_absent: whether AWS says that it does not exist.
    """

    label: str
    plan: Plan
    planned: PlannedSecret
    described: Mapping[str, Any] | None
    held: HeldSecret | None
    is_absent: bool

    @property
    def is_living(self) -> bool:
        """Whether it exists and is not scheduled for deletion."""
        return self.held is not None and self.held.deletion is None

    @property
    def place(self) -> str:
        """Where its entry is in the map, as `file:line:column`."""
        return str(self.plan.places.position(self.planned.place, of_key=True))


def patients_of(plans: Mapping[str, Plan], key: str | None, asking: Asking) -> list[Patient]:
    """Describe the secrets of maps; it needs `secretsmanager:DescribeSecret`.

    Args:
        plans: by instance name.
        key: only this entry. Default: all.
        asking: asks AWS.

    Raises:
        AccountError: AWS does not answer.
    """
    wanted: list[tuple[str, Plan, PlannedSecret]] = []
    for instance, plan in plans.items():
        for secret in plan.secrets.values():
            label = secret.key
            if len(plans) > 1:
                label = f"{instance}.{label}"

            if key in (None, label, secret.key):
                wanted.append((label, plan, secret))

    def patient(one: tuple[str, Plan, PlannedSecret]) -> Patient:
        label, plan, secret = one
        right = "secretsmanager:DescribeSecret"
        reply = asking.ask(f"`{secret.name}`", right, SecretId=secret.name)
        held = None
        if reply.answer is not None:
            held = described_secret(reply.answer)

        return Patient(label, plan, secret, reply.answer, held, reply.is_absent)

    return at_once(patient, wanted)


def presence(patients: Sequence[Patient], asking: Asking) -> Section:
    """Check that secrets exist and have a value.

    Raises:
        AccountError: AWS does not answer.
    """
    checks: list[Check] = []
    seekers: dict[int, _Seeker] = {}
    for patient in patients:
        if patient.is_absent:
            seeker = seekers.setdefault(id(patient.plan), _Seeker(patient.plan, asking))
            checks.append(seeker.check(patient))
        elif patient.held is None:
            checks.append(_unseen(patient))
        else:
            checks.append(_of_state(patient, patient.held))

    return Section("secrets", tuple(checks), asking.unseen)


def _unseen(patient: Patient) -> Check:
    return Check(
        "warning",
        patient.label,
        "could not be looked at",
        advice=f"allow secretsmanager:DescribeSecret on `{patient.planned.name}`, or ask someone "
        "who may",
    )


def _of_state(patient: Patient, held: HeldSecret) -> Check:
    state = state_of(patient.plan, patient.planned, held)
    finding = existence_finding(patient.planned, state, held)
    if finding is None:
        since = ""
        if held.changed is not None:
            since = f", last changed {minute(held.changed)}"

        return Check("ok", patient.label, f"exists and has a value{since}")

    text, _, advice = finding.partition("; ")
    if state == "waiting":
        advice = f"{advice}: deploy that stack, then run `pulumi up`"

    shown = f"DescribeSecret `{held.name}`: no version has AWSCURRENT"
    if state == "deleted":
        shown = f"DescribeSecret `{held.name}`: DeletedDate is set"

    return Check("failed", patient.label, text, _CAUSES_OF_STATES[state], (shown,), advice)


class _Seeker:
    """Looks for the secrets of a map that are not where they should be."""

    def __init__(self, plan: Plan, asking: Asking) -> None:
        self._plan = plan
        self._asking = asking
        self._listed: list[HeldSecret] | None = None
        self._regions: list[str] | None = None

    def check(self, patient: Patient) -> Check:
        name = patient.planned.name
        shown = f"DescribeSecret `{name}` in {self._asking.account.region}: it does not exist"
        former = self._former(patient)
        if former is not None:
            return Check(
                "failed",
                patient.label,
                f"is missing; its secret is `{former}`",
                "missing",
                (shown, f"ListSecrets: `{former}` has this entry's tags"),
                "run `pulumi up`, which moves it to its new name",
            )

        near = self._near(name)
        if near is not None:
            return Check(
                "failed",
                patient.label,
                f"is missing; `{near}` exists",
                "misspelled",
                (shown, f"ListSecrets: the nearest name is `{near}`, which no map has created"),
                f"to take over that secret, write `import: {near}` at {patient.place}",
            )

        regions = self._other_regions(name)
        if regions:
            return Check(
                "failed",
                patient.label,
                f"is missing here; it is in {', '.join(regions)}",
                "elsewhere",
                (shown, f"DescribeSecret `{name}` in {regions[0]}: it exists"),
                f"set AWS_REGION={regions[0]}",
            )

        advice = "run `pulumi up`, which creates it; if it was deployed, check AWS_PROFILE"
        return Check("failed", patient.label, "is missing", "missing", (shown,), advice)

    def _former(self, patient: Patient) -> str | None:
        """Return the name under which the entry's secret still is."""
        keys = (patient.planned.key, patient.planned.renamed_from)
        for held in self._strays():
            if held.mark is not None and held.mark.key in keys:
                return held.name

        return None

    def _near(self, name: str) -> str | None:
        """Return the nearest name of a secret that no map has created."""
        unmarked = [held.name for held in self._strays() if held.mark is None]
        return next(iter(get_close_matches(name, unmarked, 1, _LIKENESS)), None)

    def _strays(self) -> Iterator[HeldSecret]:
        names = {secret.name for secret in self._plan.secrets.values()}
        for held in self._secrets():
            if held.name not in names and held.deletion is None:
                yield held

    def _secrets(self) -> list[HeldSecret]:
        if self._listed is None:
            try:
                self._listed = self._asking.account.of_level(self._plan)
            except AccountError as error:
                self._asking.note("secrets of similar names", "secretsmanager:ListSecrets", error)
                self._listed = []

        return self._listed

    def _other_regions(self, name: str) -> list[str]:
        """Return the regions of the map's first missing secret; the others are with it."""
        if self._regions is None:
            self._regions = regions_with(self._asking.account, name)

        return self._regions


_LIKENESS = 0.8


def regions_with(account: Inventory, name: str) -> list[str]:
    """Return the other regions in which an account has a secret of a name."""
    regions = [region for region in account.regions() if region != account.region]

    def found(region: str) -> bool:
        try:
            account.ask_in(region, "secretsmanager", "describe_secret", SecretId=name)
        except AccountError:  # absent, or the region is not enabled
            return False

        return True

    return [
        region for region, is_here in zip(regions, at_once(found, regions), strict=True) if is_here
    ]
