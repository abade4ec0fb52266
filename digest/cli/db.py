"""`digest db`: the database's own affairs: its size and health, backups, what is kept for how long, its version."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from digest.cli.common import FAILED, MISUSED, config_option, fail, load, own_config_option


@click.group(invoke_without_command=True)
@config_option
@click.pass_context
def command(context: click.Context, config: Path) -> None:
    """The database: status, check, backup, restore, prune, upgrade. Without a command: status."""
    context.obj = config
    if context.invoked_subcommand is None:
        context.invoke(status, config=config, as_json=False)


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@command.command()
@own_config_option
@json_option
def status(config: Path, as_json: bool) -> None:
    """Where it is, how large, at which version, and how many rows its tables have. Changes nothing."""
    from digest.store.condition import condition
    from digest.store.database import Database, exists

    settings = load(config)
    db = Database(settings.store) if exists(settings.store) else None
    if db is None:
        fail(f"{settings.store} is not there yet; digest ingest makes it")
    try:
        found = condition(db)
    finally:
        db.close()
    if as_json:
        click.echo(json.dumps({"store": db.shown_url, "revision": found.revision, "current": found.current,
                               "size": found.size, "rows": found.rows}))  # fmt: skip
        return
    version = "current" if found.current else "not this program's: digest db upgrade"
    click.echo(f"{db.shown_url}: {in_bytes(found.size)}, version {found.revision or 'none'} ({version})")
    for name, number in sorted(found.rows.items(), key=lambda item: -item[1]):
        click.echo(f"  {name:<18}{number:>12,}")


@command.command()
@own_config_option
def check(config: Path) -> None:
    """Everything that can be checked: damage, rows that refer to nothing, the schema, books, the journal."""
    from digest.store.condition import faults
    from digest.store.database import Database

    db = Database(load(config).store)
    try:
        found = list(faults(db))
    finally:
        db.close()
    if not any("schema" in fault for fault in found):
        found += _accounts(config)
    for fault in found:
        click.echo(fault, err=True)
    if found:
        raise SystemExit(FAILED)
    click.echo("The database is whole, its schema is current, its books balance, and the journal is complete.")


def _accounts(config: Path) -> Iterable[str]:
    import datetime as dt

    from digest.app import open_app

    with open_app(config) as app:
        month = app.clock() - dt.timedelta(days=30)
        for day in app.outbox.mismatched_since(month):
            yield f"the books of {day} do not balance: digest queue --date {day}"
        if app.journal is not None and (since := app.outbox.gaps_since()) is not None:
            yield f"the journal has lacked facts since {since:%Y-%m-%d %H:%M} UTC; the next pass completes it if it can"


@command.command()
@own_config_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def backup(config: Path, file: Path, force: bool) -> None:
    """Copy the database to FILE while everything goes on, and check the copy."""
    from digest.app import open_app
    from digest.store.backup import snapshot

    if file.exists() and not force:
        fail(f"{file} is there already; --force replaces it", MISUSED)
    with open_app(config) as app:
        if app.db.file is not None and file.exists() and file.samefile(app.db.file):
            fail(f"{file} is the database itself", MISUSED)
        snapshot(app.db, file)
    click.echo(f"{file}: {in_bytes(file.stat().st_size)}, checked. Keep it elsewhere than on this disk.")


@command.command()
@own_config_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do it; without it you are asked.")
@click.option("--other", is_flag=True, help="Even if FILE is a backup of another database.")
def restore(config: Path, file: Path, yes: bool, other: bool) -> None:
    """Put a backup in the place of the database, which is kept beside it; nobody is mailed twice.

    Stop the daemon first. What went out since the backup is learnt from the accepted journal.
    """
    from digest.cli.db_restore import compared, replaced

    settings = load(config)
    plan = compared(settings, file)
    for line in plan.words:
        click.echo(line)
    if plan.another and not other:
        fail(f"{file} is a backup of another database; --other restores it all the same", MISUSED)
    if not yes:
        if not sys.stdin.isatty():
            fail("nothing was changed; --yes restores it", MISUSED)
        click.confirm("Restore it?", abort=True)
    done = replaced(config, settings, file, say=lambda words: click.echo(words, err=True))
    if done.kept is not None:
        click.echo(f"The database as it was: {done.kept}")
    click.echo(f"Restored. The journal knew of {done.learnt:,} mails that went out after the backup; none goes again.")
    if done.heard:
        click.echo(f"{done.heard:,} readers and addresses are again what they became since: left, erased, given up …")
    if done.waiting:
        click.echo(f"{done.waiting:,} more are of readers who are not in the backup; their files bring them back.")


@command.command()
@own_config_option
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@json_option
def prune(config: Path, dry_run: bool, as_json: bool) -> None:
    """Remove what `retention` does not keep any more. The daemon and `digest run` do it once a day."""
    from digest.app import open_app
    from digest.pipeline.upkeep import prune as prune_now

    with open_app(config) as app:
        gone = prune_now(app.rooms, app.journal, dry_run=dry_run)
    if as_json:
        click.echo(json.dumps({each.what: {"rows": each.rows, "bytes": each.size} for each in gone}))
        return
    for each in gone:
        if each.rows:
            size = f", {in_bytes(each.size)}" if each.size else ""
            click.echo(f"{each.rows:>10,} {each.what}{size}")
    if not any(each.rows for each in gone):
        click.echo("Nothing is old enough.")
    elif dry_run:
        click.echo("Nothing was removed: --dry-run.")


@command.command()
@own_config_option
def upgrade(config: Path) -> None:
    """Bring the database to this program's version now. Every command does so; here nothing else happens."""
    from digest.store.database import Database
    from digest.store.upgrade import HEAD, ensure_current, revision_of

    db = Database(load(config).store)
    try:
        before = revision_of(db)
        changed = ensure_current(db)
    finally:
        db.close()
    click.echo(f"Version {HEAD}" + (f", was {before or 'none'}." if changed else " already: nothing to do."))


def in_bytes(count: int) -> str:
    """Bytes as ``340 MB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
