"""What arrives in our mailbox: only what proves itself changes anything, once; it is filed away after the commit."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email
import json
import os
import shutil
import threading
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select

from digest.app import App
from digest.cli.bounces import command
from digest.delivery.imap import ImapInbox, ImapSettings
from digest.delivery.inbox import Maildir, mails_in
from digest.delivery.tags import ReturnPath
from digest.errors import TransportError
from digest.pipeline.mailroom import What, read_inbox
from digest.pipeline.membership import Membership
from digest.store.bounces import MOST_SOFT
from digest.store.schema import bounces, deliveries
from tests.support import dovecot
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry
from tests.support.imap_server import PASSWORD, USER, ImapServer
from tests.support.returned import QMAIL, READER, US, VACATION, complaint, dsn

MORNING = dt.datetime(2026, 5, 20, 8, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
ADA = """\
email: ada@uni.example
timezone: Europe/Berlin
send: 09:00
frequency: daily
papers: 1
explore: false
lanes: [{name: Learning, categories: [cs.LG]}]
"""
PAPERS = [
    arxiv_entry(
        "2605.00001", "Dexterous robot grasping", abstract="Tactile fingers pick up mugs.", authors=["Ann One"]
    ),
    arxiv_entry("2605.00002", "Protein folding", abstract="A network folds kinases.", authors=["Bea Two"]),
    arxiv_entry("2605.00003", "Volcanic plumes", abstract="Ash clouds are seen from orbit.", authors=["Cy Three"]),
]
FULL = {"status": "5.2.2", "diagnostic": "smtp; 552 5.2.2 mailbox full"}


@pytest.fixture
def clock() -> Hands:
    return Hands(MORNING)


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder from which one mail has gone out."""
    folder = tmp_path_factory.mktemp("morning")
    app = make_app(folder, Hands(MORNING), readers={"ada": ADA}, sources=[FakeSource("arxiv", page_of(*PAPERS))])
    app.reread()
    app.ingest()
    assert app.tick().accepted == 1
    app.close()
    return folder


@pytest.fixture
def app(tmp_path: Path, morning: Path, clock: Hands) -> Iterator[App]:
    shutil.copytree(morning, tmp_path, dirs_exist_ok=True)
    app = App(tmp_path / "config.yaml", env={}, clock=clock)
    yield app
    app.close()


@pytest.fixture
def message_id(app: App, tmp_path: Path) -> str:
    return str(sent(tmp_path)["Message-ID"])


def sent(folder: Path) -> EmailMessage:
    path = next((folder / "outbox").rglob("*.eml"))
    return email.message_from_bytes(path.read_bytes(), policy=policy.default)


def tag(app: App, delivery: int = 1) -> str:
    return ReturnPath(mailbox=US, ring=app.ring).sign(delivery)


def why_not(app: App) -> str | None:
    return app.outbox.is_suppressed(READER, now=app.clock())


def test_a_proven_hard_bounce_suppresses_the_address_once(app: App, message_id: str) -> None:
    """Our Message-ID among what came back proves it; the same mail again is known."""
    handled = app.take_mail(dsn(message_id=message_id))
    assert (handled.what, handled.reader) == (What.BOUNCE, "ada")
    assert "user-unknown" in (why_not(app) or "")
    assert app.take_mail(dsn(message_id=message_id)).what is What.TWICE


def test_a_tag_proves_as_well_and_names_the_recipient(app: App) -> None:
    """What is suppressed is who the delivery went to, whatever address the report names."""
    app.take_mail(dsn(to=tag(app), recipient="somebody.else@forwarded.example"))
    assert why_not(app)
    assert app.outbox.is_suppressed("somebody.else@forwarded.example", now=app.clock()) is None


@pytest.mark.parametrize("forge", ["none", "tag", "delivery", "message id"])
def test_a_forged_bounce_changes_nothing(app: App, message_id: str, forge: str) -> None:
    """No proof, a torn tag, one of another number, a Message-ID with one other letter."""
    to = {
        "none": US,
        "tag": tag(app)[:-16] + "aaaa" + tag(app)[-12:],
        "delivery": tag(app, 99),
        "message id": US,
    }[forge]
    forged = message_id.replace("<", "<x") if forge == "message id" else "<1.abc@papers.example>"
    for data in (dsn(to=to, message_id=forged), complaint(to=to, message_id=forged)):
        assert app.take_mail(data).what is What.UNPROVEN
    assert why_not(app) is None
    assert str(app.rooms.subscribers.get("ada").state) == "active"


