"""Make the shipped forecast again: ``python training/forecast.py --data DIR [--out digest/weights]``.

Reads what arXiv's four feeds of machine learning announced (``arxiv_announced/papers/*.jsonl.zst``, CC0) and which of
it reached Hugging Face's daily lists, with votes (``hf_daily_papers/``). Days are gone through in order, so that every
paper is seen with its authors' past as of the days before its own; a paper's own listing is never part of it. Some two
minutes. ``benchmarks/trend.py`` learns with the same functions, from earlier days only.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import zstandard
from sklearn.linear_model import LogisticRegression

from digest.ranking.forecast import CATEGORIES, Authors, Floats, Forecast, numbers_of, past_of
from digest.ranking.people import author_hashes
from digest.ranking.text import TextBasis, Vectors
from digest.ranking.tokens import SEPARATOR, token_hashes

SETTLED = dt.timedelta(hours=60)
INVERSE_STRENGTH = 0.003
RIDGE = 300.0
VECTOR_SCALE = 8.0
"""Makes an axis of a vector about as wide as a number that is scaled to deviation ½."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Papers in order of days: announced ones (``is_listing`` false, ``outcome`` 1 if it ever reached the list) and
    listings (``outcome`` the settled votes, NaN if there is no late reading)."""

    ids: list[str]
    days: npt.NDArray[np.str_]
    is_listing: npt.NDArray[np.bool_]
    outcome: Floats
    numbers: Floats
    vectors: Vectors
    authors: Authors
    """After the last day."""


def lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        yield from io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8")


def load(folder: Path, basis: TextBasis) -> Cases:
    """Every newly announced paper and every listing below ``folder``, with what was known of it then."""
    readings: dict[str, list[tuple[dt.datetime, int]]] = defaultdict(list)
    for row in csv.DictReader(lines(folder / "hf_daily_papers" / "upvote_snapshots.csv.zst")):
        readings[row["paper_id"]].append((dt.datetime.fromisoformat(row["observed_at"]), int(row["upvotes"])))
    rows, categories = [], {}
    for path in sorted((folder / "arxiv_announced" / "papers").glob("*.jsonl.zst")):
        for paper in map(json.loads, lines(path)):
            categories[paper["id"]] = paper["categories"]
            if "new" in paper["types"]:
                rows.append((paper["first_announced"], False, paper["abstract"], float(paper.get("hf", 0)), 0.0, paper))
    for paper in map(json.loads, lines(folder / "hf_daily_papers" / "papers.jsonl.zst")):
        read_at = dt.datetime.fromisoformat(paper["snapshot_at"])
        late = [reading for reading in readings[paper["id"]] if reading[0] - read_at > SETTLED]
        settled = float(max(late)[1]) if late else np.nan
        rows.append((paper["list_date"], True, paper["summary"], settled, float(paper["upvotes"]), paper))
    rows.sort(key=lambda row: (row[0], row[1], row[5]["id"]))
    separator = np.array([SEPARATOR], dtype=np.uint32)
    titles = [token_hashes(paper["title"]) for *_, paper in rows]
    abstracts = [token_hashes(row[2]) for row in rows]
    names = [np.array([author_hashes(n)[1] & 0xFFFFFFFF for n in row[5]["authors"]], dtype=np.uint32) for row in rows]
    ids = [row[5]["id"] for row in rows]
    days, is_listing = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    past, authors = pasts(ids, days, is_listing, np.log1p([row[4] for row in rows]), names)
    fields = [categories.get(name, ()) for name in ids]
    return Cases(
        ids=ids,
        days=days,
        is_listing=is_listing,
        outcome=np.array([row[3] for row in rows]),
        numbers=numbers_of(
            past,
            np.array([[name in own for name in CATEGORIES] for own in fields], dtype=np.float64),
            np.array([[name in own[:1] for name in CATEGORIES] for own in fields], dtype=np.float64),
            np.array([len(title) for title in titles], dtype=np.float64),
            np.array([len(abstract) for abstract in abstracts], dtype=np.float64),
        ),
        vectors=basis.embed_tokens(
            [np.concatenate([t, separator, a, separator]) for t, a in zip(titles, abstracts, strict=True)]
        ),
        authors=authors,
    )


def pasts(
    ids: Sequence[str],
    days: npt.NDArray[np.str_],
    is_listing: npt.NDArray[np.bool_],
    liking_of: Floats,
    names: Sequence[npt.NDArray[np.uint32]],
) -> tuple[Floats, Authors]:
    """Each case's authors' past as of the days before, and everybody's at the end."""
    counts = np.array([len(own) for own in names], dtype=np.intp)
    keys, who = np.unique(np.concatenate(names), return_inverse=True)
    starts = np.concatenate([[0], np.cumsum(counts)])
    seen, listed, liking = np.zeros(len(keys)), np.zeros(len(keys)), np.zeros(len(keys))
    listings: dict[str, list[float]] = defaultdict(list)
    found = []
    bounds = np.flatnonzero(np.append(True, days[1:] != days[:-1]))
    for begin, end in zip(bounds, np.append(bounds[1:], len(days)), strict=True):
        people = who[starts[begin] : starts[end]]
        their_listed, their_liking = listed[people], liking[people]
        for case in range(begin, end):
            own = slice(starts[case] - starts[begin], starts[case + 1] - starts[begin])
            # Listed before it was announced, or listed again: its own listing is not its authors' past.
            their_listed[own] -= len(listings[ids[case]])
            their_liking[own] -= sum(listings[ids[case]])
        found.append(past_of(seen[people], their_listed, their_liking, counts[begin:end]))
        for case in range(begin, end):
            authors = np.unique(who[starts[case] : starts[case + 1]])
            if is_listing[case]:
                listed[authors] += 1
                liking[authors] += liking_of[case]
                listings[ids[case]].append(float(liking_of[case]))
            else:
                seen[authors] += 1
    return np.vstack(found), Authors(
        keys=keys.astype(np.uint32),
        seen=np.minimum(seen, 255).astype(np.uint8),
        listed=np.minimum(listed, 255).astype(np.uint8),
        liking=liking.astype(np.float16),
    )


