"""Make the shipped forecast again: ``python training/forecast.py --data DIR [--out digest/weights]``.

Reads what arXiv's four feeds of machine learning announced (``arxiv_announced/papers/*.jsonl.zst``, CC0) and which of
it reached Hugging Face's daily lists, with votes (``hf_daily_papers/``; papers listed after the day's reading are in
``papers_rss_only.jsonl.zst``). Every paper is seen with its authors' past as of the days before its own; its own
listing is never part of it. Some two minutes. ``benchmarks/trend.py`` learns with the same functions, from earlier
days and from readings made before the month that it foretells.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from digest.ranking.authorship import Floats
from digest.ranking.forecast import Forecast
from digest.ranking.text import TextBasis

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from training.cases import ANNOUNCED, Cases, load

INVERSE_STRENGTH: Final = 0.005
RIDGE: Final = 300.0
GROWTH_RIDGE: Final = 100.0
VECTOR_SCALE: Final = 8.0
"""Makes an axis of a vector about as wide as a number that is scaled to deviation ½."""
GROWTH_VECTOR_SCALE: Final = 4.0


def learn(cases: Cases, days_until: str, read_until: str, basis: TextBasis) -> Forecast:
    """The weights from the cases of days before ``days_until``, with votes as read before ``read_until``."""
    chosen = cases.days < days_until
    announced, listed = chosen & (cases.kinds == ANNOUNCED), chosen & (cases.kinds != ANNOUNCED)
    center = cases.numbers[announced].mean(axis=0)
    scale = np.maximum(cases.numbers[announced].std(axis=0), cases.numbers[listed].std(axis=0)) + 1e-3

    def inputs(which: npt.NDArray[np.bool_], vector_scale: float) -> Floats:
        numbers = np.clip((cases.numbers[which] - center) / scale, -8, 8)
        return np.hstack([numbers, vector_scale * cases.vectors[which].astype(np.float64)])

    chance = LogisticRegression(C=INVERSE_STRENGTH, max_iter=300).fit(
        inputs(announced, VECTOR_SCALE), cases.outcome[announced]
    )
    logs, weights = cases.settled(read_until)
    listed &= weights > 0
    stars = cases.stars[listed]
    with_stars = np.stack([~np.isnan(stars), np.log1p(np.nan_to_num(stars))], axis=1)
    lists = list(zip(cases.days[listed].tolist(), cases.kinds[listed].tolist(), strict=True))
    votes = ridge(np.hstack([inputs(listed, VECTOR_SCALE), with_stars]), logs[listed], weights[listed], lists, RIDGE)
    growth = cases.growth(read_until)
    grown = chosen & ~np.isnan(growth)
    first = np.log1p([reading[1] for reading, yes in zip(cases.first, grown, strict=True) if yes and reading])
    growing = ridge(
        np.hstack([inputs(grown, GROWTH_VECTOR_SCALE), np.stack([first, first**2], axis=1)]),
        growth[grown],
        np.ones(int(grown.sum())),
        cases.days[grown].tolist(),
        GROWTH_RIDGE,
    )
    split = cases.numbers.shape[1]
    slopes = np.stack([chance.coef_[0], votes[:-2], growing[:-2]])
    vector_scales = np.array([[VECTOR_SCALE], [VECTOR_SCALE], [GROWTH_VECTOR_SCALE]])
    # A list's usual paper has no votes beyond the usual.
    mean_votes = float(weights[listed] @ (inputs(listed, VECTOR_SCALE) @ slopes[1]) / weights[listed].sum())
    mean_growth = float((inputs(grown, GROWTH_VECTOR_SCALE) @ slopes[2]).mean())
    return Forecast(
        basis=basis.version,
        past=cases.past,
        center=center,
        scale=scale,
        weights=slopes[:, :split],
        directions=slopes[:, split:] * vector_scales,
        intercepts=np.array([float(chance.intercept_[0]), -mean_votes, -mean_growth]),
        stars=votes[-2:],
        until=dt.date.fromisoformat(str(cases.days[-1])).toordinal(),
    )


def ridge(inputs: Floats, outcome: Floats, weights: Floats, lists: Sequence[object], strength: float) -> Floats:
    """The slopes of a weighted ridge regression with an intercept of its own for each list."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(lists))}
    of_list = np.array([numbers[name] for name in lists])
    total = np.bincount(of_list, weights=weights)

    def centered(column: Floats) -> Floats:
        return np.asarray(column - (np.bincount(of_list, weights=weights * column) / total)[of_list])

    inputs = np.apply_along_axis(centered, 0, inputs)
    weighted = inputs * weights[:, None]
    slopes = np.linalg.solve(inputs.T @ weighted + strength * np.eye(inputs.shape[1]), weighted.T @ centered(outcome))
    return np.asarray(slopes, dtype=np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("digest/weights"))
    args = parser.parse_args()
    basis = TextBasis.shipped()
    cases = load(args.data, basis)
    data = learn(cases, "9999", "9999-01-01", basis).dump()
    (args.out / "forecast.npz").write_bytes(data)
    manifest_path = args.out / "manifest.json"
    manifest = json.loads(manifest_path.read_text())
    manifest["forecast.npz"] = {
        "basis": basis.version,
        "made_by": "training/forecast.py",
        "made_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "data": "arXiv's metadata; dates and votes of Hugging Face's daily lists; names as 32 bits of a hash",
        "licence": "CC0 1.0 (arXiv's metadata)",
        "announced": int((cases.kinds == ANNOUNCED).sum()),
        "listings": len(cases.past.listings),
        "authors": len(cases.past.keys),
        "until": str(cases.days[-1]),
        "blake2b": hashlib.blake2b(data, digest_size=16).hexdigest(),
    }
    manifest_path.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    print(f"{len(data) / 1e6:.1f} MB from {len(cases.days)} cases")


if __name__ == "__main__":
    main()
