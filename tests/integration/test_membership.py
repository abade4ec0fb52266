"""Readers' wishes in a real database: asked, confirmed, paused, left, undone, exported, erased."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email
import io
import json
import re
import threading
import urllib.parse
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from digest.app import App
from digest.errors import MembershipError, NotFound
from digest.feedback import Feedback, Origin, Verb
from digest.model import (
    Act,
    DeliveryState,
    EditionKey,
    Evidence,
    Frequency,
    JoinOutcome,
    Lane,
    ReaderState,
    SendTimes,
    Subscriber,
)
from digest.pipeline.membership import CONFIRM_WITHIN, UNDO_FOR, Membership
from digest.store.outbox import AttemptResult, Filters, Window
from digest.store.schema import metadata
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry

NOW = dt.datetime(2026, 5, 20, 8, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
FORM = Evidence(text="I want one mail a day.", language="en", ip="192.0.2.7")
EVE = Subscriber(
    id="",
    email="Eve.Moore@uni.example",
    name="Eve Moore",
    times=SendTimes(timezone="Europe/Berlin", send=dt.time(9, 30), frequency=Frequency.DAILY),
    lanes=(Lane(name="Glacier lane", phrases=("glacier melting",)),),
)
ADA = "email: ada@uni.example\ntimezone: Europe/Berlin\nsend: 09:30\nfrequency: daily\nphrases: [sparse attention]\n"


@pytest.fixture
def clock() -> Hands:
    return Hands(NOW)


@pytest.fixture
def app(tmp_path: Path, clock: Hands) -> Iterator[App]:
    papers = [arxiv_entry(f"2605.0000{n}", f"Sparse attention in glacier melting, part {n}") for n in range(1, 4)]
    made = make_app(tmp_path, clock, readers={"ada": ADA}, sources=[FakeSource("arxiv", page_of(*papers))])
    made.reread()
    yield made
    made.close()


@pytest.fixture
def members(app: App) -> Membership:
    return app.members


def joined(members: Membership, who: Subscriber = EVE) -> str:
    reader = members.join(who, FORM).reader_id
    assert reader is not None
    return reader


def confirmed(members: Membership, who: Subscriber = EVE) -> str:
    reader = joined(members, who)
    members.confirm(reader, Evidence(ip="192.0.2.8"))
    return reader


def is_due(app: App, reader: str, *, within: dt.timedelta) -> bool:
    return reader in {one.subscriber.id for one in app.rooms.subscribers.due(app.clock() + within, 100)}


# ── coming ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_gets_mail_before_they_confirm(app: App, members: Membership, clock: Hands) -> None:
    """An address that was typed by whoever gets no edition; one that was confirmed gets its first at once."""
    asked = members.join(EVE, FORM)
    assert asked.outcome is JoinOutcome.ASKED
    reader = asked.reader_id
    assert reader is not None
    assert reader.startswith("r-")
    assert members.find("eve.moore@UNI.example").state is ReaderState.PENDING
    assert not is_due(app, reader, within=30 * DAY)
    members.confirm(reader, Evidence(ip="192.0.2.8"))
    assert is_due(app, reader, within=dt.timedelta())
    assert [(one.act, one.ip, one.text) for one in members.record(reader)] == [
        (Act.ASKED, "192.0.2.7", "I want one mail a day."),
        (Act.CONFIRMED, "192.0.2.8", ""),
    ]
    members.confirm(reader, Evidence())
    assert len(members.record(reader)) == 2
    app.ingest()
    assert app.tick().accepted == 2


def test_typing_a_readers_address_changes_nothing_of_theirs(members: Membership) -> None:
    """Whoever fills in the form for somebody else neither changes their settings nor wakes them from a pause."""
    reader = confirmed(members)
    members.pause(reader, until=None, evidence=Evidence())
    other = members.join(dataclasses.replace(EVE, email="eve.moore@uni.example", lanes=()), FORM)
    assert (other.outcome, other.reader_id) == (JoinOutcome.KNOWN, reader)
    found = members.find(reader)
    assert (found.state, found.subscriber.lanes) == (ReaderState.PAUSED, EVE.lanes)
    assert members.join(dataclasses.replace(EVE, email="ada@uni.example"), FORM).reader_id == "ada"


def test_asked_twice_is_one_reader_with_the_newest_wish(members: Membership) -> None:
    """The second form replaces the first, under one id."""
    first = joined(members)
    second = joined(members, dataclasses.replace(EVE, papers=3))
    assert first == second
    assert members.confirm(first, Evidence()).subscriber.papers == 3


def test_two_forms_at_once_make_one_reader(app: App, members: Membership) -> None:
    """A double click on two servers."""
    ids: set[str | None] = set()
    threads = [threading.Thread(target=lambda: ids.add(members.join(EVE, FORM).reader_id)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 1
    assert [one.state for one in app.rooms.subscribers.all()].count(ReaderState.PENDING) == 1


def test_an_unanswered_question_is_forgotten(members: Membership, clock: Hands) -> None:
    """An address that never confirmed is not kept, and its link says so."""
    reader = joined(members)
    clock.now += CONFIRM_WITHIN + dt.timedelta(minutes=1)
    members.housekeep()
    with pytest.raises(NotFound):
        members.confirm(reader, Evidence())
    assert members.record(reader) == []


def test_who_says_no_to_the_question_is_forgotten(members: Membership) -> None:
    """Leaving before confirming leaves nothing behind."""
    reader = joined(members)
    assert members.leave(reader, Evidence()) is None
    with pytest.raises(NotFound):
        members.find(reader)


def test_a_suppressed_address_is_not_even_asked(app: App, members: Membership) -> None:
    """A complaint ends it, also for forms."""
    app.outbox.suppress("eve.moore@uni.example", "complaint", now=NOW)
    refused = members.join(EVE, FORM)
    assert (refused.outcome, refused.reader_id, refused.reason) == (JoinOutcome.REFUSED, None, "complaint")


def test_an_added_reader_has_an_id_and_address_of_their_own(members: Membership) -> None:
    """The operator cannot add somebody twice."""
    proof = Evidence(text="asked by mail on 3 May")
    added = members.add(dataclasses.replace(EVE, id="eve"), proof)
    assert (added.state, added.origin) == (ReaderState.ACTIVE, "store")
    with pytest.raises(MembershipError, match="is the address of eve"):
        members.add(EVE, proof)
    with pytest.raises(MembershipError, match="'eve' is taken"):
        members.add(dataclasses.replace(EVE, id="eve", email="other@uni.example"), proof)


# ── changing ────────────────────────────────────────────────────────────────────────────────────────────────


def test_settings_change_and_a_later_time_brings_no_second_mail(app: App, members: Membership) -> None:
    """A reader of the web changes what they want; the day's edition stays one."""
    reader = confirmed(members)
    app.ingest()
    app.tick()
    later = dataclasses.replace(
        EVE,
        id=reader,
        papers=5,
        times=dataclasses.replace(EVE.times, send=dt.time(23, 0)),
        email="Eve.Moore@uni.example",
    )
    changed = members.change(later)
    assert changed.subscriber.papers == 5
    with pytest.raises(MembershipError, match="confirmed from there"):
        members.change(dataclasses.replace(later, email="new@uni.example"))
    with pytest.raises(MembershipError, match="declared by a file"):
        members.change(dataclasses.replace(app.rooms.subscribers.get("ada").subscriber, papers=3))


