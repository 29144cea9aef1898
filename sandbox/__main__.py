"""`python -m sandbox`: the embedded AWS and the Pulumi engine on it.

up      everything from nothing: CLI, AWS API, `pulumi up`, outputs
down    stop the AWS API
clean   stop it and forget all its data
cli     find or make the Pulumi CLI, print its path
env     print `export` lines for running `pulumi` or `aws` against the sandbox yourself
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from sandbox import api, deploy
from sandbox.api import ApiError
from sandbox.deploy import DeployError
from sandbox.environment import Sandbox
from sandbox.toolchain import ToolchainError, pulumi_cli
from secrets_component.errors import MapFileError, SecretMapError
from secrets_component.planning.planner import load_plans

GOOD, FAILED, WRONG_USAGE = 0, 1, 2


def main() -> int:
    """Run one command; 0 good, 1 failed, 2 wrong usage."""
    options = _options()
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
                print(pulumi_cli(_say))
            case "env":
                _print_environment(options, home)
    except (ToolchainError, ApiError, DeployError) as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:  # while the CLI runs, the interrupt is its own
        print("error: interrupted; the next run carries on from here", file=sys.stderr)
        return FAILED
    return GOOD


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
        "--examples", type=Path, help="where the projects lie that the map cannot do without"
    )
    parser.add_argument(
        "--port", type=int, default=int(os.environ.get("PORT") or 0), help="the AWS API's port"
    )
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def open_sandbox(home: Path, port: int = 0) -> Sandbox:
    """Give a sandbox that is ready to deploy to.

    Raises:
        ToolchainError: there is no Pulumi CLI.
        ApiError: the AWS API does not start.
    """
    cli = pulumi_cli(_say)
    sandbox = Sandbox(home, api.start(home, port, _say), cli)
    sandbox.prepare()
    return sandbox


def _up(options: argparse.Namespace, home: Path) -> int:
    project = options.project.resolve()
    if not (project / "Pulumi.yaml").is_file():
        print(f"error: {project}: no Pulumi.yaml there", file=sys.stderr)
        return WRONG_USAGE
    start = time.monotonic()
    sandbox = open_sandbox(home, options.port)
    for example, stack in _needed(project, options):
        if not sandbox.is_deployed(deploy.name_of(example), stack):
            _say(f"deploying {example} ({stack}), which the map builds on")
            if deploy.up(sandbox, example.resolve(), stack, quiet=True) != 0:
                return FAILED
    if deploy.up(sandbox, project, options.stack) != 0:
        return FAILED
    _say(f"done in {time.monotonic() - start:.0f} s; the AWS API answers at {sandbox.endpoint}")
    return GOOD


def _needed(project: Path, options: argparse.Namespace) -> Iterator[tuple[Path, str]]:
    """Find the stacks that the project's map cannot wait for, among the examples."""
    secret_map = project / "stacks" / f"{options.stack}.yaml"
    if options.examples is None or not secret_map.is_file():
        return
    try:
        plans = load_plans(secret_map, options.stack)
    except (SecretMapError, MapFileError):
        return  # `pulumi up` tells what is wrong with it
    for stack in (stack for plan in plans.values() for stack in plan.stacks.values()):
        _, _, name = stack.stack.partition("/")
        example, _, its_stack = name.partition("/")
        if stack.when_missing == "fail" and (options.examples / example / "Pulumi.yaml").is_file():
            yield options.examples / example, its_stack


def _down(home: Path) -> int:
    _say("the sandbox is stopped" if api.stop(home) else "the sandbox was not running")
    return GOOD


def _clean(home: Path) -> int:
    api.stop(home)
    if home.is_dir():
        shutil.rmtree(home)
    _say("the sandbox is gone")
    return GOOD


def _print_environment(options: argparse.Namespace, home: Path) -> None:
    sandbox = open_sandbox(home, options.port)
    made = sandbox.environment()
    for name in sorted(made):
        if made[name] != os.environ.get(name):
            print(f"export {name}={shlex.quote(made[name])}")


if __name__ == "__main__":
    raise SystemExit(main())
