"""Semantic Scholar's Graph and Recommendations APIs (https://api.semanticscholar.org/api-docs/).

    a paper · [papers] (batch) · {data} (search, citations, references) · {recommendedPapers} · an author's {papers}

Which fields a paper has depends on what was asked for. ``tldr`` is a sentence that a model wrote: it is no abstract,
and whoever shows it must say where it is from.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from digest.catalog.identifiers import parse as parse_identifier
from digest.errors import SourceError
from digest.model import Batch, Entry, Identifier, Rejection, Signal
from digest.sources.entries import collect, make_entry, reading, rejection_id
from digest.sources.loose_json import first_text, loads, mapping, names, sequence, text
from digest.sources.text import instant, plain

SOURCE = "semanticscholar"
LABEL = "Semantic Scholar"

_NAMES: Mapping[str, str] = MappingProxyType(
    {"ArXiv": "arxiv", "DOI": "doi", "PubMed": "pmid", "PubMedCentral": "pmcid", "ACL": "acl", "CorpusId": "corpusid"}
)
"""Keys of ``externalIds`` that name papers → our schemes, the best first."""
MAX_TLDR = 1_000


def parse(data: bytes, *, now: dt.datetime) -> Batch:
    """All papers of one answer, citations as readings at ``now``. The key is the paper's id there.

    Raises:
        SourceError: Semantic Scholar reports an error, or it is none of the wrappings above.
    """
    return collect(_entry(paper, now) for paper in _papers(data))


def tldrs(data: bytes) -> Mapping[Identifier, str]:
    """The model's sentence on each paper that has one, under every name of the paper.

    Raises:
        SourceError: as :func:`parse`.
    """
    found: dict[Identifier, str] = {}
    for paper in _papers(data):
        inside = mapping(paper)
        if sentence := plain(text(mapping(inside.get("tldr")).get("text"))[: MAX_TLDR * 2])[:MAX_TLDR]:
            identifiers = (parse_identifier(spelling) for spelling in _spellings(inside))
            found.update(dict.fromkeys((one for one in identifiers if one is not None), sentence))
    return found


def _papers(data: bytes) -> Sequence[object]:
    try:
        outer = loads(data)
    except ValueError as error:
        raise SourceError(SOURCE, f"{LABEL} sent something that is {error}") from error
    if isinstance(outer, list):
        return outer
    item = mapping(outer)
    if said := first_text(item, "error", "message"):
        raise SourceError(SOURCE, f"{LABEL} said: {plain(said)[:200]}")
    for wrapping in ("data", "recommendedPapers", "papers"):
        if isinstance(item.get(wrapping), list):
            return sequence(item.get(wrapping))
    if any(key in item for key in ("paperId", "citingPaper", "citedPaper")):
        return [outer]
    raise SourceError(SOURCE, f"{LABEL} sent JSON without papers")


def _entry(found: object, now: dt.datetime) -> Entry | Rejection:
    item = mapping(found)
    paper = next((mapping(item[key]) for key in ("citingPaper", "citedPaper") if key in item), item)
    title, key = text(paper.get("title")), text(paper.get("paperId"))
    if not paper:
        return Rejection("(no id)", f"{LABEL} does not know this paper")
    if not key:
        return Rejection(rejection_id(title), f"no id: {LABEL} has no page for it")
    return make_entry(
        source=SOURCE,
        key=key,
        title=title,
        spellings=_spellings(paper),
        abstract=text(paper.get("abstract")),
        authors=names(paper.get("authors")),
        published_at=instant(text(paper.get("publicationDate"))),
        journal_ref=text(mapping(paper.get("journal")).get("name")) or text(paper.get("venue")),
        readings=(
            *reading(Signal.S2_CITATIONS, paper.get("citationCount"), now),
            *reading(Signal.S2_INFLUENTIAL_CITATIONS, paper.get("influentialCitationCount"), now),
        ),
    )


def _spellings(paper: Mapping[str, object]) -> list[str]:
    external = mapping(paper.get("externalIds"))
    spelled = [f"{scheme}:{name}" for key, scheme in _NAMES.items() if (name := text(external.get(key)))]
    for scheme, key in (("s2", "paperId"), ("corpusid", "corpusId")):
        if name := text(paper.get(key)):
            spelled.append(f"{scheme}:{name}")
    return spelled
