"""How well a library of papers finds a reader's next ones, beside a classifier trained for every reader.

    python benchmarks/interests.py --data DIR [--seed 0] [--readers 200] [--dims 1536] [--json]

CiteULike-t: a fifth of the papers is hidden; readers with at least 5 visible and 2 hidden papers; all hidden papers are
ranked for each. Recall@20, Recall@100, nDCG@20, milliseconds per reader. Needs the ``dev`` extra.

*ours*: the product's own way from examples to a lane (:class:`digest.ranking.examples.Background`, in the fine manner)
over a text basis learnt from the visible papers' words (:mod:`benchmarks.cooccurrence`). The background is that of the
visible papers. No other reader's library is used. :mod:`benchmarks.rank_scale` takes manner and dimensions from here.
*svm*: a LinearSVC per reader on TF-IDF, as arxiv-sanity-lite trains it.

The time is that from a library to all its scores; what all readers share (the basis, the background) is told apart. The
intervals are those of ours / svm over readers: a paired bootstrap, 2,000 draws, 95 %.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import zstandard
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.cooccurrence import axes_of
from digest.ranking.examples import FINE, Background

Floats = npt.NDArray[np.float64]
Vectors = npt.NDArray[np.float32]
Ids = npt.NDArray[np.intp]

MEASURES = ("recall20", "recall100", "ndcg20")
DIMS = 1536
MANNER = FINE
DRAWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """``visible`` and ``hidden`` TF-IDF; per reader rows of the one and of the other."""

    visible: sp.csr_matrix
    hidden: sp.csr_matrix
    libraries: list[Ids]
    wanted: list[Ids]
    eligible: int


def lines(path: Path) -> list[str]:
    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read().decode().splitlines()


def load(folder: Path, seed: int, readers: int) -> Task:
    """The task of one seed; ``readers`` evenly spread ones of those that are eligible, 0 for all."""
    users = [np.array(row.split()[1:], dtype=np.intp) for row in lines(folder / "users.dat.zst")]
    cells = [
        (paper, *map(int, cell.split(":")))
        for paper, row in enumerate(lines(folder / "mult.dat.zst"))
        for cell in row.split()[1:]
    ]
    papers, words, counts = (np.array(column) for column in zip(*cells, strict=True))
    bags = sp.csr_matrix((counts.astype(np.float64), (papers, words)))
    matrix = normalize(TfidfTransformer(sublinear_tf=True).fit_transform(bags))
    total = matrix.shape[0]
    hidden = np.zeros(total, dtype=bool)
    hidden[np.random.default_rng(seed).permutation(total)[: total // 5]] = True
    row_of = np.where(hidden, np.cumsum(hidden), np.cumsum(~hidden)) - 1
    split = [(row_of[user[~hidden[user]]], row_of[user[hidden[user]]]) for user in users]
    fit = [(library, wanted) for library, wanted in split if len(library) >= 5 and len(wanted) >= 2]
    chosen = fit[:: max(1, len(fit) // readers)][:readers] if readers else fit
    return Task(
        visible=matrix[~hidden],
        hidden=matrix[hidden],
        libraries=[library for library, _ in chosen],
        wanted=[wanted for _, wanted in chosen],
        eligible=len(fit),
    )


def measures(scores: npt.NDArray[np.floating], wanted: Ids) -> tuple[float, float, float]:
    hit = np.isin(np.argsort(-scores, kind="stable")[:100], wanted)
    gain = 1 / np.log2(np.arange(2, 22))
    return (
        float(hit[:20].sum() / min(len(wanted), 20)),
        float(hit.sum() / min(len(wanted), 100)),
        float((hit[:20] * gain).sum() / gain[: len(wanted)].sum()),
    )


def view(task: Task, dims: int) -> tuple[Background, Vectors, Vectors]:
    """What all readers share: the background, and the coordinates of visible and of hidden papers."""
    axes = axes_of(task.visible, dims)
    seen, new = (normalize(np.asarray(papers.astype(np.float32) @ axes)) for papers in (task.visible, task.hidden))
    background = Background.of_papers(seen, MANNER)
    return background, background.coordinates(seen), background.coordinates(new)


def ours(background: Background, visible: Vectors, hidden: Vectors, task: Task) -> tuple[Vectors, float]:
    """(readers, hidden papers) scores from the papers' coordinates, and seconds: one matrix product."""
    start = time.perf_counter()
    lanes = np.stack([background.direction(visible[library]) for library in task.libraries])
    scores = lanes @ hidden.T
    return scores, time.perf_counter() - start


def svm(task: Task) -> tuple[Floats, float]:
    """The same of the peer."""
    start, scores = time.perf_counter(), []
    for library in task.libraries:
        mine = np.zeros(task.visible.shape[0])
        mine[library] = 1
        model = LinearSVC(class_weight="balanced", C=0.02, max_iter=10_000, tol=1e-6).fit(task.visible, mine)
        scores.append(model.decision_function(task.hidden))
    return np.array(scores), time.perf_counter() - start


def intervals(mine: Floats, peer: Floats) -> dict[str, list[float]]:
    """[low, ratio, high] of the mean of each measure, by drawing readers with replacement."""
    rng, found = np.random.default_rng(0), {}
    draws = rng.integers(0, len(mine), (DRAWS, len(mine)))
    for column, name in enumerate(MEASURES):
        ratios = mine[draws, column].mean(axis=1) / peer[draws, column].mean(axis=1)
        low, high = np.quantile(ratios, (0.025, 0.975))
        found[name] = [round(float(x), 4) for x in (low, mine[:, column].mean() / peer[:, column].mean(), high)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--readers", type=int, default=200, help="0: all that are eligible")
    parser.add_argument("--dims", type=int, default=DIMS, help="axes of the text basis")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    folder = args.data / "citeulike-t" if (args.data / "citeulike-t").is_dir() else args.data
    task = load(folder, args.seed, args.readers)
    start = time.perf_counter()
    background, visible, hidden = view(task, args.dims)
    shared_s = time.perf_counter() - start
    rows, ms = {}, {}
    outcomes: list[tuple[str, npt.NDArray[np.floating], float]] = [
        ("ours", *ours(background, visible, hidden, task)),
        ("svm", *svm(task)),
    ]
    for name, scores, seconds in outcomes:
        rows[name] = np.array([measures(s, wanted) for s, wanted in zip(scores, task.wanted, strict=True)])
        ms[name] = 1000 * seconds / len(task.wanted)
    result: dict[str, object] = {"readers": len(task.wanted), "eligible": task.eligible, "seed": args.seed}
    for name, found in rows.items():
        means = (round(float(value), 4) for value in found.mean(axis=0))
        result[name] = {**dict(zip(MEASURES, means, strict=True)), "ms_per_reader": round(ms[name], 3)}
    result |= {
        "speedup": round(ms["svm"] / ms["ours"], 1),
        "ratio95": intervals(rows["ours"], rows["svm"]),
        "dims": hidden.shape[1],
        "shared_s": round(shared_s, 1),
    }
    if not args.json:
        for name in ("ours", "svm", "ratio95"):
            print(f"{name:8s}", result[name])
    print(json.dumps(result))


if __name__ == "__main__":
    main()
