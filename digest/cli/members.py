"""Verbs of `digest subscribers` that change who gets mail: add, pause, resume, import, export, erase."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import fail, own_config_option
from digest.cli.preview import DATE

if TYPE_CHECKING:
    from digest.app import App
    from digest.store.subscribers import KnownReader


@click.command(short_help="A reader who lives in the store, without a file.")
@own_config_option
@click.argument("address")
@click.option("--id", "reader_id", default="", help="By default one is made up that says nothing about them.")
@click.option("--name", default="")
@click.option("--timezone", required=True, help="Such as Europe/Berlin.")
@click.option("--send", default="07:30", show_default=True, help="Their local time.")
@click.option("--phrase", "phrases", multiple=True, help="What they follow; may be given several times.")
@click.option("--category", "categories", multiple=True, help="Such as cs.LG; may be given several times.")
@click.option("--proof", required=True, help="When and how they asked for it: kept as the evidence of their consent.")
def add(
    config: Path,
    *,
    address: str,
    reader_id: str,
    name: str,
    timezone: str,
    send: str,
    phrases: tuple[str, ...],
    categories: tuple[str, ...],
    proof: str,
) -> None:
    """Add ADDRESS as a reader. They get mail from the next edition on, so it takes a word on how they asked for it."""
    from digest.app import open_app
    from digest.model import Evidence
    from digest.reader_file import ReaderFile
    from digest.settings.document import Document, Plain
    from digest.settings.reading import Reading
    from digest.settings.validation import validate

    told = {"id": reader_id, "email": address, "name": name, "timezone": timezone, "send": send}
    data: dict[str, Plain] = {key: value for key, value in told.items() if value}
    data |= {key: list(values) for key, values in (("phrases", phrases), ("categories", categories)) if values}
    document = Document(path=Path("--"), data=data)
    settings, problems = validate(document, ReaderFile, Reading(folder=Path.cwd()))
    if settings is None or problems:
        raise click.UsageError("\n".join(f"--{problem.key}: {problem.message}" for problem in problems))
    with open_app(config) as app:
        app.reread()
        reader = app.members.add(settings.subscriber(""), Evidence(text=proof))
    click.echo(f"{reader.subscriber.id} gets their first mail {_next(reader.next_due_at)}")


@click.command(short_help="No mail until a day, or until resumed.")
@own_config_option
@click.argument("reader")
@click.option("--until", type=DATE, help="The day on which mail comes again; by default it takes `resume`.")
def pause(config: Path, reader: str, until: dt.date | None) -> None:
    """Send READER nothing; what waits in the outbox is cancelled."""
    from digest.app import open_app
    from digest.model import Evidence
    from digest.schedule import local_instant

    with open_app(config) as app:
        app.reread()
        known = _known(app, reader)
        zone = known.subscriber.times.timezone
        end = (local_instant(until, dt.time(), zone) or app.clock()) if until is not None else None
        if end is not None and end <= app.clock():
            raise click.UsageError(f"--until: {until} is not in the future in {zone}")
        app.members.pause(known.subscriber.id, until=end, evidence=Evidence(text="by the operator"))
    click.echo(f"{known.subscriber.id} is paused" + (f" until {until}" if until else ": digest subscribers resume"))


@click.command(short_help="Mail again, from the next edition on.")
@own_config_option
@click.argument("reader")
@click.option("--proof", help="For somebody who had unsubscribed: when and how they asked to come back.")
def resume(config: Path, reader: str, proof: str | None) -> None:
    """Send READER mail again. Who unsubscribed comes back by their own wish only, which --proof puts on record."""
    from digest.app import open_app
    from digest.model import Evidence, ReaderState

    with open_app(config) as app:
        app.reread()
        known = _known(app, reader)
        if known.state is ReaderState.LEFT:
            if not proof:
                fail(f"{known.subscriber.id} unsubscribed. If they asked to come back: --proof 'by mail on 3 May'")
            after = app.members.bring_back(known.subscriber.id, Evidence(text=proof))
        else:
            after = app.members.resume(known.subscriber.id, Evidence(text=proof or "by the operator"))
    click.echo(f"{after.subscriber.id} gets mail again {_next(after.next_due_at)}")


@click.command("import", short_help="Many readers from a CSV file, with proof of consent.")
@own_config_option
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen; store nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_(config: Path, file: Path, dry_run: bool, as_json: bool) -> None:
    """Readers of a list, into the store. A list with a mistake in it imports nobody; who is known is left alone.

    Columns: email, timezone, consent_at, consent_text (needed), consent_ip, consent_language, id, name, send,
    frequency, weekday, papers, language, layout, phrases, categories, authors, examples (lists by semicolons).
    """
    from digest.app import open_app

    with open_app(config) as app:
        app.reread()
        done = app.import_readers(file, dry_run=dry_run)
    if as_json:
        told = {"added": list(done.added), "passed_over": dict(done.passed_over), "stored": not dry_run}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{len(done.added)} {'would be added' if dry_run else 'added'}, {len(done.passed_over)} passed over")
    for line, reason in done.passed_over.items():
        click.echo(f"  {file}:{line}: {reason}")


@click.command(short_help="Everything that is stored about a reader.")
@own_config_option
@click.argument("reader")
@click.option("--out", type=click.Path(path_type=Path), help="A .json file, or a .zip with their mails besides.")
def export(config: Path, reader: str, out: Path | None) -> None:
    """Everything that is stored about READER, for them: settings, consents, mails, picks, feedback, suppression."""
    from digest.app import open_app

    with open_app(config) as app:
        app.reread()
        reader_id = _known(app, reader).subscriber.id
        if out is not None and out.suffix.lower() == ".zip":
            data = app.members.export_zip(reader_id)
        else:
            data = (json.dumps(app.members.export(reader_id), ensure_ascii=False, indent=1) + "\n").encode()
    if out is None:
        click.echo(data.decode(), nl=False)
        return
    out.touch(mode=0o600)
    out.write_bytes(data)
    click.echo(f"{out}: {len(data):,} bytes about {reader_id}")


@click.command(short_help="Forget a reader for good.")
@own_config_option
@click.argument("reader")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--archive", "archives", multiple=True, type=click.Path(path_type=Path), metavar="DIR",
    help="A folder of `digest archive`: delete their pages there too; may be given several times.",
)  # fmt: skip
def erase(config: Path, reader: str, yes: bool, archives: tuple[Path, ...]) -> None:
    """Forget READER: settings, consents, mails, picks, feedback, addresses in server replies. It can't be undone.

    What stays: what became of each day's mail, under a name that says nothing; and keyed hashes of id and address, so
    that neither a file nor a form brings them back (`digest queue unsuppress ADDRESS` allows the address again).
    """
    from digest.app import open_app

    with open_app(config) as app:
        app.reread()
        reader_id = _known(app, reader).subscriber.id
        if not yes:
            click.confirm(f"Forget {reader_id} for good? There is no way back", abort=True)
        erased, pages = app.erase(reader_id, archives=archives)
        file = next((path for path in app.files_of(reader_id)), None)
    click.echo(f"{reader_id} is erased" + (f", with {pages} pages" if archives else ""))
    if erased.declared_by_file:
        click.echo(f"Delete their file yourself: {file or app.config.subscribers}. It counts for nothing any more.")
    if not archives:
        click.echo("Pages of `digest archive` are not touched without --archive DIR.")
    click.echo("Backups still know them, until those are deleted.")


def _known(app: App, reader: str) -> KnownReader:
    return app.members.find(reader)


def _next(at: dt.datetime | None) -> str:
    return f"at {at:%Y-%m-%d %H:%M} UTC" if at is not None else "with their next edition"


COMMANDS = (add, pause, resume, import_, export, erase)
