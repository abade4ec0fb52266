"""`digest preview READER --diff D1 D2`: two mails beside each other, as a table and as JSON."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from digest.cli.common import console

if TYPE_CHECKING:
    from digest.app import App
    from digest.pipeline.comparison import Change, Comparison, Place

STYLES = {"in": "green", "out": "red", "moved": "yellow", "same": "dim"}
SIGNS = {"in": "+", "out": "−", "moved": "↕", "same": " "}


def print_difference(app: App, reader: str, first: dt.date, second: dt.date, *, as_json: bool) -> None:
    found = app.compare(reader, first, second)
    if as_json:
        click.echo(json.dumps(_json(found), ensure_ascii=False))
    else:
        _print(found)


def _print(found: Comparison) -> None:
    out = console()
    for sign, shown in (("before", found.before), ("after", found.after)):
        out.print(f"[dim]{sign:<6}[/]  [bold]{escape(shown.recipe.subject)}[/]  [dim]{escape(shown.words)}[/]")
    counts = [f"{sum(c.fate == fate for c in found.changes)} {fate}" for fate in SIGNS]
    out.print(", ".join(counts))
    if not found.changes:
        out.print("Neither of them carries a paper.", style="yellow")
        return
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("")
    table.add_column("was", justify="right")
    table.add_column("is", justify="right")
    table.add_column("paper", ratio=3)
    table.add_column("why", ratio=2)
    for change in found.changes:
        style = STYLES[change.fate]
        table.add_row(
            f"[{style}]{SIGNS[change.fate]}[/]",
            *(str(place.position) if place else "·" for place in (change.before, change.after)),
            f"[{style if change.fate == 'same' else 'default'}]{escape(change.paper.title)}[/]",
            f"[{style}]{escape(change.why)}[/]",
        )
    out.print(table)


def _json(found: Comparison) -> dict[str, object]:
    return {
        "reader": found.before.subscriber.id,
        **{
            name: {"edition": shown.edition.isoformat(), "subject": shown.recipe.subject, "what": shown.words}
            for name, shown in (("before", found.before), ("after", found.after))
        },
        "changes": [_change(change) for change in found.changes],
    }


def _change(change: Change) -> dict[str, object]:
    return {
        "fate": str(change.fate),
        "paper": change.paper.label,
        "title": change.paper.title,
        "url": change.paper.url,
        "before": _place(change.before),
        "after": _place(change.after),
        "why": change.why,
    }


def _place(place: Place | None) -> dict[str, object] | None:
    if place is None:
        return None
    pick = place.pick
    return {
        "position": place.position,
        "section": str(pick.section),
        "lane": pick.lane,
        "score": pick.score,
        "reason": pick.reason,
    }
