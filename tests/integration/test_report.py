"""The operator's report: what it says of a day, and that it goes out once."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import insert

from digest.app import App
from digest.cli.report import command
from digest.editions.recipe import part_html, part_text
from digest.model import DeliveryState, Evidence, SourceReport, SourceStatus
from digest.pipeline.report import due_day
from digest.store.database import Database
from digest.store.reports import AGAIN_AFTER, ReportStore
from digest.store.schema import deliveries
from digest.store.upgrade import ensure_current
from tests.support.apps import Hands
from tests.support.smtp_server import SmtpServer

DAY = dt.date(2026, 11, 20)
MORNING = dt.datetime(2026, 11, 20, 7, 0, tzinfo=dt.UTC)
DUE = dt.datetime(2026, 11, 21, 6, 0, tzinfo=dt.UTC)
READER = "email: {}@x.example\ntimezone: UTC\nphrases: [x]\n"


def an_app(folder: Path, clock: Hands, *mail: str) -> App:
    """An installation of three readers, with these lines below ``mail``."""
    (folder / "subscribers").mkdir()
    for name in ("ada", "bob", "eve"):
        (folder / "subscribers" / f"{name}.yaml").write_text(READER.format(name))
    lines = ["from: Test papers <papers@uni.example>", *mail]
    (folder / "config.yaml").write_text("mail:\n" + "".join(f"  {line}\n" for line in lines))
    app = App(folder / "config.yaml", env={}, clock=clock)
    app.reread()
    return app


def a_day(app: App) -> None:
    """One mail accepted in two countings, one failed, one uncertain; a source that failed, an address given up."""
    states = {"ada": DeliveryState.DEFERRED, "bob": DeliveryState.FAILED, "eve": DeliveryState.UNCERTAIN}
    with app.db.write() as connection:
        for reader, state in states.items():
            connection.execute(
                insert(deliveries).values(
                    subscriber_id=reader,
                    edition=DAY,
                    trial=app.trial,
                    state=str(state),
                    due_at=MORNING,
                    not_before=MORNING,
                    expires_at=MORNING + dt.timedelta(hours=18),
                    attempt_count=1,
                    next_attempt_at=MORNING + dt.timedelta(hours=1) if state is DeliveryState.DEFERRED else None,
                    reason="450 4.2.1 busy",
                    created_at=MORNING,
                    updated_at=MORNING,
                )
            )
    for source, status in (("arxiv", SourceStatus.OK), ("huggingface", SourceStatus.FAILED)):
        app.rooms.sources.report(
            SourceReport(
                source=source,
                started_at=MORNING,
                finished_at=MORNING,
                status=status,
                read=312,
                new=298,
                error="Hugging Face did not answer" if status is SourceStatus.FAILED else None,
            )
        )
    app.outbox.suppress("gone@x.example", "550 5.1.1 no such user", now=MORNING)


def test_report_tells_the_day(tmp_path: Path) -> None:
    """Books, sources, what was not delivered with why, addresses given up, and a task for each thing to mend."""
    clock = Hands(DUE)
    app = an_app(tmp_path, clock)
    a_day(app)
    (tmp_path / "subscribers" / "bob.yaml").write_text("email: bob@x.example\ntimezone: CET\n")
    app.reread()
    told = app.report(DAY, to="op@x.example")
    assert told.headline == "0 of 3 mails written, as a trial"
    assert [(line.value, line.label) for line in told.books] == [
        ("1", "deferred (still open)"),
        ("1", "failed"),
        ("1", "uncertain"),
    ]
    assert {line.label: line.note for line in told.troubles} == {
        "ada": "450 4.2.1 busy; again at 08:00 UTC",
        "bob": "450 4.2.1 busy",
        "eve": "450 4.2.1 busy",
    }
    assert [source.line for source in told.sources] == [
        "arXiv: 312 read, 298 new, last at 07:00 UTC",
        "Hugging Face: 312 read, 298 new, last at 07:00 UTC: Hugging Face did not answer",
    ]
    assert [(line.label, line.note) for line in told.suppressed] == [("gone@x.example", "550 5.1.1 no such user")]
    tasks = "\n".join(f"{task.what} → {task.todo}" for task in told.tasks)
    for words in (
        "Nobody gets these mails",
        "1 mail failed for good → digest queue --state failed --date 2026-11-20",
        "1 mail may or may not have arrived",
        "Hugging Face did not answer → never read well",
        "The file of bob has a mistake; its last good settings hold → ",
        "timezone",
    ):
        assert words in tasks


def test_books_that_do_not_balance_are_told(tmp_path: Path) -> None:
    """A day that is over everywhere with deliveries still open is a task of later reports, too."""
    server = SmtpServer()
    with server:
        app = an_app(tmp_path, Hands(DUE + dt.timedelta(days=3)), *_smtp(server))
        a_day(app)
        (task,) = [t for t in app.report(DAY + dt.timedelta(days=2)).tasks if "balance" in t.what]
    assert task.what == "The books of 20 Nov do not balance: 1 still open, 0 replies"


def test_a_bad_day_of_a_large_site_fits_a_mail(tmp_path: Path) -> None:
    """Of a hundred broken feeds and addresses the first are told, the others counted, within what Gmail shows."""
    app = an_app(tmp_path, Hands(DUE))
    long = "a very long account of what went wrong " * 20
    a_day(app)
    for number in range(100):
        report = SourceReport(
            source=f"feed:https://example.org/{number}",
            started_at=MORNING,
            finished_at=MORNING,
            status=SourceStatus.FAILED,
            error=long,
        )
        app.rooms.sources.report(report)
        app.outbox.suppress(f"gone{number}@x.example", long, now=MORNING)
    told = app.report(DAY)
    assert "91 more sources in trouble" in [task.what for task in told.tasks]
    drawn = app.composer.report(told)
    assert len(part_html(drawn.recipe, drawn.fragments).encode()) < 102_400
    text = part_text(drawn.recipe, drawn.fragments)
    assert "✓ 1 source read" in text
    assert "⚠ 81 more in trouble" in text


def test_a_quiet_day_needs_no_attention(tmp_path: Path) -> None:
    """Without deliveries and troubles the report is short."""
    server = SmtpServer()
    with server:
        told = an_app(tmp_path, Hands(DUE), *_smtp(server)).report(DAY)
    assert (told.headline, told.tasks, told.books, told.sources) == ("No mail was due", (), (), ())


def test_report_goes_out_once(tmp_path: Path) -> None:
    """In the first pass after 06:00 UTC of the next day, through the configured account, and by one process only."""
    assert due_day(DUE) == DAY
    assert due_day(DUE - dt.timedelta(seconds=1)) == DAY - dt.timedelta(days=1)
    clock = Hands(DUE - dt.timedelta(minutes=1))
    server = SmtpServer()
    with server:
        app = an_app(tmp_path, clock, *_smtp(server), "report_to: op@x.example")
        a_day(app)
        assert not app.report_if_due()  # the day before, nothing was in use yet
        clock.now = DUE
        assert app.report_if_due()
        assert not app.report_if_due()
        assert len(server.ledger()) == 1
        message = server.parsed()
    assert message["To"] == "op@x.example"
    assert message["Subject"] == "⚠ 3 to look at · 0 of 3 mails sent · 20 Nov"
    assert "List-Unsubscribe" not in message


def test_report_that_fails_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A refused report is logged, left alone for half an hour, and then sent; the pass itself goes on."""
    clock = Hands(DUE)
    app = an_app(tmp_path, clock, "report_to: op@x.example")
    a_day(app)
    (tmp_path / "outbox").write_text("a file where the folder should be")
    assert not app.report_if_due()
    assert "the report of 2026-11-20 could not be sent" in caplog.text
    (tmp_path / "outbox").unlink()
    assert not app.report_if_due()
    clock.now += AGAIN_AFTER
    assert app.report_if_due()
    assert list((tmp_path / "outbox" / "2026-11-21").glob("op@x.example-0.eml"))


