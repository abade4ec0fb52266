"""Who said no stays unwritten to, though a backup returns that does not know of it: the words of the journal."""

from __future__ import annotations

import datetime as dt
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from digest.app import App
from digest.cli.main import cli
from digest.errors import StoreError
from digest.model import Evidence
from digest.pipeline.chronicle import Reconciled
from digest.reader_list import read_reader_list
from digest.store.wishes import locked
from digest.store.words import READER_ID, Said, say
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry
from tests.support.smtp_server import SmtpServer

MORNING = dt.datetime(2026, 5, 20, 8, 0, tzinfo=dt.UTC)
PAPERS = [arxiv_entry(f"2605.0000{n}", f"{w} sparse attention") for n, w in enumerate(("Blocked", "Hashed"), start=1)]
HEADER = "email,name,timezone,phrases,consent_at,consent_text,consent_ip"
CLICK = Evidence(text="a click")


def settings(reader: str) -> str:
    lane = "lanes: [{name: Attention, phrases: [sparse attention]}]"
    return f"email: {reader}@uni.example\ntimezone: UTC\nsend: 09:00\nfrequency: daily\nexplore: false\n{lane}\n"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest) -> str:
    """SQLite's file is beside the configuration, as it is by default."""
    url: str = "sqlite:///digest.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def clock() -> Hands:
    return Hands(MORNING)


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


class House:
    """An installation with files of readers, commands, and a server that takes its mail."""

    def __init__(self, folder: Path, clock: Hands, smtp: SmtpServer, store: str = "sqlite:///digest.db") -> None:
        self.folder, self.clock, self.smtp = folder, clock, smtp
        make_app(folder, clock, readers={}).close()
        (folder / "digest.db").unlink()
        mail = f"{{transport: smtp, server: 'smtp://127.0.0.1:{smtp.port}', from: a@uni.example}}"
        (folder / "config.yaml").write_text(f"store: {store}\nmail: {mail}\n")

    @contextmanager
    def open(self, *new: str) -> Iterator[App]:
        for reader in new:
            (self.folder / "subscribers" / f"{reader}.yaml").write_text(settings(reader))
        app = App(self.folder / "config.yaml", env={}, clock=self.clock)
        app.__dict__["sources"] = (FakeSource("arxiv", page_of(*PAPERS)),)
        try:
            app.reread()
            yield app
        finally:
            app.close()

    def digest(self, *words: str) -> str:
        command, *rest = words
        where = ["--config", str(self.folder / "config.yaml")]
        at = [command, *where, *rest] if command == "db" else [command, rest[0], *where, *rest[1:]]
        done = CliRunner().invoke(cli, at)
        if "not installed" in f"{done.output}{done.exception}":
            pytest.skip("PostgreSQL's client programs are not here")
        assert done.exit_code == 0, f"{done.output}{done.exception}"
        return done.output

    def back_up(self) -> None:
        self.digest("db", "backup", str(self.folder / "old.copy"))

    def put_back(self) -> None:
        """By hand: as `cp` would."""
        for beside in ("-wal", "-shm"):
            (self.folder / f"digest.db{beside}").unlink(missing_ok=True)
        shutil.copyfile(self.folder / "old.copy", self.folder / "digest.db")

    def written_to(self) -> set[str]:
        """Read sources, run a pass an hour later, and see who has mail."""
        self.clock.now = MORNING + dt.timedelta(hours=2)
        with self.open() as app:
            app.ingest()
            app.tick()
        return {taken.recipient.partition("@")[0] for taken in self.smtp.ledger()}


@pytest.fixture
def house(tmp_path: Path, clock: Hands, smtp: SmtpServer) -> House:
    return House(tmp_path, clock, smtp)


@contextmanager
def died() -> Iterator[None]:
    """The end of a process, as far as its transaction is concerned."""
    with suppress(KeyboardInterrupt):
        yield


def die() -> None:
    raise KeyboardInterrupt


def state(app: App, reader: str) -> str:
    return str(app.members.find(reader).state)


def test_nobody_who_said_no_is_mailed_after_a_restore(
    tmp_path: Path, clock: Hands, smtp: SmtpServer, store: str
) -> None:
    """Left, paused, erased, given up, after the backup: by the real commands, and only the one who stayed has mail."""
    house = House(tmp_path, clock, smtp, store)
    with house.open("ada", "bob", "cy", "dan", "gus"):
        pass
    house.back_up()
    with house.open("fay") as app:
        app.members.leave("ada", CLICK)
        app.members.leave("fay", CLICK)
        app.outbox.suppress("Dan@Uni.example", "550 5.1.1 <dan@uni.example> unknown", now=MORNING)
        assert app.reconcile() == Reconciled(), "a database that was never restored learns nothing"
    house.digest("subscribers", "pause", "bob", "--until", "2999-01-01")
    house.digest("subscribers", "erase", "cy", "--yes")
    said = house.digest("db", "restore", str(tmp_path / "old.copy"), "--yes")
    assert "5 readers and addresses are again what they became since" in said
    assert house.written_to() == {"gus"}
    with house.open() as app:
        assert {known.subscriber.id: str(known.state) for known in app.rooms.subscribers.all()} == {
            "ada": "left", "bob": "paused", "dan": "active", "fay": "left", "gus": "active",
        }  # fmt: skip
        assert app.reread().erased == ("cy",), "their file is still there"
        assert app.members.record("ada")[-1].at == MORNING, "since when they are gone"
    lines = [line for file in tmp_path.rglob("*.journal") for line in file.read_text().splitlines() if '"said"' in line]
    assert len(lines) == 8
    assert not any(word in "".join(lines) for word in ("uni.example", "5.1.1", "click")), "nobody can tell who"


