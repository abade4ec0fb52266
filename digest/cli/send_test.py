"""`digest send-test ADDRESS`: try the mail account, and translate the server's answer into what to do."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import FAILED, MISUSED, config_option, fail, load

if TYPE_CHECKING:
    from digest.delivery.probe import ProbeReport


@click.command()
@config_option
@click.argument("address")
@click.option("--relay", metavar="NAME", help="Only this one: main, fallback, or a part of its name.")
@click.option("--reader", help="Send what this reader would get now, marked as a test, the way mails go.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a relay.")
def command(config: Path, address: str, relay: str | None, reader: str | None, as_json: bool) -> None:
    """Send one small message to ADDRESS through each configured account, or with --reader a whole edition.

    Nothing else is touched: no reader, no queue. The small one tries SMTP also while `mail.transport` is still `files`.
    """
    if reader is not None:
        if relay is not None:
            raise click.UsageError("--reader goes the way that mails go; leave --relay out")
        _send_edition(config, reader, address, as_json=as_json)
        return
    from digest.delivery.probe import chosen, probe
    from digest.errors import TransportError
    from digest.settings.mail import TransportKind
    from digest.signing import signer

    mail, now = load(config).mail, dt.datetime.now(dt.UTC)
    signs = signer(mail.model_copy(update={"transport": TransportKind.SMTP}), config)

    def sign(message: bytes) -> bytes:
        return signs.sign(message, now=now) if signs else message

    accepted = True
    try:
        for each in chosen(mail, relay):
            report = probe(mail, each, address, now=now, sign=sign)
            _say(report, as_json=as_json)
            accepted = accepted and report.accepted
    except TransportError as error:
        fail(f"{error}" + (f"; {error.advice}" if error.advice else ""), MISUSED)
    if not accepted:
        raise SystemExit(FAILED)


def _send_edition(config: Path, reader: str, address: str, *, as_json: bool) -> None:
    from digest.app import open_app
    from digest.errors import TransportError

    with open_app(config) as app:
        try:
            reply = app.send_trial(reader, address)
        except TransportError as error:
            fail(f"{error}" + (f"; {error.advice}" if error.advice else ""))
    if as_json:
        click.echo(json.dumps({"reader": reader, "accepted": True, "code": reply.code, "text": reply.text}))
    else:
        click.echo(f"{reader}'s edition, as a test, to {address}: {reply}")


def _say(report: ProbeReport, *, as_json: bool) -> None:
    if as_json:
        click.echo(
            json.dumps(
                {
                    "relay": report.relay,
                    "accepted": report.accepted,
                    "phase": str(report.reply.phase),
                    "code": report.reply.code,
                    "text": report.reply.text,
                    "advice": report.advice,
                },
                ensure_ascii=False,
            )
        )
        return
    click.echo(f"{report.relay}")
    click.echo(f"{'accepted' if report.accepted else 'refused'} at {report.reply.phase}: {report.reply}")
    click.echo(f"→ {report.advice}")