def test_a_new_address_is_written_to_once_it_confirmed(members: Membership) -> None:
    """Nobody moves somebody's mail to an address that did not ask for it, nor to another reader's."""
    reader = confirmed(members)
    assert members.ask_for_address(reader, "eve@new.example", Evidence()).outcome is JoinOutcome.ASKED
    assert members.find(reader).subscriber.email == "Eve.Moore@uni.example"
    wanted = members.wanted(reader)
    assert wanted is not None
    assert wanted.email == "eve@new.example"
    members.confirm(reader, Evidence())
    assert members.find("eve@new.example").subscriber.id == reader
    assert members.wanted(reader) is None
    assert members.ask_for_address(reader, "ada@uni.example", Evidence()).outcome is JoinOutcome.KNOWN


def test_a_pause_ends_by_itself(app: App, members: Membership, clock: Hands) -> None:
    """A week without mail, and then the next edition to come: also for a reader whose file is read meanwhile."""
    reader = confirmed(members)
    for one in (reader, "ada"):
        members.pause(one, until=NOW + 7 * DAY, evidence=Evidence())
    (app.config.subscribers / "ada.yaml").write_text(ADA + "papers: 4\n")
    app.reread()
    assert members.find("ada").state is ReaderState.PAUSED
    assert app.tick().is_idle
    clock.now += 8 * DAY
    app.tick()
    for one in (reader, "ada"):
        found = members.find(one)
        assert (found.state, found.paused_until) == (ReaderState.ACTIVE, None)
        assert found.next_due_at is not None
        assert clock.now < found.next_due_at <= clock.now + DAY


