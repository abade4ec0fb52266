"""From a mail's links and a reader's reply to the next ranking, and back again by undo."""

from __future__ import annotations

import datetime as dt
import email
import json
import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner

from digest.app import App
from digest.cli.feedback import command
from digest.errors import NotFound
from digest.feedback import Verb
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry

MORNING = dt.datetime(2026, 5, 20, 8, 0, tzinfo=dt.UTC)
ADA = """\
email: ada@uni.example
timezone: Europe/Berlin
send: 09:00
frequency: daily
papers: 2
explore: false
lanes: [{name: Learning, categories: [cs.LG]}]
"""
ROBOTS = [
    arxiv_entry(
        f"2605.0000{n}",
        f"Dexterous robot grasping of {thing}",
        abstract=f"A robot arm with tactile fingers picks up {thing} from clutter.",
        authors=[f"Robert {thing.title()}"],
    )
    for n, thing in enumerate(("mugs", "fish", "garlic"), start=1)
]
PROTEINS = [
    arxiv_entry(
        f"2605.0001{n}",
        f"Protein structure prediction for {thing}",
        abstract=f"A network folds {thing} from amino acid sequences alone.",
        authors=[f"Petra {thing.title()}"],
    )
    for n, thing in enumerate(("kinases", "antibodies", "toxins"), start=1)
]


@pytest.fixture
def clock() -> Hands:
    return Hands(MORNING)


@pytest.fixture
def app(tmp_path: Path, clock: Hands) -> Iterator[App]:
    """One mail has gone out (as a trial); its links can be answered by mail."""
    sources = [FakeSource("arxiv", page_of(*ROBOTS, *PROTEINS))]
    app = make_app(tmp_path, clock, readers={"ada": ADA}, sources=sources, more="feedback: {by_mail: true}")
    app.reread()
    app.ingest()
    assert app.tick().accepted == 1
    yield app
    app.close()


def sent(folder: Path) -> EmailMessage:
    (path,) = (folder / "outbox").rglob("*.eml")
    return email.message_from_bytes(path.read_bytes(), policy=policy.default)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def answer(subject: str = "Re: your papers", body: str = "", *, sender: str = "ada@uni.example", to: str = "") -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = sender, subject
    if to:
        message["In-Reply-To"] = to
    message.set_content(body)
    return message.as_bytes()


def titles(app: App) -> list[str]:
    shown = app.preview("ada", date=(app.clock() + dt.timedelta(days=1)).date())
    assert shown.selection is not None
    return [shown.papers[pick.paper_id].title for pick in shown.selection.picks]


def test_a_link_in_the_mail_changes_the_next_one(app: App, tmp_path: Path) -> None:
    """The card's own link, from any address: its token is the proof. Undone, all is as before."""
    message = sent(tmp_path)
    subjects = [unquote(s) for s in re.findall(r"mailto:[^?]+\?subject=(less[^\"]+)", part(message, "html"))]
    assert len(subjects) == 2, "one for each card"
    before = titles(app)
    taken = app.take_answer(answer(subjects[0], sender="ada.phone@home.example"))
    assert (taken.reader, taken.refused) == ("ada", "")
    assert [said.verb for said in taken.noted] == [Verb.LESS]
    first = app.rooms.papers.get([taken.noted[0].paper_id or 0]).popitem()[1].title
    kind = first.split()[0]
    assert all(not title.startswith(kind) for title in titles(app))
    app.rooms.feedback.undo("ada", taken.noted[0].id, now=app.clock())
    assert titles(app) == before


def test_a_reply_from_the_reader_is_understood(app: App, tmp_path: Path) -> None:
    """By our Message-ID and the reader's address; each line is noted, what makes no sense is told."""
    message = sent(tmp_path)
    assert "reply with “more 1” or “less 1”" in part(message, "plain")
    taken = app.take_answer(answer(body="more 2\nmute word: protein\nless 9\n", to=message["Message-ID"]))
    assert [str(said.verb) for said in taken.noted] == ["more", "mute word"]
    assert taken.refused == "there is no number 9 in the mail of 2026-05-20"
    assert all("Protein" not in title for title in titles(app))


