"""`digest db`: copies that can be relied on, restoring that mails nobody twice, and what is kept for how long."""

from __future__ import annotations

import datetime as dt
import json
import multiprocessing
import resource
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, select

from digest.app import open_app
from digest.cli.main import cli
from digest.composition import utc_now
from digest.pipeline.upkeep import housekeeping
from digest.store.backup import damage_of, read_copy, snapshot
from digest.store.database import Database
from digest.store.outbox import Outbox
from digest.store.schema import deliveries, events, fragments, observations, sent_papers
from digest.store.upgrade import HEAD
from tests.support.apps import Hands
from tests.support.outbox_rows import NOW, add_papers, add_readers, make_ready
from tests.support.senders import Senders

CONFIG = """\
store: {store}
mail: {{transport: smtp, server: "smtp://127.0.0.1:9", from: Papers <papers@uni.example>}}
{more}
"""


def digest(folder: Path, *args: str) -> Result:
    return CliRunner().invoke(cli, ["db", "--config", str(folder / "config.yaml"), *args], catch_exceptions=True)


def words(result: Result) -> str:
    """All that was said, the error that ended it as well."""
    return f"{result.output}{result.exception or ''}"


def installed(folder: Path, *, store: str = "sqlite:///digest.db", more: str = "") -> None:
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(CONFIG.format(store=store, more=more))
    with open_app(folder / "config.yaml", env={}) as app:
        add_readers(app.db, "ada", "bob")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    installed(tmp_path / "here")
    return tmp_path / "here"


def send_to(folder: Path, *readers: str) -> None:
    """Their edition goes out, and is in the journal."""
    with open_app(folder / "config.yaml", env={}) as app:
        make_ready(app.outbox, readers)
        assert app.journal is not None
        Senders(app.outbox).send(app.journal)


def states_in(folder: Path) -> dict[str, str]:
    with open_app(folder / "config.yaml", env={}) as app:
        return {row.subscriber_id: str(row.state) for row in app.outbox.listing()}


def test_a_backup_is_whole_while_others_write(folder: Path) -> None:
    """Every copy that is taken in the middle of writing holds all of a transaction or nothing of it."""
    stop = threading.Event()

    def write() -> None:
        with closing(Database(f"sqlite:///{folder}/digest.db")) as db:
            while not stop.is_set():
                with db.write() as connection:
                    for _ in range(2):
                        connection.execute(insert(events).values(at=NOW, kind="x", detail={"text": "y" * 2000}))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            done = digest(folder, "backup", str(folder / f"copy{number}.db"))
            assert done.exit_code == 0, words(done)
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        copy = folder / f"copy{number}.db"
        assert damage_of(copy) is None
        assert copy.stat().st_mode & 0o077 == 0
        with closing(sqlite3.connect(copy)) as opened:
            assert opened.execute("SELECT count(*) FROM events").fetchone()[0] % 2 == 0
    assert not list(folder.glob(".*.part"))


