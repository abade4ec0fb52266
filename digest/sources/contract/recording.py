"""What a provider answers, kept as it passes: a transport between the polite client and the network.

    PoliteClient ──Recorder──▶ provider        raw answers ──▶ Tape ──digest.sources.contract.tapes──▶ a folder

Keys, passwords and addresses of people are taken out of URLs, of headers (all but a few are left out), and of the
bodies in which a provider repeats them.
"""

from __future__ import annotations

import datetime as dt
import re
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import httpx2

from digest.errors import SourceError
from digest.model import Batch
from digest.sources.base import FetchRequest, Page, Source
from digest.sources.http import PoliteClient
from digest.sources.pace import Provider

HIDDEN = "REDACTED"
MOST_BYTES = 50_000_000
"""Of one answer, on the wire and unpacked."""

SECRET = re.compile(
    r"(?:.*[_-])?(?:key|apikey|secret|password|passwd|pwd|auth|authorization|signature|sig|credential|email|e-mail|mailto"
    r"|user|username|contact|session|sid)|(?:access|auth|api|id|refresh)[_-]?token|token|api[_-]?key",
    re.IGNORECASE,
)
"""Names of query parameters that hold what is nobody else's business. ``resumptionToken`` is paging, and stays."""
KEPT_HEADERS = frozenset(
    ("content-type", "content-encoding", "etag", "last-modified", "location", "retry-after", "link")
)
KEPT_BEGINNINGS = ("x-rate-limit-", "x-ratelimit-", "ratelimit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One answer. ``body`` is as it came over the wire; ``url`` and ``headers`` are without secrets."""

    url: str
    status: int
    body: bytes
    at: dt.datetime
    headers: tuple[tuple[str, str], ...] = ()
    whole: bool = True
    """False if the answer broke off, or was too long to keep."""

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known == name), "")

    @property
    def content(self) -> bytes:
        """The body unpacked; at most ``MOST_BYTES`` of it."""
        if self.header("content-encoding") not in ("gzip", "deflate"):
            return self.body
        try:
            return zlib.decompressobj(47).decompress(self.body, MOST_BYTES)
        except zlib.error:
            return self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """Answers in the order in which they came, and what the source had been asked for."""

    answers: tuple[Recorded, ...]
    request: FetchRequest
    source: str = ""
    pages: int | None = None
    """After how many pages the recording was stopped; None if it goes to the end."""


class Recorder(httpx2.AsyncBaseTransport):
    """A transport that keeps what comes through it; asks for answers that are not packed, for people to read."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, clock: Callable[[], dt.datetime]) -> None:
        self._inner = inner
        self._clock = clock
        self.answers: list[Recorded] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        for name in ("If-None-Match", "If-Modified-Since"):  # "nothing new" is no recording
            request.headers.pop(name, None)
        response = await self._inner.handle_async_request(request)
        url, secrets = without_secrets(str(request.url))
        answer = Recorded(
            url=url, status=response.status_code, body=b"", at=self._clock(), headers=_kept(response.headers)
        )
        moved = response.is_redirect
        place = len(self.answers)
        self.answers.append(answer)

        def keep(body: bytes, *, whole: bool) -> None:
            for secret in secrets:
                body = body.replace(secret.encode(), HIDDEN.encode())
            self.answers[place] = replace(answer, body=body, whole=whole or moved)

        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Tee(response.stream, keep)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class OneAddress:
    """A source that asks for one address, to record what is there, and makes nothing of it."""

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def name(self) -> str:
        return urlsplit(self._url).hostname or "address"

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        provider = Provider.at(self._url, source=self.name, label=self.name, pace_s=1.0)
        await client.get(self._url, provider, conditional=False, hand_back=frozenset(range(400, 429)))
        yield Page(batch=Batch(entries=()))


async def take(
    source: Source, request: FetchRequest, client: PoliteClient, *, pages: int
) -> tuple[SourceError | None, bool]:
    """Let a source fetch through a client whose transport is a Recorder; what it answers is kept there.

    Returns:
        What the source could not make of the answers, which are kept all the same; and whether there was more to ask.
    """
    came = 0
    try:
        async with client:
            async for _ in source.fetch(client, request):
                if (came := came + 1) >= pages:
                    return None, True
    except SourceError as error:
        return error, False
    return None, False


class _Tee(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, keep: Callable[..., None]) -> None:
        self._stream = stream
        self._keep = keep
        self._body = bytearray()
        self._whole = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            if len(self._body) <= MOST_BYTES:
                self._body += piece
            yield piece
        self._whole = len(self._body) <= MOST_BYTES

    async def aclose(self) -> None:
        self._keep(bytes(self._body[:MOST_BYTES]), whole=self._whole)
        await self._stream.aclose()


def without_secrets(url: str) -> tuple[str, list[str]]:
    """The address with the values of ``SECRET`` parameters and any user name hidden, and those values."""
    parts = urlsplit(url)
    secrets = [value for value in (parts.username, parts.password) if value]
    query = []
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        hide = bool(SECRET.fullmatch(name)) and value
        query.append((name, HIDDEN if hide else value))
        secrets += [value] if hide else []
    host = parts.netloc.rpartition("@")[2]
    clean = urlunsplit((parts.scheme, host, parts.path, urlencode(query, quote_via=quote), ""))
    return clean, [secret for secret in secrets if len(secret) >= 6]


def address_key(url: str) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """What makes two addresses the same to a replay: host, path, parameters in any order, secrets hidden."""
    parts = urlsplit(without_secrets(url)[0])
    return parts.netloc.lower(), parts.path or "/", tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))


def _kept(headers: httpx2.Headers) -> tuple[tuple[str, str], ...]:
    kept = []
    for name, value in headers.items():
        if name in KEPT_HEADERS or name.startswith(KEPT_BEGINNINGS):
            kept.append((name, without_secrets(value)[0] if name == "location" else value))
    return tuple(kept)
