"""Kinds of settings: durations (``90m``), times of day (``07:30``), time zones."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from digest import timezones

_UNITS_MS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_DURATION = re.compile("".join(rf"(?:(\d{{1,6}}){unit}(?![a-z]))?" for unit in _UNITS_MS))
_LONGEST_MS = 3_660 * _UNITS_MS["d"]


def parse_duration(text: str) -> int | float:
    """Seconds of ``90m``, ``7d``, ``1h30m``, ``500ms``; raises ValueError with advice."""
    packed = text.replace(" ", "").lower()
    found = _DURATION.fullmatch(packed)
    if found is None or not packed:
        if packed.isdecimal():
            raise ValueError(f"{text!r} has no unit; write {packed}s, {packed}m, {packed}h or {packed}d")
        raise ValueError(f"{text!r} is no duration; write 90m, 18h, 7d or 1h30m")
    ms = sum(int(amount or 0) * size for amount, size in zip(found.groups(), _UNITS_MS.values(), strict=True))
    if ms > _LONGEST_MS:
        raise ValueError(f"{text!r} is longer than ten years")
    return ms // 1000 if ms % 1000 == 0 else ms / 1000


def format_duration(seconds: float) -> str:
    """A spelling that :func:`parse_duration` reads, in days at most: 5400 → ``1h30m``."""
    rest, parts = round(seconds * 1000), []
    for unit, size in _UNITS_MS.items():
        if unit != "w" and rest >= size:
            amount, rest = divmod(rest, size)
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"


def between(shortest: str, longest: str) -> AfterValidator:
    """Bounds of a duration, spelled as durations."""
    low, high = parse_duration(shortest), parse_duration(longest)

    def check(seconds: float) -> float:
        if not low <= seconds <= high:
            raise ValueError(f"{format_duration(seconds)} is out of range: {shortest} to {longest}")
        return seconds

    return AfterValidator(check)


def _duration(value: object) -> object:
    if isinstance(value, list | dict):
        raise ValueError(f"a {'list' if isinstance(value, list) else 'mapping'} is no duration; write 90m, 18h or 7d")  # noqa: TRY004 - pydantic collects ValueError
    return parse_duration(value) if isinstance(value, str) else value


Duration = BeforeValidator(_duration)
"""Marks a number of seconds that is written as a duration."""


_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_CLOCK_12 = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*([ap])\.?m\.?", re.IGNORECASE)


def parse_clock_time(text: str) -> dt.time:
    """``07:30`` on a 24-hour clock; raises ValueError with advice."""
    found = _CLOCK.fullmatch(text.strip())
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return dt.time(int(found[1]), int(found[2]))
    if found:
        advice = "; midnight is 00:00" if int(found[1]) == 24 else ""
        raise ValueError(f"{text!r} is no time of day: 00:00 to 23:59{advice}")
    if (twelve := _CLOCK_12.fullmatch(text.strip())) and 1 <= int(twelve[1]) <= 12 and int(twelve[2] or 0) < 60:
        hour = int(twelve[1]) % 12 + (12 if twelve[3].lower() == "p" else 0)
        raise ValueError(f"{text!r} is written {hour:02}:{twelve[2] or '00'} here, on a 24-hour clock")
    raise ValueError(f"{text!r} is no time of day; write it as 07:30")


ClockTime = Annotated[
    dt.time, BeforeValidator(lambda value: parse_clock_time(value) if isinstance(value, str) else value)
]


def parse_zone(text: str) -> str:
    """A zone name that is known and names a place; raises ValueError with the nearest one."""
    name = text.strip()
    if not timezones.is_known(name):
        raise ValueError(timezones.complaint(name))
    return name


Zone = Annotated[str, AfterValidator(parse_zone)]
