"""Series over dates → the coordinates of a line chart; templates/pages/chart.svg.j2 draws them.

Everything is in the chart's own units (its viewBox), the origin at the top left, as SVG has it.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 560
HEIGHT: Final = 180
LEFT: Final = 44
RIGHT: Final = 12
TOP: Final = 10
BOTTOM: Final = 26
MOST_DATES: Final = 6
"""Labels under the axis, at most."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled place on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """One series: points by segment (a missing value breaks the line), ``x,y`` each."""

    name: str
    segments: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    lines: tuple[Line, ...]
    dates: tuple[Mark, ...]
    values: tuple[Mark, ...]


def line_chart(
    title: str,
    dates: Sequence[dt.date],
    series: Sequence[tuple[str, Sequence[float | None]]],
    *,
    percent: bool = False,
    whole: bool = False,
) -> Chart:
    """One chart of one or more series over the same ascending dates; its axis of values begins at 0.

    Args:
        percent: values are shares, 1 is 100 %.
        whole: values are counts: no mark stands between two of them.
    """
    highest = max((value for _, values in series for value in values if value is not None), default=0.0)
    step = _round_step(highest / 3 if highest > 0 else 1 / 3)
    if whole:
        step = max(math.ceil(step), 1)
    top = step * max(math.ceil(highest / step - 1e-9), 1)

    def x(index: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (index / (len(dates) - 1) if len(dates) > 1 else 0.5)

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)

    lines = []
    for name, values in series:
        segments: list[list[tuple[float, float]]] = [[]]
        for index, value in enumerate(values):
            if value is None:
                segments.append([])
            else:
                segments[-1].append((round(x(index), 1), round(y(value), 1)))
        lines.append(Line(name, tuple(tuple(segment) for segment in segments if segment)))
    every = max(math.ceil(len(dates) / MOST_DATES), 1)
    shown = range(0, len(dates), every)
    marks = [step * count for count in range(round(top / step) + 1)]
    return Chart(
        title=title,
        lines=tuple(lines),
        dates=tuple(Mark(round(x(index), 1), f"{dates[index].day} {dates[index]:%b}") for index in shown),
        values=tuple(Mark(round(y(value), 1), f"{value:.0%}" if percent else f"{value:g}") for value in marks),
    )


def _round_step(rough: float) -> float:
    """The smallest of 1, 2, 2.5, 5 × a power of ten that is not smaller than ``rough``."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= rough * (1 - 1e-9))
