"""Near-equal text, the verdict: do two entries that share a key tell of one paper?

Papers of one group share authors, methods and whole sentences, so likeness is not enough. The less the abstracts have
in common the more the titles must, the uncommon words of an edited abstract must be nearly all the same, half of the
shorter list of authors must stand in the other one, and then the difference of the titles must not tell the papers
apart:

- their numbers and parts must not contradict each other (Part II, 2024 and 2025, 10th and 11th);
- neither title may differ in a word that its own abstract uses and the other text, equally long, does not know;
- they may not each have an uncommon word that the other text does not know (DAX here, FTSE there).

The bounds were chosen on arXiv's papers of September to December 2025 and 35 categories up to 2019, looking at every
pair of different papers that they would join; benchmarks/dedupe.py reports other months.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from digest.catalog.common_words import COMMON_WORDS
from digest.catalog.names import author_keys
from digest.catalog.near_text import STEM, title_stems, without_accents
from digest.catalog.titles import is_notice, title_key, title_words
from digest.model import Entry

LEAST_AUTHORS: Final = 0.5
BOUNDS: Final = ((0.9, 0.25), (0.75, 0.4), (0.5, 0.6), (0.3, 0.9))
"""At least this share of the shorter abstract in the other one, and at least this much of the titles in common."""
LEAST_TITLES: Final = min(title for _, title in BOUNDS)
ALMOST_ALL: Final = 0.9
LEAST_MATTER: Final = 0.85
"""Of uncommon words, where less than almost all of the shorter abstract is the same: 99 % of edited ones have more."""
BARE_TITLE: Final = 0.75
"""What titles must have in common when an abstract is missing; all authors must agree then."""
BARE_STEMS: Final = 4
TWIN_BOUNDS: Final = ((0.97, 0.5), (0.9, 0.8), (0.75, 0.95))
"""For two arXiv ids: abstracts in common (of both together), titles in common."""
TWIN_AUTHORS: Final = 0.75
KEPT: Final = 64
"""Texts whose words are kept: a batch compares each with few others, and a processor's cache is small."""
LEAST_CHARACTERS: Final = 60
"""Of an abstract; a shorter one ("N/A", "to appear") counts as missing."""

LEAST_LETTERS: Final = 3
"""Of a word in an abstract, and of one that tells titles apart."""
_NOT_WORDS: Final = re.compile(r"[\W_]+")
_LETTERS: Final = bytes(
    ord(chr(code).lower()) if chr(code).isalnum() and code < 128 else ord(" ") for code in range(256)
)
"""ASCII to lower-case letters, digits and spaces: what the expression does, three times as fast."""
_NUMBER: Final = re.compile(r"\d+")
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_ROMAN: Final = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_ORDINAL: Final = {
    word: str(number)
    for number, word in enumerate(
        ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"), start=1
    )
}
_SERIES: Final = re.compile(r"\b(?:part|paper|volume|vol|chapter|lecture|episode|issue) (?:\d+|[a-z]+)\b")
_COMMON_STEMS: Final = frozenset(word[:STEM] for word in COMMON_WORDS)
_COMPARABLE: Final = 1.25
"""An abstract this many times longer than the other one may know words that were cut off there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What two texts have in common, from 0 to 1."""

    titles: float
    authors: float
    """Of the shorter list, how many stand in the other one."""
    contained: float | None
    """Of the shorter abstract, how much stands in the other one: runs of three words. None without two abstracts."""

    def __str__(self) -> str:
        parts = [f"titles {self.titles:.0%} alike"]
        if self.contained is not None:
            parts.append(f"{self.contained:.0%} of the shorter abstract in the other")
        return ", ".join([*parts, f"{self.authors:.0%} of the shorter list of authors"])


def near_equal(one: Entry, other: Entry) -> bool:
    """Are two entries the same paper by their text? Symmetric. Never for notices, or where one names no author."""
    found = likeness(one, other)
    if found is None:
        return False
    if found.contained is None:
        retold = found.titles >= BARE_TITLE or _is_part(one.title, other.title) or _is_part(other.title, one.title)
        alike = found.authors == 1 and retold and _telling(one) and _telling(other)
    else:
        alike = any(found.contained >= text and found.titles >= title for text, title in BOUNDS)
        alike = alike and (found.contained >= ALMOST_ALL or _matter(one.abstract, other.abstract) >= LEAST_MATTER)
    return alike and not told_apart(one, other)


def near_twins(one: Entry, other: Entry) -> bool:
    """Are two arXiv records one paper submitted twice? Nearly equal in everything; implies :func:`near_equal`."""
    found = likeness(one, other)
    if found is None or found.contained is None or found.authors < TWIN_AUTHORS:
        return False
    runs, others = _runs(one.abstract), _runs(other.abstract)
    abstracts = len(runs & others) / max(1, len(runs | others))
    alike = any(abstracts >= text and found.titles >= title for text, title in TWIN_BOUNDS)
    return alike and not told_apart(one, other)


