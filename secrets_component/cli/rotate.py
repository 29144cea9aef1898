"""`secretsmap rotate`: one rotation now, followed to its end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from secrets_component.cli.maps import open_account, plans_of, require_environment
from secrets_component.cli.verb import FINDINGS, OK, UsageError, Verb, add_environment
from secrets_component.errors import did_you_mean
from secrets_component.planning.plan import Plan, PlannedSecret
from secrets_component.rotate.attempt import RotationStoppedError, begin, follow

_TIMEOUT = 300


def _rotate(options: argparse.Namespace) -> int:
    plans = plans_of(options.file, options.environment)
    require_environment(options.file, plans)
    secret = _secret_of(plans, options)
    account = open_account()
    try:
        follow(account, begin(account, secret, _say), options.timeout, _say)
    except RotationStoppedError as error:
        print(f"error: {error}", file=sys.stderr)
        return FINDINGS
    except KeyboardInterrupt:
        _say("")
        _say("no longer followed; a rotation that has begun goes on (`secretsmap status` shows it)")
        raise

    return OK


def _secret_of(plans: Mapping[str, Plan], options: argparse.Namespace) -> PlannedSecret:
    """Return the entry that KEY names; `<instance>.<key>` where the file has several maps.

    Raises:
        UsageError: there is no such entry, or there are several.
    """
    entries: dict[str, PlannedSecret] = {}
    for instance, plan in plans.items():
        for key, secret in plan.secrets.items():
            entries[f"{instance}.{key}" if len(plans) > 1 else key] = secret

    if options.key not in entries:
        hint = did_you_mean(options.key, entries)
        if len(plans) > 1 and not hint:
            hint = "; the file has several maps: write `<instance>.<key>`"

        msg = f"{options.file}: no entry `{options.key}`{hint}"
        raise UsageError(msg)

    return entries[options.key]


def _say(line: str) -> None:
    print(line, flush=True)


def _add_rotate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a map's file, or `-` for standard input")
    parser.add_argument(
        "key", metavar="KEY", help="the entry; `<instance>.<key>` if the file has several maps"
    )
    add_environment(parser)
    parser.add_argument(
        "--timeout",
        type=float,
        default=_TIMEOUT,
        metavar="SECONDS",
        help=f"how long to follow the rotation at most (default: {_TIMEOUT})",
    )


ROTATE = Verb(
    description="Rotate one secret now, and follow its function's four steps. No value is read.",
    examples="""\
  secretsmap rotate stacks/prod.yaml master_password
  secretsmap rotate shop.yaml master_password --environment prod --timeout 900""",
    add_arguments=_add_rotate_arguments,
    run=_rotate,
)
