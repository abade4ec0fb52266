"""The real server as a process: it believes no stranger's headers, outlasts slow clients, and stops politely."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SERVER = """\
import sys
from digest.web import server
from digest.web.proxies import Proxies
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
import anyio

async def tell(request: Request) -> JSONResponse:
    await anyio.sleep(float(request.query_params.get("sleep", 0)))
    return JSONResponse({"client": request.client.host, "scheme": request.url.scheme})

server.HEADERS_TIMEOUT_S = 0.5
app = Starlette(routes=[Route("/", tell, methods=["GET", "POST"])])
server.serve(lambda: Proxies(app, sys.argv[2:]), host="127.0.0.1", port=int(sys.argv[1]))
"""


@contextmanager
def served(*trusted: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    command = [sys.executable, "-c", SERVER, str(port), *trusted]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    with subprocess.Popen(command, env=environment) as process:
        try:
            for _ in range(300):
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield port, process
        finally:
            process.kill()


def asked(port: int, *headers: str) -> dict[str, str]:
    told = dict(header.split(": ", 1) for header in headers)
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers=told)
    with urllib.request.urlopen(request, timeout=10) as answer:
        body: dict[str, str] = json.load(answer)
        return body


FORWARDED = ("X-Forwarded-For: 198.51.100.9, 192.0.2.7", "X-Forwarded-Proto: https")


def test_only_a_trusted_proxy_is_believed() -> None:
    """What it says of others, up to the first that it does not trust itself."""
    with served() as (port, _):
        assert asked(port, *FORWARDED) == {"client": "127.0.0.1", "scheme": "http"}
    with served("127.0.0.0/8") as (port, _):
        assert asked(port, *FORWARDED) == {"client": "192.0.2.7", "scheme": "https"}


def test_a_request_that_does_not_arrive_is_given_up() -> None:
    """Be it the first of a connection or a later one; who waits for an answer is not."""
    with served() as (port, _):
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as silent,
            socket.create_connection(("127.0.0.1", port), timeout=10) as slow,
        ):
            slow.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
            assert silent.recv(100) == b""
            assert slow.recv(100) == b""
        with socket.create_connection(("127.0.0.1", port), timeout=10) as patient:
            patient.sendall(b"GET /?sleep=1 HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = b""
            while b"}" not in answer:  # head and body may come one after the other
                answer += patient.recv(1000)
            assert answer.startswith(b"HTTP/1.1 200")
            patient.sendall(b"GET /?again HTTP/1.1\r\nHos")
            assert patient.recv(1000) == b""


def test_a_signal_lets_answers_finish() -> None:
    """SIGTERM: no new connections, the answer under way is given, then the process ends well."""
    with served() as (port, process), socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"GET /?sleep=1 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        assert process.wait(10) in {0, -signal.SIGTERM}


WORKERS = """\
import os, sys
from digest.web import server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def tell(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(os.getpid()))

def make() -> Starlette:
    return Starlette(routes=[Route("/", tell)])

if __name__ == "__main__":
    server.serve(make, host="127.0.0.1", port=int(sys.argv[1]), workers=2)
"""


def who(port: int, *, patience_s: float = 20) -> int:
    """The number of the process that answers on a new connection."""
    until = time.monotonic() + patience_s
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                return int(answer.read())
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)


def ends(pid: int) -> bool:
    """Within a few seconds."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_worker_that_dies_is_replaced_and_none_outlives_the_first_process(tmp_path: Path) -> None:
    """One of two is killed and both are there again; then the first process is killed, and they end by themselves."""
    script = tmp_path / "workers.py"
    script.write_text(WORKERS)
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    with subprocess.Popen([sys.executable, str(script), str(port)], env=environment) as process:
        try:
            killed = who(port)
            assert killed != process.pid
            os.kill(killed, signal.SIGKILL)
            left = {who(port) for _ in range(20)}
            assert killed not in left
            process.kill()
            process.wait(10)
            assert all(ends(pid) for pid in left)
        finally:
            process.kill()


def test_one_signal_stops_all_workers(tmp_path: Path) -> None:
    """And the first process ends when they have."""
    script = tmp_path / "workers.py"
    script.write_text(WORKERS)
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, str(script), str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        try:
            workers = {who(port) for _ in range(10)}
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=20)
            assert process.returncode == 0
            assert b"Traceback" not in said
            assert all(ends(pid) for pid in workers)
        finally:
            process.kill()
