"""What every wire format promises, tried on each: bad items are refused with a reason and the rest comes through."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from digest.errors import SourceError
from digest.model import AnnounceType, Batch, Signal
from digest.sources.arxiv_rss import split_creators
from digest.sources.registry import FORMATS
from tests.support import wire

NOW = dt.datetime(2026, 8, 20, 8, 0, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How to write a response of one format: items from (arXiv id, title), and what goes around them.

    ``root`` and ``tag`` are XML's outermost and its items' elements.
    """

    name: str
    item: Callable[[str, str], object]
    wrap: Callable[..., bytes]
    root: str = "rss"
    tag: str = "item"
    noun: str = "a feed"
    scheme: int = 0
    """Where the arXiv id stands among an item's identifiers."""
    names: str = "arxiv:2608."

    def body(self, data: bytes) -> str:
        """A response from its outermost element on."""
        return data.decode()[data.decode().index(f"<{self.root}") :]


def _api(*entries: str) -> bytes:
    return wire.api_page(entries, total=len(entries))


def _abs(arxiv_id: str) -> str:
    return f"https://arxiv.org/abs/{arxiv_id}"


def _hf(arxiv_id: str, title: str) -> object:
    item = wire.hf_item(arxiv_id)
    paper = item["paper"]
    assert isinstance(paper, dict)
    paper["title"] = title
    return item


XML = [
    Format(name="arxiv-rss", item=lambda i, t: wire.rss_item(i, title=t), wrap=wire.rss),
    Format(name="arxiv-atom", item=lambda i, t: wire.api_entry(i, title=t), wrap=_api, root="feed", tag="entry"),
    Format(
        name="arxiv-oai",
        item=lambda i, t: wire.oai_record(i, title=t),
        wrap=wire.oai,
        root="OAI-PMH",
        tag="record",
        noun="an OAI-PMH answer",
    ),
    Format(
        name="pubmed",
        item=lambda i, t: wire.pubmed_article(f"10.48550/arXiv.{i}", title=t),
        wrap=wire.pubmed,
        root="PubmedArticleSet",
        tag="PubmedArticle",
        noun="a set of PubMed's articles",
        scheme=1,
    ),
    Format(name="feed", item=lambda i, t: wire.feed_item(int(i[-2:]), title=t, link=_abs(i)), wrap=wire.feed),
]
JSON = [
    Format(name="hf-daily", item=_hf, wrap=wire.hf_day),
    Format(name="crossref", item=lambda i, t: wire.crossref_work(f"10.48550/arXiv.{i}", title=t), wrap=wire.crossref),
    Format(name="openalex", item=lambda i, t: wire.openalex_work(f"10.48550/arXiv.{i}", title=t), wrap=wire.openalex),
    Format(name="biorxiv", item=lambda i, t: wire.biorxiv_item(f"10.48550/arXiv.{i}", title=t), wrap=wire.biorxiv),
    Format(name="semantic-scholar", item=lambda i, t: wire.s2_paper(i, title=t), wrap=wire.s2_batch),
    Format(
        name="openreview",
        item=lambda i, t: wire.openreview_note(i.replace(".", "-"), title=t),
        wrap=wire.openreview,
        names="openreview:2608-",
    ),
    Format(name="jsonl", item=lambda i, t: {"id": i, "title": t}, wrap=wire.jsonl),
]
every_format = pytest.mark.parametrize("form", XML + JSON, ids=lambda form: form.name)
every_xml = pytest.mark.parametrize("form", XML, ids=lambda form: form.name)


def read(form: Format, *titles: str) -> Batch:
    """Items 2608.00001, 2608.00002, … with these titles, written and parsed."""
    items = [form.item(f"2608.{number:05}", title) for number, title in enumerate(titles, start=1)]
    return FORMATS[form.name](form.wrap(*items), now=NOW)


