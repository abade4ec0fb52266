"""`digest papers` on a real database: found, explained, split and joined again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from digest.cli.main import cli
from digest.model import Entry
from digest.pipeline.ingest import index, store_page
from tests.support.apps import Hands, make_app, page_of
from tests.support.entries import NOW, arxiv_entry, doi_entry, hf_entry

TITLE = "On the geometry of deep lattices"
JOURNAL = doi_entry("10.1000/xyz", "Deep lattices and their geometry")
PAPERS: tuple[Entry, ...] = (
    arxiv_entry("2605.00001", TITLE),
    JOURNAL,
    arxiv_entry("2605.00001", TITLE, version=2, doi="10.1000/xyz"),
    arxiv_entry(
        "2605.00002", "A sequel to deep lattices", authors=["Jörg Müller"], doi="10.1000/xyz", abstract="More."
    ),
    hf_entry("2605.00001", TITLE, upvotes=1),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    app = make_app(tmp_path, Hands(NOW), readers={})
    for entry in PAPERS:
        store_page(app.rooms, "file", page_of(entry))
    index(app.rooms)
    app.close()
    return tmp_path


def papers(folder: Path, *args: str) -> Result:
    env = {"DIGEST_CONFIG": str(folder / "config.yaml"), "COLUMNS": "160"}
    result = CliRunner().invoke(cli, ["papers", *args], env=env)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.parametrize(
    "name", ["2605.00001", "https://arxiv.org/pdf/2605.00001v2", "1", "#2", "geometry deep lattices"]
)
def test_a_paper_is_explained_under_any_of_its_names(folder: Path, name: str) -> None:
    """Records, what joins them, what was kept apart, and where each field is from; its merged id leads to it."""
    result = papers(folder, "show", name)
    assert result.exit_code == 0, result.output
    for words in (
        TITLE,
        "feed:journal.example",
        "Merged into it: #2",
        "doi:10.1000/xyz",
        "different arXiv ids: 2605.00001, 2605.00002",
        "huggingface.upvotes",
    ):
        assert words in result.output


def test_show_json_holds_every_reason(folder: Path) -> None:
    """A script gets records, joins, refusals, provenance and history."""
    told = json.loads(papers(folder, "show", "2605.00001", "--json").output)
    assert {(record["source"], record["merged_from"]) for record in told["records"]} == {
        ("arxiv", None),
        ("huggingface", None),
        ("feed:journal.example", 2),
    }
    assert {(join["rule"], join["evidence"]) for join in told["joined_by"]} == {
        ("arXiv id", "arxiv:2605.00001"),
        ("identifier", "doi:10.1000/xyz"),
    }
    assert [one["paper"] for one in told["kept_apart"]] == [3]
    assert told["taken_from"]["title"] == "arxiv"
    assert told["signals"][0]["value"] == 1.0


def test_search_finds_by_title_and_author_in_any_case(folder: Path) -> None:
    """Each word may stand in the title or among the authors; nothing found is said, and fails."""
    assert "2605.00002" in papers(folder, "search", "SEQUEL", "Müller").output
    lines = papers(folder, "search", "lattices", "--json").output.splitlines()
    assert {json.loads(line)["paper"] for line in lines} == {1, 3}
    nothing = papers(folder, "search", "100%_nothing")
    assert (nothing.exit_code, "No paper has" in nothing.output) == (1, True)
    assert papers(folder, "search", " ", "").exit_code == 2, "no words are no question"


def test_what_claims_one_name_is_listed_to_choose_from(folder: Path) -> None:
    """A DOI that two papers give means neither until somebody says which."""
    result = CliRunner().invoke(
        cli, ["papers", "show", "10.1000/xyz"], env={"DIGEST_CONFIG": str(folder / "config.yaml")}
    )
    assert "2 papers match" in str(result.exception)


def test_a_split_is_tried_done_and_undone(folder: Path) -> None:
    """--dry-run and a missing --yes change nothing; a record goes by number or by source and key."""
    assert papers(folder, "split", "2605.00001").exit_code == 2
    assert "which records are to leave #1?" in papers(folder, "split", "2605.00001").output
    assert "has no record 'arxiv nothing'" in papers(folder, "split", "1", "arxiv nothing").output
    assert papers(folder, "split", "1", "2", "--dry-run").exit_code == 0
    assert "say --yes" in papers(folder, "split", "1", "2").output
    assert len(json.loads(papers(folder, "show", "1", "--json").output)["records"]) == 4
    done = papers(folder, "split", "1", "feed:journal.example", "10.1000/xyz", "--yes")
    assert "It stays so" in done.output
    assert len(json.loads(papers(folder, "show", "1", "--json").output)["records"]) == 3
    assert papers(folder, "split", "1", "--undo", "--yes").exit_code == 0
    assert len(json.loads(papers(folder, "show", "1", "--json").output)["records"]) == 4


def test_of_two_records_there_is_one_split(folder: Path) -> None:
    """With exactly two records nothing need be named; with one there is nothing to split."""
    assert "one record only" in papers(folder, "split", "2605.00002", "--yes").output


def test_trending_needs_votes(folder: Path) -> None:
    """Nothing that is news today has votes in a clock of another day; the command says so and does not fail."""
    result = papers(folder, "list", "--trending", "month")
    assert (result.exit_code, "votes yet" in result.output) == (0, True)
