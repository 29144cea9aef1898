"""EventBridge: what Secrets Manager reports, and rules whose target is a function or a topic.

moto raises NotImplementedError for both kinds of target. Events have the recorded shape
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html), or that of
https://docs.aws.amazon.com/secretsmanager/latest/userguide/event-detail-secret-label-updated-secretsmanager.html.
Deliveries run in the background and are not repeated; a call that EventBridge may not make, or
that fails, shows as the metric FailedInvocations
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html).
"""

from __future__ import annotations

import copy
import json
import logging
import re
import threading
import time
import uuid
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.events.models import Rule, events_backends
from moto.events.utils import EventTemplateParser
from moto.sns.models import sns_backends

from sandbox.rules import functions, grants, invocations

logger = logging.getLogger("sandbox.events")

_SOURCE = "secretsmanager.amazonaws.com"
_OURS = ("lambda", "sns")
READ_STATE = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
_UNFILLED = re.compile(r"<[A-Za-z0-9]+>")
_UNREPORTED = ("AWSPENDING", "AWSPREVIOUS")
"""Labels whose moves are not reported ("whenever a staging label changes, except for AWSPENDING and
AWSPREVIOUS", https://docs.aws.amazon.com/secretsmanager/latest/userguide/secret-event-notifications.html)."""


class DeliveryError(Exception):
    """An event does not reach a target; the message says why."""


