"""`digest archive DIR`: editions that went out, as static pages to keep or to serve."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import config_option, fail
from digest.cli.preview import DATE
from digest.cli.reporting import bar

if TYPE_CHECKING:
    from digest.pipeline.archive import Archived


@click.command()
@config_option
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--reader", "readers", multiple=True, metavar="READER", help="This reader only; may be repeated.")
@click.option("--since", type=DATE, help="Editions of this day and later only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(config: Path, folder: Path, readers: tuple[str, ...], since: dt.date | None, as_json: bool) -> None:
    """A page for every edition that went out, and an index for every reader. Writes only what is missing in DIR."""
    from digest.app import open_app

    with open_app(config) as app, bar("Archiving") as progress:
        done = app.archive(folder, readers=readers, since=since, progress=progress)
    if as_json:
        click.echo(json.dumps(_json(done), ensure_ascii=False))
    else:
        click.echo(f"{done.written} written, {done.kept} there already, {len(done.failed)} failed")
        for shelf in done.shelves:
            click.echo(f"  {shelf.reader}: {shelf.editions} · {shelf.url or shelf.index}")
    if done.failed:
        fail("; ".join(f"{key.subscriber_id} {key.date}: {reason}" for key, reason in done.failed))


def _json(done: Archived) -> dict[str, object]:
    return {
        "written": done.written,
        "kept": done.kept,
        "failed": [
            {"reader": key.subscriber_id, "edition": key.date.isoformat(), "reason": why} for key, why in done.failed
        ],
        "readers": [
            {"reader": shelf.reader, "editions": shelf.editions, "index": str(shelf.index), "url": shelf.url}
            for shelf in done.shelves
        ],
    }
