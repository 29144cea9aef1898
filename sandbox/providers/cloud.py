"""The AWS API that the provider calls."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.providers.checks import UNKNOWN, is_known
from sandbox.providers.official import Facts
from sandbox.providers.protocol import Properties, ProviderError
from sandbox.providers.retries import answer_of

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ACCOUNT = re.compile(r"^(\d{12})$")
_GONE = (
    "ResourceNotFoundException",
    "NotFoundException",
    "NotFound",
    "NoSuchEntity",
    "DBInstanceNotFound",
)


class Cloud:
    """The AWS API in one region, with one client per service."""

    def __init__(self, settings: Properties) -> None:
        """Connect to the endpoint of the environment or of the provider's settings.

        Raises:
            ProviderError: no endpoint is set, or one that is not on this machine.
        """
        self.endpoint = _endpoint(settings)
        if urlsplit(self.endpoint).hostname not in _LOOPBACK:
            msg = (
                "this is the sandbox's provider: it works on a loopback address only; "
                'set AWS_ENDPOINT_URL with `eval "$(make env)"`'
            )
            raise ProviderError(msg)

        self.region = settings.get("region") or os.environ.get("AWS_REGION") or "us-east-1"
        self.default_tags: dict[str, str] = _decoded(settings, "defaultTags").get("tags") or {}
        self._session = boto3.Session(region_name=self.region)
        self._clients: dict[str, Any] = {}
        self._settings = settings
        self._elsewhere: dict[str, Cloud] = {}

    def at(self, properties: Properties) -> Cloud:
        """Return the API in the region that a resource names (`region`), by default in this one."""
        region = properties.get("region") or self.region
        if region == self.region:
            return self

        if region not in self._elsewhere:
            self._elsewhere[region] = Cloud({**self._settings, "region": region})

        return self._elsewhere[region]

    def client(self, service: str) -> Any:  # noqa: ANN401 # boto3 makes its clients' classes at run time
        """Return the client of a service; it repeats nothing itself, see `retries`."""
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service,
                endpoint_url=self.endpoint,  # before any other that the user's shell may set
                config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32),
            )

        return self._clients[service]

    def call(self, service: str, operation: str, /, **arguments: Any) -> Any:  # noqa: ANN401 # AWS's answer
        """Call AWS without arguments that are None; AWS's refusal becomes a ProviderError."""
        given = without_none(arguments)
        return _answered(partial(getattr(self.client(service), operation), **given))

    def pages(self, service: str, operation: str) -> list[Any]:
        """Call AWS for all pages of an answer."""
        paginator = self.client(service).get_paginator(operation)
        pages: list[Any] = _answered(lambda: list(paginator.paginate()))
        return pages

    def find(self, service: str, operation: str, /, **arguments: Any) -> Any:  # noqa: ANN401 # AWS's answer
        """Call AWS; return None where the resource does not exist."""
        request = partial(getattr(self.client(service), operation), **arguments)
        try:
            return answer_of(request)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None

            raise ProviderError(_text(error)) from None


def _answered(request: Callable[[], Any]) -> Any:  # noqa: ANN401 # AWS's answer
    try:
        return answer_of(request)
    except ClientError as error:
        raise ProviderError(_text(error)) from None


def _text(error: ClientError) -> str:
    """Return AWS's refusal; boto3 adds how often it asked, which `retries` decides."""
    return str(error).replace(" (reached max retries: 0)", "")


def _decoded(settings: Properties, name: str) -> Any:  # noqa: ANN401 # any JSON value
    """Return a setting that is no text; the engine sends such ones as JSON."""
    return json.loads(settings.get(name) or "{}")


def _endpoint(settings: Properties) -> str:
    blocks = _decoded(settings, "endpoints") or []
    urls = chain.from_iterable(block.values() for block in blocks)
    return next(urls, None) or os.environ.get("AWS_ENDPOINT_URL", "")