def learn(cases: Cases, chosen: npt.NDArray[np.bool_], basis: TextBasis) -> Forecast:
    """The weights from the chosen cases."""
    announced = chosen & ~cases.is_listing
    listed = chosen & cases.is_listing & ~np.isnan(cases.outcome)
    center, scale = cases.numbers[announced].mean(axis=0), cases.numbers[announced].std(axis=0) + 1e-3

    def inputs(which: npt.NDArray[np.bool_]) -> Floats:
        numbers = np.clip((cases.numbers[which] - center) / scale, -8, 8)
        return np.hstack([numbers, VECTOR_SCALE * cases.vectors[which].astype(np.float64)])

    model = LogisticRegression(C=INVERSE_STRENGTH, max_iter=200).fit(inputs(announced), cases.outcome[announced])
    votes, days = np.log1p(cases.outcome[listed]), cases.days[listed]
    _, day = np.unique(days, return_inverse=True)
    votes -= (np.bincount(day, weights=votes) / np.bincount(day))[day]
    seen = inputs(listed)
    mean = seen.mean(axis=0)
    slopes = np.linalg.solve((seen - mean).T @ (seen - mean) + RIDGE * np.eye(len(mean)), (seen - mean).T @ votes)
    coefficients = np.stack([model.coef_[0], slopes])
    split = cases.numbers.shape[1]
    return Forecast(
        basis=basis.version,
        authors=cases.authors,
        center=center,
        scale=scale,
        weights=coefficients[:, :split],
        directions=coefficients[:, split:] * VECTOR_SCALE,
        intercepts=np.array([float(model.intercept_[0]), float(-mean @ slopes)]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("digest/weights"))
    args = parser.parse_args()
    basis = TextBasis.shipped()
    cases = load(args.data, basis)
    data = learn(cases, np.ones(len(cases.days), dtype=bool), basis).dump()
    (args.out / "forecast.npz").write_bytes(data)
    manifest_path = args.out / "manifest.json"
    manifest = json.loads(manifest_path.read_text())
    manifest["forecast.npz"] = {
        "basis": basis.version,
        "made_by": "training/forecast.py",
        "made_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "data": "arXiv's metadata; dates and votes of Hugging Face's daily lists; names as 32 bits of a hash",
        "licence": "CC0 1.0 (arXiv's metadata)",
        "announced": int((~cases.is_listing).sum()),
        "listings": int(cases.is_listing.sum()),
        "authors": len(cases.authors.keys),
        "until": str(cases.days[-1]),
        "blake2b": hashlib.blake2b(data, digest_size=16).hexdigest(),
    }
    manifest_path.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    print(f"{len(data) / 1e6:.1f} MB from {len(cases.days)} cases")


if __name__ == "__main__":
    main()
