"""`digest report`: what the operator should know of a press day, to look at or to send."""

from __future__ import annotations

import datetime as dt
import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from digest.cli.common import config_option, fail
from digest.cli.preview import DATE


@click.command()
@config_option
@click.option("--date", type=DATE, help="The press day; by default today's.")
@click.option("--format", "form", type=click.Choice(["text", "html", "eml", "json"]), default="text", show_default=True)
@click.option("--send", "address", metavar="ADDRESS", help="Send it there instead of printing it.")
def command(config: Path, date: dt.date | None, form: str, address: str | None) -> None:
    """Books, sources, what was not delivered, and what needs attention on a press day. Changes nothing.

    With `mail.report_to` the daemon and `digest run` send yesterday's by themselves.
    """
    from digest.app import open_app
    from digest.editions.recipe import assemble, part_html, part_text
    from digest.errors import TransportError

    with open_app(config) as app:
        day = date or app.clock().date()
        content = app.report(day, to=address)
        if address is not None:
            try:
                reply = app.send_report(content)
            except TransportError as error:
                fail(f"{error}" + (f"; {error.advice}" if error.advice else ""))
            click.echo(f"{day}: sent to {address}: {reply}")
            return
        if form == "json":
            plain = asdict(content) | {"site": content.site.name}
            click.echo(json.dumps(plain, default=str, ensure_ascii=False, indent=1))
            return
        drawn = app.composer.report(content)
    if form == "eml":
        sys.stdout.buffer.write(assemble(drawn.recipe, drawn.fragments))
    else:
        click.echo((part_html if form == "html" else part_text)(drawn.recipe, drawn.fragments), nl=False)
