"""AWS's contract for rotation functions, and `Rotator`, the part of it that differs between them.

AWS calls one function four times for a rotation and repeats all four after a failure, with the same
ClientRequestToken (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html).
Every step therefore begins by looking at what an earlier attempt left behind.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from rotators.errors import RotationError
from rotators.versions import Versions

logger = logging.getLogger("rotators")
logger.setLevel(logging.INFO)  # Lambda's own default is WARNING


# Below a function's timeout, so that a missing network is reported; boto3's defaults are above it.
_TIMEOUTS = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3})


class Rotator(ABC):
    """The steps that differ between secrets: how a value is created, set and tested.

    Each method may be called again after it was interrupted, and must then reach the same end. None
    may log a value or put one into a `RotationError`.
    """

    @abstractmethod
    def create(self, current: str) -> str:
        """Create the next value from the one in use; it is stored before anything else happens.

        AWS keeps the first value that is stored for a rotation. A value created elsewhere (a key
        that another service issues) may get lost before it is stored: remove such leftovers here,
        before creating another.
        """

    @abstractmethod
    def set(self, versions: Versions) -> None:
        """Make `versions.created()` valid where it is used.

        Keep the value in use valid as well, if possible.
        """

    @abstractmethod
    def test(self, versions: Versions) -> None:
        """Use `versions.created()` as a reader would; raise if that fails.

        finishSecret tests too, before readers get the value.
        """


def handler(rotator: Rotator) -> Callable[[Mapping[str, str], object], None]:
    """Wrap a rotator into a Lambda handler.

    Example:
        `lambda_handler = handler(MyRotator())`, and `my_module.lambda_handler` as the function's
        handler.
    """

    def handle(event: Mapping[str, str], _context: object) -> None:
        arn, step = event["SecretId"], event["Step"]
        try:
            rotate(rotator, secrets_manager(), event)
        except (HTTPClientError, NoConnectionError) as error:
            msg = (
                f"Secrets Manager cannot be reached ({type(error).__name__}); a function in a VPC "
                "needs a VPC endpoint or a NAT gateway"
            )
            logger.error("%s failed: %s", step, msg)
            raise RotationError(msg) from None
        except (RotationError, ClientError) as error:
            logger.error("%s failed: %s", step, error)  # AWS's errors hold names and ARNs only
            raise

        logger.info("%s done for %s", step, arn)

    return handle


def secrets_manager() -> Any:  # noqa: ANN401 # boto3 makes its clients' classes at run time
    """Connect to Secrets Manager in the function's region."""
    return boto3.client("secretsmanager", config=_TIMEOUTS)


def rotate(rotator: Rotator, client: Any, event: Mapping[str, str]) -> None:  # noqa: ANN401 # boto3 makes its clients' classes at run time
    """Carry out one step.

    Args:
        rotator: what differs between secrets.
        client: a boto3 client of Secrets Manager.
        event: `SecretId`, `ClientRequestToken` and `Step`, as Secrets Manager sends them.

    Raises:
        RotationError: the step failed; the message says why.
    """
    versions = Versions(client, event["SecretId"], event["ClientRequestToken"])
    if event["Step"] not in _STEPS:
        msg = f"unknown step; expected one of {', '.join(_STEPS)}"
        raise RotationError(msg)

    if not versions.is_finished():
        _STEPS[event["Step"]](rotator, versions)
    elif event["Step"] == _FINISH:
        versions.end()  # an earlier attempt was interrupted before it did


def _create(rotator: Rotator, versions: Versions) -> None:
    current = versions.current()
    if versions.pending() is None:
        versions.put_pending(rotator.create(current))


def _set(rotator: Rotator, versions: Versions) -> None:
    rotator.set(versions)


def _test(rotator: Rotator, versions: Versions) -> None:
    rotator.test(versions.to_test())


def _finish(rotator: Rotator, versions: Versions) -> None:
    versions.created()  # an empty version must never become current
    rotator.test(versions)  # nor one that does not work: steps may come late or in another order
    versions.make_current()


_FINISH = "finishSecret"
_STEPS: Mapping[str, Callable[[Rotator, Versions], None]] = {
    "createSecret": _create,
    "setSecret": _set,
    "testSecret": _test,
    _FINISH: _finish,
}
