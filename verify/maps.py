"""The map of each step: the one before with one kind of change. No map contains a value."""

from __future__ import annotations

import copy
from typing import Any

from verify.names import ENVIRONMENT, Names
from verify.surroundings import ADOPTED, RELEASED, TAG

PLAIN, SHARED, ROTATING, FIELDS = "plain", "shared", "rotating", "fields"
RENAMED, BEFORE, AFTER = "renamed", "before", "after"
REPLICATED = "replicated"
WINDOW = 7
"""Days of the recovery windows: the fewest that AWS allows."""

Map = dict[str, Any]


def created(names: Names, role: str) -> Map:
    """Return the first map: secrets under the AWS-managed key, which the map does not name."""
    return {
        "context_name": names.run,
        "environment": ENVIRONMENT,
        "name": names.run,
        "tags": {TAG: names.run},
        "defaults": {"recovery_window_in_days": WINDOW},
        "secrets": {
            PLAIN: {"generate_random_password": True},
            SHARED: {
                "generate_random_password": True,
                "policy": {"template": "read-secret-policy", "principals": [role]},
            },
            ROTATING: {
                "generate_random_password": True,
                "rotation_automatically": True,
                "rotation": {"function": "generated-password"},
                "on_rotate": [{"lambda": names.reader}],
            },
            FIELDS: {
                "random": {"password": {}},
                "secret_data": {"host": "first.invalid", "password": "${random.password}"},
                "rotated_fields": ["password"],
                "owner": "operator",
            },
            RENAMED: {"name": BEFORE, "generate_random_password": True},
        },
    }


def keyed(before: Map, names: Names, replica_region: str | None) -> Map:
    """Return a map with a key of its own, with adopted secrets, and with another own field."""
    changed = copy.deepcopy(before)
    changed["kms"] = {"create": True, "deletion_window_in_days": WINDOW}
    entries = changed["secrets"]
    entries[FIELDS]["secret_data"]["host"] = "second.invalid"
    for name in (ADOPTED, RELEASED):
        entries[name] = {"import": names.secret(name), "description": "adopted"}

    entries[ADOPTED]["on_rotate"] = [{"lambda": names.witness}]
    if replica_region:
        changed["kms"]["multi_region"] = True
        entries[REPLICATED] = _replicated(replica_region)

    return changed


def without_replica(before: Map) -> Map:
    """Return a map that has removed its only replica, and with it the key's."""
    changed = copy.deepcopy(before)
    changed["secrets"].pop(REPLICATED, None)
    return changed


def with_replica_again(before: Map, replica_region: str) -> Map:
    """Return a map with a replica in the region again, of another secret."""
    changed = copy.deepcopy(before)
    changed["secrets"][f"{REPLICATED}_again"] = _replicated(replica_region)
    return changed


def renamed(before: Map) -> Map:
    """Return a map with another name, without its key, and without one of the adopted secrets."""
    changed = copy.deepcopy(before)
    del changed["kms"]
    del changed["secrets"][RELEASED]
    changed["secrets"][RENAMED]["name"] = AFTER
    return changed


def _replicated(region: str) -> Map:
    return {"generate_random_password": True, "replicas": [{"region": region}]}
