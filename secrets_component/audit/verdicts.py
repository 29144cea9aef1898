"""Verdicts: what each caller can do with each secret, and by which statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from secrets_component.audit.assumptions import Clause, assumed_keys
from secrets_component.audit.callers import AuditedCaller
from secrets_component.audit.ground import CALLS_OF, FACETS, Facet, Ground, Mask, names
from secrets_component.iam.evaluator import ResourcePolicies, Verdict, evaluate
from secrets_component.iam.statements import StatementPlace

Action: TypeAlias = Literal["read", "write", "rotate", "delete", "change policy", "gain"]
CellState: TypeAlias = Literal["allowed", "key refuses", "denied"]

ACTIONS: tuple[Action, ...] = ("read", "write", "rotate", "delete", "change policy", "gain")
"""What an audit asks; `gain`: who cannot read, but can give itself that right."""
WAYS: Mapping[Action, tuple[tuple[str, ...], ...]] = {
    "read": (("secretsmanager:GetSecretValue", "kms:Decrypt"),),
    "write": (
        ("secretsmanager:PutSecretValue", "kms:GenerateDataKey"),
        ("secretsmanager:UpdateSecret", "kms:GenerateDataKey"),
    ),
    "rotate": (("secretsmanager:RotateSecret",),),
    "delete": (("secretsmanager:DeleteSecret",),),
    "change policy": (
        ("secretsmanager:PutResourcePolicy",),
        ("secretsmanager:DeleteResourcePolicy",),
    ),
}
"""The calls that carry out an action, one way after another; all calls of a way are needed.

