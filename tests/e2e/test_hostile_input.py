"""What strangers send: broken and malicious documents, titles that want to be markup, servers at their worst."""

from __future__ import annotations

import gzip
import re
import time
import unicodedata
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import html

from digest.sources.contract.server import HttpServer, Reply
from tests.support.smtp_server import closed_port
from tests.support.wire import feed, feed_item, rss
from tests.support.world import SUBJECTS, Ran, World, html_of, paper, text_of

pytestmark = pytest.mark.slow

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><rss><channel><item><title>&i;</title></item></channel></rss>"
).encode()
"""Billion laughs: a gigabyte in a kilobyte."""
EXTERNAL = (
    b'<!DOCTYPE rss [<!ENTITY x SYSTEM "secret.txt">]><rss><channel><item><title>&x;</title>'
    b"<link>https://x.example/1</link></item></channel></rss>"
)


def dry_run(world: World, data: bytes, form: str = "arxiv-rss", *, name: str = "feed.xml") -> Ran:
    (world.folder / name).write_bytes(data)
    return world.digest("ingest", "--from", name, "--format", form, "--dry-run", "--json", timeout_s=20)


# ── documents ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_document_that_breaks_off(tmp_path: Path) -> None:
    """Every complete item before the break is read, the torn one is rejected, and the count is not believed."""
    with World(tmp_path) as world:
        whole = rss(*(paper(number) for number in range(1, 6)))
        ran = dry_run(world, whole[: whole.index(b"2608.00004") + 200])
        assert ran.code == 0, ran
        told = ran.object()
        assert (told["announced"], told["read"]) == (None, 3)
        assert told["rejected"] == [
            {
                "id": "https://arxiv.org/abs/2608.00004",
                "reason": "cut off: the answer breaks off in the middle of this item",
            }
        ]
        assert not (world.folder / "digest.db").exists(), "a dry run stores nothing"


@pytest.mark.parametrize(
    ("form", "data", "words"),
    [
        ("arxiv-rss", BOMB, "declares entities"),
        (
            "feed",
            EXTERNAL,
            "declares entities",
        ),
        ("arxiv-rss", b"", "empty"),
        ("hf-daily", b'[{"paper": ', "not JSON"),
        ("feed", gzip.compress(feed(feed_item()) * 50)[:-30], "damaged"),
        ("jsonl", gzip.compress(bytes(250_000_000), 1), "more than 200 MB"),
    ],
    ids=["entity-bomb", "external-entity", "empty", "half-json", "half-gzip", "gzip-bomb"],
)
def test_documents_refused_as_a_whole(tmp_path: Path, form: str, data: bytes, words: str) -> None:
    """Exit code 1, a line that names the file and what is wrong, and the JSON object that a script waits for."""
    with World(tmp_path) as world:
        (world.folder / "secret.txt").write_text("hunter2")
        started = time.monotonic()
        ran = dry_run(world, data, form)
        assert time.monotonic() - started < 15
        assert ran.code == 1, ran
        assert ran.err.startswith("digest: feed.xml: ")
        assert ran.err.count("\n") == 1
        told = ran.object()
        assert (told["announced"], told["read"]) == (None, 0)
        (rejected,) = _rejected(told)
        assert words in rejected["reason"]
        assert "hunter2" not in ran.out + ran.err


def test_wrong_encodings_and_sizes(tmp_path: Path) -> None:
    """Latin-1 that says UTF-8 is read, a title of 10 MB is rejected by its id, and a NUL harms nobody."""
    with World(tmp_path) as world:
        latin = paper(1, title="Schrödinger’s café").encode("cp1252").decode("latin-1")
        document = rss(latin, paper(2, title="A" * 10_000_000), paper(3, title="nul\0l")).decode().encode("latin-1")
        ran = dry_run(world, document)
        assert ran.code == 0, ran
        assert ran.object() == {
            "announced": 3,
            "read": 2,
            "rejected": [{"id": "oai:arXiv.org:2608.00002", "reason": "title longer than 2,000 characters"}],
            "withdrawn": [],
        }
        stored = world.digest("ingest", "--from", "feed.xml", "--format", "arxiv-rss")
        assert stored.code == 0, stored
        titles = {str(title) for (title,) in world.rows("SELECT title FROM papers")}
        assert titles == {"Schrödinger’s café", "nul l"}


def test_wrong_usage_is_told_apart(tmp_path: Path) -> None:
    """No such file, no format, an unknown source: exit code 2."""
    with World(tmp_path) as world:
        for args in (
            ("ingest", "--from", "nonesuch.xml", "--format", "feed"),
            ("ingest", "--from", "nonesuch.xml"),
            ("ingest", "--source", "nonesuch"),
            ("ingest", "--from", "subscribers", "--format", "feed"),
        ):
            ran = world.digest(*args)
            assert ran.code == 2, ran
            assert "Error: " in ran.err


def _rejected(told: dict[str, object]) -> list[dict[str, str]]:
    rejected = told["rejected"]
    assert isinstance(rejected, list)
    return rejected


