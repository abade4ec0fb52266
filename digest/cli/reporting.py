"""What several commands show alike: the table of sources, progress on a terminal, and the word about trials."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

    from digest.model import SourceReport
    from digest.sources.progress import Progress

STYLES = {"ok": "green", "unchanged": "green", "quiet": "green"}


def sources_table(reports: Sequence[SourceReport], *, title: str = "Sources") -> Group:
    """One line per source: announced / read / new / updated / rejected; below, over the full width, what is wrong."""
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("source", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for name in ("announced", "read", "new", "updated", "rejected"):
        table.add_column(name, justify="right")
    for report in reports:
        status = f"[{STYLES.get(report.status, 'yellow')}]{report.status}[/]"
        figures = (report.announced, report.read, report.new, report.updated, report.rejected)
        table.add_row(escape(report.source), status, *("·" if figure is None else str(figure) for figure in figures))
    return Group(table, *source_errors((report.source, report.error) for report in reports))


def source_errors(errors: Iterable[tuple[str, str | None]]) -> list[Text]:
    """(source, its error) → ``arxiv: arXiv did not answer`` below a table, whose columns are too narrow for it."""
    from rich.text import Text

    return [Text(f"{source}: {error}", style="yellow") for source, error in errors if error]


def trial_notice(folder: Path) -> str:
    """Said loudly wherever the files transport is at work."""
    return (
        f"[bold yellow]Trial:[/] the transport is [bold]files[/], so mails are written to {folder} and nobody gets "
        "them; they never count as sent. For real mail: [bold]mail.transport: smtp[/] in the config, then "
        "digest send-test ADDRESS."
    )


@contextmanager
def watching(title: str) -> Iterator[Callable[[Progress], None]]:
    """Progress by source: a live bar each on a terminal, with the time left where the size is known; lines in a log."""
    if not sys.stderr.isatty():
        from digest.sources.progress import in_lines

        yield in_lines(lambda line: click.echo(f"{title} {line}", err=True))
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
        TextColumn("[dim]left"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(progress: Progress) -> None:
            source, words = progress.source, progress.words
            if source not in tasks:
                tasks[source] = bars.add_task(f"{title} {source}", total=None, words=words)
            if progress.total is not None:
                words = f"{progress.done:,} of {progress.total:,}"
            bars.update(tasks[source], words=words, completed=progress.done, total=progress.total)

        yield show


@contextmanager
def counting(title: str) -> Iterator[Callable[[int], None]]:
    """A counter of what is done on a terminal, nothing in a log."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed:.0f}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar of what is done, of how much, on a terminal; nothing in a log."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(title, total=None)
        yield lambda done, of: shown.update(task, completed=done, total=of)
