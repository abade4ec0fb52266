"""`digest run`: one pass for everyone who is due. The daemon runs the same code on a schedule."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import config_option, console, end_politely
from digest.cli.reporting import counting, sources_table, trial_notice, watching
from digest.model import DeliveryState, QuietDay

if TYPE_CHECKING:
    import datetime as dt

    from digest.app import App
    from digest.pipeline.passing import PassReport

TELLING = frozenset(
    {
        DeliveryState.SKIPPED,
        DeliveryState.DEFERRED,
        DeliveryState.FAILED,
        DeliveryState.UNCERTAIN,
        DeliveryState.SUPPRESSED,
        DeliveryState.EXPIRED,
    }
)
"""States whose reasons are worth a line after a pass."""

SETTLED = ("skipped", "deferred", "failed", "suppressed", "expired", "uncertain")

WAITING = {
    DeliveryState.BUILDING: "being built elsewhere",
    DeliveryState.READY: "ready",
    DeliveryState.LEASED: "in the hands of a sender",
    DeliveryState.SENDING: "being sent, or left by a sender that died",
    DeliveryState.DEFERRED: "deferred",
    DeliveryState.UNCERTAIN: "uncertain (may have arrived)",
    DeliveryState.HELD: "held",
}


@click.command()
@config_option
@click.option("--dry-run", is_flag=True, help="Say who is due and what they would get; store and send nothing.")
@click.option("--no-ingest", is_flag=True, help="Do not read the sources first.")
def command(config: Path, dry_run: bool, no_ingest: bool) -> None:
    """One pass: read the sources, build what is due, send it, and show the books."""
    from digest.app import open_app

    end_politely()
    with open_app(config) as app:
        if dry_run:
            _dry_run(app)
            return
        started_at, sync = app.clock(), app.reread()
        unread = False
        for reader, problem in sync.broken.items():
            click.echo(f"reader {reader}: {problem} (the last good settings stay in force)", err=True)
        if not no_ingest:
            with watching("Reading") as progress:
                reports = app.ingest(progress=progress)
                attention = app.read_signals(progress=progress)
            console().print(sources_table([*reports, *attention]))
            unread = bool(reports) and all(report.error and not report.read for report in reports)
        with counting("Sending") as count:
            done = app.tick(progress=count)
        if app.trial:
            console().print(trial_notice(app.config.mail.files_dir))
        _books(app)
        _outcome(app, done, since=started_at)
        alerts = app.alarm()
        for alert in alerts:
            click.echo(f"ALERT: {alert.what}. {alert.todo}", err=True)
        if done.failed or done.uncertain or done.paused or unread or alerts:
            sys.exit(1)


def _outcome(app: App, done: PassReport, *, since: dt.datetime) -> None:
    """What the pass did and, for every delivery that did not simply go out, why; then who is next."""
    from digest.store.outbox import Filters

    for relay, why in done.resting.items():
        click.echo(f"{relay} is paused {why}")
    if done.resting and done.accepted_by:
        used = ", ".join(f"{number} over {relay}" for relay, number in done.accepted_by.items())
        click.echo(f"Mails went on: {used}.")
    if done.is_idle:
        click.echo(f"Nothing due. {_next(app)}")
    else:
        counts = {"written" if app.trial else "accepted": done.accepted}
        counts |= {name: getattr(done, name) for name in SETTLED}
        said = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
        click.echo(f"{said or 'Nothing was sent'}. {_next(app)}")
        for row in app.outbox.listing(Filters(states=TELLING, trial=app.trial, limit=20)):
            if row.updated_at >= since:
                click.echo(f"  {row.subscriber_id}: {row.state}: {row.reason}")
    _open(app)


def _open(app: App) -> None:
    """What is on its way, or waits for somebody: nothing is to be forgotten because a later pass had nothing to do."""
    counts = app.outbox.counts(trial=app.trial)
    waits = [f"{counts[state]} {words}" for state, words in WAITING.items() if counts.get(state)]
    if not waits:
        return
    at = app.outbox.next_attempt_at(trial=app.trial)
    when = f", next try {at:%a %H:%M} UTC" if at is not None and at > app.clock() else ""
    click.echo(f"Still open: {', '.join(waits)}{when}. digest queue shows and repairs it.")


def _next(app: App) -> str:
    upcoming = app.rooms.subscribers.next_due()
    if upcoming is None:
        return "There are no active readers: digest init makes one."
    return f"Next: {app.next_due()}. Now instead: digest send {upcoming.subscriber.id} --now"


def _books(app: App) -> None:
    from rich.table import Table

    books = app.books()
    if not books:
        return
    table = Table(title="Books", title_justify="left", box=None, header_style="dim", padding=(0, 2, 0, 0))
    states = sorted({state for _, counts in books for state in counts})
    for name in ("edition", "planned", *states):
        table.add_column(name, justify="left" if name == "edition" else "right")
    for day, counts in books:
        table.add_row(f"{day:%a %d %b}", str(sum(counts.values())), *(str(counts.get(state, "·")) for state in states))
    console().print(table)


def _dry_run(app: App) -> None:
    due = app.rooms.subscribers.due(app.clock(), 1000)
    if not due:
        click.echo(f"Nothing due. {_next(app)}")
    for reader in due:
        shown = app.preview(reader.subscriber.id)
        count = len(shown.selection.picks) if shown.selection else 0
        quiet = not count and reader.subscriber.quiet_day is QuietDay.SKIP
        what = "would be skipped: nothing to say" if quiet else f"{count} papers: {shown.recipe.subject}"
        click.echo(f"{reader.subscriber.id}  {shown.edition}  {what}")
    click.echo("Dry run: nothing was read, stored or sent.")
