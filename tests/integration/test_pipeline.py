"""Stage after stage on a real database, with sources that tests write: who gets what, when, and what is said of it."""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from digest.app import App
from digest.errors import NotFound, SourceError, SourceRateLimited
from digest.model import DeliveryState, SourceStatus
from digest.pipeline.build import build
from digest.pipeline.plan import plan
from digest.sources.base import FetchRequest, Page
from digest.sources.http import PoliteClient
from digest.store.outbox import Filters
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry, hf_entry
from tests.support.smtp_server import SmtpServer

MORNING = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)  # a Wednesday, 08:00 in Berlin
ADA = """\
email: ada@uni.example
timezone: Europe/Berlin
send: 09:00
frequency: daily
papers: 3
explore: false
lanes: [{name: Attention, phrases: [sparse attention]}]
"""
PAPERS = [
    arxiv_entry(f"2605.0000{number}", f"{word} sparse attention for long contexts", authors=[f"{word} Author"])
    for number, word in enumerate(("Blocked", "Hashed", "Learnt", "Routed", "Sorted"), start=1)
]


def rows(app: App, **filters: object) -> dict[str, DeliveryState]:
    listed = app.outbox.listing(Filters(**filters))  # type: ignore[arg-type]  # keywords of Filters
    return {f"{row.subscriber_id} {row.edition}": row.state for row in listed}


@pytest.fixture
def clock() -> Hands:
    return Hands(MORNING)


def test_a_day_from_feed_to_mail_and_the_next_brings_other_papers(tmp_path: Path, clock: Hands) -> None:
    """Due at the hour and not before; once a day; never the same paper twice (with a real, not a trial transport)."""
    app = make_app(tmp_path, clock, readers={"ada": ADA}, sources=[FakeSource("arxiv", page_of(*PAPERS))])
    app.reread()
    app.ingest()
    assert app.tick().is_idle, "08:00 is not yet 09:00"
    clock.now = MORNING + dt.timedelta(hours=1)
    first = app.tick()
    assert (first.planned, first.built, first.accepted) == (1, 1, 1)
    assert app.tick().is_idle
    mails = list((tmp_path / "outbox").rglob("*.eml"))
    assert [mail.parent.name for mail in mails] == ["2026-05-20"]
    assert "ada" in mails[0].name
    app.close()


def test_only_the_first_mail_welcomes(tmp_path: Path, clock: Hands) -> None:
    """With mail.welcome the first edition that reaches a reader opens with a welcome, the next one does not."""
    with SmtpServer() as server:
        make_app(tmp_path, clock, readers={"ada": ADA}).close()
        mail = f"transport: smtp, server: 'smtp://127.0.0.1:{server.port}', from: a@uni.example, welcome: true"
        (tmp_path / "config.yaml").write_text(f"mail: {{{mail}}}\n")
        app = App(tmp_path / "config.yaml", env={}, clock=clock)
        app.__dict__["sources"] = (FakeSource("arxiv", page_of(*PAPERS)),)
        app.reread()
        app.ingest()
        for day in (0, 1):
            clock.now = MORNING + dt.timedelta(days=day, hours=1)
            assert app.preview("ada").recipe.subject.startswith("Welcome") == (day == 0)
            app.tick()
        app.close()
    first, second = (server.parsed(index) for index in (0, 1))
    assert str(first["Subject"]).startswith("Welcome to Paper digest: ")
    assert "Welcome" not in str(second)


def test_a_failing_source_is_told_and_stops_nobody(tmp_path: Path, clock: Hands) -> None:
    """The mail goes out and says which source did not answer."""
    broken = FakeSource("huggingface", SourceError("huggingface", "Hugging Face did not answer within 30 s"))
    app = make_app(tmp_path, clock, readers={"ada": ADA}, sources=[broken, FakeSource("arxiv", page_of(*PAPERS))])
    app.reread()
    reports = {report.source: report for report in app.ingest()}
    assert reports["huggingface"].status is SourceStatus.FAILED
    assert (reports["arxiv"].status, reports["arxiv"].new) == (SourceStatus.OK, 5)
    clock.now = MORNING + dt.timedelta(hours=2)
    shown = app.preview("ada")
    assert b"Hugging Face did not answer within 30 s" in shown.message().replace(b"=\r\n", b"")
    app.close()


def test_an_unexpected_bug_in_a_source_is_caught_at_its_boundary(tmp_path: Path, clock: Hands) -> None:
    """A source that crashes is reported as failed; the others are read."""

    class Crashing(FakeSource):
        def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
            raise ZeroDivisionError

    app = make_app(
        tmp_path, clock, readers={}, sources=[Crashing("huggingface"), FakeSource("arxiv", page_of(*PAPERS))]
    )
    failed, fine = app.ingest()
    assert failed.status is SourceStatus.FAILED
    assert "ZeroDivisionError" in (failed.error or "")
    assert fine.new == 5
    app.close()


