"""A recorded day: arXiv's raw feeds and Hugging Face's list over loopback, five readers, mails in real inboxes.

The recordings are not part of the project; without them ($DIGEST_DATA, else ../shared/data) these tests are skipped.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import re
from pathlib import Path

import pytest

from digest.sources.contract.server import Reply, Seen
from tests.support.world import ROOT, World, html_of, text_of

DATA = Path(os.environ.get("DIGEST_DATA", ROOT.parent / "shared" / "data"))
FEEDS = DATA / "wire_formats" / "arxiv_rss" / "luvata_arxive"
LIST = DATA / "hf_daily_papers" / "raw_samples" / "2026-03-18.json"
CATEGORIES = ("cs.AI", "cs.CL", "cs.CV", "cs.LG")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (FEEDS.is_dir() and LIST.is_file()), reason="the recordings are not here"),
]

READERS: dict[str, list[dict[str, object]] | None] = {
    "ada": [
        {"name": "Sparse attention", "phrases": ["sparse attention", "KV cache"], "categories": ["cs.LG", "cs.CL"]},
        {"name": "Agents", "phrases": ["agents", "tool use"], "categories": ["cs.AI"]},
    ],
    "bob": [{"name": "Vision", "categories": ["cs.CV"]}],
    "cleo": [{"name": "Diffusion", "phrases": ["diffusion models", "flow matching"], "categories": ["cs.CV", "cs.LG"]}],
    "dan": [{"name": "Theory", "phrases": ["generalization bound", "convergence rate"], "categories": ["cs.LG"]}],
    "eve": None,
}


def recorded(category: str) -> bytes:
    return gzip.decompress((FEEDS / f"2026-08-20-{category.lower().replace('.', '-')}.xml.gz").read_bytes())


def serve(world: World) -> int:
    """The providers as on that day; returns how many items arXiv's feeds hold."""
    bodies = {category: recorded(category) for category in CATEGORIES}
    for category, body in bodies.items():
        world.web.serve(f"/rss/{category}", Reply(body=body))
    today = dt.datetime.now(dt.UTC).date().isoformat()

    def day(seen: Seen) -> Reply:
        return Reply(body=LIST.read_bytes() if seen.query.get("date") == today else b"[]")

    world.list_on_hugging_face(answer=day)
    return sum(body.count(b"<item>") for body in bodies.values())


def test_five_readers_get_their_mails(tmp_path: Path) -> None:
    """Every item is read or rejected; five mails, each its own; read again in full, nothing is new; nobody is due."""
    with World(tmp_path) as world:
        items, listed = serve(world), len(json.loads(LIST.read_bytes()))
        for name, lanes in READERS.items():
            world.reader(name, lanes=lanes, papers=10)
        assert items > 1_000

        first = world.digest("ingest", "--json")
        assert first.code == 0, first
        for source, announced in (("arxiv", items), ("huggingface", listed)):
            report = _report(first.json(), source)
            assert report["error"] is None
            assert report["announced"] == announced
            assert (report["read"], report["rejected"]) == (announced, 0)

        ran = world.digest("run")
        assert ran.code == 0, ran
        assert "5 accepted." in ran.out
        assert sorted(message.recipient.partition("@")[0] for message in world.smtp.ledger()) == sorted(READERS)
        picked = {}
        for raw, mail in zip(world.smtp.messages, world.mails(), strict=True):
            name = mail["To"].addresses[0].username
            papers = re.findall(
                r"^https://arxiv\.org/abs/(\S+)$", text_of(mail).partition("── Just missed")[0], re.MULTILINE
            )
            picked[name] = set(papers)
            assert len(papers) == len(picked[name]), "no paper twice"
            assert 2 <= len(papers) <= 10, text_of(mail)
            assert len(raw) < 102_400, "Gmail clips longer ones"
            assert not mail.defects
            assert not re.search(r"\\[a-z]+\{|\$[^$ ]+\$", text_of(mail)), "TeX is readable"
            assert re.search(rf"✓ arXiv ({items}/{items}|\d+)", text_of(mail))
            assert "<script" not in html_of(mail)
        assert picked["ada"] != picked["bob"] != picked["eve"]

        second = world.digest("ingest", "--json")
        assert second.code == 0, second
        for source in ("arxiv", "huggingface"):
            report = _report(second.json(), source)
            assert (report["new"], report["updated"], report["error"]) == (0, 0, None), second

        again = world.digest("run")
        assert again.code == 0, again
        assert "Nothing due. Next: " in again.out
        assert len(world.smtp.ledger()) == len(READERS)


def _report(reports: object, source: str) -> dict[str, object]:
    assert isinstance(reports, list)
    (report,) = (one for one in reports if one["source"] == source)
    assert isinstance(report, dict)
    return report
