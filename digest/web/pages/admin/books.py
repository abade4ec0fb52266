"""The books of the last press days: every planned mail must have ended somewhere."""

from __future__ import annotations

import datetime as dt
from typing import Final

from digest.model import DeliveryState
from digest.web.door import HOME
from digest.web.pages.admin.desk import admin_page
from digest.web.routes import Answer, Asked, page

DAYS: Final = 30


def show(asked: Asked) -> Answer:
    """``/admin/books``"""
    today, outbox = asked.now.date(), asked.rooms.outbox
    days = [outbox.books(today + dt.timedelta(days=1 - back)) for back in range(DAYS + 1)]
    kept = [books for books in days if books.planned]
    mismatched = frozenset(outbox.mismatched_since(asked.now - dt.timedelta(days=2 * DAYS)))
    states = [state for state in DeliveryState if any(books.counts.get(state) for books in kept)]
    values = {"days": kept, "states": states, "mismatched": mismatched, "today": today}
    return admin_page(asked, "books", values, here="books")


ROUTES = (page(f"{HOME}/books", show, query=("said",)),)
