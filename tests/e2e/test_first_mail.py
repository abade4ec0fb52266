"""From an empty folder to the first real mail, and what follows: files that change, break and go, two runs at once."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.support.smtp_server import Rule, Say, closed_port
from tests.support.wire import hf_item
from tests.support.world import World, html_of, paper, parsed, text_of

pytestmark = pytest.mark.slow


def test_from_an_empty_folder_to_a_first_mail(tmp_path: Path) -> None:
    """init, check, ingest, preview, a trial, and then mail: each command works and says what to do next."""
    with World(tmp_path) as world:
        world.announce("cs.LG", *(paper(number) for number in range(1, 21)))
        world.list_on_hugging_face(hf_item("2608.00003", upvotes=17))

        (world.folder / "config.yaml").unlink()
        made = world.digest(
            "init", "--email", "ada@uni.example", "--timezone", world.zone, "--phrase", "sparse attention, KV cache",
            "--category", "cs.LG",
        )  # fmt: skip
        assert made.code == 0, made
        hints = re.findall(r"^  digest (\S+)", made.out, re.MULTILINE)
        assert hints == ["check", "ingest", "preview"]
        _point_to_loopback(world)

        checked = world.digest("check")
        assert checked.code == 0, checked
        assert "mail.transport: files is a trial" in checked.out

        early = world.digest("preview", "ada")
        assert early.code == 1
        assert "digest ingest" in early.err, "says what to do first"

        ingested = world.digest("ingest", "--json")
        assert ingested.code == 0, ingested
        sources = {report["source"]: report for report in _list(ingested.json())}
        assert sources["arxiv"] | {"new": 0, "updated": 0} == {
            "source": "arxiv", "status": "ok", "announced": 20, "read": 20, "new": 0, "updated": 0, "rejected": 0,
            "error": None,
        }  # fmt: skip
        assert [sources[name]["new"] for name in ("arxiv", "huggingface")] in ([20, 0], [19, 1]), "one came from both"

        _previews_change_nothing(world)

        trial = world.digest("run")
        assert trial.code == 0, trial
        assert "Trial: the transport is files" in trial.out
        assert "1 written." in trial.out
        (written,) = (world.folder / "outbox").rglob("*.eml")
        assert written.with_suffix(".html").exists()
        assert world.states() == {}, "nothing counts as sent"
        assert world.mails() == []

        config = world.folder / "config.yaml"
        config.write_text(
            re.sub(
                r"transport: files.*",
                f"transport: smtp\n  server: smtp://127.0.0.1:{world.smtp.port}",
                config.read_text("utf-8"),
            ),
            "utf-8",
        )
        first = world.digest("run")
        assert first.code == 0, first
        assert "1 accepted." in first.out
        assert "Trial" not in first.out
        (mail,) = world.mails()
        assert mail["To"].addresses[0].addr_spec == "ada@uni.example"
        assert str(mail["Subject"]) == str(parsed(written.read_bytes())["Subject"])
        assert "Sparse attention at four bits" in text_of(mail)

        again = world.digest("run")
        assert again.code == 0, again
        next_one = rf"Nothing due\. Next: ada, \w+ 07:30 {re.escape(world.zone)}, in 1[89] h\. "
        assert re.search(next_one + "Now instead: digest send ada --now", again.out), again
        refused = world.digest("send", "ada", "--now")
        assert refused.code == 1
        assert "nobody gets a day twice" in refused.err
        assert len(world.mails()) == 1


def _point_to_loopback(world: World) -> None:
    """What `init` wrote, but for the providers' addresses, and a mail every day."""
    config, base = world.folder / "config.yaml", world.web.url
    text = config.read_text("utf-8")
    text = text.replace("arxiv: true", f"arxiv: {{rss_url: '{base}', api_url: '{base}/api/query', pace: 0s}}")
    text = text.replace("huggingface: true", f"huggingface: {{url: '{base}', days: 1, pace: 0s}}")
    text += f"signals: {{huggingface: {{url: '{base}', pace: 0s}}}}\n"
    config.write_text(text, "utf-8")
    reader = world.folder / "subscribers" / "ada.yaml"
    reader.write_text(reader.read_text("utf-8") + "frequency: daily\n", "utf-8")


def _previews_change_nothing(world: World) -> None:
    """The same mail in every form, and not one row of the database different afterwards."""
    before = world.dump()
    shown = {form: world.digest("preview", "ada", "--format", form) for form in ("term", "text", "html", "eml", "json")}
    for ran in shown.values():
        assert ran.code == 0, ran
        assert "what would be sent now" in ran.err
        assert "Sparse attention" in ran.out
    data = shown["json"].object()
    mail = parsed(shown["eml"].raw)
    assert mail["Subject"] == data["subject"]
    assert shown["text"].out == data["text"] == text_of(mail)
    assert shown["html"].out.replace("\r\n", "\n") == html_of(mail)
    picks = data["picks"]
    assert isinstance(picks, list)
    assert picks
    for pick in picks:
        assert pick["score"] == pytest.approx(sum(part["value"] for part in pick["parts"]))
    assert world.dump() == before
    assert not world.smtp.commands


