"""An account of a test's own: prepared answers, and what is refused."""

from __future__ import annotations

from typing import Any

from secrets_component.doctor.asking import Asking
from secrets_component.doctor.presence import Patient
from secrets_component.lookups.inventory import AccountError, HeldSecret
from secrets_component.planning.plan import Plan
from tests.unit.status.secrets import held, plan

REGION = "eu-central-1"
DENIED = AccountError("no", code="AccessDeniedException", is_answer=True)
ABSENT = AccountError("no", code="ResourceNotFoundException", is_answer=True)
SILENT = AccountError("Could not connect", code="EndpointConnectionError")


class PreparedAccount:
    """Answers by operation; an error is raised. It notes what it is asked."""

    region = REGION

    def __init__(self, *listed: HeldSecret, **answers: Any) -> None:
        self._listed, self._answers = listed, answers
        self.keys: Any = set()
        self.elsewhere: set[str] = set()
        self.asked: list[tuple[str, str, dict[str, object]]] = []

    def ask(self, service: str, operation: str, **arguments: object) -> Any:
        self.asked.append((service, operation, arguments))
        return self._given(self._answers[operation])

    def ask_in(self, region: str, service: str, operation: str, **_: object) -> Any:
        if region not in self.elsewhere:
            raise ABSENT
        return {}

    def regions(self) -> list[str]:
        return [REGION, "eu-west-1", "us-east-1"]

    def of_level(self, _: Plan) -> list[HeldSecret]:
        if "list_secrets" in self._answers:
            self._given(self._answers["list_secrets"])
        return list(self._listed)

    def keys_of_value(self, _: str) -> Any:
        return self._given(self.keys)

    @staticmethod
    def _given(answer: Any) -> Any:
        if isinstance(answer, AccountError):
            raise answer
        return answer


def asking(account: PreparedAccount | None = None, **answers: Any) -> Asking:
    return Asking(account or PreparedAccount(**answers))  # type: ignore[arg-type]


def patient(
    entry: str = "a: {secret_data: x}",
    secret: HeldSecret | None = None,
    *,
    is_absent: bool = False,
    **described: Any,
) -> Patient:
    """A secret of the map `x` in `dev`, filled by the map."""
    made = plan(entry)
    (planned,) = made.secrets.values()
    if secret is None and not is_absent:
        secret = held(planned.name)
    return Patient(planned.key, made, planned, described or None, secret, is_absent)
