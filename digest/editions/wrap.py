"""Text at 72 columns, where a column is a terminal's: Chinese and Japanese characters take two.

``textwrap`` counts characters and takes 20 µs a line; reasons are wrapped for every reader.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

WIDTH = 72
_MAYBE_WIDE = re.compile(
    "[\u0300-\u036f\u1100-\u115f\u200c-\u200e\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe00-\uff60\U0001f000-\U0003fffd]"
)
_WORD = re.compile("[\\S\u00a0\u202f]+")
"""What is between breakable spaces; a no-break space belongs to its word."""
_URL = re.compile("https?://|mailto:")


def columns(text: str) -> int:
    """How many terminal columns ``text`` takes."""
    if text.isascii() or not _MAYBE_WIDE.search(text):
        return len(text)
    return sum(map(_width, text))


@lru_cache(maxsize=8192)
def _width(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200c\u200d\u200e" or "\ufe00" <= character <= "\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pieces(word: str, room: int) -> list[str]:
    """``word`` in pieces of at most ``room`` columns: a URL is never broken, what is wider than a line anywhere."""
    if columns(word) <= room or _URL.search(word):
        return [word]
    pieces, start, used = [], 0, 0
    for at, character in enumerate(word):
        width = _width(character)
        if used + width > room:
            pieces.append(word[start:at])
            start, used = at, 0
        used += width
    return [*pieces, word[start:]]


def wrap(text: str, *, indent: int = 0, first: int | None = None, width: int = WIDTH) -> str:
    """``text`` broken at spaces to ``width`` columns; lines after the first start with ``indent`` spaces.

    ``first`` is the column at which the first line starts (default ``indent``); its spaces are not written. Words that
    are too long for a line are broken, but for URLs, which stand on one of their own.
    """
    used = indent if first is None else first
    if used + len(text) <= width and (text.isascii() or not _MAYBE_WIDE.search(text)):
        return text
    lines: list[str] = []
    line = ""
    for word in text.split() if text.isascii() else _WORD.findall(text):
        for number, piece in enumerate(_pieces(word, width - indent)):
            joined = f"{line} {piece}" if line and not number else line + piece
            if line and used + columns(joined) > width:
                lines.append(line)
                line, used = piece, indent
            else:
                line = joined
    lines.append(line)
    return ("\n" + " " * indent).join(lines)
