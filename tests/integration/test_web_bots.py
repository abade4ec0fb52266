"""Programs that others wrote for Hugging Face's API, and its own client, with only the base address changed.

The client is the real one. The bots' ways of reading are retold from their public sources, which each test names; what
counts is which keys they take for granted, in which forms.
"""

from __future__ import annotations

import datetime as dt
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub.errors import HfHubHTTPError

from tests.integration.test_web_papers import PAPERS
from tests.support.entries import NOW
from tests.support.served import served
from tests.support.web import web


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server."""
    with web(tmp_path_factory.mktemp("bots"), *PAPERS) as (_, app), served(app) as address:
        yield address


def got(address: str, **query: object) -> Any:
    """What a bot's HTTP library gives it; a status of 400 and more raises, as theirs does."""
    asked = f"{address}?{urllib.parse.urlencode(query)}" if query else address
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


def test_the_official_client_lists_days_weeks_and_months(base: str) -> None:
    """HfApi.list_daily_papers: every field that we have arrives in its own type."""
    api = huggingface_hub.HfApi(endpoint=base, token=False)
    first = next(iter(api.list_daily_papers(date=NOW.date().isoformat(), sort="trending", p=0, limit=5)))
    assert (first.id, first.title, first.upvotes, first.comments) == (
        "2605.00001",
        "Sparse attention for long texts",
        181,
        0,
    )
    assert first.published_at == first.submitted_at == NOW
    assert [author.name for author in first.authors or []] == ["Zoë Müller", "Bo Li"]
    assert first.submitted_by is not None
    assert (first.submitted_by.username, first.submitted_by.fullname) == ("paper-digest", "Test papers")
    assert (first.summary or "").startswith("We keep the largest keys")
    assert [paper.id for paper in api.list_daily_papers(week="2026-W21")][-1] == "2605.00002"
    assert {paper.id for paper in api.list_daily_papers(month="2026-04", sort="publishedAt")} == {"2605.00004"}


def test_the_official_client_searches(base: str) -> None:
    """HfApi.list_papers."""
    api = huggingface_hub.HfApi(endpoint=base, token=False)
    found = list(api.list_papers(query="sparse attention", limit=2))
    assert [paper.id for paper in found] == ["2605.00001", "2605.00003"]


def test_the_official_client_reads_one_paper(base: str) -> None:
    """HfApi.paper_info, with the short summary; what is not there is its own error, in our words."""
    api = huggingface_hub.HfApi(endpoint=base, token=False)
    paper = api.paper_info("2605.00001")
    assert (paper.title, paper.upvotes, paper.submitted_at) == ("Sparse attention for long texts", 181, NOW)
    assert paper.ai_summary
    with pytest.raises(HfHubHTTPError, match="Paper not found") as raised:
        api.paper_info("2605.99999")
    assert raised.value.response.status_code == 404


def test_the_official_client_tells_what_is_wrong(base: str) -> None:
    """A day that has not come is a bad request there too, and our sentence reaches the user."""
    api = huggingface_hub.HfApi(endpoint=base, token=False)
    with pytest.raises(HfHubHTTPError, match="it has not come yet"):
        list(api.list_daily_papers(date="2026-05-21"))


def test_a_bot_that_writes_a_digest_file(base: str) -> None:
    """InMatrix/ai-papers-reader, src/fetch_papers.py: subscripts only, no defaults."""
    lines = [
        f"Title: {paper['title']}\nPDF: https://arxiv.org/pdf/{paper['paper']['id']}\n"
        f"Summary: {paper['paper']['summary'].replace(chr(10), '')}"
        for paper in got(f"{base}/api/daily_papers")
    ]
    assert lines[0].startswith(
        "Title: Sparse attention for long texts\nPDF: https://arxiv.org/pdf/2605.00001\nSummary: We"
    )


