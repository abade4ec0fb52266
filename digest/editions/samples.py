"""Something to show in every mail: made-up readers, papers and days, calm or hostile.

For looking at templates without a store, and for trying an operator's own: the hostile ones say in every place
what a feed might say to break a mail.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from digest.editions.content import EditionContent, MissedView, PickView, SiteInfo, SourceHealth
from digest.editions.letters import Confirm, Goodbye, Line, Report, Task, WayBack
from digest.editions.message import Composed, Composer
from digest.languages import ENGLISH
from digest.model import (
    Attention,
    EditionKey,
    Frequency,
    Identifier,
    Lane,
    MailLayout,
    Paper,
    Pick,
    Scheme,
    Section,
    SendTimes,
    Subscriber,
    Summary,
)

HOSTILE = '<script>alert(1)</script><img src=x> " onmouseover="x" {{ 7 * 7 }} --><![endif]--> \u202eevil ' + "x" * 120
"""What no template may let through as markup."""

_READER = Subscriber(
    id="ada",
    email="ada@uni.example",
    name="Ada Lovelace",
    times=SendTimes(timezone="Europe/London"),
    lanes=(Lane(name="Sparse attention"), Lane(name="Protein design", authors=("Noor Haddad",))),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    title: str
    authors: tuple[str, ...]
    category: str
    summary: Summary
    reason: str
    section: Section
    lane: str | None = None
    attention: Attention = field(default_factory=Attention)
    code: bool = False


_PAPERS = (
    _Sample(
        title="Folding in the dark: protein structure from noisy half-sequences",
        authors=("Noor Haddad", "L. Mbeki", "José Ortiz"),
        category="q-bio.BM",
        summary=Summary(
            "A model trained on sequences with half their residues hidden predicts folds within 1.9 Å of experiment.",
            "It needs no alignment, and runs on one GPU.",
        ),
        reason="by Noor Haddad, whom you follow · “protein design”",
        section=Section.FOLLOWED,
        attention=Attention(votes=64, rising=True, stars=310),
        code=True,
    ),
    _Sample(
        title="Two keys per block: sparse attention that remembers what matters",
        authors=("Mei Tanaka", "A. Okafor", "R. Lindqvist", "D. Petrov"),
        category="cs.LG",
        summary=Summary(
            "Keeping two keys of every block of the KV cache and dropping the rest makes decoding 3.1 times faster.",
            "Recall on twelve long-context tasks falls by 0.4 % at a quarter of the memory.",
        ),
        reason="“KV cache” · 181 votes in 9 h, top 2 % of cs.LG",
        section=Section.LANE,
        lane="Sparse attention",
        attention=Attention(votes=181, stars=1234),
        code=True,
    ),
    _Sample(
        title="注意力机制的稀疏化:一个统一的视角",
        authors=("王芳", "李伟"),
        category="cs.CL",
        summary=Summary("We show that seven ways to sparsify attention are one projection with different constraints."),
        reason="“sparse attention”",
        section=Section.LANE,
        lane="Sparse attention",
    ),
    _Sample(
        title="Do larger models know when they are wrong? A replication over nine families",
        authors=("دانا الخطيب",),
        category="cs.AI",
        summary=Summary(
            "Calibration improves with size in four of nine model families, worsens in two, and stays in three.",
        ),
        reason="412 votes in 20 h, the most of cs.AI today",
        section=Section.TRENDING,
        attention=Attention(votes=412, rising=True),
    ),
    _Sample(
        title="How ants decide when to stop digging",
        authors=("P. Novák", "E. Laurent", "S. Kim"),
        category="q-bio.PE",
        summary=Summary("Nest size is kept by a simple rule: an ant digs until it meets others too often."),
        reason="from outside your lanes; its field reads it a lot",
        section=Section.OUTSIDE,
        attention=Attention(votes=38),
    ),
)


def compose(
    composer: Composer, mail: str, site: SiteInfo, now: dt.datetime, *, compact: bool = False, language: str = ENGLISH
) -> Composed:
    """The mail (one of ``MAILS``) with calm content."""
    return _composed(composer, mail, site, now, replace(_READER, language=language), _picks(now), compact=compact)


def compose_hostile(
    composer: Composer, mail: str, site: SiteInfo, now: dt.datetime, *, compact: bool = False, language: str = ENGLISH
) -> Composed:
    """The mail with :data:`HOSTILE` wherever a feed, a server or a reader has a say."""
    bad = HOSTILE
    reader = replace(_READER, name=bad, lanes=(Lane(name=bad),), language=language)
    picks = tuple(
        PickView(
            pick=replace(view.pick, reason=bad, lane=bad),
            paper=replace(view.paper, title=bad, authors=(bad,) * 3, categories=(bad,)),
            summary=Summary(bad, bad, by=bad if number % 2 else ""),
        )
        for number, view in enumerate(_picks(now))
    )
    return _composed(composer, mail, site, now, reader, picks, compact=compact, said=bad)


def _composed(
    composer: Composer, mail: str, site: SiteInfo, now: dt.datetime, reader: Subscriber, picks: tuple[PickView, ...],
    *, compact: bool, said: str = "",
) -> Composed:  # fmt: skip
    match mail:
        case "confirm":
            url = "https://papers.example/confirm/sample"
            return composer.confirm(
                Confirm(subscriber=reader, site=site, sent_at=now, confirm_url=url, valid_for=dt.timedelta(days=2))
            )
        case "link":
            url = "https://papers.example/f/sample/0/preferences"
            return composer.way_back(
                WayBack(subscriber=reader, site=site, sent_at=now, page_url=url, asked_to_join=bool(said))
            )
        case "goodbye":
            return composer.goodbye(
                Goodbye(subscriber=reader, site=site, sent_at=now, back_url="https://papers.example/back/sample")
            )
        case "report":
            return composer.report(_report(site, now, said))
    times = replace(reader.times, frequency=Frequency.WEEKLY) if mail == "weekly" else reader.times
    layout = MailLayout.COMPACT if compact else MailLayout.FULL
    return composer.compose(
        EditionContent(
            key=EditionKey(reader.id, now.date()),
            subscriber=replace(reader, times=times, layout=layout),
            site=site,
            sent_at=now,
            picks=picks,
            missed=(MissedView(said or "Rotary embeddings, revisited", "https://arxiv.org/abs/2611.00009", said),),
            considered=298,
            health=_health(said),
            welcome=mail == "welcome",
            notice=said or None,
        )
    )


def _picks(now: dt.datetime) -> tuple[PickView, ...]:
    return tuple(
        PickView(
            pick=Pick(
                paper_id=number,
                section=sample.section,
                lane=sample.lane,
                score=1.0,
                parts=(),
                reason=sample.reason,
                attention=sample.attention,
            ),
            paper=Paper(
                id=number,
                title=sample.title,
                abstract="",
                authors=sample.authors,
                categories=(sample.category,),
                url=f"https://arxiv.org/abs/2611.{number:05}",
                identifiers=(Identifier(Scheme.ARXIV, f"2611.{number:05}"),),
                first_seen_at=now - dt.timedelta(days=1),
                code_url="https://github.com/example/sample" if sample.code else None,
            ),
            summary=sample.summary,
        )
        for number, sample in enumerate(_PAPERS, start=1)
    )


def _health(said: str) -> tuple[SourceHealth, ...]:
    return (
        SourceHealth("arXiv", True, said, read=312, announced=312),
        SourceHealth("Hugging Face", False, said or "Hugging Face did not answer"),
    )


def _report(site: SiteInfo, now: dt.datetime, said: str) -> Report:
    figures: Mapping[str, int] = {"accepted": 308, "skipped": 11, "deferred": 1, "failed": 1, "uncertain": 1}
    return Report(
        to="operator@uni.example",
        site=site,
        sent_at=now,
        day=now.date(),
        headline=said or "308 of 322 mails sent",
        tasks=(
            Task(what=said or "1 mail may or may not have arrived", todo=said or "digest queue --state uncertain"),
            Task(what=said or "the file of bob can't be read", todo=said or "bob.yaml:3: timezone: 'CET' is no zone"),
        ),
        books=tuple(Line(label=state, value=str(number)) for state, number in figures.items()),
        sources=_health(said),
        troubles=(
            Line(label=said or "eve", value="deferred", note=said or "450 4.2.1 mailbox busy; again at 09:40 UTC"),
            Line(label=said or "mallory", value="failed", note=said or "552 5.3.4 message too large"),
        ),
        suppressed=(Line(label=said or "gone@uni.example", value="22 Nov", note=said or "550 5.1.1 no such user"),),
    )
