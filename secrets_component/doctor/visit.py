"""One visit: what to look at, in which order, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from secrets_component.doctor.asking import Asking
from secrets_component.doctor.complaint import explained
from secrets_component.doctor.kms_keys import kms_keys
from secrets_component.doctor.presence import patients_of, presence
from secrets_component.doctor.reach import reach
from secrets_component.doctor.replication import replication
from secrets_component.doctor.results import Diagnosis, Section
from secrets_component.doctor.rotating import rotation
from secrets_component.doctor.symptoms import READ, Complaint, complaint_of, name_of
from secrets_component.doctor.trails import monitoring
from secrets_component.lookups.inventory import Inventory
from secrets_component.planning.plan import Plan
from secrets_component.status.entries import Clock


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks.

    Attributes:
        secret: the key of an entry; `<instance>.<key>` where a file has several maps.
        principal: the ARN of who is to do it.
        error: the text of an error.
    """

    secret: str | None = None
    principal: str | None = None
    error: str | None = None


def diagnose(
    plans: Mapping[str, Plan], account: Inventory, question: Question, clock: Clock
) -> Diagnosis:
    """Look for what is wrong with the secrets of maps.

    Args:
        plans: by instance name.
        account: the account and region to look at.
        question: what is asked.
        clock: the time of this machine.

    Raises:
        AccountError: AWS does not answer.
    """
    complaint = None
    if question.error is not None:
        complaint = complaint_of(question.error)

    plans, key = _narrowed(plans, question.secret or _key_in(complaint, plans))
    identity = account.ask("sts", "get_caller_identity")
    asking = Asking(account)
    patients = patients_of(plans, key, asking)
    sections = [
        presence(patients, asking),
        kms_keys(patients, Asking(account)),
        rotation(patients, clock, Asking(account)),
        replication(patients),
    ]
    if any(patient.held is not None for patient in patients):
        sections.append(_reach(plans, key, account, question, complaint))

    sections.append(monitoring(plans.values(), Asking(account)))
    if complaint is not None:
        sections.insert(0, explained(complaint, sections, patients, Asking(account), clock))

    shown = [section for section in sections if section.checks or section.unseen]
    names = tuple(plan.name for plan in plans.values())
    return Diagnosis(names, str(identity["Account"]), account.region, tuple(shown))


def _reach(
    plans: Mapping[str, Plan],
    key: str | None,
    account: Inventory,
    question: Question,
    complaint: Complaint | None,
) -> Section:
    """Look at who can do what; at the principal of the question or the error, if there is one."""
    principal, action = question.principal, READ
    if complaint is not None:
        principal, action = principal or complaint.principal, complaint.action

    return reach(plans, Asking(account), key, principal, action)


def _key_in(complaint: Complaint | None, plans: Mapping[str, Plan]) -> str | None:
    """Return the entry whose secret an error text names; None for none."""
    if complaint is None or complaint.secret_id is None:
        return None

    asked = complaint.secret_id
    names = (name_of(asked), asked.partition(":secret:")[2])
    for instance, plan in plans.items():
        for secret in plan.secrets.values():
            if secret.name in names:
                return f"{instance}.{secret.key}"

    return None


def _narrowed(plans: Mapping[str, Plan], key: str | None) -> tuple[Mapping[str, Plan], str | None]:
    """Return the map of `<instance>.<key>` alone, and the key in it."""
    for instance, plan in plans.items():
        own = (key or "").removeprefix(f"{instance}.")
        if own != key and own in plan.secrets:
            return {instance: plan}, own

    return plans, key
