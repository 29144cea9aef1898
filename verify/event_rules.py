"""Two rules of EventBridge that call the function behind `on_rotate` for an event of ours.

Whether it is called is up to its policy. One rule has a name that the product's own permission
allows; that has the rules' ARNs as its only condition. The other one is allowed by a second
permission, which also has a source account: "A SourceAccount setting prevents EventBridge from
being able to invoke the function"
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html).

No event of Secrets Manager is needed, so no trail. What the function restarts shows the call: it
writes into the description of a function when it has.
"""

from __future__ import annotations

import json
import re

from verify.names import RULE_PREFIX, belongs
from verify.scene import Scene
from verify.waiting import wait_for

BY_PRODUCT, BY_ACCOUNT = "event-by-arn", "event-by-account"
"""The kinds of events, and what the restarted function's description says of each."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
_ATTEMPTS, _ATTEMPT_SECONDS = 8, 15


class MissingFunctionError(Exception):
    """The map has deployed no function that restarts others; the message says which is missing."""


def create(scene: Scene) -> None:
    """Create the rule that the product's permission allows."""
    _create(scene, f"{RULE_PREFIX}{scene.names.run}", BY_PRODUCT, scene.names.reader)


def create_with_account(scene: Scene) -> None:
    """Create the rule that a permission with a source account allows."""
    name = f"{scene.names.run}-account"
    arn = _create(scene, name, BY_ACCOUNT, scene.names.witness)
    scene.account.client("lambda").add_permission(
        FunctionName=_function(scene),
        StatementId=BY_ACCOUNT,
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=arn,
        SourceAccount=scene.account.number,
    )


def send_with_account(scene: Scene) -> None:
    """Send an event to the rule that a permission with a source account allows.

    To be done more than once: a new rule may miss the first events.
    """
    put_event(scene, BY_ACCOUNT)


def put_event(scene: Scene, kind: str) -> None:
    """Send the event of a rule."""
    entry = {"Source": scene.names.run, "DetailType": kind, "Detail": "{}"}
    scene.account.client("events").put_events(Entries=[entry])


def wait_for_restart(scene: Scene, function: str, kind: str) -> bool:
    """Send the event of a rule until it has restarted a function, or the time is over.

    A rule may take a while to match events after it is made
    (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html).
    """
    for _ in range(_ATTEMPTS):
        put_event(scene, kind)
        if wait_for(lambda: kind in scene.description_of(function), _ATTEMPT_SECONDS):
            return True

    return False


def is_restarted_by_rotation(scene: Scene) -> bool:
    """Return whether the reader was restarted at a time, as by a rotation."""
    return bool(_TIME.search(scene.description_of(scene.names.reader)))


def _create(scene: Scene, name: str, kind: str, restarted: str) -> str:
    """Create a rule that has a function restarted; return its ARN."""
    client = scene.account.client("events")
    pattern = {"source": [scene.names.run], "detail-type": [kind]}
    arn: str = client.put_rule(
        Name=name,
        EventPattern=json.dumps(pattern),
        Description=f"verifies {scene.names.secret('rotating')}",
    )["RuleArn"]
    lambda_ = scene.account.client("lambda")
    functions = {}
    for function in (_function(scene), restarted):
        found = lambda_.get_function_configuration(FunctionName=function)
        functions[function] = found["FunctionArn"]

    message = {"secret": name, "time": kind, "restart": [{"lambda": functions[restarted]}]}
    target = {"Id": "verify", "Arn": functions[_function(scene)], "Input": json.dumps(message)}
    client.put_targets(Rule=name, Targets=[target])
    return arn


def _function(scene: Scene) -> str:
    """Return the name of the product's function, which ends in characters of the provider's."""
    pages = scene.account.client("lambda").get_paginator("list_functions").paginate()
    for page in pages:
        for function in page["Functions"]:
            name = str(function["FunctionName"])
            if belongs(name, f"{scene.names.run}-on-rotate"):
                return name

    msg = f"the function `{scene.names.run}-on-rotate` does not exist"
    raise MissingFunctionError(msg)