def test_a_bot_that_posts_to_a_channel(base: str) -> None:
    """blueangel1313/DeforumDailyPapers, bot.py: with a key, and with parameters that nobody knows; the first of one."""
    asked = urllib.request.Request(f"{base}/api/daily_papers?limit=1&full=True&config=True")
    asked.add_header("Authorization", "Bearer hf_notours")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        (latest,) = json.load(answer)
    assert (latest["paper"]["id"], latest["paper"]["title"]) == ("2605.00001", "Sparse attention for long texts")
    assert latest.get("mediaUrl", None) is None


def test_a_bot_that_reads_every_field(base: str) -> None:
    """paperflow's Hugging Face reader: ``or`` around every key, so that null, 0 and absent are alike; zeros cut off."""
    records = []
    for item in got(f"{base}/api/daily_papers", date=NOW.date()):
        paper = item.get("paper") if isinstance(item.get("paper"), dict) else item
        organization = paper.get("organization") or item.get("organization") or {}
        records.append(
            {
                "id": str(paper.get("id") or item.get("id") or "").strip(),
                "authors": [str(author.get("name") or "").strip() for author in list(paper.get("authors") or [])],
                "published": str(paper.get("publishedAt") or "").replace(".000Z", "Z"),
                "listed": str(paper.get("submittedOnDailyAt") or "").replace(".000Z", "Z"),
                "upvotes": int(paper.get("upvotes") or 0),
                "stars": int(paper["githubStars"]) if paper.get("githubStars") is not None else None,
                "comments": int(item.get("numComments") or 0),
                "organization": str(organization.get("fullname") or ""),
                "keywords": [str(keyword) for keyword in (paper.get("ai_keywords") or [])],
            }
        )
    assert records[0] == {
        "id": "2605.00001",
        "authors": ["Zoë Müller", "Bo Li"],
        "published": "2026-05-20T06:00:00Z",
        "listed": "2026-05-20T06:00:00Z",
        "upvotes": 181,
        "stars": None,
        "comments": 0,
        "organization": "",
        "keywords": [],
    }


def test_a_bot_that_gathers_a_week_day_by_day(base: str) -> None:
    """A reader's collector of seven days: merged by id, too old ones dropped by ``publishedAt``, best votes first."""
    merged: dict[str, dict[str, Any]] = {}
    for back in range(7):
        for item in got(f"{base}/api/daily_papers", date=(NOW - dt.timedelta(days=back)).date()):
            paper = item.get("paper", {}) or {}
            published = dt.datetime.strptime(item["publishedAt"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=dt.UTC)
            if paper.get("id") and NOW - published <= dt.timedelta(days=7):
                merged.setdefault(paper["id"], {"votes": paper.get("upvotes", 0) or 0, "title": item["title"]})
    best = sorted(merged.values(), key=lambda one: -one["votes"])
    assert (len(best), best[0]["title"]) == (3, "Sparse attention for long texts")


def test_a_bot_east_of_us_goes_back_a_day(base: str) -> None:
    """A bot of Beijing asks for a day that UTC has not reached, is refused (400), and takes the day before."""
    tomorrow = NOW.date() + dt.timedelta(days=1)
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        got(f"{base}/api/daily_papers", date=tomorrow, limit=50)
    refused.value.close()
    papers = got(f"{base}/api/daily_papers", date=tomorrow - dt.timedelta(days=1), limit=50)
    assert papers[0]["paper"]["id"] == "2605.00001"


def test_an_agent_that_searches(base: str) -> None:
    """A tool of an agent (HuggingFacePaper, ``parse_paper``): four subscripts of ``paper`` in the search's answer."""
    found = [
        (one["paper"]["title"], one["paper"]["summary"], one["paper"]["id"], one["paper"]["upvotes"])
        for one in got(f"{base}/api/papers/search", q="protein folding")[:1]
    ]
    assert found == [
        (
            "Protein folding by diffusion",
            "A diffusion model folds proteins. Structure follows from sequence.",
            "2605.00002",
            0,
        )
    ]
