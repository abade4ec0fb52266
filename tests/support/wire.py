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
