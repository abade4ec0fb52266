"""`digest demo` as somebody meets it who has just installed the program: run twice, and what it leaves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.support.world import Ran, environment, html_of, parsed, run_digest, text_of

pytestmark = pytest.mark.slow

DAY = "2026-05-25"
READERS = {
    "ada": ("ada@lab.example", "Europe/Berlin", "13:00", 8),
    "grace": ("grace@clinic.example", "America/New_York", "07:30", 6),
    "hideki": ("hideki@studio.example", "Asia/Tokyo", "19:00", 6),
}
"""Address, zone, local time of the mail, papers."""


@dataclass(frozen=True)
class Demo:
    folder: Path
    ran: Ran

    def digest(self, *args: str) -> Ran:
        """A command on what the demo left, from an unrelated folder."""
        elsewhere = self.folder.parent
        return run_digest(
            *args,
            "--config",
            str(self.folder / "config.yaml"),
            cwd=elsewhere,
            env=environment(elsewhere / "network-attempts"),
        )

    def raw(self, reader: str) -> bytes:
        return (self.folder / "mails" / f"{reader}.eml").read_bytes()

    def mail(self, reader: str) -> EmailMessage:
        return parsed(self.raw(reader))

    def papers(self, reader: str) -> list[str]:
        """arXiv ids of the picks, in order, from the text part."""
        picked = text_of(self.mail(reader)).partition("── Just missed")[0]
        return re.findall(r"^https://arxiv\.org/abs/(\S+)$", picked, re.MULTILINE)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, run with every way out of this machine shut."""
    elsewhere = tmp_path_factory.mktemp("demo")
    ran = run_digest("demo", "--dir", "out", cwd=elsewhere, env=environment(elsewhere / "network-attempts"))
    yield Demo(elsewhere / "out", ran)
    assert not (elsewhere / "network-attempts").exists(), "the demo asked beyond this machine"


def without_token(mail: EmailMessage) -> str:
    """The words of a mail but for the proof in its way out: every database has a key of its own."""
    return re.sub(r"unsubscribe%201\.[\w.-]+", "unsubscribe", text_of(mail))


def test_ends_well_and_says_what_happened_also_the_second_time(demo: Demo) -> None:
    """Exit code 0, tables of sources and mails, an idle last pass; a second run in the folder gives the same mails."""
    before = {reader: without_token(demo.mail(reader)) for reader in READERS}
    elsewhere = demo.folder.parent
    second = run_digest("demo", "--dir", "out", cwd=elsewhere, env=environment(elsewhere / "network-attempts"))
    for ran in (demo.ran, second):
        assert ran.code == 0, ran
        assert ran.err == ""
        assert "72 papers in the store" in ran.out
        assert "nobody is due, nothing is sent" in ran.out
        for reader, (_, zone, at, _) in READERS.items():
            assert re.search(rf"{reader} +Mon {at} {zone}", ran.out), ran
    assert {reader: without_token(demo.mail(reader)) for reader in READERS} == before


def test_one_mail_for_each_reader_at_their_own_time(demo: Demo) -> None:
    """The right address, a date that is the send time in the reader's zone, and as many papers as asked for."""
    assert sorted(path.name for path in (demo.folder / "mails").glob("*.eml")) == [f"{name}.eml" for name in READERS]
    for reader, (address, zone, at, papers) in READERS.items():
        mail = demo.mail(reader)
        assert mail["To"].addresses[0].addr_spec == address
        local = parsedate_to_datetime(mail["Date"]).astimezone(ZoneInfo(zone))
        assert f"{local:%Y-%m-%d %H:%M}" == f"{DAY} {at}"
        assert len(demo.papers(reader)) == papers


def test_no_paper_twice_in_a_mail(demo: Demo) -> None:
    """Whatever names a paper has, a reader sees it once."""
    for reader in READERS:
        papers = demo.papers(reader)
        assert len(papers) == len(set(papers))
        titles = re.findall(r'<a href="https://arxiv.org/abs/[^"]+"[^>]*>([^<]+)</a>', html_of(demo.mail(reader)))
        assert len(titles) == len(set(titles))


def test_headers_of_a_personal_mailing_list(demo: Demo) -> None:
    """Well-formed to Python's own parser, unsubscribe by mail, no web links of ours, and a subject with a paper."""
    for reader in READERS:
        mail = demo.mail(reader)
        assert not mail.defects
        assert [part.defects for part in mail.walk()] == [[], [], []]
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        leaving = r"<mailto:papers@digest\.example\?subject=unsubscribe%201\.[\w-]+\.[\w-]+>"
        assert re.fullmatch(leaving, mail["List-Unsubscribe"]), "with a token that nobody else can make"
        assert mail["List-Unsubscribe-Post"] is None
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["Precedence"] == "bulk"
        subject = str(mail["Subject"])
        assert re.fullmatch(r".+, and \d more · 25 May", subject)
        assert subject.partition("…")[0].partition(",")[0] in text_of(mail)
        assert len(demo.raw(reader)) < 102_400, "Gmail clips longer ones"


def test_the_three_mails_differ(demo: Demo) -> None:
    """Ranked for each: what a biologist gets is not what somebody with language models gets."""
    ada, grace = set(demo.papers("ada")), set(demo.papers("grace"))
    assert len(ada & grace) <= 1
    assert "Why:" in text_of(demo.mail("ada"))


def test_a_sent_day_is_replayed_byte_for_byte(demo: Demo) -> None:
    """`preview --date` gives what arrived, to the byte."""
    shown = demo.digest("preview", "ada", "--date", DAY, "--format", "eml")
    assert shown.code == 0, shown
    assert "replayed" in shown.err
    assert shown.raw == demo.raw("ada")


def test_why_explains_a_pick(demo: Demo) -> None:
    """The parts sum to the score, and the demo's own hint leads there."""
    hint = re.search(r"Ask why: +digest (why .+) --config", demo.ran.out)
    assert hint is not None
    shown = demo.digest(*hint[1].split())
    assert "number 1 in ada's mail" in shown.out, shown
    told = demo.digest(*hint[1].split(), "--json").object()
    parts = told["parts"]
    assert isinstance(parts, list)
    assert len(parts) >= 2
    assert told["score"] == pytest.approx(sum(part["value"] for part in parts), abs=1e-9)
    assert told["paper"] == demo.papers("ada")[0]
    assert told["position"] == 1
    assert str(told["reason"]) in " ".join(text_of(demo.mail("ada")).split())


def test_why_says_what_would_have_let_a_paper_in(demo: Demo) -> None:
    """A paper that another reader got is not in this one's mail, for a reason with a remedy."""
    paper = next(paper for paper in demo.papers("grace") if paper not in demo.papers("ada"))
    told = demo.digest("why", "ada", paper, "--date", DAY, "--json").object()
    assert told["position"] is None
    decisions = told["decisions"]
    assert isinstance(decisions, list)
    assert decisions
    assert all(decision["detail"] for decision in decisions), json.dumps(told)
    assert any(decision["remedy"] for decision in decisions), json.dumps(told)
