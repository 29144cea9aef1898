"""Real database servers from the distribution's packages: unprivileged, on a free port, with TLS."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pg8000.native
import pymysql
import pytest

PACKAGES = {"postgres": "postgresql", "mariadbd": "mariadb-server"}
SUPERUSER, SUPERUSER_PASSWORD = "boss", "first-boss-password"
START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server and how its superuser runs a statement."""

    engine: str
    port: int
    ca: Path
    run: Callable[..., list[Any]]


def binary(name: str) -> Path:
    """Find a program, installing its package where this machine allows that; else skip."""
    if found := _find(name):
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["update"], ["install", "-y", "--no-install-recommends", PACKAGES[name]]):
            subprocess.run(
                ["apt-get", "-q", *command],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                capture_output=True,
            )
        if found := _find(name):
            return found
    pytest.skip(f"no `{name}`: install the package `{PACKAGES[name]}` to run this test")


def _find(name: str) -> Path | None:
    folders = ["/usr/sbin", "/usr/local/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *folders]))
    return Path(found).resolve() if found else None


@contextmanager
def folder() -> Iterator[Path]:
    """A folder of the user that servers run as, short enough for the path of a socket."""
    path = Path(tempfile.mkdtemp(prefix="db-", dir="/tmp"))
    try:
        path.chmod(0o755)
        _give_away(path)
        yield path
    finally:
        shutil.rmtree(path)


def _give_away(path: Path) -> None:
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def _unprivileged(command: Sequence[str | Path]) -> list[str]:
    words = [str(word) for word in command]
    if os.geteuid() != 0:
        return words
    nobody = pwd.getpwnam("nobody")
    return [
        "setpriv",
        f"--reuid={nobody.pw_uid}",
        f"--regid={nobody.pw_gid}",
        "--clear-groups",
        *words,
    ]


def certificates(home: Path) -> tuple[Path, Path, Path]:
    """Make a CA and a certificate for `localhost`; return CA, certificate and key."""
    ca, key, request, certificate = (home / n for n in ("ca.pem", "key.pem", "csr.pem", "cert.pem"))
    subject_names = home / "names"
    subject_names.write_text("subjectAltName=DNS:localhost\n")
    ca_key, new_key = home / "ca-key.pem", ["-newkey", "rsa:2048", "-noenc"]
    commands = (
        ["req", "-x509", *new_key, "-keyout", ca_key, "-out", ca, "-subj", "/CN=test CA"],
        ["req", *new_key, "-keyout", key, "-out", request, "-subj", "/CN=localhost"],
        ["x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-out", certificate,
         "-extfile", subject_names],
    )  # fmt: skip
    for command in commands:
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    for path in (ca, key, certificate):
        path.chmod(0o600 if path == key else 0o644)
        _give_away(path)
    return ca, certificate, key


@contextmanager
def postgres(home: Path) -> Iterator[Server]:
    """Run PostgreSQL: TLS only, but for `plain`, who must not use it; MD5 only for `legacy`."""
    server = binary("postgres")
    ca, certificate, key = certificates(home)
    data, port = home / "data", _free_port()
    subprocess.run(
        _unprivileged([server.parent / "initdb", "-D", data, "-U", "root", "-A", "trust", "-N"]),
        check=True,
        capture_output=True,
        cwd=home,
    )
    (data / "pg_hba.conf").write_text(
        "local all root trust\n"
        "hostnossl all plain 127.0.0.1/32 scram-sha-256\n"
        "hostssl all plain all reject\n"
        "hostssl all legacy 127.0.0.1/32 md5\n"
        "hostssl all all 127.0.0.1/32 scram-sha-256\n"
    )
    settings = {
        "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": home,
        "ssl": "on", "ssl_cert_file": certificate, "ssl_key_file": key, "fsync": "off",
        "log_statement": "all", "logging_collector": "off",
    }  # fmt: skip
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def run(statement: str, database: str = "postgres") -> list[Any]:
        with pg8000.native.Connection(
            "root", unix_sock=str(home / f".s.PGSQL.{port}"), database=database
        ) as connection:
            return connection.run(statement)

    with _running([server, "-D", data, *options], home, lambda: run("SELECT 1")):
        # What RDS's master user is: no superuser, but allowed to make roles.
        run(f"CREATE ROLE {SUPERUSER} LOGIN CREATEROLE PASSWORD '{SUPERUSER_PASSWORD}'")
        yield Server("postgres", port, ca, run)


@contextmanager
def mariadb(home: Path) -> Iterator[Server]:
    """Run MariaDB; `REQUIRE SSL` in a test's users makes TLS a must."""
    server = binary("mariadbd")
    ca, certificate, key = certificates(home)
    data, port, unix = home / "data", _free_port(), home / "s"
    subprocess.run(
        _unprivileged(
            ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
             "--auth-root-authentication-method=normal"]
        ),
        check=True,
        capture_output=True,
        cwd=home,
    )  # fmt: skip
    options = [
        "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1",
        f"--socket={unix}", f"--pid-file={home / 'pid'}", f"--ssl-ca={ca}",
        f"--ssl-cert={certificate}", f"--ssl-key={key}", "--innodb-flush-log-at-trx-commit=0",
        "--max-password-errors=1000000", "--skip-name-resolve",
    ]  # fmt: skip

    def run(statement: str, *values: str) -> list[Any]:
        connection = pymysql.connect(
            unix_socket=str(unix), user="root", autocommit=True, ssl_disabled=True
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    with _running([server, *options], home, lambda: run("SELECT 1")):
        run(f"CREATE USER {SUPERUSER}@'%' IDENTIFIED BY '{SUPERUSER_PASSWORD}' REQUIRE SSL")
        run(f"GRANT ALL ON *.* TO {SUPERUSER}@'%' WITH GRANT OPTION")
        yield Server("mariadb", port, ca, run)


@contextmanager
def _running(
    command: Sequence[str | Path], home: Path, ready: Callable[[], object]
) -> Iterator[None]:
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            _unprivileged(command), cwd=home, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_until(ready, process, home / "log")
        yield
    finally:
        process.send_signal(signal.SIGINT if "postgres" in str(command[0]) else signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until(ready: Callable[[], object], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ready()
        except (OSError, pg8000.native.InterfaceError, pg8000.native.DatabaseError, pymysql.Error):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the server does not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
