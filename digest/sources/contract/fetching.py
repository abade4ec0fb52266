"""What a fetcher promises, tried against a loopback server that does what providers do on their worst days.

    a source's request ──Detour──▶ loopback server: what was recorded, or a fault, or first the one and then the other

Whatever host a source asks, the answer comes from here, so nothing of it need be configurable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from digest.errors import SourceRateLimited
from digest.sources.contract import hostile
from digest.sources.contract.recording import MOST_BYTES, Recorded, address_key
from digest.sources.contract.running import Run
from digest.sources.contract.server import HttpServer, Reply, Script, Seen
from digest.sources.contract.subject import Broken, NotTried, Promise, Subject

SILENCE_S = 0.2
"""After which the client gives up on a server that is meant to be silent, …"""
PATIENCE_S = 10.0
"""… and on one that is not, but shares a busy machine."""
MOST_REQUESTS = 400
"""A source that has not noticed by then that it gets the same page again will not notice."""
LONGEST_MESSAGE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way not to answer. ``limited_s`` is the wait that a SourceRateLimited must tell."""

    name: str
    says: str
    reply: Reply
    limited_s: float | None = None
    patience_s: float = PATIENCE_S


FAULTS = (
    Fault(name="hangs", says="Silence is told", reply=Reply(hang=True), patience_s=SILENCE_S),
    Fault(name="drops", says="A connection that is dropped is told", reply=Reply(drop=True)),
    Fault(name="drips", says="A byte now and then is not waited for", reply=Reply(drip=True), patience_s=SILENCE_S),
    Fault(name="server-error", says="500 is told", reply=Reply(status=500)),
    Fault(name="forbidden", says="403 is told", reply=Reply(status=403)),
    Fault(name="not-found", says="404 is told", reply=Reply(status=404, body=hostile.PAGE)),
    Fault(
        name="throttled",
        says="429 with Retry-After ends the run at once",
        reply=Reply(status=429, headers={"Retry-After": "600"}),
        limited_s=600,
    ),
    Fault(
        name="unavailable",
        says="503 with Retry-After likewise",
        reply=Reply(status=503, headers={"Retry-After": "7200"}),
        limited_s=7200,
    ),
    Fault(
        name="truncated", says="An answer that breaks off is told", reply=Reply(body=bytes(9_000), truncate_to=4_000)
    ),
    Fault(name="circle", says="Redirects in a circle end", reply=Reply(status=302, headers={"Location": "?again=1"})),
    Fault(
        name="away",
        says="A redirect to a file is refused",
        reply=Reply(status=301, headers={"Location": "file:///etc/passwd"}),
    ),
    Fault(name="gzip-bomb", says="A gzip bomb is not unpacked", reply=Reply(gzip_bomb_mb=20)),
    Fault(name="endless", says="A body without end is left", reply=Reply(endless=True)),
    Fault(name="login-page", says="A login page is not a quiet day", reply=Reply(body=hostile.PAGE)),
    Fault(name="nothing", says="An empty answer is not a quiet day", reply=Reply(body=b"")),
    Fault(name="noise", says="Bytes of all kinds are told", reply=Reply(body=hostile.GARBAGE)),
    Fault(name="deep-json", says="JSON nested without end is told", reply=Reply(body=b"[" * 100_000)),
    Fault(name="deep-xml", says="XML nested without end is told", reply=Reply(body=b"<rss>" + b"<a>" * 100_000)),
    Fault(
        name="laughs",
        says="A billion laughs are refused",
        reply=Reply(body=f"<!DOCTYPE rss [{hostile.LAUGHS}]><rss><channel>&l9;</channel></rss>".encode()),
    ),
)


@contextmanager
def _serving(script: Script) -> Iterator[HttpServer]:
    with HttpServer() as server:
        server.otherwise(script)
        yield server


def _run(server: HttpServer, *, max_bytes: int = MOST_BYTES, patience_s: float = PATIENCE_S) -> Run:
    return Run(via=server.url, timeout_s=patience_s, total_s=3 * patience_s, max_bytes=max_bytes)


def _told(run: Run, server: HttpServer) -> str:
    """What the run's error says; it must be one, in a line for a reader's mail."""
    if not server.requests:
        raise NotTried("it asks nobody")
    if run.error is None:
        raise Broken(
            f"{len(run.keys)} papers and no error: raise SourceError, so that it does not look like a quiet day"
        )
    said = str(run.error)
    if "\n" in said or len(said) > LONGEST_MESSAGE:
        raise Broken(f"the error is no line for a reader's mail: {said[:200]!r}")
    return said


