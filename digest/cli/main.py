"""The command `digest`: names and one-line helps here, everything heavy inside the commands' own modules."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Mapping
from typing import cast

import click

from digest import __version__

# group: command: (module in digest.cli, one-line help). Kept here so that `digest --help` imports no command. Groups
# and order are those of docs/commands.md, each group in the order in which a newcomer meets its commands.
GROUPS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Getting started": {
        "demo": ("demo", "The whole job on a bundled sample, with an embedded mail server."),
        "init": ("init", "Write a small config and your reader file."),
        "check": ("check", "All problems of config, readers and templates at once."),
        "send-test": ("send_test", "Try the mail account; says what to do when it fails."),
    },
    "Every day": {
        "ingest": ("ingest", "Read new papers now, from all sources or from a file."),
        "preview": ("preview", "A reader's mail for any day; sends nothing."),
        "papers": ("papers", "What is stored and trending; why it is one paper."),
        "subscribers": ("subscribers", "Who gets mail; lanes from a library of papers."),
        "feedback": ("feedback", "What readers said of their picks; undo any of it."),
        "backtest": ("backtest", "Past days again: what would have been sent, how it did."),
    },
    "Operating": {
        "run": ("run", "One pass for everyone who is due."),
        "daemon": ("daemon", "The same as run, on a schedule."),
        "serve": ("serve", "The web pages: what is trending, every paper, search."),
        "send": ("send", "One reader's edition, now."),
        "dkim": ("dkim", "Keys that sign mails: make, publish, check, change."),
        "archive": ("archive", "Editions that went out, as static pages to keep or serve."),
        "metrics": ("metrics", "The figures for Prometheus, once."),
        "report": ("report", "What the operator should know of a press day."),
        "db": ("db", "The database: status, check, backup, restore, prune, upgrade."),
        "templates": ("templates", "The mails' templates: list, check, show, begin your own."),
    },
    "When something is wrong": {
        "doctor": ("doctor", "Is this installation well? What to do where it is not."),
        "why": ("why", "Why a paper is, or is not, in a reader's mail."),
        "sources": ("sources", "How each source has done; write and test your own."),
        "queue": ("queue", "Look at the outbox and repair it."),
        "bounces": ("bounces", "Take in mails that came back, and answers."),
    },
}
COMMANDS: Mapping[str, tuple[str, str]] = {name: one for group in GROUPS.values() for name, one in group.items()}


class LazyGroup(click.Group):
    """Imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"digest.cli.{COMMANDS[cmd_name][0]}")
        return cast("click.Command", module.command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f"no command {args[0]!r}" + (f"; did you mean {near[0]}?" if near else "; see digest --help"))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        widest = max(map(len, COMMANDS))
        for title, group in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(widest), text) for name, (_, text) in group.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="digest")
@click.option("-v", "--verbose", count=True, help="Say more in the log (twice: everything).")
def cli(verbose: int) -> None:
    """The research papers that are trending for you, once a day, in one good e-mail."""
    import logging

    from digest.logs import TextFormatter

    plain = TextFormatter(timestamp=False)
    if logging.lastResort is not None:  # what prints warnings where no log was asked for
        logging.lastResort.setFormatter(plain)
    if verbose:
        handler = logging.StreamHandler()
        handler.setFormatter(plain)
        logging.basicConfig(level=logging.DEBUG if verbose > 1 else logging.INFO, handlers=[handler])


def collect_rarely() -> None:
    """A command lives for a second and allocates a great deal at once: collecting in between only costs time."""
    gc.set_threshold(100_000, 50, 50)


def main() -> None:
    """Exit codes: 0 done, 1 something failed (and it says what), 2 usage or configuration.

    Where somebody closes the pipe (`digest papers list | head`), click ends the command: 1, without a word.
    """
    collect_rarely()
    try:
        cli()
    except Exception as error:
        from digest.errors import ConfigError, DigestError

        if isinstance(error, OSError) and error.filename is not None:
            # No permission, no such folder, no space: the file's name and the system's word say it all.
            click.echo(f"digest: {error.filename}: {error.strerror}", err=True)
            sys.exit(1)
        if not isinstance(error, DigestError):
            raise
        click.echo(f"digest: {error}" if not isinstance(error, ConfigError) else str(error), err=True)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    finally:
        # All of it ends with the process: to look through it once more at exit takes a twentieth of a preview.
        gc.freeze()
