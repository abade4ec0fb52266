"""How votes grow with the hours on the list: ``python training/growth.py --data DIR``.

Prints, for bins of hours since a paper was listed on Hugging Face Daily Papers, the share of its settled votes (the
last reading, at least 72 h later) that it had then: the median over papers, all votes together, and the curve that
:mod:`digest.ranking.trend` uses, ``h / (h + HALF_TIME_H)``.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import zstandard

from digest.ranking.trend import HALF_TIME_H

BINS_H = (0, 2, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96, 168, 336)
FEWEST_VOTES = 5


def lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        yield from io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data / "hf_daily_papers"
    listed: dict[str, dt.datetime] = {}
    readings: dict[str, list[tuple[dt.datetime, int]]] = defaultdict(list)
    for paper in map(json.loads, lines(folder / "papers.jsonl.zst")):
        if since := paper.get("submittedOnDailyAt"):
            listed[paper["id"]] = dt.datetime.fromisoformat(since)
            readings[paper["id"]].append((dt.datetime.fromisoformat(paper["snapshot_at"]), paper["upvotes"]))
    for row in csv.DictReader(lines(folder / "upvote_snapshots.csv.zst")):
        readings[row["paper_id"]].append((dt.datetime.fromisoformat(row["observed_at"]), int(row["upvotes"])))
    found: dict[int, list[tuple[float, int, int]]] = defaultdict(list)
    for paper_id, since in listed.items():
        last_at, settled = max(readings[paper_id])
        if settled < FEWEST_VOTES or last_at - since < dt.timedelta(hours=72):
            continue
        for at, votes in readings[paper_id]:
            hours = (at - since).total_seconds() / 3600
            if hours >= 0:
                found[int(np.searchsorted(BINS_H, hours, side="right")) - 1].append((hours, votes, settled))
    print("hours   readings  median  together  curve")
    for number, start in enumerate(BINS_H):
        if cases := found.get(number):
            hours, votes, settled_votes = np.array(cases).T
            curve = float(np.median(hours / (hours + HALF_TIME_H)))
            share, together = float(np.median(votes / settled_votes)), float(votes.sum() / settled_votes.sum())
            print(f"{start:3d} h + {len(cases):9d}  {share:6.2f}  {together:8.2f}  {curve:5.2f}")


if __name__ == "__main__":
    main()
