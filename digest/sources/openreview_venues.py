"""The source ``openreview``: the public submissions of some venues.

PROVISIONAL, as :mod:`digest.sources.openreview` is. Notes are asked for by the day on which they were *made*; a venue
shows them to the public weeks later, so every reading goes back ``HIDDEN`` before the last one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from digest.settings.providers import OpenReviewConfig
from digest.sources.base import FetchRequest, Page
from digest.sources.harvest import Portion, harvest
from digest.sources.openreview import LABEL, SOURCE, parse_page
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

PER_PAGE = 1_000
HIDDEN = dt.timedelta(days=90)
"""From submission to the public list; known notes change nothing when they are read again."""


class OpenReviewSource:
    """One list per venue (``ICLR.cc/2027/Conference``)."""

    def __init__(self, config: OpenReviewConfig, *, first_look_back: dt.timedelta = dt.timedelta(days=7)) -> None:
        self._config = config
        self._first_look_back = first_look_back
        host = urlsplit(config.url).hostname or ""
        self._provider = Provider(source=SOURCE, label=LABEL, host=host, pace_key=SOURCE, pace_s=config.pace_s)

    @property
    def name(self) -> str:
        return SOURCE

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        """Every venue, oldest notes first, so that what is added meanwhile comes at the end."""

        async def ask(venue: str, since: dt.date) -> AsyncIterator[Portion]:
            begin = dt.datetime.combine(since - HIDDEN, dt.time(), tzinfo=dt.UTC)
            start = 0
            while True:
                params = {
                    "invitation": f"{venue}/-/Submission",
                    "mintcdate": str(int(begin.timestamp() * 1000)),
                    "sort": "tcdate:asc",
                    "offset": str(start),
                    "limit": str(PER_PAGE),
                }
                answer = await client.get(
                    f"{self._config.url.rstrip('/')}/notes",
                    self._provider,
                    params=params,
                    conditional=False,
                    hand_back=frozenset({400, 403, 404}),
                )
                found = await answer.parsed(parse_page)
                yield Portion(batch=found.batch, total=found.total)
                start += found.items
                if not found.items or (found.total is not None and start >= found.total):
                    return

        venues = list(dict.fromkeys(self._config.venues))
        async for page in harvest(SOURCE, LABEL, venues, request, ask, first_look_back=self._first_look_back):
            yield page
