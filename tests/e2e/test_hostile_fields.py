"""Header injection through every field that somebody may write: refused with words, or harmless in the mail."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from digest.config import load_config
from digest.errors import ConfigError
from tests.support.world import World, html_of, paper

pytestmark = pytest.mark.slow

VICTIM = "victim@evil.example"
LINES = ("\r\n", "\n", "\r", "\u2028", "\x0b", "\x85", "\x00")
OURS = {
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Precedence", "List-Id",
    "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "MIME-Version", "Content-Type",
    "Content-Language",
}  # fmt: skip


def injected(end: str) -> str:
    return f'Ada{end}Bcc: {VICTIM}{end}{end}<script>alert("x")</script>\u202e --> ]]>'


CONFIGURED: dict[str, Callable[[World, str], None]] = {
    "site.name": lambda world, text: world.top.update(site={"name": text, "contact": "op@uni.example"}),
    "site.contact": lambda world, text: world.top.update(site={"name": "Ours", "contact": text}),
    "site.public_url": lambda world, text: world.top.update(
        site={"name": "Ours", "contact": "op@uni.example", "public_url": f"https://papers.example/{text}"}
    ),
    "site.brand.footer": lambda world, text: world.top.update(
        site={"name": "Ours", "contact": "op@uni.example", "brand": {"footer": [text]}}
    ),
    "mail.from": lambda world, text: world.mail.update({"from": f"{text} <papers@uni.example>"}),
    "mail.from, quoted": lambda world, text: world.mail.update({"from": f'"{text}" <papers@uni.example>'}),
    "mail.reply_to": lambda world, text: world.mail.update(reply_to=f"op@uni.example{text}"),
}


def accepted(folder: Path) -> bool:
    try:
        load_config(folder / "config.yaml", env={})
    except ConfigError:
        return False
    return True


def check(world: World, *, mails: int) -> None:
    """Only our headers, on clean lines; one recipient each; nothing of the text alive."""
    assert not any(VICTIM in command for command in world.smtp.commands)
    assert len(world.smtp.messages) >= mails
    for raw, mail, taken in zip(world.smtp.messages, world.mails(), world.smtp.ledger(), strict=True):
        head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
        assert {line.partition(":")[0] for line in re.split(r"\r\n(?![ \t])", head)} <= OURS
        assert not mail.defects
        assert [address.addr_spec for address in mail["To"].addresses] == [taken.recipient]
        for name in ("Subject", "From", "To", "Reply-To"):
            shown = str(mail[name] or "")
            assert not [char for char in shown if unicodedata.category(char) in {"Cc", "Zl", "Zp"}], (name, shown)
        assert "<script>" not in html_of(mail)


def test_what_the_operator_configures(tmp_path: Path) -> None:
    """A name is folded to one line or refused; an address with anything after it is refused. Nothing gets out."""
    with World(tmp_path) as world:
        world.announce("cs.LG", *(paper(number) for number in range(8, 13)))
        world.reader("ada")
        refused, harmless = set(), dict[str, str]()
        mail = dict(world.mail)
        for field, put in CONFIGURED.items():
            for end in LINES:
                world.top, world.mail = {}, dict(mail)
                put(world, injected(end))
                world.configure()
                if accepted(world.folder):
                    harmless[field] = end
                else:
                    refused.add(field)
        assert refused >= {"site.contact", "site.public_url", "mail.from", "mail.reply_to"}
        assert set(harmless) == {"site.name", "site.brand.footer"}, "only words for people are folded"
        for field, end in harmless.items():
            world.top, world.mail = {}, dict(mail)
            CONFIGURED[field](world, injected(end))
            world.configure()
            world.reader(re.sub(r"\W+", "-", field))  # who gets the mail of this configuration
            ran = world.digest("run", "--no-ingest" if len(world.smtp.ledger()) else "--config=config.yaml")
            assert ran.code == 0, ran
        check(world, mails=len(harmless))


READERS: dict[str, dict[str, object]] = {
    "name": {"name": injected("\r\n")},
    "name2": {"name": injected("\u2028")},
    "address": {"email": f"ada@uni.example\r\nBcc: {VICTIM}"},
    "address2": {"email": f"ada@uni.example, {VICTIM}"},
    "address3": {"email": f"ada@uni.example>\r\nRCPT TO:<{VICTIM}"},
    "zone": {"timezone": f"Europe/Berlin\r\nBcc: {VICTIM}"},
    "lane": {"lanes": [{"name": injected("\r\n"), "phrases": ["sparse attention"], "categories": ["cs.LG"]}]},
    "phrase": {"lanes": [{"phrases": [f"sparse attention{injected(chr(10))}"], "categories": ["cs.LG"]}]},
    "author": {"lanes": [{"authors": [f"Ada Lovelace8{injected(chr(13))}"], "categories": ["cs.LG"]}]},
    "mute": {"mute": {"words": [injected("\n")]}},
}


def test_what_readers_write_of_themselves(tmp_path: Path) -> None:
    """A broken file is told and stops nobody else; whatever is taken is text."""
    with World(tmp_path) as world:
        world.announce("cs.LG", *(paper(number) for number in range(8, 13)))
        for reader, settings in READERS.items():
            path = world.reader(reader)
            path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))
        ran = world.digest("run")
        assert ran.code in {0, 1}, ran
        for broken in ("address", "address2", "address3", "zone"):
            assert f"reader {broken}: " in ran.err, ran
        check(world, mails=3)
        assert not {taken.recipient for taken in world.smtp.ledger()} - {f"{name}@uni.example" for name in READERS}


def test_a_subject_of_ones_own_stays_one_line(tmp_path: Path) -> None:
    """A template that an operator wrote, with line ends in it, and titles that hold some."""
    with World(tmp_path) as world:
        templates = world.folder / "templates" / "mail"
        templates.mkdir(parents=True)
        (templates / "daily.subject.j2").write_text(f"News\r\nBcc: {VICTIM}\r\n\r\n{{{{ 1 + 1 }}}}\n")
        world.top["templates"] = "templates"
        world.configure()
        world.announce("cs.LG", *(paper(number) for number in range(8, 13)))
        world.reader("ada")
        ran = world.digest("run")
        if ran.code == 0:
            check(world, mails=1)
        else:
            assert "subject" in json.dumps(ran.err), ran
            assert not world.smtp.commands
