"""One paper: what it says, who wrote it, where it is, how attention to it grew, and what is like it."""

from __future__ import annotations

import re
from typing import Final

from starlette.exceptions import HTTPException

from digest import arxiv_categories
from digest.catalog.identifiers import parse, url_of
from digest.editions.clean import clean, safe_url
from digest.model import Identifier, Paper, Scheme, Signal
from digest.pipeline.desk import NAMES
from digest.store.browse import BrowseStore
from digest.summaries.tldr import summarise
from digest.web.cards import plain_card_of
from digest.web.plots import plot_of
from digest.web.routes import Answer, Asked, Page, page

SIMILAR: Final = 6
MOST_AUTHORS: Final = 200
_NUMBER = re.compile("[1-9][0-9]{0,17}", re.ASCII)
_NAMES: Final = {
    Scheme.ARXIV: "arXiv",
    Scheme.DOI: "DOI",
    Scheme.PMID: "PubMed",
    Scheme.PMCID: "PubMed Central",
    Scheme.OPENREVIEW: "OpenReview",
    Scheme.ACL: "ACL Anthology",
    Scheme.S2: "Semantic Scholar",
    Scheme.OPENALEX: "OpenAlex",
}


def show(asked: Asked) -> Answer:
    """``/paper/ID``: by our number, or by any of its names."""
    paper = found(asked, asked.path["name"])
    summary = summarise(paper.title, paper.abstract)
    readings = BrowseStore(asked.rooms.db).readings(paper.id)
    votes = [(one.observed_at, one.value) for one in readings if one.signal is Signal.HF_UPVOTES]
    stars = [one.value for one in readings if one.signal is Signal.GITHUB_STARS]
    near = [hit.paper_id for hit in asked.site.searcher.index.like(paper.id, SIMILAR)]
    similar = asked.rooms.papers.get(near)
    return Page(
        template="paper.html.j2",
        values={
            "paper": paper,
            "title": clean(paper.title),
            "tldr": clean(summary.text, 900),
            "abstract": clean(paper.abstract, 20_000),
            "comment": clean(paper.comment or "", 500),
            "authors": [clean(name, 100) for name in paper.authors[:MOST_AUTHORS] if name.strip()],
            "more_authors": max(len(paper.authors) - MOST_AUTHORS, 0),
            "categories": [(code, _name_of(code)) for code in paper.categories[:20]],
            "links": _links(paper),
            "sources": [NAMES.get(source, source.removeprefix("feed:")) for source in paper.sources],
            "code_url": safe_url(paper.code_url) or "",
            "votes": round(votes[-1][1]) if votes else None,
            "stars": round(stars[-1]) if stars else None,
            "plot": plot_of(votes),
            "similar": [
                plain_card_of(similar[i], asked.language) for i in near if i in similar and similar[i].id != paper.id
            ],
        },
    )


def found(asked: Asked, name: str) -> Paper:
    """The paper of a number (``12``) or another name (an arXiv id, a DOI, …).

    Raises HTTPException 404.
    """
    papers = asked.rooms.papers
    if _NUMBER.fullmatch(name):
        if (paper := papers.get([int(name)]).get(int(name))) is not None:
            return paper
        raise HTTPException(404)
    identifier = parse(name)
    if identifier is not None and (paper_id := papers.find([identifier]).get(identifier)) is not None:
        return papers.get([paper_id])[paper_id]
    raise HTTPException(404)


def _links(paper: Paper) -> list[tuple[str, str, str]]:
    """(where, name there, address), each name once; a web address is named by its host."""
    links: dict[str, tuple[str, str, str]] = {}
    for name in paper.identifiers:
        if (address := safe_url(url_of(name))) is not None:
            links.setdefault(address, (_NAMES.get(name.scheme, _host(address)), _shown(name), address))
    if (address := safe_url(paper.url)) is not None:
        links.setdefault(address, (_host(address), "", address))
    return list(links.values())


def _shown(name: Identifier) -> str:
    return clean(name.value, 80) if name.scheme in _NAMES else ""


def _host(address: str) -> str:
    return address.partition("//")[2].partition("/")[0].removeprefix("www.")


def _name_of(code: str) -> str:
    """The category's name, where its page is; empty for one that has none."""
    return arxiv_categories.name_of(code) if arxiv_categories.canonical(code) == code else ""


ROUTES = (page("/paper/{name:path}", show, public=True),)
