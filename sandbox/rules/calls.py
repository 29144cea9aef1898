"""What an HTTP request asks of AWS, and whose access key signed it.

The signature names the key, the region and the service
(https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html). Operation and
parameters are read as AWS's own service models say, which moto has from botocore.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIEnvironment

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

UNKNOWN = "UnknownOperation"

_SIGNED = re.compile(r"AWS4-HMAC-SHA256 +Credential=([^/]+)/\d+/([^/]*)/([^/]+)/aws4_request")
_MODELS = {"monitoring": "cloudwatch"}  # services that botocore knows by another name


@dataclass(frozen=True)
class Signature:
    """The readable part of a signature: the access key, and for what it signs."""

    access_key: str
    region: str
    service: str


@dataclass(frozen=True)
class Call:
    """One operation of an AWS service with its parameters, in an account and region."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    account: str
    region: str
    protocol: str = "json"

    @property
    def action(self) -> str:
        """The action of the same name, which nearly every operation has."""
        return self.of(self.operation)

    def of(self, action: str) -> str:
        """Return an action of the call's service."""
        return f"{_MODELS.get(self.service, self.service)}:{action}"

    def text(self, parameter: str) -> str:
        """Return a parameter that is a text; empty where it is left out."""
        return str(self.parameters.get(parameter) or "")

    def arn(self, resource: str, *, service: str = "", region: str | None = None) -> str:
        """Return the ARN of a resource of the call's account, region and service."""
        where = self.region if region is None else region
        return f"arn:aws:{service or self.service}:{where}:{self.account}:{resource}"


def signature_of(environ: WSGIEnvironment) -> Signature | None:
    """Return a request's signature; None where it has none."""
    found = _SIGNED.match(environ.get("HTTP_AUTHORIZATION", ""))
    if found is None:
        return None

    return Signature(*found.groups())


def call_of(environ: WSGIEnvironment, signature: Signature, account: str) -> Call:
    """Return what a request asks for; its body can be read again afterwards.

    An operation that the service does not have is `UNKNOWN`.
    """
    request = Request({**environ, "wsgi.input": io.BytesIO(_body(environ))})
    name = _MODELS.get(signature.service, signature.service)
    try:
        operation, labels = get_service_router(name).match(request)
    except (NotFound, NotImplementedError):
        return Call(signature.service, UNKNOWN, {}, account, signature.region)

    protocol = determine_request_protocol(get_service_model(name), request.content_type)
    parameters = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": labels,
        }
    )
    return Call(
        signature.service,
        str(operation.name),
        parameters or {},
        account,
        signature.region,
        protocol,
    )


def _body(environ: WSGIEnvironment) -> bytes:
    """Return a request's body, and leave it to be read again."""
    stream, length = environ["wsgi.input"], environ.get("CONTENT_LENGTH")
    body = b""
    if length:
        body = stream.read(int(length))
    elif environ.get("wsgi.input_terminated"):  # sent in chunks
        body = stream.read()

    environ["wsgi.input"] = io.BytesIO(body)
    return body