@every_format
def test_every_item_is_read(form: Format) -> None:
    """Items come in order, with identifiers and titles, and the books balance."""
    batch = read(form, "One", "Two", "Three")
    assert [entry.title for entry in batch.entries] == ["One", "Two", "Three"]
    assert [str(entry.identifiers[form.scheme]) for entry in batch.entries] == [
        f"{form.names}0000{n}" for n in (1, 2, 3)
    ]
    assert (batch.announced, batch.rejected) == (3, ())


@every_format
def test_nothing_is_nothing(form: Format) -> None:
    """A response without items is an empty batch, not an error: weekends are like that."""
    assert read(form) == Batch(entries=(), announced=0)


@every_format
def test_a_title_of_ten_megabytes_is_refused(form: Format) -> None:
    """One monstrous item is refused by name; its neighbours stay."""
    batch = read(form, "One", "x" * 10_000_001, "Three")
    assert [entry.title for entry in batch.entries] == ["One", "Three"]
    assert [rejection.reason for rejection in batch.rejected] == ["title longer than 2,000 characters"]


@every_format
def test_an_empty_title_is_refused(form: Format) -> None:
    """White space and invisible characters are no title."""
    batch = read(form, "One", " \u200b\u202e ")
    assert (batch.read, [rejection.reason for rejection in batch.rejected]) == (1, ["no title"])


@every_format
def test_titles_are_plain_text_on_one_line(form: Format) -> None:
    """Scripts, line breaks and direction overrides are gone; what only looks like a tag in mathematics stays."""
    (entry,) = read(form, "A<script>alert(1)</script>\r\nBcc: x\u202e \u2066B <i>C</i>  D").entries
    assert entry.title == "A Bcc: x B C D"


@every_format
def test_the_same_item_twice_is_one(form: Format) -> None:
    """A double is joined with the first and says so, so that announced = read + rejected holds for any response."""
    item = form.item("2608.00001", "One")
    batch = FORMATS[form.name](form.wrap(item, item), now=NOW)
    assert (batch.read, batch.announced) == (1, 2)
    assert batch.rejected[0].reason == "listed twice: joined with the other"


@every_format
def test_garbage_is_refused_as_a_whole_or_line_by_line(form: Format) -> None:
    """Bytes of no format give a SourceError or rejections, never an entry and never another exception."""
    for garbage in (bytes(range(256)) * 50, b"<" * 5_000, b"[" * 100_000, b"\xff\xfe" + b"\0" * 99, b"{" * 5_000):
        try:
            batch = FORMATS[form.name](garbage, now=NOW)
        except SourceError as error:
            assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
        else:
            assert batch.read == 0
            assert batch.rejected


@every_xml
def test_what_came_before_a_break_is_kept(form: Format) -> None:
    """A response cut anywhere gives every complete item before the cut and says that it is cut."""
    items = [form.item(f"2608.{number:05}", f"T{number}") for number in (1, 2, 3)]
    whole = form.wrap(*items)
    end_tag = f"</{form.tag}>".encode()
    first_item = whole.index(f"<{form.tag}>".encode())
    for cut in range(first_item + len(form.tag) + 3, len(whole.rstrip()) - 1, 13):
        part = whole[:cut]
        batch = FORMATS[form.name](part, now=NOW)
        assert batch.read == part.count(end_tag), cut
        assert batch.announced is None
        assert batch.rejected[-1].reason.startswith("cut off")


@every_xml
def test_one_broken_item_stands_alone(form: Format) -> None:
    """Tags that do not match cost their own item; a stray ampersand costs nothing."""
    good, broken, stray = (str(form.item(f"2608.0000{n}", title)) for n, title in ((1, "One"), (2, "Two"), (3, "MARK")))
    data = form.wrap(good, broken.replace("Two", "Two<b>"), stray.replace("MARK", "AT&T&nbsp;Labs"))
    batch = FORMATS[form.name](data, now=NOW)
    assert [entry.title for entry in batch.entries] == ["One", "AT&T Labs"]
    assert [rejection.reason[:19] for rejection in batch.rejected] == ["not well-formed XML"]


BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(10))
EXTERNAL = '<!ENTITY l9 SYSTEM "file:///etc/passwd">'


