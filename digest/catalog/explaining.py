"""Why is this one paper? Its records, the edges that join them, and what was kept apart from it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digest.catalog.deciding import StoredRecord
from digest.catalog.matching import match, refusals
from digest.catalog.merging import Record, provenance
from digest.catalog.separation import RecordKey, Separation


@dataclass(frozen=True, slots=True)
class Join:
    """Records ``a`` and ``b`` are one paper by ``rule``, because they share ``evidence``."""

    a: RecordKey
    b: RecordKey
    rule: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptApart:
    """``record`` of this paper and ``other`` of another share ``evidence``, and yet are two papers, and why."""

    record: RecordKey
    other: RecordKey
    other_paper: int | None
    other_title: str
    rule: str
    evidence: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How one paper came about. ``taken_from``: field of the paper → source."""

    records: tuple[StoredRecord, ...]
    taken_from: Mapping[str, str]
    joins: tuple[Join, ...]
    apart: tuple[KeptApart, ...]


def key_of(record: StoredRecord) -> RecordKey:
    return (record.entry.source, record.entry.key)


def explain(paper_id: int, component: Sequence[StoredRecord], separations: Sequence[Separation]) -> Explanation:
    """The reasons for one paper, found by deciding once more over everything that it could have been joined with."""
    entries = [record.entry for record in component]
    own = {index for index, record in enumerate(component) if record.paper_id == paper_id}
    joins = [
        Join(key_of(component[edge.a]), key_of(component[edge.b]), edge.rule, edge.evidence)
        for edge in match(entries, separations)
        if edge.a in own and edge.b in own
    ]
    apart: dict[tuple[int | None, str, str], KeptApart] = {}
    for refusal in refusals(entries, separations):
        if (refusal.a in own) == (refusal.b in own):
            continue
        mine, theirs = (refusal.a, refusal.b) if refusal.a in own else (refusal.b, refusal.a)
        other = component[theirs]
        apart.setdefault(
            (other.paper_id, refusal.rule, refusal.reason),
            KeptApart(
                record=key_of(component[mine]),
                other=key_of(other),
                other_paper=other.paper_id,
                other_title=other.entry.title,
                rule=refusal.rule,
                evidence=refusal.evidence,
                reason=refusal.reason,
            ),
        )
    records = tuple(sorted((component[index] for index in own), key=lambda record: record.id or 0))
    return Explanation(
        records=records,
        taken_from=provenance([Record(entry=r.entry, first_seen_at=r.first_seen_at) for r in records]),
        joins=tuple(sorted(joins, key=lambda join: (join.rule, join.evidence, join.a, join.b))),
        apart=tuple(apart.values()),
    )
