"""`digest papers`: what is stored, why it is one paper, what is trending; and a wrong merge undone for good."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import config_option, console

if TYPE_CHECKING:
    from digest.app import App
    from digest.catalog.deciding import StoredRecord
    from digest.catalog.separation import RecordKey
    from digest.model import Paper

SPANS = {"day": dt.timedelta(days=1), "week": dt.timedelta(days=7), "month": dt.timedelta(days=30)}

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a paper.")
limit_option = click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="So many.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would come of it; change nothing.")


@click.group()
def command() -> None:
    """What is stored, why it is one paper, and what is trending; undo a wrong merge.

    ID is any name of a paper: an arXiv id, a DOI, a PMID, an address, its number (#12), or words of its title.
    """


@command.command(short_help="Explain a paper: its records, and why they are one.")
@config_option
@click.argument("words", nargs=-1, required=True, metavar="ID")
@json_option
def show(config: Path, words: tuple[str, ...], as_json: bool) -> None:
    """Explain a paper: its records, why they are one, and from which source each field was taken."""
    from digest.app import open_app
    from digest.cli.papers_shown import dossier_json, print_dossier
    from digest.pipeline.papers import dossier

    with open_app(config) as app:
        found = dossier(app.rooms, _choose(app, " ".join(words)))
    if as_json:
        click.echo(json.dumps(dossier_json(found), ensure_ascii=False))
    else:
        print_dossier(console(), found)


@command.command()
@config_option
@click.argument("words", nargs=-1, required=True)
@limit_option
@json_option
def search(config: Path, words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Papers with all WORDS in title or authors, the newest first."""
    from digest.app import open_app
    from digest.cli.papers_shown import paper_json, papers_table

    if not any(word.strip() for word in words):
        raise click.UsageError("give words of a title, or an author's name")
    with open_app(config) as app:
        found = app.rooms.papers.search(" ".join(words), limit)
    if as_json:
        for paper in found:
            click.echo(json.dumps(paper_json(paper), ensure_ascii=False))
    elif found:
        console().print(papers_table(found))
    else:
        click.echo(f"No paper has {' '.join(words)!r} in its title or among its authors.", err=True)
    if not found:
        raise SystemExit(1)


@command.command("list", short_help="What gets the most attention, whoever reads it.")
@config_option
@click.option(
    "--trending", "span", type=click.Choice(list(SPANS)), default="week", show_default=True, help="News of how long."
)
@limit_option
@json_option
def list_(config: Path, span: str, limit: int, as_json: bool) -> None:
    """What gets the most attention for its field and age, whoever reads it."""
    from digest.app import open_app
    from digest.cli.papers_shown import trending_json, trending_table
    from digest.pipeline.papers import trending

    with open_app(config) as app:
        found = trending(app.rooms, SPANS[span], limit=limit)
    if as_json:
        for one in found:
            click.echo(json.dumps(trending_json(one), ensure_ascii=False))
    elif found:
        console().print(trending_table(found, f"Trending this {span}" if span != "day" else "Trending today"))
    else:
        click.echo(f"Nothing that is news of the last {span} has any votes yet.")


@command.command()
@config_option
@click.argument("paper", metavar="ID")
@click.argument("records", nargs=-1, metavar="[RECORD]...")
@click.option("--undo", is_flag=True, help="Forget how ID was split: the evidence alone decides again.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_run_option
def split(config: Path, paper: str, records: tuple[str, ...], undo: bool, yes: bool, dry_run: bool) -> None:
    """Take RECORDs of a paper out of it, for good.

    A RECORD is written as `digest papers show` shows it: its number there, or its source and key (crossref 10.1000/x).
    """
    from digest.app import open_app
    from digest.cli.papers_shown import print_dossier, print_parts
    from digest.pipeline import papers as catalog

    if undo and records:
        raise click.UsageError("--undo takes a paper, not its records")
    out = console()
    with open_app(config) as app:
        chosen = _choose(app, paper)
        if undo:
            act = partial(catalog.unsplit, app.rooms, chosen)
        else:
            found = catalog.dossier(app.rooms, chosen)
            if not records and len(found.explanation.records) > 2 and _asks():
                print_dossier(out, found)
            keys = _records(found.explanation.records, records, chosen)
            act = partial(catalog.split, app.rooms, chosen, keys)
        if dry_run or not yes:
            print_parts(out, act(dry_run=True), to_be=True)
        if dry_run:
            return
        if not yes:
            if not _asks():
                raise click.UsageError("this changes the catalog: say --yes (or --dry-run)")
            click.confirm("Do it?", abort=True)
        print_parts(out, act(dry_run=False), to_be=False)


def _asks() -> bool:
    """Is there somebody to answer?"""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _choose(app: App, words: str) -> Paper:
    """The paper that is meant; of several, the one that is chosen on the terminal."""
    from digest.cli.papers_shown import papers_table
    from digest.pipeline.lookup import find_paper, look_up

    if not _asks():
        return find_paper(app.rooms, words)
    matches = look_up(app.rooms, words)
    if len(matches) == 1:
        return matches[0]
    console().print(papers_table(matches))
    by_number = {str(paper.id): paper for paper in matches}
    answer = click.prompt("Which one? #", type=click.Choice(list(by_number)), show_choices=False)
    return by_number[answer]


def _records(known: Sequence[StoredRecord], words: Sequence[str], paper: Paper) -> list[RecordKey]:
    """The records that are meant by their numbers, or by source and key in one word or two."""
    from digest.catalog.explaining import key_of

    keys = [key_of(record) for record in known]
    listed = "\n".join(f"  {number}  {' '.join(key)}" for number, key in enumerate(keys, start=1))
    if len(keys) < 2:
        raise click.UsageError(f"#{paper.id} has one record only: there is nothing to split\n{listed}")
    if not words and len(keys) == 2:
        return [keys[1]]
    if not words and _asks():
        words = click.prompt("Which records go? Their numbers").replace(",", " ").split()
    if not words:
        raise click.UsageError(
            f"which records are to leave #{paper.id}? Name them by number, or by source and key:\n{listed}"
        )
    by_word = {str(number): key for number, key in enumerate(keys, start=1)} | {" ".join(key): key for key in keys}
    chosen, left = [], list(words)
    while left:
        length = 2 if " ".join(left[:2]) in by_word and len(left) > 1 else 1
        word = " ".join(left[:length])
        if word not in by_word:
            raise click.UsageError(f"#{paper.id} has no record {word!r}; it has:\n{listed}")
        chosen.append(by_word[word])
        left = left[length:]
    return chosen