@every_xml
@pytest.mark.parametrize("entities", [BOMB, EXTERNAL, '<!ENTITY % l9 SYSTEM "http://127.0.0.1:1/">%l9;'])
def test_entities_are_refused(form: Format, entities: str) -> None:
    """A billion laughs or a file from outside: whoever declares entities is not read at all."""
    body = form.body(form.wrap(form.item("2608.00001", "One"))).replace("One", "&l9;")
    with pytest.raises(SourceError, match="declares entities"):
        FORMATS[form.name](f"<!DOCTYPE x [{entities}]>{body}".encode(), now=NOW)


@every_xml
def test_a_web_page_is_not_a_feed(form: Format) -> None:
    """What a captive portal or an error page answers is called what it is."""
    with pytest.raises(SourceError, match=f"a web page, not {form.noun}"):
        FORMATS[form.name](b"<!DOCTYPE html><html><head><title>Log in</title><br></head></html>", now=NOW)


@every_xml
def test_latin_1_that_claims_to_be_utf_8_is_readable(form: Format) -> None:
    """Bytes that are not UTF-8 are read as Windows-1252 one by one; the valid ones around them stay right."""
    data = form.wrap(form.item("2608.00001", "MARK")).replace(
        b"MARK", "Möbius, ".encode() + b"caf\xe9 \x93na\xefve\x94"
    )
    assert FORMATS[form.name](data, now=NOW).entries[0].title == "Möbius, café “naïve”"


@every_xml
def test_declared_encodings_are_followed(form: Format) -> None:
    """UTF-16 with its mark and Latin-2 by declaration read as written."""
    body = form.body(form.wrap(form.item("2608.00001", "Łódź")))
    for encoding in ("utf-16", "iso-8859-2"):
        data = f"<?xml version='1.0' encoding='{encoding}'?>{body}".encode(encoding)
        assert FORMATS[form.name](data, now=NOW).entries[0].title == "Łódź"


@every_xml
def test_nul_and_control_characters_do_not_stop_the_parser(form: Format) -> None:
    """Characters that XML forbids, plain or as references, become spaces."""
    data = form.wrap(form.item("2608.00001", "MARK")).replace(b"MARK", b"a\x00b&#0;c\x07d&#x1F;e")
    assert FORMATS[form.name](data, now=NOW).entries[0].title == "a b c d e"


# ── arXiv's announcements ───────────────────────────────────────────────────────────────────────────────────


def test_arxiv_rss_fields() -> None:
    """Every field of an announcement goes where it belongs; affiliations go, TeX stays."""
    more = "<arxiv:DOI>10.1234/ABC 10.1234/def</arxiv:DOI><arxiv:journal_reference>J. X 1</arxiv:journal_reference>"
    item = wire.rss_item(
        authors=r"Micha{\l} Kowal (A, B (C)), Andr\'e Weil", kind="replace-cross", version=3, more=more
    )
    (entry,) = FORMATS["arxiv-rss"](wire.rss(item), now=NOW).entries
    assert (entry.source, entry.key) == ("arxiv", "oai:arXiv.org:2608.00001")
    assert [str(one) for one in entry.identifiers] == ["arxiv:2608.00001", "doi:10.1234/abc", "doi:10.1234/def"]
    assert entry.authors == (r"Micha{\l} Kowal", r"Andr\'e Weil")
    assert (entry.abstract, entry.categories) == ("We measure it.", ("cs.LG", "cs.CL"))
    assert (entry.version, entry.announce_type) == (3, AnnounceType.REPLACE_CROSS)
    assert entry.announced_at == dt.datetime(2026, 8, 19, 4, 0, tzinfo=dt.UTC)
    assert (entry.url, entry.journal_ref) == ("https://arxiv.org/abs/2608.00001", "J. X 1")


