"""What a signed request asks for, in each protocol of AWS."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest

from sandbox.rules.calls import UNKNOWN, Call, Signature, call_of, signature_of

ACCOUNT, REGION = "123456789012", "eu-central-1"


class Sent(Exception):  # noqa: N818 # carries a request, is no error
    """Ends a call before it is sent."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__()
        self.request = request


def environ_of(service: str, operation: str, **arguments: Any) -> dict[str, Any]:
    """The WSGI environment of what boto3 would send."""
    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
    )

    def stop(request: AWSPreparedRequest, **_: Any) -> None:
        raise Sent(request)

    client.meta.events.register("before-send", stop)
    with pytest.raises(Sent) as sent:
        getattr(client, operation)(**arguments)
    request = sent.value.request
    url, body = urlsplit(request.url), request.body or b""
    headers = {}
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        text = value.decode() if isinstance(value, bytes) else str(value)
        headers[key if key.startswith("CONTENT_") else f"HTTP_{key}"] = text
    return {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": url.path,
        "RAW_URI": request.url,
        "QUERY_STRING": url.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body.encode() if isinstance(body, str) else body),
        **headers,
    }


def parsed(environ: dict[str, Any]) -> Call:
    signature = signature_of(environ)
    assert signature is not None
    return call_of(environ, signature, ACCOUNT)


def test_signature_names_key_region_and_service() -> None:
    environ = environ_of("secretsmanager", "list_secrets")
    assert signature_of(environ) == Signature("AKIAEXAMPLE", REGION, "secretsmanager")


@pytest.mark.parametrize("header", ["", "Bearer abc", "AWS4-HMAC-SHA256 Credential=x"])
def test_request_without_a_signature_has_none(header: str) -> None:
    assert signature_of({"HTTP_AUTHORIZATION": header}) is None


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "action", "parameter", "value"),
    [
        ("secretsmanager", "describe_secret", {"SecretId": "a/b"}, "DescribeSecret", "SecretId", "a/b"),
        ("iam", "get_role", {"RoleName": "r"}, "GetRole", "RoleName", "r"),
        ("sns", "create_topic", {"Name": "t"}, "CreateTopic", "Name", "t"),
        ("lambda", "get_policy", {"FunctionName": "f", "Qualifier": "live"}, "GetPolicy", "Qualifier", "live"),
        ("lambda", "tag_resource", {"Resource": "arn:aws:lambda:x:1:function:f", "Tags": {"a": "b"}}, "TagResource", "Resource", "arn:aws:lambda:x:1:function:f"),
        ("logs", "delete_log_group", {"logGroupName": "/aws/g"}, "DeleteLogGroup", "logGroupName", "/aws/g"),
        ("cloudwatch", "list_dashboards", {"DashboardNamePrefix": "d"}, "ListDashboards", "DashboardNamePrefix", "d"),
    ],
)  # fmt: skip
def test_operation_and_parameters_are_read(
    service: str,
    operation: str,
    arguments: dict[str, Any],
    action: str,
    parameter: str,
    value: str,
) -> None:
    call = parsed(environ_of(service, operation, **arguments))
    assert call.operation == action
    assert call.text(parameter) == value
    assert call.action == f"{service}:{action}"
    assert (call.account, call.region) == (ACCOUNT, REGION)


def test_lists_of_structures_are_read() -> None:
    call = parsed(
        environ_of("iam", "create_policy", PolicyName="p", PolicyDocument="{}",
                   Tags=[{"Key": "a", "Value": "b"}])
    )  # fmt: skip
    assert call.parameters["Tags"] == [{"Key": "a", "Value": "b"}]


def test_body_can_be_read_again() -> None:
    environ = environ_of("secretsmanager", "describe_secret", SecretId="a")
    parsed(environ)
    assert json.loads(environ["wsgi.input"].read()) == {"SecretId": "a"}


def test_body_that_is_sent_in_chunks_is_read() -> None:
    environ = environ_of("secretsmanager", "describe_secret", SecretId="a")
    del environ["CONTENT_LENGTH"]
    assert parsed({**environ, "wsgi.input_terminated": True}).text("SecretId") == "a"


def test_operation_that_the_service_does_not_have_is_unknown() -> None:
    environ = environ_of("secretsmanager", "describe_secret", SecretId="a")
    environ["HTTP_X_AMZ_TARGET"] = "secretsmanager.ReadEverything"
    assert parsed(environ).operation == UNKNOWN


def test_arn_is_of_the_call_s_account_and_region() -> None:
    call = Call("iam", "GetRole", {}, ACCOUNT, REGION)
    assert call.arn("role/r", region="") == f"arn:aws:iam::{ACCOUNT}:role/r"
    assert call.arn("f", service="lambda") == f"arn:aws:lambda:{REGION}:{ACCOUNT}:f"
