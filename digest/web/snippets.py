"""The part of an abstract that answers a question, with the question's words marked."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from html import escape
from typing import Final

from markupsafe import Markup

from digest.ranking.tokens import tokenise

LENGTH: Final = 45
"""Words of a snippet."""
_READ: Final = 600
"""Words of a text that are looked through."""
_KEPT: Final = {1: 1, 2: 2, 3: 2, 4: 3}
"""By the length of a word as it is read, letters that it surely begins with as it was written; of longer ones, all but
two."""
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
"""May fold into letters (é, Ｋ)."""
_EDGES: Final = "\"'()[]{}<>.,:;!?“”‘’…"


def marked(text: str, words: Collection[str]) -> Markup:
    """A text as HTML, its words that are among ``words`` (as :func:`tokenise` makes them) marked."""
    return _html(text.split(" "), _places(text, words))


def snippet(text: str, words: Collection[str]) -> Markup:
    """Of a text on one line, the :data:`LENGTH` words that have the most of ``words`` in their midst; "…" where cut."""
    parts, told = text.split(" ", _READ), _places(text, words)
    start = 0
    if told:
        covered = {at: set().union(*(w for place, w in told.items() if at <= place < at + LENGTH)) for at in told}
        best = max(told, key=lambda at: (len(covered[at]), -at))
        last = max(place for place in told if place < best + LENGTH)
        start = min(max((best + last) // 2 - LENGTH // 2, 0), max(len(parts) - LENGTH, 0))
    end = min(start + LENGTH, _READ)
    shown = _html(parts[start:end], {place - start for place in told if start <= place < end})
    return Markup(f"{'… ' if start else ''}{shown}{' …' if end < len(parts) else ''}")  # noqa: S704  of escaped parts


def _places(text: str, words: Collection[str]) -> dict[int, frozenset[str]]:
    """By place among the parts between blanks, which of ``words`` are there; other places are left out."""
    wanted = frozenset(words)
    if not wanted:
        return {}
    found: dict[int, frozenset[str]] = {}
    place, counted = 0, 0
    for begin in sorted(_begins(text, wanted)):
        place, counted = place + text.count(" ", counted, begin), begin
        if place >= _READ:
            break
        end = text.find(" ", begin)
        if told := _told(text[begin : end if end >= 0 else None]) & wanted:
            found[place] = told
    return found


def _begins(text: str, words: Collection[str]) -> set[int]:
    """Where the parts begin, between blanks, that may hold one of the words."""
    folded = text.lower()
    starts = {hit.start() for hit in _NOT_ASCII.finditer(text)} if not text.isascii() else set()
    if len(folded) != len(text):  # "İ" is two characters in lower case
        folded = "".join(character.lower()[:1] for character in text)
    for beginning in _beginnings(frozenset(words)):
        at = folded.find(beginning)
        while at >= 0:
            if not (at and folded[at - 1].isalnum()):
                starts.add(at)
            at = folded.find(beginning, at + 1)
    return {text.rfind(" ", 0, at) + 1 for at in starts}


@lru_cache(maxsize=256)
def _beginnings(words: frozenset[str]) -> tuple[str, ...]:
    """What each word begins with wherever it is read: of longer ones an ending may have been taken off, or changed."""
    return tuple({word[: _KEPT.get(len(word), -2)] for word in words})


def _html(parts: Sequence[str], places: Collection[int]) -> Markup:
    """Escaped as one text, since that has a price by the piece; it adds no blanks."""
    shown = escape(" ".join(parts))
    if places:
        pieces = shown.split(" ")
        for place in places:
            pieces[place] = _mark(parts[place])
        shown = " ".join(pieces)
    return Markup(shown)  # noqa: S704


@lru_cache(maxsize=4096)
def _mark(part: str) -> str:
    """Without the punctuation around it."""
    word = part.strip(_EDGES)
    before, _, after = part.partition(word) if word else (part, "", "")
    return f"{escape(before)}<mark>{escape(word)}</mark>{escape(after)}" if word else escape(part)


@lru_cache(maxsize=1 << 16)
def _told(part: str) -> frozenset[str]:
    """The words in it: ``KV-caches`` has two."""
    return frozenset(tokenise(part))
