"""An App on a folder of its own, with a clock that tests move and sources that tests write."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from digest.app import App
from digest.errors import SourceError
from digest.model import Batch, Entry
from digest.sources.base import FetchRequest, Page, Source
from digest.sources.http import PoliteClient

CONFIG = """\
site: {{name: Test papers, contact: op@uni.example{site}}}
mail: {{from: Test papers <papers@uni.example>}}
{more}
"""


class Hands:
    """A clock that stands still until it is moved."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now


class FakeSource:
    """Says what it is given, page by page; an error in the list is raised in its turn."""

    def __init__(self, name: str, *pages: Page | SourceError) -> None:
        self.name = name
        self.pages = list(pages)
        self.requests: list[FetchRequest] = []

    async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
        self.requests.append(request)
        for page in self.pages:
            if isinstance(page, SourceError):
                raise page
            yield page


def page_of(*entries: Entry, announced: int | None = None) -> Page:
    return Page(batch=Batch(entries=entries, announced=announced))


def make_app(
    folder: Path,
    clock: Hands,
    *,
    readers: dict[str, str],
    sources: Sequence[Source] = (),
    more: str = "",
    site: str = "",
) -> App:
    """An App whose reader files are ``readers`` (id → YAML). The given sources stand in for the configured ones."""
    (folder / "subscribers").mkdir(parents=True, exist_ok=True)
    for name, text in readers.items():
        (folder / "subscribers" / f"{name}.yaml").write_text(text)
    (folder / "config.yaml").write_text(CONFIG.format(more=more, site=f", {site}" if site else ""))
    app = App(folder / "config.yaml", env={}, clock=clock)
    app.__dict__["sources"] = tuple(sources)  # where cached_property keeps what it has built
    return app
