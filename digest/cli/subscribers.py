"""`digest subscribers`: who gets mail and when, one reader's settings as they are understood, lanes from a library."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import MISUSED, config_option, console, fail, own_config_option
from digest.cli.members import COMMANDS

if TYPE_CHECKING:
    from digest.bibliography import BibEntry
    from digest.model import Lane, Subscriber
    from digest.pipeline.library import Proposal, Suggestion
    from digest.store.subscribers import KnownReader

SHOWN = 3
"""Titles beside a proposed lane."""


@click.group(invoke_without_command=True)
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a reader.")
@click.pass_context
def command(context: click.Context, config: Path, as_json: bool) -> None:
    """Who gets mail, and when next."""
    context.obj = config
    if context.invoked_subcommand is not None:
        return
    from digest.app import open_app

    with open_app(config) as app:
        sync = app.reread()
        known, now = app.rooms.subscribers.all(), app.clock()
    for erased in sync.erased:
        click.echo(f"{erased} was erased: their file counts for nothing, delete it", err=True)
    if as_json:
        for reader in known:
            click.echo(json.dumps(_row(reader), ensure_ascii=False))
    elif not known:
        click.echo("no readers yet: digest init, or a file in subscribers/ (docs/configuration.md)")
    else:
        _print(known, now)


for _verb in COMMANDS:
    command.add_command(_verb)


@command.command("show", short_help="A reader's settings, defaults included.")
@own_config_option
@click.argument("reader")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_command(config: Path, reader: str, as_json: bool) -> None:
    """READER's settings as they are understood, defaults included."""
    from digest.app import open_app
    from digest.subscribers import subscriber_to_json

    with open_app(config) as app:
        subscriber = app.subscriber(reader)
        suppressed = app.outbox.is_suppressed(subscriber.email, now=app.clock())
    if as_json:
        told = {"id": subscriber.id, **subscriber_to_json(subscriber), "suppressed": suppressed}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for line in _settings(subscriber):
            click.echo(line)
        if suppressed:
            click.echo(f"not written to: {suppressed} (digest queue unsuppress {subscriber.email})", err=True)


@command.command("suggest", short_help="Lanes from papers a reader likes.")
@own_config_option
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--arxiv", multiple=True, metavar="ID", help="A paper you like, such as 2305.10430. Repeatable.")
@click.option(
    "--zotero", metavar="LIBRARY", help="users/12345 or groups/12345; the key is read from DIGEST_ZOTERO_KEY."
)
@click.option("--zotero-url", default="https://api.zotero.org", hidden=True)
@click.option("--offline", is_flag=True, help="Ask nobody about papers of which only an id is known.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def suggest_command(
    config: Path,
    *,
    files: tuple[Path, ...],
    arxiv: tuple[str, ...],
    zotero: str | None,
    zotero_url: str,
    offline: bool,
    as_json: bool,
) -> None:
    """Lanes for a reader's file from papers they like: FILES (.bib, .ris), arXiv ids, a Zotero library."""
    from digest.app import open_app

    entries = [*_from_files(files), *_from_ids(arxiv)]
    with open_app(config) as app:
        if zotero is not None:
            entries += app.zotero_library(zotero, key=os.environ.get("DIGEST_ZOTERO_KEY"), url=zotero_url)
        if not entries:
            raise click.UsageError("give some papers: FILES, --arxiv or --zotero")
        found = app.suggest_lanes(entries, offline=offline)
    if as_json:
        click.echo(json.dumps(_json(found), ensure_ascii=False))
        return
    click.echo(_yaml(found), nl=False)
    for line in _remarks(found):
        click.echo(line, err=True)


def _from_files(paths: Sequence[Path]) -> list[BibEntry]:
    from digest.bibliography import BibliographyError, read_bibliography

    entries: list[BibEntry] = []
    for path in paths:
        try:
            found = read_bibliography(path)
        except BibliographyError as error:
            fail(f"the file {path} {error}", MISUSED)
        if found.broken_lines:
            click.echo(f"{path}: broken from line {found.broken_lines[0]} on; left out", err=True)
        entries += found.entries
    return entries


def _from_ids(words: Sequence[str]) -> list[BibEntry]:
    from digest.bibliography import BibEntry
    from digest.catalog.identifiers import parse

    entries = []
    for word in " ".join(words).replace(",", " ").split():
        if (identifier := parse(word)) is None:
            raise click.UsageError(f"{word!r} is no paper; write an arXiv id such as 2305.10430")
        entries.append(BibEntry(key=word, title="", line=0, identifier=identifier))
    return entries


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────────


def _yaml(found: Suggestion) -> str:
    """Lanes as they stand in a reader's file, each with what it was made from in a comment."""
    if not found.proposals:
        return ""
    return "lanes:\n" + "".join(_lane_yaml(proposal) for proposal in found.proposals)


