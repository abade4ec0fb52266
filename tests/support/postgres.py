"""A PostgreSQL server for tests: the one in $DIGEST_TEST_POSTGRES, or a throw-away one of programs installed here."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


def _programs() -> tuple[str, str] | None:
    places = os.pathsep.join(
        [os.environ.get("PATH", ""), *(str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin")))]
    )
    initdb, postgres = shutil.which("initdb", path=places), shutil.which("postgres", path=places)
    return (initdb, postgres) if initdb and postgres else None


def _user() -> str | None:
    """PostgreSQL refuses to run as root: whom to run it as, None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None


@contextmanager
def postgres_server() -> Iterator[str | None]:
    """The URL of a server (without a database name), or None when there is none to be had."""
    if given := os.environ.get("DIGEST_TEST_POSTGRES"):
        yield given.rstrip("/")
        return
    programs = _programs()
    if programs is None:
        yield None
        return
    initdb, postgres = programs
    user = _user()
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        if user is not None:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        made = subprocess.run(
            [initdb, "-D", data, "-U", "test", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"],
            user=user, cwd=folder, capture_output=True, check=False,
        )  # fmt: skip
        if made.returncode:
            yield None
            return
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            port = reserved.getsockname()[1]
        server = subprocess.Popen(
            [postgres, "-D", data, "-p", str(port), "-k", folder, "-h", "127.0.0.1", "-F"],
            user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield f"postgresql://test@127.0.0.1:{port}" if _up(port, server) else None
        finally:
            server.terminate()
            server.wait(30)


def _up(port: int, server: subprocess.Popen[bytes]) -> bool:
    for _ in range(100):
        try:
            psycopg.connect(f"postgresql://test@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            if server.poll() is not None:
                return False
            time.sleep(0.1)
        else:
            return True
    return False


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """The URL of a new, empty database, dropped afterwards."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{server}/{name}"
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
