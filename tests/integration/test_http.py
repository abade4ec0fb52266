"""The polite client against a real server on loopback; time passes only where a time-out is what is tested."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import socket
import time
from collections.abc import Iterator, Mapping
from email.utils import format_datetime
from itertools import pairwise

import pytest

from digest.errors import SourceError, SourceRateLimited, StoreError
from digest.sources.base import SourceUnreachable
from digest.sources.contract.memory import START, MemoryLedger, SleepyClock
from digest.sources.contract.server import HttpServer, Reply, Seen
from digest.sources.http import Answer, PoliteClient
from digest.sources.pace import Provider


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        yield running


class Desk:
    """A ledger, a clock and one way to ask; ``options`` go to the client."""

    def __init__(self, **options: float) -> None:
        self.ledger = MemoryLedger()
        self.clock = SleepyClock()
        self._options = options

    def get(self, *urls: str, pace_s: float = 0.0, hand_back: frozenset[int] = frozenset()) -> list[Answer]:
        """Ask for all urls at once, as the source ``lab``."""
        provider = Provider(source="lab", label="The lab", host="127.0.0.1", pace_key="lab", pace_s=pace_s)

        async def ask() -> list[Answer]:
            async with self.client() as client:
                return list(await asyncio.gather(*(client.get(url, provider, hand_back=hand_back) for url in urls)))

        return asyncio.run(ask())

    def post(self, url: str, payload: Mapping[str, object], *, key: str = "s3cret") -> Answer:
        """Put a question with a key, as the source ``lab``."""
        provider = Provider(source="lab", label="The lab", host="127.0.0.1", pace_key="lab", pace_s=0.0)

        async def ask() -> Answer:
            async with self.client() as client:
                return await client.post(url, provider, payload, headers={"x-api-key": key})

        return asyncio.run(ask())

    def client(self) -> PoliteClient:
        return PoliteClient(
            self.ledger,
            contact="ada@uni.example",
            timeout_s=self._options.get("timeout_s", 5.0),
            total_s=self._options.get("total_s"),
            max_bytes=int(self._options.get("max_bytes", 1_000_000)),
            patience_s=self._options.get("patience_s", 60.0),
            backoff_s=0.001,
            clock=self.clock,
            sleep=self.clock.sleep,
        )


def test_it_says_who_it_is(server: HttpServer) -> None:
    """Every request names the program and whom to write to."""
    server.serve("/", Reply(body=b"hello"))
    assert Desk().get(server.url + "/")[0].data == b"hello"
    agent = server.requests[0].headers["user-agent"]
    assert agent.startswith("paper-digest/")
    assert "(+ada@uni.example)" in agent


def test_what_has_not_changed_is_not_sent_again(server: HttpServer) -> None:
    """The stored ETag and Last-Modified make the next request conditional, and 304 says so."""
    server.serve("/f", Reply(body=b"x", etag='"1"', headers={"Last-Modified": "Wed, 19 Aug 2026 00:00:00 GMT"}))
    desk = Desk()
    first = desk.get(server.url + "/f")[0]
    desk.ledger.remember(first.validators)
    second = desk.get(server.url + "/f")[0]
    assert (first.not_modified, second.not_modified) == (False, True)
    assert server.requests[1].headers["if-modified-since"] == "Wed, 19 Aug 2026 00:00:00 GMT"


def test_requests_keep_the_pace_and_do_not_overlap(server: HttpServer) -> None:
    """Four requests at once start 3 s apart, over one connection at a time."""
    server.serve("/f", Reply(body=b"x"))
    desk = Desk()
    desk.get(*[server.url + f"/f?{n}" for n in range(4)], pace_s=3.0)
    starts = [at for _, at in desk.ledger.given]
    assert [(after - before).total_seconds() for before, after in pairwise(starts)] == [3.0] * 3
    assert server.most_at_once == 1


def test_the_pace_survives_a_restart(server: HttpServer) -> None:
    """A new client with the same ledger waits for what the old one left behind."""
    server.serve("/f", Reply(body=b"x"))
    desk = Desk()
    desk.get(server.url + "/f", pace_s=3.0)
    desk.get(server.url + "/f", pace_s=3.0)
    assert desk.clock.slept == [3.0]


def test_a_short_retry_after_is_waited_out(server: HttpServer) -> None:
    """503 with Retry-After: 20 costs 20 s and nothing else."""
    server.serve("/f", Reply(status=503, headers={"Retry-After": "20"}), Reply(body=b"x"))
    desk = Desk()
    assert desk.get(server.url + "/f")[0].data == b"x"
    assert desk.clock.slept == [20.0]


@pytest.mark.parametrize("status", [429, 503])
def test_a_long_retry_after_is_an_error_that_is_remembered(server: HttpServer, status: int) -> None:
    """Ten minutes are not waited for; until they are over nobody asks again, and the message says so."""
    server.serve("/f", Reply(status=status, headers={"Retry-After": "600"}))
    desk = Desk()
    with pytest.raises(SourceRateLimited, match=f"The lab said {status} and asks for 10 min") as caught:
        desk.get(server.url + "/f")
    assert caught.value.retry_after_s == 600
    with pytest.raises(SourceRateLimited, match="asked to be left alone; next try in 10 min"):
        desk.get(server.url + "/f")
    assert len(server.requests) == 1


def test_retry_after_may_be_a_date(server: HttpServer) -> None:
    """An HTTP date means the time until then."""
    header = format_datetime(START + dt.timedelta(minutes=5), usegmt=True)
    server.serve("/f", Reply(status=429, headers={"Retry-After": header}))
    with pytest.raises(SourceRateLimited, match="asks for 5 min"):
        Desk().get(server.url + "/f")


def test_throttling_without_a_word_is_tried_again_a_few_times(server: HttpServer) -> None:
    """429 without Retry-After is asked three times in all, then told as what it is."""
    server.serve("/f", Reply(status=429))
    with pytest.raises(SourceRateLimited, match=r"The lab said 429 \(Too Many Requests\)"):
        Desk().get(server.url + "/f")
    assert len(server.requests) == 3


@pytest.mark.parametrize("trouble", [Reply(status=500), Reply(drop=True), Reply(body=b"x" * 100, truncate_to=10)])
def test_what_may_pass_is_tried_again(server: HttpServer, trouble: Reply) -> None:
    """A server error, a dropped connection and a body cut short are followed by another attempt."""
    server.serve("/f", trouble, Reply(body=b"well"))
    assert Desk().get(server.url + "/f")[0].data == b"well"


def test_a_body_that_is_always_cut_short_is_an_error(server: HttpServer) -> None:
    """Fewer bytes than Content-Length promised are never taken for an answer."""
    server.serve("/f", Reply(body=b"x" * 100, truncate_to=10))
    with pytest.raises(SourceError, match="The lab broke off in the middle of its answer"):
        Desk().get(server.url + "/f")
    assert len(server.requests) == 3


def test_a_refusal_is_not_tried_again(server: HttpServer) -> None:
    """404 is an answer."""
    with pytest.raises(SourceError, match=r"The lab said 404 \(Not Found\)"):
        Desk().get(server.url + "/nowhere")
    assert len(server.requests) == 1


def test_a_status_may_be_handed_back(server: HttpServer) -> None:
    """A caller that can read a 400 gets its body."""
    server.serve("/f", Reply(status=400, body=b"why"))
    answer = Desk().get(server.url + "/f", hand_back=frozenset({400}))[0]
    assert (answer.status, answer.data, answer.validators) == (400, b"why", ())


def test_silence_ends(server: HttpServer) -> None:
    """A server that hangs costs one time-out, since asking it again would take as long."""
    server.serve("/f", Reply(hang=True))
    began = time.monotonic()
    with pytest.raises(SourceUnreachable, match="The lab did not answer within 1 s"):
        Desk(timeout_s=0.2).get(server.url + "/f")
    assert time.monotonic() - began < 2
    assert len(server.requests) == 1


def test_a_body_that_drips_for_ever_ends(server: HttpServer) -> None:
    """A byte now and then keeps a read time-out happy; the limit for the whole answer does not care."""
    server.serve("/f", Reply(drip=True))
    with pytest.raises(SourceError, match="had not finished its answer after"):
        Desk(total_s=0.3).get(server.url + "/f")


@pytest.mark.parametrize("flood", [Reply(endless=True), Reply(gzip_bomb_mb=40), Reply(body=bytes(1_000_001))])
def test_too_much_is_cut_off(server: HttpServer, flood: Reply) -> None:
    """An endless body, a gzip bomb and a plain large one end at the limit, which counts unpacked bytes."""
    server.serve("/f", flood)
    with pytest.raises(SourceError, match="The lab sent more than 1 MB"):
        Desk().get(server.url + "/f")
    assert len(server.requests) == 1


def test_damaged_compression_is_an_error(server: HttpServer) -> None:
    """What claims to be gzip and is not is told as damaged."""
    server.serve("/f", Reply(body=b"not gzip", headers={"Content-Encoding": "gzip"}))
    with pytest.raises(SourceError, match="damaged"):
        Desk().get(server.url + "/f")


def test_redirects_are_followed_at_the_pace(server: HttpServer) -> None:
    """Each hop is a request of its own: it waits its turn, and the validators belong to the first address."""
    server.serve("/old", Reply(status=301, headers={"Location": "/new"}))
    server.serve("/new", Reply(body=b"x", etag='"2"'))
    desk = Desk()
    answer = desk.get(server.url + "/old", pace_s=3.0)[0]
    assert answer.data == b"x"
    assert answer.validators[0].url == server.url + "/old"
    assert desk.clock.slept == [3.0]


def test_redirects_in_circles_end(server: HttpServer) -> None:
    """A loop is followed five times and then told."""
    server.serve("/a", Reply(status=302, headers={"Location": "/a"}))
    with pytest.raises(SourceError, match="redirects in circles"):
        Desk().get(server.url + "/a")
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://x.example/", "javascript:alert(1)", "http://[", "//a b/"]
)
def test_redirects_lead_to_web_addresses_only(server: HttpServer, target: str) -> None:
    """A redirect to another scheme, or to nonsense, is refused."""
    server.serve("/a", Reply(status=302, headers={"Location": target}))
    with pytest.raises(SourceError, match="redirects to something"):
        Desk().get(server.url + "/a")


@pytest.mark.parametrize(
    "address", ["", "lab.example/feed", "file:///etc/passwd", "http://", "http://a b/", "http://\x00/"]
)
def test_only_web_addresses_are_asked(address: str) -> None:
    """A base URL that is none is told, not tried."""
    with pytest.raises(SourceError, match="is not a web address"):
        Desk().get(address)


def test_nobody_there_is_told_in_plain_words() -> None:
    """A refused connection is tried again and then said to be one."""
    with pytest.raises(SourceUnreachable, match="The lab could not be reached"):
        Desk().get("http://127.0.0.1:1/")


def test_a_name_that_does_not_resolve_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network the name is looked up once, and people are told what that means without error numbers."""
    looked_up: list[object] = []

    def fail(host: object, *_: object, **__: object) -> object:
        looked_up.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(SourceUnreachable) as caught:
        Desk().get("http://lab.invalid/")
    assert str(caught.value) == "The lab could not be reached: no network, or the name does not resolve"
    assert len(looked_up) == 1