def test_a_files_pause_is_the_files(app: App, members: Membership, clock: Hands) -> None:
    """What a file says is undone there, and no day on which a pause would end ends it."""
    members.pause("ada", until=NOW + DAY, evidence=Evidence())
    (app.config.subscribers / "ada.yaml").write_text(ADA + "paused: true\n")
    app.reread()
    clock.now += 2 * DAY
    members.housekeep()
    assert members.find("ada").state is ReaderState.PAUSED
    with pytest.raises(MembershipError, match="take `paused: true` out"):
        members.resume("ada", Evidence())
    with pytest.raises(MembershipError, match="give an end"):
        members.pause("ada", until=None, evidence=Evidence())


def test_resume_wakes_at_once_and_twice_is_no_error(members: Membership) -> None:
    """From the next edition on."""
    reader = confirmed(members)
    members.pause(reader, until=None, evidence=Evidence())
    assert members.resume(reader, Evidence()).state is ReaderState.ACTIVE
    assert members.resume(reader, Evidence()).state is ReaderState.ACTIVE


# ── leaving ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_left_stays_away_whatever_their_file_says(app: App, members: Membership) -> None:
    """The reader's word stands above the file's, until they take it back."""
    members.leave("ada", Evidence(ip="192.0.2.9"))
    (app.config.subscribers / "ada.yaml").write_text(ADA + "papers: 4\n")
    app.reread()
    assert members.find("ada").state is ReaderState.LEFT
    assert app.tick().is_idle
    members.undo("ada", Evidence())
    assert members.find("ada").state is ReaderState.ACTIVE
    assert [one.act for one in members.record("ada")] == [Act.LEFT, Act.RETURNED]


def test_an_old_leave_is_undone_by_a_new_confirmation_only(members: Membership, clock: Hands) -> None:
    """A link in an old mail, forwarded to somebody, brings nobody back."""
    reader = confirmed(members)
    members.leave(reader, Evidence())
    members.leave(reader, Evidence())
    clock.now += UNDO_FOR + DAY
    with pytest.raises(MembershipError, match="too long ago"):
        members.undo(reader, Evidence())
    back = members.join(dataclasses.replace(EVE, papers=7), FORM)
    assert (back.outcome, back.reader_id) == (JoinOutcome.ASKED, reader)
    assert members.find(reader).state is ReaderState.LEFT
    again = members.confirm(reader, Evidence())
    assert (again.state, again.subscriber.papers) == (ReaderState.ACTIVE, 7)


# ── rights ──────────────────────────────────────────────────────────────────────────────────────────────────


