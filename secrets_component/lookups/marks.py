"""The marks that a map leaves in AWS: whose a secret is, and which of its versions the map wrote.

A secret carries three tags, set when it is created (and a fourth if it is adopted). They identify
it under whatever name it has, in a program that exports nothing, and after a run that never
finished. A version that the map writes carries a staging label: AWS moves a label that
PutSecretValue names from one version to the next, so it is always on the last one
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAP_TAG = "secretsmap:map"
KEY_TAG = "secretsmap:key"
STATE_TAG = "secretsmap:state"
ADOPTED_TAG = "secretsmap:adopted"
"""On secrets that existed before the map, which leaves them in the account if their entry goes.
Its value says how they came, and whether the map has put a resource policy on them since."""

RESTORED, IMPORTED, IMPORTED_WITH_POLICY = "restored", "imported", "imported-with-policy"

LEFT_KEY_TAG = "secretsmap:left-key"
"""On secrets that have left a key which the map created: its ARN."""

VALUE_LABEL = "secretsmap-value"
REPLACES_LABEL = "secretsmap-replaces-"
"""Followed by the id of the version, written by someone else, that the map's value replaced."""

OWN_FIELDS_LABEL = "secretsmap-own-fields"
WHOLE_VALUE_LABELS = frozenset({VALUE_LABEL, "secretsmap-first-value"})
"""Labels of versions whose whole value is the map's; the second was written by version 0.1."""

_MAX_TAG_VALUE = 256
_NOT_IN_TAGS = re.compile(r"[^\w .:/=+@-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose a secret is.

    Attributes:
        map: `<project>/<stack>/<name of the map's component>` as they were when it was set.
        key: the entry's key.
        state: the id of the stack's state that created the secret; empty where it is not known.
        is_adopted: the secret is older than its entry, and outlives it.
        is_imported: it was adopted by `import`, so that it has kept its key.
    """

    map: str
    key: str
    state: str
    is_adopted: bool = False
    is_imported: bool = False

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Mark | None:
        """Return the mark in a secret's tags, or None."""
        if MAP_TAG not in tags:
            return None

        if KEY_TAG not in tags:
            return None

        return cls(
            map=tags[MAP_TAG],
            key=tags[KEY_TAG],
            state=tags.get(STATE_TAG, ""),
            is_adopted=ADOPTED_TAG in tags,
            is_imported=tags.get(ADOPTED_TAG) in (IMPORTED, IMPORTED_WITH_POLICY),
        )

    def belongs_to(self, map_mark: str, state: str | None) -> bool:
        """Return whether a secret is a map's: of its state, or of one that is lost."""
        return self.map == map_mark or self.state == state


def map_mark(project: str, stack: str, component: str) -> str:
    """Return the value of the map's tag, in the characters and the length that AWS allows.

    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Tag.html
    """
    return _NOT_IN_TAGS.sub("_", f"{project}/{stack}/{component}")[:_MAX_TAG_VALUE]
