"""Noticing what nobody announces: a clock that was set, a computer that slept, a file that was edited."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CLOCK_JUMP = dt.timedelta(seconds=30)


@dataclass(slots=True)
class ClockWatch:
    """Notices when the wall clock is set, or the computer slept: then wall and monotonic time drift apart."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    _offset: float = field(init=False)

    def __post_init__(self) -> None:
        self._offset = self.wall() - self.monotonic()

    def jump(self) -> dt.timedelta:
        """How far the wall clock has jumped since the last call, zero for mere drift."""
        offset = self.wall() - self.monotonic()
        moved = dt.timedelta(seconds=offset - self._offset)
        self._offset = offset
        return moved if abs(moved) >= CLOCK_JUMP else dt.timedelta(0)


def fingerprint(paths: Sequence[Path]) -> frozenset[tuple[str, int, int, int]]:
    """What tells one state of some files and folders from another: names, inodes, sizes and times."""
    found: set[tuple[str, int, int, int]] = set()
    for path in paths:
        for file in [path, *path.rglob("*")] if path.is_dir() else [path]:
            try:
                status = file.stat()
            except OSError:  # deleted since it was listed, or not readable: its absence is the fingerprint
                continue
            if not file.is_dir():
                found.add((str(file), status.st_ino, status.st_size, status.st_mtime_ns))
    return frozenset(found)
