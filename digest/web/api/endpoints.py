"""One function for each address of the API; what they take and give is declared beside them, once, for everybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter
from starlette.exceptions import HTTPException

from digest.catalog.identifiers import parse
from digest.model import Signal
from digest.pipeline.trends import Placed, Ranked
from digest.ranking.questions import parse_question
from digest.ranking.search import Filters
from digest.store.browse import BrowseStore
from digest.web.api.answers import ApiPaper, DailyPaper, line_of, paper_of
from digest.web.api.questions import DailyPapers, Days, Question, Search, question
from digest.web.limits import Limit
from digest.web.pages.paper import found
from digest.web.routes import Answer, Asked, Document, Route, data

JSON: Final = "application/json"
_DAILY: Final = "/api/daily_papers"
_SEARCH: Final = "/api/papers/search"
SAME_FOR_ALL: Final = {"vary": "Accept-Encoding"}
"""No language and no cookie changes them."""
OFTEN: Final = Limit(name="api", per_hour=7_200, burst=300)
"""Of answers that have to be made; those that are kept do not count. A month of the past takes half a second."""
_SPANS: Final = (dt.timedelta(days=1), dt.timedelta(days=7))
_OLDEST: Final = dt.date(1991, 1, 1)
"""Before it nothing was announced: arXiv began in that year."""
_LISTS: TypeAdapter[list[DailyPaper]] = TypeAdapter(list[DailyPaper])
_PAPERS: TypeAdapter[ApiPaper] = TypeAdapter(ApiPaper)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """``path`` as OpenAPI writes it; its parameters in ``question``, what it answers in ``answer``."""

    path: str
    name: str
    says: str
    show: Callable[[Asked], Answer]
    answer: TypeAdapter[Any]
    question: type[Question] | None = None
    example: str

    def route(self) -> Route:
        """A name in a path may have slashes: DOIs do."""
        query = tuple(self.question.model_fields) if self.question is not None else ()
        return data(self.path.replace("}", ":path}"), self.show, query=query, limit=OFTEN)


def daily_papers(asked: Asked) -> Document:
    """``/api/daily_papers``."""
    wish = question(DailyPapers, asked.query)
    field = wish.field or ""
    ranked = None if wish.submitter else _ranked(asked, wish.days, field)
    if ranked is None:
        return _listed(asked, _DAILY, [], more=False)
    start = wish.p * wish.limit
    lines = ranked.page(field=field, start=start, limit=wish.limit, newest=wish.sort == "publishedAt")
    return _listed(asked, _DAILY, lines, more=start + len(lines) < ranked.size(field))


def _ranked(asked: Asked, days: Days | None, field: str) -> Ranked | None:
    """None for days before everything; those that have not come are refused, as at Hugging Face: bots east of us that
    ask too early go back a day when they are told so, and take an empty list for a quiet day.
    """
    trends = asked.site.trends
    if days is None:
        spans = (trends.trending(span, now=asked.now) for span in _SPANS)
        return next((ranked for ranked in spans if ranked.size(field)), None)
    if days.first > asked.now.date():
        raise HTTPException(400, "date: it has not come yet (days are UTC's)")
    if days.after <= _OLDEST:
        return None
    return trends.of_days(days.first, days.after, now=asked.now)


def search(asked: Asked) -> Document:
    """``/api/papers/search``: an exact name first, then by words and meaning."""
    wish = question(Search, asked.query)
    filters = Filters(
        category=wish.field or "",
        author=wish.author or "",
        since=_instant(wish.since.first) if wish.since else None,
        until=_instant(wish.until.after) if wish.until else None,
    )
    words = parse_question(wish.q)
    asks = not words.empty or filters != Filters()
    hits = asked.site.searcher.search(words, filters).hits if asks else ()
    name = parse(wish.q) if wish.q else None
    exact = asked.rooms.papers.claimants([name]).get(name, []) if name is not None else []
    ids = [*exact, *(hit.paper_id for hit in hits if hit.paper_id not in exact)]
    start = wish.p * wish.limit
    return _listed(asked, _SEARCH, ids[start : start + wish.limit], more=start + wish.limit < len(ids))


def paper(asked: Asked) -> Document:
    """``/api/papers/ID``: by any of its names."""
    try:
        known = found(asked, asked.path["id"])
    except HTTPException:
        raise HTTPException(404, "Paper not found") from None
    read = BrowseStore(asked.rooms.db).latest([known.id]).get(known.id, {})
    told = paper_of(known, read, urls=asked.site.urls, site=asked.site.config.site.name)
    body = _PAPERS.dump_json(told, by_alias=True)
    return Document(body=body, media_type=JSON, headers=SAME_FOR_ALL)


def _listed(asked: Asked, path: str, lines: Sequence[Placed] | Sequence[int], *, more: bool) -> Document:
    """Papers in this order, with what a ranking says of them; a Link header (RFC 8288) leads to the next and back."""
    ranked = {line.paper_id: line for line in lines if isinstance(line, Placed)}
    ids = [line.paper_id if isinstance(line, Placed) else line for line in lines]
    papers, read = asked.rooms.papers.get(ids), BrowseStore(asked.rooms.db).latest(ids)
    told = []
    for number in ids:
        if (one := papers.get(number)) is None:
            continue
        place, signals = ranked.get(number), read.get(number, {})
        shown = paper_of(
            one,
            signals,
            urls=asked.site.urls,
            site=asked.site.config.site.name,
            attention=place.attention if place else None,
            score=place.score if place else None,
        )
        told.append(line_of(shown, signals, listed=Signal.HF_UPVOTES in signals and shown.id[:1].isdigit()))
    body = _LISTS.dump_json(told, by_alias=True)
    return Document(body=body, media_type=JSON, headers={**SAME_FOR_ALL, **_links(asked, path, more)})


def _links(asked: Asked, path: str, more: bool) -> dict[str, str]:
    page = int(asked.query.get("p", "0"))
    around = {"prev": page - 1 if page else None, "next": page + 1 if more else None}
    links = [
        f'<{asked.site.urls.absolute(path, **{**asked.query, "p": number})}>; rel="{rel}"'
        for rel, number in around.items()
        if number is not None
    ]
    return {"link": ", ".join(links)} if links else {}


def _instant(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())


ENDPOINTS: Final = (
    Endpoint(
        path=_DAILY,
        name="daily_papers",
        says="What trends now, or what was announced on a day, in a week, in a month",
        show=daily_papers,
        question=DailyPapers,
        answer=_LISTS,
        example="/api/daily_papers?week=2026-W21&limit=10",
    ),
    Endpoint(
        path=_SEARCH,
        name="search_papers",
        says="Papers by words and meaning",
        show=search,
        question=Search,
        answer=_LISTS,
        example="/api/papers/search?q=sparse+attention",
    ),
    Endpoint(
        path="/api/papers/{id}",
        name="paper",
        says="One paper by any of its names: an arXiv id, a DOI, its number here",
        show=paper,
        answer=_PAPERS,
        example="/api/papers/2305.10430",
    ),
)
