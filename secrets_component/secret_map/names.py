"""The hierarchy `<context_name>/<environment>/<path>/<name>` and AWS's naming rules.

Rules: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html (Name).
"""

from __future__ import annotations

import hashlib
import re

MAX_NAME = 512
MAX_FUNCTION_NAME = 64
UNKNOWN_ENVIRONMENT = "<environment>"

_ALLOWED = re.compile(r"[0-9A-Za-z/_+=.@-]*")
_LIKE_ARN_SUFFIX = re.compile(r".*-[0-9A-Za-z]{6}", re.DOTALL)


def part_problem(part: str) -> str | None:
    """Return what is wrong with one part of the hierarchy (`a`, or nested `a/b`), or None."""
    if not part:
        return "must not be empty"

    if not _ALLOWED.fullmatch(part):
        return "may contain only letters, digits and `/_+=.@-`, the characters that AWS allows"

    if "" in part.split("/"):
        return "must not start or end with `/` or contain `//`"

    return None


def secret_name(context: str, environment: str, path: str | None, name: str) -> str:
    """Return a secret's full name in AWS."""
    return level_prefix(context, environment, path) + name


def level_prefix(context: str, environment: str, path: str | None = None) -> str:
    """Return what the names of all secrets below a level start with.

    That is `<context>/<environment>/`, or `<context>/<environment>/<path>/` for a path.
    """
    prefix = f"{context}/{environment}/"
    if path:
        prefix += f"{path}/"

    return prefix


def ends_like_arn(name: str) -> bool:
    """Return whether the name ends in a hyphen and six characters, as the ARNs of secrets do.

    AWS: "Do not end your secret name with a hyphen followed by six characters. If you do so, you
    risk confusion and unexpected results when searching for a secret by partial ARN."
    """
    return _LIKE_ARN_SUFFIX.fullmatch(name) is not None


def rotation_function(secret: str) -> str:
    """Return the name of a secret's rotation function: readable, and unique in a region.

    Functions have at most 64 characters
    (https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html).
    """
    return cut_to_fit(secret, MAX_FUNCTION_NAME, unique=secret)


def rotation_role(secret: str, region: str) -> str:
    """Return the name of the role of a secret's rotation function.

    IAM has one set of names for all regions, so that the same map in two of them needs two.
    """
    return cut_to_fit(secret, MAX_FUNCTION_NAME, unique=f"{secret}\n{region}")


def cut_to_fit(text: str, maximum: int, *, unique: str) -> str:
    """Return a name that every AWS service accepts: letters, digits, `-` and `_`.

    Args:
        text: what the name shows, as far as it fits.
        maximum: the limit in characters.
        unique: what no other name is made from; the name ends in its digest.
    """
    digest = hashlib.sha256(unique.encode()).hexdigest()[:8]
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", text)[: maximum - len(digest) - 1]
    return f"{readable}-{digest}"
