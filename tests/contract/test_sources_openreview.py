"""OpenReview (provisional: no recordings): submissions of either API, what became of them, and venues page by page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

import pytest
from pydantic import ValidationError

from digest.errors import SourceError
from digest.model import Entry
from digest.settings.providers import OpenReviewConfig
from digest.sources import openreview_venues
from digest.sources.contract.memory import START
from digest.sources.contract.running import Run
from digest.sources.contract.server import HttpServer, Reply, Seen
from digest.sources.openreview import parse
from digest.sources.openreview_venues import OpenReviewSource
from tests.support import wire


def only(**more: object) -> Entry:
    (entry,) = parse(wire.openreview(wire.openreview_note(**more)), now=START).entries  # type: ignore[arg-type]
    return entry


def test_a_submission_is_read_in_full() -> None:
    """Fields at ``content.X.value``, instants in milliseconds, the day of its publication as the news."""
    entry = only()
    assert (str(entry.identifiers[0]), entry.key) == ("openreview:abcDEF123", "abcDEF123")
    assert (entry.title, entry.abstract) == ("Reviewed", "We submit it.")
    assert (entry.authors, entry.categories) == (("Ada Lovelace", "Charles Babbage"), ("openreview/iclr.cc",))
    assert entry.announced_at == dt.datetime(2026, 8, 18, 20, 53, 20, tzinfo=dt.UTC)
    assert (entry.published_at, entry.comment) == (
        dt.datetime(2026, 8, 17, 20, 53, 20, tzinfo=dt.UTC),
        "Submitted to ICLR 2027",
    )


def test_the_older_api_is_read_too() -> None:
    """Values stand there without a wrapping."""
    note = {"id": "abcDEF123", "content": {"title": "Old", "authors": ["Ada Lovelace"]}, "tcdate": 1}
    (entry,) = parse(wire.openreview(note), now=START).entries
    assert (entry.title, entry.authors, entry.abstract) == ("Old", ("Ada Lovelace",), "")


@pytest.mark.parametrize("venue_id", ["ICLR.cc/2027/Conference/Withdrawn_Submission", "X/Desk_Rejected_Submission"])
def test_what_was_taken_back_is_withdrawn(venue_id: str) -> None:
    """Such submissions stay in the list and must not go out."""
    assert only(content={"venueid": {"value": venue_id}}).withdrawn
    assert not only().withdrawn


def test_replies_are_no_papers() -> None:
    """Reviews and decisions are notes in a submission's forum."""
    batch = parse(wire.openreview(wire.openreview_note("review123", forum="abcDEF123")), now=START)
    assert [(one.id, one.reason[:7]) for one in batch.rejected] == [("review123", "a reply")]


@pytest.mark.parametrize("moment", [None, "2026", -5, 10**30, True, 1.5])
def test_an_instant_of_garbage_is_none(moment: object) -> None:
    """Whatever stands there, the submission is read."""
    assert only(cdate=moment, odate=moment).published_at is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"name":"ForbiddenError","message":"This action is forbidden","status":403}', "said: This action is"),
        (b'{"count":0}', "no list of notes"),
        (b"<html>", "not JSON"),
    ],
)
def test_what_brings_no_notes_is_an_error(data: bytes, said: str) -> None:
    """Errors are told in a line."""
    with pytest.raises(SourceError, match=said):
        parse(data, now=START)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        yield running


def source_at(server: HttpServer, *venues: str) -> OpenReviewSource:
    settings = {"url": server.url, "pace": "0s", "venues": list(venues) or ["ICLR.cc/2027/Conference"]}
    return OpenReviewSource(OpenReviewConfig.model_validate(settings))


class Notes:
    """OpenReview over a number of notes, two to a page, telling ``count`` of them."""

    def __init__(self, server: HttpServer, notes: int) -> None:
        self.ids = [f"note{number:05}" for number in range(notes)]
        self.count = notes
        self.queries: list[Mapping[str, str]] = []
        server.answer("/notes", self)

    def __call__(self, seen: Seen) -> Reply:
        self.queries.append(seen.query)
        start = int(seen.query["offset"])
        notes = [wire.openreview_note(one) for one in self.ids[start : start + 2]]
        return Reply(body=wire.openreview(*notes, count=self.count))


def test_a_venue_is_read_to_its_end(server: HttpServer) -> None:
    """By the day on which notes were made, going back as far as they may have been hidden."""
    notes = Notes(server, 5)
    run = Run().fetch(source_at(server))
    assert (run.error, len(run.ids), run.announced) == (None, 5, 5)
    assert [query["offset"] for query in notes.queries] == ["0", "2", "4"]
    assert notes.queries[0]["invitation"] == "ICLR.cc/2027/Conference/-/Submission"
    first = dt.datetime.fromtimestamp(int(notes.queries[0]["mintcdate"]) / 1000, tz=dt.UTC)
    assert first == dt.datetime(2026, 8, 13, tzinfo=dt.UTC) - openreview_venues.HIDDEN


def test_a_venue_that_is_too_short_is_read_again(server: HttpServer) -> None:
    """The count must match, or the day stays."""
    Notes(server, 3).count = 5
    run = Run().fetch(source_at(server))
    assert ("gave 3 of 5 papers" in str(run.error), run.cursor) == (True, {})


def test_one_venue_failing_does_not_stop_the_others(server: HttpServer) -> None:
    """Each venue is a list of its own; those that fail are named."""
    notes = Notes(server, 1)
    refusal = Reply(status=403, body=b'{"message":"forbidden"}')
    server.answer("/notes", lambda seen: refusal if "NeurIPS" in seen.query["invitation"] else notes(seen))
    run = Run().fetch(source_at(server, "NeurIPS.cc/2027/Conference", "TMLR"))
    assert (len(run.ids), str(run.error)) == (1, "OpenReview said: forbidden (NeurIPS.cc/2027/Conference)")


@pytest.mark.parametrize("options", [{}, {"venues": ["https://openreview.net/x?id=1"]}, {"venues": ["a b"]}])
def test_a_venue_is_needed(options: dict[str, object]) -> None:
    """All of OpenReview is too much for a mail, and a venue has its shape."""
    with pytest.raises(ValidationError):
        OpenReviewConfig.model_validate(options)
