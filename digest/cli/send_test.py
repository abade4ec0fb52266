"""`digest send-test ADDRESS`: try the mail account, and translate the server's answer into what to do."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import click

from digest.cli.common import FAILED, MISUSED, config_option, fail, load


@click.command()
@config_option
@click.argument("address")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(config: Path, address: str, as_json: bool) -> None:
    """Send one small message to ADDRESS through the configured account.

    Nothing else is touched: no reader, no queue. It tries SMTP also while `mail.transport` is still `files`.
    """
    from digest.delivery.probe import probe
    from digest.errors import TransportError
    from digest.settings.mail import TransportKind
    from digest.signing import signer

    mail, now = load(config).mail, dt.datetime.now(dt.UTC)
    signs = signer(mail.model_copy(update={"transport": TransportKind.SMTP}), config)
    try:
        report = probe(mail, address, now=now, sign=lambda message: signs.sign(message, now=now) if signs else message)
    except TransportError as error:
        fail(f"{error}" + (f"; {error.advice}" if error.advice else ""), MISUSED)
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
    else:
        click.echo(f"{report.relay}")
        click.echo(f"{'accepted' if report.accepted else 'refused'} at {report.reply.phase}: {report.reply}")
        click.echo(f"→ {report.advice}")
    if not report.accepted:
        raise SystemExit(FAILED)