def test_an_answer_to_our_mail_is_no_bounce(app: App, message_id: str) -> None:
    """A vacation note, or a reader who quotes an error, kills no address although it answers our Message-ID."""
    note = VACATION.replace(b"<1.abc@papers.example>", message_id.encode())
    assert app.take_mail(note).what is What.NOTHING
    person = EmailMessage()
    person["From"], person["To"], person["In-Reply-To"] = READER, US, message_id
    person["Subject"] = "Re: papers"
    person.set_content("My colleague says: your mail could not be delivered, 550 5.1.1 user unknown bob@uni.example")
    assert app.take_mail(person.as_bytes()).what in {What.OTHER, What.UNPROVEN}
    assert why_not(app) is None


def test_soft_bounces_score_once_a_day_and_suppress_for_a_while(app: App, clock: Hands, message_id: str) -> None:
    """Several on one day are one; on the fifth day the address rests, for thirty days."""
    for day in range(MOST_SOFT):
        assert why_not(app) is None
        for copy in range(3):
            mail = dsn(message_id=message_id, own_id=f"<{day}.{copy}@mx.example>", **FULL)
            app.take_mail(mail)
        clock.now += DAY
    assert "mailbox-full" in (why_not(app) or "")
    clock.now += 31 * DAY
    assert why_not(app) is None


def test_our_own_fault_is_never_scored(app: App, clock: Hands, message_id: str) -> None:
    """Blocked every day for weeks: the address stays."""
    for day in range(20):
        diagnostic = "smtp; 550 5.7.1 blocked using zen.spamhaus.org"
        mail = dsn(message_id=message_id, own_id=f"<{day}@mx.example>", status="5.7.1", diagnostic=diagnostic)
        assert app.take_mail(mail).what is What.BOUNCE
        clock.now += DAY
    assert why_not(app) is None


def test_a_mail_that_arrived_clears_the_score(app: App, clock: Hands, message_id: str) -> None:
    """Four days of a full mailbox, then an edition of which nothing came back for days: the next one counts as one."""
    for day in range(MOST_SOFT - 1):
        app.take_mail(dsn(message_id=message_id, own_id=f"<{day}@mx.example>", **FULL))
        clock.now += DAY
    second = accepted(app, clock.now)
    clock.now += 4 * DAY
    third = accepted(app, clock.now)
    assert "day 5 of a row" not in app.take_mail(dsn(message_id=message_id, own_id="<again@mx.example>", **FULL)).words
    app.outbox.unsuppress(READER, now=app.clock())
    clock.now += 2 * DAY  # the second has been out for six days, and nothing came back
    told = app.take_mail(dsn(to=tag(app, third), own_id="<late@mx.example>", **FULL)).words
    assert told == "soft, mailbox-full: day 1 of a row"
    assert second < third


def accepted(app: App, at: dt.datetime) -> int:
    """One more edition that the relay took; its number."""
    key = {"subscriber_id": "ada", "edition": at.date(), "trial": False, "recipient": READER, "attempt_count": 1}
    times = dict.fromkeys(("due_at", "not_before", "expires_at", "created_at", "updated_at"), at)
    with app.db.write() as connection:
        query = insert(deliveries).values(state="accepted", **key, **times).returning(deliveries.c.id)
        return int(connection.execute(query).scalar_one())


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed"])
def test_what_is_under_way_or_arrived_changes_nothing(app: App, message_id: str, action: str) -> None:
    """Delay warnings and success reports are filed away, and nothing is noted."""
    assert app.take_mail(dsn(message_id=message_id, action=action, status="4.4.1")).what is What.NOTHING
    assert why_not(app) is None


def test_a_complaint_ends_the_subscription(app: App, message_id: str) -> None:
    """The reader said that it is unwanted: they get nothing any more, whatever their file says."""
    assert app.take_mail(complaint(message_id=message_id)).what is What.COMPLAINT
    assert "complaint" in (why_not(app) or "")
    app.reread()
    assert str(app.rooms.subscribers.get("ada").state) == "left"


def test_a_failed_signature_is_nobodys_complaint(app: App, message_id: str) -> None:
    """An authentication report (RFC 6591) is about our set-up."""
    assert app.take_mail(complaint(message_id=message_id, kind="auth-failure")).what is What.NOTHING
    assert why_not(app) is None


