"""The API: its shape, its parameters, what goes wrong; caching, CORS, and the description of it all."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from digest.app import App
from tests.integration.test_web_papers import PAPERS
from tests.support.entries import NOW, arxiv_entry, doi_entry
from tests.support.web import dump, web

HF_PAPER = {"id", "authors", "publishedAt", "submittedOnDailyAt", "title", "summary", "upvotes", "submittedOnDailyBy"}
HF_LINE = {"paper", "publishedAt", "title", "summary", "thumbnail", "numComments", "submittedBy"}
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, App]]:
    old = arxiv_entry("cs/0112017", "<b>Old</b>\x00\u202e")
    more = (doi_entry("10.1101/2026.05.01.000001", "Cells that count"), old)
    with web(tmp_path_factory.mktemp("api"), *PAPERS, *more) as pair:
        yield pair


@pytest.fixture
def client(both: tuple[TestClient, App]) -> TestClient:
    return both[0]


def ids(client: TestClient, address: str) -> list[str]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return [line["paper"]["id"] for line in answer.json()]


def test_lines_have_the_shape_of_hugging_face(client: TestClient) -> None:
    """Every key that their lists always have, instants with milliseconds, and our own keys beside them."""
    line: dict[str, Any] = client.get("/api/daily_papers").json()[0]
    paper = line["paper"]
    assert line.keys() >= HF_LINE
    assert paper.keys() >= HF_PAPER
    assert paper["id"] == "2605.00001"
    assert [(author["name"], author["hidden"]) for author in paper["authors"]] == [
        ("Zoë Müller", False),
        ("Bo Li", False),
    ]
    assert all(re.fullmatch("[0-9a-f]{24}", author["_id"]) for author in paper["authors"])
    assert paper["publishedAt"] == "2026-05-20T06:00:00.000Z"
    assert (paper["upvotes"], line["numComments"]) == (181, 0)
    assert line["thumbnail"].endswith("/2605.00001.png")
    assert re.fullmatch("http://127.0.0.1:8080/paper/[0-9]+", paper["page"])
    assert paper["why"].startswith("181 votes")
    assert paper["score"] > 0
    assert "githubRepo" not in paper


def test_days_weeks_months_and_sort(client: TestClient) -> None:
    """Trending first by default, else the newest; spans as Hugging Face writes them."""
    today = NOW.date()
    assert ids(client, "/api/daily_papers")[0] == "2605.00001"
    assert ids(client, f"/api/daily_papers?date={today - 2 * DAY}") == ["2605.00002"]
    week = ids(client, "/api/daily_papers?week=2026-W21")
    assert {"2605.00001", "2605.00002", "2605.00003"} <= set(week)
    assert "2605.00004" not in week
    assert "2605.00004" in ids(client, "/api/daily_papers?month=2026-04")
    newest = client.get("/api/daily_papers?month=2026-05&sort=publishedAt").json()
    listed = [line["publishedAt"] for line in newest]
    assert listed == sorted(listed, reverse=True)
    assert ids(client, "/api/daily_papers?field=q-bio&week=2026-W21") == ["2605.00002"]
    for nothing in ("date=1900-01-01", "week=1990-W52", "submitter=somebody", "p=1000"):
        assert ids(client, f"/api/daily_papers?{nothing}") == []


def test_a_quiet_day_shows_the_week(tmp_path: Path) -> None:
    """On a Sunday without news a bot is not told that there is nothing."""
    with web(tmp_path, PAPERS[1]) as (client, _):
        assert ids(client, "/api/daily_papers") == ["2605.00002"]


def test_pages_follow_each_other(client: TestClient) -> None:
    """Link headers (RFC 8288) lead through all papers, each once."""
    seen, address = [], "/api/daily_papers?limit=2&week=2026-W21"
    while address:
        answer = client.get(address)
        seen += [line["paper"]["id"] for line in answer.json()]
        address = answer.links.get("next", {}).get("url", "").removeprefix("http://127.0.0.1:8080")
    assert seen == ids(client, "/api/daily_papers?week=2026-W21")
    assert len(seen) == len(set(seen))
    assert "p=1" in answer.links["prev"]["url"]


def test_search(client: TestClient) -> None:
    """By words, by a name, narrowed; nothing asked finds nothing."""
    assert ids(client, "/api/papers/search?q=sparse+attention")[0] == "2605.00001"
    assert ids(client, "/api/papers/search?q=arXiv:2605.00004v2")[0] == "2605.00004"
    assert ids(client, "/api/papers/search?q=10.1000/fold.2")[0] == "2605.00002"
    assert ids(client, "/api/papers/search?author=M%C3%BCller&field=cs.LG") == ["2605.00001"]
    assert len(ids(client, "/api/papers/search?q=attention&limit=1")) == 1
    assert ids(client, "/api/papers/search") == ids(client, "/api/papers/search?q=+") == []


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("2605.00001", "2605.00001"),
        ("2605.00001v1", "2605.00001"),
        ("10.1000/fold.2", "2605.00002"),
        ("10.1000%2Ffold.2", "2605.00002"),
        ("cs/0112017", "cs/0112017"),
        ("doi:10.1101/2026.05.01.000001", "doi:10.1101/2026.05.01.000001"),
    ],
)
def test_a_paper_by_any_name(client: TestClient, name: str, known: str) -> None:
    """The id that it answers with is one that it knows."""
    assert client.get(f"/api/papers/{name}").json()["id"] == known
    assert client.get(f"/api/papers/{known}").json()["id"] == known


def test_hostile_titles_are_text(client: TestClient) -> None:
    """Markup is text in JSON, which no browser takes for a page; invisible characters are gone."""
    answer = client.get("/api/papers/cs/0112017")
    assert answer.json()["title"] == "<b>Old</b>"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("date=yesterday", "date: not a day; write it as 2026-05-20"),
        ("date=2026-02-30", "date: not a day"),
        ("date=20260520", "date: not a day"),
        ("week=2026-W54", "week: not a week; write it as 2026-W21"),
        ("week=2026-21", "week: not a week"),
        ("month=2026-13", "month: not a month"),
        ("month=2026-W05", "month: not a month"),
        ("sort=votes", "sort: Input should be 'trending' or 'publishedAt'"),
        ("p=-1", "p: not a whole number"),
        ("limit=0", "limit: Input should be greater than or equal to 1"),
        ("limit=101", "limit: Input should be less than or equal to 100"),
        ("limit=1e2", "limit: not a whole number"),
        ("limit=%D9%A3", "limit: not a whole number"),
        ("field=nothing", "field: no such field"),
        ("date=2026-05-21", "date: it has not come yet"),
        ("month=2099-12", "date: it has not come yet"),
        ("date=2026-05-20&month=2026-05", "date, week and month exclude each other"),
    ],
)
def test_wrong_parameters_are_told(client: TestClient, query: str, said: str) -> None:
    """400, in one sentence that names the parameter, as JSON."""
    answer = client.get(f"/api/daily_papers?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(said)
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_not_there_is_told_as_json(client: TestClient) -> None:
    """Below /api everything is: papers, addresses, methods."""
    for address in ("/api/papers/2605.99999", "/api/papers/0", "/api/papers/%00", "/api/papers/" + "9" * 5000):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["error"]) == (404, "Paper not found")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["x-error-message"] == "Paper not found"
    assert client.get("/api/models").json()["error"] == "Not Found"
    assert client.post("/api/daily_papers").status_code == 405
    assert client.post("/api/daily_papers").json()["error"] == "Method Not Allowed"


@pytest.mark.parametrize(
    "text",
    ["' OR 1=1 --", '"open', "AND OR NEAR(", "*%", "a\x00b", "\u202eabc", "\ud83d", "x" * 10_000, "-" * 900, "{}[]"],
)
def test_any_text_may_be_searched_for(client: TestClient, text: str) -> None:
    """Full-text syntax, SQL, NUL, lone surrogates, bidirectional marks, 10 KB: a list, and no error."""
    for name in ("q", "author"):
        assert client.get("/api/papers/search", params={name: text.encode("utf-8", "surrogatepass")}).status_code == 200


def test_caching(client: TestClient) -> None:
    """An ETag and a minute; 304 for who has it, GET and HEAD alike; one answer for all languages."""
    for address in (
        "/api/daily_papers",
        "/api/papers/2605.00001",
        "/api/papers/search?q=attention",
        "/api/openapi.json",
    ):
        first = client.get(address)
        assert first.headers["cache-control"] == "public, max-age=60"
        assert first.headers["vary"] == "Accept-Encoding"
        tag = first.headers["etag"]
        for _ in range(2):
            again = client.get(address, headers={"if-none-match": tag})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["access-control-allow-origin"] == "*"
        assert client.get(address, headers={"if-none-match": '"other"'}).status_code == 200
        head = client.head(address)
        assert (head.status_code, head.headers["etag"], head.content) == (200, tag, b"")


def test_scripts_of_other_sites_may_read(client: TestClient) -> None:
    """Public data is open to every origin, without credentials; pages and forms are not."""
    asked = {"origin": "https://other.example", "access-control-request-method": "GET"}
    allowed = client.options("/api/daily_papers", headers=asked)
    assert (allowed.status_code, allowed.content) == (204, b"")
    assert allowed.headers["access-control-allow-origin"] == "*"
    assert allowed.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert "access-control-allow-credentials" not in allowed.headers
    answer = client.get("/api/daily_papers", headers={"origin": "https://other.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Link" in answer.headers["access-control-expose-headers"]
    for page in ("/", "/search?q=a"):
        assert "access-control-allow-origin" not in client.get(page).headers
        assert client.options(page).status_code == 405


def test_links_to_their_pages_lead_to_ours(client: TestClient) -> None:
    """Bots build them of an id and the base address; nothing leads away from here."""
    for asked, place in (
        ("/papers/2605.00001", "/paper/2605.00001"),
        ("/papers/10.1000/fold.2", "/paper/10.1000%2Ffold.2"),
        ("/papers/date/2026-05-20", "/date/2026-05-20"),
        ("/papers/week/2026-W21", "/"),
        ("/papers/trending", "/"),
        ("/papers", "/"),
        ("/papers//evil.example", "/paper/evil.example"),
        ("/papers/https://evil.example/", "/paper/https%3A%2F%2Fevil.example"),
    ):
        answer = client.get(asked)
        assert (answer.status_code, answer.headers["location"]) == (301, place)
    assert client.get("/paper/10.1000%2Ffold.2").status_code == 200


def test_reading_changes_nothing(both: tuple[TestClient, App]) -> None:
    """Every endpoint leaves the store as it was."""
    client, app = both
    before = dump(app)
    for address in ("/api/daily_papers?month=2026-05", "/api/papers/search?q=attention", "/api/papers/1", "/api"):
        client.get(address)
    assert dump(app) == before


def test_the_description_is_of_what_is_there(client: TestClient) -> None:
    """OpenAPI 3.1 with every address, its parameters and schemas, none of them dangling; the page shows the same."""
    described = client.get("/api/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    assert set(described["paths"]) == {"/api/daily_papers", "/api/papers/search", "/api/papers/{id}"}
    text = json.dumps(described)
    names = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert names == set(described["components"]["schemas"])
    limit = next(p for p in described["paths"]["/api/daily_papers"]["get"]["parameters"] if p["name"] == "limit")
    assert limit["schema"] == {"default": 50, "maximum": 100, "minimum": 1, "type": "integer"}
    line = described["components"]["schemas"]["DailyPaper"]
    assert set(line["properties"]) >= HF_LINE
    page = client.get("/api").text
    for path in described["paths"]:
        assert path in page
    for parameter in described["paths"]["/api/daily_papers"]["get"]["parameters"]:
        assert f"<code>{parameter['name']}</code>" in page
