"""Check on a real AWS account what the sandbox cannot prove.

Deploys a throw-away secret map whose names begin with PREFIX and a random suffix, changes it step
by step, prints a table of what was expected and what was seen, and removes everything again, also
when it is interrupted. Exit codes: 0 all as expected; 1 a rule differs; 2 wrong usage, AWS cannot
be asked, or something is left that could not be removed; 128 and the signal's number: interrupted.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from verify import course, leftovers, maps, surroundings
from verify.account import REFUSALS, Account, AccountError, open_account, reason
from verify.deployment import Deployment, DeploymentError
from verify.interruption import Interrupted, Interruption
from verify.names import InvalidNameError, Names, known_run, new_run
from verify.scene import Scene
from verify.table import Row, render, summary

AS_EXPECTED, DIFFERENT, USAGE_ERROR = 0, 1, 2

_WHAT = """\
account {account}, region {region}, as {caller}
will create 8 secrets, 1 KMS key, 4 Lambda functions, 3 roles, 2 IAM policies, 2 log groups and 4
EventBridge rules, all named after `{run}`; takes 10 to 20 minutes, and up to 30 more
where CloudTrail is slow
costs less than 0.10 USD (secrets and key by the hour, and requests)
removes everything at the end, also after Ctrl-C. KMS deletes the key {days} days later, without
charge. After a kill: python -m verify --clean {run}"""
# A secret costs 0.40 USD and a key 1 USD a month, by the hour: 9 cents of a cent for ten of them in
# an hour. 10,000 requests to Secrets Manager cost 0.05 USD; a run makes fewer than 5,000. Keys that
# wait for their deletion are free. https://aws.amazon.com/secrets-manager/pricing/,
# https://aws.amazon.com/kms/pricing/; the rest is below one cent.


class UsageError(Exception):
    """The command cannot start; the message is one line with the reason."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = _options(arguments)
    try:
        if options.clean:
            return _clean(known_run(options.clean), is_sure=options.yes)

        return _verify(options)
    except (UsageError, InvalidNameError, AccountError, DeploymentError) as error:
        print(f"error: {error}", file=sys.stderr)
    except REFUSALS as error:
        print(f"error: AWS refuses: {reason(error)}", file=sys.stderr)
    except KeyboardInterrupt:  # at the question: later ones are for `Interruption`
        print(file=sys.stderr)

    return USAGE_ERROR


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m verify",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("prefix", nargs="?", help="what all names begin with")
    parser.add_argument("--yes", action="store_true", help="create without asking")
    parser.add_argument(
        "--replica-region", metavar="REGION", help="also check replicas, in this second region"
    )
    parser.add_argument(
        "--clean", metavar="RUN", help="only remove what a killed run has left, by its name"
    )
    return parser.parse_args(arguments)


def _verify(options: argparse.Namespace) -> int:
    if not options.prefix:
        msg = "PREFIX is required: `make verify-aws PREFIX=try`"
        raise UsageError(msg)

    names = new_run(options.prefix)
    _check_terminal(is_sure=options.yes)
    cli = _find_cli()
    account = open_account()
    if options.replica_region == account.region:
        msg = f"the replica's region must not be `{account.region}`, the map's own"
        raise UsageError(msg)

    _check_new(account, options.prefix)
    told = _WHAT.format(
        account=account.number,
        region=account.region,
        caller=account.caller,
        run=names.run,
        days=maps.WINDOW,
    )
    if options.replica_region:
        told += f"\nreplicates 2 more secrets and the key to {options.replica_region}"

    if not _is_wanted(told, is_sure=options.yes):
        return USAGE_ERROR

    return _run(account, names, cli, options.replica_region)


def _check_terminal(*, is_sure: bool) -> None:
    if not is_sure and not sys.stdin.isatty():
        msg = "there is no terminal to ask on; set YES=1 (`--yes`) to go on without a question"
        raise UsageError(msg)


def _find_cli() -> Path:
    found = shutil.which("pulumi")
    if found is None:
        msg = "`pulumi` is not on PATH; install it: https://www.pulumi.com/docs/install/"
        raise UsageError(msg)

    return Path(found)


def _check_new(account: Account, prefix: str) -> None:
    """Refuse a prefix that names of the account have."""
    found = leftovers.existing(account, prefix)
    if not found:
        return

    first = found[0]
    msg = (
        f"{len(found)} names with this prefix exist, such as the {first.kind.label} "
        f"`{first.name}`; choose another PREFIX, or `--clean` what an earlier run has left"
    )
    raise UsageError(msg)


def _is_wanted(told: str, *, is_sure: bool) -> bool:
    print(told, flush=True)
    if is_sure:
        return True

    try:
        return input("Continue? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _run(account: Account, names: Names, cli: Path, replica_region: str | None) -> int:
    """Verify, and remove everything whatever happens; print the rows that there are."""
    start = time.monotonic()
    report = _reporter(start)
    rows: list[Row] = []
    interruption = Interruption()
    deployment = Deployment(cli, account.region, names, interruption)
    code = 0
    left: list[str] = []
    try:
        try:
            deployment.prepare()
            report("creates what the map needs")
            made = surroundings.create(account, names)
            scene = Scene(account, names, deployment, made, replica_region)
            for row in course.run(scene, report):
                rows.append(row)
        except Interrupted as error:
            report(f"interrupted by {error}")
            code = 128 + error.signal
        finally:
            interruption.disarm()
    finally:
        left = _remove(account, names, deployment, report)
        _print_rows(rows, time.monotonic() - start)
        _print_left(left, names)

    if left:
        return USAGE_ERROR

    return code or _verdict(rows)


def _reporter(start: float) -> Callable[[str], None]:
    def report(line: str) -> None:
        print(f"[{time.monotonic() - start:4.0f} s] {line}", file=sys.stderr, flush=True)

    return report


def _remove(
    account: Account, names: Names, deployment: Deployment, report: Callable[[str], None]
) -> list[str]:
    """Remove the stack, then all that is left under the run's names."""
    report("removes everything")
    try:
        error = deployment.destroy()
        if error is not None:
            report(f"`pulumi destroy` failed: {error}")
    finally:
        left = leftovers.remove(account, names.run, report)
        deployment.remove()

    return left


def _print_rows(rows: list[Row], seconds: float) -> None:
    if rows:
        print(render(rows))
        print(f"{summary(rows)}; {seconds:.0f} s")


def _print_left(left: list[str], names: Names) -> None:
    for line in left:
        print(f"error: left: {line}", file=sys.stderr)

    if left:
        print(f"or all of it: python -m verify --clean {names.run}", file=sys.stderr)


def _verdict(rows: list[Row]) -> int:
    if any(row.seen.is_expected is False for row in rows):
        return DIFFERENT

    return AS_EXPECTED


def _clean(names: Names, *, is_sure: bool) -> int:
    """Remove what an earlier run has left."""
    _check_terminal(is_sure=is_sure)
    account = open_account()
    told = (
        f"account {account.number}, region {account.region}: removes everything whose name begins "
        f"with `{names.run}`, secrets without a recovery window"
    )
    if not _is_wanted(told, is_sure=is_sure):
        return USAGE_ERROR

    left = leftovers.remove(account, names.run, _reporter(time.monotonic()))
    _print_left(left, names)
    return USAGE_ERROR if left else AS_EXPECTED


if __name__ == "__main__":
    raise SystemExit(main())
