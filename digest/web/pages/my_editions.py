"""My page: the mails that came, each to be read again; and the same as a feed, at an address of the reader's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from digest.editions.clean import clean
from digest.editions.recipe import Recipe
from digest.store.outbox import Frozen
from digest.web.my_page import LIMIT, MEMBERS, back, link_of, mine
from digest.web.pager import pager
from digest.web.pages.feeds import address_of
from digest.web.routes import Answer, Asked, Page, Sent, form
from digest.web.visitor import Visitor, for_readers, visitor

ON_A_PAGE: Final = 20
PLACE: Final = "preferences/editions"


def show(asked: Asked) -> Page:
    """The newest first; of those whose text is not kept any more, the day alone."""
    who = visitor(asked)
    sent = sorted(asked.rooms.outbox.frozen([who.id]), key=lambda one: one.key.date, reverse=True)
    pages = pager(asked.query.get("page", ""), len(sent), ON_A_PAGE)
    values = {
        "tab": PLACE,
        "mails": [_told(asked, who, one) for one in sent[pages.start : pages.start + ON_A_PAGE]],
        "pages": pages,
        "feed": address_of(asked, who.id) or "",
    }
    return mine(asked, who, "my_editions.html.j2", values)


def take(sent: Sent) -> Answer:
    """Make an address for the feed, which ends the one before; or end it."""
    who, act = visitor(sent), sent.field("do")
    if act == "end-feed":
        sent.app.feeds.close(who.id)
        return back(sent, who, PLACE, "feed-ended")
    if act == "make-feed" and who.reader.state in MEMBERS:
        sent.app.feeds.renew(who.id)
        return back(sent, who, PLACE, "feed-made")
    return replace(show(sent), status=409)


def _told(asked: Asked, who: Visitor, one: Frozen) -> dict[str, object]:
    replay = asked.rooms.outbox.replay(one.key.subscriber_id, one.key.date) if one.has_recipe else None
    recipe = Recipe.from_bytes(replay.recipe) if replay is not None else None
    return {
        "date": one.key.date,
        "subject": clean(recipe.subject, 300) if recipe is not None else "",
        "papers": len(recipe.picks) if recipe is not None else 0,
        "place": link_of(asked, who, one.key.date, "read") if recipe is not None else "",
    }


ROUTES = for_readers(PLACE, lambda path: form(path, take, show=show, query=("page", "done"), limit=LIMIT))