def test_what_came_before_a_failure_is_kept_and_read_again(tmp_path: Path, clock: Hands) -> None:
    """Half a source is stored, called incomplete, and asked for its whole span again."""
    half = FakeSource("arxiv", page_of(*PAPERS[:2]), SourceRateLimited("arxiv", "arXiv asks for 10 min", 600))
    app = make_app(tmp_path, clock, readers={}, sources=[half])
    (report,) = app.ingest()
    assert (report.new, report.status) == (2, SourceStatus.WAITING)
    app.ingest()
    assert half.requests[1].look_back is not None, "a first run that failed is still a first run"
    app.close()


def test_fewer_than_announced_is_incomplete(tmp_path: Path, clock: Hands) -> None:
    """A provider that says 9 and gives 5 has not been read."""
    app = make_app(tmp_path, clock, readers={}, sources=[FakeSource("arxiv", page_of(*PAPERS, announced=9))])
    (report,) = app.ingest()
    assert report.status is SourceStatus.INCOMPLETE
    assert "5 of 9" in (report.error or "")
    app.close()


def test_a_feed_without_unseen_ids_on_an_announcement_day_is_stale(tmp_path: Path, clock: Hands) -> None:
    """Yesterday's papers under today's date are not a quiet day; at the weekend they are no surprise."""
    source = FakeSource("arxiv", page_of(*PAPERS))
    app = make_app(tmp_path, clock, readers={}, sources=[source])
    assert app.ingest()[0].status is SourceStatus.OK
    clock.now = MORNING + dt.timedelta(hours=2)
    assert app.ingest()[0].status is SourceStatus.OK, "the same morning"
    clock.now = MORNING + dt.timedelta(days=1)
    assert app.ingest()[0].status is SourceStatus.STALE
    app.close()


def test_an_edition_waits_for_fresh_papers_but_not_for_ever(tmp_path: Path, clock: Hands) -> None:
    """With wait_for, nine o'clock passes until the source is read, at most ninety minutes."""
    source = FakeSource("arxiv", SourceError("arxiv", "arXiv did not answer"))
    more = "freshness: {wait_for: arxiv, at_most: 90m}"
    app = make_app(tmp_path, clock, readers={"ada": ADA, "eva": ADA.replace("ada", "eva")}, sources=[source], more=more)
    app.reread()
    clock.now = MORNING + dt.timedelta(hours=1)
    app.ingest()
    assert app.tick().planned == 0
    source.pages = [page_of(*PAPERS)]
    clock.now += dt.timedelta(minutes=5)
    app.ingest()
    assert app.tick().planned == 2
    clock.now = MORNING + dt.timedelta(days=1, hours=1)
    source.pages = [SourceError("arxiv", "arXiv did not answer")]
    app.ingest()
    assert app.tick().planned == 0
    clock.now += dt.timedelta(minutes=90)
    assert app.tick().planned == 2
    app.close()


def test_after_an_outage_only_the_newest_edition_goes_out(tmp_path: Path, clock: Hands) -> None:
    """Three days down: one mail, of today; nothing at all when today's is too late already."""
    app = make_app(tmp_path, clock, readers={"ada": ADA}, sources=[FakeSource("arxiv", page_of(*PAPERS))])
    app.reread()
    app.ingest()
    clock.now = MORNING + dt.timedelta(days=3, hours=5)
    app.tick()
    assert rows(app) == {"ada 2026-05-23": DeliveryState.ACCEPTED}
    app.close()


def test_a_quiet_day_is_skipped_on_record_or_told(tmp_path: Path, clock: Hands) -> None:
    """Nothing to say is a skip with a reason; a reader who wants to know gets a mail that says so."""
    eva = ADA.replace("ada", "eva") + "quiet_day: send\n"
    app = make_app(tmp_path, clock, readers={"ada": ADA, "eva": eva}, sources=[FakeSource("arxiv", page_of())])
    app.reread()
    app.ingest()
    clock.now = MORNING + dt.timedelta(hours=1)
    done = app.tick()
    assert (done.skipped, done.accepted) == (1, 1)
    (row,) = app.outbox.listing(Filters(subscriber_id="ada"))
    assert row.state is DeliveryState.SKIPPED
    assert row.reason
    assert app.tick().is_idle, "a skip is not picked up again"
    app.close()


def test_preview_changes_nothing_and_replays_what_was_sent(tmp_path: Path, clock: Hands) -> None:
    """Today's preview leaves no trace; a sent day comes back to the byte; an unsent one is called reconstructed."""
    app = make_app(tmp_path, clock, readers={"ada": ADA}, sources=[FakeSource("arxiv", page_of(*PAPERS))])
    app.reread()
    app.ingest()
    before = app.outbox.counts()
    assert not app.preview("ada").replayed
    assert app.outbox.counts() == before
    clock.now = MORNING + dt.timedelta(hours=1)
    app.tick()
    (mail,) = (tmp_path / "outbox").rglob("*.eml")
    shown = app.preview("ada", date=dt.date(2026, 5, 20))
    assert shown.replayed
    assert shown.message() == mail.read_bytes()
    clock.now = MORNING + dt.timedelta(days=2, hours=3)
    unsent = app.preview("ada", date=dt.date(2026, 5, 21))
    assert not unsent.replayed
    assert "reconstructed" in unsent.words
    app.close()


