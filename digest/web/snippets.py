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
    if not words:
        return {}
    wanted = frozenset(words)
    found: dict[int, frozenset[str]] = {}
    place, at = 0, 0
    for start in (hit.start() for hit in _starts(wanted).finditer(text)):
        begin = text.rfind(" ", 0, start) + 1
        end = text.find(" ", start)
        place, at = place + text.count(" ", at, begin), begin
        if place < _READ and (told := _told(text[begin : end if end >= 0 else None]) & wanted):
            found[place] = told
    return found


@lru_cache(maxsize=256)
def _starts(words: frozenset[str]) -> re.Pattern[str]:
    """Finds where one of the words may begin, or what may fold into one (é, Ｋ).

    An ending may have been taken off, or changed, so it is left out.
    """
    begin = (re.escape(word[: max(len(word) - 2, 1)]) for word in sorted(words))
    return re.compile("|".join((*begin, r"[^\x00-\x7f]")), re.IGNORECASE)


def _html(parts: Sequence[str], places: Collection[int]) -> Markup:
    """Made as text and escaped piece by piece: joining Markup takes longer than a search."""
    runs = (_mark(part) if place in places else escape(part) for place, part in _runs(parts, places))
    return Markup(" ".join(runs))  # noqa: S704


def _runs(parts: Sequence[str], places: Collection[int]) -> Sequence[tuple[int, str]]:
    """What is marked by itself, and all between as one: escaping has a price by the piece."""
    runs: list[tuple[int, str]] = []
    at = 0
    for place in sorted(places):
        runs += [(-1, " ".join(parts[at:place]))] if place > at else []
        runs.append((place, parts[place]))
        at = place + 1
    return [*runs, (-1, " ".join(parts[at:]))] if at < len(parts) else runs


def _mark(part: str) -> str:
    """Without the punctuation around it."""
    word = part.strip(_EDGES)
    before, _, after = part.partition(word) if word else (part, "", "")
    return f"{escape(before)}<mark>{escape(word)}</mark>{escape(after)}" if word else escape(part)


@lru_cache(maxsize=1 << 16)
def _told(part: str) -> frozenset[str]:
    """The words in it: ``KV-caches`` has two."""
    return frozenset(tokenise(part))
