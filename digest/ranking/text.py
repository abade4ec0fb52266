"""Texts → vectors, and papers → features: what the ranker keeps of a paper so that ranking never reads text again.

The *text basis* is a vocabulary of words and word pairs, each with a weight and a direction in a space of a few hundred
dimensions, learnt once from arXiv's metadata (CC0) by ``training/text_basis.py`` and shipped. A text's vector is the
weighted sum of the directions of its terms, scaled to length 1: TF-IDF, projected by a truncated SVD (latent semantic
analysis, Deerwester et al. 1990). Its terms are hashes too, so a batch of texts is embedded without touching a string.

*Features* are one paper as bytes: vector, words in order, authors, categories. Stored per version of the basis.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib import resources
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from digest.model import Paper
from digest.ranking.people import author_hashes
from digest.ranking.tokens import SEPARATOR, TokenHashes, token_hashes, tokenise

__all__ = ["Features", "TextBasis", "category_hash", "features_of", "term_keys", "tokenise"]

Vectors = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]

_BATCH = 256
"""Texts embedded at once: large enough to amortise numpy's calls, small enough to stay in the cache."""

_MOST_TOKENS = 4_000
"""Words kept of one paper; real abstracts have 200. Bounds what a hostile feed can make us store."""

_MOST_AUTHORS = 5_000
"""The largest collaborations list some three thousand."""


# ── the basis ───────────────────────────────────────────────────────────────────────────────────────────────


