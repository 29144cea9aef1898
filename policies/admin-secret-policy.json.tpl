{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "AdministerSecrets",
      "Effect": "Allow",
      "Action": [
        "secretsmanager:CancelRotateSecret",
        "secretsmanager:DeleteSecret",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetResourcePolicy",
        "secretsmanager:GetSecretValue",
        "secretsmanager:ListSecretVersionIds",
        "secretsmanager:PutSecretValue",
        "secretsmanager:RestoreSecret",
        "secretsmanager:RotateSecret",
        "secretsmanager:TagResource",
        "secretsmanager:UntagResource",
        "secretsmanager:UpdateSecret",
        "secretsmanager:UpdateSecretVersionStage"
      ],
      "Resource": "${secret_arns}"
    },
    {
      "Sid": "UseKeyThroughSecretsManager",
      "Effect": "Allow",
      "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
      "Resource": "${kms_key_arns}",
      "Condition": {
        "StringEquals": {"kms:ViaService": "secretsmanager.${region}.${dns_suffix}"},
        "StringLike": {"kms:EncryptionContext:SecretARN": "${secret_arns}"}
      }
    }
  ]
}
