"""The matrix: principals by secrets by actions, with what the maps say about each cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from secrets_component.audit.account import Account, StoredSecret
from secrets_component.audit.assumptions import PolicyReader
from secrets_component.audit.callers import AuditedCaller, Callers
from secrets_component.audit.declared import AuditedSecret, Declarations
from secrets_component.audit.gains import Gains, Readable
from secrets_component.audit.ground import Ground, Mask, members_of
from secrets_component.audit.verdicts import WAYS, Action, Judge, Outcome, Outcomes
from secrets_component.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One cell of the matrix, or several that differ only in the secret.

    Attributes:
        caller: who; `*` for everyone.
        kind: such as `role`.
        mask: the secrets.
        is_in_map: whether a map lets the caller do this.
        last_used: the day on which a role was last used for anything.
    """

    caller: str
    kind: str
    last_used: str | None
    action: Action
    mask: Mask
    outcome: Outcome
    is_in_map: bool

    @property
    def is_finding(self) -> bool:
        """Whether somebody can do what no map says."""
        if self.is_in_map:
            return False

        return self.outcome.state == "allowed"

    @property
    def map_says(self) -> str:
        """Whether a map lets the caller do this. No map lets or stops the root user."""
        if self.kind == "root":
            return "root user"

        return "yes" if self.is_in_map else "no"

    @property
    def is_shown(self) -> bool:
        """Whether the cell says more than that nothing allows it, as most cells do."""
        if self.is_in_map:
            return True

        return not self.outcome.is_silent


@dataclass(frozen=True, slots=True)
class MatrixLine:
    """All cells of one principal.

    Attributes:
        outcomes: what came out, by action.
        declared: the secrets with which a map lets it do each action.
    """

    caller: AuditedCaller
    outcomes: Mapping[Action, Outcomes]
    declared: Mapping[Action, Mask]

    def rows(self) -> Iterator[AuditRow]:
        """Yield the cells, joined where they differ only in the secret."""
        caller = self.caller
        for action, outcomes in self.outcomes.items():
            declared = self.declared[action]
            for mask, outcome in outcomes:
                for is_in_map, some in ((False, mask & ~declared), (True, mask & declared)):
                    if some:
                        yield AuditRow(
                            caller.name, caller.kind, caller.last_used, action, some, outcome,
                            is_in_map,
                        )  # fmt: skip

    def shown_rows(self) -> list[AuditRow]:
        """Return the cells that say more than that nothing allows them."""
        shown = []
        for row in self.rows():
            if row.is_shown:
                shown.append(row)

        return shown


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes:
        secrets: the columns; bit 0 of a mask is the first.
        lines: one for each principal.
        unchecked: what could not be read or evaluated, a line each.
    """

    account: Account
    secrets: tuple[AuditedSecret, ...]
    lines: tuple[MatrixLine, ...]
    unchecked: tuple[str, ...]

    def rows(self) -> Iterator[AuditRow]:
        """Yield the cells of all principals."""
        for line in self.lines:
            yield from line.rows()

    @property
    def has_findings(self) -> bool:
        """Whether somebody can do what no map says."""
        return any(row.is_finding for row in self.rows())

    def last_read_by(self, row: AuditRow, position: int) -> str | None:
        """Return the day on which the caller of a read last read a secret, as CloudTrail has it."""
        if row.action != "read":
            return None

        return self.account.last_reads.get((row.caller, self.secrets[position].stored.name))

    def labels(self, mask: Mask) -> list[str]:
        """Return the labels of secrets, in the order of their maps."""
        return [self.secrets[position].label for position in members_of(mask)]


def audit(
    plans: Mapping[str, Plan],
    account: Account,
    key: str | None = None,
    principal: str | None = None,
    *,
    with_gains: bool = True,
) -> Audit:
    """Judge who can do what with the secrets of some maps.

    Args:
        plans: by instance name.
        account: what AWS said.
        key: only the secret of this key. Default: all.
        principal: only this ARN, service, or `*`. Default: all.
        with_gains: also judge who can give itself the right to read, and who can become somebody
            that can; that takes longest.
    """
    unchecked = dict.fromkeys(account.unchecked)
    secrets = []
    for secret in _secrets(plans, account, unchecked):
        if key is None or secret.planned.key == key:
            secrets.append(secret)

    lines: tuple[MatrixLine, ...] = ()
    if secrets:
        lines = tuple(_lines(secrets, account, principal, unchecked, with_gains=with_gains))

    return Audit(account, tuple(secrets), lines, tuple(unchecked))


def _secrets(
    plans: Mapping[str, Plan], account: Account, unchecked: dict[str, None]
) -> Iterator[AuditedSecret]:
    for instance, plan in plans.items():
        for planned in plan.secrets.values():
            stored: StoredSecret | None = account.secrets.get(planned.name)
            if stored is None:
                unchecked[f"`{planned.name}` does not exist in the account yet"] = None
                continue

            label = planned.key
            if len(plans) > 1:
                label = f"{instance}.{label}"

            if planned.replicas:
                regions = ", ".join(replica.region for replica in planned.replicas)
                message = f"replicas in {regions}: audit them with AWS_REGION set to the region"
                unchecked[message] = None

            yield AuditedSecret(label, plan, planned, stored)


def _lines(
    secrets: Sequence[AuditedSecret],
    account: Account,
    principal: str | None,
    unchecked: dict[str, None],
    *,
    with_gains: bool,
) -> Iterator[MatrixLine]:
    organization = account.organization
    reader = PolicyReader(is_organization_known=organization.is_known)
    ground = Ground(account, [secret.stored for secret in secrets], reader)
    judge, makes = Judge(ground), Callers(account, reader)
    declarations = Declarations(secrets, ground, reader)
    callers = makes.of_account()
    callers += makes.from_outside(policy for policy, _, _ in ground.holders("secret"))
    found: dict[str, dict[Action, Outcomes]] = {}
    readable = _judge(judge, callers, found)
    gains: Gains | None = None
    if with_gains:
        gains = Gains(ground, judge, makes, reader, readable)
        visitors = makes.from_outside(gains.trust_policies(), with_services=False)
        readable += _judge(judge, visitors, found)

    for caller, mask in readable:
        if principal not in (None, caller.name):
            continue

        outcomes = found[caller.name]
        if gains is not None:
            outcomes["gain"] = gains.outcomes(caller, mask)

        yield MatrixLine(caller, outcomes, declarations.masks(caller))

    for written in declarations.unresolved:
        message = f"`{written}` is not resolved here: whom it names counts as not in the map"
        unchecked[message] = None

    unchecked |= reader.problems


def _judge(
    judge: Judge,
    callers: Sequence[AuditedCaller],
    found: dict[str, dict[Action, Outcomes]],
) -> list[Readable]:
    """Judge all actions but gains, by caller; return what each caller can read."""
    readable: list[Readable] = []
    for caller in callers:
        found[caller.name] = {action: judge.outcomes(caller, action) for action in WAYS}
        mask = 0
        for some, outcome in found[caller.name]["read"]:
            if outcome.state == "allowed":
                mask |= some

        readable.append((caller, mask))

    return readable
