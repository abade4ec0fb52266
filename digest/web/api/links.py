"""The addresses of Hugging Face's pages, which bots build of ids and of our address: they lead to the pages here."""

from __future__ import annotations

from digest.web.routes import Answer, Asked, Document, page
from digest.web.urls import segment

_DATE = "date/"


def lead(asked: Asked) -> Answer:
    """``/papers/ID`` and ``/papers/date/2026-05-20``; what has no page of its own here leads to the front page."""
    name = asked.path.get("name", "").strip("/")
    if name.startswith(_DATE):
        place = f"/date/{segment(name.removeprefix(_DATE))}"
    elif not name or name == "trending" or name.startswith(("week/", "month/")):
        place = "/"
    else:
        place = f"/paper/{segment(name)}"
    return Document(body=b"", media_type="text/plain", status=301, headers={"location": asked.site.urls.path(place)})


ROUTES = (page("/papers", lead), page("/papers/{name:path}", lead))
