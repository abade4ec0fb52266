"""`digest serve`: the web pages, until a signal says stop."""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import config_option, log_to_stderr

if TYPE_CHECKING:
    from starlette.types import ASGIApp


@click.command()
@config_option
@click.option("--listen", metavar="HOST:PORT", help="Instead of web.listen.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes, instead of web.workers.")
@click.option("-v", "--verbose", is_flag=True, help="Log every request, not only those that failed or took long.")
def command(config: Path, listen: str | None, workers: int | None, verbose: bool) -> None:
    """Serve the web pages: what is trending, every paper, search.

    Run it beside `digest daemon`, on the same database, behind a web server that has a certificate. SIGTERM or Ctrl-C:
    what is being answered is answered, then it stops.
    """
    from digest.app import open_app
    from digest.settings.web import parse_listen
    from digest.web.greeting import greeting
    from digest.web.server import serve

    log_to_stderr(verbose=verbose)
    with open_app(config) as app:  # says here what is wrong with the config or the store
        told = app.config
        log_to_stderr(told.log, verbose=verbose)
    try:
        host, port = parse_listen(listen or told.web.listen)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--listen") from error
    for line in greeting(told, host=host, port=port):
        click.echo(line, err=True)
    serve(Pages(config=config, verbose=verbose), host=host, port=port, workers=workers or told.web.workers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Makes the application in whichever process it is to run."""

    config: Path
    verbose: bool

    def __call__(self) -> ASGIApp:
        from digest.app import open_app
        from digest.web.application import application

        log_to_stderr(verbose=self.verbose)
        opened = ExitStack()
        app = opened.enter_context(open_app(self.config))
        atexit.register(opened.close)
        log_to_stderr(app.config.log, verbose=self.verbose)
        return application(app)
