"""Cases to learn a forecast from: papers as announced and as listed, each with what was known of it then."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import zstandard

from digest.ranking.authorship import Counts, Floats
from digest.ranking.forecast import CATEGORIES, numbers_of
from digest.ranking.past import USUAL_GROWTH, Listings, Names, Past
from digest.ranking.people import author_hashes
from digest.ranking.text import TextBasis, Vectors
from digest.ranking.tokens import SEPARATOR, token_hashes
from digest.ranking.trend import HALF_TIME_H

LATE_H: Final = 8.0
"""About how long a paper had stood on the list at its first reading: both readings of a day are made then."""
SETTLED: Final = dt.timedelta(hours=60)
GROWN: Final = (dt.timedelta(hours=48), dt.timedelta(days=8))
"""When the reading is made that tells how the first votes grew."""
YOUNG_WEIGHT: Final = 0.6
"""Of a listing whose last reading was made within two days."""
EQUAL_LISTS: Final = "2025-03"
"""The first month whose lists were all read at about eight in the morning."""

Reading = tuple[dt.datetime, int]


class Record(NamedTuple):
    """A paper as announced (``reading`` None) or as listed, with its first reading."""

    day: str
    kind: int
    id: str
    title: str
    abstract: str
    authors: Sequence[str]
    outcome: float
    reading: Reading | None
    stars: float


ANNOUNCED, LISTED, LISTED_LATE = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Papers in order of days: announced ones (``outcome`` 1 if it ever reached the list), and listings with their
    ``first`` reading and all later ones. ``past`` is as of after the last day."""

    ids: list[str]
    days: npt.NDArray[np.str_]
    kinds: npt.NDArray[np.int8]
    outcome: Floats
    stars: Floats
    first: list[Reading | None]
    later: list[list[Reading]]
    numbers: Floats
    vectors: Vectors
    past: Past

    def settled(self, until: str) -> tuple[Floats, Floats]:
        """The logs of the votes that each listing is on its way to, by what was read before ``until``, and weights.

        Weight 0 of what is no listing.
        """
        logs, weights = np.zeros(len(self.ids)), np.zeros(len(self.ids))
        last = dt.datetime.fromisoformat(until).replace(tzinfo=dt.UTC)
        for case, first in enumerate(self.first):
            if first is None or first[0] >= last:
                continue
            at, votes = max([first, *(reading for reading in self.later[case] if first[0] <= reading[0] < last)])
            hours = (at - first[0]).total_seconds() / 3600 + LATE_H
            logs[case] = np.log((votes + 1) * (hours + HALF_TIME_H) / hours)
            weights[case] = 1.0 if hours > 48 else YOUNG_WEIGHT
        return logs, weights

    def growth(self, until: str) -> Floats:
        """By how much the logs of each listing's first votes grew, by what was read before ``until``; NaN if unread."""
        last = dt.datetime.fromisoformat(until).replace(tzinfo=dt.UTC)
        found = np.full(len(self.ids), np.nan)
        for case, first in enumerate(self.first):
            if first is None or self.kinds[case] != LISTED or self.days[case] < EQUAL_LISTS:
                continue
            if settled := [
                reading for reading in self.later[case] if SETTLED < reading[0] - first[0] <= last - first[0]
            ]:
                found[case] = np.log((max(settled)[1] + 3) / (first[1] + 3))
        return found


def lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        yield from io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8")


def load(folder: Path, basis: TextBasis) -> Cases:
    """Every newly announced paper and every listing below ``folder``, with what was known of it then."""
    readings: dict[str, list[Reading]] = defaultdict(list)
    for row in csv.DictReader(lines(folder / "hf_daily_papers" / "upvote_snapshots.csv.zst")):
        readings[row["paper_id"]].append((dt.datetime.fromisoformat(row["observed_at"]), int(row["upvotes"])))
    records, categories = [], {}
    for path in sorted((folder / "arxiv_announced" / "papers").glob("*.jsonl.zst")):
        for paper in map(json.loads, lines(path)):
            categories[paper["id"]] = paper["categories"]
            if "new" in paper["types"]:
                about = (paper["id"], paper["title"], paper["abstract"], paper["authors"])
                records.append(
                    Record(paper["first_announced"], ANNOUNCED, *about, float(paper.get("hf", 0)), None, np.nan)
                )
    for paper in map(json.loads, lines(folder / "hf_daily_papers" / "papers.jsonl.zst")):
        about = (paper["id"], paper["title"], paper["summary"], paper["authors"])
        first = (dt.datetime.fromisoformat(paper["snapshot_at"]), int(paper["upvotes"]))
        # A count without a repository is none.
        stars = float(paper.get("githubStars") or 0) if paper.get("githubRepo") else np.nan
        records.append(Record(paper["list_date"], LISTED, *about, 1.0, first, stars))
    for paper in map(json.loads, lines(folder / "hf_daily_papers" / "papers_rss_only.jsonl.zst")):
        about = (paper["id"], paper["title"], paper["summary"], paper["authors"])
        at = dt.datetime.fromisoformat(paper["first_seen"])
        votes = min(readings[paper["id"]])[1] if readings[paper["id"]] else int(paper["last_upvotes"])
        records.append(Record(str(at.date()), LISTED_LATE, *about, 1.0, (at, votes), np.nan))
    records.sort(key=lambda record: (record.day, record.kind, record.id))
    return cases_of(records, readings, categories, basis)


