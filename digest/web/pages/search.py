"""Search: an exact name first, then words and meaning together; filters by field, author and time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from markupsafe import Markup

from digest import arxiv_categories
from digest.catalog.identifiers import parse
from digest.editions.clean import clean
from digest.editions.wording import authors
from digest.languages import Language
from digest.ranking.questions import Question, parse_question
from digest.ranking.search import DEEP, Filters
from digest.store.browse import BrowseStore, Listed
from digest.web.limits import Limit
from digest.web.pager import pager
from digest.web.routes import Answer, Asked, Page, page
from digest.web.snippets import marked, snippet

ON_A_PAGE: Final = 20
_DAY_S: Final = 86_400
_QUERY: Final = ("q", "field", "author", "since", "until", "page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line; what was asked for is marked in ``title`` and ``said``."""

    id: int
    title: Markup
    byline: str
    said: Markup


def show(asked: Asked) -> Answer:
    """``/search?q=…``; what a filter says wrongly is told beside it, and the filter left out."""
    query = asked.query
    question = parse_question(query.get("q", ""))
    filters, wrong = filters_of(query)
    asks = not question.empty or bool(filters != Filters())
    exact = _named(asked, query.get("q", ""))
    found = asked.site.searcher.search(question, filters) if asks else None
    ids = [*exact, *(hit.paper_id for hit in found.hits if hit.paper_id not in exact)] if found else exact
    pages = pager(query.get("page", ""), len(ids), ON_A_PAGE)
    shown = ids[pages.start : pages.start + ON_A_PAGE]
    papers = BrowseStore(asked.rooms.db).listed(shown)
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
            "options": _options(),
            "field_name": arxiv_categories.name_of(filters.category),
            "pages": pages,
            "given": {name: query.get(name) for name in _QUERY if name != "page"},
        },
    )


def filters_of(query: Mapping[str, str]) -> tuple[Filters, set[str]]:
    """What the parameters of a search narrow it to, and the names of those that say nothing understandable."""
    since, until = _date(query.get("since", "")), _date(query.get("until", ""))
    field = arxiv_categories.canonical(query.get("field", "")) or ""
    wrong = {
        name for name, read in (("since", since), ("until", until), ("field", field)) if name in query and not read
    }
    filters = Filters(
        category=field,
        author=query.get("author", ""),
        since=_instant(since) if since else None,
        until=_instant(until) + _DAY_S if until else None,
    )
    return filters, wrong


def _result(paper: Listed, question: Question, language: Language) -> Result:
    told = (authors(paper.authors), clean(paper.category, 60), language.date(paper.announced_on, "medium"))
    return Result(
        id=paper.id,
        title=marked(clean(paper.title), question.words),
        byline=" · ".join(filter(None, told)),
        said=snippet(clean(paper.abstract, 6000), question.words),
    )


@cache
def _options() -> Markup:
    """Every field there is; made once, since escaping them takes longer than a search."""
    option = Markup('<option value="{0}">{0} · {1}</option>\n')
    known = {**arxiv_categories.ARCHIVES, **arxiv_categories.CATEGORIES}
    return Markup("").join(option.format(code, name) for code, name in known.items())


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
