"""`/privacy` and `/imprint`."""

from __future__ import annotations

from starlette.exceptions import HTTPException

from digest.web.notices import Notice, Notices
from digest.web.routes import Answer, Asked, Page, page


def privacy(asked: Asked) -> Answer:
    return _page(Notices(asked.site.config).privacy(asked.language))


def imprint(asked: Asked) -> Answer:
    return _page(Notices(asked.site.config).imprint(asked.language))


def _page(notice: Notice | None) -> Page:
    if notice is None:
        raise HTTPException(404)
    return Page(template="notice.html.j2", values={"notice": notice})


ROUTES = (page("/privacy", privacy, public=True), page("/imprint", imprint, public=True))
