"""A language model's sentences, from a loopback stand-in to the mail: kept, refused, late, broken, paid for once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from digest.app import App
from digest.editions.recipe import part_text
from digest.sources.contract.server import HttpServer, Reply
from digest.store.written import WritingDay
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry
from tests.support.models import PATH, asked_about, content, model_server, said

MORNING = dt.datetime(2026, 5, 20, 8, 0, tzinfo=dt.UTC)  # a Wednesday, 10:00 in Berlin
READER = """\
email: {name}@uni.example
timezone: Europe/Berlin
send: 09:00
frequency: daily
papers: 3
explore: false
lanes: [{{name: Attention, phrases: [sparse attention]}}]
"""
ABSTRACT = "We present {word} attention, a sparse kernel. It reduces memory by 4.2% on 12 tasks without retraining."
TRUE = "The sparse kernel reduces memory by 4.2% on 12 tasks without retraining."
LIE = "The sparse kernel reduces memory by 42% on 12 tasks without retraining."
LABEL = "(TLDR by small-model)"


def papers(*words: str) -> FakeSource:
    entries = [
        arxiv_entry(
            f"2605.0000{number}", f"{word} sparse attention", abstract=ABSTRACT.format(word=word), authors=[f"{word} A"]
        )
        for number, word in enumerate(words, start=1)
    ]
    return FakeSource("arxiv", page_of(*entries))


class Office:
    """An App whose model is a script, with some readers who all get the same papers."""

    def __init__(self, folder: Path, server: HttpServer, *words: str, readers: int = 1, more: str = "") -> None:
        llm = f"summaries: {{llm: {{url: '{server.url}/v1', model: small-model, concurrency: 1{more}}}}}"
        names = [f"reader{number}" for number in range(readers)]
        self.folder, self.clock, self.server = folder, Hands(MORNING), server
        texts = {name: READER.format(name=name) for name in names}
        self.app: App = make_app(folder, self.clock, readers=texts, sources=[papers(*words)], more=llm)
        self.app.reread()
        self.app.ingest()

    def mails(self) -> list[str]:
        """What a pass sends, each mail's text folded."""
        self.app.tick()
        read = (mail.read_bytes().replace(b"=\r\n", b"").decode() for mail in self.folder.rglob("*.eml"))
        return [" ".join(text.split()) for text in read]

    @property
    def day(self) -> WritingDay:
        return self.app.rooms.written.days("small-model", since=MORNING.date())[0]


@pytest.fixture
def office(tmp_path: Path) -> Callable[..., Office]:
    return lambda server, *words, **more: Office(tmp_path, server, *words, **more)


def test_a_true_sentence_stands_in_every_mail_with_its_maker_and_is_asked_for_once(
    office: Callable[..., Office],
) -> None:
    """Three readers, one question; the preview shows the same without asking."""
    with model_server(lambda seen: said(TRUE)) as server:
        desk = office(server, "Blocked", readers=3)
        mails = desk.mails()
        assert len(mails) == 3
        assert all(f"{TRUE} {LABEL}" in mail for mail in mails)
        (asked,) = server.asked(PATH)
        assert "Blocked sparse attention" in asked_about(asked)
        assert (desk.day.asked, desk.day.kept) == (1, 1)
        shown = desk.app.preview("reader0")
        assert TRUE in " ".join(part_text(shown.recipe, shown.fragments).split())
        assert len(server.asked(PATH)) == 1
        desk.app.close()


def test_a_preview_asks_nothing(office: Callable[..., Office]) -> None:
    """It shows the abstract's own sentence until a mail has been built."""
    with model_server(lambda seen: said(TRUE)) as server:
        desk = office(server, "Blocked")
        shown = desk.app.preview("reader0")
        assert "4.2%" in part_text(shown.recipe, shown.fragments)
        assert server.asked(PATH) == []
        desk.app.close()


def test_what_the_abstract_does_not_say_never_goes_out_and_is_not_paid_for_twice(
    office: Callable[..., Office],
) -> None:
    """The abstract's own sentence stands there instead; the refusal is counted and kept."""
    with model_server(lambda seen: said(LIE)) as server:
        desk = office(server, "Blocked")
        (mail,) = desk.mails()
        assert "42%" not in mail
        assert LABEL not in mail
        assert "4.2%" in mail
        assert (desk.day.asked, desk.day.refused, desk.day.kept) == (1, 1, 0)
        writer = desk.app.writer()
        assert writer is not None
        writer.write(desk.app.rooms.papers.get([1]).values())
        assert len(server.asked(PATH)) == 1
        desk.app.close()


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (content("Sure! Here you are."), "form that was asked for"),
        (Reply(body=b"\x00\xff" * 50), "form that was asked for"),
        (Reply(status=500, body=b"oops"), "500"),
        (Reply(status=401, body=b'{"error": "bad key"}'), "401"),
        (Reply(body=b"x" * 1_500_000), "more than 1 MB"),
        (Reply(endless=True), "more than 1 MB"),
        (Reply(gzip_bomb_mb=20), "more than 1 MB"),
        (Reply(drop=True), "broke off"),
        (Reply(status=302, headers={"Location": "https://elsewhere.example/"}), "elsewhere.example"),
    ],
)
def test_a_broken_model_stops_no_mail(office: Callable[..., Office], reply: Reply, failure: str) -> None:
    """Whatever it does, the mail goes out with the abstract's own sentence, and the books say what happened."""
    with model_server(lambda seen: reply) as server:
        desk = office(server, "Blocked")
        (mail,) = desk.mails()
        assert "4.2%" in mail
        assert LABEL not in mail
        assert (desk.day.failed, desk.day.kept) == (1, 0)
        assert failure in desk.day.failure
        desk.app.close()


