"""Feeds of what the pages show, and of what one reader was sent.

    /feed.atom?period=week&field=cs.LG      trending, as on the front page
    /search.atom?q=…                        what is new for a search: the papers that have every word
    /feed/TOKEN.atom                        a reader's own editions; see digest.pipeline.reader_feeds

Each also ends in ``.json``.
"""

from __future__ import annotations

from email.utils import format_datetime
from typing import Final

from markupsafe import Markup
from starlette.exceptions import HTTPException

from digest import arxiv_categories
from digest.editions.clean import clean
from digest.editions.links import archived_at
from digest.pipeline.reader_feeds import ReaderFeeds, SentEdition
from digest.ranking.questions import parse_question
from digest.web.feeds.content import Feed, Item, item_of, latest, tag
from digest.web.feeds.writing import ATOM_TYPE, JSON_TYPE, atom, json_feed
from digest.web.limits import Limit
from digest.web.pages.search import filters_of
from digest.web.pages.trending import SPANS
from digest.web.routes import Asked, Document, data, page
from digest.web.urls import segment

ITEMS: Final = 50
FORMS: Final = ("atom", "json")
_LIMIT: Final = Limit(name="feed", per_hour=3600, burst=60)
_SEARCHED: Final = ("q", "field", "author", "since", "until")


def trending(asked: Asked) -> Document:
    """The first of a period, of all fields or one."""
    period, field = asked.query.get("period", "day"), asked.query.get("field", "")
    if period not in SPANS:
        raise HTTPException(404, "There is no such period: day, week, month")
    if field and arxiv_categories.canonical(field) != field:
        raise HTTPException(404, "There is no such field")
    ranked = asked.site.trends.trending(SPANS[period], now=asked.now)
    ids = [line.paper_id for line in ranked.page(field=field, limit=ITEMS)]
    place = f"/field/{segment(field)}" if field else "/"
    words = {"day": "Today", "week": "This week", "month": "This month"}[period]
    return _papers(
        asked,
        ids,
        place="/feed",
        name=f"trending-{period}{f'-{field}' if field else ''}",
        title=" · ".join(filter(None, (asked.gettext("Trending papers"), field, asked.gettext(words)))),
        page=asked.site.urls.absolute(place, period=asked.query.get("period")),
    )


def search(asked: Asked) -> Document:
    """The newest that have every word, by a filter or without."""
    question = parse_question(asked.query.get("q", ""))
    filters, wrong = filters_of(asked.query)
    if wrong:
        raise HTTPException(400, f"{min(wrong)}: not understood")
    if question.empty and not any(name in asked.query for name in _SEARCHED[1:]):
        raise HTTPException(400, "q: a feed of a search needs words, or a field or an author")
    found = asked.site.searcher.newest(question, filters, limit=ITEMS)
    given = {name: asked.query.get(name) for name in _SEARCHED}
    return _papers(
        asked,
        [hit.paper_id for hit in found.hits],
        place="/search",
        name="search?" + asked.site.urls.path("", **given).partition("?")[2],
        title=" · ".join(clean(value, 200) for value in given.values() if value),
        page=asked.site.urls.absolute("/search", **given),
    )


def editions(asked: Asked) -> Document:
    """What a reader was sent. The answer is theirs alone, and says nothing of who they are."""
    feeds = ReaderFeeds(asked.rooms, asked.site.ring)
    reader = feeds.reader(asked.path["token"])
    if reader is None:
        raise HTTPException(404)
    items = tuple(_edition(asked, one) for one in feeds.editions(reader))
    feed = Feed(
        id=tag(asked.site.urls, f"reader-{asked.site.ring.token('reader feed', reader)}"),
        title=clean(asked.site.config.site.name, 200),
        site=clean(asked.site.config.site.name, 200),
        page="",
        address=asked.site.urls.absolute(f"/feed/{asked.path['token']}.{asked.path['form']}"),
        updated=latest(items, otherwise=asked.now),
        items=items,
    )
    return _written(asked, feed, {"cache-control": "private, no-cache", "x-robots-tag": "noindex"})


def address_of(asked: Asked, reader_id: str) -> str | None:
    """The address of a reader's feed (Atom), for their own page alone; None until they ask for one (``App.feeds``)."""
    token = ReaderFeeds(asked.rooms, asked.site.ring).token(reader_id)
    return asked.site.urls.absolute(f"/feed/{token}.atom") if token is not None else None


def _papers(asked: Asked, ids: list[int], *, place: str, name: str, title: str, page: str) -> Document:
    papers = asked.rooms.papers.get(ids)
    items = tuple(item_of(papers[number], asked.site.urls) for number in ids if number in papers)
    site = clean(asked.site.config.site.name, 200)
    feed = Feed(
        id=tag(asked.site.urls, name),
        title=f"{site}: {title}",
        site=site,
        page=page,
        address=asked.site.urls.absolute(f"{place}.{asked.path['form']}", **asked.query),
        updated=latest(items, otherwise=asked.now),
        items=items,
    )
    # What is in such a feed depends on all papers: it may be another one whenever something was read.
    read_at = asked.rooms.sources.last_run_at()
    return _written(asked, feed, {"last-modified": format_datetime(read_at, usegmt=True)} if read_at else {})


def _edition(asked: Asked, sent: SentEdition) -> Item:
    urls, archive = asked.site.urls, asked.site.config.site.archive_url
    lines = [
        Markup('<li><a href="{}">{}</a><br>{}</li>').format(
            urls.absolute(f"/paper/{paper.id}"), clean(paper.title) or clean(paper.label), clean(pick.reason, 400)
        )
        for pick, paper in sent.picks
    ]
    return Item(
        id=tag(urls, f"edition-{asked.site.ring.token('edition', sent.key.subscriber_id, sent.key.date.isoformat())}"),
        title=clean(sent.subject),
        address=f"{archive.rstrip('/')}/{archived_at(asked.site.ring, sent.key)}" if archive else "",
        published=sent.sent_at,
        updated=sent.sent_at,
        summary="",
        html=Markup("<ol>{}</ol>").format(Markup("").join(lines)),
    )


def _written(asked: Asked, feed: Feed, headers: dict[str, str]) -> Document:
    if asked.path["form"] not in FORMS:
        raise HTTPException(404)
    body, kind = (atom(feed), ATOM_TYPE) if asked.path["form"] == "atom" else (json_feed(feed), JSON_TYPE)
    return Document(body=body, media_type=kind, headers=headers)


ROUTES = (
    data("/feed.{form}", trending, query=("period", "field"), limit=_LIMIT),
    data("/search.{form}", search, query=_SEARCHED, limit=_LIMIT),
    page("/feed/{token}.{form}", editions, limit=_LIMIT),
)
