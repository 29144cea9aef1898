"""Events: how EventBridge selects what Secrets Manager reports about its secrets.

That a secret has a new value, Secrets Manager reports itself, in every account
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/secret-event-notifications.html). How
a rotation ended, it reports through CloudTrail only, as service events, whose detail type is not
that of API calls: a trail must log the region's management events
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-eventbridge.html,
https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

MAX_RULE_NAME = 64
MAX_DESCRIPTION = 512
"""Of a rule, in characters.
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html"""


def new_value(secret_arn: str) -> str:
    """Return the pattern of a rule that matches a secret's getting another current version.

    Labels other than AWSCURRENT move, too, the map's own among them
    (https://docs.aws.amazon.com/secretsmanager/latest/userguide/event-detail-secret-label-updated-secretsmanager.html).
    """
    return json.dumps(
        {
            "source": ["aws.secretsmanager"],
            "detail-type": ["Secret Label Updated"],
            "resources": [secret_arn],
            "detail": {"labelUpdated": ["AWSCURRENT"]},
        }
    )


def service_event(names: Sequence[str], secret_ids: Sequence[str | Mapping[str, str]]) -> str:
    """Return the pattern of a rule that matches service events of Secrets Manager.

    Args:
        names: the names of the events, such as `RotationSucceeded`.
        secret_ids: the ARNs of the secrets, or matchers of ARNs such as `{"prefix": "arn:…"}`.
    """
    return json.dumps(
        {
            "source": ["aws.secretsmanager"],
            "detail-type": ["AWS Service Event via CloudTrail"],
            "detail": {
                "eventSource": ["secretsmanager.amazonaws.com"],
                "eventName": list(names),
                "additionalEventData": {"SecretId": list(secret_ids)},
            },
        }
    )
