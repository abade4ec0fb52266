"""The source ``openreview``: the public submissions of some venues.

PROVISIONAL, as :mod:`digest.sources.openreview` is. Notes are asked for by the day on which they were *made*; a venue
shows them to the public weeks later, so every reading goes back ``HIDDEN`` before the last one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from digest.settings.providers import OpenReviewConfig
from digest.sources.base import FetchRequest, Portion
from digest.sources.harvest import HarvestedSource, counted
from digest.sources.openreview import LABEL, SOURCE, parse_page
from digest.sources.pace import Provider

if TYPE_CHECKING:
    from digest.sources.http import PoliteClient

PER_PAGE = 1_000
HIDDEN = dt.timedelta(days=90)
"""From submission to the public list; known notes change nothing when they are read again."""


class OpenReviewSource(HarvestedSource):
    """One list per venue (``ICLR.cc/2027/Conference``), oldest notes first, so that new ones come at the end."""

    def __init__(self, config: OpenReviewConfig, *, first_look_back: dt.timedelta = dt.timedelta(days=7)) -> None:
        provider = Provider.at(config.url, source=SOURCE, label=LABEL, pace_s=config.pace_s)
        super().__init__(provider, first_look_back=first_look_back)
        self._config = config

    def lists(self) -> Sequence[str]:
        return list(dict.fromkeys(self._config.venues))

    async def portion(self, client: PoliteClient, request: FetchRequest, name: str, since: dt.date, at: str) -> Portion:
        begin = dt.datetime.combine(since - HIDDEN, dt.time(), tzinfo=dt.UTC)
        params = {
            "invitation": f"{name}/-/Submission",
            "mintcdate": str(int(begin.timestamp() * 1000)),
            "sort": "tcdate:asc",
            "offset": at or "0",
            "limit": str(PER_PAGE),
        }
        answer = await client.get(
            f"{self._config.url.rstrip('/')}/notes",
            self.provider,
            params=params,
            conditional=False,
            hand_back=frozenset({400, 403, 404}),
        )
        return counted(await answer.parsed(parse_page), int(at or 0))
