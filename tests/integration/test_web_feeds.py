"""Feeds: well-formed Atom and JSON Feed of trending, fields and searches, and of a reader's own editions."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import etree
from starlette.testclient import TestClient

from digest.app import App
from digest.errors import NotFound
from digest.model import EditionKey, Evidence
from digest.store.schema import deliveries, feed_addresses
from tests.integration.test_web_papers import PAPERS
from tests.support.entries import NOW, arxiv_entry
from tests.support.web import dump, web

ATOM = {"a": "http://www.w3.org/2005/Atom"}
HOSTILE = arxiv_entry(
    "2605.00666",
    "</title><script>alert(1)</script> & ]]> \x00\x0b\ufffe\u202e evil",
    abstract="<img src=x onerror=alert(1)> ]]> \x1b[31m are the words of this abstract, which is long enough.",
    authors=["<b>Eve</b>", "\x07"],
    categories=("cs.LG", '"><x>'),
)
READER = """\
email: ada.private@uni.example
name: Ada Underwood
timezone: Europe/Berlin
send: 09:00
frequency: daily
lanes: [{name: Attention, phrases: [sparse attention]}]
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with web(tmp_path_factory.mktemp("feeds"), *PAPERS, HOSTILE, site="public_url: https://uni.example/papers") as pair:
        yield pair[0]


