"""`digest send READER --now`: this reader's edition now, without waiting for the hour."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from digest.cli.common import config_option, console, end_politely
from digest.cli.reporting import trial_notice


@click.command()
@config_option
@click.argument("reader")
@click.option("--now", "confirmed", is_flag=True, required=True, help="Yes, now.")
def command(config: Path, reader: str, confirmed: bool) -> None:
    """Send READER today's edition now. It takes the place of the scheduled one: nobody gets a day twice."""
    from digest.app import open_app

    end_politely()
    with open_app(config) as app:
        app.reread()
        outcome = app.send_now(reader)
        if app.trial:
            console().print(trial_notice(app.config.mail.files_dir))
    click.echo(outcome.words, err=not outcome.done)
    sys.exit(0 if outcome.done else 1)
