"""An operator's word that some records are not the same paper. It holds against any evidence, for good.

A separation names records, not papers: papers come and go with the evidence, a provider's record keeps its key. Records
that are on no side of it (a later version, another provider's) join whichever side their evidence leads to, and never
hold both together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from digest.model import Entry

RecordKey = tuple[str, str]
"""(source, key) of a provider's entry."""

Sides = frozenset[int]
"""On which side of which separations a group stands: +n on the one side of the nth, -n on the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """No record of ``one`` is ever the same paper as a record of ``other``; the two have no record in common."""

    one: frozenset[RecordKey]
    other: frozenset[RecordKey]

    def __post_init__(self) -> None:
        if self.one & self.other or not self.one or not self.other:
            raise ValueError("a separation has two sides, and no record is on both")


def sides(entries: Sequence[Entry], separations: Sequence[Separation]) -> list[Sides]:
    """Where each entry stands."""
    standing: dict[RecordKey, set[int]] = {}
    for number, separation in enumerate(separations, start=1):
        for side, keys in ((number, separation.one), (-number, separation.other)):
            for key in keys:
                standing.setdefault(key, set()).add(side)
    nowhere: Sides = frozenset()
    return [frozenset(found) if (found := standing.get((entry.source, entry.key))) else nowhere for entry in entries]


def are_apart(one: Sides, other: Sides) -> bool:
    """Do two groups stand on different sides of a separation?"""
    return any(-side in other for side in one)
