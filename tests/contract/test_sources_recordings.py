"""Every recorded response, where the recordings are at hand: each item is read, and read in full."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
import os
import re
from pathlib import Path

import pytest
import yaml

from digest.errors import SourceError
from digest.sources.registry import FORMATS

DATA = Path(os.environ.get("DIGEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
NOW = dt.datetime(2026, 8, 20, 8, 0, tzinfo=dt.UTC)

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no recordings here")


def recordings(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in DATA.glob(pattern))


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def cassette(path: Path) -> list[tuple[str, bytes]]:
    """(address, body) of every response that a VCR cassette holds, in the dialects of vcrpy and Ruby's vcr."""
    tape = yaml.load(content(path), Loader=yaml.CSafeLoader)
    found = []
    for turn in tape.get("interactions") or tape["http_interactions"]:
        answer = turn["response"]
        body = answer.get("content", answer.get("body"))
        if isinstance(body, dict):
            body = base64.b64decode(body["base64_string"]) if "base64_string" in body else body["string"]
        data = body.encode() if isinstance(body, str) else body
        found.append((turn["request"]["uri"], gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data))
    return found


@pytest.mark.parametrize("path", recordings("wire_formats/arxiv_rss/**/*.xml*"), ids=lambda path: path.name)
def test_arxiv_announcements(path: Path) -> None:
    """RSS, Atom and RDF days: as many entries as items, none with a hole."""
    data = content(path)
    batch = FORMATS["arxiv-rss"](data, now=NOW)
    assert batch.read == batch.announced == len(re.findall(rb"<(?:item|entry)[ >]", data))
    for entry in batch.entries:
        assert all(
            [entry.authors, entry.abstract, entry.categories, entry.version, entry.announce_type, entry.announced_at]
        )
        assert not entry.abstract.startswith("arXiv:")
        assert not any("," in name or name.startswith("(") for name in entry.authors)


@pytest.mark.parametrize("path", recordings("wire_formats/arxiv_api/**/*.json"), ids=lambda path: path.name[:24])
def test_arxiv_api(path: Path) -> None:
    """API pages: as many entries as the page holds, or the error it reports."""
    recorded = json.loads(path.read_text())
    body = recorded["body"].encode()
    if recorded["status_code"] != 200:
        with pytest.raises(SourceError, match="arXiv said: "):
            FORMATS["arxiv-atom"](body, now=NOW)
        return
    batch = FORMATS["arxiv-atom"](body, now=NOW)
    assert batch.read == batch.announced == body.count(b"<entry>")
    assert all(entry.authors and entry.published_at and entry.version for entry in batch.entries)


@pytest.mark.parametrize("path", recordings("wire_formats/arxiv_oai/**/*.xml*"), ids=lambda path: path.name)
def test_arxiv_records(path: Path) -> None:
    """OAI-PMH in all its forms: every record of arXiv's is read in full; others, and errors, are told apart."""
    data = content(path)
    try:
        batch = FORMATS["arxiv-oai"](data, now=NOW)
    except SourceError as error:
        assert b"<record" not in data
        assert re.search("said: |which brings no papers|not an OAI-PMH answer", str(error))  # noqa: PT017
        return
    assert batch.announced == batch.read + len(batch.rejected) == len(re.findall(rb"<header\b", data))
    if b"oai:arXiv.org:" in data:
        assert batch.rejected == ()
    assert {one.reason[:8] for one in batch.rejected} <= {"deleted:", "no arXiv", "only its"}
    for entry in batch.entries:
        assert all([entry.authors, entry.abstract, entry.categories, entry.published_at])


def test_arxiv_records_in_a_cassette() -> None:
    """A day of Dublin Core: 897 records, each read in full."""
    paths = recordings("wire_formats/arxiv_oai/vcr*.yaml.gz")
    if not paths:
        pytest.skip("no such recording")
    ((_, data),) = cassette(paths[0])
    batch = FORMATS["arxiv-oai"](data, now=NOW)
    assert batch.read == batch.announced == 897
    assert all(entry.authors and entry.abstract and entry.categories for entry in batch.entries)


@pytest.mark.parametrize("path", recordings("wire_formats/crossref/**/*.y*ml"), ids=lambda path: path.name)
def test_crossref_works(path: Path) -> None:
    """Every work is read, but for what has no title or is no paper; errors and other formats are told apart."""
    for address, data in cassette(path):
        try:
            batch = FORMATS["crossref"](data, now=NOW)
        except SourceError as error:
            assert re.search("said: |which brings no papers|not JSON", str(error))  # noqa: PT017
            assert b'"message-type":"work-list"' not in data, address
            continue
        message = json.loads(data)["message"]
        assert batch.announced == len(message.get("items", [message]))
        assert {one.reason for one in batch.rejected} <= {"no title", "a journal issue, not a paper"}
        assert all(entry.announced_at and entry.published_at for entry in batch.entries)
        assert not any(re.search("jats|<|&amp;", entry.abstract) for entry in batch.entries)


