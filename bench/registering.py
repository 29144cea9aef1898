"""Registers N secrets with password, version and policy under mocks; prints CPU time and peak MiB.

`python -m bench.registering map|loop N`: through SecretMap, or the very same resources, with the
same inputs, written by hand in a loop. CPU time, for a shared machine's clock says little.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from typing import Any

import pulumi
import pulumi_random as random
from pulumi.runtime import mocks
from pulumi_aws import secretsmanager

from secrets_component import SecretMap, SecretMapArgs
from secrets_component.planning.planner import plans
from secrets_component.secret_map.yaml_text import parse_yaml

READER = "arn:aws:iam::111122223333:role/reader"


class Cloud(mocks.Mocks):
    """Answers at once, and remembers which inputs each resource had."""

    def __init__(self) -> None:
        """Start without any."""
        self.inputs: set[str] = set()

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Give every resource an ARN, and every password a result."""
        if args.typ.split(":")[0] in ("aws", "random") and ":iam/" not in args.typ:
            self.inputs.add(f"{args.typ} {args.name} {sorted(args.inputs)}")
        arn = f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{args.name}-AbCdEf"
        return args.name, {**args.inputs, "arn": arn, "result": "generated", "versionId": "v"}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Return nothing."""
        return {}, []


def by_map(count: int) -> None:
    """Register through SecretMap, from the text on."""
    entry = (
        "  k{n}:\n    path: p\n    generate_random_password: true\n"
        "    policy: {{template: read-secret-policy, principals: ['" + READER + "']}}\n"
    )
    text = "context_name: x\nsecrets:\n" + "".join(entry.format(n=n) for n in range(count))
    made = SecretMap(
        "m", SecretMapArgs(secret_map=plans(parse_yaml(text, "m"), "dev")["secretsmanager"])
    )
    pulumi.export("secret_arns", made.secret_arns)
    pulumi.export("generated_passwords", made.generated_passwords)


def by_loop(count: int) -> None:
    """Register the same resources with the same arguments by hand."""
    parent = pulumi.ComponentResource("by:hand:Secrets", "m")
    opts = pulumi.ResourceOptions(parent=parent)
    statement = {
        "Sid": "ReadSecrets",
        "Effect": "Allow",
        "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
        "Resource": "*",
        "Principal": {"AWS": [READER]},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arns, passwords, names, versions = {}, {}, {}, {}
    for n in range(count):
        key = f"k{n}"
        password = random.RandomPassword(
            f"m.{key}",
            length=32,
            special=True,
            override_special="-_.",
            min_lower=1,
            min_upper=1,
            min_numeric=1,
            min_special=1,
            opts=opts,
        )
        secret = secretsmanager.Secret(
            f"m.{key}",
            name=f"x/dev/p/{key}",
            kms_key_id="alias/aws/secretsmanager",
            recovery_window_in_days=30,
            opts=opts,
        )
        version = secretsmanager.SecretVersion(
            f"m.{key}", secret_id=secret.arn, secret_string=password.result, opts=opts
        )
        secretsmanager.SecretPolicy(
            f"m.{key}", secret_arn=secret.arn, policy=policy, block_public_policy=True, opts=opts
        )
        arns[key], passwords[key] = secret.arn, password.result
        names[key], versions[key] = secret.name, version.version_id
    outputs: dict[str, pulumi.Output[dict[str, Any]]] = {
        "secret_arns": pulumi.Output.all(**arns),
        "secret_names": pulumi.Output.all(**names),
        "secret_version_ids": pulumi.Output.all(**versions),
        "generated_passwords": pulumi.Output.secret(pulumi.Output.all(**passwords)),
    }
    parent.register_outputs(outputs)
    pulumi.export("secret_arns", outputs["secret_arns"])
    pulumi.export("generated_passwords", outputs["generated_passwords"])


def main() -> None:
    """Run one way once."""
    way, count = {"map": by_map, "loop": by_loop}[sys.argv[1]], int(sys.argv[2])
    cloud = Cloud()
    mocks.set_mocks(cloud, project="bench", stack="dev")
    start = time.process_time()
    pulumi.runtime.test(lambda: way(count))()
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    made = hashlib.sha256("\n".join(sorted(cloud.inputs)).encode()).hexdigest()
    print(json.dumps({"seconds": seconds, "mebibytes": peak, "made": made}))


if __name__ == "__main__":
    main()
