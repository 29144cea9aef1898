"""Databases, started once per run, users in them, and their secrets."""

from __future__ import annotations

import fnmatch
import itertools
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pg8000.native
import pymysql
import pytest

from sandbox.environment import REGION, Sandbox
from tests.conftest import Aws
from tests.rotators import servers
from tests.rotators.account import Secret

FIRST = "first-password"
BOSS = {"username": servers.SUPERUSER, "password": servers.SUPERUSER_PASSWORD}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """A server as a test uses it."""

    server: servers.Server

    @property
    def engine(self) -> str:
        return self.server.engine

    def new_user(self) -> str:
        """Make a user who may read and write one table."""
        name = f"user{next(_numbers)}"
        run = self.server.run
        if self.engine == "postgres":
            # From version 16 on, only who creates a role may grant it to another.
            self.run_as(BOSS, f"CREATE ROLE {name} LOGIN PASSWORD '{FIRST}'")
            run(f"CREATE SCHEMA {name} AUTHORIZATION {name}")
        else:
            run(f"CREATE DATABASE {name}")
            run(f"CREATE USER {name}@'%' IDENTIFIED BY '{FIRST}' REQUIRE SSL")
            run(f"GRANT ALL ON {name}.* TO {name}@'%'")
        run(f"CREATE TABLE {name}.kept (n int)")
        if self.engine == "postgres":
            run(f"ALTER TABLE {name}.kept OWNER TO {name}")
        return name

    def set_password(self, user: str, password: str) -> None:
        """Change a password as an administrator does, who sends it to the server as it is."""
        if self.engine == "postgres":
            self.server.run(f"ALTER ROLE {user} PASSWORD '{password}'")
        else:
            self.server.run(f"ALTER USER {user}@'%%' IDENTIFIED BY %s", password)

    def login(self, fields: dict[str, Any]) -> Any:
        """Log in over checked TLS; None where the server refuses user and password."""
        context = ssl.create_default_context(cafile=str(self.server.ca))
        user, password, port = fields["username"], fields["password"], self.server.port
        try:
            if self.engine == "postgres":
                return pg8000.native.Connection(
                    user, host="localhost", port=port, password=password,
                    database="postgres", ssl_context=context,
                )  # fmt: skip
            return pymysql.connect(
                host="localhost", port=port, user=user, password=password.encode(), ssl=context,
                autocommit=True,
            )  # fmt: skip
        except pg8000.native.DatabaseError as error:
            assert error.args[0]["C"] == "28P01", error
        except pymysql.OperationalError as error:
            assert error.args[0] == 1045, error
        return None

    def opens(self, fields: dict[str, Any]) -> bool:
        connection = self.login(fields)
        if connection is not None:
            connection.close()
        return connection is not None

    def run_as(self, fields: dict[str, Any], statement: str) -> Any:
        connection = self.login(fields)
        assert connection is not None
        if self.engine == "postgres":
            with connection:
                return connection.run(statement)
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()


@pytest.fixture(scope="session", autouse=True)
def _prompt_sockets() -> Iterator[None]:
    """Send small packets at once: pg8000 waits 40 ms per login for TCP's delayed answer."""
    plain = socket.create_connection

    def prompt(*args: Any, **kwargs: Any) -> socket.socket:
        made = plain(*args, **kwargs)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "create_connection", prompt)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Database]:
    with servers.folder() as home, servers.postgres(home) as server:
        yield Database(server)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Database]:
    with servers.folder() as home, servers.mariadb(home) as server:
        yield Database(server)


SECOND_CASES = (
    "test_overlaps.py::*mariadb-alternating*",
    "test_overlaps.py::*postgres-single*",
    "has_all_privileges?postgres?",
    "when_given_up_by_hand?mariadb?",
    "current_password_always_opens?postgres?",
)
"""What `make long` runs on the other database, or with the other strategy."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Show each overlap and interruption on one database; `make long` shows it on both."""
    for item in items:
        if any(fnmatch.fnmatchcase(item.nodeid, f"*{case}") for case in SECOND_CASES):
            item.add_marker(pytest.mark.long)


@pytest.fixture(params=["postgres", "mariadb"])
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def account(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The account that functions called here work in; its client of Secrets Manager."""
    for name, value in sandbox.environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    return boto3.client("secretsmanager")


@pytest.fixture(scope="session")
def function(aws: Aws) -> str:
    """A function that Secrets Manager may call; tests call the code in its place."""
    role = aws("iam").create_role(RoleName="proof", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    arn = str(
        aws("lambda").create_function(
            FunctionName="proof", Role=role, Runtime="python3.13", Handler="x.y",
            Code={"ZipFile": b"PK\x05\x06" + b"\x00" * 18},
        )["FunctionArn"]
    )  # fmt: skip
    aws("lambda").add_permission(
        FunctionName=arn,
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )
    assert REGION in arn
    return arn


@pytest.fixture
def new_secret(account: Any, function: str) -> Callable[[str], Secret]:
    """Make a secret of a value, with rotation on."""

    def make(value: str) -> Secret:
        arn = account.create_secret(Name=f"proof/{next(_numbers)}", SecretString=value)["ARN"]
        account.rotate_secret(
            SecretId=arn,
            RotationLambdaARN=function,
            RotationRules={"AutomaticallyAfterDays": 30},
            RotateImmediately=False,
        )
        return Secret(account, arn)

    return make


@pytest.fixture
def new_login(
    new_secret: Callable[[str], Secret], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Secret]:
    """Make a user's secret in AWS's structure, with that of the superuser."""

    def make(database: Database, user: str, **fields: Any) -> Secret:
        monkeypatch.setenv("CA_BUNDLE", str(database.server.ca))
        where = {"engine": database.engine, "host": "localhost", "port": database.server.port}
        master = new_secret(json.dumps({**where, **BOSS}))
        login = {"username": user, "password": FIRST, "masterarn": master.arn}
        return new_secret(json.dumps({**where, **login, **fields}))

    return make
