"""The world of the demo, on loopback: the providers as they were at the demo's clock, and a mailbox for everybody."""

from __future__ import annotations

import datetime as dt
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.smtp import SMTP, Envelope, Session

from digest.demo import wire
from digest.demo.sample import PRESS_DAY, Sample
from digest.schedule import zone

MAX_RESULTS = 100


class Clock:
    """A clock that goes as fast as any other, but shows another time."""

    def __init__(self, now: dt.datetime) -> None:
        self.set(now)

    def set(self, now: dt.datetime) -> None:
        self._set_to, self._set_at_s = now, time.monotonic()

    def __call__(self) -> dt.datetime:
        return self._set_to + dt.timedelta(seconds=time.monotonic() - self._set_at_s)


def _feed_day(now: dt.datetime) -> dt.date:
    """The day that arXiv's feeds show: they are rebuilt at midnight US Eastern, and stay empty at the weekend."""
    return now.astimezone(zone("America/New_York")).date()


class _Providers(ThreadingHTTPServer):
    daemon_threads = True
    sample: Sample
    clock: Clock


class _Answers(BaseHTTPRequestHandler):
    """Answers as rss.arxiv.org, export.arxiv.org and huggingface.co would have."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = cast("_Providers", self.server)
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        papers, now = server.sample.papers, server.clock()
        if match := re.fullmatch(r"/rss/([\w.+-]+)", parts.path):
            body, kind = wire.arxiv_rss(match[1], papers, day=_feed_day(now)), "application/rss+xml"
        elif parts.path == "/api/query":
            body, kind = self._api(query), "application/atom+xml"
        elif parts.path == "/api/daily_papers":
            day = dt.date.fromisoformat(query.get("date", now.date().isoformat()))
            body, kind = wire.hf_daily(day, papers, server.sample.votes, as_of=now), "application/json"
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _api(self, query: dict[str, str]) -> bytes:
        server = cast("_Providers", self.server)
        return wire.arxiv_api(
            server.sample.papers,
            since=PRESS_DAY - dt.timedelta(days=30),
            before=PRESS_DAY,
            categories=re.findall(r"cat:([\w.-]+)", query.get("search_query", "")),
            start=int(query.get("start", 0)),
            max_results=int(query.get("max_results", MAX_RESULTS)),
        )

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class named it
        """Quiet: the demo prints its own table."""


@contextmanager
def providers(sample: Sample, clock: Clock) -> Iterator[str]:
    """Serve the providers; gives their base URL."""
    server = _Providers(("127.0.0.1", 0), _Answers)
    server.sample, server.clock = sample, clock
    thread = threading.Thread(target=server.serve_forever, name="demo-providers", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it arrived."""

    recipient: str
    data: bytes


@dataclass
class Mailbox:
    """Takes every mail. Without slots: aiosmtpd looks at all members, which fails with them before Python 3.11.3."""

    received: list[Received] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's hook
        data = envelope.content
        for recipient in envelope.rcpt_tos:
            self.received.append(Received(recipient, data if isinstance(data, bytes) else (data or "").encode()))
        return "250 2.0.0 taken"


@contextmanager
def mail_server(mailbox: Mailbox) -> Iterator[int]:
    """A real SMTP server (aiosmtpd) in a thread of its own; gives its port."""
    import asyncio

    # aiosmtpd's threaded Controller probes port 0 and fails: bind first, and give the loop a socket that is ready.
    listener = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.new_event_loop()

    def conversation() -> SMTP:
        return SMTP(mailbox, hostname="inbox.example", enable_SMTPUTF8=True, loop=loop)

    server = loop.run_until_complete(loop.create_server(conversation, sock=listener))
    thread = threading.Thread(target=loop.run_forever, name="demo-mail", daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
