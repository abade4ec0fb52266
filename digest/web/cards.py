"""A paper as lists show it: the mail's card, on a page."""

from __future__ import annotations

from dataclasses import dataclass, replace

from digest.editions.clean import clean, safe_url
from digest.editions.wording import authors
from digest.languages import Language
from digest.model import Attention, Paper
from digest.summaries.tldr import summarise

_NOTHING_KNOWN = Attention()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the macro ``card`` of ``_card.html.j2`` draws; all of it is text."""

    id: int
    title: str
    authors: str
    category: str
    date: str
    tldr: str = ""
    more: str = ""
    votes: str = ""
    rising: bool = False
    stars: str = ""
    code_url: str = ""


def card_of(paper: Paper, language: Language, attention: Attention | None = None) -> Card:
    """With its summary, which takes a millisecond. ``attention``: as it is now, where it is known."""
    summary = summarise(paper.title, paper.abstract)
    return replace(
        plain_card_of(paper, language, attention), tldr=clean(summary.tldr, 600), more=clean(summary.more, 600)
    )


def plain_card_of(paper: Paper, language: Language, attention: Attention | None = None) -> Card:
    """Without a summary."""
    known = attention or _NOTHING_KNOWN
    return Card(
        id=paper.id,
        title=clean(paper.title),
        authors=authors(paper.authors),
        category=clean(paper.primary_category or "", 60),
        date=language.date(paper.announced_at or paper.published_at or paper.first_seen_at, "medium"),
        votes=language.compact(known.votes) if known.votes else "",
        rising=known.rising,
        stars=language.compact(known.stars) if known.stars else "",
        code_url=safe_url(paper.code_url) or "",
    )
