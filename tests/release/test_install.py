"""The wheel, installed without the checkout: the command and README's own program run there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCK = re.compile(r"^```(yaml|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
PULUMI = ("3.250.0", None)
"""The oldest version that pyproject.toml allows, and the newest that the index has."""
MOCKED = """\
import runpy
import pulumi


class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        arn = f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{args.name}-AbCdEf"
        return args.name, {**args.inputs, "arn": arn, "keyId": "k", "result": "generated"}

    def call(self, args):
        if args.token == "aws:index/getCallerIdentity:getCallerIdentity":
            return {"accountId": "123456789012", "arn": "arn:aws:iam::123456789012:user/me"}
        return {"partition": "aws", "name": "eu-central-1", "region": "eu-central-1",
                "dnsSuffix": "amazonaws.com", "id": "eu-central-1"}


pulumi.runtime.set_mocks(Mocks(), project="own", stack="prod")


@pulumi.runtime.test
def run():
    made = runpy.run_path("program.py")
    return made["secrets"].secret_arns.apply(lambda arns: print(sorted(arns)))


run()
"""


def python(version: str) -> str:
    """Return an interpreter that runs; a shim of pyenv runs the selected versions only."""
    of_pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for found in (shutil.which(f"python{version}"), *map(str, of_pyenv)):
        if found and subprocess.run([found, "-V"], capture_output=True).returncode == 0:
            return found
    pytest.skip(f"Python {version} is not on this machine")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what is packaged."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("secrets_component", "policies", "rotators"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    build = "from setuptools import build_meta as b; b.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=folder, check=True, capture_output=True)
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.mark.long
@pytest.mark.parametrize("pulumi", PULUMI)
@pytest.mark.parametrize("version", SUPPORTED)
def test_installed_wheel_runs_the_readme(
    wheel: Path, tmp_path: Path, version: str, pulumi: str | None
) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTHON"))}
    environment["AWS_REGION"] = "eu-central-1"

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(python(version), "-m", "venv", "venv")
    wanted = [str(wheel), *([f"pulumi=={pulumi}"] if pulumi else [])]
    run("venv/bin/python", "-m", "pip", "install", "--quiet", *wanted)
    for kind, body in BLOCK.findall(README):
        if kind == "yaml":
            (tmp_path / body.partition("\n")[0].removeprefix("# ")).write_text(body)
        elif "SecretMapArgs" in body:
            (tmp_path / "program.py").write_text(body)
    (tmp_path / "mocked.py").write_text(MOCKED)
    run("venv/bin/secretsmap", "validate", "shop.yaml", "orders.yaml")
    assert "4 secrets in prod" in run(
        "venv/bin/secretsmap", "plan", "shop.yaml", "--environment", "prod"
    )
    printed = run("venv/bin/python", "mocked.py")
    assert "database_url" in printed
