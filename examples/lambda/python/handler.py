"""A function that calls an external API with a key from Secrets Manager."""

import os
import urllib.request

from aws_lambda_powertools.utilities import parameters

MAX_AGE_SECONDS = 300


def handler(event: object, context: object) -> dict[str, int]:
    """Read the key, from memory while it is fresh, and call the API with it."""
    api_key = parameters.get_secret(os.environ["API_KEY_SECRET_ARN"], max_age=MAX_AGE_SECONDS)
    request = urllib.request.Request(os.environ["API_URL"], headers={"x-api-key": str(api_key)})  # noqa: S310 # the URL comes from the deployment
    with urllib.request.urlopen(request) as answer:  # noqa: S310 # see above
        return {"statusCode": answer.status}
