"""Small entries for tests; every field that matters is an argument."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from digest.model import AnnounceType, Entry, Identifier, Reading, Scheme, Signal

NOW = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)


def arxiv_entry(
    arxiv_id: str,
    title: str,
    *,
    authors: Sequence[str] = ("Ada Lovelace", "Charles Babbage"),
    categories: Sequence[str] = ("cs.LG",),
    abstract: str = "We study a thing. It works well on 3 benchmarks.",
    version: int = 1,
    announce_type: AnnounceType = AnnounceType.NEW,
    announced_at: dt.datetime | None = NOW,
    doi: str | None = None,
    withdrawn: bool = False,
) -> Entry:
    names = [Identifier(Scheme.ARXIV, arxiv_id)]
    if doi:
        names.append(Identifier(Scheme.DOI, doi))
    return Entry(
        source="arxiv",
        key=f"{arxiv_id}v{version}",
        identifiers=tuple(names),
        title=title,
        abstract=abstract,
        authors=tuple(authors),
        categories=tuple(categories),
        url=f"https://arxiv.org/abs/{arxiv_id}",
        announced_at=announced_at,
        version=version,
        announce_type=announce_type,
        withdrawn=withdrawn,
    )


def hf_entry(arxiv_id: str, title: str, *, upvotes: int, at: dt.datetime = NOW, authors: Sequence[str] = ()) -> Entry:
    return Entry(
        source="huggingface",
        key=arxiv_id,
        identifiers=(Identifier(Scheme.ARXIV, arxiv_id),),
        title=title,
        abstract="We study a thing. It works well on 3 benchmarks.",
        authors=tuple(authors),
        announced_at=at,
        readings=(Reading(Signal.HF_UPVOTES, float(upvotes), at),),
    )


def doi_entry(doi: str, title: str, *, authors: Sequence[str] = ("Ada Lovelace", "Charles Babbage")) -> Entry:
    return Entry(
        source="feed:journal.example",
        key=doi,
        identifiers=(Identifier(Scheme.DOI, doi),),
        title=title,
        authors=tuple(authors),
        url=f"https://doi.org/{doi}",
        published_at=NOW,
    )
