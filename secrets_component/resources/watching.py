"""Watching: the event patterns of a map's detections, as soon as all that they name is known.

How many rules a detection takes must be known before ARNs and keys are: no resource may be created
inside an Output. So the patterns are first made with stand-ins of the same length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pulumi

from secrets_component.arns import Arn, is_arn
from secrets_component.iam.grants import InlinePolicy, TemplatedPolicy
from secrets_component.lookups.refusal import refusal
from secrets_component.planning import detections
from secrets_component.planning.detections import (
    Detection,
    PatternTooLongError,
    Watched,
    WatchedSecret,
)
from secrets_component.planning.expected import deploying, expected, named_in
from secrets_component.planning.plan import HostedFunction, PlannedSecret, is_aws_managed
from secrets_component.resources.keys import KeysInUse
from secrets_component.resources.scope import Scope
from secrets_component.secret_map.names import level_prefix, rotation_role

_PLACE = ("alarms", "detections")
_NOTHING = '{"source": ["secretsmap.nothing"]}'
_LONGEST_ROLE = "r" * 64

_Known = Mapping[str, Sequence[str]]


class Watching:
    """Makes the event patterns of a map."""

    def __init__(self, scope: Scope, keys: Mapping[str, KeysInUse]) -> None:
        """Collect what the patterns name.

        Raises:
            pulumi.RunError: a detection has to name more than fits a pattern.
        """
        self._scope = scope
        inputs = _inputs(scope, keys)
        stand_ins = {name: _stand_ins(scope, name, found) for name, found in inputs.items()}
        self._planned = self._all_patterns(stand_ins)
        parts = {name: pulumi.Output.all(*found) for name, found in inputs.items()}
        self._patterns = pulumi.Output.all(**parts).apply(self._all_patterns)

    def count(self, detection: Detection) -> int:
        """Return how many rules a detection takes."""
        return len(self._planned[detection.name])

    def pattern(self, detection: Detection, number: int) -> pulumi.Output[str]:
        """Return the event pattern of one of the rules of a detection."""
        return self._patterns.apply(partial(self._of, detection.name, number))

    def _of(self, name: str, number: int, found: Mapping[str, Sequence[str]]) -> str:
        """Return a pattern; one that matches nothing where fewer are needed than planned."""
        if len(found[name]) > len(self._planned[name]):
            message = f"`{name}` needs more rules than could be planned; list the roles that are "
            message += "known only in this run under `expected`"
            raise refusal(self._scope.plan, _PLACE, message)

        return [*found[name], *[_NOTHING] * number][number]

    def _all_patterns(self, known: _Known) -> dict[str, list[str]]:
        watched = _watched(self._scope, known)
        found = {}
        for detection in detections.chosen(self._scope.plan.watch.names):
            try:
                found[detection.name] = detections.patterns(detection, watched)
            except PatternTooLongError:
                message = (
                    f"`{detection.name}` has to name more than the {detections.MAX_PATTERN:,} "
                    "characters of a pattern; name whole accounts instead of single ones"
                )
                raise refusal(self._scope.plan, _PLACE, message) from None

        return found


def _inputs(scope: Scope, keys: Mapping[str, KeysInUse]) -> dict[str, list[pulumi.Input[str]]]:
    """Return what the patterns are made from: lists by what they are of."""
    plan, access = scope.plan, scope.access
    found: dict[str, list[pulumi.Input[str]]] = {
        "arns": [scope.values.own_outputs["secret_arns", key] for key in plan.secrets],
        "keys": [_home_key(scope, keys[key]) for key in plan.secrets],
        "functions": [],
        "principals": [*access.principals.values(), *access.roles.values()],
        "policies": [],
    }
    for secret in plan.secrets.values():
        if _names_principals_itself(secret):
            found["policies"].append(access.policies[secret.key])

        function = None if secret.rotation is None else secret.rotation.function
        if function is None or isinstance(function, HostedFunction):
            continue

        if scope.values.has_all(function.references):
            found["functions"].append(scope.values.fill(function, secret.key))

    return found


def _home_key(scope: Scope, keys: KeysInUse) -> pulumi.Output[str]:
    """Return the ARN of a secret's own key; empty for the AWS-managed one."""
    region = scope.access.home.region
    return keys.arns.apply(lambda found: found.get(region, ""))


def _names_principals_itself(secret: PlannedSecret) -> bool:
    """Return whether a policy may name principals that the map's other fields do not."""
    match secret.policy:
        case InlinePolicy():
            return True
        case TemplatedPolicy():
            return secret.policy.is_custom
        case _:
            return False


def _stand_ins(scope: Scope, name: str, found: Sequence[pulumi.Input[str]]) -> list[str]:
    """Return texts for what is not known yet, none shorter than what it will be."""
    home = scope.access.home
    if name == "arns":
        return [f"{home.secret_arn(one.name)}-000000" for one in scope.plan.secrets.values()]

    if name == "keys":
        secrets = scope.plan.secrets.values()
        return [_stand_in_of_key(scope, one, number) for number, one in enumerate(secrets)]

    unknown = {
        "functions": home.arn("lambda", f"function:{_LONGEST_ROLE}"),
        "principals": home.role_arn(_LONGEST_ROLE),
        "policies": '{"Statement": []}',
    }
    return [one if isinstance(one, str) else unknown[name] for one in found]


def _stand_in_of_key(scope: Scope, secret: PlannedSecret, number: int) -> str:
    if is_aws_managed(secret.kms_key):
        return ""

    return scope.access.home.key_arn(f"{number:036}")


def _watched(scope: Scope, known: _Known) -> Watched:
    plan, home = scope.plan, scope.access.home
    own, functions = _rotators(scope, known["functions"])
    deployers = [*plan.watch.expected, *deploying(home)]
    readers = [*deployers, *own, *known["principals"]]
    for document in known["policies"]:
        readers += named_in(document)

    return Watched(
        home=home,
        prefix=level_prefix(plan.context, plan.environment),
        secrets=tuple(_watched_secrets(scope, known["arns"])),
        keys=tuple(sorted(set(filter(None, known["keys"])))),
        readers=expected(readers, functions, home),
        writers=expected([*deployers, *own], functions, home),
        deployers=expected(deployers, (), home),
    )


def _rotators(scope: Scope, function_arns: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the roles of deployed rotation functions, and the names of other ones.

    The role of a function that the map only names is not known, but its sessions have its name.
    """
    home = scope.access.home
    roles, names = [], []
    for secret in scope.plan.secrets.values():
        if secret.rotation and isinstance(secret.rotation.function, HostedFunction):
            roles.append(home.role_arn(rotation_role(secret.name, home.region)))

    for arn in function_arns:
        if is_arn(arn):
            names.append(Arn.parse(arn).resource.split(":")[1])

    return roles, names


def _watched_secrets(scope: Scope, arns: Sequence[str]) -> list[WatchedSecret]:
    found = []
    for secret, arn in zip(scope.plan.secrets.values(), arns, strict=True):
        found.append(
            WatchedSecret(
                secret.name,
                arn,
                is_rotating=secret.rotation is not None,
                is_written_by_people=secret.owner == "operator",
                is_decoy=secret.key in scope.plan.watch.decoys,
            )
        )

    return found