def test_a_day_is_claimed_by_one(database_url: str) -> None:
    """Of two processes one gets the day; the other may try later, until it is sent."""
    with closing(Database(database_url)) as db:
        ensure_current(db)
        one, other = ReportStore(db), ReportStore(db)
        assert [store.claim(DAY, now=DUE) for store in (one, other)] == [True, False]
        assert other.claim(DAY, now=DUE + AGAIN_AFTER)
        other.sent(DAY, now=DUE + AGAIN_AFTER)
        assert not one.claim(DAY, now=DUE + 3 * AGAIN_AFTER)


def test_command(tmp_path: Path) -> None:
    """`digest report` prints the report in each format, and sends it where it is told to."""
    an_app(tmp_path, Hands(DUE)).close()
    config = ["-c", str(tmp_path / "config.yaml"), "--date", "2026-11-20"]
    runner = CliRunner()
    assert "Report · Friday 20 November 2026" in runner.invoke(command, config).output
    assert runner.invoke(command, [*config, "--format", "html"]).output.startswith("<!doctype html>")
    assert json.loads(runner.invoke(command, [*config, "--format", "json"]).output)["headline"] == "No mail was due"
    sent = runner.invoke(command, [*config, "--send", "me@x.example"])
    assert "sent to me@x.example: 250 written to" in sent.output
    assert runner.invoke(command, [*config, "--send", "nobody"]).exit_code == 1


def _smtp(server: SmtpServer) -> tuple[str, str]:
    return "transport: smtp", f"server: smtp://127.0.0.1:{server.port}"


def test_around_the_books_stand_wishes_room_and_what_is_due_next(tmp_path: Path) -> None:
    """Who came and left, the next day's mails, the disk; and of an erased reader no hash."""
    app = an_app(tmp_path, Hands(MORNING))
    app.members.leave("bob", Evidence())
    app.members.erase("eve")
    report = app.report(DAY)
    around = {line.label: line.value for line in report.around}
    assert around["due within a day"] == "1 mail"
    assert around["room"].endswith("GB free")
    assert "an erased reader" in {line.label for line in report.suppressed} or not report.suppressed
    app.close()
    later = an_app_again(tmp_path, Hands(DUE))
    told = later.report(DAY)
    assert {line.label: line.value for line in told.around}["readers"] == "1 left"
    assert [line.label for line in told.suppressed] == ["an erased reader"]
    later.close()


def an_app_again(folder: Path, clock: Hands) -> App:
    return App(folder / "config.yaml", env={}, clock=clock)