def term_keys(tokens: TokenHashes) -> Hashes:
    """The terms of a text: each word's hash, then each pair of neighbours as ``first << 32 | second``.

    Pairs do not reach across a separator, and a separator is no word.
    """
    words = tokens.astype(np.uint64)
    first, second = words[:-1], words[1:]
    pairs = (first << np.uint64(32)) | second
    return np.concatenate([words[words != SEPARATOR], pairs[(first != SEPARATOR) & (second != SEPARATOR)]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextBasis:
    """The shipped map from text to vectors.

    ``keys`` (terms,) sorted uint64; ``weights`` (terms,) the IDF; ``directions`` (terms, dims) int8, which ``scales``
    (terms,) make real; ``mean`` (dims,) and ``covariance`` (dims, dims) of the unit vectors of arXiv at large tell how
    unusual a similarity is.
    """

    version: str
    keys: Hashes
    weights: Vectors
    directions: npt.NDArray[np.int8]
    scales: Vectors
    mean: Vectors
    covariance: Vectors

    @property
    def dims(self) -> int:
        return int(self.directions.shape[1])

    @staticmethod
    @cache
    def shipped() -> TextBasis:
        """The basis that comes with the package; read once per process."""
        return TextBasis.read((resources.files("digest.weights") / "text_basis.npz").read_bytes())

    @classmethod
    def read(cls, data: bytes) -> Self:
        """A basis from the bytes of an ``.npz`` as :meth:`dump` writes it.

        Raises:
            ValueError: not such a file.
        """
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            try:
                return cls(
                    version=str(arrays["version"]),
                    keys=arrays["keys"],
                    weights=arrays["weights"].astype(np.float32),
                    directions=arrays["directions"],
                    scales=arrays["scales"],
                    mean=arrays["mean"],
                    covariance=arrays["covariance"].astype(np.float32),
                )
            except KeyError as error:
                raise ValueError(f"not a text basis: {error.args[0]}") from error

    def dump(self) -> bytes:
        """The bytes of an ``.npz``, not compressed: int8 directions hardly compress, and reading must be quick."""
        out = io.BytesIO()
        np.savez(
            out,
            version=np.array(self.version),
            keys=self.keys,
            weights=self.weights.astype(np.float16),
            directions=self.directions,
            scales=self.scales,
            mean=self.mean,
            covariance=self.covariance.astype(np.float16),
        )
        return out.getvalue()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dims) vectors of length 1; a text without any known term gives zeros."""
        return self.embed_tokens([token_hashes(text) for text in texts])

    def embed_tokens(self, texts: Sequence[TokenHashes]) -> Vectors:
        """Like :meth:`embed`, for texts that are hashed already."""
        out = np.zeros((len(texts), self.dims), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            self._embed(texts[start : start + _BATCH], out[start : start + _BATCH])
        return out

    def term_weights(self, texts: Sequence[TokenHashes]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Vectors]:
        """The texts as a sparse matrix of sub-linear TF-IDF, (rows, columns, values), rows ascending.

        A term that stands n times counts ``(1 + ln n) × its IDF``.
        """
        terms = [term_keys(tokens) for tokens in texts]
        flat = np.concatenate(terms) if terms else np.empty(0, dtype=np.uint64)
        rows = np.repeat(np.arange(len(texts)), [len(keys) for keys in terms])
        columns = np.minimum(np.searchsorted(self.keys, flat), len(self.keys) - 1)
        known = self.keys[columns] == flat
        cells, counts = np.unique(rows[known] * len(self.keys) + columns[known], return_counts=True)
        rows, columns = np.divmod(cells, len(self.keys))
        return rows, columns, ((1 + np.log(counts)) * self.weights[columns]).astype(np.float32)

    def _embed(self, texts: Sequence[TokenHashes], out: Vectors) -> None:
        rows, columns, values = self.term_weights(texts)
        ends = np.searchsorted(rows, np.arange(len(texts) + 1))
        for row in range(len(texts)):
            terms = slice(ends[row], ends[row + 1])
            out[row] = (values[terms] * self.scales[columns[terms]]) @ self.directions[columns[terms]].astype(
                np.float32
            )
        lengths = np.linalg.norm(out, axis=1, keepdims=True)
        np.divide(out, lengths, out=out, where=lengths > 0)


# ── features ────────────────────────────────────────────────────────────────────────────────────────────────

HEADER: Final = np.dtype(
    [("magic", "<u2"), ("dims", "<u2"), ("tokens", "<u4"), ("title", "<u4"), ("authors", "<u2"), ("categories", "<u2")]
)
"""What a packed blob begins with; then float16 vector, uint32 words, uint64 authors, uint64 categories."""

_HEADER = struct.Struct("<HHIIHH")
MAGIC: Final = 0xF501


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """One paper as numbers.

    ``tokens`` is title, separator, abstract, separator; the first ``title_len`` are the title's. ``authors`` are two
    hashes for each (:func:`digest.ranking.people.author_hashes`). ``categories`` are the paper's own in order, primary
    first, and then their archives (``cs`` of ``cs.LG``).
    """

    vector: Vectors
    tokens: TokenHashes
    title_len: int
    authors: Hashes
    categories: Hashes

    def pack(self) -> bytes:
        header = _HEADER.pack(
            MAGIC, len(self.vector), len(self.tokens), self.title_len, len(self.authors), len(self.categories)
        )
        return b"".join(
            (
                header,
                self.vector.astype("<f2").tobytes(),
                self.tokens.astype("<u4").tobytes(),
                self.authors.astype("<u8").tobytes(),
                self.categories.astype("<u8").tobytes(),
            )
        )

    @classmethod
    def unpack(cls, blob: bytes) -> Self:
        """
        Raises:
            ValueError: these are not packed features.
        """
        if len(blob) < HEADER.itemsize:
            raise ValueError("packed features are cut off")
        magic, dims, tokens, title, authors, categories = _HEADER.unpack_from(blob)
        at = [HEADER.itemsize]
        for size in (2 * dims, 4 * tokens, 8 * authors, 8 * categories):
            at.append(at[-1] + size)
        if magic != MAGIC or at[-1] != len(blob) or title > tokens:
            raise ValueError("not packed features, or of another version")
        return cls(
            vector=np.frombuffer(blob, "<f2", dims, at[0]).astype(np.float32),
            tokens=np.frombuffer(blob, "<u4", tokens, at[1]).astype(np.uint32),
            title_len=title,
            authors=np.frombuffer(blob, "<u8", authors, at[2]).astype(np.uint64),
            categories=np.frombuffer(blob, "<u8", categories, at[3]).astype(np.uint64),
        )


def features_of(papers: Sequence[Paper], basis: TextBasis) -> list[bytes]:
    """The packed features of each paper, in order."""
    separator = np.array([SEPARATOR], dtype=np.uint32)
    titles = [token_hashes(paper.title)[:_MOST_TOKENS] for paper in papers]
    tokens = [
        np.concatenate([title, separator, token_hashes(paper.abstract)[:_MOST_TOKENS], separator])
        for title, paper in zip(titles, papers, strict=True)
    ]
    vectors = basis.embed_tokens(tokens)
    return [
        Features(
            vector=vector,
            tokens=words,
            title_len=len(title),
            authors=_hashes(found for name in paper.authors[:_MOST_AUTHORS] for found in author_hashes(name)),
            categories=_hashes(_category_hashes(paper.categories)),
        ).pack()
        for paper, title, words, vector in zip(papers, titles, tokens, vectors, strict=True)
    ]


def category_hash(category: str) -> int:
    """One number for a category in a provider's spelling, whatever the case."""
    text = category.strip().casefold().encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")


def archive_of(category: str) -> str:
    """The field above a category: ``cs`` of ``cs.LG``, ``biorxiv`` of ``biorxiv/biophysics``, itself if none."""
    return category.partition("/")[0] if "/" in category else category.partition(".")[0]


def _category_hashes(categories: Sequence[str]) -> Iterable[int]:
    archives = (archive_of(category) for category in categories)
    return dict.fromkeys(category_hash(name) for name in (*categories[:50], *list(archives)[:50]))


def _hashes(values: Iterable[int]) -> Hashes:
    return np.fromiter(values, dtype=np.uint64)
