"""Manifests that give pods secrets of the map, and the role that they read with.

`pulumi up` writes `manifests/external-secrets.yaml` and `manifests/secrets-store-csi.yaml`: apply
the one whose operator your cluster runs. They contain ARNs, no values.
"""

import json
from pathlib import Path
from typing import Any

import pulumi
import yaml
from manifests import Item, external_secrets, secrets_store_csi, service_account
from pulumi_aws import get_region, iam

from secrets_component import SecretMapReference, read_policy

FOLDER = Path("manifests")

config = pulumi.Config()
stack = pulumi.get_stack()
secrets = SecretMapReference(config.get("secrets") or f"organization/secrets/{stack}")
account = config.get("service_account") or "app"
namespace = config.get("namespace") or "default"
provider = config.require("oidc_provider_arn")
issuer = provider.partition("oidc-provider/")[2]

role = iam.Role(
    "pod",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Federated": provider},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {
                        "StringEquals": {
                            f"{issuer}:aud": "sts.amazonaws.com",
                            f"{issuer}:sub": f"system:serviceaccount:{namespace}:{account}",
                        }
                    },
                }
            ],
        }
    ),
)
iam.RolePolicy("read", role=role.name, policy=read_policy(secrets, ["api_key", "connection_info"]))


def write(known: dict[str, Any]) -> dict[str, str]:
    """Write the manifests, except in a preview; return them by file name."""
    items = {
        "api-key": Item(known["api_key"]),
        "db-password": Item(known["connection_info"], "password"),
    }
    common = {"name": account, "region": get_region().region}
    files = {
        "external-secrets.yaml": external_secrets(items, service_account=account, **common),
        "secrets-store-csi.yaml": secrets_store_csi(items, **common),
    }
    texts = {
        name: yaml.safe_dump_all([service_account(account, known["role"]), *made], sort_keys=False)
        for name, made in files.items()
    }
    if not pulumi.runtime.is_dry_run():
        FOLDER.mkdir(exist_ok=True)
        for name, text in texts.items():
            (FOLDER / name).write_text(text, "utf-8")
    return texts


manifests = pulumi.Output.all(
    api_key=secrets.secret_arn("api_key"),
    connection_info=secrets.secret_arn("connection_info"),
    role=role.arn,
).apply(write)

pulumi.export("role_arn", role.arn)
pulumi.export("manifests", manifests)
