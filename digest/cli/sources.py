"""`digest sources`: how each source has done, day by day."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

import click

from digest.cli.common import config_option, console
from digest.cli.reporting import source_errors
from digest.model import SourceReport, SourceStatus

GOOD = frozenset({SourceStatus.OK, SourceStatus.UNCHANGED, SourceStatus.QUIET})


@click.command()
@config_option
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True, help="How far back.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a source.")
def command(config: Path, days: int, as_json: bool) -> None:
    """How each source has done over days: ● read, ◐ incomplete or stale, ✗ failed, · not asked."""
    from digest.app import open_app

    with open_app(config) as app:
        now = app.clock()
        runs = app.rooms.sources.runs(since=now - dt.timedelta(days=days), until=now)
        names = sorted({*app.source_names(), *app.signal_names(), *(run.source for run in runs)})
    by_source = {name: [run for run in runs if run.source == name] for name in names}
    if as_json:
        for name, own in by_source.items():
            click.echo(json.dumps(_json(name, own)))
    else:
        _print(by_source, today=now.date(), days=days)


def _print(by_source: dict[str, list[SourceReport]], *, today: dt.date, days: int) -> None:
    from rich.markup import escape
    from rich.table import Table

    dates = [today - dt.timedelta(days=back) for back in range(days - 1, -1, -1)]
    title = f"{dates[0].day} {dates[0]:%b} to {dates[-1].day} {dates[-1]:%b}" if days > 1 else "Today"
    table = Table(title=title, title_justify="left", box=None, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("source", no_wrap=True)
    table.add_column("days")
    for name in ("read", "new", "rejected"):
        table.add_column(name, justify="right")
    table.add_column("last, UTC")
    for name, runs in by_source.items():
        marks = "".join(_mark([run for run in runs if run.started_at.date() == date]) for date in dates)
        last = runs[-1] if runs else None
        words = f"{last.started_at:%d %b %H:%M} {last.status}" if last else "never: digest ingest"
        table.add_row(escape(name), marks, *(str(figure) for figure in _totals(runs)), escape(words))
    out = console()
    out.print(table)
    for line in source_errors((name, runs[-1].error) for name, runs in by_source.items() if runs):
        out.print(line)


def _mark(runs: Sequence[SourceReport]) -> str:
    """The best that a day brought: one good reading makes up for failures before it."""
    statuses = {run.status for run in runs}
    if statuses & GOOD:
        return "[green]●[/]"
    if statuses & {SourceStatus.INCOMPLETE, SourceStatus.STALE}:
        return "[yellow]◐[/]"
    return "[red]✗[/]" if statuses else "[dim]·[/]"


def _totals(runs: Sequence[SourceReport]) -> tuple[int, int, int]:
    return sum(run.read for run in runs), sum(run.new for run in runs), sum(run.rejected for run in runs)


def _json(name: str, runs: Sequence[SourceReport]) -> dict[str, object]:
    read, new, rejected = _totals(runs)
    last = runs[-1] if runs else None
    return {
        "source": name,
        "runs": len(runs),
        "read": read,
        "new": new,
        "rejected": rejected,
        "last": last and {"at": last.started_at.isoformat(), "status": str(last.status), "error": last.error},
    }
