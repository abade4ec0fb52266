"""Hand-written responses in each provider's wire format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from xml.sax.saxutils import escape

_NAMESPACES = 'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"'
_API_NAMESPACES = (
    'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" '
    'xmlns="http://www.w3.org/2005/Atom"'
)


def rss_item(
    arxiv_id: str = "2608.00001",
    *,
    title: str = "Sparse attention at four bits",
    abstract: str = "We measure it.",
    authors: str = "Ada Lovelace, Charles Babbage",
    kind: str = "new",
    version: int = 1,
    more: str = "",
) -> str:
    """One item as rss.arxiv.org writes it; ``title`` and ``abstract`` are escaped here."""
    return f"""<item>
      <title>{escape(title)}</title>
      <link>https://arxiv.org/abs/{arxiv_id}</link>
      <description>arXiv:{arxiv_id}v{version} Announce Type: {kind}
Abstract: {escape(abstract)}</description>
      <guid isPermaLink="false">oai:arXiv.org:{arxiv_id}v{version}</guid>
      <category>cs.LG</category>
      <category>cs.CL</category>
      <pubDate>Wed, 19 Aug 2026 00:00:00 -0400</pubDate>
      <arxiv:announce_type>{kind}</arxiv:announce_type>
      <dc:creator>{escape(authors)}</dc:creator>
      {more}
    </item>"""


def rss(*items: str) -> bytes:
    """A whole RSS feed of arXiv."""
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<rss {_NAMESPACES} version="2.0">
  <channel>
    <title>cs.LG updates on arXiv.org</title>
    <pubDate>Wed, 19 Aug 2026 00:00:00 -0400</pubDate>
    {"".join(items)}
  </channel>
</rss>""".encode()


def api_entry(arxiv_id: str, *, title: str = "Back-filled", version: int = 1) -> str:
    """One entry of arXiv's API."""
    return f"""<entry>
    <id>http://arxiv.org/abs/{arxiv_id}v{version}</id>
    <title>{escape(title)}</title>
    <published>2026-08-14T17:01:35Z</published>
    <summary>  We went back.  </summary>
    <author><name>Grace Hopper</name><arxiv:affiliation>Navy</arxiv:affiliation></author>
    <arxiv:comment>12 pages</arxiv:comment>
    <arxiv:journal_ref>J. Past 1 (2026)</arxiv:journal_ref>
    <arxiv:doi>10.1234/past.1</arxiv:doi>
    <category term="cs.CL"/><category term="cs.LG"/>
    <arxiv:primary_category term="cs.LG"/>
  </entry>"""


def api_page(entries: Sequence[str], *, total: int, start: int = 0) -> bytes:
    """One page of arXiv's API."""
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed {_API_NAMESPACES}>
  <id>https://arxiv.org/api/x</id>
  <opensearch:itemsPerPage>1000</opensearch:itemsPerPage>
  <opensearch:totalResults>{total}</opensearch:totalResults>
  <opensearch:startIndex>{start}</opensearch:startIndex>
  {"".join(entries)}
</feed>""".encode()


def hf_item(paper_id: str = "2608.00001", *, upvotes: object = 42) -> dict[str, object]:
    """One item of Hugging Face's daily list."""
    return {
        "paper": {
            "id": paper_id,
            "title": "Sparse attention\n  at four bits",
            "summary": "We measure it.",
            "authors": [{"name": "Ada Lovelace", "hidden": False}, {"name": "Secret", "hidden": True}],
            "publishedAt": "2026-08-18T17:01:35.000Z",
            "submittedOnDailyAt": "2026-08-20T03:33:17.568Z",
            "upvotes": upvotes,
            "githubRepo": "https://github.com/ada/sparse",
            "githubStars": 7,
        },
        "numComments": 3,
    }


def hf_day(*items: object) -> bytes:
    return json.dumps(items).encode()


def jsonl(*items: object) -> bytes:
    return "\n".join(json.dumps(item) for item in items).encode()