def _survives(fault: Fault) -> Callable[[Subject], str]:
    def check(subject: Subject) -> str:
        with _serving(lambda seen: fault.reply) as server:
            run = _run(server, max_bytes=2_000_000, patience_s=fault.patience_s)
            said = _told(run.ask(subject.make(), subject.request, subject.pages), server)
            if run.keys:
                raise Broken(f"papers out of nothing: {run.keys[0]!r}")
            if fault.limited_s is not None:
                _left_alone(run, server, fault.limited_s)
        return said

    return check


def _left_alone(run: Run, server: HttpServer, wait_s: float) -> None:
    if not isinstance(run.error, SourceRateLimited) or run.error.retry_after_s < wait_s - 1:
        raise Broken(f"asked to wait {wait_s:.0f} s, it says: {run.error}; let SourceRateLimited through")
    hosts = {seen.headers.get("host") for seen in server.requests}
    if len(server.requests) > len(hosts):
        raise Broken(f"asked to wait {wait_s:.0f} s, it asked {len(server.requests)} times")


# ── with what was recorded ──────────────────────────────────────────────────────────────────────────────────


class Replay:
    """Answers requests as they were answered when it was recorded; remembers what it was asked besides."""

    def __init__(self, subject: Subject) -> None:
        if subject.tape is None:
            raise NotTried("nothing is recorded: digest sources record NAME")
        self._answers: dict[object, list[Recorded]] = {}
        for answer in subject.tape.answers:
            self._answers.setdefault(address_key(answer.url), []).append(answer)
        self._scheme = urlsplit(subject.tape.answers[0].url).scheme if subject.tape.answers else "https"
        self.unknown: list[str] = []

    def __call__(self, seen: Seen) -> Reply:
        address = f"{self._scheme}://{seen.headers.get('host', '')}{seen.target}"
        left = self._answers.get(address_key(address))
        if not left:
            self.unknown.append(address)
            return Reply(status=404, body=b"not recorded")
        answer = left.pop(0) if len(left) > 1 else left[0]
        kept = {name: value for name, value in answer.headers if name not in ("content-type", "etag")}
        return Reply(
            status=answer.status,
            body=answer.body,
            content_type=answer.header("content-type") or "application/octet-stream",
            headers=kept,
            etag=answer.header("etag") or None,
        )


def _replays(subject: Subject) -> str:
    replay = Replay(subject)
    with _serving(replay) as server:
        run = _run(server).ask(source := subject.make(), subject.request, subject.pages)
        asked = len(server.requests)
    if not asked:
        raise NotTried("it asks nobody")
    if replay.unknown:
        again = f"record again: digest sources record {source.name}"
        raise Broken(f"it asks for {replay.unknown[0]}, which was not recorded; {again}")
    if run.error is not None:
        raise Broken(f"the recorded answers end in an error: {run.error}")
    strangers = {entry.source for page in run.pages for entry in page.batch.entries} - {source.name}
    if strangers:
        raise Broken(f"its entries carry the source {strangers.pop()!r}, not its own name {source.name!r}")
    if run.announced > run.read + run.rejected:
        raise Broken(f"{run.announced} announced, but {run.read} read and {run.rejected} refused")
    return f"{asked} requests, {len(run.pages)} pages, {len(run.keys)} papers"


def _whole(subject: Subject) -> Run:
    """The recording, replayed to its end.

    Raises:
        NotTried: it brings no papers, so that there is nothing to lose.
    """
    with _serving(Replay(subject)) as server:
        run = _run(server).ask(subject.make(), subject.request, subject.pages)
    if not run.keys or run.error is not None:
        raise NotTried("the recording gives no papers, or an error")
    return run


def _again(subject: Subject) -> str:
    _whole(subject)
    with _serving(Replay(subject)) as server:
        run = _run(server)
        first = set(run.ask(subject.make(), subject.request, subject.pages).keys)
        new = set(run.ask(subject.make(), subject.request, subject.pages).keys) - first
    if new:
        raise Broken(f"the second run brings papers that the first did not: {new.pop()!r}")
    return "nothing new"


def _waits_a_little(subject: Subject) -> str:
    known = set(_whole(subject).keys)
    replay, asked = Replay(subject), [0]

    def busy_at_first(seen: Seen) -> Reply:
        asked[0] += 1
        return Reply(status=503, headers={"Retry-After": "5"}) if asked[0] == 1 else replay(seen)

    with _serving(busy_at_first) as server:
        run = _run(server).ask(subject.make(), subject.request, subject.pages)
    if set(run.keys) != known:
        raise Broken(f"a provider that was busy for 5 s gives {len(set(run.keys))} of {len(known)} papers: {run.error}")
    return "waited 5 s, then read all"


