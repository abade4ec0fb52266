"""Make the shipped text basis again: ``python training/text_basis.py --data DIR [--out digest/weights]``.

Reads arXiv metadata (CC0) as JSON lines with title, abstract and categories, compressed or not: all
``arxiv_announced/papers/*.jsonl.zst`` and ``arxiv_2019_sample.jsonl.zst`` below DIR. Learns a vocabulary of words and
telling word pairs, their IDF, and a truncated SVD of the TF-IDF matrix, each axis divided by the square root of its
singular value (between plain LSA and whitening, and better than either). Some four minutes on two cores.

``--judge`` leaves the last month out of the training and prints what the basis does on it, without writing anything.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import zstandard
from sklearn.utils.extmath import randomized_svd

from digest.ranking.text import TextBasis, term_keys
from digest.ranking.tokens import SEPARATOR, token_hashes

WORDS, PAIRS, DIMS = 15_000, 5_000, 256
FEWEST_PAPERS = 10
TOO_COMMON = 0.3
"""A word in more than this share of papers says nothing."""
PAIR_TOO_COMMON = 0.25
"""A pair needs two words that are rarer than this, so that "of the" is none."""
AXIS_POWER = 0.5
SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One paper of the training data; ``tokens`` as in :class:`digest.ranking.text.Features`."""

    month: str
    authors: tuple[str, ...]
    title: npt.NDArray[np.uint32]
    abstract: npt.NDArray[np.uint32]

    @property
    def tokens(self) -> npt.NDArray[np.uint32]:
        separator = np.array([SEPARATOR], dtype=np.uint32)
        return np.concatenate([self.title, separator, self.abstract, separator])


def read(folder: Path) -> Iterator[Sample]:
    for path in (
        *sorted((folder / "arxiv_announced" / "papers").glob("*.jsonl.zst")),
        folder / "arxiv_2019_sample.jsonl.zst",
    ):
        with path.open("rb") as file:
            for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8"):
                paper = json.loads(line)
                yield Sample(
                    month=path.name.removesuffix(".jsonl.zst"),
                    authors=tuple(paper["authors"]),
                    title=token_hashes(paper["title"]),
                    abstract=token_hashes(paper["abstract"]),
                )


# ── learning ────────────────────────────────────────────────────────────────────────────────────────────────


def learn(samples: list[Sample]) -> TextBasis:
    keys, papers_with = vocabulary(samples)
    idf = np.log((len(samples) + 1) / (papers_with + 1)).astype(np.float32)
    matrix = tf_idf(_shell(keys, idf), [sample.tokens for sample in samples])
    _, singular_values, axes = randomized_svd(matrix, DIMS, n_iter=4, random_state=SEED)
    directions = (axes / singular_values[:, None] ** AXIS_POWER).T
    # Eight bits per number, scaled per term, so that rare terms (short directions) stay as exact as common ones.
    scales = np.abs(directions).max(axis=1) / 127
    rounded = np.rint(directions / np.maximum(scales, 1e-12)[:, None]).astype(np.int8)
    digest = hashlib.blake2b(keys.tobytes() + idf.tobytes() + rounded.tobytes(), digest_size=4).hexdigest()
    basis = _shell(keys, idf, version=f"arxiv-{DIMS}-{digest}", directions=rounded, scales=scales.astype(np.float32))
    vectors = basis.embed_tokens([sample.tokens for sample in samples[::4]]).astype(np.float64)
    mean = vectors.mean(axis=0)
    return _shell(
        keys,
        idf,
        version=basis.version,
        directions=basis.directions,
        scales=basis.scales,
        mean=mean.astype(np.float32),
        covariance=(vectors.T @ vectors / len(vectors) - np.outer(mean, mean)).astype(np.float32),
    )


