"""How each source and signal did over the last two weeks."""

from __future__ import annotations

import datetime as dt
from typing import Final

from digest.reports.source_days import by_day, by_source, totals
from digest.web.door import HOME
from digest.web.pages.admin.desk import admin_page
from digest.web.routes import Answer, Asked, page

DAYS: Final = 14


def show(asked: Asked) -> Answer:
    """``/admin/sources``"""
    today = asked.now.date()
    dates = [today - dt.timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    since = dt.datetime.combine(dates[0], dt.time(), dt.UTC)
    sources = asked.rooms.sources
    runs, good = sources.runs(since=since, until=asked.now), sources.last_success()
    rows = [
        {
            "name": name,
            "marks": list(zip(dates, by_day(own, dates), strict=True)),
            "totals": totals(own),
            "last": own[-1] if own else None,
            "good": good.get(name),
        }
        for name, own in by_source(runs, good).items()
    ]
    return admin_page(asked, "sources", {"rows": rows, "dates": dates}, here="sources")


ROUTES = (page(f"{HOME}/sources", show, query=("said",)),)
