"""What is trending: today, this week, this month, on a day of the past, in all fields or in one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from starlette.exceptions import HTTPException

from digest import arxiv_categories
from digest.pipeline.trends import Ranked
from digest.web.cards import card_of
from digest.web.pager import pager
from digest.web.routes import Answer, Asked, Page, page
from digest.web.urls import segment

SPANS: Final = MappingProxyType({"day": dt.timedelta(days=1), "week": dt.timedelta(days=7), "month": dt.timedelta(30)})
ON_A_PAGE: Final = 25
FIELDS_SHOWN: Final = 12
_OLDEST: Final = dt.date(1991, 1, 1)
_DAY: Final = dt.timedelta(days=1)


def now_trending(asked: Asked) -> Answer:
    """``/`` and ``/field/FIELD``."""
    period = asked.query.get("period", "day")
    if period not in SPANS:
        raise HTTPException(404)
    field = asked.path.get("field", "")
    if "field" in asked.path and arxiv_categories.canonical(field) != field:
        raise HTTPException(404)
    found = asked.site.trends.trending(SPANS[period], now=asked.now)
    place = f"/field/{segment(field)}" if field else "/"
    return _page(asked, found, place, field, {"period": period, "day": None}, {"period": asked.query.get("period")})


def of_a_day(asked: Asked) -> Answer:
    """``/date/YYYY-MM-DD``: what was announced on that day (UTC), by the attention of the month after it."""
    try:
        day = dt.date.fromisoformat(asked.path["date"])
    except ValueError:
        raise HTTPException(404) from None
    since = dt.datetime.combine(day, dt.time(), dt.UTC)
    if day < _OLDEST or since > asked.now:
        raise HTTPException(404)
    found = asked.site.trends.of_a_day(day, now=asked.now)
    around = {
        "day": day,
        "period": "",
        "before": day - _DAY if day > _OLDEST else None,
        "after": day + _DAY if since + _DAY <= asked.now else None,
    }
    return _page(asked, found, f"/date/{day.isoformat()}", "", around, {})


def _page(
    asked: Asked, found: Ranked, place: str, field: str, values: Mapping[str, object], query: Mapping[str, object]
) -> Page:
    size = found.size(field)
    pages = pager(asked.query.get("page", ""), size, ON_A_PAGE)
    listed = found.page(field=field, start=pages.start, limit=ON_A_PAGE)
    papers = asked.rooms.papers.get(one.paper_id for one in listed)
    return Page(
        template="trending.html.j2",
        values={
            **values,
            "cards": [
                card_of(papers[one.paper_id], asked.language, one.attention) for one in listed if one.paper_id in papers
            ],
            "place": place,
            "given": query,
            "field": field,
            "field_name": arxiv_categories.name_of(field),
            "fields": [(code, arxiv_categories.name_of(code)) for code, _ in found.fields().most_common(FIELDS_SHOWN)],
            "size": size,
            "pages": pages,
        },
    )


ROUTES = (
    page("/", now_trending, query=("period", "page"), public=True),
    page("/field/{field:path}", now_trending, query=("period", "page"), public=True),
    page("/date/{date}", of_a_day, query=("page",), public=True),
)