def _fails_midway(subject: Subject) -> str:
    known = set(_whole(subject).keys)
    replay, asked = Replay(subject), [0]

    def fails_later(seen: Seen) -> Reply:
        asked[0] += 1
        return Reply(status=500) if asked[0] > 1 else replay(seen)

    with _serving(fails_later) as server:
        run = _run(server).ask(subject.make(), subject.request, subject.pages)
        if asked[0] == 1:
            raise NotTried("it asks only once")
        if run.error is None:
            raise Broken("the second answer was 500, and nobody is told")
        kept = set(run.keys)
        server.otherwise(Replay(subject))
        missing = known - kept - set(run.ask(subject.make(), subject.request, subject.pages).keys)
    if missing:
        raise Broken(f"what failed is not read by the next run: {missing.pop()!r}")
    return f"{len(kept)} kept, the rest the next time"


def _dies_midway(subject: Subject) -> str:
    whole = _whole(subject)
    if len(whole.pages) < 2:
        raise NotTried("all came in one page")
    for page in range(1, min(len(whole.pages), 4)):
        with _serving(Replay(subject)) as server:
            run = _run(server).ask(subject.make(), subject.request, crash_after=page)
            kept = set(run.keys)
        with _serving(Replay(subject)) as server:
            run.via = server.url
            missing = set(whole.keys) - kept - set(run.ask(subject.make(), subject.request, subject.pages).keys)
        if missing:
            raise Broken(f"after a crash behind page {page} the next run misses {missing.pop()!r}")
    return "nothing lost"


def _half_an_answer(subject: Subject) -> str:
    known = set(_whole(subject).keys)
    replay = Replay(subject)

    def halves(seen: Seen) -> Reply:
        reply = replay(seen)
        return Reply(status=reply.status, body=reply.body[: len(reply.body) * 3 // 5], content_type=reply.content_type)

    with _serving(halves) as server:
        run = _run(server).ask(subject.make(), subject.request, subject.pages)
        said = _told(run, server)
        if strange := set(run.keys) - known:
            raise Broken(f"three fifths of an answer give a paper that the whole has not: {strange.pop()!r}")
        server.otherwise(Replay(subject))
        missing = known - set(run.keys) - set(run.ask(subject.make(), subject.request, subject.pages).keys)
    if missing:
        raise Broken(f"what was cut off is not read by the next run: {missing.pop()!r}")
    return said


def _same_page_for_ever(subject: Subject) -> str:
    bodies = [one for one in subject.answers if one.status == 200 and one.whole and one.body]
    if not bodies:
        raise NotTried("nothing is recorded: digest sources record NAME")
    most = 0
    for body in bodies[:3]:

        def again(seen: Seen, body: Recorded = body) -> Reply:
            if len(server.requests) > MOST_REQUESTS:
                return Reply(status=403)
            return Reply(body=body.body, content_type=body.header("content-type"))

        with _serving(again) as server:
            _run(server).ask(subject.make(), subject.request, subject.pages)
            most = max(most, len(server.requests))
        if most > MOST_REQUESTS:
            raise Broken(f"it asked {MOST_REQUESTS} times and got the same page each time")
    return f"{most} requests, then it stopped"


def _odd_cursor(subject: Subject) -> str:
    whole = _whole(subject)
    for cursor in ({"done": 7, "start": -1}, {"x": [None]}, dict.fromkeys(whole.cursor, "\0")):
        with _serving(Replay(subject)) as server:
            run = _run(server)
            run.cursor = cursor
            run.ask(subject.make(), subject.request, subject.pages)
    return "garbage in it counts as not said"


PROMISES = (
    Promise(name="replay", says="The recorded answers are read to their end", check=_replays),
    Promise(name="again", says="A second run brings nothing new", check=_again),
    Promise(name="half", says="Half an answer is told, and read again", check=_half_an_answer),
    Promise(name="breakdown", says="What fails midway is told, and read again", check=_fails_midway),
    Promise(name="crash", says="A crash between two pages loses nothing", check=_dies_midway),
    Promise(name="cursor", says="An odd cursor does no harm", check=_odd_cursor),
    Promise(name="circles", says="The same page again and again ends", check=_same_page_for_ever),
    Promise(name="busy", says="A short Retry-After is waited out", check=_waits_a_little),
    *(Promise(name=fault.name, says=fault.says, check=_survives(fault)) for fault in FAULTS),
)
