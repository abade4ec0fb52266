"""A small loopback web server that does what real ones do at their worst: one *script* of replies per path.

    with HttpServer() as server:
        server.serve("/rss/cs.LG", Reply(body=feed, etag='"1"'))       # for ever
        server.serve("/api", Reply(status=503, headers={"Retry-After": "5"}), Reply(body=page))   # then this
        server.url + "/rss/cs.LG"; server.requests

An ETag answers a matching If-None-Match with 304 by itself. A path may also be a function of the request, and so may
everything that has no script of its own (``otherwise``).
"""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it came in; header names in lower case."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""
    target: str = ""
    """Path and query as they stood in the request line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer, or one way of not giving one."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/octet-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    truncate_to: int | None = None
    """Promise the whole body, send so many bytes, hang up."""
    hang: bool = False
    """Take the request and say nothing until the server is closed."""
    drip: bool = False
    """Send one byte every 20 ms for ever."""
    endless: bool = False
    """Send as fast as the other side takes it, for ever."""
    gzip_bomb_mb: int = 0
    """So many megabytes of zeros, gzipped."""
    drop: bool = False
    """Hang up without a word."""


Script = Callable[[Seen], Reply]


class HttpServer:
    """Threads on a free loopback port; everything it started ends with the ``with`` block.

    ``host``: another loopback address is another provider to a client that keeps a pace for each.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.requests: list[Seen] = []
        self.most_at_once = 0
        self._scripts: dict[str, list[Reply] | Script] = {}
        self._otherwise: Script = lambda seen: Reply(status=404, body=b"no such page")
        self._now_open = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Threads(self, host)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def serve(self, path: str, *replies: Reply) -> None:
        """Answer a path with these replies in turn, the last one for ever after."""
        self._scripts[path] = list(replies)

    def answer(self, path: str, script: Script) -> None:
        """Answer a path with what ``script`` makes of the request."""
        self._scripts[path] = script

    def otherwise(self, script: Script) -> None:
        """Answer every path that has no script of its own."""
        self._otherwise = script

    def asked(self, path: str) -> list[Seen]:
        return [request for request in self.requests if request.path == path]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reply_to(self, seen: Seen) -> Reply:
        """What the script says to one request."""
        with self._lock:
            self.requests.append(seen)
            script = self._scripts.get(seen.path, self._otherwise)
            if not callable(script):
                return script.pop(0) if len(script) > 1 else script[0]
        return script(seen)

    def count(self, change: int) -> None:
        """Keep the tally of requests that are being answered."""
        with self._lock:
            self._now_open += change
            self.most_at_once = max(self.most_at_once, self._now_open)

    def closing(self, wait_s: float) -> bool:
        """Wait, at most until the server is closed; says whether it is."""
        return self._closing.wait(wait_s)


@cache
def _bomb(megabytes: int) -> bytes:
    return gzip.compress(bytes(megabytes * _MEGABYTE), 1)


class _Threads(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, owner: HttpServer, host: str) -> None:
        self.owner = owner
        super().__init__((host, 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(b"")

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def _answer(self, body: bytes) -> None:
        assert isinstance(self.server, _Threads)
        owner = self.server.owner
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        owner.count(+1)
        try:
            seen = Seen(path=parts.path, query=query, headers=headers, method=self.command, body=body, target=self.path)
            self._send(owner, owner.reply_to(seen), headers)
        except OSError:
            self.close_connection = True  # the client has had enough: that is what is tested
        finally:
            owner.count(-1)

    def _send(self, owner: HttpServer, reply: Reply, asked: Mapping[str, str]) -> None:
        if reply.drop or reply.hang:
            if reply.hang:
                owner.closing(30)
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif reply.etag is not None and asked.get("if-none-match") == reply.etag:
            self._head(reply, status=304)
            self.end_headers()
        elif reply.drip or reply.endless:
            self._head(reply)
            self.send_header("Connection", "close")
            self.end_headers()
            piece, pause_s = (b".", 0.02) if reply.drip else (bytes(65_536), 0.0)
            while not owner.closing(pause_s):
                self.wfile.write(piece)
        else:
            self._head(reply)
            body = reply.body
            if reply.gzip_bomb_mb:
                body = _bomb(reply.gzip_bomb_mb)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: reply.truncate_to])
            self.close_connection = self.close_connection or reply.truncate_to is not None

    def _head(self, reply: Reply, *, status: int | None = None) -> None:
        answer = self.send_response_only if "Date" in reply.headers else self.send_response
        answer(status or reply.status)
        self.send_header("Content-Type", reply.content_type)
        if reply.etag is not None:
            self.send_header("ETag", reply.etag)
        for name, value in reply.headers.items():
            self.send_header(name, value)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""
