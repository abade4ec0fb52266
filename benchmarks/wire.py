"""Real papers in every wire form, for benchmarks/ingest.py: announced arXiv papers, written as each provider writes.

The arXiv forms, generic feeds, JSON Lines and Hugging Face's days are written from the papers' own records. Of the
providers whose responses are recorded (Crossref, OpenAlex, PubMed, Semantic Scholar) real records serve as moulds: each
keeps its weight and its odd fields, and is given another paper's names and title.
"""

from __future__ import annotations

import copy
import gzip
import io
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import yaml
import zstandard

Record = Mapping[str, Any]
Writer = Callable[[int, list[Record]], bytes]
"""(place of the first record, records) → one response."""


def announced(data: Path) -> Iterator[str]:
    """Lines of ``arxiv_announced``, newest months first."""
    for path in sorted((data / "arxiv_announced" / "papers").glob("*.jsonl.zst"), reverse=True):
        with path.open("rb") as raw:
            yield from io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(raw), "utf-8")


def pages(form: str, lines: list[str], data: Path) -> list[bytes]:
    """All papers of ``lines`` in one form, cut into responses as large as the provider's; one file of JSON Lines."""
    if form == "jsonl":
        return ["".join(lines).encode()]
    records = [json.loads(line) for line in lines]
    size, make = _WRITERS[form]
    write = make(data)
    return [write(start, records[start : start + size]) for start in range(0, len(records), size)]


# ── written from the papers' own records ────────────────────────────────────────────────────────────────────


def _authors(record: Record) -> list[str]:
    authors = record["authors"]
    return [name.strip() for name in (authors.split(",") if isinstance(authors, str) else authors)]


def _categories(record: Record) -> list[str]:
    found = record.get("categories") or [record.get("primary", "cs.LG")]
    return found.split() if isinstance(found, str) else list(found)


def _arxiv_rss(_: int, records: list[Record]) -> bytes:
    items = (
        f"""<item><title>{escape(r["title"])}</title><link>https://arxiv.org/abs/{r["id"]}</link>
<description>arXiv:{r["id"]}v1 Announce Type: new
Abstract: {escape(r["abstract"])}</description>
<guid isPermaLink="false">oai:arXiv.org:{r["id"]}v1</guid>
{"".join(f"<category>{c}</category>" for c in _categories(r))}
<pubDate>Wed, 27 May 2026 00:00:00 -0400</pubDate><arxiv:announce_type>new</arxiv:announce_type>
<dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>
<dc:creator>{escape(", ".join(_authors(r)))}</dc:creator></item>"""
        for r in records
    )
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:atom="http://www.w3.org/2005/Atom" version="2.0"><channel><title>cs updates on arXiv.org</title>
<pubDate>Wed, 27 May 2026 00:00:00 -0400</pubDate>{"".join(items)}</channel></rss>""".encode()


def _arxiv_atom(_: int, records: list[Record]) -> bytes:
    entries = (
        f"""<entry><id>http://arxiv.org/abs/{r["id"]}v1</id><title>{escape(r["title"])}</title>
<updated>2026-05-26T17:59:59Z</updated><link href="https://arxiv.org/abs/{r["id"]}v1" rel="alternate" type="text/html"/>
<link href="https://arxiv.org/pdf/{r["id"]}v1" rel="related" type="application/pdf" title="pdf"/>
<summary>{escape(r["abstract"])}</summary>
{"".join(f'<category term="{c}" scheme="http://arxiv.org/schemas/atom"/>' for c in _categories(r))}
<published>2026-05-26T17:59:59Z</published><arxiv:comment>12 pages, 5 figures</arxiv:comment>
<arxiv:primary_category term="{_categories(r)[0]}"/>
{"".join(f"<author><name>{escape(name)}</name></author>" for name in _authors(r))}</entry>"""
        for r in records
    )
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom"
 xmlns="http://www.w3.org/2005/Atom"><id>https://arxiv.org/api/x</id><title>arXiv Query</title>
<opensearch:totalResults>{len(records)}</opensearch:totalResults>{"".join(entries)}</feed>""".encode()


