"""Kubernetes manifests that give a pod secrets of a map, in the two common ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """What the pod gets under one name: a whole value, or one JSON key of it."""

    arn: str
    json_key: str | None = None


def external_secrets(
    items: Mapping[str, Item], *, name: str, service_account: str, region: str
) -> list[Manifest]:
    """Return a store and a secret of the External Secrets Operator (external-secrets.io/v1).

    The operator copies the values into a Kubernetes secret of this name, every hour.
    """
    store = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "SecretStore",
        "metadata": {"name": name},
        "spec": {
            "provider": {
                "aws": {
                    "service": "SecretsManager",
                    "region": region,
                    "auth": {"jwt": {"serviceAccountRef": {"name": service_account}}},
                }
            }
        },
    }
    secret = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"name": name, "kind": "SecretStore"},
            "target": {"name": name, "creationPolicy": "Owner"},
            "data": [
                {
                    "secretKey": key,
                    "remoteRef": {
                        "key": item.arn,
                        **({"property": item.json_key} if item.json_key else {}),
                    },
                }
                for key, item in items.items()
            ],
        },
    }
    return [store, secret]


def secrets_store_csi(items: Mapping[str, Item], *, name: str, region: str) -> list[Manifest]:
    """Return a class of the Secrets Store CSI driver with AWS's provider.

    A pod that mounts a volume of this class has each value in a file of its name.
    """
    objects = [
        {
            "objectName": item.arn,
            "jmesPath": [{"path": f'"{item.json_key}"', "objectAlias": key}],
        }
        if item.json_key
        else {"objectName": item.arn, "objectAlias": key}
        for key, item in items.items()
    ]
    provider_class = {
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": name},
        "spec": {
            "provider": "aws",
            "parameters": {
                "region": region,
                "objects": yaml.safe_dump(objects, sort_keys=False),
            },
        },
    }
    return [provider_class]


def service_account(name: str, role_arn: str) -> Manifest:
    """Return the account that the pod runs under, tied to the role that may read."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "annotations": {"eks.amazonaws.com/role-arn": role_arn}},
    }
