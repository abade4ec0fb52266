"""Restoring as a whole: what is compared before, what the old database may still tell, what the new one learns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from digest.config import Config
from digest.errors import StoreError
from digest.store.database import Database, exists

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What restoring would do, in words."""

    words: tuple[str, ...]
    another: bool
    """The backup is one of another database than the one in place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    kept: Path | None
    """Where the replaced database is now."""
    learnt: int
    waiting: int
    heard: int


def compared(settings: Config, file: Path) -> Plan:
    """Look at a backup and at what it would replace. Changes nothing.

    Raises:
        StoreError: the backup cannot be used.
    """
    from digest.store.keys import KeyStore
    from digest.store.restoring import examine

    db = Database(settings.store)
    try:
        copy = examine(db, file)
        if copy is None:
            return Plan(words=(f"{file}: an archive of PostgreSQL",), another=False)
        held = f"{copy.deliveries:,} deliveries, the newest edition {copy.last_edition or 'none'}"
        words = [f"{file}: {held}, version {copy.revision}"]
        another = False
        if exists(settings.store):
            try:
                another = next(iter(KeyStore(db).all().values())) != copy.key
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it is why a backup is wanted
                words.append(f"The database in place cannot be read: {str(error).splitlines()[0]}")
            words.append(f"It takes the place of {db.shown_url}, which is kept beside it.")
        return Plan(words=tuple(words), another=another)
    finally:
        db.close()


def replaced(config: Path, settings: Config, file: Path, *, say: Say) -> Done:
    """Restore, and have the database learn from the journal what it has missed.

    Raises:
        StoreError: somebody uses the database, or the backup cannot be used; nothing was changed.
    """
    from digest.app import open_app
    from digest.composition import utc_now
    from digest.store.restoring import restore

    if exists(settings.store):
        _listen(config, say)
    db = Database(settings.store)
    try:
        kept = restore(db, file, now=utc_now())
    finally:
        db.close()
    with open_app(config) as app:
        found = app.reconcile()
    return Done(kept=kept, learnt=found.learnt, waiting=found.waiting, heard=found.heard)


def _listen(config: Path, say: Say) -> None:
    """Have the database in place complete the journal: what it alone knows must outlive it.

    Raises:
        StoreError: somebody is sending.
    """
    from digest.app import open_app
    from digest.store.condition import holders

    busy = 0
    try:
        with open_app(config) as app:
            now = app.clock()
            busy = holders(app.db, now)
            if not busy:
                app.outbox.reap(now, on_uncertain="hold")
                app.reconcile()
    except Exception as error:  # noqa: BLE001 - a damaged database fails in many ways, and is to be replaced
        words = str(error).splitlines()[0]
        say(f"The database in place could not be read any more ({words}); the journal tells what is in it alone.")
    if busy:
        raise StoreError(f"{busy} processes are building or sending mail; stop the daemon and everything else")