@pytest.mark.parametrize(
    ("subject", "sender", "to", "why"),
    [
        ("more 1.YjZmMS5hZGE.abcdefghijklmnopqrstuv/1", "ada@uni.example", "", "forged or torn"),
        ("Re: x", "eve@evil.example", "ours", "comes from another address"),
        ("Re: x", "ada@uni.example", "<guess@uni.example>", "answers no mail of ours"),
        ("Re: x", "ada@uni.example", "", "answers no mail of ours"),
    ],
)
def test_who_may_not_speak_for_a_reader_changes_nothing(
    app: App, tmp_path: Path, subject: str, sender: str, to: str, why: str
) -> None:
    """Forged tokens, other people's addresses and guessed Message-IDs are refused with the reason."""
    to = sent(tmp_path)["Message-ID"] if to == "ours" else to
    taken = app.take_answer(answer(subject, "more 1\n", sender=sender, to=to))
    assert taken.noted == ()
    assert why in taken.refused
    assert app.rooms.feedback.history("ada") == []


def test_message_ids_cannot_be_guessed(app: App, tmp_path: Path) -> None:
    """They are made with a secret of this installation, and are the same at every building of an edition."""
    from digest.editions.headers import message_id
    from digest.model import EditionKey

    key = EditionKey("ada", dt.date(2026, 5, 20))
    assert sent(tmp_path)["Message-ID"] != message_id(key, "uni.example")
    assert sent(tmp_path)["Message-ID"] == message_id(key, "uni.example", app.ring.keys[app.ring.current])


def test_the_same_word_counts_once_and_the_opposite_replaces_it(app: App, tmp_path: Path) -> None:
    """A mail that arrives twice changes nothing; less after more is less."""
    to = sent(tmp_path)["Message-ID"]
    one = app.take_answer(answer(body="more 1", to=to)).noted[0]
    again = app.take_answer(answer(body="more 1", to=to)).noted[0]
    assert one.id == again.id
    app.take_answer(answer(body="less 1", to=to))
    now = app.clock()
    assert [said.verb for said in app.rooms.feedback.of(["ada"], at=now)["ada"]] == [Verb.LESS]
    assert len(app.rooms.feedback.history("ada")) == 2


def test_the_past_is_ranked_with_what_was_said_by_then(app: App, clock: Hands) -> None:
    """A replayed day does not know what the reader said after it."""
    paper = app.rooms.papers.find_by_title("garlic")[0]
    clock.now = MORNING + dt.timedelta(hours=5)
    run = CliRunner().invoke(command, ["-c", str(app.config_path), "give", "ada", "more", "garlic"])
    assert run.exit_code == 0, run.output
    assert app.rooms.feedback.of(["ada"], at=MORNING) == {}
    assert app.rooms.feedback.of(["ada"], at=dt.datetime.now(dt.UTC))["ada"][0].paper_id == paper.id


def test_the_command_lists_takes_and_undoes(app: App, tmp_path: Path) -> None:
    """A Maildir is taken in, the list names papers and numbers, a piece is undone by its number."""
    home = ["-c", str(app.config_path)]
    box = tmp_path / "Mail"
    for name in ("cur", "new", "tmp"):
        (box / name).mkdir(parents=True)
    (box / "new" / "1.a.host").write_bytes(
        answer(body="save 1\nmute author: Eve Else", to=sent(tmp_path)["Message-ID"])
    )
    taken = CliRunner().invoke(command, [*home, "take", str(box)])
    assert taken.exit_code == 0, taken.output
    assert "noted for ada: save" in taken.output
    listed = CliRunner().invoke(command, [*home, "list", "ada", "--json"])
    rows = [json.loads(line) for line in listed.output.splitlines()]
    assert (rows[0]["verb"], rows[0]["of"]) == ("mute author", "Eve Else")
    undone = CliRunner().invoke(command, ["undo", *home, "ada", str(rows[0]["number"])])
    assert "undone for ada: mute author Eve Else" in undone.output
    nothing = CliRunner().invoke(command, [*home, "give", "ada", "mute word", " "])
    assert nothing.exit_code == 2, "an empty word would be noted, and mean nothing"
    assert "Eve" not in CliRunner().invoke(command, [*home, "list", "ada"]).output
    refused = CliRunner().invoke(command, [*home, "take", "-"], input=answer(body="hello").decode())
    assert refused.exit_code == 1
    assert "nothing in it that is understood" in refused.output


def test_undoing_what_was_never_said_is_an_error(app: App) -> None:
    """Nobody undoes another reader's feedback by its number."""
    with pytest.raises(NotFound, match="no feedback with the number 7"):
        app.rooms.feedback.undo("ada", 7, now=app.clock())
