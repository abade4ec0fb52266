"""`/paper/ID.bib` and `/paper/ID.ris`: one paper for a reference manager."""

from __future__ import annotations

from collections.abc import Callable

from digest.bibliography.writing import keys_of
from digest.web.pages.my_feedback import document
from digest.web.pages.paper import found
from digest.web.routes import Answer, Asked, page


def cited_as(kind: str) -> Callable[[Asked], Answer]:
    """The page of one kind."""
    return lambda asked: _cited(asked, kind)


def _cited(asked: Asked, kind: str) -> Answer:
    paper = found(asked, asked.path["name"])
    return document(kind, [paper], name=keys_of([paper])[0])


ROUTES = tuple(page(f"/paper/{{name:path}}.{kind}", cited_as(kind), public=True) for kind in ("bib", "ris"))
"""Before the page of the paper itself, whose names may have dots."""
