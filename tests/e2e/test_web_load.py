"""The pages while a morning's mails go out, and while others do their worst: they answer, and nothing is locked."""

from __future__ import annotations

import socket
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.test_web_walk import site
from tests.support.world import World

pytestmark = pytest.mark.slow
READERS = 300
PLACES = ("/", "/?period=month", "/search?q=sparse+attention", "/paper/1", "/subscribe", "/api/daily_papers")


def base_of(world: World) -> str:
    settings = world.top["site"]
    assert isinstance(settings, dict)
    return str(settings["public_url"])


def asked(base: str, place: str) -> float:
    """Seconds until the whole answer was there; anything but 200 raises."""
    began = time.perf_counter()
    with urllib.request.urlopen(base + place, timeout=30) as answer:
        answer.read()
    return time.perf_counter() - began


def test_pages_beside_a_pass(tmp_path: Path) -> None:
    """300 mails are sent by another process; every page is answered meanwhile, soon, and all mails arrive once."""
    with site(tmp_path) as world:
        for number in range(READERS):
            world.reader(f"reader{number}")
        base, over, took_s = base_of(world), threading.Event(), list[float]()

        def visit() -> None:
            while not over.is_set():
                took_s.extend(asked(base, place) for place in PLACES)

        visitors = [threading.Thread(target=visit) for _ in range(4)]
        for visitor in visitors:
            visitor.start()
        ran = world.digest("run")
        over.set()
        for visitor in visitors:
            visitor.join()
        assert ran.code == 0, ran
        assert "locked" not in ran.err
        assert sorted(taken.recipient for taken in world.smtp.ledger()) == sorted(
            f"reader{number}@uni.example" for number in range(READERS)
        )
        took_s.sort()
        assert len(took_s) > 50
        assert took_s[len(took_s) * 99 // 100] < 5, "seconds, on a machine that does much else"


def test_pages_beside_who_does_their_worst(tmp_path: Path) -> None:
    """190 connections that never finish a head and 10 that never finish a body; 50 MB, declared and not: 413 or a
    closed door, and meanwhile pages come as ever."""
    with site(tmp_path) as world:
        base = base_of(world)
        where = urlsplit(base)
        assert where.hostname is not None
        assert where.port is not None
        address = (where.hostname, where.port)
        form = b"POST /subscribe HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        slow = [socket.create_connection(address, timeout=10) for _ in range(200)]
        try:
            for number, connection in enumerate(slow):
                connection.sendall(
                    b"GET / HTTP/1.1\r\nX-A: " if number % 20 else form + b"Content-Length: 100\r\n\r\nemail="
                )
            for large in (b"Content-Length: 52428800\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"):
                with socket.create_connection(address, timeout=10) as client:
                    client.sendall(form + large)
                    assert b" 413 " in flooded(client, chunked=b"chunked" in large)
            assert max(asked(base, place) for place in PLACES) < 5
        finally:
            for connection in slow:
                connection.close()


def flooded(client: socket.socket, *, chunked: bool) -> bytes:
    """The head of the answer to 50 MB; most of it is never taken."""
    piece = b"x" * 65536
    try:
        for _ in range(800):
            client.sendall(b"10000\r\n" + piece + b"\r\n" if chunked else piece)
    except OSError:
        pass  # the door was closed
    try:
        return client.recv(1000)
    except OSError:
        return b" 413 (closed)"