def test_a_slow_model_costs_a_pass_no_more_than_its_patience(office: Callable[..., Office]) -> None:
    """Nobody waits for an answer that does not come; those that were not asked stay in the budget."""
    with model_server(lambda seen: Reply(hang=True)) as server:
        desk = office(server, "Blocked", "Hashed", "Learnt", more=", timeout: 30s, patience: 1s")
        (mail,) = desk.mails()
        assert LABEL not in mail
        assert (desk.day.asked, desk.day.failed) == (1, 1)
        assert "patience" in desk.day.failure
        desk.app.close()


def test_after_three_failures_the_model_is_left_alone_for_a_while(office: Callable[..., Office]) -> None:
    """The circuit opens in the middle of a pass, over restarts, and closes after a quarter of an hour."""
    with model_server(lambda seen: Reply(status=500)) as server:
        desk = office(server, "Blocked", "Hashed", "Learnt", "Routed")
        known = list(desk.app.rooms.papers.get(range(1, 5)).values())
        for _ in range(2):
            writer = desk.app.writer()
            assert writer is not None
            writer.write(known)
        assert len(server.asked(PATH)) == 3
        assert desk.day.rests_until == MORNING + dt.timedelta(minutes=15)
        assert desk.day.asked == 3
        desk.clock.now += dt.timedelta(minutes=16)
        server.answer(PATH, lambda seen: said(TRUE))
        writer = desk.app.writer()
        assert writer is not None
        writer.write(known)
        assert len(server.asked(PATH)) == 7
        after = desk.day
        assert after.kept == 4
        assert after.rests_until is None
        desk.app.close()


def test_a_throttling_model_is_asked_again_when_it_says(office: Callable[..., Office]) -> None:
    """One 429 is enough, and its Retry-After counts."""
    with model_server(lambda seen: Reply(status=429, headers={"Retry-After": "120"})) as server:
        desk = office(server, "Blocked", "Hashed")
        desk.mails()
        assert len(server.asked(PATH)) == 1
        assert desk.day.rests_until == MORNING + dt.timedelta(minutes=2)
        desk.app.close()


def test_a_day_has_its_budget(office: Callable[..., Office]) -> None:
    """Beyond it nothing is asked until the next day (UTC), not even by another pass."""
    with model_server(lambda seen: said(TRUE)) as server:
        desk = office(server, "Blocked", "Hashed", "Learnt", more=", budget: 2/day")
        known = list(desk.app.rooms.papers.get(range(1, 4)).values())
        for day, asked in ((0, 2), (0, 2), (1, 3)):
            desk.clock.now = MORNING + dt.timedelta(days=day)
            writer = desk.app.writer()
            assert writer is not None
            writer.write(known)
            assert len(server.asked(PATH)) == asked
        desk.app.close()


def test_another_version_or_prompt_is_asked_about_again(office: Callable[..., Office]) -> None:
    """What was written about other words is not shown."""
    with model_server(lambda seen: said(TRUE)) as server:
        desk = office(server, "Blocked")
        desk.mails()
        prompts = desk.folder / "templates" / "prompts"
        prompts.mkdir(parents=True)
        (prompts / "system.txt.j2").write_text("Be short.")
        del desk.app.__dict__["prompts"]
        writer = desk.app.writer()
        assert writer is not None
        writer.write(desk.app.rooms.papers.get([1]).values())
        assert len(server.asked(PATH)) == 2
        desk.app.close()


def test_nothing_is_asked_for_by_default(tmp_path: Path) -> None:
    """Without the section there is no writer."""
    app = make_app(tmp_path, Hands(MORNING), readers={})
    assert app.writer() is None
    app.close()


def test_the_key_is_sent_as_a_bearer_token(tmp_path: Path) -> None:
    """In the header, and nowhere else."""
    (tmp_path / "key").write_text("s3cret\n")
    with model_server(lambda seen: said(TRUE)) as server:
        desk = Office(tmp_path, server, "Blocked", more=", key: {file: key}")
        desk.mails()
        (asked,) = server.asked(PATH)
        assert asked.headers["authorization"] == "Bearer s3cret"
        assert b"s3cret" not in asked.body
        desk.app.close()
