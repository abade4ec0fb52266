"""Ranking for a thousand to a million readers: what it costs beside the bare matrix product that it is made of.

    python benchmarks/rank_scale.py [--papers 2000] [--readers 1000,10000,100000,1000000] [--lanes 3] [--json]

*ours*: the ranker's own functions (:mod:`digest.ranking.estimates`, :class:`digest.ranking.scoring.Scored`), from lane
models to each reader's top 20 in exact order, with every part of every score; lanes have the dimensions and the manner
of ``benchmarks/interests.py``, phrases that stand in some papers, and each reader has papers that are gone for them.
*bare*: for the same lanes, stacked already, one float32 matrix product with the papers, and ``argpartition`` of one row
per reader. It is timed chunk by chunk between ours, so that both meet the same machine; of many readers, on every
``BARE_EVERY``-th chunk.

Readers stream by in chunks and are made up on the way: 1,000 different ones, whose lanes are shuffled again for every
chunk. Making them up is not timed. Lanes are directions of libraries of 8 papers, in closed form, over papers of random
vectors: the time does not depend on what the numbers are. Peak memory is that of the whole process.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.interests import DIMS, MANNER
from digest.model import Observation, Signal
from digest.ranking.corpus import CandidateRow, Corpus, PhraseHits
from digest.ranking.estimates import Common, best, relevances
from digest.ranking.examples import Background
from digest.ranking.interests import BY_EXAMPLES, IN_TITLE, Floats, LaneModel, PhraseEvidence
from digest.ranking.scoring import NOVELTY, NOVELTY_HALF_LIFE_H, Profile, Scored
from digest.ranking.selection import LANES_AT_ONCE
from digest.ranking.text import Features, TextBasis, Vectors, category_hash

NOW = dt.datetime(2026, 5, 28, 6, 0, tzinfo=dt.UTC)
TOP = 20
BARE_EVERY = 8
ALWAYS_BARE = 256
"""Chunks of which each is timed bare too."""
DIFFERENT = 1_000
LIBRARY, HITS, GONE = 8, 10, 20
"""Papers of a lane's library, with its phrase, and gone for a reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds for ``readers`` of ours and ``bare_readers`` of the bare product."""

    readers: int
    ours_s: float
    bare_readers: int
    bare_s: float

    def as_dict(self) -> dict[str, float]:
        ours, bare = 1e6 * self.ours_s / self.readers, 1e6 * self.bare_s / self.bare_readers
        return {
            "readers": self.readers,
            "ms_per_1000": round(ours, 1),
            "bare_ms_per_1000": round(bare, 1),
            "ratio": round(ours / bare, 3),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }


