"""A small corpus for tests of the ranker: papers with few words, votes where they matter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from digest.model import Identifier, Lane, Mute, Observation, Paper, Scheme, SendTimes, Signal, Subscriber
from digest.ranking.corpus import CandidateRow, Corpus
from digest.ranking.forecast import Forecast
from digest.ranking.selection import Ranker, Reader
from digest.ranking.text import TextBasis, features_of

NOW = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)
CANDIDATE_AGE = dt.timedelta(days=8)

FILLERS = (
    ("Tidal mixing in shallow estuaries", "We measure salinity with moored buoys over two winters.", "physics.ao-ph"),
    ("A note on finite lattices", "We prove that every modular lattice of this kind embeds into another.", "math.CO"),
    ("Wage rigidity after a currency union", "Panel data of 30,000 firms show slow adjustment.", "econ.GN"),
    (
        "Grain boundaries in sintered alloys",
        "Electron microscopy reveals segregation of phosphorus.",
        "cond-mat.mtrl-sci",
    ),
    ("Nesting success of urban sparrows", "We followed 140 nests in five cities.", "q-bio.PE"),
    ("Optimal reinsurance with two lines", "Ruin probabilities are bounded for heavy tails.", "q-fin.RM"),
)


def paper(
    number: int,
    title: str,
    abstract: str = "",
    *,
    category: str = "cs.LG",
    more_categories: Sequence[str] = (),
    authors: Sequence[str] = ("Ada Lovelace",),
    age_h: float = 12.0,
) -> Paper:
    seen = NOW - dt.timedelta(hours=age_h)
    return Paper(
        id=number,
        title=title,
        abstract=abstract,
        authors=tuple(authors),
        categories=(category, *more_categories) if category else (),
        url=f"https://arxiv.org/abs/2605.{number:05d}",
        identifiers=(Identifier(Scheme.ARXIV, f"2605.{number:05d}"),),
        first_seen_at=seen,
        announced_at=seen,
    )


def fillers(first: int = 1000, rounds: int = 10) -> list[Paper]:
    """Papers about nothing that the tests' readers want."""
    return [
        paper(first + 10 * n + k, f"{title}, part {n}", abstract, category=category, authors=("Nemo Nobody",))
        for n in range(rounds)
        for k, (title, abstract, category) in enumerate(FILLERS)
    ]


def own_words(number: int) -> str:
    """Words that only this paper has, so that it is nobody's near-twin."""
    return " ".join(f"w{number}x{n}" for n in range(20))


def votes(number: int, count: float, *, hours_ago: float = 1.0, signal: Signal = Signal.HF_UPVOTES) -> Observation:
    return Observation(number, signal, count, NOW - dt.timedelta(hours=hours_ago))


def corpus_of(
    papers: Sequence[Paper],
    observations: Sequence[Observation] = (),
    *,
    withdrawn: Sequence[int] = (),
    forecast: Forecast | None = None,
) -> Corpus:
    basis = TextBasis.shipped()
    rows = [
        CandidateRow(
            paper_id=paper.id,
            seen_at=paper.announced_at or paper.first_seen_at,
            primary_category=paper.primary_category or "",
            features=blob,
            withdrawn=paper.id in withdrawn,
        )
        for paper, blob in zip(papers, features_of(papers, basis), strict=True)
    ]
    return Corpus.build(rows, observations, basis=basis, now=NOW, forecast=forecast)


def ranker_of(
    papers: Sequence[Paper], observations: Sequence[Observation] = (), *, withdrawn: Sequence[int] = ()
) -> Ranker:
    return Ranker(corpus_of(papers, observations, withdrawn=withdrawn), now=NOW, candidate_age=CANDIDATE_AGE)


def reader(
    *lanes: Lane,
    name: str = "ada",
    papers: int = 10,
    balance: float = 0.7,
    mute: Mute | None = None,
    explore: bool = True,
    sent: Sequence[int] = (),
    known: Sequence[int] = (),
    examples: Mapping[Identifier, bytes] | None = None,
) -> Reader:
    subscriber = Subscriber(
        id=name,
        email=f"{name}@example.org",
        times=SendTimes(timezone="UTC"),
        lanes=lanes,
        papers=papers,
        balance=balance,
        mute=mute or Mute(),
        explore=explore,
    )
    return Reader(subscriber=subscriber, sent=frozenset(sent), known=frozenset(known), examples=examples or {})
