"""`digest ingest`: read new papers now, from all sources or from a file."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import config_option, console, fail
from digest.cli.reporting import counting, sources_table, watching
from digest.errors import SourceError
from digest.model import Batch
from digest.sources import formats

if TYPE_CHECKING:
    from digest.app import App
    from digest.pipeline.files import FileReport

LIMIT = 200_000_000
"""Bytes of one file: a year of a large field, and less than a gzip bomb."""

FORMATS = tuple(formats.MODULES)


@click.command()
@config_option
@click.option(
    "--from", "path", metavar="FILE", help="Read a file instead of the sources (- for standard input, .gz is fine)."
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="What the file is.")
@click.option("--source", "only", metavar="NAME", help="Read this source or signal only.")
@click.option("--dry-run", is_flag=True, help="With --from: parse, store nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(config: Path, path: str | None, form: str | None, only: str | None, dry_run: bool, as_json: bool) -> None:
    """Read new papers now, from all sources or from a file; then the signals that are due for stored papers."""
    if path is None:
        if dry_run or form:
            raise click.UsageError("--dry-run and --format go with --from FILE")
        _from_sources(config, only, as_json=as_json)
    else:
        if form is None:
            raise click.UsageError(f"--from needs --format, one of: {', '.join(FORMATS)}")
        _from_file(config, path, form, dry_run=dry_run, as_json=as_json)


def _from_sources(config: Path, only: str | None, *, as_json: bool) -> None:
    from digest.app import open_app

    with open_app(config) as app:
        sources, signals = app.source_names(), app.signal_names()
        if only is not None and only not in (*sources, *signals):
            raise click.UsageError(f"no source {only!r}; there are: {', '.join((*sources, *signals)) or 'none'}")
        app.reread()
        with watching("Reading") as progress:
            read = app.ingest(only, progress=progress) if only is None or only in sources else []
            attention = app.read_signals(only, progress=progress) if only is None or only in signals else []
    reports = [*read, *attention]
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "source": r.source,
                        "status": str(r.status),
                        "announced": r.announced,
                        "read": r.read,
                        "new": r.new,
                        "updated": r.updated,
                        "rejected": r.rejected,
                        "error": r.error,
                    }
                    for r in reports
                ]
            )
        )
    else:
        console().print(sources_table(reports))
    # Papers are what it is about: attention that could be read does not make up for them.
    if reports and all(report.error for report in read or attention):
        sys.exit(1)


def _from_file(config: Path, path: str, form: str, *, dry_run: bool, as_json: bool) -> None:
    from digest.app import open_app
    from digest.composition import utc_now
    from digest.sources.saved import read_saved

    report: Batch | FileReport
    try:
        data = _bytes(path)
        if dry_run:
            report = read_saved(data, form, formats.parser_of(form), now=utc_now())
        else:
            with open_app(config) as app, counting("Storing papers") as progress:
                report = _stored(app, data, form, progress)
    except SourceError as error:
        if as_json:  # a script gets its object whatever happens
            rejected = [{"id": "", "reason": str(error)}]
            click.echo(json.dumps({"announced": None, "read": 0, "rejected": rejected}, ensure_ascii=False))
        fail(f"{path}: {error}")
    counts = None if isinstance(report, Batch) else report.counts
    if as_json:
        result: dict[str, object] = {
            "announced": report.announced,
            "read": report.read,
            "rejected": [{"id": rejection.id, "reason": rejection.reason} for rejection in report.rejected],
            "withdrawn": [str(withdrawal.identifier) for withdrawal in report.withdrawn],
        }
        if counts is not None:
            result |= {"new": counts.new, "updated": counts.updated}
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    announced = f"{report.announced} announced, " if report.announced is not None else ""
    stored = f", {counts.new} new, {counts.updated} updated" if counts else " (dry run: nothing stored)"
    gone = f" (of these {len(report.withdrawn)} withdrawals)" if report.withdrawn else ""
    click.echo(f"{announced}{report.read} read{gone}, {len(report.rejected)} rejected{stored}")
    for rejection in report.rejected[:20]:
        click.echo(f"  rejected {rejection.id}: {rejection.reason}")
    if len(report.rejected) > 20:
        click.echo(f"  … and {len(report.rejected) - 20} more (--json shows all)")


def _stored(app: App, data: bytes, form: str, progress: Callable[[int], None]) -> FileReport:
    """What was stored of a file: as it is, or, where its parser finds nothing in it, of the answers wrapped in it."""
    from digest.pipeline.files import ingest_file
    from digest.sources.saved import answers_in

    report, failed = None, None
    try:
        report = ingest_file(app.rooms, form, (data,), progress=progress)
    except SourceError as error:
        failed = error
    if report is not None and report.read:
        return report
    answers, refused = answers_in(data, form, formats.parser_of(form), now=app.clock())
    if answers:
        found = ingest_file(app.rooms, form, answers, progress=progress)
        announced = None if found.announced is None else found.announced + len(refused)
        return replace(found, announced=announced, rejected=(*found.rejected, *refused))
    if report is None:
        assert failed is not None
        raise failed
    return report


def _bytes(path: str) -> bytes:
    """The file's content, unpacked; never more than LIMIT of it in memory.

    Raises:
        UsageError: there is no such file, or it cannot be opened.
        SourceError: it is damaged or too large.
    """
    try:
        with _standard_input() if path == "-" else Path(path).open("rb") as file:
            packed = file.peek(2)[:2] == b"\x1f\x8b"
            data = (gzip.GzipFile(fileobj=file) if packed else file).read(LIMIT + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError("file", f"the gzip file is damaged: {error}") from error
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror or error}") from error
    if len(data) > LIMIT:
        raise SourceError("file", f"more than {LIMIT // 1_000_000} MB, unpacked; read it in parts")
    return data


def _standard_input() -> io.BufferedReader:
    stream = sys.stdin.buffer
    return stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(io.BytesIO(stream.read(LIMIT + 1)))
