"""`digest check`: all problems of the configuration, the readers and the templates at once; then hints."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import MISUSED, config_option, console

if TYPE_CHECKING:
    import datetime as dt

    from digest.checkup import Checkup, Examples, LaneMatches
    from digest.config import Config
    from digest.errors import Problem


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help='Print {"problems": […], "hints": […]}.')
def command(config: Path, as_json: bool) -> None:
    """All problems at once, each as file:line: key: what is wrong and what would be right; then hints.

    Exit code 2 with problems, 0 without.
    """
    import datetime as dt

    found = run_check(config, now=dt.datetime.now(dt.UTC))
    if not found.problems:
        found = _with_the_store(config, found)
    if as_json:
        click.echo(json.dumps(_json(found), ensure_ascii=False, indent=1))
    else:
        _print(found)
    if found.problems:
        sys.exit(MISUSED)


def run_check(
    config_path: Path, *, now: dt.datetime, lane_matches: LaneMatches | None = None, examples: Examples | None = None
) -> Checkup:
    """What the command finds; a store is asked which lanes found nothing, and which examples it lacks."""
    from digest.checkup import examine

    return examine(
        config_path,
        env=os.environ,
        now=now,
        check_templates=compile_templates,
        lane_matches=lane_matches,
        examples=examples,
    )


def _with_the_store(config_path: Path, found: Checkup) -> Checkup:
    """The same again, with what the stored papers have to say about the lanes; a check works without a store, too."""
    import datetime as dt

    from digest.app import open_app
    from digest.cli.common import load
    from digest.errors import StoreError
    from digest.store.database import exists

    if not exists(load(config_path).store):
        return found  # a check makes no database
    try:
        with open_app(config_path) as app:
            return run_check(
                config_path,
                now=dt.datetime.now(dt.UTC),
                lane_matches=app.lane_matches(),
                examples=app.missing_examples(),
            )
    except StoreError as error:
        click.echo(f"digest: {error}; lanes could not be tried on stored papers", err=True)
        return found


def compile_templates(config: Config) -> None:
    """Try every template, the operator's own each by itself; raises ConfigError with all that is wrong."""
    from digest.editions.trial import try_templates
    from digest.errors import ConfigError
    from digest.resources import data_path

    problems = list(try_templates(data_path("templates"), config.templates, config.site.brand.palette))
    if problems:
        raise ConfigError(problems)


def _print(found: Checkup) -> None:
    from rich.text import Text

    out = console()
    for mark, style, problems in (("✗", "red", found.problems), ("•", "yellow", found.hints)):
        for problem in problems:
            out.print(Text.assemble((f"{mark} ", style), str(_from_here(problem))), soft_wrap=True)
    readers = _counted(found.readers, "reader")
    if found.problems and not found.config_read:
        counted = _counted(len(found.problems), "problem")
        out.print(f"{counted}. Templates were not checked: that needs a good config.")
    elif found.problems:
        counted = _counted(len(found.problems), "problem")
        out.print(f"{counted}. Nothing else is wrong with config, {readers} and templates.")
    elif found.hints:
        out.print(f"No problems, {_counted(len(found.hints), 'hint')}: config, {readers}, templates.")
    else:
        out.print(f"All good: config, {readers}, templates.")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _from_here(problem: Problem) -> Problem:
    """The same with its file as seen from the current folder, where it is below it."""
    here = Path.cwd()
    return replace(problem, path=problem.path.relative_to(here)) if problem.path.is_relative_to(here) else problem


def _json(found: Checkup) -> dict[str, list[dict[str, object]]]:
    return {"problems": [_plain(each) for each in found.problems], "hints": [_plain(each) for each in found.hints]}


def _plain(problem: Problem) -> dict[str, object]:
    return {"file": str(problem.path), "line": problem.line, "key": problem.key, "message": problem.message}