@pytest.mark.parametrize("path", recordings("wire_formats/pubmed/efetch_xml/*.xml"), ids=lambda path: path.name)
def test_pubmed_articles(path: Path) -> None:
    """Every article, with its own names and not those of its references."""
    batch = FORMATS["pubmed"](path.read_bytes(), now=NOW)
    assert (batch.read, batch.announced, batch.rejected) == (1, 1, ())
    (entry,) = batch.entries
    assert str(entry.identifiers[0]) == f"pmid:{path.stem}"
    names = [one.scheme for one in entry.identifiers if one.scheme != "pmid"]
    assert len(set(names)) == len(names)
    assert all([entry.published_at, entry.announced_at, entry.journal_ref])
    assert bool(entry.abstract) == (b"<AbstractText" in path.read_bytes())


@pytest.mark.parametrize("path", recordings("wire_formats/openalex/*.json"), ids=lambda path: path.name)
def test_openalex_works(path: Path) -> None:
    """Every work, under its DOI and its OpenAlex id."""
    batch = FORMATS["openalex"](path.read_bytes(), now=NOW)
    assert batch.read == batch.announced == len(json.loads(path.read_text())["results"])
    for entry in batch.entries:
        assert [one.scheme for one in entry.identifiers] == ["doi", "openalex"]
        assert all([entry.authors, entry.published_at, entry.journal_ref, entry.readings])


@pytest.mark.parametrize(
    "path",
    recordings("wire_formats/semantic_scholar/vcr/*.yaml", "wire_formats/semantic_scholar/json/*.json"),
    ids=lambda path: path.name,
)
def test_semantic_scholar_answers(path: Path) -> None:
    """Every paper that has a title and an id; the recorded error is told."""
    tape = cassette(path) if path.suffix == ".yaml" else [("", path.read_bytes())]
    for address, data in tape:
        if b'"error"' in data[:20]:
            with pytest.raises(SourceError, match="Semantic Scholar said: No positive paper examples given"):
                FORMATS["semantic-scholar"](data, now=NOW)
            continue
        batch = FORMATS["semantic-scholar"](data, now=NOW)
        assert batch.announced == batch.read + len(batch.rejected) > 0
        reasons = {one.reason for one in batch.rejected}
        assert reasons <= {"no id: Semantic Scholar has no page for it", "no title"}, address
        assert ("no title" in reasons) == ("fields=authors" in address)


@pytest.mark.parametrize("path", recordings("hf_daily_papers/raw_samples/*.json"), ids=lambda path: path.name)
def test_hugging_face_days(path: Path) -> None:
    """Daily lists in plain and odd forms: every paper, with its votes."""
    batch = FORMATS["hf-daily"](path.read_bytes(), now=NOW)
    assert batch.read == batch.announced == len(json.loads(path.read_text()))
    assert all(entry.authors and entry.readings for entry in batch.entries)


@pytest.mark.parametrize("path", recordings("hf_daily_papers/raw_samples/*/*.xml"), ids=lambda path: path.name)
def test_other_peoples_feeds(path: Path) -> None:
    """A feed of papers gives papers, by their arXiv ids."""
    batch = FORMATS["feed"](path.read_bytes(), now=NOW)
    assert batch.read == batch.announced == path.read_bytes().count(b"<item>")
    assert all(str(entry.identifiers[0]).startswith("arxiv:") for entry in batch.entries)


@pytest.mark.parametrize(
    "path",
    recordings("hf_daily_papers/*.jsonl.zst", "arxiv_announced/papers/2026-05.jsonl.zst"),
    ids=lambda path: path.name,
)
def test_archives(path: Path) -> None:
    """Archives of other projects read line by line; what is refused is a paper that was listed on several days."""
    zstandard = pytest.importorskip("zstandard")
    with path.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as stream:
        lines = stream.read(6_000_000).splitlines()[:-1]
    batch = FORMATS["jsonl"](b"\n".join(lines), now=NOW)
    assert batch.announced == len(lines) == batch.read + len(batch.rejected)
    assert {rejection.reason for rejection in batch.rejected} <= {"listed twice: joined with the other"}
