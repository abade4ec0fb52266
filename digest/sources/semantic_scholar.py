"""Semantic Scholar's Graph and Recommendations APIs (https://api.semanticscholar.org/api-docs/).

    a paper · [papers] (batch) · {data} (search, citations, references) · {recommendedPapers} · an author's {papers}

Which fields a paper has depends on what was asked for. ``tldr`` is a sentence that a model wrote: it is no abstract,
and whoever shows it must say where it is from.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from digest.errors import SourceError
from digest.model import Batch, Entry, Reading, Rejection, Signal
from digest.sources.entries import collect, make_entry, reading, rejection_id
from digest.sources.loose_json import first_text, mapping, names, read_json, sequence, text
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is told of one paper that was asked for by name."""

    readings: tuple[Reading, ...]
    tldr: str = ""


def batch(data: bytes, count: int, *, now: dt.datetime) -> tuple[Found | None, ...]:
    """The answer to ``count`` names, in their order; None for a paper that is not known there.

    Raises:
        SourceError: as :func:`parse`, and when it is not one answer for each name.
    """
    if count and b"No valid paper ids given" in data[:200]:  # with status 400, when it knows none of them
        return (None,) * count
    papers = _papers(data)
    if len(papers) != count:
        raise SourceError(SOURCE, f"{LABEL} gave {len(papers)} answers to {count} names")
    return tuple(_found(mapping(paper), now) if paper is not None else None for paper in papers)


def _found(paper: Mapping[str, object], now: dt.datetime) -> Found:
    return Found(readings=_readings(paper, now), tldr=_tldr(paper))


def _tldr(paper: Mapping[str, object]) -> str:
    return plain(text(mapping(paper.get("tldr")).get("text"))[: MAX_TLDR * 2])[:MAX_TLDR]


def _readings(paper: Mapping[str, object], now: dt.datetime) -> tuple[Reading, ...]:
    return (
        *reading(Signal.S2_CITATIONS, paper.get("citationCount"), now),
        *reading(Signal.S2_INFLUENTIAL_CITATIONS, paper.get("influentialCitationCount"), now),
    )


def _papers(data: bytes) -> Sequence[object]:
    outer = read_json(data, source=SOURCE, label=LABEL)
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
        readings=_readings(paper, now),
    )


def _spellings(paper: Mapping[str, object]) -> list[str]:
    external = mapping(paper.get("externalIds"))
    spelled = [f"{scheme}:{name}" for key, scheme in _NAMES.items() if (name := text(external.get(key)))]
    for scheme, key in (("s2", "paperId"), ("corpusid", "corpusId")):
        if name := text(paper.get(key)):
            spelled.append(f"{scheme}:{name}")
    return spelled
