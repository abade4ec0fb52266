"""Near-equal text, the keys: few numbers that most tellings of one paper share, whatever became of its title.

    entry ─▶ near_keys: which stored texts to look at ─▶ title_sketch: which to read ─▶ likeness.py: do they agree?

A bottom-k sketch (Broder 1997; Cohen and Kaplan 2007) of the words that are not common in abstracts: the few with the
least hash in the title, and in the opening of the abstract, which is what survives when an index cuts it. Each is
joined with the first author, so that a bucket holds the papers of one name on one matter and not a whole field: in
500,000 papers a look-up meets about five others. One further key stands for a run of the abstract's words with no
author, for lists in another order and names that are spelled past recognition.

Keys and sketches are stored: what they are made of (words, hash, COMMON_WORDS) can't change without making them anew.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import xxhash

from digest.catalog.common_words import COMMON_WORDS
from digest.catalog.names import author_key
from digest.catalog.titles import is_notice, title_words
from digest.model import Entry

TITLE_KEYS: Final = 3
ABSTRACT_KEYS: Final = 2
OPENING: Final = 600
"""Characters of an abstract that keys are made of."""
RUN: Final = 4
"""Words in the run that stands without an author."""

STEM: Final = 6
"""Letters of a word that are compared."""
LEAST_SKETCH: Final = 0.22
"""Of the bits of two title sketches, how many they must share: below every bound on titles in likeness.py."""

_SMALL: Final = frozenset(
    """a an and are as at by for from in is its new novel of on or the to toward towards using via with
    abstract extended full long preprint revised short version""".split()  # noqa: SIM905 - a list of words is read as words
)
"""Words that sources add, drop and exchange."""
LEAST_LETTERS: Final = 5
"""Of a word that keys are made of."""
_WORD: Final = re.compile(rf"[^\W\d_]{{{LEAST_LETTERS},}}")
_LETTERS: Final = bytes(
    ord(chr(code).lower()) if chr(code).isalpha() and code < 128 else ord(" ") for code in range(256)
)
"""ASCII to lower-case letters and spaces: finds the same words eight times as fast."""
MOST_KEPT: Final = 1_000_000
MOSTLY_ASCII: Final = 1.2
"""Bytes for each character."""
_HALF: Final = 32
_LOWER: Final = (1 << _HALF) - 1
_COMMON: Final = 1 << 64


_hash_of: Final[dict[str, int]] = {}
"""XXH64 of words, kept: a specified function, since keys are stored. Common words come after all others."""


def _hash(text: str) -> int:
    return xxhash.xxh64_intdigest(text.encode("utf-8", "replace"))


def _hashes(words: Sequence[str]) -> list[int]:
    try:
        return list(map(_hash_of.__getitem__, words))
    except KeyError:
        if len(_hash_of) > MOST_KEPT:
            _hash_of.clear()
        _hash_of.update((word, _COMMON if word in COMMON_WORDS else _hash(word)) for word in words)
        return list(map(_hash_of.__getitem__, words))


def near_keys(entry: Entry) -> tuple[int, ...]:
    """At most TITLE_KEYS + ABSTRACT_KEYS + 1 signed 64-bit numbers; two tellings of one paper mostly share one.

    The upper half of a key with an author is the author, so that a paper's keys lie side by side in an index.
    None for corrections, comments and replies, whose text is about another paper.
    """
    return _keys(entry.title, entry.abstract, entry.authors[0] if entry.authors else "")


@lru_cache(maxsize=4096)  # an entry is asked when it is looked up, matched and written
def _keys(title: str, abstract: str, first_author: str) -> tuple[int, ...]:
    words = title_words(title)
    if is_notice(words):
        return ()
    opening = _words(abstract[:OPENING])
    hashes = _hashes(opening)
    rare = _least(hashes, ABSTRACT_KEYS)
    keys: set[int] = set()
    if author := author_key(first_author):
        upper = _hash(author) >> _HALF << _HALF
        told = {*rare, *_least(_hashes(_words(words)), TITLE_KEYS)}
        keys = {upper | value & _LOWER for value in told}
    if rare:
        at = hashes.index(rare[0])
        if len(run := opening[at : at + RUN]) == RUN:
            keys.add(_hash("\n".join(run)))
    return tuple(sorted(map(_signed, keys)))


def _words(text: str) -> list[str]:
    """Lower-case words of letters, LEAST_LETTERS and more of them."""
    text = without_accents(text)
    if text.isascii():
        return [word for word in text.encode().translate(_LETTERS).decode().split() if len(word) >= LEAST_LETTERS]
    return _WORD.findall(text.lower())


def without_accents(text: str) -> str:
    """ASCII, if the text is Latin letters but for a few signs, so that words are found fast; else as it is."""
    if text.isascii() or len(text.encode("utf-8", "replace")) > MOSTLY_ASCII * len(text):
        return text
    return unicodedata.normalize("NFKD", text).encode("ascii", "replace").decode()


def _least(hashes: Iterable[int], most: int) -> list[int]:
    return [value for value in sorted(set(hashes))[:most] if value != _COMMON]


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


@lru_cache(maxsize=8192)
def title_stems(title: str) -> frozenset[str]:
    """The beginnings of a title's words, so that *optimisation* is *optimizing*, without words that carry nothing."""
    return frozenset(word[:STEM] for word in title_words(title).split() if word not in _SMALL)


@lru_cache(maxsize=8192)
def title_sketch(title: str) -> int:
    """A set of up to 63 bits, one for each stem: a positive number, so that databases keep it."""
    bits = 0
    for stem in title_stems(title):
        bits |= _bit(stem)
    return bits


@lru_cache(maxsize=1 << 17)
def _bit(stem: str) -> int:
    return 1 << _hash(stem) % 63


def worth_reading(one: int, other: int) -> bool:
    """Can two titles be alike enough, as far as their sketches tell? A twelfth of the strangers of a bucket pass."""
    return (one & other).bit_count() >= LEAST_SKETCH * (one | other).bit_count()


def sketches_alike(one: int, other: int) -> float:
    """Of the bits of two title sketches, how many they share."""
    return (one & other).bit_count() / max(1, (one | other).bit_count())
