"""What to do when AWS cannot be queried, by AWS's code or the SDK's name for the error."""

from __future__ import annotations

from collections.abc import Mapping

from secrets_component.lookups.inventory import AccountError

_SIGN_IN = "sign in (`aws sso login`, `aws configure`) or set AWS_PROFILE"
_NETWORK = "check the region (AWS_REGION) and the network"
_CLOCK = "check the clock of this machine: AWS accepts five minutes of difference"
_KEYS = "check the access key: it is wrong, deleted, or of another partition"

_ADVICE: Mapping[str, str] = {
    "NoCredentialsError": _SIGN_IN,
    "PartialCredentialsError": _SIGN_IN,
    "CredentialRetrievalError": _SIGN_IN,
    "ProfileNotFound": "`aws configure list-profiles` shows those that exist",
    "TokenRetrievalError": _SIGN_IN,
    "SSOTokenLoadError": _SIGN_IN,
    "UnauthorizedSSOTokenError": _SIGN_IN,
    "ExpiredToken": _SIGN_IN,
    "ExpiredTokenException": _SIGN_IN,
    "NoRegionError": "set AWS_REGION",
    "InvalidRegionError": "set AWS_REGION to a region, such as `eu-central-1`",
    "ValueError": "check AWS_ENDPOINT_URL",
    "EndpointConnectionError": _NETWORK,
    "ConnectTimeoutError": _NETWORK,
    "ReadTimeoutError": _NETWORK,
    "ConnectionClosedError": _NETWORK,
    "ProxyConnectionError": _NETWORK,
    "SSLError": _NETWORK,
    "InvalidSignatureException": _CLOCK,
    "SignatureDoesNotMatch": _CLOCK,
    "RequestExpired": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
    "UnrecognizedClientException": _KEYS,
    "InvalidClientTokenId": _KEYS,
}
"""https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html, and
`botocore/exceptions.py`. A missing right needs none: AWS names it."""


def with_advice(error: AccountError) -> str:
    """Return AWS's words, and what to do where that is known, as one line."""
    advice = _ADVICE.get(error.code)
    if advice is None:
        return str(error)

    return f"{str(error).rstrip('.')}; {advice}"
