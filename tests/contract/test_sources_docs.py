"""The worked example in docs/add-a-source.md does what the page says, step by step."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from digest.cli.main import cli
from digest.sources.contract import HttpServer, Reply, Seen

PAGE = Path(__file__).parents[2] / "docs" / "add-a-source.md"
TEXT = PAGE.read_text(encoding="utf-8")
CONFIG = "site: {contact: ada@uni.example}\nsources: {arxiv: false, huggingface: false}\nmail: {transport: files}\n"


def block(language: str) -> str:
    """The page's one block in a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert isinstance(found, str)
    return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """An installation that reads nothing yet."""
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "subscribers" / "ada.yaml").write_text(
        "email: ada@uni.example\ntimezone: UTC\nsend: '07:00'\nlanes: [{categories: [reefs/ecology]}]\n"
    )
    (tmp_path / "config.yaml").write_text(CONFIG)
    yield tmp_path
    forget()


def forget() -> None:
    """A new process knows nothing of the module yet."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "reefs"]:
        del sys.modules[name]


@pytest.fixture
def provider() -> Iterator[HttpServer]:
    """Reefs: the page's two preprints, preceded by a full page of others."""
    answer = json.loads(block("json"))
    others = [{**answer["preprints"][0], "ref": f"RX-{number}v1", "doi": f"10.5555/{number}"} for number in range(50)]

    def reefs(seen: Seen) -> Reply:
        items = answer["preprints"] if seen.query.get("page") == "2" else others
        return Reply(body=json.dumps({**answer, "preprints": items}).encode())

    with HttpServer() as server:
        server.answer("/v1/preprints", reefs)
        yield server


def run(place: Path, *words: str) -> Result:
    forget()
    return CliRunner().invoke(cli, [*words, "-c", str(place / "config.yaml")], prog_name="digest")


def test_the_page_leads_from_nothing_to_papers_in_the_store(place: Path, provider: HttpServer) -> None:
    """new, record, the page's code, test, config, ingest: each says what the page says."""
    url = f"{provider.url}/v1/preprints"
    assert run(place, "sources", "new", "reefs", "--url", url).exit_code == 0
    recorded = run(place, "sources", "record", "reefs")
    assert (recorded.exit_code, "Reefs sent JSON without papers" in recorded.output) == (0, True)
    code = block("python")
    (place / "reefs" / "__init__.py").write_text(
        code.replace('"https://api.reefs.example/v1/preprints"', repr(url)), encoding="utf-8"
    )
    assert "2 answers kept" in run(place, "sources", "record", "reefs").output
    tested = run(place, "sources", "test", "reefs")
    assert (tested.exit_code, "0 broken, 0 not tried" in tested.output) == (0, True), tested.output
    (plugins,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    (place / "config.yaml").write_text(
        CONFIG.replace("sources: {arxiv: false, huggingface: false}", plugins + "  arxiv: false\n  huggingface: false")
    )
    read = run(place, "ingest", "--source", "reefs", "--json")
    (report,) = json.loads(read.output)
    assert {key: report[key] for key in ("source", "status", "read", "new", "error")} == {
        "source": "reefs", "status": "ok", "read": 52, "new": 52, "error": None,
    }  # fmt: skip


def test_the_pages_answer_is_read_in_full(place: Path) -> None:
    """Markup goes, the DOI is recognised, a version is no part of the key; what has no DOI has its address."""
    code = compile(block("python"), str(PAGE), "exec")
    module: dict[str, object] = {"__name__": "reefs_of_the_page"}
    exec(code, module)
    parse = module["parse"]
    assert callable(parse)
    batch = parse(block("json").encode(), now=None)
    first, second = batch.entries
    assert (first.key, first.title, first.abstract) == ("RX-2026-0017", "Corals in vitro", "We grow them.")
    assert (first.authors, first.categories, first.version) == (("Ada Lovelace", "Bo Ek"), ("reefs/ecology",), 2)
    assert str(first.identifiers[0]) == "doi:10.5555/rx.17"
    assert second.url == "https://reefs.example/RX-2026-0018"


def test_the_page_names_files_that_exist() -> None:
    """Every path in the page leads somewhere."""
    root = PAGE.parents[1]
    paths = re.findall(r"`((?:digest|tests)/[\w/.]+\.py)`", TEXT)
    assert paths
    assert [path for path in paths if not (root / path).exists()] == []


def test_the_page_counts_the_promises_rightly() -> None:
    """The number of promises that it names is the number there is."""
    from digest.sources.contract import PROMISES

    assert f"a checklist: {len(PROMISES)} promises" in TEXT
