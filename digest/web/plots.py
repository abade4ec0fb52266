"""Readings over time → a small line, in the units of its viewBox; ``_plot.html.j2`` draws it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 120
EDGE: Final = 8
"""Around the line, so that its ends are not cut."""
MOST_POINTS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A line that begins at 0, with what its ends mean."""

    points: str
    """As a ``polyline`` has them: ``x,y x,y``."""
    area: str
    """The same, down to the axis and back."""
    last: tuple[float, float]
    first_at: dt.datetime
    last_at: dt.datetime
    first: float
    value: float


def plot_of(readings: Sequence[tuple[dt.datetime, float]]) -> Plot | None:
    """The plot of readings in the order of their time; None for fewer than two moments, which are no line."""
    if len(readings) < 2 or readings[0][0] == readings[-1][0]:
        return None
    every = -(-len(readings) // MOST_POINTS)
    shown = [*readings[:-1:every], readings[-1]]
    (start, first), (end, value) = shown[0], shown[-1]
    span, top = (end - start).total_seconds(), max(*(reading for _, reading in shown), 1.0)
    points = [
        (
            round(EDGE + (WIDTH - 2 * EDGE) * (at - start).total_seconds() / span, 1),
            round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * max(reading, 0) / top, 1),
        )
        for at, reading in shown
    ]
    line, floor = " ".join(f"{x},{y}" for x, y in points), HEIGHT - EDGE
    return Plot(
        points=line,
        area=f"{points[0][0]},{floor} {line} {points[-1][0]},{floor}",
        last=points[-1],
        first_at=start,
        last_at=end,
        first=first,
        value=value,
    )
