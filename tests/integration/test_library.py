"""`digest subscribers suggest` from files, from ids that must be asked for, and from Zotero on loopback."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from digest.app import App
from digest.cli.subscribers import command
from digest.errors import SourceError
from digest.sources.contract.server import HttpServer, Reply, Seen
from digest.subscribers import load_subscribers
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry

NOW = dt.datetime(2026, 5, 20, 8, 0, tzinfo=dt.UTC)
ADA = "email: ada@uni.example\ntimezone: Europe/Berlin\nlanes: [{name: Learning, categories: [cs.LG]}]\n"
THINGS = {
    "robot": ("mugs", "fish", "garlic", "cables"),
    "protein": ("kinases", "antibodies", "membranes", "toxins"),
}


def ris(kind: str, thing: str, number: int) -> str:
    about = f"Robot grasping of {thing}" if kind == "robot" else f"Protein structure of {thing}"
    text = (
        f"A {kind} of {thing} by tactile robot fingers" if kind == "robot" else f"A network folds the protein {thing}"
    )
    return f"TY  - JOUR\nTI  - {about}\nAB  - {text}.\nDO  - 10.1000/{kind}{number}\nER  - \n\n"


class Ticking(Hands):
    """A second goes by whenever somebody looks, so that nobody waits for a provider's pace."""

    def __call__(self) -> dt.datetime:
        self.now += dt.timedelta(seconds=1)
        return self.now


@pytest.fixture
def app(tmp_path: Path) -> App:
    app = make_app(tmp_path, Ticking(NOW), readers={"ada": ADA}, more="sources: {arxiv: false, huggingface: false}")
    app.reread()
    return app


def test_a_file_becomes_lanes_that_a_reader_s_file_takes(app: App, tmp_path: Path) -> None:
    """What is printed is YAML that can be put into the file as it is."""
    library = tmp_path / "library.ris"
    library.write_text("".join(ris(kind, thing, n) for kind in THINGS for n, thing in enumerate(THINGS[kind])))
    app.close()
    run = CliRunner().invoke(command, ["-c", str(tmp_path / "config.yaml"), "suggest", str(library)])
    assert run.exit_code == 0, run.output
    assert "# 4 papers, such as " in run.stdout
    (tmp_path / "subscribers" / "ada.yaml").write_text(ADA.partition("lanes:")[0] + run.stdout)
    (loaded,) = load_subscribers(tmp_path / "subscribers").good
    lanes = loaded.subscriber.lanes
    assert len(lanes) == 2
    assert {str(name) for lane in lanes for name in lane.examples} == {
        f"doi:10.1000/{kind}{n}" for kind in THINGS for n in range(4)
    }
    assert all(lane.phrases for lane in lanes)


def test_papers_that_are_stored_need_no_title(app: App, tmp_path: Path) -> None:
    """An id is enough for what the store knows; what nobody knows is named."""
    app.__dict__["sources"] = (
        FakeSource(
            "arxiv",
            page_of(
                *(
                    arxiv_entry(f"2605.0000{n}", f"Robot grasping of {t}")
                    for n, t in enumerate(THINGS["robot"], start=1)
                )
            ),
        ),
    )
    app.ingest()
    app.close()
    ids = " ".join(f"2605.0000{n}" for n in range(1, 5)) + " 2605.99999"
    arguments = ["-c", str(tmp_path / "config.yaml"), "suggest", "--arxiv", ids, "--offline", "--json"]
    run = CliRunner().invoke(command, arguments)
    assert run.exit_code == 0, run.output + repr(run.exception)
    told = json.loads(run.stdout)
    assert told["lanes"][0]["categories"] == ["cs.LG"]
    assert len(told["lanes"][0]["examples"]) == 4
    assert told["unknown"] == ["arxiv:2605.99999"]


def test_a_zotero_library_is_read_page_by_page(app: App) -> None:
    """All pages, with the key in a header and never in an address."""
    items = [
        {"key": f"K{n}", "data": {"itemType": "journalArticle", "title": f"T {n}", "DOI": f"10.1000/{n}"}}
        for n in range(130)
    ]

    def answer(seen: Seen) -> Reply:
        start = int(seen.query["start"])
        return Reply(body=json.dumps(items[start : start + 100]).encode(), headers={"Total-Results": "130"})

    with HttpServer() as server:
        server.otherwise(answer)
        found = app.zotero_library("users/12345", key="secret", url=server.url)
        assert len(found) == 130
        assert [seen.headers.get("zotero-api-key") for seen in server.requests] == ["secret", "secret"]
        assert all("secret" not in seen.target for seen in server.requests)
    app.close()


@pytest.mark.parametrize(
    ("status", "library", "why"),
    [
        (403, "users/12345", "private"),
        (404, "users/12345", "knows no library"),
        (200, "users/12345", "not JSON"),
        (200, "../../x", "is no Zotero library"),
    ],
)
def test_what_goes_wrong_at_zotero_says_what_to_do(app: App, status: int, library: str, why: str) -> None:
    """Keys, wrong numbers, garbage, and names that would lead elsewhere."""
    with HttpServer() as server:
        server.otherwise(lambda seen: Reply(status=status, body=b"<html>"))
        with pytest.raises(SourceError, match=why):
            app.zotero_library(library, key=None, url=server.url)
    app.close()


def test_the_readers_are_listed_and_shown(app: App, tmp_path: Path) -> None:
    """Who gets mail and when; a reader's settings with every default spelled out are a file that reads the same."""
    app.close()
    home = ["-c", str(tmp_path / "config.yaml")]
    listed = CliRunner().invoke(command, home)
    assert "ada@uni.example" in listed.output
    shown = CliRunner().invoke(command, [*home, "show", "ada"])
    assert "balance: 0.7" in shown.output
    before = load_subscribers(tmp_path / "subscribers").good[0].subscriber
    (tmp_path / "subscribers" / "ada.yaml").write_text(shown.output)
    assert load_subscribers(tmp_path / "subscribers").good[0].subscriber == before