def _lane_yaml(proposal: Proposal) -> str:
    from digest.first_files import scalar, sequence

    count = len(proposal.titles)
    lines = [f"  # {count} paper{'' if count == 1 else 's'}, such as {title}" for title in proposal.titles[:1]]
    lines += [f"  #   {' '.join(title.split())}" for title in proposal.titles[1:SHOWN]]
    lines.append(f"  - name: {scalar(proposal.lane.name)}")
    for kind, values in _kinds(proposal.lane):
        lines.append(f"    {kind}: {sequence(values)}")
    return "\n".join(lines) + "\n"


def _kinds(lane: Lane) -> list[tuple[str, list[str]]]:
    from digest.model import Scheme

    examples = [name.value if name.scheme is Scheme.ARXIV else str(name) for name in lane.examples]
    kinds = [
        ("phrases", list(lane.phrases)),
        ("categories", list(lane.categories)),
        ("authors", list(lane.authors)),
        ("examples", examples),
    ]
    return [(kind, values) for kind, values in kinds if values]


def _remarks(found: Suggestion) -> list[str]:
    lines = []
    if not found.proposals:
        lines.append("no three papers in it are about one thing; a lane can also be made of phrases")
    if found.alone:
        lines.append(f"in no lane: {len(found.alone)} papers, such as {found.alone[0]}")
    if found.unknown:
        some = ", ".join(found.unknown[:5]) + (", …" if len(found.unknown) > 5 else "")
        lines.append(f"nothing is known of {some}")
    lines += found.problems
    if found.proposals:
        lines.append("Names are guesses: change what you like, and put it into subscribers/YOU.yaml")
    return lines


def _json(found: Suggestion) -> dict[str, object]:
    return {
        "lanes": [
            {"name": proposal.lane.name, **dict(_kinds(proposal.lane)), "titles": list(proposal.titles)}
            for proposal in found.proposals
        ],
        "alone": list(found.alone),
        "unknown": list(found.unknown),
        "problems": list(found.problems),
    }


def _print(known: Sequence[KnownReader], now: dt.datetime) -> None:
    from rich.markup import escape
    from rich.table import Table

    from digest.model import ReaderState
    from digest.schedule import in_words

    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("reader", "address", "state", "lanes", "next", "last"):
        table.add_column(name, justify="right" if name == "lanes" else "left", overflow="fold")
    for reader in known:
        one = reader.subscriber
        active = reader.state is ReaderState.ACTIVE and reader.next_due_at is not None
        due = in_words(reader.next_due_at, one.times.timezone, now) if active and reader.next_due_at else ""
        last = f"{reader.last_edition:%d %b}" if reader.last_edition else "never"
        table.add_row(escape(one.id), escape(one.email), reader.state, str(len(one.lanes)), due, last)
    console().print(table)
    for reader in known:
        if reader.problem:
            console().print(f"{escape(reader.subscriber.id)}: {escape(reader.problem)}", style="yellow")


def _row(reader: KnownReader) -> dict[str, object]:
    return {
        "id": reader.subscriber.id,
        "email": reader.subscriber.email,
        "state": reader.state,
        "origin": reader.origin,
        "lanes": [lane.name for lane in reader.subscriber.lanes],
        "next_due_at": reader.next_due_at.isoformat() if reader.next_due_at else None,
        "last_edition": reader.last_edition.isoformat() if reader.last_edition else None,
        "problem": reader.problem,
    }


def _settings(subscriber: Subscriber) -> list[str]:
    """A reader's file as it would be written with every default spelled out."""
    from digest.first_files import scalar, sequence
    from digest.reader_file import WEEKDAYS

    times, mute = subscriber.times, subscriber.mute
    lines = [f"id: {scalar(subscriber.id)}", f"email: {scalar(subscriber.email)}"]
    lines += [f"name: {scalar(subscriber.name)}"] if subscriber.name else []
    lines += [
        f"timezone: {times.timezone}",
        f"send: {times.send:%H:%M}",
        f"frequency: {times.frequency}",
        *([f"weekday: {WEEKDAYS[times.weekday]}"] if str(times.frequency) == "weekly" else []),
        f"papers: {subscriber.papers}",
        f"balance: {subscriber.balance:g}",
        f"explore: {str(subscriber.explore).lower()}",
        *([f"per_field: {subscriber.per_field}"] if subscriber.per_field is not None else []),
        f"quiet_day: {subscriber.quiet_day}",
    ]
    mutes = [("words", mute.words), ("authors", mute.authors), ("categories", mute.categories)]
    if any(values for _, values in mutes):
        lines += ["mute:", *(f"  {kind}: {sequence(values)}" for kind, values in mutes if values)]
    lines += ["lanes:"] if subscriber.lanes else ["lanes: []"]
    for lane in subscriber.lanes:
        lines.append(f"  - name: {scalar(lane.name)}")
        lines += [f"    {kind}: {sequence(values)}" for kind, values in _kinds(lane)]
    return lines
