"""Your own rotation function, for the key of an API that issues and revokes keys over HTTPS.

The secret is `{"endpoint": "https://…", "id": "…", "key": "…"}`. Build the function's zip with

    python -m rotators.build api-key.zip --add examples/rotation/api_key.py

deploy it with the handler `api_key.lambda_handler`, and refer to it in the map:

    rotation_automatically: true
    rotation_lambda_arn: ${output.lambda.rotation_function_arn}
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from rotators import RotationError, Rotator, Versions, handler

_SECONDS = 10


class ApiKey(Rotator):
    """Keeps two keys valid: the one in use, and until the next rotation the one before."""

    def create(self, current: str) -> str:
        """Revoke the keys that are not in use, and issue one.

        Those are the key before the current one, and any that an interrupted run issued but could
        not store.
        """
        fields = json.loads(current)
        for known in _call(fields, "GET", "/keys")["ids"]:
            if known != fields["id"]:
                _call(fields, "DELETE", f"/keys/{known}")
        issued = _call(fields, "POST", "/keys")
        return json.dumps({**fields, "id": issued["id"], "key": issued["key"]})

    def set(self, versions: Versions) -> None:
        """Do nothing: a key is valid as soon as it is issued."""

    def test(self, versions: Versions) -> None:
        """Use the new key."""
        _call(json.loads(versions.created()), "GET", "/keys")


def _call(fields: dict[str, str], method: str, path: str) -> Any:  # noqa: ANN401 # the API's answer
    request = urllib.request.Request(  # noqa: S310 # the operator's own endpoint
        fields["endpoint"] + path,
        method=method,
        headers={"Authorization": f"Bearer {fields['key']}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 # as above
            return json.load(answer)
    except urllib.error.HTTPError as error:
        msg = f"{method} {path} is refused with status {error.code}"
    except (urllib.error.URLError, TimeoutError):
        msg = f"{fields['endpoint']} cannot be reached"
    raise RotationError(msg)


lambda_handler = handler(ApiKey())