def test_the_header_names_the_charset(server: HttpServer) -> None:
    """A charset that only the header knows is applied; a wrong one over valid UTF-8 is not believed."""
    server.serve("/greek", Reply(body="<a>λόγος</a>".encode("iso8859-7"), content_type="text/xml; charset=iso-8859-7"))
    server.serve("/label", Reply(body="<a>naïve</a>".encode(), content_type="text/xml; charset=iso-8859-1"))
    greek, label = Desk().get(server.url + "/greek", server.url + "/label")
    assert greek.data.decode("utf-8-sig") == "<a>λόγος</a>"
    assert label.data.decode() == "<a>naïve</a>"


def _slow(_: Seen) -> Reply:
    time.sleep(0.4)
    return Reply(body=b"x")


def _ask_slowly(server: HttpServer, ledger: MemoryLedger) -> None:
    """One request that takes 0.4 s, with a lease of 0.15 s."""
    provider = Provider(source="lab", label="The lab", host="127.0.0.1", pace_key="lab", pace_s=0.05)
    server.answer("/f", _slow)

    async def ask() -> None:
        async with PoliteClient(ledger, lease_s=0.15, attempts=1) as client:
            await client.get(server.url + "/f", provider)

    asyncio.run(ask())


def test_a_turn_is_renewed_while_an_answer_takes_its_time(server: HttpServer) -> None:
    """A lease shorter than the answer is renewed until it is there, then given back."""
    ledger = MemoryLedger()
    _ask_slowly(server, ledger)
    assert ledger.renewed >= 4
    assert ledger.holders == {}