def test_arxiv_atom_feed_reads_like_its_rss() -> None:
    """The Atom variant of rss.arxiv.org gives the same entry."""
    data = """<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns="http://www.w3.org/2005/Atom"><entry><id>oai:arXiv.org:2608.00001v1</id>
    <title>Sparse attention at four bits</title><updated>2026-08-20T04:00:19+00:00</updated>
    <link href="https://arxiv.org/abs/2608.00001" rel="alternate"/>
    <summary>arXiv:2608.00001v1 Announce Type: new \nAbstract: We measure it.</summary>
    <category term="cs.LG"/><category term="cs.CL"/><published>2026-08-19T00:00:00-04:00</published>
    <arxiv:announce_type>new</arxiv:announce_type><dc:creator>Ada Lovelace, Charles Babbage</dc:creator>
    </entry></feed>"""
    parse = FORMATS["arxiv-rss"]
    assert parse(data.encode(), now=NOW).entries == parse(wire.rss(wire.rss_item()), now=NOW).entries


def test_old_arxiv_rdf() -> None:
    """The form used until 2024: version, category and kind in the title, HTML in the rest."""
    data = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="http://arxiv.org/">
    <dc:date>2023-07-05T20:30:00-05:00</dc:date></channel><item rdf:about="http://arxiv.org/abs/2201.12926">
    <title>In-context learning. (arXiv:2201.12926v2 [cs.LG] UPDATED)</title><link>http://arxiv.org/abs/2201.12926</link>
    <description>&lt;p&gt;It is {\\em new}\nand a &amp;lt; b.&lt;/p&gt;</description>
    <dc:creator>&lt;a href="http://arxiv.org/a"&gt;Ada L.&lt;/a&gt;, &lt;a href="#"&gt;Bo&lt;/a&gt; (MIT)</dc:creator>
    </item></rdf:RDF>"""
    (entry,) = FORMATS["arxiv-rss"](data, now=NOW).entries
    assert (entry.title, entry.abstract) == ("In-context learning", r"It is {\em new} and a < b.")
    assert (entry.authors, entry.categories, entry.version) == (("Ada L.", "Bo"), ("cs.LG",), 2)
    assert entry.announce_type is AnnounceType.REPLACE
    assert entry.announced_at == dt.datetime(2023, 7, 6, 1, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("creators", "names"),
    [
        ("A B", ["A B"]),
        ("Xin (Jason) Wang (MIT, USA), C D", ["Xin (Jason) Wang", "C D"]),
        ("A. Cunha, Jr., ((1) MIT, (2) ETH)", ["A. Cunha Jr."]),
        (r"\c{S}en, {\L}az\k{e}cka", [r"\c{S}en", r"{\L}az\k{e}cka"]),
        ("A B (MIT, C D, E F", ["A B", "C D", "E F"]),
        ("A B, and C D", ["A B", "C D"]),
        (", ,", []),
        ("A)B, C", ["A)B", "C"]),
    ],
)
def test_creators_are_split_at_commas_between_names(creators: str, names: list[str]) -> None:
    """Affiliations with commas belong to the name before them; brackets that do not match lose nobody."""
    assert split_creators(creators) == names


@pytest.mark.parametrize(
    ("abstract", "withdrawn"),
    [
        ("This paper has been withdrawn by the author due to an error.", True),
        ("[This submission was withdrawn.]", True),
        ("Withdrawn.", True),
        ("We study why papers are withdrawn. This paper has been withdrawn in spirit.", False),
        ("Troops were withdrawn by the authors of the plan.", False),
    ],
)
def test_withdrawn_papers_are_known_by_their_words(abstract: str, withdrawn: bool) -> None:
    """An abstract that begins by withdrawing itself counts; one that talks about withdrawals does not."""
    (entry,) = FORMATS["arxiv-rss"](wire.rss(wire.rss_item(abstract=abstract)), now=NOW).entries
    assert entry.withdrawn is withdrawn


# ── arXiv's API ─────────────────────────────────────────────────────────────────────────────────────────────


def test_arxiv_api_fields() -> None:
    """The API adds what the feeds lack: submission date, comment, primary category first."""
    (entry,) = FORMATS["arxiv-atom"](_api(wire.api_entry("math/0601001", version=2)), now=NOW).entries
    assert [str(one) for one in entry.identifiers] == ["arxiv:math/0601001", "doi:10.1234/past.1"]
    assert (entry.authors, entry.categories, entry.version) == (("Grace Hopper",), ("cs.LG", "cs.CL"), 2)
    assert (entry.comment, entry.journal_ref, entry.abstract) == ("12 pages", "J. Past 1 (2026)", "We went back.")
    assert entry.published_at == dt.datetime(2026, 8, 14, 17, 1, 35, tzinfo=dt.UTC)
    assert entry.announced_at is None


def test_arxiv_api_errors_are_errors() -> None:
    """An error comes dressed as an entry, also with HTTP 200, and must not be stored as a paper."""
    error = "<entry><id>https://arxiv.org/api/errors#bad</id><title>Error</title><summary>bad id</summary></entry>"
    with pytest.raises(SourceError, match="arXiv said: bad id"):
        FORMATS["arxiv-atom"](_api(error), now=NOW)


# ── Hugging Face ────────────────────────────────────────────────────────────────────────────────────────────


def test_hugging_face_fields() -> None:
    """Votes, comments and stars are readings at the time of reading; hidden authors stay hidden."""
    (entry,) = FORMATS["hf-daily"](wire.hf_day(wire.hf_item()), now=NOW).entries
    assert (entry.source, entry.key, entry.title) == ("huggingface", "2608.00001", "Sparse attention at four bits")
    assert entry.authors == ("Ada Lovelace",)
    start, *readings = entry.readings
    assert (start.signal, start.value, start.observed_at) == (Signal.HF_UPVOTES, 0, entry.announced_at), "no votes yet"
    assert {one.signal: one.value for one in readings} == {
        Signal.HF_UPVOTES: 42, Signal.HF_COMMENTS: 3, Signal.GITHUB_STARS: 7,
    }  # fmt: skip
    assert {one.observed_at for one in readings} == {NOW}
    assert entry.code_url == "https://github.com/ada/sparse"
    assert entry.announced_at == dt.datetime(2026, 8, 20, 3, 33, 17, 568000, tzinfo=dt.UTC)


@pytest.mark.parametrize("votes", [-1, True, "many", None, [], 1e300, "1e999"])
def test_counts_that_are_none_are_no_readings(votes: object) -> None:
    """A count that cannot be one is left out; the paper stays."""
    (entry,) = FORMATS["hf-daily"](wire.hf_day(wire.hf_item(upvotes=votes)), now=NOW).entries
    assert Signal.HF_UPVOTES not in {one.signal for one in entry.readings if one.observed_at == NOW}


def test_days_saved_in_odd_ways_read_the_same() -> None:
    """Strings of JSON, Python's repr, and a whole day inside one string give what the plain day gives."""
    item = wire.hf_item()
    plain = FORMATS["hf-daily"](wire.hf_day(item), now=NOW)
    for odd in (wire.hf_day(repr(item)), wire.hf_day(json.dumps(item)), json.dumps(json.dumps([item])).encode()):
        assert FORMATS["hf-daily"](odd, now=NOW) == plain


