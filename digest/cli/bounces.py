"""`digest bounces`: mails that came back, and whatever else arrives in our mailbox, understood and taken in."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import FAILED, config_option

if TYPE_CHECKING:
    from digest.app import App


@click.command()
@config_option
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="Only tell, a JSON object for each recipient; changes nothing.")
@click.option("--dry-run", is_flag=True, help="Only tell what each mail is about; changes nothing.")
def command(config: Path, files: tuple[Path, ...], as_json: bool, dry_run: bool) -> None:
    """Take in mails that came back: bounces, complaints, unsubscribes, answers.

    FILES are mails, Maildirs, mbox files, or - for standard input. Without any, the mailbox in mail.inbox is read.
    With --json no configuration is needed; where there is one, deliveries are named.
    """
    if as_json or dry_run:
        if not files:
            raise click.UsageError("which mails? Give files, Maildirs, mbox files, or - for standard input")
        _tell(config, files, as_json=as_json)
        return
    from digest.app import open_app

    with open_app(config) as app:
        if not files:
            _read_inbox(app)
            return
        failed = [_take(app, name, data) for name, data in _mails(files)]
    if any(failed):
        sys.exit(FAILED)


def _mails(files: tuple[Path, ...]) -> Iterator[tuple[str, bytes]]:
    from digest.delivery.inbox import mails_in

    for path in files:
        yield from mails_in(path)


def _tell(config: Path, files: tuple[Path, ...], *, as_json: bool) -> None:
    """A line per recipient; one with no recipient for a mail that is about nobody."""
    from contextlib import ExitStack

    from digest.app import open_app
    from digest.bounces import Bounce, Kind, read_notice

    with ExitStack() as exits:
        app = exits.enter_context(open_app(config)) if config.exists() else None
        for name, data in _mails(files):
            notice = read_notice(data)
            delivery = app.delivery_of(notice) if app else None
            for one in notice.bounces or (Bounce(recipient=None, kind=Kind.NONE, reason=str(notice.topic)),):
                told = {
                    "file": name,
                    "recipient": one.recipient,
                    "kind": str(one.kind),
                    "status": one.status,
                    "reason": one.reason,
                    "delivery": delivery,
                }
                if as_json:
                    click.echo(json.dumps(told, ensure_ascii=False))
                else:
                    about = one.recipient or "nobody"
                    proof = f"delivery {delivery}" if delivery else "no proof that it was ours"
                    click.echo(f"{name}: {about}: {one.kind}, {one.reason} ({proof})")


def _take(app: App, name: str, data: bytes) -> bool:
    """Take one mail in; True if nothing could be made of it."""
    handled = app.take_mail(data)
    who = f" ({handled.reader})" if handled.reader else ""
    click.echo(f"{name}: {handled.what}{who}: {handled.words}", err=not handled.done)
    return not handled.done


def _read_inbox(app: App) -> None:
    counts = app.read_inbox()
    if counts is None:
        raise click.UsageError("no mailbox is configured (mail.inbox); give files, Maildirs, or - for standard input")
    click.echo(in_words(counts))


def in_words(counts: Counter[str]) -> str:
    """``3 bounces, 1 other``, or that there was nothing new."""
    return ", ".join(f"{number} {what}" for what, number in sorted(counts.items())) or "nothing new"