def parsed(client: TestClient, address: str) -> Any:
    """What feedparser, which is strict about being well-formed when asked, makes of a feed."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    found = feedparser.parse(answer.content, response_headers={"content-type": answer.headers["content-type"]})
    assert not found.bozo, found.bozo_exception
    return found


def test_trending_comes_back_from_a_feed_reader(client: TestClient) -> None:
    """Order, titles, links, dates, authors and categories, as they went in."""
    feed = parsed(client, "/feed.atom?period=week")
    assert feed.version == "atom10"
    assert feed.feed.title == "Test papers: Trending papers · This week"
    assert feed.feed.link == "https://uni.example/papers/?period=week"
    first = feed.entries[0]
    assert first.title == "Sparse attention for long texts"
    assert re.fullmatch("https://uni.example/papers/paper/[0-9]+", first.link)
    assert [author.name for author in first.authors] == ["Zoë Müller", "Bo Li"]
    assert [tag.term for tag in first.tags] == ["cs.LG"]
    assert first.updated == "2026-05-20T06:00:00Z"
    assert "million tokens" in first.content[0].value
    assert "Protein folding by diffusion" in [entry.title for entry in feed.entries]


def test_a_field_and_a_search(client: TestClient) -> None:
    """A field has its own; a search has what has every word, the newest first, whatever the front page thinks."""
    assert [e.title for e in parsed(client, "/feed.atom?field=q-bio&period=week").entries] == [
        "Protein folding by diffusion"
    ]
    titles = [entry.title for entry in parsed(client, "/search.atom?q=attention").entries]
    assert sorted(titles) == ["A survey of attention", "Sparse attention for long texts"]
    assert [e.title for e in parsed(client, "/search.atom?q=attention+-survey").entries] == [
        "Sparse attention for long texts"
    ]
    assert parsed(client, '/search.atom?q="attention for"').entries[0].title == "Sparse attention for long texts"
    assert parsed(client, "/search.atom?q=attention+wine").entries == []
    assert parsed(client, "/search.atom?author=Lovelace&field=q-bio").feed.title == "Test papers: q-bio · Lovelace"
    newest = parsed(client, "/search.atom?field=cs").entries
    assert newest[-1].title == "Old wine"


def test_atom_is_as_rfc_4287_wants_it(client: TestClient) -> None:
    """What every feed and entry must have, once; ids are tag URIs, no two alike, and the same in every feed."""
    root = etree.fromstring(client.get("/feed.atom?period=month").content)
    assert root.tag == f"{{{ATOM['a']}}}feed"
    for owner in (root, *root.findall("a:entry", ATOM)):
        for name in ("id", "title", "updated"):
            assert len(owner.findall(f"a:{name}", ATOM)) == 1
        at = owner.findtext("a:updated", namespaces=ATOM)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", at or "")
    (own,) = (link for link in root.findall("a:link", ATOM) if link.get("rel") == "self")
    assert own.get("href") == "https://uni.example/papers/feed.atom?period=month"
    assert root.findtext("a:author/a:name", namespaces=ATOM) == "Test papers"
    ids = [entry.findtext("a:id", namespaces=ATOM) or "" for entry in root.findall("a:entry", ATOM)]
    assert len(set(ids)) == len(ids) == 5
    assert all(re.fullmatch("tag:uni.example,2026:papers/paper-[0-9]+", name) for name in ids)
    assert set(re.findall("<id>(tag:[^<]*paper-[0-9]+)", client.get("/search.atom?q=attention").text)) <= set(ids)
    updated = [entry.findtext("a:updated", namespaces=ATOM) or "" for entry in root.findall("a:entry", ATOM)]
    assert root.findtext("a:updated", namespaces=ATOM) == max(updated)


def test_json_feed_says_the_same(client: TestClient) -> None:
    """Version 1.1 of jsonfeed.org: what must be there, as strings; the ids of Atom."""
    answer = client.get("/feed.json?period=month")
    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    feed = answer.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == "https://uni.example/papers/feed.json?period=month"
    assert feed["home_page_url"] == "https://uni.example/papers/?period=month"
    atom = parsed(client, "/feed.atom?period=month").entries
    assert [item["id"] for item in feed["items"]] == [entry.id for entry in atom]
    assert [item["title"] for item in feed["items"]] == [entry.title for entry in atom]
    for item in feed["items"]:
        assert isinstance(item["content_html"], str)
        assert item["url"].startswith("https://uni.example/papers/paper/")
        assert item["date_published"].endswith("Z")
        assert all(author["name"] for author in item["authors"])


def test_hostile_papers_are_text(client: TestClient) -> None:
    """Markup in titles and abstracts arrives as text, twice escaped where it is HTML; control characters do not."""
    entry = next(e for e in parsed(client, "/feed.atom").entries if "evil" in e.title)
    assert entry.title.startswith("&lt;/title&gt;&lt;script&gt;alert(1)") or entry.title.startswith("</title><script>")
    raw = client.get("/feed.atom").content
    root = etree.fromstring(raw)
    (found,) = (e for e in root.findall("a:entry", ATOM) if "evil" in (e.findtext("a:title", namespaces=ATOM) or ""))
    assert found.findtext("a:title", namespaces=ATOM) == "</title><script>alert(1)</script> & ]]> evil"
    html = found.findtext("a:content", namespaces=ATOM) or ""
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert [a.text for a in found.findall("a:author/a:name", ATOM)] == ["<b>Eve</b>"]
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", raw)
    (item,) = (i for i in client.get("/feed.json").json()["items"] if "evil" in i["title"])
    assert "<img" not in item["content_html"]


@pytest.mark.parametrize(
    "address", ["/feed.atom", "/feed.json?period=week", "/search.atom?q=attention", "/search.json?q=wine"]
)
def test_who_has_it_is_told_so(client: TestClient, address: str) -> None:
    """By its tag, or by when something was read last; a tag decides where both are sent."""
    first = client.get(address)
    tag, at = first.headers["etag"], first.headers["last-modified"]
    assert first.headers["cache-control"] == "public, max-age=60"
    assert first.headers["access-control-allow-origin"] == "*"
    before = (parsedate_to_datetime(at) - dt.timedelta(seconds=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    for headers, status in (
        ({"if-none-match": tag}, 304),
        ({"if-none-match": f"W/{tag}"}, 304),
        ({"if-modified-since": at}, 304),
        ({"if-modified-since": before}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-modified-since": at, "if-none-match": '"other"'}, 200),
    ):
        assert client.get(address, headers=headers).status_code == status, headers
        assert (
            client.get(f"{address}{'&' if '?' in address else '?'}once={status}", headers=headers).status_code == status
        )


def test_what_is_wrong_is_told(client: TestClient) -> None:
    """Periods and fields that are none, searches for nothing, other endings."""
    for address in ("/feed.atom?period=year", "/feed.atom?field=nothing", "/feed.rss", "/search.xml?q=a"):
        assert client.get(address).status_code == 404
    for address in (
        "/search.atom",
        "/search.atom?q=+",
        "/search.atom?q=a&since=yesterday",
        "/search.atom?q=a&field=zz",
    ):
        assert client.get(address).status_code == 400
    assert client.get("/search.atom?q=a&until=9999-12-31").status_code == 200
    assert client.get("/search?q=a&until=9999-12-31").status_code == 200


@pytest.mark.parametrize("text", ["'; DROP TABLE papers; --", '"a', "a\x00b", "\u202ex", "x" * 10_000, "]]></feed>"])
def test_any_text_makes_a_feed(client: TestClient, text: str) -> None:
    """Or is refused because there is no word in it; never an error of ours, never broken XML."""
    answer = client.get("/search.atom", params={"q": text})
    assert answer.status_code == 200
    etree.fromstring(answer.content)


def test_pages_name_their_feeds(client: TestClient) -> None:
    """In their heads, for feed readers, and below, for people; days of the past and empty searches have none."""
    for page, atom in (
        ("/", "/papers/feed.atom"),
        ("/field/cs.LG?period=week", "/papers/feed.atom?period=week&amp;field=cs.LG"),
        ("/search?q=sparse+attention", "/papers/search.atom?q=sparse+attention"),
    ):
        html = client.get(page).text
        assert '<link rel="alternate" type="application/atom+xml" title="' in html
        assert f'href="{atom}"' in html
        assert f'<a href="{atom}">Atom</a>' in html
        assert client.get(atom.removeprefix("/papers").replace("&amp;", "&")).status_code == 200
    for page in ("/date/2026-05-18", "/search", "/search?q=a&since=yesterday"):
        assert "atom+xml" not in client.get(page).text


# ── a reader's own ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[TestClient, App]]:
    """Ada, to whom one edition went."""
    with web(tmp_path, *PAPERS, readers={"ada": READER}, site="public_url: https://uni.example/papers") as (
        client,
        app,
    ):
        app.clock.now = NOW + dt.timedelta(hours=2)  # type: ignore[attr-defined]
        app.reread()
        app.tick()
        with app.db.write() as connection:
            connection.execute(deliveries.update().values(trial=False))
        yield client, app


def test_a_readers_editions(both: tuple[TestClient, App]) -> None:
    """What the mail had, with the reasons; public links only, and nothing that says whose it is."""
    client, app = both
    assert app.feeds.token("ada") is None
    token = app.feeds.renew("ada")
    feed = parsed(client, f"/feed/{token}.atom")
    (entry,) = feed.entries
    (delivery,) = app.outbox.listing()
    assert entry.title
    content = entry.content[0].value
    assert "Sparse attention for long texts" in content
    assert "sparse attention" in content
    assert re.search(r'href="https://uni.example/papers/paper/\d+"', content)
    whole = client.get(f"/feed/{token}.json").text
    for private in ("ada", "Underwood", "private@", "/f/", str(delivery.message_id)):
        assert private not in whole.replace(token, "")
    assert client.get(f"/feed/{token}.json").json()["items"][0]["id"] == entry.id


def test_the_address_is_secret_and_can_be_changed(both: tuple[TestClient, App]) -> None:
    """Only the newest opens the feed; half of it, or another ring's proof, opens nothing; nobody may keep it."""
    client, app = both
    first = app.feeds.renew("ada")
    assert len(first) == 42
    answer = client.get(f"/feed/{first}.atom")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "access-control-allow-origin" not in answer.headers
    tag = {"if-none-match": answer.headers["etag"]}
    assert client.get(f"/feed/{first}.atom", headers=tag).status_code == 304
    for wrong in (first[:16], first[:16] + "a" * 26, first[::-1], first.upper(), f"{first}a", "ada"):
        assert client.get(f"/feed/{wrong}.atom").status_code == 404
    second = app.feeds.renew("ada")
    assert app.feeds.token("ada") == second != first
    assert [client.get(f"/feed/{token}.atom").status_code for token in (first, second)] == [404, 200]
    app.feeds.close("ada")
    assert client.get(f"/feed/{second}.atom").status_code == 404
    with pytest.raises(NotFound):
        app.feeds.renew("nobody")


