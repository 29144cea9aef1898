"""What the official provider tries again, with shorter waits: the API is on this machine.

The provider's SDK repeats a request that was throttled, met an error of the server or a broken
connection (aws-sdk-go-v2, `aws/retry/standard.go`); terraform-provider-aws sets 25 attempts
(`max_retries`) and no budget for all requests together, and hashicorp/aws-sdk-go-base gives up an
endpoint that refuses connections after 9. What AWS may not know yet, the provider itself tries
again for two minutes (`propagationTimeout` in `internal/service/secretsmanager/consts.go`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
)
from botocore.exceptions import (
    ConnectionError as BrokenConnectionError,
)

from sandbox.providers.protocol import ProviderError

PROPAGATION_SECONDS = float(os.environ.get("SANDBOX_RETRY_SECONDS") or 1.5)
"""How long the provider tries again what AWS may not know yet; officially 120."""

ATTEMPTS = 25
REFUSED_ATTEMPTS = 9

_PAUSE_SECONDS = 0.25
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.01, 0.1  # officially up to 1 and 20
_STATUSES = (500, 502, 503, 504)
_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)

_Answer = TypeVar("_Answer")


def answer_of(request: Callable[[], _Answer]) -> _Answer:
    """Return AWS's answer to a request, which is repeated as the SDK of the provider does.

    Raises:
        ClientError: AWS refuses it, or still does not serve it.
        ProviderError: the connection still breaks.
    """
    wait = _FIRST_WAIT_SECONDS
    attempt = 1
    while True:
        try:
            return request()
        except ClientError as error:
            if attempt >= ATTEMPTS or not _is_passing(error):
                raise
        except (BrokenConnectionError, HTTPClientError) as error:
            if attempt >= _attempts_after(error):
                msg = f"exceeded maximum number of attempts, {attempt}: {error}"
                raise ProviderError(msg) from None

        attempt += 1
        time.sleep(wait)
        wait = min(wait * 2, _LONGEST_WAIT_SECONDS)


def _is_passing(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status in _STATUSES or error.response["Error"]["Code"] in _CODES


def _attempts_after(error: BotoCoreError) -> int:
    if isinstance(error, EndpointConnectionError):
        return REFUSED_ATTEMPTS

    return ATTEMPTS


def until_known(
    request: Callable[[], _Answer], is_passing: Callable[[ProviderError], bool]
) -> _Answer:
    """Return the answer to a request, which is repeated while AWS may not know something yet.

    Args:
        request: what to do.
        is_passing: whether a failure may be one that passes.

    Raises:
        ProviderError: the last failure, after `PROPAGATION_SECONDS`, or the first that stays.
    """
    deadline = time.monotonic() + PROPAGATION_SECONDS
    while True:
        try:
            return request()
        except ProviderError as error:
            is_over = time.monotonic() + _PAUSE_SECONDS > deadline
            if is_over or not is_passing(error):
                raise

        time.sleep(_PAUSE_SECONDS)
