"""`pulumi-resource-aws` for the sandbox: the types that this project and its examples use.

A module per service; what the schemas say of the types' inputs is in `official.yaml`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from sandbox.providers import alarms, ecs, events, functions, iam, kms, rds, secretsmanager
from sandbox.providers.cloud import Cloud, derived
from sandbox.providers.official import facts
from sandbox.providers.protocol import Access, Properties, Provider, serve

TYPES = {
    **secretsmanager.TYPES,
    **kms.TYPES,
    **iam.TYPES,
    **functions.TYPES,
    **events.TYPES,
    **alarms.TYPES,
    **ecs.TYPES,
    **rds.TYPES,
}


def _caller(cloud: Cloud, _: Properties) -> Properties:
    found = cloud.call("sts", "get_caller_identity")
    return {
        "accountId": found["Account"],
        "arn": found["Arn"],
        "id": found["Account"],
        "userId": found["UserId"],
    }


def _region(cloud: Cloud, _: Properties) -> Properties:
    return {"id": cloud.region, "name": cloud.region, "region": cloud.region}


FUNCTIONS: dict[str, Callable[[Any, Properties], Properties]] = {
    **secretsmanager.FUNCTIONS,
    **iam.FUNCTIONS,
    **ecs.FUNCTIONS,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:index/getRegion:getRegion": _region,
}

ACCESS = Access(Cloud.at, derived)


if __name__ == "__main__":
    serve(Provider(version("pulumi-aws"), TYPES, facts(), FUNCTIONS, Cloud, ACCESS))