def _back_up_to_a_full_disk(folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    done = digest(folder, "backup", str(folder / "copy.db"), "--force")
    assert (done.exit_code, "is there enough space?" in words(done)) == (1, True), words(done)


def test_a_backup_that_does_not_fit_leaves_the_one_before(folder: Path) -> None:
    """A full disk: it says so, no part of a copy stays, and yesterday's is still there."""
    (folder / "copy.db").write_text("yesterday's")
    process = multiprocessing.get_context("spawn").Process(target=_back_up_to_a_full_disk, args=(folder,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert (folder / "copy.db").read_text() == "yesterday's"
    assert not list(folder.glob(".*.part"))


def test_a_backup_replaces_nothing_unasked(folder: Path) -> None:
    """Neither a file that is there, nor, ever, the database itself."""
    copy = folder / "copy.db"
    copy.write_text("precious")
    assert digest(folder, "backup", str(copy)).exit_code == 2
    assert copy.read_text() == "precious"
    assert digest(folder, "backup", str(copy), "--force").exit_code == 0
    assert damage_of(copy) is None
    assert digest(folder, "backup", str(folder / "digest.db"), "--force").exit_code == 2


def test_restoring_an_old_backup_mails_nobody_twice(folder: Path) -> None:
    """Ada's mail went out before the backup, Bob's after it: both are known to have gone, and the old file is kept."""
    send_to(folder, "ada")
    assert digest(folder, "backup", str(folder / "old.db")).exit_code == 0
    send_to(folder, "bob")
    unsure = digest(folder, "restore", str(folder / "old.db"))
    assert (unsure.exit_code, "--yes" in words(unsure)) == (2, True)
    done = digest(folder, "restore", str(folder / "old.db"), "--yes")
    assert done.exit_code == 0, words(done)
    assert "1 mails that went out after the backup" in done.output
    assert states_in(folder) == {"ada": "accepted", "bob": "accepted"}
    (kept,) = folder.glob("digest.db.replaced-*")
    assert read_copy(kept).deliveries == 2
    assert read_copy(folder / "old.db").deliveries == 1


def test_a_database_put_back_by_hand_learns_the_same(folder: Path) -> None:
    """Somebody copies the old file over the new one: the next pass reads the journal before it plans."""
    snapshot_of(folder, folder / "old.db")
    send_to(folder, "ada")
    (folder / "old.db").replace(folder / "digest.db")
    with open_app(folder / "config.yaml", env={}) as app:
        assert app.reconcile().learnt == 1
    assert states_in(folder)["ada"] == "accepted"


def test_a_database_that_is_damaged_can_be_replaced(folder: Path) -> None:
    """That is what backups are for; the damaged file is kept too."""
    send_to(folder, "ada")
    snapshot_of(folder, folder / "good.db")
    (folder / "digest.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    done = digest(folder, "restore", str(folder / "good.db"), "--yes")
    assert done.exit_code == 0, words(done)
    assert "could not be read" in done.output
    assert states_in(folder) == {"ada": "accepted"}
    assert len(list(folder.glob("digest.db.replaced-*"))) == 1


def test_a_database_that_is_gone_is_restored(folder: Path) -> None:
    """With nothing in place there is nothing to keep; the journal still tells what went out since."""
    snapshot_of(folder, folder / "good.db")
    send_to(folder, "ada")
    for part in folder.glob("digest.db*"):
        part.unlink()
    assert digest(folder, "restore", str(folder / "good.db"), "--yes").exit_code == 0
    assert states_in(folder) == {"ada": "accepted"}


def snapshot_of(folder: Path, target: Path) -> None:
    with closing(Database(f"sqlite:///{folder}/digest.db")) as db:
        snapshot(db, target)


def _newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
        opened.commit()


def _tear(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5000])


def _other_program(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("CREATE TABLE recipes (x)")
        opened.commit()


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "torn": (_tear, "damaged or cut off"),
    "a letter": (lambda file: file.write_text("Dear Ada"), "no SQLite database"),
    "a dump of PostgreSQL": (lambda file: file.write_bytes(b"PGDMP" + bytes(100)), "an archive of PostgreSQL"),
    "of a newer program": (_newer, "newer version"),
    "of another program": (_other_program, "not one of this program"),
    "not there": (lambda file: file.unlink(), "No such file"),
}


@pytest.mark.parametrize(("spoil", "said"), BAD.values(), ids=BAD)
def test_a_bad_backup_changes_nothing(folder: Path, spoil: Callable[[Path], object], said: str) -> None:
    """It is refused with the reason, and the database in place is not touched."""
    backup = folder / "backup.db"
    snapshot_of(folder, backup)
    spoil(backup)
    before = (folder / "digest.db").read_bytes()
    done = digest(folder, "restore", str(backup), "--yes")
    assert done.exit_code != 0
    assert said in words(done)
    assert (folder / "digest.db").read_bytes() == before
    assert not list(folder.glob("*replaced*"))


def test_a_backup_of_another_database_is_not_restored_by_mistake(folder: Path, tmp_path: Path) -> None:
    """Its links and its journal would not be this one's; who means it says so."""
    installed(tmp_path / "there")
    snapshot_of(tmp_path / "there", folder / "theirs.db")
    assert "of another database" in words(digest(folder, "restore", str(folder / "theirs.db"), "--yes"))
    assert digest(folder, "restore", str(folder / "theirs.db"), "--yes", "--other").exit_code == 0


def test_nothing_is_restored_under_somebody_s_feet(folder: Path) -> None:
    """Whoever has the database open, or holds a delivery, is told to stop first."""
    snapshot_of(folder, folder / "good.db")
    with closing(Database(f"sqlite:///{folder}/digest.db")) as daemon:
        with daemon.read() as connection:
            connection.execute(select(deliveries)).all()
        done = digest(folder, "restore", str(folder / "good.db"), "--yes")
        assert "another process has it open" in words(done)
        outbox = Outbox(daemon)
        make_ready(outbox, ["ada"])
        outbox.claim_ready(1, now=NOW, lease_s=(utc_now() - NOW).total_seconds() + 600, trial=False)
    done = digest(folder, "restore", str(folder / "good.db"), "--yes")
    assert "building or sending mail" in words(done)
    assert not list(folder.glob("*replaced*"))


def test_what_is_old_goes_and_what_is_needed_stays(folder: Path) -> None:
    """Texts after their time, deliveries after theirs; what is open and who had what lately stays."""
    now = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    send_to(folder, "ada")  # on 2025-11-24: more than 90 days ago, less than a year
    clock = Hands(now)
    with open_app(folder / "config.yaml", env={}, clock=clock) as app:
        (paper,) = add_papers(app.db, 1)
        (waiting,) = make_ready(app.outbox, ["bob"])
        app.outbox.hold([waiting], now=NOW)
        with app.db.write() as connection:
            first = connection.scalars(select(deliveries.c.id).where(deliveries.c.subscriber_id == "ada")).one()
            connection.execute(
                insert(sent_papers).values(delivery_id=first, paper_id=paper, subscriber_id="ada", position=1)
            )
            connection.execute(insert(fragments).values(hash="a", body=b"x" * 10, used_at=NOW))
            connection.execute(insert(fragments).values(hash="b", body=b"x" * 10, used_at=now))
            for back in (400, 401, 500, 1):
                at = now - dt.timedelta(days=back)
                connection.execute(insert(observations).values(paper_id=paper, signal="v", observed_at=at, value=1))
        housekeeping(app.rooms, app.journal)
        with app.db.read() as connection:
            rows = connection.execute(select(deliveries.c.subscriber_id, deliveries.c.recipe)).all()
            recipes = {row.subscriber_id: row.recipe for row in rows}
            assert (recipes["ada"], recipes["bob"]) == (None, b"bob")
            assert list(connection.scalars(select(fragments.c.hash))) == ["b"]
            assert len(connection.execute(select(observations)).all()) == 1
            assert len(connection.execute(select(sent_papers)).all()) == 1
        assert app.journal is not None
        assert app.journal.files() == []
        clock.now += dt.timedelta(days=60)
        housekeeping(app.rooms, app.journal)
    assert states_in(folder) == {"bob": "held"}


def test_a_dry_run_only_counts(folder: Path) -> None:
    """The same figures, and everything is still there."""
    send_to(folder, "ada", "bob")
    counted = json.loads(digest(folder, "prune", "--dry-run", "--json").output)
    assert counted["texts of mails"] == {"rows": 2, "bytes": 6}
    assert json.loads(digest(folder, "prune", "--json").output) == counted
    assert json.loads(digest(folder, "prune", "--json").output)["texts of mails"]["rows"] == 0


def test_backups_are_made_every_night_and_the_oldest_go(tmp_path: Path) -> None:
    """One a day, so many days, and files of other names are left alone."""
    folder = tmp_path / "here"
    installed(folder, more="backup: {folder: kept, keep: 2}")
    (folder / "kept").mkdir()
    (folder / "kept" / "mine.db").write_text("mine")
    for day in range(4):
        clock = Hands(NOW + dt.timedelta(days=day))
        with open_app(folder / "config.yaml", env={}, clock=clock) as app:
            housekeeping(app.rooms, None)
            housekeeping(app.rooms, None)
    assert sorted(path.name for path in (folder / "kept").iterdir()) == [
        "digest-2025-11-26.db", "digest-2025-11-27.db", "mine.db",
    ]  # fmt: skip


def test_status_check_and_upgrade_say_how_it_is(folder: Path) -> None:
    """A healthy database in one line each; a sick one with what is wrong, and exit code 1."""
    shown = json.loads(digest(folder, "status", "--json").output)
    assert (shown["revision"], shown["current"], shown["rows"]["subscribers"]) == (HEAD, True, 2)
    assert digest(folder, "check").exit_code == 0
    assert "already" in digest(folder, "upgrade").output
    with closing(sqlite3.connect(folder / "digest.db")) as opened:
        opened.execute("PRAGMA foreign_keys=OFF")
        opened.execute("INSERT INTO journal_gaps VALUES (77, '2026-01-01 00:00:00.000000')")
        opened.commit()
    sick = digest(folder, "check")
    assert (sick.exit_code, "1 rows of journal_gaps refer to rows that are gone" in sick.output) == (1, True)


@pytest.fixture
def server_folder(tmp_path: Path, postgres_url: str) -> Path:
    installed(tmp_path / "here", store=postgres_url)
    return tmp_path / "here"


@pytest.mark.postgres
def test_postgresql_is_backed_up_and_restored_the_same_way(server_folder: Path) -> None:
    """pg_dump and pg_restore do it; the tables of before are kept as a dump, and nobody is mailed twice."""
    folder, old = server_folder, server_folder / "old.dump"
    send_to(folder, "ada")
    made = digest(folder, "backup", str(old))
    if "not installed" in words(made):
        pytest.skip("PostgreSQL's client programs are not here")
    assert made.exit_code == 0, words(made)
    send_to(folder, "bob")
    (folder / "letter.dump").write_text("Dear Ada")
    assert "no archive" in words(digest(folder, "restore", str(folder / "letter.dump"), "--yes"))
    done = digest(folder, "restore", str(old), "--yes")
    assert done.exit_code == 0, words(done)
    assert states_in(folder) == {"ada": "accepted", "bob": "accepted"}
    assert len(list(folder.glob("digest-replaced-*.dump"))) == 1
    with open_app(folder / "config.yaml", env={}) as app:
        app.db.engine.connect().close()
        assert "others are connected" in words(digest(folder, "restore", str(old), "--yes"))
    torn = folder / "torn.dump"
    torn.write_bytes(old.read_bytes()[:-3000])
    assert digest(folder, "restore", str(torn), "--yes").exit_code == 1
    assert states_in(folder) == {"ada": "accepted", "bob": "accepted"}
