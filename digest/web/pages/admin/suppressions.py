"""Addresses that are not written to; one can be taken back."""

from __future__ import annotations

from typing import Final

from digest.web.door import HOME
from digest.web.pager import pager
from digest.web.pages.admin.desk import admin_page, done, record
from digest.web.routes import Answer, Asked, Sent, form

ON_A_PAGE: Final = 100
_PLACE: Final = f"{HOME}/suppressions"


def show(asked: Asked) -> Answer:
    """``/admin/suppressions``"""
    every = asked.rooms.outbox.suppressed(now=asked.now)
    pages = pager(asked.query.get("page", ""), len(every), ON_A_PAGE)
    shown = every[pages.start : pages.start + ON_A_PAGE]
    values = {"shown": shown, "size": len(every), "pages": pages, "place": _PLACE}
    return admin_page(asked, "suppressions", values, here="suppressions")


def lift(sent: Sent) -> Answer:
    """Write to an address again. The record says that it was done, and to no one's name."""
    record(sent, "unsuppress")
    lifted = sent.app.outbox.unsuppress(sent.field("address"), now=sent.app.clock())
    said = "The address is written to again." if lifted else "That address was not suppressed."
    return done(sent, _PLACE, said)


ROUTES = (form(_PLACE, lift, show=show, query=("page", "said")),)
