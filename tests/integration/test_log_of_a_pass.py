"""A whole pass in which things go wrong, and what its log says of the people in it: nothing."""

from __future__ import annotations

import datetime as dt
import io
import logging
from pathlib import Path

import pytest

from digest.errors import SourceError
from digest.logs import JsonFormatter, TextFormatter
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry
from tests.support.smtp_server import Rule, Say, SmtpServer

NOW = dt.datetime(2026, 5, 20, 8, 0, tzinfo=dt.UTC)
READER = "email: {}@uni.example\ntimezone: Europe/Berlin\nsend: 09:30\nfrequency: daily\nphrases: [sparse attention]\n"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_pass_that_fails_in_every_way_names_nobody(tmp_path: Path, form: str) -> None:
    """Refusals and source errors that quote addresses; readers by id alone, also at the loudest level."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter(timestamp=True))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    refusal = Rule(at="rcpt", do=Say("554 5.7.1 <ada@uni.example>: blocked, ask bob@uni.example"), times=2)
    papers = [arxiv_entry(f"2605.0000{n}", f"Sparse attention, part {n}") for n in range(1, 4)]
    broken = FakeSource("feed:lab", SourceError("feed:lab", "550 eve@uni.example said no"))
    try:
        with SmtpServer() as server:
            server.script(refusal)
            app = make_app(
                tmp_path,
                Hands(NOW),
                readers={name: READER.format(name) for name in ("ada", "bob")},
                sources=[FakeSource("arxiv", page_of(*papers)), broken],
                more="",
            )
            config = (tmp_path / "config.yaml").read_text()
            mail = f"mail: {{transport: smtp, server: 'smtp://127.0.0.1:{server.port}', from: papers@uni.example}}"
            lines = [mail if line.startswith("mail:") else line for line in config.splitlines()]
            (tmp_path / "config.yaml").write_text("\n".join(lines))
            app.close()
            app = type(app)(tmp_path / "config.yaml", env={}, clock=Hands(NOW))
            app.__dict__["sources"] = (FakeSource("arxiv", page_of(*papers)), broken)
            app.reread()
            app.ingest()
            assert app.tick().failed == 2
            app.close()
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    log = said.getvalue()
    assert "[address]" in log
    assert "@uni.example" not in log
