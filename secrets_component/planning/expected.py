"""Expected callers: whom a map expects at its secrets, and how CloudTrail names everyone else.

CloudTrail names a caller in `userIdentity`, in another way for each type
(https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html):
a session of a role by `sessionContext.sessionIssuer.userName`, the role's name without its path; a
user by `userName`; a caller from another account by that account alone. An AWS service that calls
for itself is nobody's identity, and never unexpected.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from secrets_component.arns import Arn, Home, account_of, is_arn
from secrets_component.iam import templates

EventShape: TypeAlias = dict[str, Any]

_NAMED_TYPES = ("AssumedRole", "IAMUser", "AWSAccount", "AWSService")


@dataclass(frozen=True, slots=True)
class Expected:
    """The identities that are expected.

    Attributes:
        home: the account of the secrets.
        roles: names of its roles, without their paths.
        users: names of its users.
        accounts: other accounts, of which CloudTrail shows no single identity.
        functions: names of Lambda functions, whose sessions have the function's name.
        is_own_account: everyone in the secrets' account is expected.
        is_everyone: everyone is.
    """

    home: Home
    roles: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    is_own_account: bool = False
    is_everyone: bool = False

    @property
    def is_anyone(self) -> bool:
        """Whether there is anyone at all."""
        named = (self.roles, self.users, self.accounts)
        return any(named) or self.is_own_account or self.is_everyone


def expected(principals: Iterable[str], functions: Iterable[str], home: Home) -> Expected:
    """Sort principals into what CloudTrail calls them.

    Args:
        principals: ARNs of roles, sessions, users and accounts, account ids, `*`; others are left
            out.
        functions: names of functions.
        home: the account of the secrets.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for principal in principals:
        kind, name = _sorted(principal, home)
        found[kind].add(name)

    return Expected(
        home,
        roles=tuple(sorted(found["role"])),
        users=tuple(sorted(found["user"])),
        accounts=tuple(sorted(found["account"])),
        functions=tuple(sorted(set(functions))),
        is_own_account=bool(found["own"]),
        is_everyone=bool(found["everyone"]),
    )


def deploying(home: Home) -> list[str]:
    """Return the identity that runs Pulumi, as a principal; none for the account's root user.

    As a principal, root means everyone in the account.
    """
    if home.caller is None or home.caller.endswith(":root"):
        return []

    return [home.caller]


def _sorted(principal: str, home: Home) -> tuple[str, str]:
    """Return the kind of a principal, and its name in CloudTrail's events."""
    if principal == "*":
        return "everyone", principal

    account = account_of(principal)
    if account is None:
        return "service", principal

    if account != home.account:
        return "account", account

    if not is_arn(principal):
        return "own", account

    kind, _, name = Arn.parse(principal).resource.partition("/")
    names = {
        "root": ("own", account),
        "role": ("role", name.rpartition("/")[2]),
        "assumed-role": ("role", name.partition("/")[0]),
        "user": ("user", name.rpartition("/")[2]),
    }
    return names.get(kind, ("other", name))


def pattern_text(pattern: EventShape) -> str:
    """Return a pattern as JSON without spaces, all of which count as characters."""
    return json.dumps(pattern, separators=(",", ":"))


def named_in(document: str) -> Iterator[str]:
    """Yield the principals that a resource policy allows anything.

    Where a condition names the identities within an account, they stand for it.
    """
    for statement in templates.listed(json.loads(document)["Statement"]):
        if statement.get("Effect") != "Allow":
            continue

        narrowed = list(_narrowed_to(statement.get("Condition") or {}))
        yield from narrowed or _principals(statement.get("Principal"))


def _principals(principal: Any) -> list[str]:  # noqa: ANN401 # any JSON value
    if isinstance(principal, dict):
        principal = principal.get("AWS", [])

    return templates.listed(principal or [])


def _narrowed_to(condition: EventShape) -> Iterator[str]:
    for operator, keys in condition.items():
        for key, values in keys.items():
            if key.lower() == "aws:principalarn" and "Not" not in operator:
                yield from templates.listed(values)


def strangers(known: Expected, room: int) -> list[EventShape]:
    """Return patterns of `userIdentity` that together match every caller but the expected ones.

    A list of names to leave out cannot be divided between rules, of which each would match the
    names of the others. So each pattern also says with which letters the names begin that it is
    about.

    Args:
        known: the expected callers.
        room: how many characters a pattern may have.
    """
    if known.is_everyone:
        return []

    others = list(_others(known))
    if known.is_own_account:
        return _joined(others)

    whole = _joined([_of_roles(known, known.roles), *others])
    if _size(whole[0]) <= room:
        return whole

    return [*_roles_in_parts(known, room), *_joined(others)]


