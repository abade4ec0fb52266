"""What failed while a source was read, in one line that fits the footer of a mail."""

from __future__ import annotations

import datetime as dt

import pytest

from digest.errors import SourceError
from digest.sources.base import FITTING, Troubles, named

DAY = dt.date(2026, 11, 16)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (["2026-11-23"], "23 Nov"),
        ([(DAY + dt.timedelta(days=n)).isoformat() for n in range(7, -1, -1)], "8 days, 16 to 23 Nov"),
        (["2026-12-01", "2026-11-30"], "2 days, 30 Nov to 1 Dec"),
        (["2026-11-20", "2026-11-16", "2026-11-17"], "2 days, 16 to 17 Nov, 20 Nov"),
        (["2026-11-16", "2026-11-18", "2026-11-20", "2026-11-22", "2026-11-23"], "16 Nov, 18 Nov, 20 Nov and 2 more"),
        (["cs.LG", "cs.CV"], "cs.LG, cs.CV"),
        (["cs.LG", "cs.CV", "cs.CL", "cs.AI", "2026-11-16"], "cs.LG, cs.CV, cs.CL and 2 more"),
    ],
)
def test_parts_are_named_shortly(parts: list[str], words: str) -> None:
    """Days that follow each other are one run; of long lists the first are named and the rest is counted."""
    assert named(parts, most=3) == words


def test_the_line_fits_a_footer() -> None:
    """Two errors over forty categories name fewer of them, and still say how many there were."""
    troubles = Troubles("arxiv")
    for number in range(40):
        line = "arXiv did not answer within 30 s" if number % 2 else "arXiv said 500 (Internal Server Error)"
        troubles.add(f"q-bio.{number:02}", SourceError("arxiv", line))
    with pytest.raises(SourceError) as caught:
        troubles.tell()
    assert len(str(caught.value)) <= FITTING
    assert str(caught.value).count("more)") == 2
