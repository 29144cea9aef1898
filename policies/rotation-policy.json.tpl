{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "RotateThisSecret",
      "Effect": "Allow",
      "Action": [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage"
      ],
      "Resource": "${secret_arn}"
    },
    {
      "Sid": "UseKeyThroughSecretsManager",
      "Effect": "Allow",
      "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
      "Resource": "${kms_key_arn}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "secretsmanager.${region}.${dns_suffix}",
          "kms:EncryptionContext:SecretARN": "${secret_arn}"
        }
      }
    },
    {
      "Sid": "ReadSuperuserSecret",
      "Effect": "Allow",
      "Action": "secretsmanager:GetSecretValue",
      "Resource": "${superuser_secret_arn}"
    },
    {
      "Sid": "DecryptSuperuserSecretThroughSecretsManager",
      "Effect": "Allow",
      "Action": "kms:Decrypt",
      "Resource": "${superuser_key_arns}",
      "Condition": {
        "StringEquals": {
          "kms:ViaService": "secretsmanager.${region}.${dns_suffix}",
          "kms:EncryptionContext:SecretARN": "${superuser_secret_arn}"
        }
      }
    },
    {
      "Sid": "WriteLog",
      "Effect": "Allow",
      "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
      "Resource": "${log_group_arn}:*"
    },
    {
      "Sid": "SendDeadLetters",
      "Effect": "Allow",
      "Action": "sns:Publish",
      "Resource": "${alarm_topic_arn}"
    },
    {
      "Sid": "UseNetwork",
      "Effect": "Allow",
      "Action": [
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:AssignPrivateIpAddresses",
        "ec2:UnassignPrivateIpAddresses"
      ],
      "Resource": "${network}"
    }
  ]
}
