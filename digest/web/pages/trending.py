"""What is trending: today, this week, this month."""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import Final

from digest.pipeline.papers import trending
from digest.web.cards import card_of
from digest.web.routes import Answer, Asked, Page, page

SPANS: Final = MappingProxyType({"day": dt.timedelta(days=1), "week": dt.timedelta(days=7), "month": dt.timedelta(30)})
ON_A_PAGE = 25


def show(asked: Asked) -> Answer:
    """The papers with the most attention for their field and age."""
    period = asked.query.get("period", "day")
    found = trending(asked.rooms, SPANS.get(period, SPANS["day"]), limit=ON_A_PAGE)
    cards = [card_of(one.paper, asked.language, attention=one.attention) for one in found]
    return Page(template="trending.html.j2", values={"cards": cards, "period": period})


ROUTES = (page("/", show, query=("period",), public=True),)