def test_a_reconstructed_day_knows_only_what_was_known_then(tmp_path: Path, clock: Hands) -> None:
    """Papers and votes of later days do not leak into the past."""
    source = FakeSource("arxiv", page_of(*PAPERS[:2]))
    app = make_app(tmp_path, clock, readers={"ada": ADA}, sources=[source])
    app.ingest()
    clock.now = MORNING + dt.timedelta(days=2)
    source.pages = [page_of(*PAPERS), page_of(hf_entry("2605.00001", "Blocked", upvotes=99, at=clock.now))]
    app.ingest()
    shown = app.preview("ada", date=dt.date(2026, 5, 20))
    assert shown.selection is not None
    assert {pick.paper_id for pick in shown.selection.picks} <= {1, 2}
    assert all(pick.attention.votes is None for pick in shown.selection.picks)
    app.close()


def test_why_answers_for_a_picked_and_for_a_left_out_paper(tmp_path: Path, clock: Hands) -> None:
    """Parts add up to the score; who is out learns what would have let them in."""
    other = arxiv_entry(
        "2605.00009", "On the migration of arctic terns", authors=["Bird Watcher"], categories=["q-bio.PE"]
    )
    app = make_app(tmp_path, clock, readers={"ada": ADA}, sources=[FakeSource("arxiv", page_of(*PAPERS, other))])
    app.ingest()
    _, _, verdict = app.why("ada", "2605.00001")
    assert verdict.pick is not None
    assert verdict.pick.score == pytest.approx(sum(part.value for part in verdict.pick.parts))
    _, _, out = app.why("ada", "arctic terns")
    assert out.position is None
    assert any(decision.remedy for decision in out.decisions)
    with pytest.raises(NotFound, match="5 papers match"):
        app.why("ada", "sparse attention")
    app.close()


def test_sending_now_takes_the_place_of_the_scheduled_mail(tmp_path: Path, clock: Hands) -> None:
    """Once by hand means not again at nine, and not again by hand."""
    app = make_app(tmp_path, clock, readers={"ada": ADA}, sources=[FakeSource("arxiv", page_of(*PAPERS))])
    app.reread()
    app.ingest()
    assert app.send_now("ada").done
    again = app.send_now("ada")
    assert not again.done
    assert "nobody gets a day twice" in again.words
    clock.now = MORNING + dt.timedelta(hours=1)
    assert app.tick().accepted == 0
    app.close()


def test_a_mail_that_waits_is_sent_on_and_not_refused(tmp_path: Path, clock: Hands) -> None:
    """What an interrupted pass left ready goes out when it is asked for by hand."""
    app = make_app(tmp_path, clock, readers={"ada": ADA}, sources=[FakeSource("arxiv", page_of(*PAPERS))])
    app.reread()
    app.ingest()
    clock.now = MORNING + dt.timedelta(hours=1)
    plan(app.rooms, trial=True)
    assert rows(app) == {"ada 2026-05-20": DeliveryState.PLANNED}
    build(app.rooms, composer=lambda: app.composer, trial=True)
    assert rows(app) == {"ada 2026-05-20": DeliveryState.READY}
    assert app.send_now("ada").done
    app.close()


def test_an_incomplete_source_is_read_again_from_its_last_good_reading(tmp_path: Path, clock: Hands) -> None:
    """The run after an incomplete one looks back as after an outage, and the run after a good one does not."""
    source = FakeSource("arxiv", page_of(*PAPERS))
    app = make_app(tmp_path, clock, readers={}, sources=[source])
    app.ingest()
    clock.now += dt.timedelta(hours=1)
    source.pages = [page_of(*PAPERS, announced=9)]
    assert app.ingest()[0].status is SourceStatus.INCOMPLETE
    clock.now += dt.timedelta(hours=1)
    source.pages = [page_of(*PAPERS)]
    app.ingest()
    app.ingest()
    assert [request.look_back for request in source.requests] == [
        dt.timedelta(days=7),
        None,
        dt.timedelta(days=1, hours=2),
        None,
    ]
    app.close()


def test_a_page_is_forgotten_when_it_is_stored(tmp_path: Path, clock: Hands) -> None:
    """However long a list is, one page of it is in memory, and the next; benchmarks/harvest.py measures the process."""

    class Endless(FakeSource):
        alive = 0

        async def fetch(self, client: PoliteClient, request: FetchRequest) -> AsyncIterator[Page]:
            for number in range(1, 21):
                yield page_of(arxiv_entry(f"2605.{number:05d}", f"Endless paper {number}"))
                pages = [one for one in gc.get_objects() if isinstance(one, Page)]
                own = [page for page in pages if any(e.title.startswith("Endless") for e in page.batch.entries)]
                self.alive = max(self.alive, len(own))
                del pages, own

    source = Endless("arxiv")
    app = make_app(tmp_path, clock, readers={}, sources=[source])
    assert app.ingest()[0].new == 20
    assert source.alive <= 2
    app.close()
