"""Hugging Face Daily Papers: today's list, and some past days again because their votes keep growing.

A list is still filling in the morning (UTC) and its counts grow for about a week. Weekends are empty; a date that is
still in the future over there answers 400 and is skipped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.config import HuggingFaceConfig
from digest.errors import SourceError, SourceRateLimited
from digest.model import Batch
from digest.sources import hf_daily
from digest.sources.base import FetchRequest, Page, SourceUnreachable, Troubles
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

NAME = "huggingface"
LABEL = "Hugging Face"
PER_PAGE = 100
MOST_PAGES = 10


class HuggingFaceSource:
    """The source ``huggingface``."""

    def __init__(self, config: HuggingFaceConfig) -> None:
        self._config = config
        self._url = f"{config.url.rstrip('/')}/api/daily_papers"
        host = urlsplit(config.url).hostname or ""
        self._provider = Provider(source=NAME, label=LABEL, host=host, pace_key=NAME, pace_s=config.pace_s)

    @property
    def name(self) -> str:
        return NAME

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        """The days newest first, so that what is read before a failure is what counts most."""
        days = max(self._config.days, request.look_back.days if request.look_back else 0)
        dates = [request.now.date() - dt.timedelta(days=back) for back in range(days + 1)]
        troubles = Troubles(NAME)
        for at, date in enumerate(dates):
            try:
                async for page in self._day(client, request, date):
                    yield page
            except SourceError as error:
                troubles.add(date.isoformat(), error)
                if isinstance(error, SourceRateLimited | SourceUnreachable):
                    for skipped in dates[at + 1 :]:
                        troubles.add(skipped.isoformat(), error)
                    break
        troubles.tell()

    async def _day(self, client: PoliteClient, request: FetchRequest, date: dt.date) -> AsyncIterator[Page]:
        for number in range(MOST_PAGES):
            params = {"date": date.isoformat(), "limit": str(PER_PAGE), **({"p": str(number)} if number else {})}
            answer = await client.get(self._url, self._provider, params=params, hand_back=frozenset({400}))
            if answer.status == 400:
                if date < request.now.date():
                    raise SourceError(NAME, f"{LABEL} said 400 (Bad Request)")
                return
            if answer.not_modified:
                yield Page(batch=Batch(entries=(), announced=0), not_modified=True)
                return
            batch = await answer.parsed(lambda data: hf_daily.parse(data, now=request.now))
            yield Page(batch=batch, validators=answer.validators)
            if (batch.announced or 0) < PER_PAGE:
                return
