"""The pages of papers: trending by period, field and day; one paper; search."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from digest.model import Entry, Reading, Signal
from tests.support.entries import NOW, arxiv_entry, hf_entry
from tests.support.web import dump, web

DAY = dt.timedelta(days=1)
SPARSE = (
    "We keep the largest keys of every block. A kernel makes sparse attention fast on long texts of one million tokens."
)


def of_its_day(entry: Entry, day: dt.datetime) -> Entry:
    """Nobody announced it to us: it is as old as it says."""
    return replace(entry, announced_at=None, published_at=day)


PAPERS: Sequence[Entry] = (
    arxiv_entry("2605.00001", "Sparse attention for long texts", abstract=SPARSE, authors=["Zoë Müller", "Bo Li"]),
    of_its_day(
        arxiv_entry(
            "2605.00002",
            "Protein folding by diffusion",
            categories=("q-bio.BM", "cs.LG"),
            abstract="A diffusion model folds proteins. Structure follows from sequence.",
            doi="10.1000/fold.2",
        ),
        NOW - 2 * DAY,
    ),
    arxiv_entry("2605.00003", "A survey of attention", abstract="We survey how attention is made sparse, or long."),
    of_its_day(arxiv_entry("2605.00004", "Old wine", abstract="Grapes and barrels, again."), NOW - 20 * DAY),
    replace(
        hf_entry("2605.00001", "Sparse attention for long texts", upvotes=0),
        readings=(Reading(Signal.HF_UPVOTES, 10.0, NOW - DAY), Reading(Signal.HF_UPVOTES, 181.0, NOW)),
    ),
)


def titles(html: str) -> list[str]:
    found = re.findall(r"<article.*?<h2[^>]*>(.*?)</h2>", html, re.DOTALL)
    return [re.sub("<[^>]*>", "", title).strip() for title in found]


def test_trending_by_period_and_field(tmp_path: Path) -> None:
    """What has votes comes first, then the newest; a field is a category or all below it."""
    with web(tmp_path, *PAPERS) as (client, _):
        assert titles(client.get("/").text) == ["Sparse attention for long texts", "A survey of attention"]
        assert titles(client.get("/?period=week").text)[2:] == ["Protein folding by diffusion"]
        assert titles(client.get("/?period=month").text)[3:] == ["Old wine"]
        assert titles(client.get("/field/q-bio?period=week").text) == ["Protein folding by diffusion"]
        assert titles(client.get("/field/q-bio.BM?period=week").text) == ["Protein folding by diffusion"]
        assert "Biomolecules" in client.get("/field/q-bio.BM").text
        for nowhere in ("/?period=year", "/field/nothing", "/field/CS.lg", "/field/"):
            assert client.get(nowhere).status_code == 404


def test_a_day_of_the_past(tmp_path: Path) -> None:
    """Shows what was news on it, and leads to its neighbours; no day is in the future."""
    with web(tmp_path, *PAPERS) as (client, _):
        page = client.get(f"/date/{(NOW - 2 * DAY).date()}")
        assert titles(page.text) == ["Protein folding by diffusion"]
        assert f"/date/{(NOW - 3 * DAY).date()}" in page.text
        assert f"/date/{(NOW - DAY).date()}" in page.text
        assert f"/date/{(NOW + DAY).date()}" not in client.get(f"/date/{NOW.date()}").text
        for nowhere in ((NOW + DAY).date(), "1990-12-31", "2026-02-30", "today", "9" * 500):
            assert client.get(f"/date/{nowhere}").status_code == 404


def test_a_paper_by_any_of_its_names(tmp_path: Path) -> None:
    """Its number, its arXiv id in any spelling, its DOI; anything else is not found."""
    with web(tmp_path, *PAPERS) as (client, _):
        page = client.get("/paper/2605.00001").text
        assert "Zoë Müller" in page
        assert "A kernel makes sparse attention fast" in page
        assert "181 votes" in page
        assert "<polyline" in page
        assert 'href="https://arxiv.org/abs/2605.00001"' in page
        assert "A survey of attention" in page  # is like it
        for name in ("2605.00001", "arXiv:2605.00001v2", "https://arxiv.org/abs/2605.00001"):
            assert client.get(f"/paper/{name}").status_code == 200
        assert "Protein folding" in client.get("/paper/10.1000/FOLD.2").text
        for nothing in ("0", "999", "2605.99999", "x", "1" * 30, "../../etc/passwd", "%00"):
            assert client.get(f"/paper/{nothing}").status_code == 404


def test_search_by_words_and_meaning(tmp_path: Path) -> None:
    """Papers with all words first; authors count too, however their names are accented; an id comes before all."""
    with web(tmp_path, *PAPERS) as (client, _):
        found = client.get("/search?q=sparse+attention").text
        assert titles(found)[0] == "Sparse attention for long texts"
        assert "2 papers have every word" in found
        assert "<mark>attention</mark>" in found
        assert titles(client.get("/search?q=muller").text)[0] == "Sparse attention for long texts"
        assert titles(client.get("/search?q=2605.00002").text)[0] == "Protein folding by diffusion"
        assert titles(client.get('/search?q="attention+is+made+sparse"').text) == ["A survey of attention"]
        assert "A survey of attention" not in titles(client.get("/search?q=attention+-survey").text)
        assert "Nothing was found" in client.get('/search?q="folded+wine"').text


def test_imported_history_is_of_its_own_day(tmp_path: Path) -> None:
    """What was announced weeks ago and read today is shown, and found, under the day of its announcement."""
    old = replace(arxiv_entry("2604.00009", "Late wine", abstract="Grapes and barrels."), announced_at=NOW - 25 * DAY)
    with web(tmp_path, old) as (client, _):
        page = client.get("/search?q=grapes").text
        assert (NOW - 25 * DAY).strftime("%b") in page
        assert titles(client.get(f"/search?q=grapes&since={(NOW - 5 * DAY).date()}").text) == []
        assert titles(client.get(f"/search?q=grapes&until={(NOW - 20 * DAY).date()}").text) == ["Late wine"]


def test_filters_of_a_search(tmp_path: Path) -> None:
    """Hold by themselves too; a wrong one is told beside its field."""
    with web(tmp_path, *PAPERS) as (client, _):
        week_ago, day = (NOW - 7 * DAY).date(), (NOW - 2 * DAY).date()
        assert titles(client.get("/search?field=q-bio").text) == ["Protein folding by diffusion"]
        assert titles(client.get("/search?author=Zoe+M%C3%BCller").text) == ["Sparse attention for long texts"]
        assert titles(client.get(f"/search?until={week_ago}").text) == ["Old wine"]
        assert titles(client.get(f"/search?since={day}&until={day}").text) == ["Protein folding by diffusion"]
        wrong = client.get("/search?q=wine&since=yesterday&field=cs.XX")
        assert "Write a date as" in wrong.text
        assert "no such field" in wrong.text
        assert titles(wrong.text)[0] == "Old wine"


@pytest.mark.parametrize(
    "hostile",
    [
        '"', '""', '-"', "- -", "NEAR(a b)", "a AND OR NOT", "title:x", "*", "a*", "';DROP TABLE papers;--", "%_\\",
        "\x00", "\ud800", "<script>alert(1)</script>", '" onfocus="alert(1)', "a" * 5000, " ".join(["wine"] * 900),
        "{{7*7}}", "𝔸ttention", "注意",
    ],
)  # fmt: skip
def test_no_search_is_an_error_or_runs(tmp_path: Path, hostile: str) -> None:
    """Whatever is typed is a question; what it says is shown as text."""
    with web(tmp_path, *PAPERS) as (client, app):
        before = dump(app)
        typed = quote(hostile.encode("utf-8", "surrogatepass"))
        answer = client.get(f"/search?q={typed}&author={typed[:300]}")
        assert answer.status_code == 200
        assert "<script" not in answer.text
        assert 'onfocus="' not in answer.text.replace("&#34;", "'")
        assert dump(app) == before


def test_pages_of_a_long_list(tmp_path: Path) -> None:
    """Lead to each other with the question kept; nonsense is the first page, and behind the last is the last."""
    many = [arxiv_entry(f"2605.1{n:04}", f"Wine number {n}") for n in range(45)]
    with web(tmp_path, *many) as (client, _):
        seen = [titles(client.get(f"/search?q=wine&page={page}").text) for page in (1, 2, 3)]
        assert [len(page) for page in seen] == [20, 20, 5]
        assert len({title for page in seen for title in page}) == 45
        assert titles(client.get("/search?q=wine&page=99").text) == seen[2]
        assert titles(client.get("/search?q=wine&page=-1").text) == seen[0]
        assert "/search?q=wine&amp;page=3" in client.get("/search?q=wine&page=2").text
        assert len(titles(client.get("/?page=2").text)) == 20
