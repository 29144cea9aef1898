"""The Lambda function behind `on_rotate`: restarts the consumers of a secret with a new value.

This file is the function's whole code. It imports only what Lambda's Python runtime includes, and
nothing from this package. AWS retries a failed call at most twice
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)


class RestartError(Exception):
    """At least one target failed to restart; the message has the ARN and the reason of each."""


def handler(event: Mapping[str, Any], _: object) -> None:
    """Restart every target, unless the value is the secret's first; report those that failed.

    Args:
        event: what the rule's target makes of EventBridge's event: `secret`, the ARN of the secret
            with a new value; `time`, when; `restart`, a list of `{"ecs_service": <ARN>}` and
            `{"lambda": <ARN>}`.

    Raises:
        RestartError: at least one target failed to restart.
    """
    if _is_first(event["secret"]):
        _LOG.info("restarted nothing: %s has its first value", event["secret"])
        return

    failures = []
    for target in event["restart"]:
        ((kind, arn),) = target.items()
        try:
            _RESTARTS[kind](arn, str(event["time"]))
        except (BotoCoreError, ClientError) as error:
            failures.append(f"{arn}: {error}")
        else:
            _LOG.info("restarted %s for the new value of %s", arn, event["secret"])

    if failures:
        raise RestartError("; ".join(failures))


def _is_first(secret: str) -> bool:
    """Return whether a secret has had no value before the one that it has now.

    "Whenever you move AWSCURRENT, Secrets Manager automatically moves the label AWSPREVIOUS to the
    version that AWSCURRENT was removed from" (API_UpdateSecretVersionStage.html). Where AWS does
    not answer, as a policy of the secret's may have it, it counts as another one: what is restarted
    once too often is better off than what keeps a password that no longer logs in.
    """
    try:
        found = boto3.client("secretsmanager").describe_secret(SecretId=secret)
    except (BotoCoreError, ClientError) as error:
        _LOG.warning("restarting without knowing whether the value is the first: %s", error)
        return False

    labels: set[str] = set()
    for of_version in found.get("VersionIdsToStages", {}).values():
        labels.update(of_version)

    return "AWSPREVIOUS" not in labels


def _redeploy(arn: str, _: str) -> None:
    cluster, service = arn.rpartition(":")[2].split("/")[1:]
    boto3.client("ecs").update_service(cluster=cluster, service=service, forceNewDeployment=True)


def _touch(arn: str, time: str) -> None:
    # "When you update a function, Lambda provisions an instance of the function"
    # (https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html), for any
    # setting. The description affects nothing else, and changing it requires no reading of the
    # other settings, which include environment variables.
    boto3.client("lambda").update_function_configuration(
        FunctionName=arn, Description=f"restarted: new value of its secret at {time}"
    )


_RESTARTS = {"ecs_service": _redeploy, "lambda": _touch}