def everything(app: App) -> str:
    """All tables as text, with what is packed in them unpacked."""
    from digest.editions.recipe import Recipe

    found = []
    with app.db.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                for value in row.values():
                    if table.name == "deliveries" and isinstance(value, bytes):
                        found.append(str(Recipe.from_bytes(value)))
                    else:
                        found.append(json.dumps(value, default=str, ensure_ascii=False))
    return "\n".join(found)


def with_a_past(app: App, members: Membership) -> str:
    """Eve, with mails that were sent, refused and are waiting, feedback, a suppression and an operator's act."""
    reader = confirmed(members)
    app.ingest()
    app.tick()
    with app.db.write() as connection:
        connection.execute(metadata.tables["deliveries"].update().values(trial=False))
    (row,) = app.outbox.listing(Filters(subscriber_id=reader))
    result = AttemptResult(
        delivery_id=row.id, lease_token="x", at=NOW, relay="smtp://relay.example", phase="rcpt", outcome="deferred",
        code=450, text="4.2.1 <Eve.Moore@uni.example> greylisted", state=DeliveryState.DEFERRED,
    )  # fmt: skip
    app.outbox.record([result], now=NOW)
    app.rooms.feedback.give(
        reader, Feedback(verb=Verb.MUTE_WORD, given_at=NOW, origin=Origin.WEB, subject="permafrost cores")
    )
    app.outbox.suppress("eve.moore@uni.example", "complaint", now=NOW)
    members.ask_for_address(reader, "eve@new.example", Evidence())
    return reader


def test_an_export_has_everything_in_words(app: App, members: Membership) -> None:
    """Settings, consents, mails with their papers and attempts, feedback, suppression; and the mails themselves."""
    reader = with_a_past(app, members)
    told = members.export(reader)
    text = json.dumps(told)
    for said in ("Eve Moore", "Glacier lane", "192.0.2.7", "I want one mail a day.", "greylisted", "permafrost cores"):
        assert said in text
    for said in ("complaint", "Sparse attention in glacier melting", "eve@new.example"):
        assert said in text
    assert told["settings"] == json.loads(json.dumps(told["settings"]))
    packed = zipfile.ZipFile(io.BytesIO(members.export_zip(reader)))
    assert packed.namelist() == ["data.json", "mails/2026-05-20.eml"]
    assert b"To: " in packed.read("mails/2026-05-20.eml")
    assert json.loads(packed.read("data.json"))["reader"]["id"] == reader


def test_nothing_of_an_erased_reader_is_left_and_the_books_balance(app: App, members: Membership) -> None:
    """No table says who they were or what they read; how many mails of a day went where still adds up."""
    reader = with_a_past(app, members)
    before = app.outbox.books(dt.date(2026, 5, 20))
    files = list(app.config.mail.files_dir.rglob("*ve.*oore*"))
    assert files
    erased = members.erase(reader)
    left = everything(app)
    for word in (reader, "eve.moore", "Eve Moore", "glacier lane", "192.0.2", "permafrost", "eve@new", "greylisted"):
        assert not re.search(re.escape(word), left, re.IGNORECASE), word
    assert not list(app.config.mail.files_dir.rglob("*ve.*oore*"))
    assert list(app.config.mail.files_dir.rglob("ada*"))
    after = app.outbox.books(dt.date(2026, 5, 20))
    assert (after.planned, after.replies) == (before.planned, before.replies)
    with pytest.raises(NotFound):
        members.find(reader)
    with pytest.raises(NotFound):
        members.export(reader)
    assert erased.editions == (dt.date(2026, 5, 20),)