def test_hostile_hugging_face_items_are_refused_one_by_one() -> None:
    """What is no paper is refused with its place in the list; code is never run."""
    items = [1, None, {}, {"paper": {"title": "T"}}, "(" * 9_000, "__import__('os').abort()", wire.hf_item()]
    batch = FORMATS["hf-daily"](wire.hf_day(*items), now=NOW)
    assert (batch.read, len(batch.rejected), batch.announced) == (1, 6, 7)


def test_hugging_face_errors_are_errors() -> None:
    """An error object instead of a list is told in its own words."""
    with pytest.raises(SourceError, match="Hugging Face said: Invalid date"):
        FORMATS["hf-daily"](b'{"error": "Invalid date"}', now=NOW)


# ── other feeds ─────────────────────────────────────────────────────────────────────────────────────────────


def test_feed_fields() -> None:
    """HTML becomes text with its blocks apart; an ordinary link is the identifier; a feed holds old things, too."""
    (entry,) = FORMATS["feed"](wire.feed(wire.feed_item(title="A &amp; B")), now=NOW).entries
    assert (entry.title, entry.abstract) == ("A & B", "One two & three")
    assert [str(one) for one in entry.identifiers] == ["url:https://lab.example/post/1"]
    assert entry.published_at == dt.datetime(2026, 8, 19, 10, 0, tzinfo=dt.UTC)
    assert entry.announced_at is None


