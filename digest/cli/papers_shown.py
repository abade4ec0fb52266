"""Papers on a terminal and as JSON: short tables, and one paper with everything that is known of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from digest.catalog.explaining import key_of
from digest.catalog.separation import RecordKey

if TYPE_CHECKING:
    from rich.console import Console

    from digest.model import Paper
    from digest.pipeline.papers import Dossier, Trending
    from digest.store.splitting import Part


def papers_table(papers: Sequence[Paper]) -> Table:
    """One line a paper, with the number and the name by which other commands take it."""
    table = _table("", "id", "title", "by", "first seen")
    for paper in papers:
        table.add_row(
            f"#{paper.id}", escape(paper.label), escape(paper.title), _by(paper), f"{paper.first_seen_at:%d %b %Y}"
        )
    return table


def trending_table(found: Sequence[Trending], title: str) -> Table:
    """The best first, with the figures that made it so."""
    table = _table("", "id", "title", "votes", "top", "score", title=title)
    for column in table.columns[3:]:
        column.justify = "right"
    for place, one in enumerate(found, start=1):
        known = one.attention
        share = ""
        if known.share_above is not None:
            share = f"{known.share_above:.1%}" if known.share_above >= 0.0005 else "first"
            share = f"{share} of {known.cohort}"
        votes = "" if known.votes is None else f"{'↑' if known.rising else ''}{known.votes}"
        table.add_row(
            str(place), escape(one.paper.label), escape(one.paper.title), votes, escape(share), f"{one.score:.2f}"
        )
    return table


def print_dossier(out: Console, found: Dossier) -> None:
    """One paper with all its reasons."""
    paper, why, history = found.paper, found.explanation, found.history
    numbers = {key_of(record): number for number, record in enumerate(why.records, start=1)}
    out.print(Text.assemble((paper.title or "(no title)", "bold"), f"  {paper.label}  ", (f"#{paper.id}", "dim")))
    facts = [_by(paper), ", ".join(paper.categories), f"v{paper.version}" if paper.version else "", paper.url]
    out.print(" · ".join(fact for fact in facts if fact), style="dim", markup=False, soft_wrap=True)
    if paper.withdrawn:
        out.print("Withdrawn: it never goes out.", style="yellow")
    elif not paper.candidate:
        out.print("Never a candidate: known only from replacements, or as somebody's example.", style="yellow")
    out.print(f"Names: {', '.join(map(str, paper.identifiers)) or 'none'}", markup=False, soft_wrap=True)
    if history.former_ids:
        out.print(f"Merged into it: {', '.join(f'#{i}' for i in history.former_ids)}")

    records = _table("", "source", "key", "version", "first seen, UTC", "title", title="Records")
    for record in why.records:
        entry = record.entry
        was = f" (was #{record.merged_from})" if record.merged_from else ""
        seen = f"{record.first_seen_at:%d %b %Y %H:%M}{was}"
        version = f"v{entry.version}" if entry.version else ""
        records.add_row(
            str(numbers[key_of(record)]), escape(entry.source), escape(entry.key), version, seen, escape(entry.title)
        )
    _print(out, records)

    joins = _table("records", "rule", "they share", title="Why they are one paper")
    for join in why.joins:
        pair = sorted((numbers[join.a], numbers[join.b]))
        joins.add_row(f"{pair[0]} – {pair[1]}", escape(join.rule), escape(join.evidence))
    _print(out, joins)

    apart = _table("record", "paper", "share", "kept apart by", title="What was not joined")
    for one in why.apart:
        other = f"#{one.other_paper} {one.other_title}"
        apart.add_row(
            str(numbers[one.record]), escape(other), escape(f"{one.rule}: {one.evidence}"), escape(one.reason)
        )
    _print(out, apart)

    fields = _table("field", "from", "value", title="What was taken from where")
    for field, source in why.taken_from.items():
        value = " ".join(_value(getattr(paper, field)).split())
        fields.add_row(field.removesuffix("_at"), escape(source), Text(value, overflow="ellipsis", no_wrap=True))
    _print(out, fields)

    signals = _table("signal", "readings", "last", "read, UTC", title="Attention")
    for signal in history.signals:
        signals.add_row(
            str(signal.signal), str(signal.readings), f"{signal.value:g}", f"{signal.observed_at:%d %b %Y %H:%M}"
        )
    _print(out, signals)

    editions = _table("edition", "readers", title="Mails")
    for date, states in history.editions.items():
        editions.add_row(f"{date:%d %b %Y}", ", ".join(f"{number} {state}" for state, number in sorted(states.items())))
    _print(out, editions)


def print_parts(out: Console, parts: Sequence[Part], *, to_be: bool) -> None:
    """What papers come, or came, of a split."""
    title = "What would come of it" if to_be else "Done"
    table = _table("paper", "title", "records", title=title)
    for part in parts:
        name = "a new one" if part.paper_id is None else f"#{part.paper_id}"
        records = ", ".join(" ".join(key) for key in part.records)
        table.add_row(name + (" (comes back)" if part.revived else ""), escape(part.title), escape(records))
    _print(out, table)
    if not to_be and len(parts) > 1:
        out.print(
            f"It stays so, whatever is read later. Undo: digest papers split --undo '#{parts[0].paper_id}'", style="dim"
        )


def paper_json(paper: Paper) -> dict[str, object]:
    return {
        "paper": paper.id,
        "id": paper.label,
        "title": paper.title,
        "authors": list(paper.authors),
        "categories": list(paper.categories),
        "url": paper.url,
        "names": [str(name) for name in paper.identifiers],
        "first_seen_at": paper.first_seen_at.isoformat(),
        "announced_at": paper.announced_at and paper.announced_at.isoformat(),
        "version": paper.version,
        "withdrawn": paper.withdrawn,
        "candidate": paper.candidate,
    }


def trending_json(one: Trending) -> dict[str, object]:
    known = one.attention
    return paper_json(one.paper) | {
        "score": one.score,
        "votes": known.votes,
        "cohort": known.cohort,
        "share_above": known.share_above,
        "rising": known.rising,
    }


def dossier_json(found: Dossier) -> dict[str, object]:
    why, history = found.explanation, found.history
    return paper_json(found.paper) | {
        "merged_into_it": list(history.former_ids),
        "records": [
            _key_json(key_of(record))
            | {
                "version": record.entry.version,
                "first_seen_at": record.first_seen_at.isoformat(),
                "merged_from": record.merged_from,
                "title": record.entry.title,
            }
            for record in why.records
        ],
        "joined_by": [
            {"records": [_key_json(join.a), _key_json(join.b)], "rule": join.rule, "evidence": join.evidence}
            for join in why.joins
        ],
        "kept_apart": [
            {
                "record": _key_json(one.record),
                "other": _key_json(one.other),
                "paper": one.other_paper,
                "rule": one.rule,
                "evidence": one.evidence,
                "reason": one.reason,
            }
            for one in why.apart
        ],
        "taken_from": dict(why.taken_from),
        "signals": [
            {
                "signal": str(signal.signal),
                "readings": signal.readings,
                "value": signal.value,
                "observed_at": signal.observed_at.isoformat(),
            }
            for signal in history.signals
        ],
        "editions": {
            date.isoformat(): {str(state): number for state, number in states.items()}
            for date, states in history.editions.items()
        },
    }


def _key_json(key: RecordKey) -> dict[str, object]:
    return {"source": key[0], "key": key[1]}


def _table(*columns: str, title: str | None = None) -> Table:
    table = Table(title=title, title_justify="left", box=None, header_style="dim", padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name, overflow="fold" if name in {"key", "id"} else "ellipsis")
    return table


def _print(out: Console, table: Table) -> None:
    if table.row_count:
        out.print()
        out.print(table)


def _by(paper: Paper) -> str:
    first, *others = paper.authors or ("",)
    return first + (f" and {len(others)} more" if len(others) > 1 else f", {others[0]}" if others else "")


def _value(value: object) -> str:
    if isinstance(value, dt.datetime):
        return f"{value:%d %b %Y}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
