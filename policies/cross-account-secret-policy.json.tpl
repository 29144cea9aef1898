{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ReadFromOtherAccounts",
      "Effect": "Allow",
      "Principal": {"AWS": "${principals}"},
      "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
      "Resource": "${secret_arns}",
      "Condition": {
        "ArnEquals": {"aws:PrincipalArn": "${principal_arns}"},
        "StringEquals": {"aws:PrincipalOrgID": "${organization_id}"}
      }
    }
  ]
}
