#!/bin/sh
# Prints one JSON key of a secret: read-secret.sh SECRET_ID [JSON_KEY]
# Needs the AWS CLI, jq, and a role that may read the secret.
set -eu
SECRET=$(aws secretsmanager get-secret-value --secret-id "$1" --query SecretString --output text)
printf '%s\n' "$SECRET" | jq --raw-output --exit-status --arg key "${2:-password}" '.[$key]'
