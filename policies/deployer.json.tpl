{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "FindResources",
      "Effect": "Allow",
      "Action": [
        "secretsmanager:ListSecrets",
        "cloudtrail:DescribeTrails",
        "kms:ListAliases",
        "logs:DescribeLogGroups",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs"
      ],
      "Resource": "*"
    },
    {
      "Sid": "ManageSecrets",
      "Effect": "Allow",
      "Action": [
        "secretsmanager:CancelRotateSecret",
        "secretsmanager:CreateSecret",
        "secretsmanager:DeleteResourcePolicy",
        "secretsmanager:DeleteSecret",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetResourcePolicy",
        "secretsmanager:GetSecretValue",
        "secretsmanager:ListSecretVersionIds",
        "secretsmanager:PutResourcePolicy",
        "secretsmanager:PutSecretValue",
        "secretsmanager:RemoveRegionsFromReplication",
        "secretsmanager:ReplicateSecretToRegions",
        "secretsmanager:RestoreSecret",
        "secretsmanager:RotateSecret",
        "secretsmanager:TagResource",
        "secretsmanager:UntagResource",
        "secretsmanager:UpdateSecret",
        "secretsmanager:UpdateSecretVersionStage"
      ],
      "Resource": "arn:${partition}:secretsmanager:${region}:${account}:secret:${secrets}"
    },
    {
      "Sid": "UseKeysThroughSecretsManager",
      "Effect": "Allow",
      "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
      "Resource": "arn:${partition}:kms:*:${account}:key/*",
      "Condition": {
        "StringLike": {
          "kms:ViaService": "secretsmanager.*",
          "kms:EncryptionContext:SecretARN": "arn:${partition}:secretsmanager:*:${account}:secret:${secrets}"
        }
      }
    },
    {
      "Sid": "CreateKeys",
      "Effect": "Allow",
      "Action": "kms:CreateKey",
      "Resource": "*"
    },
    {
      "Sid": "ManageKeys",
      "Effect": "Allow",
      "Action": [
        "kms:DescribeKey",
        "kms:EnableKeyRotation",
        "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus",
        "kms:ListResourceTags",
        "kms:PutKeyPolicy",
        "kms:ReplicateKey",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
        "kms:UpdateKeyDescription"
      ],
      "Resource": "arn:${partition}:kms:*:${account}:key/*"
    },
    {
      "Sid": "NameKeys",
      "Effect": "Allow",
      "Action": ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"],
      "Resource": [
        "arn:${partition}:kms:${region}:${account}:alias/${alias}",
        "arn:${partition}:kms:${region}:${account}:key/*"
      ]
    },
    {
      "Sid": "CreateMultiRegionKeys",
      "Effect": "Allow",
      "Action": "iam:CreateServiceLinkedRole",
      "Resource": "arn:${partition}:iam::${account}:role/aws-service-role/mrk.kms.amazonaws.com/*",
      "Condition": {"StringEquals": {"iam:AWSServiceName": "mrk.kms.amazonaws.com"}}
    },
    {
      "Sid": "LookUpPrincipals",
      "Effect": "Allow",
      "Action": ["iam:GetRole", "iam:GetUser", "iam:ListAttachedRolePolicies"],
      "Resource": [
        "arn:${partition}:iam::${account}:role/*",
        "arn:${partition}:iam::${account}:user/*"
      ]
    },
    {
      "Sid": "ManageRoles",
      "Effect": "Allow",
      "Action": [
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:GetRolePolicy",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies",
        "iam:PutRolePolicy",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy"
      ],
      "Resource": [
        "arn:${partition}:iam::${account}:role/${functions}",
        "arn:${partition}:iam::${account}:role/${map}-on-rotate-*"
      ]
    },
    {
      "Sid": "PassRolesToFunctions",
      "Effect": "Allow",
      "Action": "iam:PassRole",
      "Resource": [
        "arn:${partition}:iam::${account}:role/${functions}",
        "arn:${partition}:iam::${account}:role/${map}-on-rotate-*"
      ],
      "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    },
    {
      "Sid": "ManagePolicies",
      "Effect": "Allow",
      "Action": [
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:ListPolicyVersions",
        "iam:SetDefaultPolicyVersion",
        "iam:TagPolicy",
        "iam:UntagPolicy"
      ],
      "Resource": "arn:${partition}:iam::${account}:policy/${map}.*"
    },
    {
      "Sid": "AttachPolicies",
      "Effect": "Allow",
      "Action": ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
      "Resource": "arn:${partition}:iam::${account}:role/*",
      "Condition": {
        "ArnLike": {"iam:PolicyARN": "arn:${partition}:iam::${account}:policy/${map}.*"}
      }
    },
    {
      "Sid": "ManageFunctions",
      "Effect": "Allow",
      "Action": [
        "lambda:AddPermission",
        "lambda:CreateFunction",
        "lambda:DeleteFunction",
        "lambda:GetFunction",
        "lambda:GetFunctionCodeSigningConfig",
        "lambda:GetPolicy",
        "lambda:InvokeFunction",
        "lambda:ListVersionsByFunction",
        "lambda:RemovePermission",
        "lambda:TagResource",
        "lambda:UntagResource",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration"
      ],
      "Resource": [
        "arn:${partition}:lambda:${region}:${account}:function:${functions}",
        "arn:${partition}:lambda:${region}:${account}:function:${map}-on-rotate-*"
      ]
    },
    {
      "Sid": "UseRotationFunctions",
      "Effect": "Allow",
      "Action": [
        "lambda:AddPermission",
        "lambda:GetPolicy",
        "lambda:InvokeFunction",
        "lambda:RemovePermission"
      ],
      "Resource": "${rotation_function_arns}"
    },
    {
      "Sid": "ManageLogs",
      "Effect": "Allow",
      "Action": [
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:ListTagsForResource",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource"
      ],
      "Resource": [
        "arn:${partition}:logs:${region}:${account}:log-group:/aws/lambda/${functions}",
        "arn:${partition}:logs:${region}:${account}:log-group:${map}-on-rotate-*"
      ]
    },
    {
      "Sid": "ManageRules",
      "Effect": "Allow",
      "Action": [
        "events:DeleteRule",
        "events:DescribeRule",
        "events:ListTagsForResource",
        "events:ListTargetsByRule",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
        "events:TagResource",
        "events:UntagResource"
      ],
      "Resource": [
        "arn:${partition}:events:${region}:${account}:rule/secretsmap-on-rotate-*",
        "arn:${partition}:events:${region}:${account}:rule/${map}-alarms-*"
      ]
    },
    {
      "Sid": "ReadTrails",
      "Effect": "Allow",
      "Action": ["cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"],
      "Resource": "arn:${partition}:cloudtrail:*:*:trail/*"
    },
    {
      "Sid": "ManageAlarms",
      "Effect": "Allow",
      "Action": [
        "cloudwatch:DeleteAlarms",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:ListTagsForResource",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource"
      ],
      "Resource": "arn:${partition}:cloudwatch:${region}:${account}:alarm:${map}-alarms-*"
    },
    {
      "Sid": "ManageAlarmTopic",
      "Effect": "Allow",
      "Action": [
        "sns:CreateTopic",
        "sns:DeleteTopic",
        "sns:GetTopicAttributes",
        "sns:ListTagsForResource",
        "sns:SetTopicAttributes",
        "sns:TagResource",
        "sns:UntagResource"
      ],
      "Resource": "arn:${partition}:sns:${region}:${account}:${map}-alarms-*"
    }
  ]
}
