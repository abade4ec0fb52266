"""A text basis of thousands of axes, learnt from bags of words: what words have in common by standing together.

A paper's words are a sample of those it could have used, and what one sample has by chance makes no two papers alike.
So the axes are judged by the words' energy with *each other*, S = XᵀX without its diagonal, against all their energy,
T = XᵀX, for X of TF-IDF (papers, words): the diagonal is what each word shares with nothing but itself.

1. The space: leading eigenvectors of S relative to each word's own energy, ``E^−½ S E^−½`` with ``E = diag(T) + 1``,
   by subspace iteration. A truncated SVD (leading eigenvectors of T) spends axes on words that are merely frequent.
2. In it, ``S v = λ (T + ridge) v``: λ is the share of an axis's energy that is not a word's own, and the axis counts
   by its root. These are canonical correlations (Hotelling 1936) between two random halves of each paper's words, whose
   expected cross-covariance is a quarter of S; here in closed form.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.linalg import eigh, solve_triangular

Vectors = npt.NDArray[np.float32]

SPACE = 2
"""Dimensions of the space that axes are chosen from, as a multiple of theirs."""
OWN_RIDGE = 1.0
"""Added to each word's own energy, in papers: words that stand in a few papers are not blown up."""
RIDGE = 30.0
"""Added to the energy of every direction, in papers."""
ITERATIONS = 4


def axes_of(papers: sp.csr_matrix, dims: int) -> Vectors:
    """(words, axes) that take rows of unit TF-IDF to the basis; at most ``dims`` axes, the most telling first.

    Fewer come back if the papers have no more directions that words share. Meant for thousands of papers.
    """
    papers = papers.astype(np.float32)
    own = np.asarray(papers.multiply(papers).sum(axis=0), dtype=np.float32).ravel()
    space = _space(papers, own, min(SPACE * dims, *papers.shape))
    images = papers @ space
    total = images.T @ images
    shared = total - (space.T * own) @ space
    shares, directions = eigh(_symmetric(shared), _symmetric(total + RIDGE * (space.T @ space)))
    shares, directions = shares[::-1][:dims], directions[:, ::-1][:, :dims]
    telling = shares > 0
    return np.asarray(space @ (directions[:, telling] * np.sqrt(shares[telling])), dtype=np.float32)


def _space(papers: sp.csr_matrix, own: Vectors, dims: int) -> Vectors:
    """(words, dims) by subspace iteration, orthogonalised by Cholesky's factor, several times quicker than QR."""
    weight = (1 / np.sqrt(own + OWN_RIDGE))[:, None]
    found = np.random.default_rng(0).standard_normal((papers.shape[1], dims), dtype=np.float32)
    transposed = papers.T.tocsr()
    for _ in range(ITERATIONS):
        scaled = weight * found
        found = weight * (transposed @ (papers @ scaled) - own[:, None] * scaled)
        factor = np.linalg.cholesky((found.T @ found).astype(np.float64)).astype(np.float32)
        found = solve_triangular(factor, found.T, lower=True).T
    return np.asarray(weight * found, dtype=np.float32)


def _symmetric(matrix: Vectors) -> Vectors:
    return np.asarray((matrix + matrix.T) / 2, dtype=np.float32)
