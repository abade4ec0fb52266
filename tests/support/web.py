"""The web pages of an App, asked in this process; what changed in its database meanwhile can be told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from starlette.testclient import TestClient

from digest.app import App
from digest.model import Entry
from digest.web.application import PAGES, application
from digest.web.cache import PageCache
from digest.web.routes import Route
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import NOW


@contextmanager
def web(
    folder: Path,
    *entries: Entry,
    more: str = "",
    site: str = "",
    readers: dict[str, str] | None = None,
    clock: Hands | None = None,
    pages: Sequence[Route] = (),
    cache: PageCache | None = None,
    strict: bool = True,
) -> Iterator[tuple[TestClient, App]]:
    """A client of the pages over a store that has read ``entries``; redirects are not followed.

    Args:
        more: of the configuration; ``site``: keys of its section of that name.
        pages: beside ours.
        strict: bugs are raised instead of answered.
    """
    source = FakeSource("arxiv", page_of(*entries))
    app = make_app(folder, clock or Hands(NOW), readers=readers or {}, sources=[source], more=more, site=site)
    if entries:
        app.ingest()
    answering = application(app, pages=(*PAGES, *pages), cache=cache)
    with TestClient(answering, raise_server_exceptions=strict, follow_redirects=False) as client:
        yield client, app
    app.close()


def dump(app: App) -> list[str]:
    """Every row of a SQLite store as text: equal before and after means that nothing was changed."""
    with sqlite3.connect(str(app.db.url.database)) as connection:
        return list(connection.iterdump())