def test_the_last_word_counts(house: House) -> None:
    """Who left and took it back, paused and resumed, or was given up and allowed again, at one moment, has mail."""
    with house.open("ada", "bob", "cy", "dan") as app:
        app.members.pause("cy", until=MORNING + dt.timedelta(days=9), evidence=CLICK)
        app.outbox.suppress("dan@uni.example", "full", now=MORNING)
    house.back_up()
    with house.open() as app:
        app.members.leave("ada", CLICK)
        app.members.undo("ada", CLICK)
        app.outbox.suppress("bob@uni.example", "full", now=MORNING)
        assert app.outbox.unsuppress("bob@uni.example", now=MORNING)
        app.members.resume("cy", CLICK)
        assert app.outbox.unsuppress("dan@uni.example", now=MORNING)
    house.put_back()
    with house.open() as app:
        assert app.outbox.is_suppressed("dan@uni.example", now=MORNING)
        assert app.reconcile().heard == 2, "cy and dan; the others are in the backup as they are"
        assert [state(app, reader) for reader in ("ada", "bob", "cy")] == ["active"] * 3
        assert app.outbox.suppressed(now=MORNING) == []
        app.members.leave("ada", CLICK)
        assert app.reconcile().heard == 0
        assert state(app, "ada") == "left"


def test_a_line_without_its_commit_is_done_by_the_next_pass(house: House) -> None:
    """The process dies between the journal and the commit: the reader asked, so they are gone."""
    with house.open("ada") as app:
        with died(), app.db.write() as connection:
            say(connection, READER_ID, locked(connection, "ada").id, Said.LEFT, now=MORNING)
            app.db.before_commit(connection)
            die()
        assert state(app, "ada") == "active"
        assert app.reconcile().heard == 1
        assert state(app, "ada") == "left"


def test_what_is_rolled_back_is_not_said(house: House) -> None:
    """An act that fails before its end leaves no line, nor does the next one on the same connection."""
    with house.open("ada", "bob") as app:
        with died(), app.db.write() as connection:
            say(connection, READER_ID, "ada", Said.LEFT, now=MORNING)
            die()
        app.members.leave("bob", CLICK)
        assert app.reconcile().heard == 0
        assert state(app, "ada") == "active"


def test_a_full_disk_keeps_nobody_from_leaving(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """The act holds, the log says loudly what is at stake, and the pass that can writes it down."""
    with house.open("ada") as app:
        assert app.journal is not None
        app.journal.folder.write_text("no room for a folder")
        house.back_up()
        with caplog.at_level(logging.ERROR):
            app.members.leave("ada", CLICK)
        assert "1 unsubscribes" not in caplog.text
        assert "2 unsubscribes, pauses, erasures or dead addresses hold" in caplog.text
        assert app.outbox.gaps_since() is not None
        with pytest.raises(StoreError):
            app.reconcile()
        app.journal.folder.unlink()
        assert app.reconcile().mended == 2
        assert app.outbox.gaps_since() is None
    house.put_back()
    assert house.written_to() == set()


def test_a_torn_last_line_costs_itself(house: House) -> None:
    """Somebody died in the middle of a line; the next word begins its own."""
    with house.open("ada") as app:
        house.back_up()
        app.members.leave("ada", CLICK)
        assert app.journal is not None
        (file,) = app.journal.files()
        with file.path.open("ab") as opened:
            opened.write(b'0badc0de {"subject":"#')
        app.members.undo("ada", CLICK)
        app.members.leave("ada", CLICK)
    house.put_back()
    with house.open() as app:
        assert app.reconcile().garbled == 1
        assert state(app, "ada") == "left"


def test_a_trial_writes_its_words_when_mail_is_real(house: House, smtp: SmtpServer) -> None:
    """Who leaves while mails go to files is known to the journal from the first real pass on."""
    real = (house.folder / "config.yaml").read_text()
    (house.folder / "config.yaml").write_text(real.replace("transport: smtp", "transport: files"))
    with house.open("ada") as app:
        house.back_up()
        app.members.leave("ada", CLICK)
    (house.folder / "config.yaml").write_text(real)
    with house.open() as app:
        assert app.reconcile().mended == 2
    house.put_back()
    assert house.written_to() == set()


def test_a_list_does_not_bring_back_who_left(house: House) -> None:
    """Readers of a list are lost with the database, id and all; the same list again passes over who left since."""
    listed = house.folder / "list.csv"
    rows = [f"{who}@uni.example,,UTC,ice cores,2026-03-01T10:00Z,Our form," for who in ("hal", "ida")]
    listed.write_text("\n".join([HEADER, *rows]) + "\n")
    with house.open() as app:
        house.back_up()
        app.import_readers(listed, dry_run=False)
        app.members.leave(app.members.find("hal@uni.example").subscriber.id, CLICK)
    house.put_back()
    with house.open() as app:
        app.reconcile()
        again = app.members.import_list(read_reader_list(listed, now=MORNING))
        assert len(again.added) == 1
        assert "left on 2026-05-20" in again.passed_over[2]
        assert app.outbox.unsuppress("Hal@uni.example", now=MORNING), "the operator may say otherwise"
        assert len(app.members.import_list(read_reader_list(listed, now=MORNING)).added) == 1


def test_two_processes_hear_each_other_once(house: House) -> None:
    """One unsubscribes while another one has the database open: the other's pass finds it done."""
    with house.open("ada") as one, house.open() as other:
        other.reconcile()
        one.members.leave("ada", CLICK)
        assert other.reconcile().heard == 0
        other.members.undo("ada", CLICK)
        assert one.reconcile().heard == 0
        assert state(one, "ada") == "active"