def _size(pattern: EventShape) -> int:
    return len(pattern_text(pattern))


def _joined(alternatives: list[EventShape]) -> list[EventShape]:
    if len(alternatives) == 1:
        return alternatives

    return [{"$or": alternatives}]


def _others(known: Expected) -> Iterator[EventShape]:
    """Yield what matches unexpected callers that are no roles of the account."""
    yield {"type": ["AWSAccount"], **_all_but("accountId", known.accounts)}
    if known.is_own_account:
        return

    yield {"type": ["IAMUser"], **_all_but("userName", known.users)}
    yield {"type": [{"anything-but": list(_NAMED_TYPES)}]}


def _all_but(field: str, names: Sequence[str]) -> EventShape:
    if not names:
        return {}

    return {field: [{"anything-but": list(names)}]}


def _of_roles(known: Expected, names: Sequence[str], prefixes: Sequence[str] = ()) -> EventShape:
    """Return what matches sessions of roles that begin with any of the prefixes, but for names."""
    pattern: EventShape = {"type": ["AssumedRole"]}
    if prefixes:
        pattern["arn"] = [{"prefix": f"{_sessions(known)}{prefix}"} for prefix in prefixes]

    if known.functions:
        sessions = [f":{name}" for name in known.functions]
        pattern["principalId"] = [{"anything-but": {"suffix": sessions}}]

    if names:
        pattern["sessionContext"] = {"sessionIssuer": _all_but("userName", names)}

    return pattern


def _sessions(known: Expected) -> str:
    return str(Arn(known.home.partition, "sts", "", known.home.account, "assumed-role/"))


def _roles_in_parts(known: Expected, room: int) -> Iterator[EventShape]:
    """Yield what matches sessions of unexpected roles, by how the roles' names begin."""
    prefixes: list[str] = []
    names: list[str] = []
    for prefix, some in _by_beginning(known, known.roles, "", room):
        if not some:
            yield _gap(known, prefix)
            continue

        if names and _size(_of_roles(known, [*names, *some], [*prefixes, prefix])) > room:
            yield _of_roles(known, names, prefixes)
            prefixes, names = [], []

        prefixes.append(prefix)
        names += some

    if names:
        yield _of_roles(known, names, prefixes)


def _by_beginning(
    known: Expected, names: Sequence[str], prefix: str, room: int
) -> Iterator[tuple[str, list[str]]]:
    """Yield prefixes with the names that begin so; one without names stands for all other ones.

    A name ends in `/`, as it does in a session's ARN: `app` and `app-2` are told apart.
    """
    is_whole_name = prefix.endswith("/")
    if is_whole_name or _size(_of_roles(known, names, [prefix])) <= room:
        yield prefix, list(names)
        return

    yield prefix, []
    for longer, some in _longer_prefixes(names, prefix).items():
        yield from _by_beginning(known, some, longer, room)


def _longer_prefixes(names: Iterable[str], prefix: str) -> dict[str, list[str]]:
    """Return the longer prefixes of the names that begin with a prefix, and their names.

    They are as long as all names below them allow, so that few rules are needed.
    """
    by_letter: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if f"{name}/".startswith(prefix):
            by_letter[f"{name}/"[: len(prefix) + 1]].append(name)

    children = {}
    for longer, some in by_letter.items():
        common = longer
        if len(some) > 1:
            common = os.path.commonprefix([f"{name}/" for name in some])  # noqa: RUF071 # by letters

        children[common] = some

    return children


def _gap(known: Expected, prefix: str) -> EventShape:
    """Return what matches roles that begin with a prefix and go on as no expected one does."""
    pattern = _of_roles(known, (), [prefix] if prefix else ())
    issuer: EventShape = {}
    longer = [child for child in _longer_prefixes(known.roles, prefix) if not child.endswith("/")]
    if longer:
        issuer["userName"] = [{"anything-but": {"prefix": longer}}]

    if prefix in known.roles:
        issuer["arn"] = [{"anything-but": {"suffix": [f"/{prefix}"]}}]

    return {**pattern, "sessionContext": {"sessionIssuer": issuer}}
