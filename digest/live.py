"""One page on a loopback address that is drawn again whenever a file changes, and reloads itself in the browser.

    files ──fingerprint, 20 × a second──▶ draw() ──▶ Drawn ──server-sent events──▶ browser

A drawing that fails leaves the last good one in place, with the error above it. Files are looked at rather than
subscribed to: a few dozen of them cost half a millisecond, on every kind of file system.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from digest.daemon.watch import fingerprint
from digest.errors import DigestError

LOOK_EVERY_S: Final = 0.05
HEARTBEAT_S: Final = 15.0
"""A comment on a silent stream: how a browser that has gone is noticed."""
HOST: Final = "127.0.0.1"
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""For what is drawn: it shows that a mail needs nothing from elsewhere."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One drawing: its HTML, and its twin in plain text."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class State:
    """What is served: the last good drawing, and what is wrong since then. ``version`` counts the changes."""

    version: int
    drawn: Drawn | None
    error: str


class LivePage:
    def __init__(
        self,
        draw: Callable[[], Drawn],
        *,
        watched: Callable[[], Sequence[Path]],
        page: Callable[[State], str],
        port: int = 0,
    ) -> None:
        """
        Args:
            draw: called again after every change; a DigestError or an OSError of it is shown on the page.
            watched: the files and folders that matter, asked anew each time.
            page: the HTML around the drawing as it stands; it shows ``/mail``, and follows ``/events``.
            port: 0 takes a free one.

        Raises:
            OSError: the port is taken.
        """
        self._draw, self._watched, self.page = draw, watched, page
        self._changed = threading.Condition()
        self._closing = False
        self.state = State(0, None, "")
        self._server = _Server(self, port)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.server_port}/"

    def run(self, stop: threading.Event) -> None:
        """Serve until ``stop`` is set; look at the files in this thread."""
        serving = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        serving.start()
        try:
            seen = None
            while not stop.wait(LOOK_EVERY_S):
                if (now := fingerprint(self._watched())) != seen:
                    seen = now  # before drawing: what changes meanwhile is drawn again
                    self._redraw()
        finally:
            with self._changed:
                self._closing = True
                self._changed.notify_all()
            self._server.shutdown()
            self._server.server_close()
            serving.join()

    def _redraw(self) -> None:
        drawn, error = self.state.drawn, ""
        try:
            drawn = self._draw()
        except (DigestError, OSError) as problem:
            error = str(problem)
        with self._changed:
            self.state = State(self.state.version + 1, drawn, error)
            self._changed.notify_all()

    def after(self, version: int) -> State | None:
        """The state once it is newer than ``version``; the old one when nothing happens; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self.state.version > version, HEARTBEAT_S)
            return None if self._closing else self.state


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, live: LivePage, port: int) -> None:
        self.live = live
        super().__init__((HOST, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server_version = "digest"
    sys_version = ""

    @property
    def _live(self) -> LivePage:
        assert isinstance(self.server, _Server)
        return self.server.live

    def do_GET(self) -> None:
        # A page elsewhere may point its own name here (DNS rebinding): only this machine's names are answered.
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in {HOST, "localhost"}:
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        drawn = self._live.state.drawn or Drawn("", "")
        match urlsplit(self.path).path:
            case "/":
                self._answer("text/html", self._live.page(self._live.state))
            case "/mail":
                self._answer("text/html", drawn.html, policy=_POLICY)
            case "/text":
                self._answer("text/plain", drawn.text, policy=_POLICY)
            case "/events":
                self._follow()
            case _:
                self.send_error(HTTPStatus.NOT_FOUND)

    def _answer(self, kind: str, body: str, *, policy: str | None = None) -> None:
        data = body.encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        if policy is not None:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(data)

    def _follow(self) -> None:
        """The state now and after every change (WHATWG HTML, 9.2)."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        told = 0
        try:
            while (state := self._live.after(told)) is not None:
                if state.version > told:
                    told = state.version
                    said = json.dumps({"version": told, "error": state.error})
                    self.wfile.write(f"data: {said}\n\n".encode())
                else:
                    self.wfile.write(b":\n\n")
        except OSError:
            return  # the browser has gone

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class calls it so
        pass
