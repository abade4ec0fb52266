"""`digest preview READER --watch`: the mail in a browser, drawn again when a template or a setting changes."""

from __future__ import annotations

import datetime as dt
import os
import signal
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from digest.cli.common import fail
from digest.live import Drawn, LivePage
from digest.reports.pages import render
from digest.resources import data_path

if TYPE_CHECKING:
    from digest.app import App
    from digest.pipeline.preview import Preview

FULL = "100%"


def watch_mail(
    config: Path, reader: str, *, date: dt.date | None, port: int, width: int | None, dark: bool, open_it: bool
) -> None:
    """Serve until Ctrl-C. The papers are those that were stored at the start, or at the last change of a setting."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    studio = Studio(config, reader, date)
    page = partial(
        render,
        "live.html.j2",
        title=f"{reader}, {date:%a %d %b %Y}" if date else f"{reader}, now",
        width=f"{width}px" if width else FULL,
        scheme="dark" if dark else "light dark",
    )
    try:
        live = LivePage(studio.draw, watched=studio.watched, page=lambda state: page(state=state), port=port)
    except OSError as error:
        fail(f"port {port}: {error.strerror or error}; leave out --port to take a free one")
    click.echo(f"{live.url} shows {reader}'s mail, and follows templates, readers and {config}; Ctrl-C ends it")
    if open_it:
        click.launch(live.url)
    try:
        live.run(stop)
    finally:
        studio.close()
    click.echo("ended", err=True)


class Studio:
    """Draws one reader's mail again and again. Only what a changed file touches is done anew: for a template that is
    rendering alone, for a setting everything."""

    def __init__(self, config: Path, reader: str, date: dt.date | None) -> None:
        self._config, self._reader, self._date = config, reader, date
        self._app: App | None = None
        self._shown: Preview | None = None
        self._settings: object = None
        self._templates: Sequence[Path] = ()
        self._readers: Sequence[Path] = ()

    def watched(self) -> Sequence[Path]:
        return (self._config, *self._readers, *self._templates)

    def draw(self) -> Drawn:
        """
        Raises:
            DigestError: a file is broken, with its line.
        """
        from digest.daemon.watch import fingerprint
        from digest.pipeline.preview import recomposed

        settings = fingerprint([self._config, *self._readers])
        if self._shown is None or settings != self._settings:
            self._shown = None
            self._shown = self._anew()
            self._settings = fingerprint([self._config, *self._readers])
        else:
            assert self._app is not None
            self._shown = recomposed(self._shown, self._app.new_composer())
        return Drawn(self._shown.html(), self._shown.text())

    def _anew(self) -> Preview:
        from digest.app import App

        self.close()
        self._app = App(self._config, env=os.environ)
        settings = self._app.config
        self._templates = [path for path in (data_path("templates"), settings.templates) if path]
        self._readers = [settings.subscribers]
        return self._app.previewer().made(self._app.subscriber(self._reader), self._date)

    def close(self) -> None:
        if self._app is not None:
            self._app.close()
            self._app = None
