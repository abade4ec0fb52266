"""Text → words → numbers: the one reading of text that ranking, phrases and mutes share.

A word is a run of letters and digits in any script, folded (case, accents, width) and with a light plural taken off,
so that "KV caches", "KV-cache" and "kv cache" are the same two words. A hyphen parts words: "4-bit" is read as
``4 bit`` and "Llama-3" as ``llama 3``; nothing is lost, since phrases are matched as *sequences* of words. A point
between digits stays ("gpt 4.1"), and so does the tail of "C++" and "C#". Scripts written without spaces are read
character by character, which lets a sequence match there too.

Words are compared by a 32-bit hash that never changes between versions of Python: a paper is kept as an array of
hashes in reading order, and a phrase is looked up as a sequence of hashes.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

TokenHashes = npt.NDArray[np.uint32]
"""Hashes of words in reading order; :data:`SEPARATOR` marks a place that no phrase reaches across."""

SEPARATOR: Final = 0
"""Never the hash of a word."""

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
_WORD = re.compile(rf"c(?:\+\+|\#)(?!\w)|[{_UNSPACED}]|\d+(?:\.\d+)+(?!\w)|(?:(?![{_UNSPACED}])[^\W_])+")
_WORD_ASCII = re.compile(r"c(?:\+\+|#)(?!\w)|\d+(?:\.\d+)+(?!\w)|[a-z0-9]+")
_POSSESSIVE = re.compile(r"(?<=\w)['\u2019]s\b")

_IRREGULAR: Final = {
    "analyses": "analysis",
    "appendices": "appendix",
    "biases": "bias",
    "caches": "cache",
    "hypotheses": "hypothesis",
    "indices": "index",
    "matrices": "matrix",
    "niches": "niche",
    "psyches": "psyche",
    "syntheses": "synthesis",
    "vertices": "vertex",
    "viruses": "virus",
}
_NOT_PLURAL = ("ss", "us", "is", "as", "ous")
_LONGEST_WORD = 64


def tokenise(text: str) -> list[str]:
    """The words of ``text`` in order, folded and without plurals. Never fails; no words gives an empty list.

    >>> tokenise("KV-caches for 4-bit Llama-3 (Schrödinger's)")
    ['kv', 'cache', 'for', '4', 'bit', 'llama', '3', 'schrodinger']
    """
    folded = text.lower() if text.isascii() else _fold(text)
    if "'s" in folded or "\u2019s" in folded:
        folded = _POSSESSIVE.sub("", folded)
    return [singular(word) for word in (_WORD_ASCII if folded.isascii() else _WORD).findall(folded)]


@lru_cache(maxsize=1 << 16)
def singular(word: str) -> str:
    """``word`` without its plural ending, by D. Harman's S-stemmer ("How effective is suffixing?", JASIS 1991) with
    the endings in -ches, -shes, -sses, -xes and a few irregular words of scientific English added."""
    word = word[:_LONGEST_WORD]
    if len(word) < 4 or word[-1] != "s" or not word.isalpha():
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 and word[-4] not in "ae" else word[:-1]
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if word.endswith(_NOT_PLURAL):
        return word
    return word[:-1]


def token_hashes(text: str) -> TokenHashes:
    """The hashes of the words of ``text``, in order."""
    return np.fromiter(map(_hash, tokenise(text)), dtype=np.uint32)


@lru_cache(maxsize=1 << 16)
def _hash(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "surrogatepass")) or 1


def _fold(text: str) -> str:
    """Compatibility forms, case and accents folded: ``"Ｓchrödinger"`` → ``"schrodinger"``."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", bare)
