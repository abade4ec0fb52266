"""`digest init`: a small config.yaml and a reader's file, from flags or, on a terminal, from a few questions."""

from __future__ import annotations

import datetime as dt
import os
import re
import shlex
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from digest.cli.common import MISUSED, fail

if TYPE_CHECKING:
    from digest.bibliography import Bibliography
    from digest.first_files import Answers

T = TypeVar("T")
_NO_NAMES = "you me my i we us mail email hello hi info contact admin root user test reader digest papers office lab"
NOBODY = frozenset(_NO_NAMES.split())
"""What stands before the @ and is no name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The flags as they were typed; None or () where nothing was said."""

    email: str | None
    name: str | None
    timezone: str | None
    send: str | None
    phrase: tuple[str, ...]
    category: tuple[str, ...]
    bib: Path | None
    arxiv: tuple[str, ...]


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--email", help="Where the mail goes.")
@click.option("--name", help="Your name, for the sender and the title.")
@click.option("--timezone", help="Such as Europe/Berlin; by default this machine's.")
@click.option("--send", help="Local time of the mail; by default 07:30.")
@click.option("--phrase", multiple=True, help="An interest; commas group phrases that mean one. Repeatable.")
@click.option("--category", multiple=True, help="A field, such as cs.LG. Repeatable.")
@click.option("--bib", type=click.Path(path_type=Path), help="A BibTeX or RIS file of papers you like.")
@click.option("--arxiv", multiple=True, help="A paper you like, such as 2305.10430. Repeatable.")
@click.option("--yes", is_flag=True, help="Ask nothing; defaults for what is not given.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
def command(
    *,
    folder: Path,
    yes: bool,
    force: bool,
    email: str | None,
    name: str | None,
    timezone: str | None,
    send: str | None,
    phrase: tuple[str, ...],
    category: tuple[str, ...],
    bib: Path | None,
    arxiv: tuple[str, ...],
) -> None:
    """Write config.yaml and your reader file into DIR (default: here).

    On a terminal it asks for what no option says; in a script it never does.
    """
    form = Form(may_ask=not yes and sys.stdin.isatty() and sys.stdout.isatty())
    given = Given(
        email=email, name=name, timezone=timezone, send=send, phrase=phrase, category=category, bib=bib, arxiv=arxiv
    )
    answers = collect(form, given, folder)
    if form.problems:
        fail("\n  ".join(["nothing was written:", *form.problems]), MISUSED)
    _write(folder, answers, force=force)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Checks every value once: a wrong flag is kept for the end, a wrong answer is asked for again."""

    may_ask: bool
    prompt: Callable[[str, str], str] = lambda question, default: str(
        click.prompt(question, default=default, show_default=bool(default))
    )
    problems: list[str] = field(default_factory=list)

    def value(self, flag: str, given: str | None, check: Callable[[str], T], question: str, default: str) -> T | None:
        """The checked value of a flag or an answer; None if the flag's was wrong."""
        if given is None and self.may_ask:
            return self._answer(check, question, default)
        try:
            return check(default if given is None else given)
        except ValueError as error:
            self.problems.append(f"{flag}: {error}")
            return None

    def _answer(self, check: Callable[[str], T], question: str, default: str) -> T:
        while True:
            try:
                return check(self.prompt(question, default))
            except ValueError as error:
                click.echo(f"  {error}")


def collect(form: Form, given: Given, folder: Path) -> Answers:
    """All answers; what is wrong with the flags is in ``form.problems``."""
    from digest import timezones
    from digest.first_files import Answers
    from digest.settings.times import parse_clock_time

    email = form.value("--email", given.email, _address, "Your e-mail address", "") or ""
    name = form.value("--name", given.name, _name, "Your name", _name_in(email)) or ""
    machine = timezones.of_this_machine(os.environ)
    zone = form.value("--timezone", given.timezone, _zone, "Your time zone", machine) or machine
    send = form.value("--send", given.send, parse_clock_time, "Local time of the mail", "07:30") or dt.time(7, 30)
    # Who has named interests by flags is not asked for more of them.
    said = bool(given.phrase or given.category or given.bib or given.arxiv) or not form.may_ask
    interests = form.value(
        "--phrase",
        ";".join(given.phrase) if said else None,
        _interests,
        "What do you follow? Put ; between interests, commas between phrases for the same one",
        "",
    )
    bibliography = form.value("--bib", str(given.bib or ""), _bibliography, "", "")
    categories = form.value(
        "--category",
        ",".join(given.category) if said else None,
        _categories,
        "In which fields? Categories as on arxiv.org/category_taxonomy, such as cs.LG, q-bio.BM",
        "",
    )
    papers = form.value(
        "--arxiv", " ".join(given.arxiv) if said else None, _papers, "Papers you like, by arXiv id (empty for none)", ""
    )
    return Answers(
        id=_id_from(email),
        email=email,
        name=name,
        timezone=zone,
        send=f"{send:%H:%M}",
        interests=interests or (),
        categories=categories or _fields_of(bibliography),
        arxiv=papers or (),
        bib=Path(os.path.relpath(given.bib, folder / "subscribers")) if given.bib else None,
        bibliography=bibliography,
    )


# ── one check per question; each raises ValueError with advice ──────────────────────────────────────────────


def _address(text: str) -> str:
    from digest.settings.addresses import parse_address

    if not text.strip():
        raise ValueError("is needed: the address that the mail goes to")
    return parse_address(text)


def _name(text: str) -> str:
    """A name, or none: then the digest is called "My papers"."""
    from digest.settings.words import parse_plain_text

    return parse_plain_text(text) if text else ""


def _zone(text: str) -> str:
    """A zone in its exact spelling, whatever the case it was typed in."""
    from digest import timezones
    from digest.settings.times import parse_zone

    return parse_zone(timezones.exactly(text) or text)


def _interests(text: str) -> tuple[tuple[str, ...], ...]:
    from digest.settings.words import parse_plain_text

    lanes = ([parse_plain_text(phrase) for phrase in lane.split(",") if phrase.strip()] for lane in text.split(";"))
    return tuple(tuple(dict.fromkeys(lane)) for lane in lanes if lane)


def _categories(text: str) -> tuple[str, ...]:
    from digest.settings.words import parse_category

    return tuple(dict.fromkeys(parse_category(part) for part in text.split(",") if part.strip()))


def _papers(text: str) -> tuple[str, ...]:
    from digest.catalog.identifiers import parse
    from digest.model import Scheme

    found = []
    for word in re.split(r"[\s,]+", text.strip()):
        identifier = parse(word)
        if word and (identifier is None or identifier.scheme is not Scheme.ARXIV):
            raise ValueError(f"{word!r} is no arXiv id; write 2305.10430")
        if identifier is not None:
            found.append(identifier.value)
    return tuple(dict.fromkeys(found))


def _bibliography(text: str) -> Bibliography | None:
    from digest.bibliography import SUFFIXES, BibliographyError, is_bibliography, read_bibliography

    if not text:
        return None
    if not is_bibliography(text):
        raise ValueError(f"{text!r} is no {' or '.join(SUFFIXES)} file")
    try:
        bibliography = read_bibliography(Path(text))
    except BibliographyError as error:
        raise ValueError(f"the file {text} {error}") from error
    if not bibliography.identifiers:
        raise ValueError(f"the file {text} names no paper by arXiv id or DOI")
    return bibliography


def _fields_of(bibliography: Bibliography | None) -> tuple[str, ...]:
    """The three most frequent primary classes in a bibliography: the fields of somebody who named none."""
    counted = Counter(entry.category for entry in bibliography.entries if entry.category) if bibliography else Counter()
    return tuple(category for category, _ in counted.most_common(3))


def _name_in(email: str) -> str:
    """``ada.lovelace@…`` → Ada Lovelace; nothing for an address that names nobody (``you@…``, ``info@…``)."""
    words = re.findall(r"[^\W\d_]+", email.partition("@")[0].partition("+")[0])
    named = len(words) > 1 or bool(words and words[0].casefold() not in NOBODY)
    return " ".join(word.capitalize() for word in words) if named else ""


def _id_from(email: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", email.partition("@")[0].lower()).strip("._-")[:64] or "reader"


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────


def _write(folder: Path, answers: Answers, *, force: bool) -> None:
    from digest.checkup import examine
    from digest.first_files import config_text, reader_text

    config_path, reader_path = folder / "config.yaml", folder / "subscribers" / f"{answers.id}.yaml"
    there = [str(path) for path in (config_path, reader_path) if path.exists()]
    if there and not force:
        fail(f"{' and '.join(there)} would be overwritten; --force does it, `digest init DIR` writes elsewhere")
    try:
        reader_path.parent.mkdir(parents=True, exist_ok=True)
        for path, text in ((config_path, config_text(answers)), (reader_path, reader_text(answers))):
            unfinished = path.with_name(f".{path.name}.new")
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(path)
            click.echo(f"wrote {path}")
    except OSError as error:
        fail(f"{error.filename or folder}: {error.strerror or error}")
    found = examine(config_path, env={}, now=dt.datetime.now(dt.UTC), check_templates=lambda config: None)
    for problem in (*found.problems, *(hint for hint in found.hints if hint.key != "mail.transport")):
        click.echo(f"note: {problem}")
    where = "" if folder == Path() else f" --config {shlex.quote(str(config_path))}"
    click.echo("\nNext:")
    steps = (
        (f"digest check{where}", "is everything in order?"),
        (f"digest ingest{where}", "read the papers of the last week"),
        (f"digest preview {answers.id}{where} --open", "your mail, before anything is sent"),
    )
    width = max(len(line) for line, _ in steps)
    for line, why in steps:
        click.echo(f"  {line:{width}}   # {why}")