def test_unsubscribing_by_mail_takes_the_token_of_the_mail(app: App, tmp_path: Path) -> None:
    """What List-Unsubscribe asks for ends the subscription from any address, and says goodbye; no torn token does."""
    key = app.rooms.outbox.edition_of(str(sent(tmp_path)["Message-ID"]))
    assert key
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "other@home.example", US, app.ring.unsubscribe_subject(key)[:-3] + "aaa"
    mail.set_content("")
    assert app.take_mail(mail.as_bytes()).what is What.OTHER
    mail.replace_header("Subject", app.ring.unsubscribe_subject(key))
    assert app.take_mail(mail.as_bytes()).what is What.LEFT
    assert str(app.rooms.subscribers.get("ada").state) == "left"
    subjects = [
        str(email.message_from_bytes(path.read_bytes(), policy=policy.default)["Subject"])
        for path in (tmp_path / "outbox").rglob("*.eml")
    ]
    assert any("unsubscribed" in subject.lower() for subject in subjects)
    assert app.take_mail(mail.as_bytes()).what is What.LEFT


def test_the_word_alone_takes_the_readers_own_address_and_our_mail(app: App, message_id: str) -> None:
    """Nobody unsubscribes somebody else: From alone proves nothing, nor does the thread alone."""
    for sender, thread, left in (
        (READER, "", False),
        ("eve@evil.example", message_id, False),
        (READER, message_id, True),
    ):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, US, "Re: papers"
        if thread:
            mail["In-Reply-To"] = thread
        mail.set_content("Unsubscribe\n\n> your papers")
        app.take_mail(mail.as_bytes())
        assert (str(app.rooms.subscribers.get("ada").state) == "left") is left


def test_a_maildir_is_filed_away_after_the_commit(app: App, message_id: str, tmp_path: Path) -> None:
    """What is done is seen; what is for people stays unseen; nothing is lost, and nothing is read twice."""
    folder = tmp_path / "Maildir"
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    person = b"From: bob@uni.example\nTo: digest@papers.example\nSubject: Hello\n\nMay I have it too?\n"
    for name, mail in {"1.a": dsn(message_id=message_id), "2.b": person, "3.c": VACATION}.items():
        (folder / "new" / name).write_bytes(mail)
    app.config.mail.__dict__["inbox"] = type("Inbox", (), {"maildir": folder, "imap": None})()
    assert app.read_inbox() == {"bounce": 1, "other": 1, "nothing": 1}
    assert sorted(path.name for path in (folder / "cur").iterdir()) == ["1.a:2,S", "2.b:2,", "3.c:2,S"]
    assert app.read_inbox() == {}
    assert why_not(app)


def test_a_crash_before_filing_away_counts_once(app: App, message_id: str, tmp_path: Path) -> None:
    """The mail was taken in and is still new: the next look only files it away."""
    folder = tmp_path / "Maildir"
    (folder / "new").mkdir(parents=True)
    (folder / "cur").mkdir()
    (folder / "new" / "1.a").write_bytes(dsn(message_id=message_id, **FULL))
    app.take_mail(dsn(message_id=message_id, **FULL))
    app.config.mail.__dict__["inbox"] = type("Inbox", (), {"maildir": folder, "imap": None})()
    assert app.read_inbox() == {"twice": 1}
    assert not list((folder / "new").iterdir())


def settings(server: ImapServer, password: str = PASSWORD) -> ImapSettings:
    return ImapSettings(host="127.0.0.1", port=server.port, username=USER, password=password, tls=False, timeout_s=5)


def test_an_imap_folder_is_marked_after_the_commit(app: App, message_id: str) -> None:
    """Mails are looked at unmarked, then seen where done, or given a keyword where people should look."""
    person = b"From: bob@uni.example\r\nSubject: Hello\r\n\r\nMay I?\r\n"
    with ImapServer(dsn(message_id=message_id), person) as server:
        counts = read_inbox(ImapInbox(settings(server)), app.take_mail, stop=threading.Event())
        assert counts == {"bounce": 1, "other": 1}
        assert server.flags == {7: {"\\Seen"}, 8: {"DigestRead"}}
        assert read_inbox(ImapInbox(settings(server)), app.take_mail, stop=threading.Event()) == {}
        fetches = [told for told in server.commands if "FETCH" in told]
    assert fetches
    assert all("BODY.PEEK" in told for told in fetches)
    assert why_not(app)


@pytest.mark.slow
@pytest.mark.skipif(dovecot.PROGRAM is None or os.geteuid() != 0, reason="needs Dovecot, and root to start it")
def test_a_real_dovecot_keeps_what_was_marked(app: App, message_id: str, tmp_path: Path) -> None:
    """The same against Debian's server: what is done is seen, what is for people has the keyword and stays unseen."""
    person = b"From: bob@uni.example\r\nSubject: Hello\r\n\r\nMay I?\r\n"
    (tmp_path / "imap").mkdir()
    with dovecot.dovecot(tmp_path / "imap", dsn(message_id=message_id), person) as port:
        place = ImapSettings(host="127.0.0.1", port=port, username=USER, password=PASSWORD, tls=False)
        stop = threading.Event()
        assert read_inbox(ImapInbox(place), app.take_mail, stop=stop) == {"bounce": 1, "other": 1}
        assert read_inbox(ImapInbox(place), app.take_mail, stop=stop) == {}
        with pytest.raises(TransportError, match="no folder"):
            ImapInbox(dataclasses.replace(place, folder='No "such" one'))
        names = sorted(path.name.rpartition(":2,")[2] for path in (tmp_path / "imap" / "Maildir" / "cur").iterdir())
    assert names == ["S", "a"]  # a keyword is a letter of its own in a Maildir
    assert why_not(app)


