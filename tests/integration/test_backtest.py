"""`digest backtest` on a store that was filled day by day: only what was known then, and nothing twice."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from digest.app import App
from digest.cli.backtest import command
from digest.errors import NotFound
from digest.model import Reading, Signal
from digest.store.intake import Intake
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry

FIRST = dt.date(2026, 5, 19)
SECOND = dt.date(2026, 5, 20)
ADA = """\
email: ada@uni.example
timezone: Europe/Berlin
send: 09:00
frequency: daily
papers: 2
explore: false
lanes: [{name: Attention, phrases: [sparse attention]}]
"""


ABOUT = {
    "Blocked": "Genomes are long. Tiles of the matrix are skipped where nucleotides repeat.",
    "Hashed": "Buckets by locality-sensitive hashing tell a translation model which tokens to look at.",
    "Routed": "A robot's planner sends camera frames to experts; grasping succeeds twice as often.",
    "Sorted": "Climate ensembles are read in the order of their energy, on one graphics card.",
}


def papers(day: int, *words: str) -> FakeSource:
    entries = [
        arxiv_entry(
            f"2605.{day}00{number}", f"{word} sparse attention", authors=[f"{word} Author"], abstract=ABOUT[word]
        )
        for number, word in enumerate(words, start=1)
    ]
    return FakeSource("arxiv", page_of(*entries))


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(0), dt.UTC)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Three papers on the first day, one more on the second; its votes come on the third."""
    clock = Hands(midnight(FIRST))
    app = make_app(tmp_path, clock, readers={"ada": ADA}, sources=[papers(19, "Blocked", "Hashed", "Routed")])
    app.reread()
    app.ingest()
    clock.now = midnight(SECOND)
    app.__dict__["sources"] = (papers(20, "Sorted"),)
    app.ingest()
    clock.now = midnight(SECOND) + dt.timedelta(days=4)
    sorted_id = app.rooms.papers.find_by_title("Sorted sparse")[0].id
    with app.db.write() as connection:
        reading = Reading(Signal.HF_UPVOTES, 42, clock.now - dt.timedelta(hours=1))
        Intake(app.db).observe(connection, [(sorted_id, reading)])
    yield app
    app.close()


def test_days_are_replayed_with_what_was_known_then(app: App) -> None:
    """The first day does not see the second's paper; the second repeats nothing and sees no votes of later."""
    (test,) = app.backtest(FIRST, SECOND)
    first, second = ([test.titles[p.paper_id][1].split()[0] for p in day.mails[0].picks] for day in test.days)
    assert len(first) == 2
    assert "Sorted" not in first
    assert "Sorted" in second
    assert not set(first) & set(second)
    (sorted_pick,) = (p for p in test.days[1].mails[0].picks if test.titles[p.paper_id][1].startswith("Sorted"))
    assert sorted_pick.attention.votes is None, "the votes came later"
    assert test.days[1].figures.coverage == 1.0
    assert test.days[1].figures.votes == 42 / len(second)
    assert test.figures.settled == 1.0


def test_nothing_is_written(app: App) -> None:
    """A replay leaves the outbox as it was."""
    app.backtest(FIRST, SECOND)
    assert app.outbox.listing() == []


def test_history_that_was_imported_later_needs_saying_so(app: App) -> None:
    """What was stored afterwards was not known; as_announced takes the announcement's word for it."""
    before = FIRST - dt.timedelta(days=7)
    old = arxiv_entry("2605.12001", "Pruned sparse attention", authors=["Pruned Author"], announced_at=midnight(before))
    app.__dict__["sources"] = (FakeSource("arxiv", page_of(old)),)
    app.ingest()
    (plain,) = app.backtest(before, before)
    (announced,) = app.backtest(before, before, as_announced=True)
    assert not plain.days[0].mails[0].picks
    assert [announced.titles[p.paper_id][1] for p in announced.days[0].mails[0].picks] == ["Pruned sparse attention"]


def test_a_replay_of_what_was_not_known_yet_names_the_way_out(app: App) -> None:
    """Where no stored paper was known on the days, --as-announced is offered; where some was, it is not."""
    arguments = ["-c", str(app.config_path), "--from"]
    before = CliRunner().invoke(command, [*arguments, "2026-05-16", "--to", "2026-05-17"])
    assert "--as-announced" in before.output
    after = CliRunner().invoke(command, [*arguments, str(FIRST), "--to", str(SECOND)])
    assert "--as-announced" not in after.output


def test_two_settings_that_bring_the_same_keep_their_letters(app: App) -> None:
    """A configuration against itself: equal figures, and still a row for a and one for b."""
    home = str(app.config_path)
    days = ["--from", str(FIRST), "--to", str(SECOND)]
    lines = CliRunner().invoke(command, ["-c", home, "--against", home, *days]).output.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == ["b", "b", "b"]


def test_an_unknown_reader_is_named(app: App) -> None:
    """A typing mistake does not replay everybody."""
    with pytest.raises(NotFound, match="no reader 'eve'"):
        app.backtest(FIRST, SECOND, readers=["eve"])


def test_the_command_shows_compares_and_writes_a_page(app: App, tmp_path: Path) -> None:
    """Two settings side by side in the table; the page has every title, escaped, and no remote resources."""
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "ada.yaml").write_text(ADA.replace("papers: 2", "papers: 1"))
    other = tmp_path / "other.yaml"
    other.write_text((tmp_path / "config.yaml").read_text() + "subscribers: others\n")
    arguments = ["-c", str(tmp_path / "config.yaml"), "--from", str(FIRST), "--to", str(SECOND)]
    page = tmp_path / "report.html"
    shown = CliRunner().invoke(command, [*arguments, "--against", str(other), "--html", str(page)])
    assert shown.exit_code == 0, shown.output
    assert "50 %" in shown.output, "one pick in common of two"
    html = page.read_text()
    assert "Sorted sparse attention" in html
    assert "<polyline" in html
    assert "http" not in html.replace("http-equiv", "")
    listed = CliRunner().invoke(command, [*arguments, "--json"])
    told = json.loads(listed.output)
    assert [day["date"] for day in told["settings"][0]["days"]] == [str(FIRST), str(SECOND)]
    assert told["settings"][0]["days"][1]["mails"][0]["picks"][0]["votes"] == 42


def test_wrong_dates_are_refused(tmp_path: Path) -> None:
    """An end before its beginning is a mistake, said before anything is opened."""
    run = CliRunner().invoke(command, ["--from", "2026-05-20", "--to", "2026-05-19"])
    assert run.exit_code == 2
    assert "is before" in run.output
