"""Identity policies of the levels: who has one can use the secrets of this map in it, no others.

Pure data. What only a deployment knows, such as the ARNs of keys, is passed in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from secrets_component.arns import Home, exact
from secrets_component.errors import Finding
from secrets_component.iam import documents, templates
from secrets_component.iam.grants import KINDS, Kind, Level, levels_of
from secrets_component.planning.plan import KmsKey, MapKey, NamedKey, Plan, PlannedSecret
from secrets_component.secret_map.names import level_prefix

MAX_LEVEL_CHARACTERS = 6_144
"""Of a managed policy, spaces not counted.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

SHORTEST_HOME = Home("aws", "us-east-1", "0" * 12)
"""Stands for an account and region that are not known yet: no real ones are shorter."""

_ANY_KEY_ID = "0" * 36
_PUNCTUATION = 10  # around a name in a list: `-??????`, quotes, a comma


@dataclass(frozen=True, slots=True)
class LevelFacts:
    """What the policies of a map's levels are written from besides the map.

    Attributes:
        home: the account and region of the secrets.
        tags: the tag that all secrets of the map carry, and those of no other map.
        names: names in AWS of adopted secrets, by entries' keys, where the map has an ARN.
    """

    home: Home
    tags: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


def members_of_levels(plan: Plan) -> dict[str, list[PlannedSecret]]:
    """Sort the secrets into the levels above them; one pass, however many levels there are."""
    members: dict[str, list[PlannedSecret]] = {level.path: [] for level in plan.levels}
    for secret in plan.secrets.values():
        for level in levels_of(secret.path):
            if level in members:
                members[level].append(secret)

    return members


def level_policy(
    plan: Plan,
    level: Level,
    below: Sequence[PlannedSecret],
    kind: Kind,
    facts: LevelFacts,
    key_arns: Sequence[str],
) -> str:
    """Return the policy of a level: for its secrets by name; if too many, by prefix and tag.

    A prefix alone would also cover the secrets of another map with the same context and
    environment. The condition on the map's own tag leaves these out
    (https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access-abac.html).

    Args:
        plan: the map's plan.
        level: the level.
        below: its secrets, at least one.
        kind: what the policy allows.
        facts: what is known besides the map.
        key_arns: the ARNs of the customer-managed keys that encrypt the secrets and their replicas.
    """
    names = [exact(facts.names.get(secret.key, secret.name)) for secret in below]
    document = _document(names, kind, facts.home, _regions(facts.home, below), key_arns, {})
    if len(document) <= MAX_LEVEL_CHARACTERS:
        return document

    prefix = level_prefix(plan.context, plan.environment, level.path)
    condition = {}
    if facts.tags:
        by_tag = {f"aws:ResourceTag/{key}": value for key, value in facts.tags.items()}
        condition = {"StringEquals": by_tag}

    regions = _regions(facts.home, below)
    return _document(names_by_prefix(names, prefix), kind, facts.home, regions, key_arns, condition)


def names_by_prefix(names: Sequence[str], prefix: str) -> list[str]:
    """Return patterns for names: a prefix for those that begin with it, and all others."""
    patterns = [f"{prefix}*"]
    for name in names:
        if not name.startswith(prefix):
            patterns.append(name)

    return patterns


def _document(
    names: Sequence[str],
    kind: Kind,
    home: Home,
    regions: Sequence[str],
    key_arns: Sequence[str],
    condition: Mapping[str, Mapping[str, str]],
) -> str:
    secret_arns: list[str] = []
    for region in regions:
        secret_arns += [home.secret_arn(name, region) for name in names]

    values = {
        "secret_arns": _one_or_list(secret_arns),
        "kms_key_arns": "*",  # until `use_keys` lists them
        "region": _one_or_list(regions),
        "dns_suffix": home.dns_suffix,
    }
    for_secrets, for_keys = templates.fill(templates.shipped(documents.TEMPLATE_OF[kind]), values)
    if condition:
        for_secrets["Condition"] = condition

    use_keys = documents.use_keys(for_keys, dict.fromkeys(sorted(key_arns)))
    return documents.document([for_secrets, *use_keys], compact=True)


def _regions(home: Home, below: Sequence[PlannedSecret]) -> list[str]:
    """Return the home region, then the others that have replicas."""
    others: set[str] = set()
    for secret in below:
        others.update(replica.region for replica in secret.replicas)

    return [home.region, *sorted(others - {home.region})]


def _one_or_list(values: Sequence[str]) -> str | list[str]:
    if len(values) == 1:
        return values[0]

    return list(values)


def size_problem_of_level(level: Level, kind: Kind, document: str) -> str | None:
    """Explain that a level's policy is too long for IAM; None where it is not."""
    if len(document) <= MAX_LEVEL_CHARACTERS:
        return None

    return (
        f"the `{level.output(kind)}` policy has {len(document):,} characters; IAM allows "
        f"{MAX_LEVEL_CHARACTERS:,}; adopt fewer secrets from outside the hierarchy, or use "
        "fewer keys"
    )


def size_findings(plan: Plan) -> Iterator[Finding]:
    """Yield the levels whose policies are too long in any account and region.

    Keys that a reference or AWS names are not counted; a deployment counts them.
    """
    facts = LevelFacts(SHORTEST_HOME)
    members = members_of_levels(plan)
    for level in plan.levels:
        below = members[level.path]
        key_arns = _keys_of_known_length(below)
        if not below or _surely_fits(plan, level, below, key_arns):
            continue

        for kind in KINDS:
            document = level_policy(plan, level, below, kind, facts, key_arns)
            problem = size_problem_of_level(level, kind, document)
            if problem:
                yield level.place, problem


def _surely_fits(
    plan: Plan, level: Level, below: Sequence[PlannedSecret], key_arns: Sequence[str]
) -> bool:
    """Return whether a level has too little in it to be measured: almost all of them have."""
    prefix = level_prefix(plan.context, plan.environment, level.path)
    elsewhere = [secret.name for secret in below if not secret.name.startswith(prefix)]
    names = sum(len(SHORTEST_HOME.secret_arn(name)) + _PUNCTUATION for name in [prefix, *elsewhere])
    keys = sum(len(key) + _PUNCTUATION for key in key_arns)
    regions = _regions(SHORTEST_HOME, below)
    return 2 * len(regions) * names + keys < MAX_LEVEL_CHARACTERS // 2


def _keys_of_known_length(secrets: Sequence[PlannedSecret]) -> list[str]:
    """Return the ARNs of the keys that the map names itself, as far as their length is known."""
    found = set()
    for secret in secrets:
        for region, key in secret.keys.items():
            text = _key_text(key)
            if text is not None:
                found.add(SHORTEST_HOME.in_region(region or SHORTEST_HOME.region).key_arn(text))

    return sorted(found)


def _key_text(key: KmsKey) -> str | None:
    match key:
        case MapKey():
            return _ANY_KEY_ID
        case NamedKey(template) if not template.references and not key.is_aws_managed:
            return str(template)
        case _:
            return None