def test_whoever_lost_the_turn_hangs_up(server: HttpServer) -> None:
    """When somebody else has the turn, this answer is not waited for: two connections at once are one too many."""

    class Robbed(MemoryLedger):
        def renew(self, key: str, holder: str, *, now: dt.datetime, lease_s: float) -> bool:
            self.holders[key] = "somebody else"
            return super().renew(key, holder, now=now, lease_s=lease_s)

    ledger = Robbed()
    with pytest.raises(SourceError, match="another process took over"):
        _ask_slowly(server, ledger)
    assert ledger.holders == {"lab": "somebody else"}, "what is not ours is not given back"


def test_a_ledger_that_is_gone_ends_the_request(server: HttpServer) -> None:
    """Without the ledger nobody knows whose turn it is: the error of the store is what is told."""

    class Gone(MemoryLedger):
        def renew(self, key: str, holder: str, *, now: dt.datetime, lease_s: float) -> bool:
            raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"):
        _ask_slowly(server, Gone())


def test_somebody_else_s_turn_is_waited_for_but_not_for_ever(server: HttpServer) -> None:
    """While another process has the turn nobody asks; after the patience is over it says who is in the way."""
    server.serve("/f", Reply(body=b"x"))
    desk = Desk(patience_s=5.0)
    desk.ledger.holders["lab"] = "somebody else"
    with pytest.raises(SourceRateLimited, match="The lab is being read by another process"):
        desk.get(server.url + "/f")
    assert server.requests == []


