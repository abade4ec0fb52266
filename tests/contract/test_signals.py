"""What every provider of attention promises, tried against a loopback server that behaves and misbehaves."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from digest.attention import SIGNAL_PREFIX
from digest.errors import SourceError, SourceRateLimited
from digest.model import Identifier, Scheme, Signal
from digest.settings.signals import CitationsConfig, MentionsConfig, SignalsConfig, StarsConfig, VotesConfig
from digest.signals import citations, mentions, stars
from digest.signals.base import SignalProvider, Subject
from digest.signals.citations import Citations
from digest.signals.mentions import Mentions
from digest.signals.registry import build_signals
from digest.signals.stars import Stars
from digest.signals.votes import Votes
from digest.sources.contract.memory import START
from digest.sources.contract.server import HttpServer, Reply, Seen
from tests.support import wire
from tests.support.asking import Asked, subject

LISTED = dt.datetime(2026, 8, 20, 3, 33, 17, tzinfo=dt.UTC)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        yield running


def votes_at(server: HttpServer) -> Votes:
    return Votes(VotesConfig.model_validate({"url": server.url, "pace": "0s"}))


def stars_at(server: HttpServer) -> Stars:
    return Stars(StarsConfig(url=f"{server.url}/graphql", token="s3cret", pace=0))


def citations_at(server: HttpServer) -> Citations:
    return Citations(CitationsConfig(url=server.url, key="s3cret", pace=0))


def mentions_at(server: HttpServer) -> Mentions:
    return Mentions(MentionsConfig(url=server.url, pace=0))


def github(*counts: object, errors: Sequence[object] = ()) -> bytes:
    data = {f"r{n}": None if count is None else {"stargazerCount": count} for n, count in enumerate(counts)}
    return json.dumps({"data": data, **({"errors": list(errors)} if errors else {})}).encode()


def story(url: str, points: object = 120, comments: object = 45, at: int = 1_787_000_000) -> dict[str, object]:
    return {"url": url, "points": points, "num_comments": comments, "created_at_i": at, "objectID": "1"}


def stories(*hits: object) -> bytes:
    return json.dumps({"hits": hits, "nbHits": len(hits), "page": 0}).encode()


@dataclass(frozen=True)
class Case:
    """A provider at a server, a paper that it is asked about, and an answer that knows the paper."""

    path: str
    provider: SignalProvider
    subject: Subject
    answer: bytes
    told: Signal
    value: float


def case(number: int, server: HttpServer) -> Case:
    return (
        Case(
            "/api/daily_papers",
            votes_at(server),
            subject(1, since=LISTED),
            wire.hf_day(wire.hf_item()),
            Signal.HF_UPVOTES,
            42,
        ),
        Case(
            "/graphql",
            stars_at(server),
            subject(1, code_url="https://github.com/ada/sparse"),
            github(420),
            Signal.GITHUB_STARS,
            420,
        ),
        Case(
            "/graph/v1/paper/batch",
            citations_at(server),
            subject(1),
            wire.s2_batch(wire.s2_paper()),
            Signal.S2_CITATIONS,
            12,
        ),
        Case(
            "/api/v1/search_by_date",
            mentions_at(server),
            subject(1),
            stories(story("https://arxiv.org/abs/2608.00001v2")),
            Signal.HN_POINTS,
            120,
        ),
    )[number]


every = pytest.mark.parametrize("number", range(4), ids=["votes", "stars", "citations", "mentions"])


# ── all providers ───────────────────────────────────────────────────────────────────────────────────────────


@every
def test_a_known_paper_is_answered_with_a_reading_of_now(server: HttpServer, number: int) -> None:
    """One request, one value, at the moment of the run; the watch names the signal."""
    one = case(number, server)
    server.serve(one.path, Reply(body=one.answer))
    asked = Asked().ask(one.provider, [one.subject])
    assert asked.error is None
    assert asked.answered == [1]
    assert asked.readings[(1, one.told.value)] == one.value
    assert {reading.observed_at for found in asked.findings for _, reading in found.readings} == {START}
    assert len(server.requests) == 1
    assert one.provider.watch.name.startswith(SIGNAL_PREFIX)
    assert one.told in one.provider.watch.signals


@every
@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Reply(hang=True), "did not answer within 1 s"),
        (Reply(drop=True), "broke off in the middle of its answer"),
        (Reply(status=500), "said 500"),
        (Reply(status=403), "said 403 (Forbidden)"),
        (Reply(gzip_bomb_mb=20), "sent more than 2 MB"),
        (Reply(body=b"<html><body>Log in</body></html>"), "not JSON"),
        (Reply(body=b""), "not JSON"),
        (Reply(body=b"3"), "sent JSON"),
        (Reply(body=b'{"message": "no such\\nthing"}'), "said: no such thing"),
        (Reply(status=307, headers={"Location": "/loop"}), "redirects"),
    ],
    ids=["hangs", "drops", "500", "403", "bomb", "page", "empty", "number", "message", "loop"],
)
def test_trouble_is_one_line_and_leaves_the_paper_due(
    server: HttpServer, number: int, trouble: Reply, said: str
) -> None:
    """Whatever a server does becomes one SourceError, and no paper counts as answered."""
    one = case(number, server)
    server.serve(one.path, trouble)
    server.serve("/loop", Reply(status=307, headers={"Location": "/loop"}))
    if number == 0 and said == "said: no such thing":
        said = "sent JSON that is no list"  # Hugging Face says `error`
    asked = Asked(timeout_s=0.3 if trouble.hang else 5.0).ask(one.provider, [one.subject])
    assert asked.error is not None
    assert said in str(asked.error)
    assert "\n" not in str(asked.error)
    assert "s3cret" not in str(asked.error)
    assert asked.answered == []


@every
def test_an_answer_that_breaks_off_tells_nothing(server: HttpServer, number: int) -> None:
    """Half a list is no list."""
    one = case(number, server)
    server.serve(one.path, Reply(body=one.answer, truncate_to=len(one.answer) // 2))
    asked = Asked().ask(one.provider, [one.subject])
    assert "broke off" in str(asked.error)
    assert asked.answered == []


@every
def test_a_throttle_is_obeyed_by_the_next_run_too(server: HttpServer, number: int) -> None:
    """Who asks for ten minutes is asked once."""
    one = case(number, server)
    server.serve(one.path, Reply(status=429, headers={"Retry-After": "600"}))
    asked = Asked().ask(one.provider, [one.subject])
    assert isinstance(asked.error, SourceRateLimited)
    asked.ask(one.provider, [one.subject])
    assert isinstance(asked.error, SourceRateLimited)
    assert len(server.requests) == 1
    assert asked.answered == []


@every
def test_nothing_is_asked_about_nobody(server: HttpServer, number: int) -> None:
    """No papers, no requests."""
    assert Asked().ask(case(number, server).provider, []).error is None
    assert not server.requests


# ── Hugging Face ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_day_is_one_request_for_all_its_papers(server: HttpServer) -> None:
    """Comments and stars come along; the zero that a source stores at the time of listing is not told again."""
    server.serve("/api/daily_papers", Reply(body=wire.hf_day(wire.hf_item(), wire.hf_item("2608.00002"))))
    asked = Asked().ask(votes_at(server), [subject(n, since=LISTED) for n in (1, 2)])
    assert asked.answered == [1, 2]
    assert asked.readings[(2, "huggingface.comments")] == 3
    assert asked.readings[(2, "github.stars")] == 7
    assert [seen.query["date"] for seen in server.requests] == ["2026-08-20"]


def test_a_paper_that_its_day_does_not_hold_is_asked_for_by_itself(server: HttpServer) -> None:
    """Known or not, it is answered; 404 is an answer."""
    server.serve("/api/daily_papers", Reply(body=wire.hf_day()))
    server.serve("/api/papers/2608.00001", Reply(body=json.dumps(wire.hf_item()["paper"]).encode()))
    asked = Asked().ask(votes_at(server), [subject(n, since=LISTED) for n in (1, 2)])
    assert asked.error is None
    assert asked.answered == [1, 2]
    assert asked.readings[(1, "huggingface.upvotes")] == 42
    assert (2, "huggingface.upvotes") not in asked.readings


def test_the_budget_ends_a_run_and_the_rest_stays_due(server: HttpServer) -> None:
    """The newest day first."""
    server.serve("/api/daily_papers", Reply(body=wire.hf_day(wire.hf_item())))
    old = subject(2, since=LISTED - dt.timedelta(days=3))
    asked = Asked().ask(votes_at(server), [old, subject(1, since=LISTED)], most_requests=1)
    assert (asked.answered, asked.error) == ([1], None)
    assert [seen.query["date"] for seen in server.requests] == ["2026-08-20"]


def test_a_full_list_goes_on_with_its_next_page(server: HttpServer) -> None:
    """Until what is wanted has been found."""

    def page(seen: Seen) -> Reply:
        first = 100 * int(seen.query.get("p", "0"))
        return Reply(body=wire.hf_day(*(wire.hf_item(f"2608.{n:05}") for n in range(first + 1, first + 101))))

    server.answer("/api/daily_papers", page)
    asked = Asked().ask(votes_at(server), [subject(150, since=LISTED)])
    assert asked.answered == [150]
    assert len(server.requests) == 2


# ── GitHub ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_repositories_are_asked_for_together_and_once(server: HttpServer) -> None:
    """Two papers on one repository share a figure; the token stands in a header, names in variables."""
    server.serve("/graphql", Reply(body=github(420, 7)))
    asked = Asked().ask(
        stars_at(server),
        [
            subject(1, code_url="https://github.com/ada/sparse"),
            subject(2, code_url="http://github.com/Ada/Sparse.git"),
            subject(3, code_url="https://github.com/lab/tools/tree/main/x"),
        ],
    )
    assert asked.readings == {(1, "github.stars"): 420, (2, "github.stars"): 420, (3, "github.stars"): 7}
    (seen,) = server.requests
    assert seen.headers["authorization"] == "bearer s3cret"
    assert json.loads(seen.body)["variables"] == {"o0": "ada", "n0": "sparse", "o1": "lab", "n1": "tools"}


def test_a_removed_repository_is_answered_and_harms_nobody(server: HttpServer) -> None:
    """It is null beside an error of its own; GitHub answers for a renamed one under its old name."""
    gone = {"type": "NOT_FOUND", "path": ["r0"], "message": "Could not resolve to a Repository"}
    server.serve("/graphql", Reply(body=github(None, 7, errors=[gone])))
    papers = [subject(n, code_url=f"https://github.com/ada/r{n}") for n in (1, 2)]
    asked = Asked().ask(stars_at(server), papers)
    assert asked.error is None
    assert asked.answered == [1, 2]
    assert asked.readings == {(2, "github.stars"): 7}


def test_a_repository_without_an_answer_stays_due(server: HttpServer) -> None:
    """Null without a reason may be a fault over there."""
    late = {"type": "SERVICE_UNAVAILABLE", "path": ["r0"], "message": "Timeout"}
    server.serve("/graphql", Reply(body=github(None, 7, errors=[late])))
    papers = [subject(n, code_url=f"https://github.com/ada/r{n}") for n in (1, 2)]
    asked = Asked().ask(stars_at(server), papers)
    assert asked.answered == [2]
    assert "1 of 2 repositories" in str(asked.error)


def test_used_up_points_are_a_throttle_even_with_status_200(server: HttpServer) -> None:
    """And nobody asks before the hour is over."""
    limit = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(START.timestamp()) + 900)}
    body = json.dumps({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}).encode()
    server.serve("/graphql", Reply(body=body, headers=limit))
    papers = [subject(1, code_url="https://github.com/ada/sparse")]
    asked = Asked().ask(stars_at(server), papers)
    assert isinstance(asked.error, SourceRateLimited)
    assert asked.error.retry_after_s == 900
    asked.ask(stars_at(server), papers)
    assert len(server.requests) == 1


def test_a_page_on_github_that_is_no_repository_is_answered_without_a_question(server: HttpServer) -> None:
    """Nothing is to be learnt of it, ever."""
    asked = Asked().ask(stars_at(server), [subject(1, code_url="https://github.com/topics/attention")])
    assert (asked.answered, server.requests) == ([1], [])


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://github.com/Ada/Sparse", ("ada", "sparse")),
        ("https://github.com/ada/sparse.git", ("ada", "sparse")),
        ("https://github.com/ada/sparse/", ("ada", "sparse")),
        ("https://github.com/ada/sparse.js#readme", ("ada", "sparse.js")),
        ("https://github.com/ada", None),
        ("https://github.com/ada/..", None),
        ("https://github.com/orgs/ada", None),
        ("https://gitlab.com/ada/sparse", None),
        ('https://github.com/ada/x"}}', None),
        (None, None),
    ],
)
def test_repositories_are_recognised_in_addresses(url: str | None, repository: tuple[str, str] | None) -> None:
    """In any spelling, and nothing that could be more than a name."""
    assert stars.repository_of(url) == repository


# ── Semantic Scholar ────────────────────────────────────────────────────────────────────────────────────────


def test_citations_and_the_model_s_sentence_come_together(server: HttpServer) -> None:
    """In the order of the names; a paper that is not known there is answered too."""
    server.serve("/graph/v1/paper/batch", Reply(body=wire.s2_batch(wire.s2_paper(), None)))
    doi = subject(2, Identifier(Scheme.DOI, "10.1234/x"))
    asked = Asked().ask(citations_at(server), [subject(1), doi])
    assert asked.answered == [1, 2]
    assert asked.readings == {(1, "s2.citations"): 12, (1, "s2.influential_citations"): 2}
    assert asked.texts == {1: "It is cited."}
    (seen,) = server.requests
    assert json.loads(seen.body) == {"ids": ["ARXIV:2608.00001", "DOI:10.1234/x"]}
    assert seen.headers["x-api-key"] == "s3cret"
    assert "tldr" in seen.query["fields"]


def test_a_batch_of_unknown_papers_is_answered(server: HttpServer) -> None:
    """The API says 400 to it."""
    server.serve("/graph/v1/paper/batch", Reply(status=400, body=b'{"error":"No valid paper ids given"}'))
    asked = Asked().ask(citations_at(server), [subject(1)])
    assert (asked.answered, asked.error) == ([1], None)


def test_more_papers_than_fit_are_several_requests(server: HttpServer) -> None:
    """Five hundred at a time, within the budget."""
    server.answer(
        "/graph/v1/paper/batch", lambda seen: Reply(body=wire.s2_batch(*[None] * len(json.loads(seen.body)["ids"])))
    )
    papers = [subject(n) for n in range(1, 1202)]
    assert len(Asked().ask(citations_at(server), papers).answered) == 1201
    assert len(server.requests) == 3
    assert len(Asked().ask(citations_at(server), papers, most_requests=1).answered) == 500


def test_the_surest_name_of_a_paper_is_asked_for() -> None:
    """As the API spells it; none of ours that it does not take."""
    names = (Identifier(Scheme.URL, "https://x.example"), Identifier(Scheme.PMCID, "PMC123"))
    assert citations.spelled(subject(1, *names).paper) == "PMCID:123"
    assert citations.spelled(subject(1, *names, Identifier(Scheme.DOI, "10.1/x")).paper) == "DOI:10.1/x"
    assert citations.spelled(subject(1, names[0]).paper) is None


# ── Hacker News ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_site_is_one_request_and_the_best_story_counts(server: HttpServer) -> None:
    """Papers without a story are answered, without a reading."""
    hits = [
        story("https://arxiv.org/abs/2608.00001", 30, 4),
        story("https://www.arxiv.org/pdf/2608.00001v3", 250, 90),
        story("https://arxiv.org/list/cs.LG/new", 900, 1),
        {"title": "Ask HN: which paper?", "points": 5},
        "garbage",
    ]
    server.serve("/api/v1/search_by_date", Reply(body=stories(*hits)))
    asked = Asked().ask(mentions_at(server), [subject(1), subject(2)])
    assert asked.answered == [1, 2]
    assert asked.readings == {(1, "hackernews.points"): 250, (1, "hackernews.comments"): 90}
    (seen,) = server.requests
    assert (seen.query["query"], seen.query["restrictSearchableAttributes"]) == ("arxiv.org", "url")


def test_a_long_list_of_stories_goes_on_before_its_oldest(server: HttpServer) -> None:
    """Algolia gives a thousand at a time."""

    def page(seen: Seen) -> Reply:
        if "created_at_i<" not in seen.query["numericFilters"]:
            full = (story(f"https://arxiv.org/abs/2608.{n:05}", at=1_787_000_000 - n) for n in range(1000))
            return Reply(body=stories(*full))
        assert seen.query["numericFilters"].endswith(f"created_at_i<={1_787_000_000 - 999}")
        return Reply(body=stories(story("https://arxiv.org/abs/2608.01500")))

    server.answer("/api/v1/search_by_date", page)
    asked = Asked().ask(mentions_at(server), [subject(1500)])
    assert asked.readings[(1500, "hackernews.points")] == 120
    assert Asked().ask(mentions_at(server), [subject(1500)], most_requests=1).answered == []


def test_a_site_that_fails_leaves_only_its_own_papers_due(server: HttpServer) -> None:
    """Nobody is told to be unmentioned on half a list."""

    def page(seen: Seen) -> Reply:
        return Reply(status=400) if seen.query["query"] == "arxiv.org" else Reply(body=stories())

    server.answer("/api/v1/search_by_date", page)
    asked = Asked().ask(mentions_at(server), [subject(1), subject(2, Identifier(Scheme.ACL, "2026.acl-long.1"))])
    assert asked.answered == [2]
    assert "(arxiv.org)" in str(asked.error)


def test_stories_with_strange_figures_are_passed_over() -> None:
    """Garbage is no reading."""
    page = mentions.parse(stories(story("https://arxiv.org/abs/2608.00001", points="many", at=5), story("", 3)))
    assert page.stories == ()


# ── the registry ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_provider_without_its_key_is_not_built() -> None:
    """By default only votes are read."""
    assert [each.watch.name for each in build_signals(SignalsConfig())] == ["signal:huggingface"]
    named = SignalsConfig(github=StarsConfig(), semantic_scholar=CitationsConfig(), hackernews=MentionsConfig())
    assert [each.watch.name for each in build_signals(named)] == ["signal:huggingface", "signal:hackernews"]
    with_keys = SignalsConfig(github=StarsConfig(token="t"), semantic_scholar=CitationsConfig(key="k"))
    assert len(build_signals(with_keys)) == 3


def make_votes() -> SignalProvider:
    return Votes(VotesConfig())


def make_nothing() -> object:
    return object()


def test_a_plug_in_is_a_provider_too() -> None:
    """Named as module:callable; what is none is refused in a line."""
    off = SignalsConfig(huggingface=None)
    (found,) = build_signals(off, plugins=[f"{__name__}:make_votes"])
    assert found.watch.name == "signal:huggingface"
    with pytest.raises(SourceError, match="two signals are named"):
        build_signals(SignalsConfig(), plugins=[f"{__name__}:make_votes"])
    with pytest.raises(SourceError, match="has no watch and read"):
        build_signals(off, plugins=[f"{__name__}:make_nothing"])
    with pytest.raises(SourceError, match="write module:callable"):
        build_signals(off, plugins=["no.such:thing"])
