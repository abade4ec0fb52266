"""My page: the mails that came, each to be read again."""

from __future__ import annotations

from typing import Final

from digest.editions.clean import clean
from digest.editions.recipe import Recipe
from digest.store.outbox import Frozen
from digest.web.my_page import LIMIT, link_of, mine
from digest.web.pager import pager
from digest.web.routes import Answer, Asked, page
from digest.web.visitor import Visitor, for_readers, visitor

ON_A_PAGE: Final = 20
PLACE: Final = "preferences/editions"


def show(asked: Asked) -> Answer:
    """The newest first; of those whose text is not kept any more, the day alone."""
    who = visitor(asked)
    sent = sorted(asked.rooms.outbox.frozen([who.id]), key=lambda one: one.key.date, reverse=True)
    pages = pager(asked.query.get("page", ""), len(sent), ON_A_PAGE)
    values = {
        "tab": PLACE,
        "mails": [_told(asked, who, one) for one in sent[pages.start : pages.start + ON_A_PAGE]],
        "pages": pages,
    }
    return mine(asked, who, "my_editions.html.j2", values)


def _told(asked: Asked, who: Visitor, one: Frozen) -> dict[str, object]:
    replay = asked.rooms.outbox.replay(one.key.subscriber_id, one.key.date) if one.has_recipe else None
    recipe = Recipe.from_bytes(replay.recipe) if replay is not None else None
    return {
        "date": one.key.date,
        "subject": clean(recipe.subject, 300) if recipe is not None else "",
        "papers": len(recipe.picks) if recipe is not None else 0,
        "place": link_of(asked, who, one.key.date, "read") if recipe is not None else "",
    }


ROUTES = for_readers(PLACE, lambda path: page(path, show, query=("page",), limit=LIMIT))
