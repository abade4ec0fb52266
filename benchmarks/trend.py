"""How well the trend score at the eight-hour reading foretells the settled votes of Hugging Face's daily lists.

    python benchmarks/trend.py --data DIR [--from 2026-02-01] [--to 9999] [--json]

Each day's list is ranked at its first reading (about 08:00 UTC); truth is the last reading more than 60 h later; mean
over days of nDCG@10 with votes as gain, hit@5 and Spearman's ρ. Beside it: the order by votes, as every list has it.
A list is scored as production would: among everything that arXiv's four feeds announced in the eight days before, each
paper in its field.

*gain* is the mean over days of the difference in nDCG@10 between the two, with 95 % of a bootstrap over days.

*cold* is the same lists in the order of the forecast, without any votes or comments, but with the stars of a
repository where there is one; *birth* is without those either: what is known on the day of the announcement.
*announced* ranks all papers newly announced on a day in cs.AI, cs.CL, cs.CV and cs.LG: the precision of the first
twenty for those that ever reach the list, and the mean over days of its ratio to the day's base rate; ``v1_only`` is
the same among papers of one version only.

Everything that is learnt is learnt anew for each month by ``training/forecast.py``, from days that end a week before it
and readings made before it; authors' past is as of the day before. What the product adds at run time (a service's own
history) is the same past, continued.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import zstandard
from scipy.stats import spearmanr

from digest.model import Observation, Signal
from digest.ranking.forecast import Prospects
from digest.ranking.text import TextBasis
from digest.ranking.trend import trend_of

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from training.cases import ANNOUNCED, LISTED, Cases
from training.cases import load as load_cases
from training.forecast import learn

Floats = npt.NDArray[np.float64]

LEARN_UNTIL_DAYS = 7
"""Days between the last that is learnt from and the month that is foretold: a paper's listing may take a week."""
SMALLEST_DAY = 40
"""Fewer announced papers are a holiday's, and twenty of them no choice."""


def lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        yield from io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8")


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def measures(scores: Floats, truth: Floats) -> tuple[float, float, float]:
    gain = 1 / np.log2(np.arange(2, 12))
    order, ideal = np.argsort(-scores, kind="stable"), np.sort(truth)[::-1][:10]
    got = truth[order[:10]]
    ndcg = float((got * gain[: len(got)]).sum() / (ideal * gain[: len(ideal)]).sum())
    hit = len(set(order[:5].tolist()) & set(np.argsort(-truth)[:5].tolist())) / 5
    return ndcg, hit, float(spearmanr(scores, truth)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--from", dest="first", default="2026-02-01")
    parser.add_argument("--to", dest="last", default="9999")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    readings: dict[str, list[tuple[dt.datetime, int]]] = defaultdict(list)
    for row in csv.DictReader(lines(args.data / "hf_daily_papers" / "upvote_snapshots.csv.zst")):
        readings[row["paper_id"]].append((instant(row["observed_at"]), int(row["upvotes"])))
    fields: dict[str, str] = {}
    announced: dict[str, list[str]] = defaultdict(list)
    versions: dict[str, int] = {}
    for path in sorted((args.data / "arxiv_announced" / "papers").glob("*.jsonl.zst")):
        for paper in map(json.loads, lines(path)):
            fields[paper["id"]] = paper["categories"][0]
            announced[paper["first_announced"]].append(paper["id"])
            versions[paper["id"]] = paper["version"]
    days = defaultdict(list)
    for paper in map(json.loads, lines(args.data / "hf_daily_papers" / "papers.jsonl.zst")):
        read_at = instant(paper["snapshot_at"])
        later = [reading for reading in readings[paper["id"]] if reading[0] - read_at > dt.timedelta(hours=60)]
        if args.first <= paper["list_date"] <= args.last and later:
            days[paper["list_date"]].append((paper, read_at, float(max(later)[1])))
    cases = load_cases(args.data, TextBasis.shipped())
    foretold, of_stars = forecasts(cases, args.first, args.last)
    row_of = {
        (day, paper): row
        for row, (day, paper) in enumerate(zip(cases.days.tolist(), cases.ids, strict=True))
        if cases.kinds[row] == LISTED
    }
    ours, votes_only, cold, birth = [], [], [], []
    for day in sorted(days):
        if len(days[day]) < 8:
            continue
        rows = np.array([row_of[day, str(paper["id"])] for paper, *_ in days[day]])
        truth = np.array([settled for *_, settled in days[day]])
        votes = np.array([float(paper["upvotes"]) for paper, *_ in days[day]])
        last_week = [str(dt.date.fromisoformat(day) - dt.timedelta(days=back)) for back in range(8)]
        listed = {paper["id"] for paper, *_ in days[day]}
        others = [fields[name] for date in last_week for name in announced[date] if name not in listed]
        today = [(paper, at) for paper, at, _ in days[day]]
        ours.append(measures(trend_scores(today, fields, others, foretold.growth[rows]), truth))
        votes_only.append(measures(votes, truth))
        cold.append(measures(foretold.votes[rows] + of_stars[rows], truth))
        birth.append(measures(foretold.votes[rows], truth))
    names = ("ndcg10", "hit5", "spearman")
    result = {
        "days": len(ours),
        "warm": dict(zip(names, np.nanmean(ours, axis=0).round(4).tolist(), strict=True)),
        "gain": paired([mine[0] - theirs[0] for mine, theirs in zip(ours, votes_only, strict=True)]),
        "cold": dict(zip(names, np.nanmean(cold, axis=0).round(4).tolist(), strict=True)),
        "birth": dict(zip(names, np.nanmean(birth, axis=0).round(4).tolist(), strict=True)),
        "upvotes": dict(zip(names, np.nanmean(votes_only, axis=0).round(4).tolist(), strict=True)),
        "announced": announced_measures(cases, foretold.odds, args.first, args.last),
        "v1_only": announced_measures(
            cases, foretold.odds, args.first, args.last, {name for name, version in versions.items() if version == 1}
        ),
    }
    if not args.json:
        for name in ("warm", "upvotes", "gain", "cold", "birth", "announced", "v1_only"):
            print(name, result[name])
    print(json.dumps(result))


def paired(differences: list[float]) -> dict[str, float]:
    """Mean and 95 % of a bootstrap over days."""
    values = np.array(differences)
    draws = np.random.default_rng(0).integers(0, len(values), (10_000, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return {"ndcg10": round(float(values.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def forecasts(cases: Cases, first: str, last: str) -> tuple[Prospects, Floats]:
    """What is foretold of each case from ``first`` to ``last``, each month by weights from the days before, and what
    stars add to the votes; NaN elsewhere."""
    basis, found = TextBasis.shipped(), Prospects.unknown(len(cases.days))
    odds, votes, growth, of_stars = (found.odds.copy() for _ in range(4))
    asked = (cases.days >= first) & (cases.days <= last)
    for month in sorted({day[:7] for day in cases.days[asked].tolist()}):
        until = str(dt.date.fromisoformat(f"{month}-01") - dt.timedelta(days=LEARN_UNTIL_DAYS))
        here = asked & np.char.startswith(cases.days, month)
        forecast = learn(cases, until, f"{month}-01", basis)
        said = forecast.prospects(cases.vectors[here], cases.numbers[here])
        odds[here], votes[here], growth[here] = said.odds, said.votes, said.growth
        of_stars[here] = forecast.of_stars(cases.stars[here])
    return Prospects(odds=odds, votes=votes, growth=growth), of_stars


def announced_measures(
    cases: Cases, odds: Floats, first: str, last: str, only: set[str] | None = None
) -> dict[str, float]:
    """How many of each day's first twenty reach the list, among all announced papers or ``only`` those."""
    precisions, rates = [], []
    wanted = np.array([only is None or name in only for name in cases.ids])
    for day in sorted(
        set(cases.days[(cases.kinds == ANNOUNCED) & (cases.days >= first) & (cases.days <= last)].tolist())
    ):
        rows = np.flatnonzero((cases.days == day) & (cases.kinds == ANNOUNCED) & wanted)
        if len(rows) < SMALLEST_DAY or not cases.outcome[rows].any():
            continue
        top = rows[np.argsort(-odds[rows], kind="stable")[:20]]
        precisions.append(float(cases.outcome[top].mean()))
        rates.append(float(cases.outcome[rows].mean()))
    lifts = np.array(precisions) / np.array(rates)
    return {
        "days": len(rates),
        "precision20": round(float(np.mean(precisions)), 4),
        "base_rate": round(float(np.mean(rates)), 4),
        "lift20": round(float(lifts.mean()), 3),
    }


def trend_scores(
    listed: list[tuple[dict[str, object], dt.datetime]], fields: dict[str, str], others: list[str], growth: Floats
) -> Floats:
    """The production score of one day's list, from its first reading and the hour of each listing.

    ``others`` are the fields of the papers that nobody voted for; ``growth`` is what is foretold of those listed.
    """
    now = max(read_at for _, read_at in listed)
    observations, categories, seen_at = [], [], []
    for number, (paper, read_at) in enumerate(listed):
        since = instant(str(paper.get("submittedOnDailyAt") or paper["publishedAt"]))
        seen_at.append(min(since, read_at))
        categories.append(fields.get(str(paper["id"]), ""))
        observations.append(Observation(number, Signal.HF_UPVOTES, 0.0, min(since, read_at)))
        observations.append(Observation(number, Signal.HF_UPVOTES, float(str(paper["upvotes"])), read_at))
        if paper.get("githubStars"):
            observations.append(Observation(number, Signal.GITHUB_STARS, float(str(paper["githubStars"])), read_at))
    ids = np.arange(len(listed) + len(others), dtype=np.int64)
    growth = np.concatenate([growth, np.full(len(others), np.nan)])
    trend = trend_of(ids, seen_at + [now] * len(others), categories + others, observations, now=now, growth=growth)
    return trend.score[: len(listed)]


if __name__ == "__main__":
    main()
