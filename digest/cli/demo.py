"""`digest demo`: ingest to inbox on a bundled sample, with an embedded mail server and no network."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from digest.cli.common import console
from digest.cli.reporting import sources_table


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-out"),
    help="Where to leave the mails.",
)
@click.option("--open", "open_it", is_flag=True, help="Open the first mail in a browser.")
def command(folder: Path, open_it: bool) -> None:
    """The whole job on real papers of one week in May 2026: three readers, three time zones, one mail each."""
    from rich.table import Table

    from digest.demo.play import play
    from digest.demo.sample import PRESS_DAY

    started, out = time.perf_counter(), console()
    done = play(folder, step=lambda words: out.print(f"[dim]·[/] {words}"))
    out.print()
    out.print(sources_table(done.first, title="Sunday: the first ingest back-fills a week"))
    out.print(sources_table(done.second, title="Monday: the day's announcement"))
    out.print(f"{done.papers} papers in the store, each once, however many sources told of it.\n")
    table = Table(title="What arrived", title_justify="left", box=None, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("reader", "at", "subject"):
        table.add_column(name)
    table.add_column("size", justify="right")
    for mail in done.mails:
        table.add_row(mail.reader, mail.local_time, mail.subject, f"{mail.size / 1024:.0f} KB")
    out.print(table)
    out.print(
        "\nOne more pass at once: nobody is due, nothing is sent."
        if done.again.is_idle
        else "\n[red]A second pass was not idle.[/]"
    )
    out.print(f"\nLook at them: {', '.join(str(mail.html) for mail in done.mails)}", soft_wrap=True)
    out.print(
        f"Ask why:      digest why ada 2605.10158 --date {PRESS_DAY} --config {folder / 'config.yaml'}", soft_wrap=True
    )
    out.print(f"[dim]{time.perf_counter() - started:.1f} s, no network, no mail server.[/]")
    if open_it and done.mails:
        click.launch(str(done.mails[0].html))
    if len(done.mails) != len(done.passes) or not done.again.is_idle:
        sys.exit(1)
