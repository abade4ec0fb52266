"""What keeps an installation well by itself: pruning and a backup once a day, whichever process comes first."""

from __future__ import annotations

import datetime as dt
import logging
import re
from pathlib import Path

from digest.delivery.journal import Journal
from digest.errors import DigestError
from digest.pipeline.rooms import Rooms
from digest.store.backup import snapshot
from digest.store.chores import ChoreStore
from digest.store.pruning import Pruned
from digest.store.pruning import prune as prune_store

logger = logging.getLogger(__name__)

PRUNE, BACKUP, BACKUPS_WANTED = "prune", "backup", "backup.wanted"
_OURS = re.compile(r"digest-\d{4}-\d\d-\d\d\.(db|dump)")


def prune(rooms: Rooms, journal: Journal | None, *, dry_run: bool = False) -> list[Pruned]:
    """Remove what the configured retention does not keep any more, or only count it."""
    today, kept = rooms.clock().astimezone(dt.UTC).date(), rooms.config.retention
    mails_before = today - dt.timedelta(seconds=kept.mails_s)
    found = prune_store(
        rooms.db,
        mails_before=mails_before,
        history_before=today - dt.timedelta(seconds=kept.history_s),
        dry_run=dry_run,
    )
    if journal is not None:
        files, size = journal.prune(mails_before, dry_run=dry_run)
        found.append(Pruned(what="files of the journal", rows=files, size=size))
    return found


def housekeeping(rooms: Rooms, journal: Journal | None) -> None:
    """The chores of the day, if nobody has done them. What fails is logged, and tried again after half an hour."""
    chores, now = ChoreStore(rooms.db), rooms.clock()
    today = now.astimezone(dt.UTC).date()
    if chores.claim(PRUNE, today, now=now):
        try:
            gone = prune(rooms, journal)
        except (DigestError, OSError) as error:
            logger.error("pruning failed: %s", error)  # noqa: TRY400 (made for people)
        else:
            chores.done(PRUNE, now=rooms.clock())
            said = ", ".join(f"{each.rows} {each.what}" for each in gone if each.rows)
            logger.log(logging.INFO if said else logging.DEBUG, "pruned %s", said or "nothing")
    if rooms.config.backup.folder is not None and chores.claim(BACKUP, today, now=now):
        try:
            made = nightly_backup(rooms, rooms.config.backup.folder, today)
        except (DigestError, OSError) as error:
            logger.error("the nightly backup failed: %s", error)  # noqa: TRY400
        else:
            chores.done(BACKUP, now=rooms.clock())
            logger.info("backup made file=%s", made)


def nightly_backup(rooms: Rooms, folder: Path, today: dt.date) -> Path:
    """A backup named by its day; of these, the newest ``backup.keep`` stay. Other files there are nobody's business."""
    suffix = "db" if rooms.db.dialect == "sqlite" else "dump"
    made = snapshot(rooms.db, folder / f"digest-{today}.{suffix}")
    ours = sorted(path for path in folder.iterdir() if _OURS.fullmatch(path.name))
    for old in ours[: -rooms.config.backup.keep]:
        old.unlink(missing_ok=True)
    return made


def backups_since(rooms: Rooms) -> dt.datetime | None:
    """The last nightly backup, or since when they have been wanted; None where none are configured."""
    if rooms.config.backup.folder is None:
        return None
    chores, now = ChoreStore(rooms.db), rooms.clock()
    last = chores.last(BACKUP) or chores.last(BACKUPS_WANTED)
    if last is None:
        last = now.astimezone(dt.UTC).date()
        if chores.claim(BACKUPS_WANTED, last, now=now):
            chores.done(BACKUPS_WANTED, now=now)
    return dt.datetime.combine(last, dt.time(), dt.UTC)