def test_it_ends_with_its_reader(both: tuple[TestClient, App]) -> None:
    """Who left or was erased has no feed, and the address is forgotten with the rest."""
    client, app = both
    token = app.feeds.renew("ada")
    app.members.pause("ada", until=NOW + dt.timedelta(days=9), evidence=Evidence())
    assert client.get(f"/feed/{token}.atom").status_code == 200
    app.members.leave("ada", Evidence())
    assert client.get(f"/feed/{token}.atom").status_code == 404
    app.members.erase("ada")
    with app.db.read() as connection:
        assert connection.execute(feed_addresses.select()).all() == []


def test_its_reader_makes_changes_and_ends_it(both: tuple[TestClient, App]) -> None:
    """On their page, by a link of any mail; looking makes none, and who left can only end it."""
    client, app = both
    place = f"/f/{app.ring.sign(EditionKey('ada', NOW.date()))}/0/preferences/editions"
    page = client.get(place)
    assert "Make an address" in page.text
    assert app.feeds.token("ada") is None

    def pressed(what: str) -> tuple[int, str]:
        answer = client.post(place, data={"do": what})
        if answer.status_code != 303:
            return answer.status_code, ""
        told = client.get(answer.headers["location"].removeprefix("/papers")).text
        return 303, next(iter(re.findall(r'value="https://uni.example/papers(/feed/[^"]*)"', told)), "")

    (_, first), (_, second) = pressed("make-feed"), pressed("make-feed")
    assert [client.get(address).status_code for address in (first, second)] == [404, 200]
    assert pressed("end-feed") == (303, "")
    assert client.get(second).status_code == 404
    assert pressed("dance")[0] == 409
    app.members.leave("ada", Evidence())
    assert "Make an address" not in client.get(place).text
    assert pressed("make-feed")[0] == 409
    assert app.feeds.token("ada") is None


def test_reading_a_feed_changes_nothing(both: tuple[TestClient, App]) -> None:
    """Feed readers ask every hour: nothing is counted, nothing written."""
    client, app = both
    token = app.feeds.renew("ada")
    before = dump(app)
    for address in (f"/feed/{token}.atom", f"/feed/{token}.json", "/feed.atom", "/search.atom?q=attention"):
        client.get(address)
        client.head(address)
    assert dump(app) == before


def test_a_quiet_feed_is_whole(tmp_path: Path) -> None:
    """Without a paper it still has an id, a title and an instant, the same all day, on a machine without a name."""
    with web(tmp_path) as (client, _):
        feed = parsed(client, "/feed.atom")
        assert (feed.entries, feed.feed.updated) == ([], "2026-05-20T00:00:00Z")
        assert feed.feed.id == "tag:127.0.0.1,2026:trending-day"
        assert "last-modified" not in client.get("/feed.atom").headers