def test_an_imap_server_that_fails_says_where(app: App, message_id: str) -> None:
    """A wrong password, and a connection that breaks before the mark: the mail stays new, and counts once."""
    with ImapServer(dsn(message_id=message_id), cut_at="STORE") as server:
        with pytest.raises(TransportError, match="login"):
            ImapInbox(settings(server, "wrong"))
        with pytest.raises(TransportError, match="STORE"):
            read_inbox(ImapInbox(settings(server)), app.take_mail, stop=threading.Event())
        assert why_not(app)
        server.cut_at = None
        assert read_inbox(ImapInbox(settings(server)), app.take_mail, stop=threading.Event()) == {"twice": 1}


def test_a_folder_that_is_no_maildir_is_refused(tmp_path: Path) -> None:
    """With the reason."""
    with pytest.raises(TransportError, match="no Maildir"):
        Maildir(tmp_path)


def test_the_command_tells_without_a_configuration(tmp_path: Path) -> None:
    """`digest bounces --json FILE…` needs nothing but the files: a line per recipient, of mails, folders and mbox."""
    (tmp_path / "a.eml").write_bytes(dsn())
    (tmp_path / "b.mbox").write_bytes(b"From MAILER-DAEMON Thu Apr 29 23:34:45 2026\n" + QMAIL)
    for name in ("new", "cur"):
        (tmp_path / "box" / name).mkdir(parents=True)
    (tmp_path / "box" / "cur" / "1:2,S").write_bytes(VACATION)
    paths = [str(tmp_path / name) for name in ("a.eml", "b.mbox", "box")]
    result = CliRunner().invoke(command, ["-c", str(tmp_path / "none.yaml"), "--json", *paths])
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["kind"], line["reason"]) for line in lines] == [
        ("hard", "user-unknown"),
        ("hard", "user-unknown"),
        ("soft", "mailbox-full"),
        ("none", "auto-reply"),
    ]
    assert set(lines[0]) == {"file", "recipient", "kind", "status", "reason", "delivery"}
    assert lines[0]["delivery"] is None


def test_the_command_takes_mails_in(app: App, message_id: str, tmp_path: Path) -> None:
    """Without --json they count; a mail that nothing can be made of is told on standard error, with exit code 1."""
    (tmp_path / "a.eml").write_bytes(dsn(message_id=message_id))
    config = ["-c", str(tmp_path / "config.yaml")]
    told = CliRunner().invoke(command, [*config, "--json", str(tmp_path / "a.eml")])
    assert json.loads(told.stdout)["delivery"] == 1
    assert why_not(app) is None
    assert "hard" in CliRunner().invoke(command, [*config, "--dry-run", str(tmp_path / "a.eml")]).stdout
    assert why_not(app) is None
    result = CliRunner().invoke(command, [*config, "-"], input=dsn(message_id=message_id))
    assert result.exit_code == 0, result.output
    assert "bounce (ada): hard, user-unknown" in result.stdout
    assert why_not(app)
    assert CliRunner().invoke(command, [*config, "-"], input=b"From: bob@x.example\n\nhello\n").exit_code == 1
    assert CliRunner().invoke(command, config).exit_code == 2


def test_files_are_read_up_to_a_bound(tmp_path: Path) -> None:
    """A mail of ten megabytes is looked at, not loaded."""
    (tmp_path / "huge.eml").write_bytes(dsn() + b"x" * 10_000_000)
    ((_, data),) = mails_in(tmp_path / "huge.eml")
    assert len(data) == 1_000_001


def test_who_is_erased_leaves_no_bounce_behind(app: App, message_id: str) -> None:
    """The row of the bounce held the address and what a server said of it."""
    app.take_mail(dsn(message_id=message_id))
    membership = Membership(app.rooms)
    assert READER in json.dumps(membership.export("ada"), default=str)
    membership.erase("ada")
    with app.db.read() as connection:
        left = connection.execute(select(bounces.c.address, bounces.c.diagnostic)).all()
    assert READER not in str(left)
    assert app.take_mail(dsn(message_id=message_id, own_id="<later@mx.example>")).what in set(What)
