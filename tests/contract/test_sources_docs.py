"""The worked example in docs/add-a-source.md does what the page says."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from digest.config import SourcesConfig
from digest.model import Entry
from digest.sources.base import FetchRequest
from digest.sources.http import PoliteClient
from digest.sources.registry import build_sources
from tests.support.http_server import HttpServer, Reply, Seen
from tests.support.ledger import START, MemoryLedger

PAGE = Path(__file__).parents[2] / "docs" / "add-a-source.md"


@pytest.fixture
def example() -> Iterator[ModuleType]:
    """The page's Python block as a module that can be imported."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    module = ModuleType("example_source")
    sys.modules[module.__name__] = module
    exec(compile(code, str(PAGE), "exec"), module.__dict__)
    yield module
    del sys.modules[module.__name__]


def preprint(number: int) -> dict[str, str]:
    return {
        "doi": f"10.1101/2026.08.01.{number:06}",
        "title": f"Cells, part {number}",
        "authors": "Franklin, R.; Crick, F.",
        "date": "2026-08-19",
        "category": "biophysics",
        "abstract": "We look.",
    }


def test_the_example_reads_all_pages(example: ModuleType) -> None:
    """The example's source follows the pages and its entries are whole."""
    preprints = [preprint(number) for number in range(130)]

    def api(seen: Seen) -> Reply:
        assert seen.path.startswith("/details/biorxiv/2026-08-13/2026-08-20/")
        start = int(seen.path.split("/")[-2])
        return Reply(body=json.dumps({"collection": preprints[start : start + 100]}).encode())

    async def fetch(url: str) -> list[Entry]:
        request = FetchRequest(now=START, look_back=dt.timedelta(days=7))
        async with PoliteClient(MemoryLedger()) as client:
            pages = [page async for page in example.BiorxivSource(url, pace_s=0).fetch(client, request)]
        return [entry for page in pages for entry in page.batch.entries]

    with HttpServer() as server:
        for start in (0, 100):
            server.answer(f"/details/biorxiv/2026-08-13/2026-08-20/{start}/json", api)
        entries = asyncio.run(fetch(server.url))
    assert len(entries) == 130
    assert str(entries[0].identifiers[0]) == "doi:10.1101/2026.08.01.000000"
    assert (entries[0].authors, entries[0].categories) == (("Franklin, R.", "Crick, F."), ("biorxiv/biophysics",))


def test_the_example_refuses_bad_items_with_a_reason(example: ModuleType) -> None:
    """Items without a DOI or a title are refused one by one."""
    data = json.dumps({"collection": [preprint(1), {"title": "no DOI"}, {**preprint(2), "title": ""}]}).encode()
    batch = example.parse(data, now=START)
    assert (batch.read, [rejection.reason for rejection in batch.rejected]) == (1, ["no id", "no title"])


def test_the_example_can_be_plugged_in(example: ModuleType) -> None:
    """module:callable makes the example a source beside the built-in ones."""
    config = SourcesConfig(arxiv=None, huggingface=None)
    assert [source.name for source in build_sources(config, plugins=[f"{example.__name__}:make"])] == ["biorxiv"]


def test_the_page_names_files_that_exist() -> None:
    """Every path in the page leads somewhere."""
    root = PAGE.parents[1]
    paths = re.findall(r"`((?:digest|tests)/[\w/.]+\.py)`", PAGE.read_text(encoding="utf-8"))
    assert paths
    assert [path for path in paths if not (root / path).exists() and not path.endswith("/biorxiv.py")] == []
