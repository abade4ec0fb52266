"""One run of one source, as the pipeline does it, against whatever server stands in for its provider."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import httpx2

from digest.errors import SourceError
from digest.sources.base import FetchRequest, Page, Source
from digest.sources.contract.memory import START, MemoryLedger, SleepyClock
from digest.sources.http import PoliteClient


class Detour(httpx2.AsyncBaseTransport):
    """Carries every request to one loopback server, whatever host it names; the name stays in the Host header."""

    def __init__(self, url: str) -> None:
        self._to = httpx2.URL(url)
        self._transport = httpx2.AsyncHTTPTransport(verify=False)  # loopback speaks plain HTTP: no certificates to load

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url.copy_with(scheme="http", host=self._to.host, port=self._to.port)
        detoured = httpx2.Request(
            request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
        )
        return await self._transport.handle_async_request(detoured)

    async def aclose(self) -> None:
        await self._transport.aclose()


@dataclass
class Run:
    """Fetches as the pipeline does: every page's validators and cursor are kept before the next page is asked for.

    Time passes only by sleeping, so that pace and Retry-After cost none. ``via`` is the loopback server's address that
    all requests are led to; without it they go where they say.
    """

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    clock: SleepyClock = field(default_factory=SleepyClock)
    cursor: Mapping[str, object] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    error: SourceError | None = None
    via: str | None = None
    timeout_s: float = 10.0
    total_s: float | None = None
    max_bytes: int = 2_000_000

    def fetch(
        self, source: Source, *categories: str, look_back: dt.timedelta | None = None, crash_after: int | None = None
    ) -> Run:
        """One run, with a fresh list of pages and error; ``crash_after`` so many pages the program dies."""
        return self.ask(source, FetchRequest(now=START, look_back=look_back, categories=categories), crash_after)

    def ask(self, source: Source, request: FetchRequest, crash_after: int | None = None) -> Run:
        """The same for any request; its cursor is that of the run."""
        self.pages, self.error = [], None
        try:
            asyncio.run(self._read(source, replace(request, cursor=self.cursor), crash_after))
        except SourceError as error:
            self.error = error
        return self

    async def _read(self, source: Source, request: FetchRequest, crash_after: int | None) -> None:
        client = PoliteClient(
            self.ledger,
            timeout_s=self.timeout_s,
            total_s=self.total_s,
            max_bytes=self.max_bytes,
            backoff_s=0.001,
            clock=self.clock,
            sleep=self.clock.sleep,
            transport=Detour(self.via) if self.via else None,
        )
        async with client:
            async for page in source.fetch(client, request):
                self.pages.append(page)
                self.ledger.remember(page.validators)
                self.cursor = page.cursor if page.cursor is not None else self.cursor
                if len(self.pages) == crash_after:
                    return

    @property
    def titles(self) -> list[str]:
        return [entry.title for page in self.pages for entry in page.batch.entries]

    @property
    def ids(self) -> list[str]:
        return [entry.identifiers[0].value for page in self.pages for entry in page.batch.entries]

    @property
    def keys(self) -> list[str]:
        return [entry.key for page in self.pages for entry in page.batch.entries]

    @property
    def announced(self) -> int:
        return sum(page.batch.announced or 0 for page in self.pages)

    @property
    def read(self) -> int:
        return sum(page.batch.read for page in self.pages)

    @property
    def rejected(self) -> int:
        return sum(len(page.batch.rejected) for page in self.pages)
