"""Progress in words, for logs."""

from __future__ import annotations

from digest.sources.progress import Progress, in_lines


def test_a_long_reading_says_now_and_then_how_far_it_is() -> None:
    """A line every half minute with what is left, none for what is done before."""
    now, lines = [0.0], list[str]()
    tell = in_lines(lines.append, clock=lambda: now[0])
    for second, done in ((0, 0), (10, 1_000), (30, 3_000), (45, 4_500), (60, 6_000)):
        now[0] = second
        tell(Progress("arxiv-oai", f"{done} read", done, 24_000))
    assert lines == [
        "arxiv-oai: 3,000 of 24,000 read, about 4 min left",
        "arxiv-oai: 6,000 of 24,000 read, about 3 min left",
    ]


def test_where_nobody_knows_how_many_there_are_no_end_is_foretold() -> None:
    """Only what was read is said, each source by itself."""
    now, lines = [0.0], list[str]()
    tell = in_lines(lines.append, clock=lambda: now[0])
    for second in (0, 31, 40):
        now[0] = second
        tell(Progress("crossref", "", second * 100))
    tell(Progress("feed:lab.example", "", 5))
    assert lines == ["crossref: 3,100 read"]
