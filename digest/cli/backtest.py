"""`digest backtest`: past days again, with only what was known then, and how their picks turned out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import config_option, console
from digest.cli.preview import DATE
from digest.cli.reporting import bar

if TYPE_CHECKING:
    from digest.pipeline.backtest import Backtest

MOST_DAYS = 366
NOT_SHOWN = frozenset({"papers", "settled"})
"""Figures that the table leaves to the report and to JSON, so that it fits 80 columns."""
LETTERS = ("a", "b")


@click.command()
@config_option
@click.option("--from", "first", type=DATE, required=True, help="The first edition date (YYYY-MM-DD).")
@click.option("--to", "last", type=DATE, default="yesterday", show_default=True, help="The last one.")
@click.option("--reader", "readers", multiple=True, metavar="READER", help="This reader only; may be repeated.")
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="OTHER.yaml",
    help="A second configuration, with its own readers, over the same stored papers.",
)
@click.option(
    "--as-announced",
    is_flag=True,
    help="Papers count as known from their announcement: for history that was imported later.",
)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a report with plots to this file.")
@click.option("--open", "open_it", is_flag=True, help="Open the report in a browser.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    *,
    config: Path,
    first: dt.date,
    last: dt.date,
    readers: tuple[str, ...],
    against: Path | None,
    as_announced: bool,
    html: Path | None,
    open_it: bool,
    as_json: bool,
) -> None:
    """What past days would have brought with today's settings, and how those papers turned out. Sends nothing."""
    from digest.app import open_app
    from digest.reports import backtest as report

    if last < first:
        raise click.UsageError(f"--to {last} is before --from {first}")
    if (last - first).days >= MOST_DAYS:
        raise click.UsageError(f"more than {MOST_DAYS} days; replay them in parts")
    with open_app(config) as app, bar("Replaying") as progress:
        tests = app.backtest(
            first, last, readers=readers, against=against, as_announced=as_announced, progress=progress
        )
    if open_it and html is None:
        html = Path(f"backtest-{first}-{last}.html")
    if html is not None:
        html.write_text(report.page(tests, first, last), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(report.to_json(tests, first, last), ensure_ascii=False))
    else:
        _print(tests, first, last)
        if not as_announced and not any(mail.considered for test in tests for day in test.days for mail in day.mails):
            console().print(
                "No stored paper was known on these days. If they were imported later: --as-announced takes their "
                "announcement for the moment they became known.",
                style="yellow",
            )
    if html is not None:
        click.echo(f"written to {html}", err=True)
        if open_it:
            click.launch(str(html))


def _print(tests: Sequence[Backtest], first: dt.date, last: dt.date) -> None:
    from rich.markup import escape
    from rich.table import Table

    from digest.reports import backtest as report

    out = console()
    columns = [column for column in report.columns(tests) if column[0] not in NOT_SHOWN]
    title = f"{first.day} {first:%b} to {last.day} {last:%b %Y}"
    table = Table(title=title, title_justify="left", box=None, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("day", no_wrap=True)
    if len(tests) > 1:
        table.add_column("", no_wrap=True)
    for name, _, _ in columns:
        table.add_column(name, justify="right", no_wrap=True)

    def row(label: str, number: int, figures: object, style: str | None = None) -> None:
        setting = [LETTERS[number]] if len(tests) > 1 else []
        cells = [report.written(getattr(figures, name), kind) for name, kind, _ in columns]
        table.add_row(label, *setting, *cells, style=style)

    days = {(number, day.date): day for number, test in enumerate(tests) for day in test.days}
    for date in sorted({date for _, date in days}):
        label = f"{date:%a %d %b}"
        for number in range(len(tests)):
            if (number, date) in days:
                row(label, number, days[number, date].figures)
                label = ""
    for number, test in enumerate(tests):
        row("mean" if number == 0 else "", number, test.figures, style="bold")
    out.print(table)
    if len(tests) > 1:
        out.print(", ".join(f"{letter} {escape(test.name)}" for letter, test in zip(LETTERS, tests, strict=True)))
    for remark in report.remarks(tests):
        out.print(remark, style="yellow")
    out.print("Every pick, with its votes: --html FILE, or --json.", style="dim")
