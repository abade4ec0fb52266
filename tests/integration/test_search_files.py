"""The search index in files beside the database: shared, found again, mistrusted, and made anew where it must be."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from digest.app import App
from digest.pipeline.search import Searcher
from digest.ranking.questions import parse_question
from digest.ranking.search import Filters
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import NOW, arxiv_entry

FIRST = (
    arxiv_entry("2605.00001", "Sparse attention for long texts", abstract="A kernel keeps the largest keys."),
    arxiv_entry("2605.00002", "Protein folding by diffusion", abstract="Structure follows from sequence."),
)
LATER = arxiv_entry("2605.00003", "A survey of attention", abstract="How attention is made sparse, or long.")


def app_in(folder: Path) -> tuple[App, FakeSource, Hands]:
    source, clock = FakeSource("arxiv", page_of(*FIRST)), Hands(NOW)
    app = make_app(folder, clock, readers={}, sources=[source])
    app.ingest()
    clock.now += dt.timedelta(hours=1)
    return app, source, clock


def found(searcher: Searcher, words: str) -> set[str]:
    searcher.keep_up()
    hits = searcher.search(parse_question(words), Filters()).hits
    papers = searcher.index.ids()
    assert {hit.paper_id for hit in hits} <= papers
    return {str(hit.paper_id) for hit in hits}


def folder_of(app: App) -> Path:
    file = app.db.file
    assert file is not None
    return file.with_name(f"{file.name}.search")


def arrays(app: App) -> dict[Path, int]:
    """When each array was written."""
    return {path: path.stat().st_mtime_ns for path in folder_of(app).glob("*/*.npy")}


def test_who_comes_second_maps_what_the_first_has_made(tmp_path: Path) -> None:
    """And finds the same; what comes later is one segment more, and the others stay as they were written."""
    app, source, clock = app_in(tmp_path)
    first = Searcher(app.rooms)
    told = found(first, "sparse attention")
    before = arrays(app)
    second = Searcher(app.rooms)
    assert found(second, "sparse attention") == told
    assert arrays(app) == before
    clock.now += dt.timedelta(hours=1)
    source.pages = [page_of(LATER)]
    app.ingest()
    assert len(found(second, "attention survey")) == 3
    assert before.items() < arrays(app).items()
    assert found(first, "attention survey") == found(second, "attention survey")
    app.close()


@pytest.mark.parametrize("harm", ["torn list", "other list", "torn array", "changed array", "missing array"])
def test_what_is_damaged_is_made_again(tmp_path: Path, harm: str) -> None:
    """Found by its checksum before it can be searched; nothing of the old folder stays."""
    app, _, _ = app_in(tmp_path)
    told = found(Searcher(app.rooms), "sparse attention")
    listed, array = folder_of(app) / "index.json", min(arrays(app))
    if harm == "torn list":
        listed.write_bytes(listed.read_bytes()[:50])
    elif harm == "other list":
        listed.write_text("[1, 2]")
    elif harm == "torn array":
        array.write_bytes(array.read_bytes()[:-1])
    elif harm == "changed array":
        array.write_bytes(array.read_bytes()[:-1] + b"\xff")
    else:
        array.unlink()
    assert found(Searcher(app.rooms), "sparse attention") == told
    assert array not in arrays(app)
    assert len([entry for entry in folder_of(app).iterdir() if entry.is_dir()]) == 1
    app.close()


def test_files_of_another_store_are_not_taken(tmp_path: Path) -> None:
    """A database that was put in another's place has other papers under the same numbers."""
    app, _, _ = app_in(tmp_path / "a")
    found(Searcher(app.rooms), "attention")
    other = make_app(tmp_path / "b", Hands(NOW), readers={}, sources=[FakeSource("arxiv", page_of(LATER, FIRST[0]))])
    other.ingest()
    folder_of(app).rename(folder_of(other))
    searcher = Searcher(other.rooms)
    assert [searcher.search(parse_question("survey"), Filters()).hits[0].paper_id] == [
        paper.id for paper in other.rooms.papers.find_by_title("survey")
    ]
    app.close()
    other.close()


def test_where_nothing_can_be_kept_it_is_made_in_memory(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file in the folder's place: searching goes on, and the log says why it takes so long."""
    app, _, _ = app_in(tmp_path)
    folder_of(app).write_text("in the way")
    assert len(found(Searcher(app.rooms), "attention")) == 2
    assert "kept in memory alone" in caplog.text
    app.close()