def test_two_runs_at_once_send_each_mail_once(tmp_path: Path) -> None:
    """Two processes on one database share the readers; no reader is left out, none gets two mails."""
    with World(tmp_path) as world:
        readers = [f"r{number}" for number in range(12)]
        for name in readers:
            world.reader(name)
        world.announce("cs.LG", *(paper(number) for number in range(1, 21)))
        assert world.digest("ingest").code == 0
        both = [world.start("run", "--no-ingest") for _ in range(2)]
        for process in both:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, (out + err).decode()
            assert b"Traceback" not in err, err.decode()
        taken = Counter(message.recipient for message in world.smtp.ledger())
        assert taken == Counter(f"{name}@uni.example" for name in readers)
        assert set(world.states().values()) == {"accepted"}


def test_a_second_account_takes_over(tmp_path: Path) -> None:
    """`digest run` sends all mails over the fallback, says so, and `digest queue` shows the pause of the first."""
    with World(tmp_path) as world, closed_port() as port:
        world.reader("ada")
        world.reader("bob")
        world.announce("cs.LG", *(paper(number) for number in range(1, 21)))
        fallback = {"server": f"smtp://127.0.0.1:{world.smtp.port}"}
        world.mail |= {"server": f"smtp://127.0.0.1:{port}", "fallback": fallback}
        world.configure()
        ran = world.digest("run")
        assert set(world.states().values()) == {"accepted"}, ran
        assert f"smtp://127.0.0.1:{port} is paused until" in ran.out
        assert f"Mails went on: 2 over smtp://127.0.0.1:{world.smtp.port}." in ran.out
        assert ran.code == 0
        assert f"smtp://127.0.0.1:{port} is paused until" in world.digest("queue").out


def test_reader_files_that_break_go_and_change(tmp_path: Path) -> None:
    """A broken file keeps its reader's last good settings and is reported; a deleted one pauses; a change counts."""
    with World(tmp_path) as world:
        world.announce("cs.LG", *(paper(number) for number in range(1, 21)))
        ada, bob = world.reader("ada"), world.reader("bob")
        cleo = world.reader("cleo", send="12:59", papers=1)  # not due yet
        assert world.digest("ingest").code == 0

        good = bob.read_text("utf-8")
        bob.write_text('email: bob@uni.example\ntimezone: "Europe/Berln"\n', "utf-8")
        ada.unlink()
        checked = world.digest("check", "--json")
        assert checked.code == 2
        (problem,) = _list(checked.object()["problems"])
        assert (problem["line"], problem["key"]) == (2, "timezone")
        assert "Europe/Berlin" in str(problem["message"])

        ran = world.digest("run", "--no-ingest")
        assert ran.code == 0, ran
        assert "bob.yaml:2: timezone: 'Europe/Berln' is no time zone; did you mean Europe/Berlin?" in ran.err
        assert "last good settings stay in force" in ran.err
        assert [message.recipient for message in world.smtp.ledger()] == ["bob@uni.example"]
        gone = world.digest("send", "ada", "--now")
        assert gone.code == 1
        assert "ada is gone: nothing is sent" in gone.err

        bob.write_text(good, "utf-8")
        world.reader("cleo", email="cleo@new.example", papers=2, lanes=[{"name": "All", "categories": ["cs.LG"]}])
        assert cleo.exists()
        mended = world.digest("send", "cleo", "--now")
        assert mended.code == 0, mended
        assert mended.err == ""
        mail = world.mails()[-1]
        assert mail["To"].addresses[0].addr_spec == "cleo@new.example"
        picks = text_of(mail).partition("── Just missed")[0]
        assert picks.count("\nhttps://arxiv.org/abs/") == 2


def test_a_refused_mail_gives_its_papers_back(tmp_path: Path) -> None:
    """What the server refuses for good is failed, shows in the exit code, and goes out when the operator says so."""
    with World(tmp_path) as world:
        world.announce("cs.LG", *(paper(number) for number in range(1, 21)))
        world.reader("ada")
        world.smtp.script(Rule(at="dot", do=Say("554 5.7.1 we do not like it"), times=1))
        ran = world.digest("run")
        assert ran.code == 1, ran
        assert "ada: failed: dot: 554 5.7.1 we do not like it" in ran.out
        assert world.digest("send", "ada", "--now").code == 0
        assert [message.recipient for message in world.smtp.ledger()] == ["ada@uni.example"]


def _list(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list), json.dumps(value)
    return value
