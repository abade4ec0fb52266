"""An edition to draw: ten made-up papers for one reader."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from digest.editions.content import EditionContent, MissedView, PickView, SiteInfo, SourceHealth
from digest.model import (
    Attention,
    EditionKey,
    Frequency,
    Identifier,
    Lane,
    Paper,
    Part,
    PartKind,
    Pick,
    Scheme,
    Section,
    SendTimes,
    Subscriber,
    Summary,
)

NOW = dt.datetime(2026, 11, 22, 6, 30, tzinfo=dt.UTC)
SITE = SiteInfo(name="Ada's papers", sender="Ada's papers <ada@uni.example>", contact="ada@uni.example")
READER = Subscriber(
    id="ada",
    email="ada@uni.example",
    name="Ada Lovelace",
    times=SendTimes(timezone="Europe/Berlin"),
    lanes=(Lane(name="Sparse attention", phrases=("KV cache",)), Lane(name="Proteins", authors=("David Baker",))),
)
TLDR = Summary(
    "We propose a kernel that keeps two keys of every block of the cache & drops the rest <at once>.",
    "On twelve tasks it is 3.1x faster than dense attention, with 4.2% better recall at a quarter of the memory.",
)
_SECTIONS = (
    (Section.FOLLOWED, None),
    *((Section.LANE, "Sparse attention"),) * 4,
    *((Section.LANE, "Proteins"),) * 2,
    *((Section.TRENDING, None),) * 2,
    (Section.OUTSIDE, None),
)


def paper(number: int, title: str | None = None, url: str | None = None) -> Paper:
    return Paper(
        id=number,
        title=title if title is not None else f"4-bit sparse attention, part {number}: what a cache of keys remembers",
        abstract="",
        authors=("Grace Hopper", "Emmy Noether", "David Baker"),
        categories=("cs.LG", "cs.CL"),
        url=url if url is not None else f"https://arxiv.org/abs/2611.{number:05}",
        identifiers=(Identifier(Scheme.ARXIV, f"2611.{number:05}"),),
        first_seen_at=NOW - dt.timedelta(days=1),
        code_url=f"https://github.com/example/sparse{number}" if number % 2 else None,
    )


def pick(number: int, section: Section = Section.TRENDING, lane: str | None = None) -> Pick:
    return Pick(
        paper_id=number,
        section=section,
        lane=lane,
        score=1.75,
        parts=(Part(PartKind.LANE, 1.25, "KV cache"), Part(PartKind.TREND, 0.5, "181 votes")),
        reason="“KV cache” · 181 votes in 9 h, top 2 % of cs.LG",
        attention=Attention(votes=181, rising=number in (2, 3), stars=1234),
    )


def view(number: int, section: Section = Section.TRENDING, lane: str | None = None) -> PickView:
    return PickView(pick(number, section, lane), paper(number), TLDR)


EDITION = EditionContent(
    key=EditionKey("ada", dt.date(2026, 11, 22)),
    subscriber=READER,
    site=SITE,
    sent_at=NOW,
    picks=tuple(view(number, *section) for number, section in enumerate(_SECTIONS, start=1)),
    missed=tuple(MissedView(f"Just missed, number {n}", f"https://arxiv.org/abs/2611.1000{n}") for n in range(4)),
    considered=298,
    health=(
        SourceHealth("arxiv", True, "arXiv 312/312"),
        SourceHealth("huggingface", False, "Hugging Face did not answer"),
    ),
)
WEEKLY = replace(READER, times=replace(READER.times, frequency=Frequency.WEEKLY))
QUIET = replace(EDITION, picks=())


def with_paper(changed: Paper, *, reason: str | None = None) -> EditionContent:
    """An edition of one paper."""
    one = pick(changed.id)
    return replace(EDITION, picks=(PickView(replace(one, reason=reason or one.reason), changed, TLDR),), missed=())


def many(number: int, title: str | None = None) -> tuple[PickView, ...]:
    """So many picks, of one lane but for the last."""
    sections = [(Section.LANE, "Sparse attention")] * (number - 1) + [(Section.OUTSIDE, None)]
    return tuple(PickView(pick(n, *section), paper(n, title), TLDR) for n, section in enumerate(sections, start=1))