def corpus_of(papers: int, rng: np.random.Generator) -> Corpus:
    """Candidates of random vectors and 200 words; half of them have votes."""
    vectors = rng.standard_normal((papers, DIMS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    basis = TextBasis(
        version="scale",
        keys=np.zeros(1, dtype=np.uint64),
        weights=np.ones(1, dtype=np.float32),
        directions=np.zeros((1, DIMS), dtype=np.int8),
        scales=np.ones(1, dtype=np.float32),
        mean=vectors.mean(axis=0),
        covariance=np.eye(DIMS, dtype=np.float32) / np.float32(DIMS),
    )
    category = np.array([category_hash("cs.LG")], dtype=np.uint64)
    rows = [
        CandidateRow(
            paper_id=number,
            seen_at=NOW - dt.timedelta(hours=float(rng.uniform(1, 72))),
            primary_category="cs.LG",
            features=Features(
                vector=vector,
                tokens=rng.integers(1, 1 << 32, 200, dtype=np.uint32),
                title_len=10,
                authors=np.empty(0, dtype=np.uint64),
                categories=category,
            ).pack(),
        )
        for number, vector in enumerate(vectors, start=1)
    ]
    votes = [Observation(number, Signal.HF_UPVOTES, float(rng.integers(1, 200)), NOW) for number in range(1, papers, 2)]
    return Corpus.build(rows, votes, basis=basis, now=NOW)


def lanes_of(corpus: Corpus, count: int, rng: np.random.Generator) -> list[LaneModel]:
    background = Background.of_papers(corpus.matrix, MANNER)
    coordinates = background.coordinates(corpus.matrix)
    made = []
    for number in range(count):
        library = coordinates[rng.choice(len(corpus), LIBRARY, replace=False)]
        direction, shift = background.in_basis(background.direction(library))
        rows = np.sort(rng.choice(len(corpus), HITS, replace=False))
        bonus = np.full(HITS, IN_TITLE)
        hits = PhraseHits(rows, np.ones(HITS, dtype=np.intp), np.ones(HITS, dtype=bool))
        phrase = PhraseEvidence(phrase=f"phrase {number}", hits=hits, apart=rows[:0], rows=rows, worth=bonus)
        made.append(
            LaneModel(
                name=f"lane {number}",
                direction=direction,
                shift=shift,
                likeness=BY_EXAMPLES,
                rows=rows,
                bonus=bonus,
                phrases=(phrase,),
                categories=(),
                authors=(),
                examples=LIBRARY,
            )
        )
    return made


def stream(
    corpus: Corpus, lanes: Sequence[LaneModel], readers: int, per_reader: int, rng: np.random.Generator
) -> Iterator[list[Profile]]:
    """Chunks of readers, with as many lanes as the ranker puts into one product; nothing of a chunk is kept."""
    size = LANES_AT_ONCE // per_reader
    for start in range(0, readers, size):
        chunk = []
        for _ in range(min(size, readers - start)):
            excluded = np.zeros(len(corpus), dtype=bool)
            excluded[rng.integers(0, len(corpus), GONE)] = True
            mine = tuple(lanes[number] for number in rng.integers(0, len(lanes), per_reader).tolist())
            chunk.append(Profile(lanes=mine, balance=0.7, followed={}, excluded=excluded))
        yield chunk


def top(
    corpus: Corpus, common: Common, novelty: Floats, chunk: Sequence[Profile]
) -> Iterator[tuple[Scored, list[int]]]:
    """Each reader's best papers: scored, with all parts, and their order."""
    estimates = relevances([lane for profile in chunk for lane in profile.lanes], corpus.matrix)
    everything, at = np.arange(len(corpus)), 0
    for profile in chunk:
        mine = estimates[at : at + len(profile.lanes)]
        at += len(profile.lanes)
        rows = best(everything, common.scores(profile, mine), TOP)
        scored = Scored.of(corpus, profile, rows, novelty)
        yield scored, scored.best_first(np.argsort(rows))[:TOP]


def bare(corpus: Corpus, directions: Vectors, per_reader: int) -> None:
    products = directions @ corpus.matrix.T
    np.argpartition(products[::per_reader], len(corpus) - TOP, axis=1)


def measure(corpus: Corpus, lanes: Sequence[LaneModel], readers: int, per_reader: int) -> Cost:
    novelty = NOVELTY * 0.5 ** (corpus.ages_h / NOVELTY_HALF_LIFE_H)
    common = Common.of(corpus, novelty)
    ours_s = bare_s = 0.0
    bare_readers, every = 0, BARE_EVERY if readers * per_reader > ALWAYS_BARE * LANES_AT_ONCE else 1
    for number, chunk in enumerate(stream(corpus, lanes, readers, per_reader, np.random.default_rng(2))):
        started = time.perf_counter()
        for scored, order in top(corpus, common, novelty, chunk):
            assert len(order) == TOP == len(set(scored.rows[order].tolist()))
        ours_s += time.perf_counter() - started
        if number % every == 0:
            directions = np.array([lane.direction for profile in chunk for lane in profile.lanes])
            started = time.perf_counter()
            bare(corpus, directions, per_reader)
            bare_s += time.perf_counter() - started
            bare_readers += len(chunk)
    return Cost(readers=readers, ours_s=ours_s, bare_readers=bare_readers, bare_s=bare_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="not needed: nothing is read")
    parser.add_argument("--papers", type=int, default=2_000)
    parser.add_argument("--readers", default="1000,10000,100000,1000000", help="numbers of readers, by comma")
    parser.add_argument("--lanes", type=int, default=3, help="of each reader")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    corpus = corpus_of(args.papers, rng)
    lanes = lanes_of(corpus, DIFFERENT * args.lanes, rng)
    measure(corpus, lanes, LANES_AT_ONCE, args.lanes)  # a first round, so that libraries and caches are warm
    costs = []
    for readers in map(int, args.readers.split(",")):
        costs.append(measure(corpus, lanes, readers, args.lanes).as_dict())
        if not args.json:
            print(costs[-1], flush=True)
    result = {"papers": args.papers, "dims": DIMS, "lanes_per_reader": args.lanes, "top": TOP, "runs": costs}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