def vocabulary(samples: list[Sample]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.intp]]:
    """The commonest words, and the pairs with the highest count × pointwise mutual information; with their counts."""
    total = len(samples)
    keys, counts = np.unique(np.concatenate([np.unique(term_keys(s.tokens)) for s in samples]), return_counts=True)
    keys, counts = keys[counts >= FEWEST_PAPERS], counts[counts >= FEWEST_PAPERS]
    is_pair = keys >> np.uint64(32) != 0
    words, word_counts = keys[~is_pair], counts[~is_pair]
    pairs, pair_counts = keys[is_pair], counts[is_pair]

    def count_of(word: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
        return np.asarray(word_counts[np.searchsorted(words, word)], dtype=np.float64)

    first, second = count_of(pairs >> np.uint64(32)), count_of(pairs & np.uint64(0xFFFFFFFF))
    telling = pair_counts * np.log(pair_counts * total / (first * second))
    telling[np.maximum(first, second) >= PAIR_TOO_COMMON * total] = -np.inf
    useful = np.where(word_counts < TOO_COMMON * total, word_counts, -1)
    best_words = np.argsort(-useful, kind="stable")[: min(WORDS, int((useful > 0).sum()))]
    best_pairs = np.argsort(-telling, kind="stable")[: min(PAIRS, int((telling > 0).sum()))]
    chosen = np.concatenate([words[best_words], pairs[best_pairs]])
    chosen_counts = np.concatenate([word_counts[best_words], pair_counts[best_pairs]])
    order = np.argsort(chosen)
    return chosen[order], chosen_counts[order]


def tf_idf(basis: TextBasis, texts: list[npt.NDArray[np.uint32]]) -> sp.csr_matrix:
    """(texts, terms) with rows of length 1."""
    parts = []
    for start in range(0, len(texts), 2_000):
        chunk = texts[start : start + 2_000]
        rows, columns, values = basis.term_weights(chunk)
        lengths = np.sqrt(np.bincount(rows, weights=values.astype(np.float64) ** 2, minlength=len(chunk)))
        parts.append(
            sp.csr_matrix(
                (values / lengths[rows], (rows, columns)), shape=(len(chunk), len(basis.keys)), dtype=np.float32
            )
        )
    return sp.vstack(parts, format="csr")


def _shell(
    keys: npt.NDArray[np.uint64],
    idf: npt.NDArray[np.float32],
    *,
    version: str = "",
    directions: npt.NDArray[np.int8] | None = None,
    scales: npt.NDArray[np.float32] | None = None,
    mean: npt.NDArray[np.float32] | None = None,
    covariance: npt.NDArray[np.float32] | None = None,
) -> TextBasis:
    return TextBasis(
        version=version,
        keys=keys,
        weights=idf,
        directions=np.zeros((len(keys), DIMS), dtype=np.int8) if directions is None else directions,
        scales=np.ones(len(keys), dtype=np.float32) if scales is None else scales,
        mean=np.zeros(DIMS, dtype=np.float32) if mean is None else mean,
        covariance=np.eye(DIMS, dtype=np.float32) if covariance is None else covariance,
    )


# ── judging ─────────────────────────────────────────────────────────────────────────────────────────────────


def judge(basis: TextBasis, earlier: list[Sample], held_out: list[Sample]) -> dict[str, float]:
    """Two tasks on the month that was left out, both without any label but the data's own.

    ``title_mrr``: find a paper's abstract among all by its title (every seventh paper). ``author_recall100``: the
    centroid of an author's 4 to 15 earlier papers ranks the month; how many of the author's own are in the top 100.
    """
    abstracts = basis.embed_tokens([sample.abstract for sample in held_out])
    chosen = np.arange(0, len(held_out), 7)
    scores = basis.embed_tokens([held_out[i].title for i in chosen]) @ abstracts.T
    place = (scores > scores[np.arange(len(chosen)), chosen][:, None]).sum(axis=1)
    new, old = basis.embed_tokens([s.tokens for s in held_out]), basis.embed_tokens([s.tokens for s in earlier])
    libraries: dict[str, list[int]] = {}
    for i, sample in enumerate(earlier):
        for name in sample.authors:
            libraries.setdefault(name, []).append(i)
    wanted: dict[str, set[int]] = {}
    for i, sample in enumerate(held_out):
        for name in sample.authors:
            # Long names are mostly one person's; short ones are shared by many.
            if len(name) >= 14 and 4 <= len(libraries.get(name, ())) <= 15:
                wanted.setdefault(name, set()).add(i)
    readers = sorted(wanted)[::2]
    recalls = []
    for name in readers:
        top = np.argsort(-(new @ old[libraries[name]].sum(axis=0)), kind="stable")[:100]
        recalls.append(len(wanted[name].intersection(top.tolist())) / len(wanted[name]))
    return {
        "title_mrr": round(float((1 / (1 + place)).mean()), 4),
        "author_recall100": round(float(np.mean(recalls)), 4),
        "readers": len(readers),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("digest/weights"))
    parser.add_argument("--judge", action="store_true")
    args = parser.parse_args()
    samples = list(read(args.data))
    months = sorted({sample.month for sample in samples if sample.month[:2] == "20"})
    if args.judge:
        earlier = [sample for sample in samples if sample.month != months[-1]]
        held_out = [sample for sample in samples if sample.month == months[-1]]
        print(json.dumps(judge(learn(earlier), earlier, held_out)))
        return
    basis = learn(samples)
    data = basis.dump()
    (args.out / "text_basis.npz").write_bytes(data)
    manifest_path = args.out / "manifest.json"
    manifest = json.loads(manifest_path.read_text()) if manifest_path.exists() else {}
    manifest["text_basis.npz"] = {
        "version": basis.version,
        "made_by": "training/text_basis.py",
        "made_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "data": "titles and abstracts of arXiv's metadata",
        "licence": "CC0 1.0",
        "papers": len(samples),
        "months": [months[0], months[-1]],
        "terms": len(basis.keys),
        "dims": basis.dims,
        "blake2b": hashlib.blake2b(data, digest_size=16).hexdigest(),
    }
    manifest_path.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    print(f"{basis.version}: {len(data) / 1e6:.1f} MB from {len(samples)} papers")


if __name__ == "__main__":
    main()
