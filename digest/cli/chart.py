"""Papers a day as small bars in the terminal: two rows a source, what was read and what of it was new.

Both rows of a source share one scale, from nothing to its best day, so that its own rhythm shows whatever its size.
Without colour and in 80 columns it says the same; where a terminal knows no block characters, plain ones stand in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from digest.model import SourceReport

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN = ".:-=+*#@"
NOTHING = "·"
"""A day without papers; an empty place would not show that it was a day at all."""
LONGEST_NAME = 22


def lines(
    by_source: Mapping[str, Sequence[SourceReport]], dates: Sequence[dt.date], *, width: int, blocks: bool = True
) -> Iterator[Text]:
    """The chart, line by line; none if there were no papers, or only one day to show.

    Args:
        dates: ascending, without gaps.
        width: columns of the terminal; several days share a bar where there are more days than room.
    """
    figures = {name: _figures(runs, dates) for name, runs in by_source.items()}
    figures = {name: (read, new) for name, (read, new) in figures.items() if any(read) or any(new)}
    if not figures or len(dates) < 2:
        return
    label = min(max(map(len, figures)), LONGEST_NAME)
    room = max(width - label - len("  read  ") - len("  most 1,000,000"), 7)
    share = -(-len(dates) // room)  # days to a bar
    bar = max(min((room // -(-len(dates) // share)), 3), 1)
    yield Text()
    yield Text("Papers a day" if share == 1 else f"Papers in {share} days each", style="italic")
    for name, (read, new) in figures.items():
        sums = [_shared(row, share) for row in (read, new)]
        most = max(*sums[0], *sums[1])
        shown = name if len(name) <= label else f"{name[: label - 1]}…"
        for row, what, style in ((sums[0], "read", "cyan"), (sums[1], "new", "green")):
            line = Text(f"{shown if what == 'read' else '':{label}}  {what:4}  ")
            line.append(_bars(row, most, bar, blocks=blocks), style=style)
            line.append(f"  most {max(row):,}", style="dim")
            yield line
    first, last = (f"{date.day} {date:%b}" for date in (dates[0], dates[-1]))
    length = len(sums[0]) * bar
    between = max(length - len(first) - len(last), 1)
    yield Text(f"{'':{label + 8}}{first}{' ' * between}{last}", style="dim")


def _figures(runs: Sequence[SourceReport], dates: Sequence[dt.date]) -> tuple[list[int], list[int]]:
    """What was read and what was new on each day; what is read again on one day counts each time."""
    read, new = dict.fromkeys(dates, 0), dict.fromkeys(dates, 0)
    for run in runs:
        if (date := run.started_at.date()) in read:
            read[date] += run.read
            new[date] += run.new
    return list(read.values()), list(new.values())


def _shared(row: Sequence[int], share: int) -> list[int]:
    """Sums of ``share`` days each; the last one, today's, is always whole, so the first may have fewer."""
    short = len(row) % share
    starts = [0, *range(short, len(row), share)] if short else list(range(0, len(row), share))
    return [sum(row[start:end]) for start, end in zip(starts, [*starts[1:], len(row)], strict=True)]


def _bars(row: Sequence[int], most: int, width: int, *, blocks: bool) -> str:
    levels, nothing = (BLOCKS, NOTHING) if blocks else (PLAIN, "_")
    signs = [levels[-(-value * len(levels) // most) - 1] if value else nothing for value in row]
    return "".join((sign * max(width - 1, 1)).ljust(width) for sign in signs)