def test_feed_items_about_papers_are_those_papers() -> None:
    """A DOI or an arXiv link names the paper; the page that mentions it does not."""
    link = "https://www.biorxiv.org/content/10.1101/2026.08.01.000001v1?rss=1"
    (entry,) = FORMATS["feed"](wire.feed(wire.feed_item(link=link)), now=NOW).entries
    assert [str(one) for one in entry.identifiers] == ["doi:10.1101/2026.08.01.000001"]


def test_json_feed() -> None:
    """JSON Feed 1.1 is read as its XML cousins are."""
    item = {"id": "1", "url": "https://lab.example/1", "title": "T", "content_html": "<p>a</p><p>b</p>",
            "date_published": "2026-08-19T10:00:00Z", "authors": [{"name": "Ada"}]}  # fmt: skip
    data = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item, 5]}).encode()
    batch = FORMATS["feed"](data, now=NOW)
    assert (batch.entries[0].abstract, batch.entries[0].authors) == ("a b", ("Ada",))
    assert (batch.announced, len(batch.rejected)) == (2, 1)


def test_a_link_that_is_none_is_not_kept() -> None:
    """javascript: and other schemes never reach a mail."""
    batch = FORMATS["feed"](wire.feed(wire.feed_item(link="javascript:alert(1)")), now=NOW)
    assert (batch.read, len(batch.rejected)) == (0, 1)


# ── JSON Lines ──────────────────────────────────────────────────────────────────────────────────────────────


def test_json_lines_fields_in_their_spellings() -> None:
    """Names as a list, one string or objects; numbers as typed; readings at the line's own time."""
    lines = [
        b'{"id": 2305.10430, "title": "A", "authors": "Ada L.; Bo, C.", "categories": "cs.LG cs.CL"}',
        b'{"arxiv_id": "2305.10431v2", "title": "B", "authors": "Ada and Bo", "upvotes":3, "snapshot_at":"2026-01-01"}',
        b'{"doi": "10.1234/X", "title": "C", "authors": [{"name": "Ada"}], "types": ["cross", "new"], "x": {}}',
        b'{"url": "https://lab.example/p", "title": "D", "first_announced": "2026-05-01"}',
    ]
    first, second, third, fourth = FORMATS["jsonl"](b"\r\n".join(lines) + b"\n\n", now=NOW).entries
    assert (first.key, first.authors, first.categories) == ("2305.10430", ("Ada L.", "Bo, C."), ("cs.LG", "cs.CL"))
    assert (second.authors, second.version) == (("Ada", "Bo"), 2)
    assert second.readings[0].observed_at == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert (str(third.identifiers[0]), third.announce_type) == ("doi:10.1234/x", AnnounceType.NEW)
    assert fourth.announced_at == dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


def test_bad_lines_are_refused_with_their_number() -> None:
    """A line that is no paper says which line it is and why."""
    data = b'nope\n[]\n{"title": "T"}\n{"id": "?", "title": "T"}\n' + b"[" * 99_999
    reasons = {rejection.id: rejection.reason for rejection in FORMATS["jsonl"](data, now=NOW).rejected}
    assert reasons["line 1"].startswith("not JSON")
    assert reasons["line 2"] == "not an object"
    assert reasons["line 3"] == "none of id, arxiv_id, doi, url"
    assert "no web address" in reasons["? (line 4)"]
    assert reasons["line 5"] == "not usable: nested too deeply"
