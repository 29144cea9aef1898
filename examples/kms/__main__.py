"""A KMS key that secret maps refer to as `default_kms_key_id: ${output.kms.key_id}`."""

import pulumi
from pulumi_aws import kms

key = kms.Key(
    "secrets",
    description=f"secrets of {pulumi.get_stack()}",
    enable_key_rotation=True,
    deletion_window_in_days=30,
)

pulumi.export("key_id", key.key_id)
pulumi.export("key_arn", key.arn)
