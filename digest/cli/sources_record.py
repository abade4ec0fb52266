"""`digest sources record`: what a provider answers, kept for tests."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from digest.cli.common import config_option, fail

if TYPE_CHECKING:
    from digest.sources.base import Source


@click.command()
@config_option
@click.argument("name", metavar="NAME|URL")
@click.option("--to", type=click.Path(path_type=Path), help="Folder [default: NAME/recordings beside the config].")
@click.option("--days", type=click.IntRange(1, 90), default=1, show_default=True, help="How far back to ask.")
@click.option("--pages", type=click.IntRange(1, 100), default=4, show_default=True, help="Stop after so many.")
def command(config: Path, name: str, to: Path | None, days: int, pages: int) -> None:
    """Ask a source's provider, or one address, and keep the raw answers; stores no papers.

    Keys and addresses of people are taken out of what is kept; look through it before you publish it.
    """
    import httpx2

    from digest.app import open_app
    from digest.cli.source_choice import chosen
    from digest.sources.base import FetchRequest
    from digest.sources.contract.recording import OneAddress, Recorder, Tape, take
    from digest.sources.contract.tapes import save

    with open_app(config) as app:
        source: Source
        if "://" in name:
            source, folder = OneAddress(name), config.parent / "recordings" / (urlsplit(name).hostname or "address")
        else:
            choice = chosen(config, name)
            source, folder = choice.make(), choice.recordings
        request = FetchRequest(now=app.clock(), look_back=dt.timedelta(days=days), categories=app.categories())
        recorder = Recorder(
            httpx2.AsyncHTTPTransport(limits=httpx2.Limits(max_keepalive_connections=0)), clock=app.clock
        )
        error, stopped = asyncio.run(take(source, request, app.client(transport=recorder), pages=pages))
    if not recorder.answers:
        fail(f"{name}: nothing was answered" + (f": {error}" if error else ""))
    folder = to or folder
    save(
        Tape(source=source.name, answers=tuple(recorder.answers), request=request, pages=pages if stopped else None),
        folder,
    )
    for number, answer in enumerate(recorder.answers, start=1):
        cut = "" if answer.whole else ", broken off"
        click.echo(f"  {number:03}  {answer.status}  {len(answer.body):>9,} bytes{cut}  {answer.url}")
    kept = len(recorder.answers)
    click.echo(
        f"{kept} {'answer' if kept == 1 else 'answers'} kept in {folder}; keys and addresses of people are hidden"
    )
    if error is not None:
        click.echo(f"The source says of them: {error}")