def feed_item(number: int = 1, *, title: str = "A post", link: str = "https://lab.example/post/1") -> str:
    return f"""<item><title>{escape(title)}</title><link>{link}</link><guid>post-{number}</guid>
    <description>{escape("<p>One</p><p>two <script>x()</script>&amp; three</p>")}</description>
    <pubDate>Wed, 19 Aug 2026 10:00:00 GMT</pubDate><category>News</category></item>"""


def feed(*items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>Lab</title>{"".join(items)}</channel></rss>'.encode()


# ── OAI-PMH ─────────────────────────────────────────────────────────────────────────────────────────────────

_OAI = 'xmlns="http://www.openarchives.org/OAI/2.0/"'


def oai_record(arxiv_id: str = "2608.00001", *, title: str = "Harvested", more: str = "") -> str:
    """One record in the form ``arXiv``; ``title`` is escaped here."""
    return f"""<record>
  <header><identifier>oai:arXiv.org:{arxiv_id}</identifier><datestamp>2026-08-19</datestamp>
    <setSpec>cs:cs:LG</setSpec></header>
  <metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/">
    <id>{arxiv_id}</id><created>2026-08-18</created>
    <authors><author><keyname>Lovelace</keyname><forenames>Ada</forenames><suffix>Jr.</suffix></author>
      <author><keyname>CMS Collaboration</keyname></author></authors>
    <title>{escape(title)}</title><categories>cs.LG cs.CL</categories><comments>12 pages</comments>
    <doi>10.1234/x.1; 10.1234/x.2</doi><abstract>  We measure
  it. </abstract>{more}
  </arXiv></metadata>
</record>"""


def oai_deleted(arxiv_id: str) -> str:
    return f'<record><header status="deleted"><identifier>oai:arXiv.org:{arxiv_id}</identifier></header></record>'


def oai_raw(arxiv_id: str, versions: str) -> str:
    """One record in the form ``arXivRaw``."""
    return f"""<record><header><identifier>oai:arXiv.org:{arxiv_id}</identifier></header>
  <metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{arxiv_id}</id>{versions}
    <title>Raw</title><authors>Ada Lovelace, Wei Li (MIT, USA) and Jo Ng</authors><categories>cs.LG</categories>
    <abstract>It is.</abstract></arXivRaw></metadata></record>"""


def oai_dublin_core(arxiv_id: str) -> str:
    """One record in the form ``oai_dc``."""
    return f"""<record><header><identifier>oai:arXiv.org:{arxiv_id}</identifier><setSpec>cs</setSpec></header>
  <metadata><dc:dc xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Core</dc:title>
    <dc:creator>Lovelace, Ada</dc:creator><dc:subject>Computer Science - Learning</dc:subject>
    <dc:subject>Mathematics - Combinatorics</dc:subject><dc:subject>05C10</dc:subject>
    <dc:description>It is.</dc:description><dc:description>Comment: 3 pages</dc:description>
    <dc:date>2026-08-19</dc:date><dc:date>2026-08-01</dc:date>
    <dc:identifier>http://arxiv.org/abs/{arxiv_id}</dc:identifier><dc:identifier>J. Core 1 (2026)</dc:identifier>
    <dc:identifier>doi:10.1234/core</dc:identifier></dc:dc></metadata></record>"""


def oai(*records: str, token: str = "", total: int | None = None) -> bytes:
    """One part of ListRecords."""
    size = f' completeListSize="{total}"' if total is not None else ""
    resumption = f"<resumptionToken{size}>{escape(token)}</resumptionToken>" if token or size else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH {_OAI}><responseDate>2026-08-20T08:00:00Z</responseDate><request>https://oaipmh.arxiv.org/oai</request>
<ListRecords>{"".join(records)}{resumption}</ListRecords></OAI-PMH>""".encode()


def oai_error(code: str, text: str = "") -> bytes:
    return f'<OAI-PMH {_OAI}><request/><error code="{code}">{text}</error></OAI-PMH>'.encode()


# ── Crossref ────────────────────────────────────────────────────────────────────────────────────────────────


def crossref_work(doi: str = "10.1234/x.1", *, title: str = "Registered", **more: object) -> dict[str, object]:
    """One work as Crossref tells it."""
    return {
        "DOI": doi,
        "type": "journal-article",
        "title": [title],
        "abstract": "<jats:title>Abstract</jats:title><jats:p>We measure H<jats:sub>2</jats:sub>O &amp; it.</jats:p>",
        "author": [{"given": "Ada", "family": "Lovelace", "sequence": "first"}, {"name": "The Team"}],
        "container-title": ["Light: Science &amp; Applications"],
        "published": {"date-parts": [[2026, 8, 18]]},
        "created": {"date-time": "2026-08-19T07:00:00Z"},
        "is-referenced-by-count": 3,
        **more,
    }


def crossref(*works: object, total: int | None = None, cursor: str = "next") -> bytes:
    """One page of works."""
    size = len(works) if total is None else total
    message = {"total-results": size, "items": works, "next-cursor": cursor}
    return json.dumps({"status": "ok", "message-type": "work-list", "message": message}).encode()


# ── PubMed ──────────────────────────────────────────────────────────────────────────────────────────────────


def pubmed_article(
    doi: str = "10.1234/p.1", *, pmid: int = 0, title: str = "Treated", abstract: str = "", more: str = ""
) -> str:
    """One article as efetch gives it; ``title`` is escaped here. The PMID is made of the DOI's digits by default."""
    pmid = pmid or int("".join(sign for sign in doi if sign.isdigit())[-7:] or 7)
    return f"""<PubmedArticle><MedlineCitation><PMID Version="1">{pmid}</PMID>
  <Article><Journal><JournalIssue><PubDate><Year>2026</Year><Month>Dec</Month></PubDate></JournalIssue>
    <Title>Journal of Trials</Title></Journal><ArticleTitle>{escape(title)}</ArticleTitle>
    <ELocationID EIdType="doi" ValidYN="Y">{doi}</ELocationID>
    <Abstract>{abstract or "<AbstractText>We <i>treat</i> it.</AbstractText>"}</Abstract>
    <AuthorList><Author ValidYN="Y"><LastName>Lovelace</LastName><ForeName>Ada</ForeName><Suffix>Jr</Suffix></Author>
      <Author ValidYN="N"><LastName>Misspelt</LastName></Author>
      <Author><CollectiveName>The Team</CollectiveName></Author></AuthorList>
    <ArticleDate><Year>2026</Year><Month>08</Month><Day>18</Day></ArticleDate></Article>{more}</MedlineCitation>
  <PubmedData><History><PubMedPubDate PubStatus="entrez"><Year>2026</Year><Month>8</Month><Day>19</Day>
      <Hour>6</Hour></PubMedPubDate></History>
    <ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId>
      <ArticleId IdType="pmc">PMC77</ArticleId></ArticleIdList>
    <ReferenceList><Reference><ArticleIdList><ArticleId IdType="doi">10.9/cited</ArticleId></ArticleIdList></Reference>
    </ReferenceList></PubmedData></PubmedArticle>"""


def pubmed(*articles: str) -> bytes:
    return f"""<?xml version="1.0" ?>
<PubmedArticleSet>{"".join(articles)}</PubmedArticleSet>""".encode()


def esearch(*ids: str, count: int | None = None) -> bytes:
    size = len(ids) if count is None else count
    return json.dumps({"esearchresult": {"count": str(size), "idlist": ids}}).encode()


# ── OpenAlex ────────────────────────────────────────────────────────────────────────────────────────────────


def openalex_work(doi: str = "10.1234/o.1", *, title: str = "Indexed", **more: object) -> dict[str, object]:
    """One work as OpenAlex tells it; its id is made of the DOI's digits."""
    number = int("".join(sign for sign in doi if sign.isdigit())[-9:])
    return {
        "id": f"https://openalex.org/W{100_000 + number}",
        "doi": f"https://doi.org/{doi}",
        "title": title,
        "type": "article",
        "publication_date": "2026-08-18",
        "created_date": "2026-08-19",
        "cited_by_count": 3,
        "authorships": [{"author": {"display_name": "Ada Lovelace"}, "raw_author_name": "LOVELACE A"}],
        "primary_location": {"source": {"display_name": "Journal of Indexes"}},
        "abstract_inverted_index": {"We": [0, 3], "index": [1], "and": [2], "it.": [4]},
        **more,
    }


def openalex(*works: object, total: int | None = None, cursor: str | None = None) -> bytes:
    """One page of works."""
    meta = {"count": len(works) if total is None else total, "next_cursor": cursor}
    return json.dumps({"meta": meta, "results": works}).encode()


# ── bioRxiv ─────────────────────────────────────────────────────────────────────────────────────────────────


def biorxiv_item(doi: str = "10.1101/2026.08.18.000001", *, title: str = "Grown", **more: object) -> dict[str, object]:
    """One version of a preprint."""
    return {
        "doi": doi,
        "title": title,
        "authors": "Lovelace, A.; Babbage, C. J.",
        "date": "2026-08-19",
        "version": "1",
        "category": "cell biology",
        "abstract": "We grow it.",
        "published": "NA",
        "server": "bioRxiv",
        **more,
    }


def biorxiv(*items: object, total: object = None) -> bytes:
    """One page of preprints."""
    message = {"status": "ok", "count": len(items), "total": len(items) if total is None else total}
    return json.dumps({"messages": [message], "collection": items}).encode()


# ── Semantic Scholar ────────────────────────────────────────────────────────────────────────────────────────


def s2_paper(arxiv_id: str = "2608.00001", *, title: str = "Cited", **more: object) -> dict[str, object]:
    """One paper with all its fields."""
    return {
        "paperId": arxiv_id.replace(".", "").rjust(40, "0"),
        "corpusId": 470667,
        "externalIds": {"ArXiv": arxiv_id, "DOI": "10.1234/s.1", "DBLP": "journals/x", "CorpusId": 470667},
        "title": title,
        "abstract": "We cite it.",
        "authors": [{"authorId": "1", "name": "Ada Lovelace"}],
        "publicationDate": "2026-08-18",
        "journal": {"name": "Journal of Citations", "volume": "1"},
        "citationCount": 12,
        "influentialCitationCount": 2,
        "tldr": {"model": "tldr@v2.0.0", "text": "It is cited."},
        **more,
    }


def s2_batch(*papers: object) -> bytes:
    return json.dumps(papers).encode()


# ── OpenReview ──────────────────────────────────────────────────────────────────────────────────────────────


def openreview_note(note_id: str = "abcDEF123", *, title: str = "Reviewed", **more: object) -> dict[str, object]:
    """One submission as API 2 tells it; ``more`` replaces fields of the note, ``content`` adds to its content."""
    content = {
        "title": {"value": title},
        "abstract": {"value": "We submit it."},
        "authors": {"value": ["Ada Lovelace", {"fullname": "Charles Babbage"}]},
        "venue": {"value": "Submitted to ICLR 2027"},
        "venueid": {"value": "ICLR.cc/2027/Conference/Submission"},
        **(extra if isinstance(extra := more.pop("content", {}), dict) else {}),
    }
    dates = {"cdate": 1_787_000_000_000, "odate": 1_787_086_400_000}
    return {"id": note_id, "forum": note_id, "domain": "ICLR.cc/2027/Conference", "content": content, **dates, **more}


def openreview(*notes: object, count: int | None = None) -> bytes:
    """One page of notes."""
    return json.dumps({"notes": notes, "count": len(notes) if count is None else count}).encode()