def test_an_erased_address_is_never_written_to_until_the_operator_says_so(app: App, members: Membership) -> None:
    """Neither a form, nor a file under another id, nor a bounce that comes late brings the address back."""
    members.erase(confirmed(members))
    assert members.join(EVE, FORM).outcome is JoinOutcome.REFUSED
    (app.config.subscribers / "other.yaml").write_text(ADA.replace("ada@", "eve.moore@"))
    app.reread()
    app.ingest()
    app.tick()
    (row,) = app.outbox.listing(Filters(subscriber_id="other"))
    assert row.state is DeliveryState.SUPPRESSED
    (app.config.subscribers / "other.yaml").unlink()
    app.reread()
    members.erase("other")
    app.outbox.suppress("eve.moore@uni.example", "bounced", now=NOW)
    assert "eve.moore" not in everything(app).lower()
    assert app.outbox.unsuppress("Eve.Moore@uni.example", now=NOW)
    assert members.join(EVE, FORM).outcome is JoinOutcome.ASKED


def test_a_file_does_not_bring_an_erased_reader_back(app: App, members: Membership) -> None:
    """The id is known by its hash, and the sync says whose file can go."""
    assert members.erase("ada").declared_by_file
    report = app.reread()
    assert report.erased == ("ada",)
    assert app.rooms.subscribers.all() == []
    assert "ada" not in everything(app)
    with pytest.raises(MembershipError, match="was a reader who was erased"):
        members.add(dataclasses.replace(EVE, id="ada"), Evidence())


def test_a_mail_that_is_being_sent_is_forgotten_when_it_is_answered(app: App, members: Membership) -> None:
    """An erasure in the middle of a transaction: the reply comes later, with the address in it."""
    reader = confirmed(members)
    app.ingest()
    members.pause("ada", until=NOW + DAY, evidence=Evidence())
    from digest.pipeline import build
    from digest.pipeline.plan import plan

    plan(app.rooms, trial=False)
    build.build(app.rooms, composer=lambda: app.composer, writer=None, trial=False, stop=lambda: False)
    (claimed,) = app.outbox.claim_ready(5, now=NOW, lease_s=600, trial=False)
    assert app.outbox.advance([], [Window(lease_token=claimed.lease_token, ids=(claimed.id,))], now=NOW)
    members.erase(reader)
    result = AttemptResult(
        delivery_id=claimed.id, lease_token=claimed.lease_token, at=NOW, relay="smtp://relay.example", phase="rcpt",
        outcome="suppressed", code=550, text="5.1.1 <Eve.Moore@uni.example> unknown", state=DeliveryState.SUPPRESSED,
        reason="5.1.1 <Eve.Moore@uni.example> unknown", suppress=True,
    )  # fmt: skip
    app.outbox.record([result], now=NOW)
    members.housekeep()
    assert "eve.moore" not in everything(app).lower()
    assert app.outbox.books(dt.date(2026, 5, 20)).balanced


def test_an_id_that_others_contain_takes_nothing_of_theirs(app: App, members: Membership) -> None:
    """Erasing a reader called `a` leaves the events of others, and closed books, as they were."""
    members.add(dataclasses.replace(EVE, id="a"), Evidence())
    app.outbox.pause_relay("smtp://a.example", until=NOW + DAY, failures=1, reason="a reason", now=NOW)
    members.erase("a")
    assert "a reason" in everything(app)
    assert members.find("ada").state is ReaderState.ACTIVE


def test_a_test_mail_is_the_real_edition_and_counts_nowhere(app: App, members: Membership) -> None:
    """To the operator's own address, marked, and without a way to act for the reader."""
    reader = confirmed(members)
    app.ingest()
    before = everything(app)
    for _ in range(2):
        app.send_trial(reader, "op@uni.example")
    assert everything(app) == before
    mails = [email.message_from_bytes(path.read_bytes()) for path in app.config.mail.files_dir.rglob("op@*.eml")]
    (mail,) = mails  # the trial transport names a file by address and delivery
    assert mail["Subject"].startswith("[Test] ")
    assert mail["To"] == "op@uni.example"
    way_out = mail["List-Unsubscribe"]
    assert way_out
    sealed = app.ring.unsubscribe_subject(EditionKey(reader, dt.date(2026, 5, 20)))
    assert sealed.split()[-1] not in urllib.parse.unquote(way_out)
