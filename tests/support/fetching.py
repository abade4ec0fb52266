"""One run of one source, as the pipeline does it, against whatever server a test has set up."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from digest.errors import SourceError
from digest.sources.base import FetchRequest, Page, Source
from digest.sources.http import PoliteClient
from tests.support.ledger import START, MemoryLedger, SleepyClock


@dataclass
class Run:
    """Fetches as the pipeline does: every page's validators and cursor are kept before the next page is asked for."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    clock: SleepyClock = field(default_factory=SleepyClock)
    cursor: Mapping[str, object] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    error: SourceError | None = None

    def fetch(
        self, source: Source, *categories: str, look_back: dt.timedelta | None = None, crash_after: int | None = None
    ) -> Run:
        """One run, with a fresh list of pages and error; ``crash_after`` so many pages the program dies."""
        self.pages, self.error = [], None
        request = FetchRequest(now=START, look_back=look_back, cursor=self.cursor, categories=categories)

        async def read() -> None:
            client = PoliteClient(
                self.ledger,
                timeout_s=0.3,
                max_bytes=2_000_000,
                backoff_s=0.001,
                clock=self.clock,
                sleep=self.clock.sleep,
            )
            async with client:
                async for page in source.fetch(client, request):
                    self.pages.append(page)
                    self.ledger.remember(page.validators)
                    self.cursor = page.cursor if page.cursor is not None else self.cursor
                    if len(self.pages) == crash_after:
                        return

        try:
            asyncio.run(read())
        except SourceError as error:
            self.error = error
        return self

    @property
    def titles(self) -> list[str]:
        return [entry.title for page in self.pages for entry in page.batch.entries]

    @property
    def ids(self) -> list[str]:
        return [entry.identifiers[0].value for page in self.pages for entry in page.batch.entries]

    @property
    def announced(self) -> int:
        return sum(page.batch.announced or 0 for page in self.pages)
