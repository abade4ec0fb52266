"""`digest sources`: how each source has done, day by day; and what it takes to add one."""

from __future__ import annotations

import datetime as dt
import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from digest.cli.common import config_option, console
from digest.cli.reporting import source_errors
from digest.model import SourceReport
from digest.reports.source_days import Mark, by_day, by_source, totals, worst
from digest.sources.base import EXAMPLES

if TYPE_CHECKING:
    from rich.console import Console

SIGNS = {
    Mark.READ: "[green]●[/]",
    Mark.INCOMPLETE: "[yellow]◐[/]",
    Mark.FAILED: "[red]✗[/]",
    Mark.NOT_ASKED: "[dim]·[/]",
}
MOST_MARKS = 14
"""Columns of the table for days; of more days, several share a mark."""

COMMANDS = {
    "new": "Write a small working source beside your config.",
    "record": "Keep what a source's provider answers, for tests.",
    "test": "Try every promise of a source on it.",
}
"""Each in ``digest.cli.sources_NAME``, imported when it is asked for."""


class _Kit(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return cast("click.Command", importlib.import_module(f"digest.cli.sources_{cmd_name}").command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Kit, invoke_without_command=True)
@config_option
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True, help="How far back.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a source.")
@click.pass_context
def command(ctx: click.Context, config: Path, days: int, as_json: bool) -> None:
    """How each source has done over days: ● read, ◐ incomplete or stale, ✗ failed, · not asked."""
    if ctx.invoked_subcommand is not None:
        ctx.default_map = {
            ctx.invoked_subcommand: {"config": str(config)}
        }  # `sources -c FILE new` is `sources new -c FILE`
        return
    from digest.app import open_app

    with open_app(config) as app:
        now = app.clock()
        runs = app.rooms.sources.runs(since=now - dt.timedelta(days=days), until=now)
        # Where nobody's examples are missing, their source is never asked, and that is no news.
        expected = {*app.source_names(), *app.signal_names()} - {EXAMPLES}
    own_runs = dict(by_source(runs, expected))
    if as_json:
        for name, own in own_runs.items():
            click.echo(json.dumps(_json(name, own)))
    else:
        show(own_runs, today=now.date(), days=days, out=console())


def show(sources: dict[str, list[SourceReport]], *, today: dt.date, days: int, out: Console) -> None:
    """The table, what went wrong last, and the chart of the same days."""
    from rich.markup import escape
    from rich.table import Table

    from digest.cli import chart

    dates = [today - dt.timedelta(days=back) for back in range(days - 1, -1, -1)]
    share = -(-days // MOST_MARKS)
    title = f"{dates[0].day} {dates[0]:%b} to {dates[-1].day} {dates[-1]:%b}" if days > 1 else "Today"
    title += f", {share} days a mark" if share > 1 else ""
    table = Table(title=title, title_justify="left", box=None, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("source", no_wrap=True, max_width=chart.LONGEST_NAME)
    table.add_column("days", no_wrap=True)
    for name in ("read", "new", "rejected"):
        table.add_column(name, justify="right")
    table.add_column("last, UTC")
    for name, runs in sources.items():
        marked = by_day(runs, dates)
        marks = "".join(
            SIGNS[worst(marked[max(end - share, 0) : end])] for end in range((days - 1) % share + 1, days + 1, share)
        )
        last = runs[-1] if runs else None
        words = f"{last.started_at:%d %b %H:%M} {last.status}" if last else "never: digest ingest"
        table.add_row(escape(name), marks, *(str(figure) for figure in totals(runs)), escape(words))
    out.print(table)
    for line in source_errors((name, runs[-1].error) for name, runs in sources.items() if runs):
        out.print(line)
    for text in chart.lines(sources, dates, width=out.width, blocks=not out.options.ascii_only):
        out.print(text, no_wrap=True, overflow="ellipsis", crop=True)


def _json(name: str, runs: Sequence[SourceReport]) -> dict[str, object]:
    read, new, rejected = totals(runs)
    last = runs[-1] if runs else None
    return {
        "source": name,
        "runs": len(runs),
        "read": read,
        "new": new,
        "rejected": rejected,
        "last": last and {"at": last.started_at.isoformat(), "status": str(last.status), "error": last.error},
    }
