"""Which part of a long list a page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_PAGES: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """``start``: how many come before this page; ``before`` and ``after`` are numbers of pages, None at the ends."""

    number: int
    start: int
    before: int | None
    after: int | None


def pager(asked: str, size: int, on_a_page: int, *, most: int = MOST_PAGES) -> Pages:
    """The page that ``asked`` names; the first for nonsense, the last for what lies behind it."""
    last = min(max(-(-size // on_a_page), 1), most)
    number = min(max(int(asked), 1), last) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    return Pages(
        number=number,
        start=(number - 1) * on_a_page,
        before=number - 1 if number > 1 else None,
        after=number + 1 if number < last else None,
    )
