"""Large files: parsed in pieces, by other processes, and stored as if one had read them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.app import App
from digest.errors import SourceError
from digest.pipeline.files import ingest_file
from digest.sources import formats, jsonl
from digest.sources.formats import parse_piece, pieces_of
from tests.support.apps import Hands, make_app
from tests.support.entries import NOW

FIRST, AGAIN = 3, 300


def line(number: int) -> str:
    """A paper that shares neither words nor authors with the others."""
    word = "".join(chr(97 + int(digit)) for digit in f"{number:04}")
    paper = {
        "id": f"2601.{number:05}",
        "title": f"The {word}ite theorem of {word}oid {word}ales",
        "authors": [f"A. {word}"],
    }
    return json.dumps(paper | {"abstract": f"We prove {word}ane. " * 20, "announced": "2026-01-05"})


FILE = "\n".join([*(line(n) for n in range(1, AGAIN)), "no paper", "", line(FIRST), line(AGAIN)]).encode()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path, Hands(NOW), readers={})
    yield app
    app.close()


def test_pieces_together_say_what_the_whole_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the pieces, the same papers and the same line numbers come out; UTF-16 is not cut."""
    monkeypatch.setattr(formats, "PIECE", 10_000)
    pieces = list(pieces_of("jsonl", FILE))
    assert len(pieces) > 10
    assert b"".join(piece.data for piece in pieces) == FILE
    batches = [parse_piece("jsonl", piece, now=NOW) for piece in pieces]
    whole = jsonl.parse(FILE, now=NOW)
    assert {entry.key: entry for batch in batches for entry in batch.entries} == {e.key: e for e in whole.entries}
    assert next(r for batch in batches for r in batch.rejected) == whole.rejected[0]
    assert len(list(pieces_of("jsonl", FILE.decode().encode("utf-16")))) == 1
    assert len(list(pieces_of("arxiv-rss", FILE))) == 1


@pytest.mark.parametrize("processes", [1, 2])
def test_a_large_file_is_read_whole(app: App, processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every paper is stored once, what is not one is rejected with its line, and a second reading changes nothing."""
    monkeypatch.setattr(formats, "PIECE", 30_000)
    stored: list[int] = []
    report = ingest_file(app.rooms, "jsonl", (FILE,), progress=stored.append, processes=processes)
    assert (report.read, report.announced, report.counts.new) == (AGAIN, AGAIN + 2, AGAIN)
    assert [rejection.id for rejection in report.rejected] == [f"line {AGAIN}", f"2601.{FIRST:05}"]
    assert app.rooms.papers.count() == stored[-1] == AGAIN
    if processes == 1:
        again = ingest_file(app.rooms, "jsonl", (FILE,), processes=1)
        assert (again.counts.new, again.counts.updated) == (0, 0)


def test_an_error_in_another_process_is_told_here(app: App) -> None:
    """What a worker's parser refuses arrives as the parser's own error; earlier responses stay stored."""
    responses = (b"<rss><channel></channel></rss>", b"<html>not a feed</html>")
    with pytest.raises(SourceError, match="web page"):
        ingest_file(app.rooms, "arxiv-rss", responses, processes=2)


def test_a_paper_and_its_later_telling_in_another_piece_are_one(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second telling in a later piece fills gaps of the first, as within one."""
    monkeypatch.setattr(formats, "PIECE", 10)
    first = {"id": "2601.00001", "title": "On deep lattices and their duals", "authors": ["Ada Lovelace"]}
    data = "\n".join(json.dumps(one) for one in (first, first | {"abstract": "We prove it."}))
    report = ingest_file(app.rooms, "jsonl", (data.encode(),))
    assert (report.read, len(report.rejected), report.counts.new) == (1, 1, 1)
    (paper,) = app.rooms.papers.get([1]).values()
    assert paper.abstract == "We prove it."
    assert paper.first_seen_at == NOW.astimezone(dt.UTC)
