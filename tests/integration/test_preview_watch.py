"""`digest preview --watch`: a real process, a real HTTP client, and files that are edited under it."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from digest.camera import chromium
from digest.resources import data_path
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry

MORNING = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)
ADA = """\
email: ada@uni.example
timezone: Europe/Berlin
send: 09:00
lanes: [{name: Attention, phrases: [sparse attention]}]
"""
DAY = "2026-05-20"
PROMPT_S = 0.2
"""What is promised, from the edit to the new mail in the browser's hands; within a few tries on a machine at work."""


@dataclass
class Watched:
    """A running watch, and a browser that follows it."""

    folder: Path
    port: int
    process: subprocess.Popen[str]
    events: http.client.HTTPResponse
    connection: http.client.HTTPConnection = field(repr=False)

    def event(self) -> dict[str, object]:
        """The next change; heartbeats are passed over."""
        while not (line := self.events.readline()).startswith(b"data: "):
            assert line, "the stream has ended"
        said = json.loads(line.removeprefix(b"data: "))
        assert isinstance(said, dict)
        return said

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    def write(self, name: str, text: str) -> None:
        """As editors do: a new file, moved over the old one."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".tmp~")
        beside.write_text(text, "utf-8")
        beside.replace(path)


@contextmanager
def watch(folder: Path) -> Iterator[Watched]:
    command = [sys.executable, "-m", "digest", "preview", "ada", "--date", DAY, "--watch"]
    process = subprocess.Popen(
        [*command, "-c", str(folder / "config.yaml")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line := process.stdout.readline())
        assert found is not None, line + process.stderr.read()
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=20)
        connection.request("GET", "/events")
        yield Watched(folder, int(found[1]), process, connection.getresponse(), connection)
        connection.close()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    paper = arxiv_entry("2605.00001", "Blocked sparse attention for long contexts")
    source = FakeSource("arxiv", page_of(paper))
    app = make_app(tmp_path, Hands(MORNING), readers={"ada": ADA}, sources=[source])
    app.ingest()
    app.close()
    with watch(tmp_path) as running:
        assert running.event() == {"version": 1, "error": ""}
        yield running


@pytest.mark.slow
def test_an_edit_shows_at_once_and_a_mistake_shows_with_its_line(watched: Watched) -> None:
    """Template, reader's file, config: the browser hears of it; broken ones are named and the last mail stays."""
    card = (data_path("templates") / "mail" / "card.mjml.j2").read_text("utf-8")
    assert "Blocked sparse attention" in watched.get("/mail")[1]
    assert "Blocked sparse attention" in watched.get("/text")[1]
    assert "EventSource" in watched.get("/")[1]
    took = []
    for number in range(30):
        edited = time.perf_counter()
        watched.write("templates/mail/card.mjml.j2", card.replace("{{ title }}", f"{{{{ title }}}} (edit {number})"))
        assert watched.event()["error"] == ""
        assert f"(edit {number})" in watched.get("/mail")[1]
        took.append(time.perf_counter() - edited)
        if took[-1] < PROMPT_S:
            break
    assert min(took) < PROMPT_S, took

    watched.write("templates/mail/card.mjml.j2", "<mj-section>\n<mj-txt>{{ title }}</mj-txt></mj-section>")
    error = str(watched.event()["error"])
    assert error.endswith("card.mjml.j2:2: <mj-txt> is not an MJML tag")
    assert f"(edit {len(took) - 1})" in watched.get("/mail")[1]
    shutil.rmtree(watched.folder / "templates")
    assert watched.event()["error"] == ""
    assert "(edit" not in watched.get("/mail")[1]

    watched.write("subscribers/ada.yaml", ADA + "papers: many\n")
    assert "ada" in str(watched.event()["error"])
    watched.write("subscribers/ada.yaml", ADA.replace("Attention", "Looking"))
    assert watched.event()["error"] == ""
    assert "Looking" in watched.get("/mail")[1]

    config = (watched.folder / "config.yaml").read_text()
    watched.write("config.yaml", config + "nonsense: 1\n")
    assert re.search(r"config\.yaml:\d+: nonsense", str(watched.event()["error"]))
    watched.write("config.yaml", config.replace("name: Test papers", "name: Other papers"))
    assert watched.event()["error"] == ""
    assert "Other papers" in watched.get("/mail")[1]


@pytest.mark.slow
def test_it_ends_with_ctrl_c_while_a_browser_follows(watched: Watched) -> None:
    """Promptly, with exit code 0, and the port is free again."""
    watched.process.send_signal(signal.SIGINT)
    assert watched.process.wait(timeout=20) == 0
    with socket.socket() as again, pytest.raises(ConnectionRefusedError):
        again.connect(("127.0.0.1", watched.port))


@pytest.mark.slow
def test_only_this_machine_by_its_own_name_is_answered(watched: Watched) -> None:
    """A page elsewhere that points its name at this address reads nothing; unknown paths are not there."""
    assert watched.get("/mail", Host="evil.example")[0] == 403
    assert watched.get("/nothing")[0] == 404
    assert watched.get("/mail", Host=f"localhost:{watched.port}")[0] == 200


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")
def test_a_browser_follows(watched: Watched) -> None:
    """The page's script runs: it shows the mail, what is chosen, and the error that came before it was opened."""
    watched.write("templates/mail/card.mjml.j2", "<mj-txt></mj-txt>")
    assert watched.event()["error"]
    program = chromium()
    assert program is not None
    flags = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={watched.folder}/profile")
    ran = subprocess.run(
        [program, *flags, "--timeout=3000", "--dump-dom", f"http://127.0.0.1:{watched.port}/"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "&lt;mj-txt&gt; is not an MJML tag" in ran.stdout
    assert 'src="/mail"' in ran.stdout
    assert ran.stdout.count('aria-pressed="true"') == 3
