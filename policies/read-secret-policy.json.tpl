{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ReadSecrets",
      "Effect": "Allow",
      "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
      "Resource": "${secret_arns}"
    },
    {
      "Sid": "DecryptThroughSecretsManager",
      "Effect": "Allow",
      "Action": "kms:Decrypt",
      "Resource": "${kms_key_arns}",
      "Condition": {
        "StringEquals": {"kms:ViaService": "secretsmanager.${region}.${dns_suffix}"},
        "StringLike": {"kms:EncryptionContext:SecretARN": "${secret_arns}"}
      }
    }
  ]
}
