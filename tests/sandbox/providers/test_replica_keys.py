"""Replica keys: what the provider gives them."""

from __future__ import annotations

import json

from sandbox.providers.cloud import Cloud
from sandbox.providers.kms import create_replica_key, read_replica_key
from tests.conftest import Aws

THERE = "eu-west-1"


def policy(sid: str) -> str:
    root = {"AWS": "arn:aws:iam::123456789012:root"}
    allow = {"Sid": sid, "Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow]})


def test_a_replica_has_the_description_policy_and_tags_of_the_program(
    cloud: Cloud, aws: Aws
) -> None:
    primary = aws("kms").create_key(MultiRegion=True, Description="first", Policy=policy("first"))
    inputs = {
        "primaryKeyArn": primary["KeyMetadata"]["Arn"],
        "description": "second",
        "policy": policy("second"),
        "region": THERE,
    }
    there = cloud.at(inputs)
    identity, made = create_replica_key(there, inputs)
    read = read_replica_key(there, identity, inputs)
    assert made == read
    assert read is not None
    assert (read["description"], read["policy"]) == ("second", policy("second"))
    assert read["arn"].split(":")[3] == THERE