def cases_of(
    records: Sequence[Record],
    readings: dict[str, list[Reading]],
    categories: dict[str, Sequence[str]],
    basis: TextBasis,
) -> Cases:
    separator = np.array([SEPARATOR], dtype=np.uint32)
    titles = [token_hashes(record.title) for record in records]
    abstracts = [token_hashes(record.abstract) for record in records]
    of_each = [np.array([author_hashes(n)[1] & 0xFFFFFFFF for n in r.authors], dtype=np.uint32) for r in records]
    names, counts = np.concatenate(of_each), np.array([len(own) for own in of_each], dtype=np.intp)
    days = np.array([dt.date.fromisoformat(record.day).toordinal() for record in records], dtype=np.int32)
    # A number for each paper, the same for its announcement and its listings.
    numbers = {name: number for number, name in enumerate(dict.fromkeys(record.id for record in records))}
    papers = np.array([numbers[record.id] for record in records], dtype=np.int64)
    kinds = np.array([record.kind for record in records], dtype=np.int8)
    later = [readings[record.id] if record.kind else [] for record in records]
    listings = listings_of(records, later, papers, days, of_each)
    keys, seen, before = announced_before(names, counts, days, kinds == ANNOUNCED)
    past = Past(keys=keys, seen=seen, listings=listings)
    fields = [categories.get(record.id, ()) for record in records]
    return Cases(
        ids=[record.id for record in records],
        days=np.array([record.day for record in records]),
        kinds=kinds,
        outcome=np.array([record.outcome for record in records]),
        stars=np.array([record.stars for record in records]),
        first=[record.reading for record in records],
        later=later,
        numbers=numbers_of(
            past.numbers_given(before, names, counts, days, papers),
            np.array([[name in own for name in CATEGORIES] for own in fields], dtype=np.float64),
            np.array([[name in own[:1] for name in CATEGORIES] for own in fields], dtype=np.float64),
            np.array([len(title) for title in titles], dtype=np.float64),
            np.array([len(abstract) for abstract in abstracts], dtype=np.float64),
        ),
        vectors=basis.embed_tokens(
            [np.concatenate([t, separator, a, separator]) for t, a in zip(titles, abstracts, strict=True)]
        ),
        past=past,
    )


def listings_of(
    records: Sequence[Record],
    later: Sequence[list[Reading]],
    papers: npt.NDArray[np.int64],
    days: npt.NDArray[np.int32],
    names: Sequence[Names],
) -> Listings:
    """The first listing of each paper."""
    firsts: dict[int, tuple[int, Reading]] = {}
    for case, record in enumerate(records):
        if record.reading is not None:
            firsts.setdefault(int(papers[case]), (case, record.reading))
    chosen = [case for case, _ in firsts.values()]
    growth = []
    for case, (at, votes) in firsts.values():
        grown = [r for r in later[case] if GROWN[0] < r[0] - at <= GROWN[1]] if records[case].kind == LISTED else []
        growth.append(np.log((max(grown)[1] + 3) / (votes + 3)) - USUAL_GROWTH if grown else np.nan)
    return Listings(
        papers=papers[chosen],
        days=days[chosen],
        liking=np.log1p([votes for _, (_, votes) in firsts.values()]).astype(np.float16),
        growth=np.array(growth, dtype=np.float16),
        counts=np.array([len(np.unique(names[case])) for case in chosen], dtype=np.uint16),
        names=np.concatenate([np.unique(names[case]) for case in chosen]),
    )


def announced_before(
    names: Names, counts: Counts, days: npt.NDArray[np.int32], announced: npt.NDArray[np.bool_]
) -> tuple[Names, npt.NDArray[np.uint16], Floats]:
    """Everybody's hash, how many papers they announced in all, and for each name how many on days before its own."""
    keys, who = np.unique(names, return_inverse=True)
    span = np.int64(1 << 22)
    moment = who * span + np.repeat(days, counts)
    events = np.sort(moment[np.repeat(announced, counts)])
    before = np.searchsorted(events, moment) - np.searchsorted(events, who * span)
    total = np.bincount(events // span, minlength=len(keys))
    return keys.astype(np.uint32), np.minimum(total, 65_535).astype(np.uint16), before.astype(np.float64)