def service_event(
    account: str, region: str, name: str, secret_arn: str, token: str, error: str | None = None
) -> None:
    """Put a service event of Secrets Manager on the default bus, as CloudTrail delivers it."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    detail: dict[str, Any] = {
        "eventVersion": "1.08",
        "userIdentity": {"accountId": account, "invokedBy": _SOURCE},
        "eventTime": moment,
        "eventSource": _SOURCE,
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": _SOURCE,
        "userAgent": _SOURCE,
    }
    if error is not None:
        detail["errorMessage"] = error

    detail |= {
        "requestParameters": None,
        "responseElements": None,
        "additionalEventData": {"SecretId": secret_arn},
        "requestID": f"Rotation-{secret_arn}-{token}",
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
    put(account, region, "aws.secretsmanager", detail)


def put(account: str, region: str, source: str, detail: dict[str, Any]) -> None:
    """Put an event of CloudTrail on the default bus."""
    kinds = {"AwsServiceEvent": "Service Event", "AwsApiCall": "API Call"}
    entry = {
        "Source": source,
        "DetailType": f"AWS {kinds[detail['eventType']]} via CloudTrail",
        "Detail": json.dumps(detail),
    }
    events_backends[account][region].put_events([entry])


def label_updated(secret_arn: str, name: str, label: str, version_id: str) -> None:
    """Put Secrets Manager's own event of a label's move on the default bus; it needs no trail."""
    if label in _UNREPORTED:
        return

    region, account = secret_arn.split(":")[3:5]
    detail = {"name": name, "labelUpdated": label, "versionId": version_id}
    entry = {
        "Source": "aws.secretsmanager",
        "DetailType": "Secret Label Updated",
        "Resources": [secret_arn],
        "Detail": json.dumps(detail),
    }
    events_backends[account][region].put_events([entry])


def _send_to_targets(rule: Any, event: Any, transform_input: bool = True) -> None:  # noqa: ANN401, FBT001, FBT002 # moto's method
    """Deliver to functions and topics here, and leave every other target to moto."""
    if not _receives(rule, event) or not rule.event_pattern.matches_event(event):
        return

    _count(rule, "MatchedEvents")
    ours = [target for target in rule.targets if target["Arn"].split(":")[2] in _OURS]
    others = copy.copy(rule)
    others.targets = [target for target in rule.targets if target not in ours]
    for target in ours:
        told = copy.deepcopy(event)
        threading.Thread(target=_deliver, args=(rule, target, told), daemon=True).start()

    _PLAIN_SEND(others, event, transform_input)


_PLAIN_SEND = Rule.send_to_targets


def _receives(rule: Any, event: Any) -> bool:  # noqa: ANN401 # moto's classes
    """Return whether a rule sees an event: reading calls reach it in one state only.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
    """
    is_read = event["detail"].get("eventType") == "AwsApiCall" and event["detail"].get("readOnly")
    if is_read:
        return bool(rule.state == READ_STATE)

    return bool(rule.state != "DISABLED")


def _message(target: dict[str, Any], event: dict[str, Any]) -> Any:  # noqa: ANN401 # any JSON value
    """Return what a target receives: the event, a constant, or what its template makes of it."""
    if target.get("Input") is not None:
        return json.loads(target["Input"])

    event["time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(float(event["time"])))
    transformer = target.get("InputTransformer")
    if transformer:
        paths = transformer.get("InputPathsMap") or {}
        return _without_unfilled(
            EventTemplateParser.parse(transformer["InputTemplate"], paths, event)
        )

    event.pop("ingestion-time", None)  # moto's own; a template may use it
    return event


def _without_unfilled(message: Any) -> Any:  # noqa: ANN401 # any JSON value
    """Leave out variables whose path the event does not have.

    "If you specify a variable to match a JSON path that doesn't exist in the event, that variable
    isn't created and doesn't appear in the output"
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-input-transformer-tutorial.html).
    """
    return json.loads(_UNFILLED.sub("", json.dumps(message)))


def _deliver(rule: Any, target: dict[str, Any], event: dict[str, Any]) -> None:  # noqa: ANN401 # moto's class
    arn = target["Arn"]
    try:
        message = _message(target, event)
        if arn.split(":")[2] == "lambda":
            _call(rule, arn, message)
        else:
            _publish(rule, arn, message)
    except (DeliveryError, invocations.InvocationError) as error:
        logger.warning("rule %s to %s: %s", rule.name, arn, error)
        _count(rule, "FailedInvocations")
    except Exception:  # nothing may go unreported in a thread
        logger.exception("rule %s to %s ended unexpectedly", rule.name, arn)
        _count(rule, "FailedInvocations")


def _call(rule: Any, arn: str, message: Any) -> None:  # noqa: ANN401 # moto's class
    function = functions.find(rule.account_id, rule.region_name, arn)
    if function is None:
        msg = "the function does not exist"
        raise DeliveryError(msg)

    if not functions.rule_may_call(function, arn, rule.arn):
        msg = (
            "the function's policy does not let events.amazonaws.com call it for this rule "
            "(EventBridge sends aws:SourceArn and no aws:SourceAccount)"
        )
        raise DeliveryError(msg)

    with invocations.started(function) as environment:
        environment.invoke(message)


def _publish(rule: Any, arn: str, message: Any) -> None:  # noqa: ANN401 # moto's class
    """Publish to a topic whose policy allows it; a topic's default policy allows its owner only."""
    topic = sns_backends[rule.account_id][rule.region_name].topics.get(arn)
    if topic is None:
        msg = "the topic does not exist"
        raise DeliveryError(msg)

    statements = json.loads(topic.policy)["Statement"]
    if isinstance(statements, dict):
        statements = [statements]

    context = {"aws:SourceArn": rule.arn}
    if not grants.allow_service(statements, "events.amazonaws.com", "sns:Publish", arn, context):
        msg = "the topic's policy does not let events.amazonaws.com publish for this rule"
        raise DeliveryError(msg)

    topic.publish(json.dumps(message))


def _count(rule: Any, name: str) -> None:  # noqa: ANN401 # moto's class
    metric = {
        "MetricName": name,
        "Dimensions": [{"Name": "RuleName", "Value": rule.name}],
        "Value": 1,
        "Unit": "Count",
    }
    cloudwatch_backends[rule.account_id][rule.region_name].put_metric_data("AWS/Events", [metric])


def install() -> None:
    """Put the rules in place; to be called before the first request."""
    Rule.send_to_targets = _send_to_targets
