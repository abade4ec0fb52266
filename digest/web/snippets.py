"""The part of an abstract that answers a question, with the question's words marked."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final, NamedTuple

from digest.ranking.tokens import tokenise

LENGTH: Final = 45
"""Words of a snippet."""
_READ: Final = 600
"""Words of a text that are looked through."""
_WORD = re.compile(r"\S+")


class Piece(NamedTuple):
    text: str
    marked: bool


def marked(text: str, words: Collection[str]) -> list[Piece]:
    """All of a text, its words that are among ``words`` (as :func:`tokenise` makes them) marked."""
    return _pieces(text, [(found.start(), found.end()) for found in _WORD.finditer(text)], words)


def snippet(text: str, words: Collection[str]) -> list[Piece]:
    """The :data:`LENGTH` words of a text that have the most of ``words`` among them; "…" where it is cut."""
    spans = [(found.start(), found.end()) for _, found in zip(range(_READ), _WORD.finditer(text), strict=False)]
    if not spans:
        return []
    has = [_told(text[start:end]) & set(words) for start, end in spans]
    best = max(
        range(0, max(len(spans) - LENGTH, 0) + 1, 5), key=lambda at: (len(set().union(*has[at : at + LENGTH])), -at)
    )
    shown = spans[best : best + LENGTH]
    pieces = _pieces(text, shown, words)
    before = [Piece("… ", False)] if best else []
    return [*before, *pieces, *([Piece(" …", False)] if shown[-1][1] < len(text.rstrip()) else [])]


def _pieces(text: str, spans: list[tuple[int, int]], words: Collection[str]) -> list[Piece]:
    """Neighbours that are alike are one piece, with what stands between them."""
    pieces: list[Piece] = []
    at = spans[0][0] if spans else 0
    for start, end in spans:
        is_marked = not _told(text[start:end]).isdisjoint(words)
        if is_marked:
            pieces += [Piece(text[at:start], False)] if start > at else []
            pieces.append(Piece(text[start:end], True))
            at = end
    if spans and spans[-1][1] > at:
        pieces.append(Piece(text[at : spans[-1][1]], False))
    return pieces


@lru_cache(maxsize=1 << 15)
def _told(word: str) -> frozenset[str]:
    """The words in what stands between two blanks: ``KV-caches`` has two."""
    return frozenset(tokenise(word))