def likeness(one: Entry, other: Entry) -> Likeness | None:
    """None for what is not compared at all: notices, and titles or authors with too little in common.

    What costs most is asked last: most pairs that share a key are strangers.
    """
    stems, others = title_stems(one.title), title_stems(other.title)
    titles = len(stems & others) / max(1, len(stems | others))
    if titles < LEAST_TITLES or is_notice(title_words(one.title)) or is_notice(title_words(other.title)):
        return None
    authors = _authors(one.authors, other.authors)
    if authors < LEAST_AUTHORS:
        return None
    return Likeness(titles=titles, authors=authors, contained=_contained(one.abstract, other.abstract))


def _contained(one: str, other: str) -> float | None:
    shorter, longer = sorted((_plain(one), _plain(other)), key=len)
    if len(shorter) < LEAST_CHARACTERS:
        return None
    if shorter.rpartition(" ")[0] in longer:  # told alike or cut within a word, as most are
        return 1.0
    runs, other_runs = _runs(one), _runs(other)
    return len(runs & other_runs) / max(1, min(len(runs), len(other_runs)))


def _authors(one: Sequence[str], other: Sequence[str]) -> float:
    keys, others = author_keys(one), author_keys(other)
    return len(keys & others) / max(1, min(len(keys), len(others)))


def _matter(one: str, other: str) -> float:
    """Of the uncommon words of the abstract that has fewer, how many stand in the other one.

    An editor changes sentences and keeps what they are about; a group's next paper keeps sentences.
    """
    own, others = _stems(one) - _COMMON_STEMS, _stems(other) - _COMMON_STEMS
    return len(own & others) / max(1, min(len(own), len(others)))


def _is_part(title: str, whole: str) -> bool:
    """Is a title another one without its acronym or its subtitle?"""
    head, colon, tail = whole.partition(": ")
    return bool(colon) and title_words(title) in {title_words(head), title_words(tail)}


def _telling(entry: Entry) -> bool:
    """Can the title stand for the paper where there is no abstract?"""
    return bool(title_key(entry.title)) and len(title_stems(entry.title)) >= BARE_STEMS


def told_apart(one: Entry, other: Entry) -> bool:
    """Does the difference of the titles say that these are two papers?"""
    return _numbers_differ(title_words(one.title), title_words(other.title)) or _words_differ(one, other)


def _numbers_differ(one: str, other: str) -> bool:
    numbers, others = _numbers(one), _numbers(other)
    if not (numbers <= others or others <= numbers):
        return True
    if _series(one) != _series(other):
        return True
    return any(_YEAR.fullmatch(number) for number in numbers ^ others) and bool(numbers) and bool(others)


def _numbers(words: str) -> frozenset[str]:
    named = {_ORDINAL[word] for word in words.split() if word in _ORDINAL}
    return frozenset({*named, *_NUMBER.findall(words)})


def _series(words: str) -> frozenset[str]:
    """``part 2``, ``ii`` and ``iv`` of a title, as digits."""
    return frozenset(
        {_ROMAN[word] for word in words.split() if word in _ROMAN}
        | {_ROMAN.get(number, number) for number in (found[0].split()[1] for found in _SERIES.finditer(words))}
    )


def _words_differ(one: Entry, other: Entry) -> bool:
    only = _long(title_stems(one.title) - title_stems(other.title))
    only_other = _long(title_stems(other.title) - title_stems(one.title))
    if not only and not only_other:
        return False
    own, others = _stems(one.abstract), _stems(other.abstract)
    only -= others
    only_other -= own
    length, other_length = len(one.abstract), len(other.abstract)
    if length <= _COMPARABLE * other_length and only & own:
        return True
    if other_length <= _COMPARABLE * length and only_other & others:
        return True
    return bool(only - _COMMON_STEMS) and bool(only_other - _COMMON_STEMS)


def _long(stems: frozenset[str]) -> frozenset[str]:
    return frozenset(stem for stem in stems if len(stem) >= LEAST_LETTERS)


@lru_cache(maxsize=KEPT)
def _plain(abstract: str) -> str:
    """Lower-case letters and digits with single spaces."""
    text = without_accents(abstract)
    if text.isascii():
        return " ".join(text.encode().translate(_LETTERS).decode().split())
    return " ".join(_NOT_WORDS.sub(" ", unicodedata.normalize("NFKD", text).casefold()).split())


def _words(abstract: str) -> list[str]:
    return [word for word in _plain(abstract).split() if len(word) >= LEAST_LETTERS]


@lru_cache(maxsize=KEPT)
def _runs(abstract: str) -> frozenset[str]:
    words = _words(abstract)
    return frozenset(map(" ".join, zip(words, words[1:], words[2:], strict=False)))  # text keeps its hash, tuples don't


@lru_cache(maxsize=KEPT)
def _stems(abstract: str) -> frozenset[str]:
    return frozenset([word[:STEM] for word in _words(abstract)])
