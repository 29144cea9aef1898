"""`python -m sandbox`: an embedded AWS API, and the Pulumi engine that deploys to it.

up      do everything from scratch: CLI, AWS API, `pulumi up`, outputs
down    stop the AWS API
clean   stop it and delete all its data
cli     find or build the Pulumi CLI, print its path
env     print `export` lines, after which `pulumi`, `secretsmap` and `aws` use the sandbox
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from sandbox import api, rounds
from sandbox.api import ApiError
from sandbox.closing import closing_lines
from sandbox.deploy import DeployError
from sandbox.environment import Sandbox
from sandbox.shell import write_commands
from sandbox.toolchain import ToolchainError, pulumi_cli

OK, FAILED, USAGE_ERROR = 0, 1, 2


def main() -> int:
    """Run one command; return 0 if it succeeds, 1 if it fails, 2 for wrong usage."""
    options = _options()
    given = dict(os.environ)
    for name in [one for one in given if one.startswith("AWS_")]:
        del os.environ[name]  # the AWS API, which this process starts, would read a profile too

    home = Path(os.environ.get("SANDBOX_HOME") or ".sandbox").resolve()
    try:
        match options.command:
            case "up":
                return _up(options, home)
            case "down":
                return _down(home)
            case "clean":
                return _clean(home)
            case "cli":
                print(pulumi_cli(_report))
            case "env":
                _print_environment(options, home, given)
    except (ToolchainError, ApiError, DeployError) as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:  # while the CLI runs, it handles the interrupt itself
        print("error: interrupted; run again to resume", file=sys.stderr)
        return FAILED

    return OK


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["up", "down", "clean", "cli", "env"])
    parser.add_argument("--stack", default="dev", help="the stack to deploy; default: dev")
    parser.add_argument("--project", type=Path, default=Path(), help="the project; default: here")
    parser.add_argument(
        "--examples", type=Path, help="the folder of projects that the map builds on"
    )
    parser.add_argument(
        "--port", type=int, default=int(os.environ.get("PORT") or 0), help="the AWS API's port"
    )
    return parser.parse_args()


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def open_sandbox(home: Path, port: int = 0) -> Sandbox:
    """Return a sandbox that is ready to deploy to.

    Raises:
        ToolchainError: the Pulumi CLI is missing and cannot be built.
        ApiError: the AWS API does not start.
    """
    cli = pulumi_cli(_report)
    sandbox = Sandbox(home, api.start(home, port, _report), cli)
    sandbox.prepare()
    return sandbox


def _up(options: argparse.Namespace, home: Path) -> int:
    project = options.project.resolve()
    if not (project / "Pulumi.yaml").is_file():
        print(f"error: {project}: no Pulumi.yaml there", file=sys.stderr)
        return USAGE_ERROR

    start = time.monotonic()
    sandbox = open_sandbox(home, options.port)
    if not rounds.deploy_all(sandbox, project, options.stack, options.examples, _report):
        return FAILED

    for line in closing_lines(sandbox, project, options.stack):
        print(line)

    _report(f"done in {time.monotonic() - start:.0f} s; the AWS API answers at {sandbox.endpoint}")
    return OK


def _down(home: Path) -> int:
    if api.stop(home):
        _report("the sandbox is stopped")
    else:
        _report("the sandbox was not running")

    return OK


def _clean(home: Path) -> int:
    api.stop(home)
    if home.is_dir():
        shutil.rmtree(home)

    _report("the sandbox was removed")
    return OK


def _print_environment(options: argparse.Namespace, home: Path, given: Mapping[str, str]) -> None:
    """Print what a shell must set and, of the user's own account and login, what it must forget."""
    sandbox = open_sandbox(home, options.port)
    made = sandbox.environment()
    made["PATH"] = os.pathsep.join([str(write_commands(sandbox)), made["PATH"]])
    made["PULUMI_STACK"] = options.stack
    for name in sorted(made):
        if made[name] != given.get(name):
            print(f"export {name}={shlex.quote(made[name])}")

    for name in sorted(given.keys() - made.keys()):
        print(f"unset {name}")


if __name__ == "__main__":
    raise SystemExit(main())
