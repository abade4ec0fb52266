"""What a feed says, whatever it is written in, and how a paper becomes an item of one.

All text is clean (one line, no control characters); ``html`` is markup of ours around escaped text. Nothing in an item
counts votes: an item that changed every hour would come back as unread in many readers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from digest.editions.clean import clean, safe_url
from digest.editions.wording import authors
from digest.model import Paper
from digest.summaries.tldr import summarise
from digest.web.urls import Urls

TAGGED = "2026"
"""The year of the tag URIs (RFC 4151): whoever owned a site's name then made these ids."""
MOST_AUTHORS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """``id`` never changes; ``address`` is its page, or empty."""

    id: str
    title: str
    address: str
    published: dt.datetime
    updated: dt.datetime
    summary: str
    html: Markup
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    source: str = ""
    """Where the paper itself is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    id: str
    title: str
    site: str
    """Who speaks."""
    page: str
    """The page that shows the same; empty for a feed that no page shows."""
    address: str
    updated: dt.datetime
    items: tuple[Item, ...]


def tag(urls: Urls, name: str) -> str:
    """A tag URI below the site's name; two sites of one host differ by their path."""
    host = "localhost" if ":" in urls.host or not urls.host else urls.host
    return f"tag:{host},{TAGGED}:{urls.base.strip('/') + '/' if urls.base else ''}{name}"


def latest(items: Iterable[Item], *, otherwise: dt.datetime) -> dt.datetime:
    """When the newest item changed; for a feed without any the start of the day, so that it too says the same."""
    found = max((item.updated for item in items), default=None)
    return found or otherwise.replace(hour=0, minute=0, second=0, microsecond=0)


def item_of(paper: Paper, urls: Urls) -> Item:
    """A paper, with its summary, which takes a millisecond."""
    at = paper.announced_at or paper.published_at or paper.first_seen_at
    summary = clean(summarise(paper.title, paper.abstract).text, 1200)
    abstract = clean(paper.abstract, 20_000)
    byline = " · ".join(filter(None, (authors(paper.authors), clean(paper.primary_category or "", 60))))
    parts = [f"<p>{Markup.escape(byline)}</p>" if byline else ""]
    if summary and summary != abstract:
        parts.append(f"<p><strong>{Markup.escape(summary)}</strong></p>")
    if abstract:
        parts.append(f"<p>{Markup.escape(abstract)}</p>")
    return Item(
        id=tag(urls, f"paper-{paper.id}"),
        title=clean(paper.title) or clean(paper.label),
        address=urls.absolute(f"/paper/{paper.id}"),
        published=paper.published_at or at,
        updated=at,
        summary=summary,
        html=Markup("".join(parts)),  # noqa: S704  of escaped parts
        authors=tuple(name for given in paper.authors[:MOST_AUTHORS] if (name := clean(given, 200))),
        tags=tuple(clean(category, 60) for category in paper.categories),
        source=safe_url(paper.url) or "",
    )