def derived(cloud: Cloud, facts: Facts, inputs: Properties) -> Properties:
    """Return inputs with those that come from the provider's settings.

    pulumi-aws does so before the bridge checks a resource (provider/region.go, provider/tags.go).
    """
    filled = dict(inputs)
    if facts.regional and filled.get("region") is None:
        filled["region"] = cloud.region

    if facts.tagged:
        own = inputs.get("tags") or {}
        filled["tagsAll"] = UNKNOWN
        if is_known(own):
            filled["tagsAll"] = {**cloud.default_tags, **own}

    return filled


@contextlib.contextmanager
def failing(doing: str) -> Iterator[None]:
    """Report a failure with what was being done, in the official provider's words."""
    try:
        yield
    except ProviderError as error:
        msg = f"{doing}: {error}"
        raise ProviderError(msg) from None


def without_none(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that have a value."""
    return {key: value for key, value in arguments.items() if value is not None}


def listed(properties: Mapping[str, Any], key: str) -> list[Any]:
    """Return a property that is a list; an absent one is empty."""
    return properties.get(key) or []


def all_tags(properties: Properties) -> dict[str, str]:
    """Return a resource's tags together with the provider's default ones."""
    return properties.get("tagsAll") or properties.get("tags") or {}


def tags(properties: Properties) -> list[dict[str, str]] | None:
    """Return all tags of a resource in AWS's form; None where it has none."""
    return pairs(all_tags(properties)) or None


def shown_tags(cloud: Cloud, found: dict[str, str], state: Properties) -> Properties:
    """Return a resource's tags as outputs: `tags` without the provider's default ones.

    One that the resource has itself as well is shown (PA tags.go).
    """
    written = state.get("tags") or {}
    own = {}
    for key, value in found.items():
        if key in written or cloud.default_tags.get(key) != value:
            own[key] = value

    return {"tags": own or None, "tagsAll": found}


def update_tags(
    olds: Properties,
    news: Properties,
    remove: Callable[[list[str]], Any],
    add: Callable[[dict[str, str]], Any],
) -> None:
    """Remove the tags that are gone, then write those that are new or changed.

    Args:
        olds: the resource's properties before.
        news: those after.
        remove: removes tags by key.
        add: writes tags.
    """
    before, after = all_tags(olds), all_tags(news)
    gone = sorted(before.keys() - after.keys())
    if gone:
        remove(gone)

    changed = {key: value for key, value in after.items() if before.get(key) != value}
    if changed:
        add(changed)


def pairs(found: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in AWS's usual form."""
    return [{"Key": key, "Value": value} for key, value in found.items()]


def untagged(found: list[Mapping[str, str]] | None) -> dict[str, str]:
    """Return tags in Pulumi's form."""
    return {tag["Key"]: tag["Value"] for tag in found or ()}


def same_policy_or(written: str | None, found: str) -> str:
    """Return the policy that was written, if there was one and the one found means the same.

    `SuppressEquivalentPolicyDiffs` in terraform-provider-aws: neither the order of statements and
    of the items of a list matters, nor whether one item is in a list, nor how an account is named.
    """
    if written and _meaning(json.loads(written)) == _meaning(json.loads(found)):
        return written

    return found


def _meaning(policy: Mapping[str, Any]) -> Any:  # noqa: ANN401 # JSON values with sets
    """Return what of a policy counts, as values that can be compared."""
    statements = policy.get("Statement", [])
    if isinstance(statements, Mapping):
        statements = [statements]

    meant = [_sorted(statement) for statement in statements]
    rest = {key: value for key, value in policy.items() if key != "Statement"}
    return _sorted(rest), sorted(meant, key=repr)


def _sorted(value: Any) -> Any:  # noqa: ANN401 # any JSON value
    if isinstance(value, Mapping):
        return sorted((key, _sorted(inner)) for key, inner in value.items())

    items = value if isinstance(value, list) else [value]
    return sorted({_ACCOUNT.sub(r"arn:aws:iam::\1:root", str(item)) for item in items})


def same_or(written: str | None, found: Any) -> str:  # noqa: ANN401 # a text, or what moto parsed
    """Return the JSON text that was written if the one found means the same."""
    document = found
    if isinstance(found, str):
        document = json.loads(found)

    if written is not None and json.loads(written) == document:
        return written

    return json.dumps(document)
