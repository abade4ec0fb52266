"""`digest archive`: sent editions as pages, without what is their reader's own, written once and never half."""

from __future__ import annotations

import datetime as dt
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from digest.app import App
from digest.cli.main import cli
from digest.editions.recipe import Recipe
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry

MORNING = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)
READER = """\
email: {name}.private@uni.example
name: {name} Underwood
timezone: Europe/Berlin
send: 09:00
frequency: daily
papers: 1
explore: false
lanes: [{{name: Attention, phrases: [sparse attention]}}]
"""
PAPERS = [
    arxiv_entry(f"2605.0000{number}", f"{word} sparse attention", abstract=f"{word} " * 30 * number)
    for number, word in enumerate(("Blocked", "Hashed", "Learnt", "Routed"), start=1)
]
WEB = "https://papers.uni.example/archive"
SITE = f"{{name: Test papers, contact: op@uni.example, archive_url: '{WEB}'}}"


def installation(folder: Path, *, web: bool) -> Path:
    """Two readers, two days each, answers by mail."""
    clock = Hands(MORNING)
    app = make_app(
        folder,
        clock,
        readers={name: READER.format(name=name) for name in ("ada", "eva")},
        sources=[FakeSource("arxiv", page_of(*PAPERS))],
        more="feedback: {by_mail: true}",
    )
    if web:
        app.close()
        config = folder / "config.yaml"
        config.write_text(re.sub("site: .*", f"site: {SITE}", config.read_text()))
        app = App(config, env={}, clock=clock)
        app.__dict__["sources"] = (FakeSource("arxiv", page_of(*PAPERS)),)
    app.reread()
    app.ingest()
    for day in range(2):
        clock.now = MORNING + dt.timedelta(days=day, hours=1)
        app.tick()
        _execute(folder, "UPDATE deliveries SET trial = 0")  # as if a mail server had taken them
    app.close()
    return folder


def _execute(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "digest.db")) as database, database:
        database.execute(statement)


def archive(folder: Path, *args: str) -> Result:
    command = ["archive", str(folder / "site"), "-c", str(folder / "config.yaml"), *args]
    return CliRunner().invoke(cli, command, catch_exceptions=False)


def files(folder: Path) -> dict[str, int]:
    """Every file of the archive, with when it was written."""
    site = folder / "site"
    return {str(path.relative_to(site)): path.stat().st_mtime_ns for path in site.rglob("*") if path.is_file()}


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return installation(tmp_path, web=False)


@pytest.fixture
def public(tmp_path: Path) -> Path:
    return installation(tmp_path, web=True)


def test_a_page_is_the_mail_without_what_is_its_readers_own(private: Path) -> None:
    """Papers, reasons and lanes stay; the address, and every link that acts for the reader, are gone."""
    assert archive(private).exit_code == 0
    page = (private / "site" / "ada" / "2026-05-20.html").read_text("utf-8")
    assert "sparse attention" in page
    assert "Attention" in page
    assert "From the archive of Test papers: the edition of Wednesday 20 May 2026" in page
    for own in ("ada.private", "Underwood", "mailto:", "Unsubscribe", "More like this", "about:blank"):
        assert own not in page, own
    assert set(re.findall(r'href="([^"]*)"', page)) <= {"index.html", *(entry.url for entry in PAPERS)}
    assert 'content="noindex' in page


def test_it_writes_what_is_missing_and_nothing_else(private: Path) -> None:
    """A second run touches no file; a page that was lost or left half by a killed run is written whole."""
    first = archive(private)
    assert "4 written, 0 there already, 0 failed" in first.output
    before = files(private)
    assert sorted(before) == [
        "ada/2026-05-20.html", "ada/2026-05-21.html", "ada/index.html",
        "eva/2026-05-20.html", "eva/2026-05-21.html", "eva/index.html", "index.html",
    ]  # fmt: skip
    assert "0 written, 4 there already" in archive(private).output
    assert files(private) == before
    lost = private / "site" / "eva" / "2026-05-20.html"
    whole = lost.read_bytes()
    lost.unlink()
    lost.with_name(f".{lost.name}.part").write_bytes(whole[:100])
    assert "1 written, 3 there already" in archive(private).output
    assert lost.read_bytes() == whole
    assert sorted(files(private)) == sorted(before)


def test_one_reader_or_the_last_days_alone(private: Path) -> None:
    """What is not asked for is not written; indexes list what is there."""
    told = json.loads(archive(private, "--reader", "ada", "--since", "2026-05-21", "--json").output)
    assert (told["written"], told["failed"]) == (1, [])
    assert sorted(files(private)) == ["ada/2026-05-21.html", "ada/index.html"]
    index = (private / "site" / "ada" / "index.html").read_text("utf-8")
    assert "2026-05-21.html" in index
    assert "2026-05-20.html" not in index


def test_a_page_outlives_the_mail_it_was_made_from(private: Path) -> None:
    """When the store has pruned a mail's text its page stays, in the index too; what can't be made is told."""
    archive(private)
    _execute(private, "UPDATE deliveries SET recipe = NULL WHERE subscriber_id = 'ada'")
    assert archive(private).exit_code == 0
    assert "2026-05-20.html" in (private / "site" / "ada" / "index.html").read_text("utf-8")
    _execute(private, "DELETE FROM fragments")
    (private / "site" / "eva" / "2026-05-20.html").unlink()
    result = archive(private)
    assert result.exit_code == 1
    assert "eva 2026-05-20: fragment" in result.stderr
    assert "0 written, 1 there already, 1 failed" in result.stdout


def test_on_the_web_nobody_finds_what_they_were_not_given(public: Path) -> None:
    """Names of 128 bits; no page leads to another; folders list nothing; and the mail leads to its own page."""
    told = json.loads(archive(public, "--json").output)
    names = sorted(files(public))
    pages = [name for name in names if re.fullmatch(r"e/[a-z2-7]{26}\.html", name)]
    assert len(pages) == 4
    for page in pages:
        links = re.findall(r'href="([^"]*)"', (public / "site" / page).read_text("utf-8"))
        assert set(links) <= {entry.url for entry in PAPERS}
    for closed in ("index.html", "e/index.html", "r/index.html"):
        assert "href" not in (public / "site" / closed).read_text("utf-8")
    with closing(sqlite3.connect(public / "digest.db")) as database:
        recipes = [Recipe.from_bytes(row[0]) for row in database.execute("SELECT recipe FROM deliveries")]
    online = {placed.html["online_url"] for recipe in recipes for placed in recipe.body if "online_url" in placed.html}
    assert online == {f"{WEB}/{page}" for page in pages}
    ada = next(reader for reader in told["readers"] if reader["reader"] == "ada")
    assert re.fullmatch(rf"{WEB}/r/[a-z2-7]{{26}}/index\.html", ada["url"])
    feed = ET.fromstring(Path(ada["index"]).with_name("feed.xml").read_text("utf-8"))
    atom = {"a": "http://www.w3.org/2005/Atom"}
    assert len(feed.findall("a:entry", atom)) == 2
    assert {link.attrib["href"] for link in feed.findall("a:entry/a:link", atom)} <= online
    assert "ada" not in Path(ada["index"]).read_text("utf-8")
    again = files(public)
    archive(public)
    assert files(public) == again
