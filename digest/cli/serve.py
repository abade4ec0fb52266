"""`digest serve`: the web pages, until a signal says stop."""

from __future__ import annotations

from pathlib import Path

import click

from digest.cli.common import config_option, log_to_stderr


@click.command()
@config_option
@click.option("--listen", metavar="HOST:PORT", help="Instead of web.listen.")
@click.option("-v", "--verbose", is_flag=True, help="Log every request, not only those that failed or took long.")
def command(config: Path, listen: str | None, verbose: bool) -> None:
    """Serve the web pages: what is trending, every paper, search.

    Run it beside `digest daemon`, on the same database, behind a web server that has a certificate. SIGTERM or Ctrl-C:
    what is being answered is answered, then it stops.
    """
    from digest.app import open_app
    from digest.settings.web import parse_listen
    from digest.web.application import application
    from digest.web.greeting import greeting
    from digest.web.server import serve

    log_to_stderr(verbose=verbose)
    with open_app(config) as app:
        log_to_stderr(app.config.log, verbose=verbose)
        try:
            host, port = parse_listen(listen or app.config.web.listen)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--listen") from error
        pages = application(app)
        for line in greeting(app.config, host=host, port=port):
            click.echo(line, err=True)
        serve(pages, host=host, port=port)