# ── questions with a body ───────────────────────────────────────────────────────────────────────────────────


def test_a_question_goes_out_as_json_with_its_key(server: HttpServer) -> None:
    """A POST, put again when the server stumbles."""
    server.serve("/batch", Reply(status=500), Reply(body=b"[]"))
    assert Desk().post(server.url + "/batch", {"ids": ["ARXIV:2608.00001"]}).data == b"[]"
    first, second = server.asked("/batch")
    assert (first.method, second.method) == ("POST", "POST")
    assert json.loads(second.body) == {"ids": ["ARXIV:2608.00001"]}
    assert (second.headers["x-api-key"], second.headers["content-type"]) == ("s3cret", "application/json")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_key_is_never_carried_along_a_redirect(server: HttpServer, status: int) -> None:
    """Wherever it leads, nobody is asked there."""
    server.serve("/batch", Reply(status=status, headers={"Location": "/elsewhere"}))
    with pytest.raises(SourceError, match="redirects a request that carries a key"):
        Desk().post(server.url + "/batch", {})
    assert not server.asked("/elsewhere")


def test_a_key_with_strange_characters_is_refused_before_it_is_sent(server: HttpServer) -> None:
    """Without the key in the message."""
    with pytest.raises(SourceError, match="characters that no key has") as refused:
        Desk().post(server.url + "/batch", {}, key="schlüssel")
    assert "schl" not in str(refused.value)
    assert not server.requests


def test_a_used_up_budget_is_a_throttle_and_no_prohibition(server: HttpServer) -> None:
    """GitHub says 403 and when there is a new budget; nobody asks before."""
    reset = str(int(START.timestamp()) + 1200)
    limits = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    server.serve("/graphql", Reply(status=403, headers=limits))
    desk = Desk()
    for _ in range(2):
        with pytest.raises(SourceRateLimited) as limited:
            desk.post(server.url + "/graphql", {})
        assert round(limited.value.retry_after_s) == 1200
    assert len(server.requests) == 1


def test_a_prohibition_stays_one(server: HttpServer) -> None:
    """403 without a wait is not tried again."""
    server.serve("/graphql", Reply(status=403, headers={"x-ratelimit-remaining": "12"}))
    with pytest.raises(SourceError, match="said 403") as refused:
        Desk().post(server.url + "/graphql", {})
    assert not isinstance(refused.value, SourceRateLimited)
    assert len(server.requests) == 1


def test_parameters_join_those_of_the_address() -> None:
    """An address that brings its own query keeps it."""
    with HttpServer() as server:
        server.serve("/list", Reply(body=b"x"))
        provider = Provider.at(server.url, source="s", label="S", pace_s=0)

        async def ask() -> None:
            async with PoliteClient(MemoryLedger()) as client:
                await client.get(f"{server.url}/list?area=oc&page=1", provider, params={"page": "2"})

        asyncio.run(ask())
        assert server.requests[0].query == {"area": "oc", "page": "2"}