# ── titles, all the way into the mail ───────────────────────────────────────────────────────────────────────

HOSTILE = (
    "<script>alert(1)</script>Sparse attention one",
    "Sparse attention two --> <!-- <svg/onload=alert(2)>",
    'Sparse attention three"><img src=x onerror=alert(3) <a href="javascript:alert(3)" ',
    "Sparse attention four @CRLF@Bcc: victim@uni.example@CRLF@@CRLF@body",
    "Sparse attention five \u202egpj.exe\u202c \u2066x\u2069 \u200f\x00\x1b[31m",
    "=?utf-8?q?=0D=0ABcc:_x@y.example?= Sparse attention six {{ 7 * 7 }} {% raw %} ${7*7} %s",
    "Sparse attention seven [if mso]><xml><![endif] ]]> &amp;lt;script&amp;gt;",
    ".",
    "Sparse attention eight\n.\nQUIT",
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A mail made of hostile papers, received; one reader for each title, so that each is in a subject once."""
    with World(tmp_path_factory.mktemp("hostile")) as world:
        items = [
            paper(
                number,
                title=title,
                abstract=f"{SUBJECTS[number][1]} {title} is measured on benchmark {number}, which is new.",
                authors=f"Eve\u202e <b>{number}</b>@CRLF@X-Evil: 1, Mallory --> <script>",
            ).replace("@CRLF@", "&#13;&#10;")
            for number, title in enumerate(HOSTILE, start=1)
        ]
        world.announce("cs.LG", *items)
        world.reader("ada", papers=20)
        for number in range(1, len(HOSTILE) + 1):
            lane = {"name": f"<b>Lane</b> {number}", "phrases": [f"benchmark {number}"], "categories": ["cs.LG"]}
            world.reader(f"r{number}", papers=1, lanes=[lane])
        ran = world.digest("run")
        assert ran.code == 0, ran
        assert "\x1b" not in ran.out
        return world


def test_hostile_titles_inject_no_header(hostile: World) -> None:
    """Each mail has the headers we wrote, each on clean lines, to one recipient."""
    assert len(hostile.smtp.ledger()) >= 5
    for raw, mail, taken in zip(hostile.smtp.messages, hostile.mails(), hostile.smtp.ledger(), strict=True):
        head = raw.partition(b"\r\n\r\n")[0]
        names = {line.partition(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))}
        assert names <= {
            "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Precedence", "List-Unsubscribe",
            "MIME-Version", "Content-Type", "Content-Language", "Reply-To", "Feedback-ID", "List-Id",
        }  # fmt: skip
        assert not mail.defects
        assert [address.addr_spec for address in mail["To"].addresses] == [taken.recipient]
        assert not _unseemly(str(mail["Subject"]))
        assert max(len(line) for line in raw.split(b"\r\n")) <= 998
        assert raw.isascii()
    # An encoded word in a title is a reader's to see, not a mail program's to decode.
    assert any("=?utf-8?q?" in str(mail["Subject"]) for mail in hostile.mails())


def test_hostile_titles_are_text_in_the_html(hostile: World) -> None:
    """No element, attribute or address of theirs is alive, and each title can be read."""
    (ada,) = (mail for mail in hostile.mails() if mail["To"].addresses[0].addr_spec == "ada@uni.example")
    page = html.document_fromstring(html_of(ada))
    elements = {str(element.tag) for element in page.iter() if isinstance(element.tag, str)}
    assert elements <= {
        "html", "head", "title", "meta", "style", "body", "div", "table", "tbody", "tr", "td", "p", "a", "b", "span",
        "h1", "h2", "h3", "ul", "li", "hr", "br", "strong", "em",
    }, "no element but ours"  # fmt: skip
    assert page.xpath("//@*[starts-with(name(), 'on')]") == []
    assert {urlsplit(link).scheme for link in page.xpath("//@href | //@src")} <= {"https", "mailto"}
    assert {urlsplit(link).hostname for link in page.xpath("//@href") if link.startswith("https")} <= {"arxiv.org"}
    shown = " ".join(page.text_content().split())
    for words in ("one", "two", 'three"><img src=x onerror=alert(3)', "four", "five", "six", "eight . QUIT"):
        assert f"Sparse attention {words}" in shown
        assert f"Sparse attention {words}" in " ".join(text_of(ada).split())
    assert "49" not in shown
    assert not _unseemly(shown)
    assert not _unseemly(text_of(ada))


def test_hostile_lane_names_are_text_too(hostile: World) -> None:
    """A lane is named by the reader's file, which may be somebody else's."""
    for mail in hostile.mails():
        if mail["To"].addresses[0].addr_spec != "ada@uni.example":
            assert "<b>Lane</b>" not in html_of(mail)
            assert "<b>Lane</b>" in text_of(mail)


def _unseemly(text: str) -> list[str]:
    """Control characters and direction overrides."""
    controls = [char for char in text if char != "\n" and unicodedata.category(char) in {"Cc", "Cs"}]
    return controls + re.findall("[\u202a-\u202e\u2066-\u2069\u200e\u200f]", text)


# ── servers at their worst ──────────────────────────────────────────────────────────────────────────────────

FAULTS: dict[str, tuple[Reply, ...]] = {
    "hang": (Reply(hang=True),),
    "error": (Reply(status=500),),
    "circle": (),
    "endless": (Reply(endless=True),),
    "bomb": (Reply(gzip_bomb_mb=20),),
    "busy": (Reply(status=429, headers={"Retry-After": "1"}), Reply(body=feed(feed_item(1)))),
    "closed": (Reply(status=429, headers={"Retry-After": "7200"}),),
    "cut": (
        Reply(
            body=feed(*(feed_item(number, link=f"https://x.example/{number}") for number in range(99))),
            truncate_to=2_000,
        ),
    ),
    "page": (Reply(body=b"<html><body>We have moved.</body></html>"),),
    "good": (Reply(body=feed(feed_item(2, link="https://lab.example/post/2"))),),
}
TOLD = {
    "hang": "did not answer within 1 s",
    "error": "said 500 (Internal Server Error)",
    "circle": "redirects in circles",
    "endless": "sent more than 0.5 MB",
    "bomb": "sent more than 0.5 MB",
    "closed": "said 429 and asks for 2 h",
    "cut": "broke off in the middle",
    "page": "sent a web page, not a feed",
    "nobody": "could not be reached",
}


def test_every_fault_at_once(tmp_path: Path) -> None:
    """Each source fails for itself and says how; the others are read; the mail has a line for each; waits are kept."""
    with World(tmp_path) as world, ExitStack() as stack:
        servers = {}
        for number, (name, replies) in enumerate(FAULTS.items(), start=2):
            # Another address each: a client that is polite to one host would serve them one after the other.
            server = servers[name] = stack.enter_context(HttpServer(f"127.0.0.{number}"))
            server.serve("/feed", *(replies or [Reply(status=302, headers={"Location": f"{server.url}/feed"})]))
        urls = {name: server.url for name, server in servers.items()}
        urls["nobody"] = f"http://127.0.0.99:{stack.enter_context(closed_port())}"
        names = {name: f"feed:{urlsplit(url).netloc}" for name, url in urls.items()}
        world.sources |= {"timeout": "1s", "max_bytes": 500_000, "feeds": [f"{url}/feed" for url in urls.values()]}
        world.configure()
        world.announce("cs.LG", *(paper(number) for number in range(8, 13)))
        world.reader("ada")

        started = time.monotonic()
        ran = world.digest("ingest", "--json")
        assert time.monotonic() - started < 30
        assert ran.code == 0, ran
        assert ran.err == "", "a failed source is a line in the table, not noise"
        reports = ran.json()
        assert isinstance(reports, list)
        by_name = {report["source"]: report for report in reports}
        for name, words in TOLD.items():
            report = by_name[names[name]]
            assert report["status"] == ("waiting" if name == "closed" else "failed"), report
            assert words in report["error"]
        for source in ("arxiv", names["busy"], names["good"]):
            assert by_name[source]["status"] == "ok"
            assert by_name[source]["new"] > 0

        again = world.digest("ingest", "--source", names["closed"])
        assert again.code == 1, "nothing could be read at all"
        assert "asked to be left alone; next try in 2 h" in again.out
        assert len(servers["closed"].requests) == 1, "a request to wait holds for the next process, too"

        sent = world.digest("run", "--no-ingest")
        assert sent.code == 0, sent
        (mail,) = world.mails()
        text = " ".join(text_of(mail).split())
        shown = " ".join(html.document_fromstring(html_of(mail)).text_content().split())
        told = {name: "asked to be left alone" if name == "closed" else words for name, words in TOLD.items()}
        lines = {f"⚠ {urlsplit(urls[name]).hostname} {said}" for name, said in told.items()}
        named = {line for line in lines if line in text and line in shown}
        assert len(named) == 8, "as many as a footer can hold"
        assert f"⚠ {len(lines) - len(named)} more in trouble" in text
        assert "✓ 4 sources read" in text


def test_one_category_failing_does_not_stop_the_other(tmp_path: Path) -> None:
    """arXiv's feeds are asked one by one; what comes is kept, and the exit code is 1 only if nothing came at all."""
    with World(tmp_path) as world:
        world.sources |= {"timeout": "1s"}
        world.configure()
        world.announce("cs.LG", paper(10))
        world.web.serve("/rss/cs.CL", Reply(body=BOMB))
        world.web.serve("/api/daily_papers", Reply(status=503))
        world.reader("ada", lanes=[{"phrases": ["sparse attention"], "categories": ["cs.CL", "cs.LG"]}])
        ran = world.digest("run")
        assert ran.code == 0, ran
        assert "declares entities" in ran.out
        assert "(cs.CL)" in ran.out
        text = " ".join(text_of(world.mails()[0]).split())
        assert "Sparse attention at four bits" in text
        assert "declares entities" in text
        assert "Hugging Face said 503" in text
        world.web.serve("/rss/cs.LG", Reply(status=500))
        assert world.digest("ingest").code == 1