def _arxiv_oai(_: int, records: list[Record]) -> bytes:
    def author(name: str) -> str:
        given, _, family = name.rpartition(" ")
        return f"<author><keyname>{escape(family)}</keyname><forenames>{escape(given)}</forenames></author>"

    items = (
        f"""<record><header><identifier>oai:arXiv.org:{r["id"]}</identifier><datestamp>2026-05-27</datestamp>
<setSpec>cs:cs:LG</setSpec></header><metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>{r["id"]}</id>
<created>2026-05-26</created><authors>{"".join(author(name) for name in _authors(r))}</authors>
<title>{escape(r["title"])}</title><categories>{" ".join(_categories(r))}</categories>
<comments>12 pages, 5 figures</comments><license>http://creativecommons.org/licenses/by/4.0/</license>
<abstract>  {escape(r["abstract"])}
</abstract></arXiv></metadata></record>"""
        for r in records
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2026-05-28T01:00:00Z</responseDate>
<request verb="ListRecords">http://oaipmh.arxiv.org/oai</request><ListRecords>{"".join(items)}</ListRecords>
</OAI-PMH>""".encode()


def _feed(_: int, records: list[Record]) -> bytes:
    items = (
        f"""<item><title>{escape(r["title"])}</title><link>https://lab.example/papers/{r["id"]}</link>
<guid>https://lab.example/papers/{r["id"]}</guid><description>{escape(f"<p>{escape(r['abstract'])}</p>")}</description>
<dc:creator>{escape(_authors(r)[0])}</dc:creator><pubDate>Wed, 27 May 2026 08:00:00 GMT</pubDate></item>"""
        for r in records
    )
    return f"""<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>A laboratory</title><link>https://lab.example/</link>{"".join(items)}</channel></rss>""".encode()


def _hf_daily(_: int, records: list[Record]) -> bytes:
    listed = (
        {
            "paper": {
                "id": r["id"],
                "authors": [{"_id": f"{n:024}", "name": name, "hidden": False} for n, name in enumerate(_authors(r))],
                "publishedAt": "2026-05-26T17:59:59.000Z",
                "submittedOnDailyAt": "2026-05-27T01:04:00.000Z",
                "title": r["title"],
                "summary": r["abstract"],
                "upvotes": len(r["title"]) % 90,
                "ai_keywords": ["attention", "transformers"],
            },
            "publishedAt": "2026-05-26T17:59:59.000Z",
            "title": r["title"],
            "summary": r["abstract"],
            "numComments": 2,
        }
        for r in records
    )
    return json.dumps(list(listed)).encode()


# ── real records as moulds ──────────────────────────────────────────────────────────────────────────────────


def _filled(
    moulds: list[Any], fill: Callable[[Any, str, Record], None], start: int, records: list[Record]
) -> list[Any]:
    made = []
    for place, record in enumerate(records, start):
        item = copy.deepcopy(moulds[place % len(moulds)])
        fill(item, f"{place:07}", record)
        made.append(item)
    return made


def _recorded(tape: Path) -> Any:
    """The JSON of a cassette's first answer."""
    body = yaml.load(tape.read_text(), Loader=yaml.CSafeLoader)["interactions"][0]["response"]["body"]["string"]
    return json.loads(gzip.decompress(body) if isinstance(body, bytes) and body[:2] == b"\x1f\x8b" else body)


def _crossref(data: Path) -> Writer:
    answer = _recorded(data / "wire_formats/crossref/habanero_vcr/test_works_query.yaml")
    moulds = [item for item in answer["message"]["items"] if item.get("title")]

    def fill(item: Any, name: str, record: Record) -> None:
        doi = f"10.5555/bench.{name}"
        item |= {"DOI": doi, "URL": f"https://doi.org/{doi}", "title": [record["title"]]}
        item["abstract"] = f"<jats:p>{escape(record['abstract'])}</jats:p>"

    def write(start: int, records: list[Record]) -> bytes:
        items = _filled(moulds, fill, start, records)
        message = {"total-results": len(items), "items": items}
        return json.dumps({"status": "ok", "message-type": "work-list", "message": message}).encode()

    return write


def _openalex(data: Path) -> Writer:
    moulds = json.loads((data / "wire_formats/openalex/openalex_works.json").read_text())["results"]

    def fill(item: Any, name: str, record: Record) -> None:
        work, address = f"https://openalex.org/W9{name}", f"https://doi.org/10.5555/alex.{name}"
        item |= {"id": work, "doi": address, "ids": {"openalex": work, "doi": address}}
        item |= {"title": record["title"], "display_name": record["title"], "locations": [], "primary_location": None}

    def write(start: int, records: list[Record]) -> bytes:
        items = _filled(moulds, fill, start, records)
        return json.dumps({"meta": {"count": len(items)}, "results": items}).encode()

    return write


def _semantic_scholar(data: Path) -> Writer:
    moulds = [item for item in _recorded(data / "wire_formats/semantic_scholar/vcr/test_get_papers.yaml") if item]

    def fill(item: Any, name: str, record: Record) -> None:
        item |= {"paperId": f"{int(name):040x}", "externalIds": {"DOI": f"10.5555/s2.{name}"}, "title": record["title"]}
        item |= {"corpusId": None, "abstract": record["abstract"], "url": None}

    return lambda start, records: json.dumps(_filled(moulds, fill, start, records)).encode()


_PMID = re.compile(r"(<PMID[^>]*>)\d+")
_ARTICLE_TITLE = re.compile(r"<ArticleTitle>.*?</ArticleTitle>", re.DOTALL)


def _pubmed(data: Path) -> Writer:
    moulds = []
    for path in itertools.islice(sorted((data / "wire_formats/pubmed/efetch_xml").glob("*.xml")), 30):
        found = re.search(r"<PubmedArticle>.*?</PubmedArticle>", path.read_text(), re.DOTALL)
        if found and "<ArticleTitle>" in found[0]:
            article = re.sub(r"<ReferenceList>.*</ReferenceList>", "", found[0], flags=re.DOTALL)
            names = r"<ArticleIdList>.*?</ArticleIdList>|<ELocationID.*?</ELocationID>"
            moulds.append(re.sub(names, "", article, flags=re.DOTALL))

    def write(start: int, records: list[Record]) -> bytes:
        made = []
        for place, record in enumerate(records, start):
            text = moulds[place % len(moulds)]
            before, after = _ARTICLE_TITLE.split(_PMID.sub(rf"\g<1>{90_000_000 + place}", text, count=1), maxsplit=1)
            made.append(f"{before}<ArticleTitle>{escape(record['title'])}</ArticleTitle>{after}")
        return f'<?xml version="1.0"?><PubmedArticleSet>{"".join(made)}</PubmedArticleSet>'.encode()

    return write


_WRITERS: dict[str, tuple[int, Callable[[Path], Writer]]] = {
    "arxiv-rss": (1000, lambda _: _arxiv_rss),
    "arxiv-atom": (500, lambda _: _arxiv_atom),
    "arxiv-oai": (1000, lambda _: _arxiv_oai),
    "hf-daily": (100, lambda _: _hf_daily),
    "semantic-scholar": (100, _semantic_scholar),
    "crossref": (100, _crossref),
    "openalex": (100, _openalex),
    "pubmed": (100, _pubmed),
    "feed": (100, lambda _: _feed),
}
"""Form → papers in one response, and its writer."""

FORMS = ("jsonl", *_WRITERS)