BatchGetSecretValue needs GetSecretValue for each secret. Of a write, AWS documents kms:Decrypt as
well; an audit counts the least that may be enough.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out for an action.

    Attributes:
        state: `key refuses`: the policies let the caller do it, but not use the secret's key.
        why: the deciding statements, in one line.
        statements: the same statements, one by one.
        assumed: the condition keys that an allow depends on.
        unless: the statements that deny it under conditions nobody knows here.
        is_silent: it is denied because nothing allows it, as most is.
        refusal: the verdict that denies it, on the secret or on the use of its key.
    """

    state: CellState
    why: str
    statements: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    is_silent: bool = False
    refusal: Verdict | None = None


class Decision(NamedTuple):
    """The verdict on a call for some secrets, and the denies that may overturn it."""

    mask: Mask
    verdict: Verdict
    unless: tuple[StatementPlace, ...]


Outcomes: TypeAlias = tuple[tuple[Mask, Outcome], ...]


class Judge:
    """Decides calls of callers for all secrets at once."""

    def __init__(self, ground: Ground) -> None:
        """Decide nothing yet."""
        self._ground = ground
        self._outcomes: dict[tuple[object, ...], Outcome] = {}
        self._caller: AuditedCaller | None = None
        self._decisions: dict[str, list[Decision]] = {}

    def outcomes(self, caller: AuditedCaller, action: Action) -> Outcomes:
        """Return what comes out for an action, for each part of the secrets."""
        found: list[tuple[Mask, Outcome]] = []
        for way in WAYS[action]:
            found += self.of_way(caller, way)

        left = self._ground.everything
        kept: dict[Outcome, Mask] = {}
        for mask, outcome in sorted(found, key=_by_weight):
            if mask & left:
                kept[outcome] = kept.get(outcome, 0) | mask & left
                left &= ~mask

        return tuple((mask, outcome) for outcome, mask in kept.items())

    def allowed(self, caller: AuditedCaller, call: str) -> Mask:
        """Return the secrets for which a caller can make a call."""
        mask = 0
        for decision in self.decisions(caller, call):
            if decision.verdict.allowed:
                mask |= decision.mask

        return mask

    def decisions(self, caller: AuditedCaller, call: str) -> list[Decision]:
        """Return the verdicts on a call; those of the last caller are kept."""
        if caller is not self._caller:
            self._caller, self._decisions = caller, {}

        if call not in self._decisions:
            facet = FACETS[call]
            parts = self._ground.partition(caller, facet)
            for one in CALLS_OF[facet]:
                self._decisions[one] = list(self._decide(caller, one, parts))

        return self._decisions[call]

    def _decide(
        self,
        caller: AuditedCaller,
        call: str,
        parts: Iterable[tuple[Mask, ResourcePolicies]],
    ) -> Iterator[Decision]:
        doubtful = list(self._doubtful(caller, FACETS[call]))
        for mask, resource in parts:
            first = (mask & -mask).bit_length() - 1
            request = self._ground.request(caller, call, first)
            verdict = evaluate(request, caller.policies, resource)
            unless: list[StatementPlace] = []
            if verdict.allowed:
                for clause, denied in doubtful:
                    if denied & mask and clause.statement.is_about(request):
                        unless.append(clause.statement.place)

            yield Decision(mask, verdict, tuple(unless))

    def _doubtful(self, caller: AuditedCaller, facet: Facet) -> Iterator[tuple[Clause, Mask]]:
        """Yield the denies that nobody can decide here, with the secrets that they fit."""
        for clause in self._ground.clauses_for_all(caller):
            if clause.is_doubtful:
                yield clause, self._ground.mask(clause, facet, caller)

        for clause, mask in self._ground.doubtful(facet, caller.keys):
            if names(clause, caller):
                yield clause, mask & self._ground.mask(clause, facet, caller)

    def of_way(self, caller: AuditedCaller, way: tuple[str, ...]) -> list[tuple[Mask, Outcome]]:
        """Return what comes out for one way: a call, and the use of the key that it needs."""
        found: list[tuple[Mask, Outcome]] = []
        for decision in self.decisions(caller, way[0]):
            if len(way) == 1 or not decision.verdict.allowed:
                found.append((decision.mask, self._outcome(decision, None)))
                continue

            for use in self.decisions(caller, way[1]):
                both = decision.mask & use.mask
                if both:
                    found.append((both, self._outcome(decision, use)))

        return found

    def _outcome(self, decision: Decision, use_of_key: Decision | None) -> Outcome:
        """Return the outcome of a call, and of the use of the key that it makes."""
        key = (decision[1:], use_of_key and use_of_key[1:])
        found = self._outcomes.get(key)
        if found is None:
            found = self._outcomes[key] = _outcome(decision, use_of_key)

        return found


_WEIGHTS: Mapping[CellState, int] = {"allowed": 0, "key refuses": 1, "denied": 2}


def _by_weight(pair: tuple[Mask, Outcome]) -> tuple[int, bool]:
    """Sort what is allowed in some way first, and last what nothing allows."""
    _, outcome = pair
    return _WEIGHTS[outcome.state], outcome.is_silent


def _outcome(decision: Decision, use_of_key: Decision | None) -> Outcome:
    verdict = decision.verdict
    if not verdict.allowed:
        is_silent = not {"identity", "resource"}.isdisjoint(verdict.missing)
        texts = _texts_of(verdict.statements)
        return Outcome("denied", str(verdict), texts, is_silent=is_silent, refusal=verdict)

    if use_of_key is not None and not use_of_key.verdict.allowed:
        refusal = use_of_key.verdict
        why = f"{verdict}, but the use of the key is {refusal}"
        texts = _texts_of((*verdict.statements, *refusal.statements))
        return Outcome("key refuses", why, texts, refusal=refusal)

    places, unless = verdict.statements, decision.unless
    why = str(verdict)
    if use_of_key is not None:
        places = (*places, *use_of_key.verdict.statements)
        unless = (*unless, *use_of_key.unless)
        why += f"; the key: {use_of_key.verdict}"

    assumed: dict[str, None] = {}
    for place in places:
        assumed |= dict.fromkeys(assumed_keys(place))

    return Outcome("allowed", why, _texts_of(places), tuple(assumed), _texts_of(unless))


def _texts_of(places: Iterable[StatementPlace]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(place) for place in places))
