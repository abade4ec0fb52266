"""Search: an exact name first, then words and meaning together; filters by field, author and time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from digest import arxiv_categories
from digest.catalog.identifiers import parse
from digest.editions.clean import clean
from digest.languages import Language
from digest.model import Paper
from digest.ranking.questions import Question, parse_question
from digest.ranking.search import DEEP, Filters
from digest.web.cards import Card, plain_card_of
from digest.web.limits import Limit
from digest.web.pager import pager
from digest.web.routes import Answer, Asked, Page, page
from digest.web.snippets import Piece, marked, snippet

ON_A_PAGE: Final = 20
_QUERY: Final = ("q", "field", "author", "since", "until", "page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A card, and what is marked in it."""

    card: Card
    title: Sequence[Piece]
    said: Sequence[Piece]


def show(asked: Asked) -> Answer:
    """``/search?q=…``; what a filter says wrongly is told beside it, and the filter left out."""
    query = asked.query
    question = parse_question(query.get("q", ""))
    since, until = _date(query.get("since", "")), _date(query.get("until", ""))
    field = arxiv_categories.canonical(query.get("field", "")) or ""
    wrong = {
        name for name, read in (("since", since), ("until", until), ("field", field)) if name in query and not read
    }
    filters = Filters(
        category=field,
        author=query.get("author", ""),
        since=_instant(since) if since else None,
        until=_instant(until + dt.timedelta(days=1)) if until else None,
    )
    asks = not question.empty or bool(filters != Filters())
    exact = _named(asked, query.get("q", ""))
    found = asked.site.searcher.search(question, filters) if asks else None
    ids = [*exact, *(hit.paper_id for hit in found.hits if hit.paper_id not in exact)] if found else exact
    pages = pager(query.get("page", ""), len(ids), ON_A_PAGE)
    shown = ids[pages.start : pages.start + ON_A_PAGE]
    papers = asked.rooms.papers.get(shown)
    return Page(
        template="search.html.j2",
        values={
            "q": query.get("q", ""),
            "asks": asks,
            "results": [_result(papers[i], question, asked.language) for i in shown if i in papers],
            "matching": found.matching if found else 0,
            "deep": DEEP,
            "wrong": wrong,
            "filtered": filters != Filters() or bool(wrong),
            "categories": arxiv_categories.CATEGORIES,
            "archives": arxiv_categories.ARCHIVES,
            "pages": pages,
            "given": {name: query.get(name) for name in _QUERY if name != "page"},
        },
    )


def _result(paper: Paper, question: Question, language: Language) -> Result:
    card = plain_card_of(paper, language)
    return Result(
        card=card,
        title=marked(card.title, question.words),
        said=snippet(clean(paper.abstract, 6000), question.words),
    )


def _named(asked: Asked, text: str) -> list[int]:
    """The papers that bear a name, for who types one."""
    name = parse(text) if text else None
    return asked.rooms.papers.claimants([name]).get(name, []) if name is not None else []


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _instant(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())


ROUTES = (page("/search", show, query=_QUERY, public=True, limit=Limit(name="search", per_hour=36_000, burst=300)),)
