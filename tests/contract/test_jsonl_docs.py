"""docs/sources.md says what a line of JSON may hold, and each key that it names is read."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import pytest

from digest.sources import jsonl

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"
SECTION = PAGE.read_text(encoding="utf-8").split("## JSON Lines\n")[1].split("\n## ")[0]
ROWS = re.findall(r"(?m)^\| (`.*?) \| ", SECTION)
KEYS = [key for row in ROWS for key in re.findall(r"`(\w+)`", row)]
NOW = dt.datetime(2026, 5, 19, tzinfo=dt.UTC)

LEAST: dict[str, object] = {"title": "A title", "id": "lab-1", "url": "https://lab.example/1"}
SAMPLES: dict[str, object] = {
    "arxiv_id": "2305.10430",
    "doi": "10.5555/12345678",
    "authors": ["Ada Lovelace"],
    "categories": ["cs.CV"],
    "primary": "cs.CV",
    "primary_category": "cs.CV",
    "version": 2,
    "announce_type": "replace",
    "types": ["cross"],
    "code_url": "https://github.com/lab/code",
    "githubRepo": "https://github.com/lab/code",
    "withdrawn": True,
    "comment": "12 pages",
    "abstract": "We grow corals.",
    "summary": "We grow corals.",
    "journal_ref": "Reefs 1",
    "upvotes": 3,
    "numComments": 3,
    "githubStars": 3,
}
"""Where the key is none of a day."""
COMPANIONS: dict[str, dict[str, object]] = {
    "githubStars": {"code_url": "https://github.com/lab/code"},
    "snapshot_at": {"upvotes": 3},
    "observed_at": {"upvotes": 3},
}


def test_the_example_is_read() -> None:
    """The page's line becomes a paper with everything in it."""
    (example,) = re.findall(r"```json\n(.*?)```", SECTION, re.DOTALL)
    (entry,) = jsonl.parse(example.encode(), now=NOW).entries
    assert (entry.key, entry.authors, entry.categories) == ("2305.10430", ("Ada Lovelace", "Bo Ek"), ("cs.CV",))
    assert entry.published_at == dt.datetime(2023, 5, 17, tzinfo=dt.UTC)


@pytest.mark.parametrize("key", [key for key in KEYS if key not in LEAST])
def test_every_key_of_the_page_changes_what_is_read(key: str) -> None:
    """A line with the key gives another entry than the same line without it."""
    with_others = LEAST | COMPANIONS.get(key, {})
    plain, told = (
        jsonl.parse(json.dumps(line).encode(), now=NOW).entries
        for line in (with_others, with_others | {key: SAMPLES.get(key, "2026-05-18")})
    )
    assert len(told) == 1
    assert told != plain
