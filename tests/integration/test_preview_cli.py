"""`digest preview` as people use it: who to choose from, forms, pictures, everybody at once, and what changed."""

from __future__ import annotations

import datetime as dt
import json
import os
import pty
import select
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from rich.text import Text

from digest.camera import chromium
from digest.cli.main import cli
from digest.cli.preview_term import print_mail
from digest.errors import CameraError, NotFound
from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry

MORNING = dt.datetime(2026, 5, 20, 6, 0, tzinfo=dt.UTC)  # a Wednesday, 08:00 in Berlin
ADA = """\
email: ada@uni.example
timezone: Europe/Berlin
send: 09:00
frequency: daily
papers: 3
explore: false
lanes: [{name: Attention, phrases: [sparse attention]}]
"""
GRACE = "email: grace@uni.example\ntimezone: Europe/Berlin\nsend: 09:00\nfrequency: daily\nbalance: 0\n"
DAY, NEXT = "2026-05-20", "2026-05-21"
TITLES = {
    "Blocked": "sparse attention for protein folding on small machines",
    "Hashed": "retrieval meets sparse attention in law and medicine",
    "Learnt": "masks: sparse attention that forgets what nobody asked for",
    "Routed": "experts share one sparse attention layer across languages",
    "Sorted": "keys make sparse attention exact for genome assembly",
}
PAPERS = [
    arxiv_entry(f"2605.0000{number}", f"{word} {rest}", authors=[f"{word} Author"], abstract=f"{rest} {word} " * number)
    for number, (word, rest) in enumerate(TITLES.items(), start=1)
]
HOSTILE = arxiv_entry("2605.00009", "Sparse attention \x1b[2J\x1b]0;owned\x07 [bold]for[/] free")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two readers; ada's mail of 20 May was sent with three of five papers."""
    clock = Hands(MORNING)
    app = make_app(
        tmp_path, clock, readers={"ada": ADA, "grace": GRACE}, sources=[FakeSource("arxiv", page_of(*PAPERS))]
    )
    app.reread()
    app.ingest()
    clock.now = MORNING + dt.timedelta(hours=1)
    app.tick()
    app.close()
    with closing(sqlite3.connect(tmp_path / "digest.db")) as database, database:
        database.execute("UPDATE deliveries SET trial = 0")  # as a mail server would have taken them
    return tmp_path


def preview(folder: Path, *args: str) -> Result:
    env = {"DIGEST_CONFIG": str(folder / "config.yaml"), "COLUMNS": "120"}
    return CliRunner().invoke(cli, ["preview", *args], env=env, catch_exceptions=False)


# ── who ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_reader_the_choice_is_listed(folder: Path) -> None:
    """A script learns who there is, and that it was a misuse."""
    result = preview(folder)
    assert result.exit_code == 2
    assert not result.stdout
    assert "ada    ada@uni.example  (Attention)" in result.stderr
    assert "grace  grace@uni.example  (what is trending)" in result.stderr


@pytest.mark.slow
def test_on_a_terminal_the_reader_is_a_number(folder: Path) -> None:
    """A person types 2 and sees the second reader's mail."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "digest", "preview", "-c", str(folder / "config.yaml"), "--date", DAY]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen, deadline, answered = "", time.monotonic() + 30, False
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                seen += os.read(ours, 4096).decode()
            except OSError:  # its end is closed
                break
        if "Number [1]:" in seen and not answered:
            os.write(ours, b"2\n")
            answered = True
    assert process.wait(timeout=10) == 0, seen
    os.close(ours)
    assert "grace, Wed 20 May 2026" in seen


def test_things_that_exclude_each_other_are_told(folder: Path) -> None:
    """Every wrong combination is a misuse with a word on it, before anything is read."""
    for args in (
        ("ada", "--watch", "--diff", DAY, NEXT),
        ("ada", "--all"),
        ("--all", "--format", "png"),
        ("ada", "--width", "300", "--format", "text"),
    ):
        assert preview(folder, *args).exit_code == 2, args


# ── forms ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_gets_sections_links_reasons_and_whole_lines(tmp_path: Path, width: int) -> None:
    """Within its width; titles are links; what a title brings along cannot move the cursor or change the style."""
    app = make_app(
        tmp_path,
        Hands(MORNING),
        readers={"ada": ADA.replace("papers: 3", "papers: 6")},
        sources=[FakeSource("arxiv", page_of(*PAPERS, HOSTILE))],
    )
    app.ingest()
    out = Console(width=width, force_terminal=True, color_system="standard", highlight=False, legacy_windows=False)
    with out.capture() as captured:
        print_mail(out, app.preview("ada"))
    app.close()
    drawn = captured.get()
    assert "\x1b[2J" not in drawn
    assert "\x07" not in drawn
    assert "[bold]for[/] free" in drawn
    assert "\x1b]8;" in drawn
    assert "https://arxiv.org/abs/2605.00009" in drawn
    lines = Text.from_ansi(drawn).plain.splitlines()
    assert max(map(len, lines)) <= width
    assert any(line.startswith("Attention ──") for line in lines)
    assert sum("Why: " in line for line in lines) == 6
    assert any(line.startswith("  1 ") for line in lines)


def test_a_frame_carries_width_and_scheme_into_the_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--open with --width and --dark writes a page that shows the mail as such a window would."""
    monkeypatch.setattr("click.launch", lambda url: 0)
    result = preview(folder, "ada", "--date", DAY, "--open", "--width", "320", "--dark", "-o", str(folder / "x.html"))
    assert result.exit_code == 0
    page = (folder / "x.html").read_text("utf-8")
    assert "width: 320px" in page
    assert "color-scheme: dark" in page
    assert "srcdoc=" in page
    assert "sparse attention" in page


def test_a_picture_without_chromium_names_the_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command fails with what to install, and leaves no file."""
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(CameraError, match="apt install chromium"):
        preview(folder, "ada", "--date", DAY, "-o", str(folder / "mail.png"))
    assert not (folder / "mail.png").exists()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")
def test_a_picture_is_as_wide_as_asked(folder: Path) -> None:
    """The whole mail, at a phone's width."""
    png = folder / "mail.png"
    assert preview(folder, "ada", "--date", DAY, "--width", "360", "-o", str(png)).exit_code == 0
    header = png.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    assert int.from_bytes(header[16:20]) == 360
    assert int.from_bytes(header[20:24]) > 400


# ── everybody, and what changed ─────────────────────────────────────────────────────────────────────────────


def test_everybodys_mail_is_a_folder_with_an_index(folder: Path) -> None:
    """One page a reader, linked from the index; nothing is sent by it."""
    result = preview(folder, "--all", "--date", DAY, "-o", str(folder / "pages"))
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (folder / "pages").iterdir()) == ["ada.html", "grace.html", "index.html"]
    index = (folder / "pages" / "index.html").read_text("utf-8")
    assert 'href="ada.html"' in index
    assert "sparse attention" in (folder / "pages" / "ada.html").read_text("utf-8")


def test_one_reader_who_fails_does_not_stop_the_others(folder: Path) -> None:
    """Who has no mail that day is told in the index, on stderr, and by the exit code."""
    skipped = GRACE.replace("Europe/Berlin", "Pacific/Apia")
    (folder / "subscribers" / "grace.yaml").write_text(skipped)
    result = preview(folder, "--all", "--date", "2011-12-30", "-o", str(folder / "pages"))
    assert result.exit_code == 1
    assert "grace: 2011-12-30 does not exist in Pacific/Apia" in result.stderr
    assert "does not exist in Pacific/Apia" in (folder / "pages" / "index.html").read_text("utf-8")
    assert (folder / "pages" / "ada.html").exists()


def test_two_days_are_compared(folder: Path) -> None:
    """What came, and what went with the reason why it can't come again."""
    result = preview(folder, "ada", "--diff", DAY, NEXT, "--json")
    told = json.loads(result.stdout)
    fates = {change["title"].split()[0]: change["fate"] for change in told["changes"]}
    assert sorted(fates.values()) == ["in", "in", "out", "out", "out"]
    out = [change for change in told["changes"] if change["fate"] == "out"]
    assert all(change["why"] and change["after"] is None and change["before"]["position"] for change in out)
    table = preview(folder, "ada", "--diff", DAY, NEXT).stdout
    assert "2 in, 3 out" in table


def test_a_sent_day_is_compared_with_what_todays_settings_make_of_it(folder: Path) -> None:
    """The same day twice: a changed lane shows as other papers and as scores that differ, part by part."""
    same = json.loads(preview(folder, "ada", "--diff", DAY, DAY, "--json").stdout)
    assert {change["fate"] for change in same["changes"]} == {"same"}
    first = same["changes"][0]["title"].split()[0]
    (folder / "subscribers" / "ada.yaml").write_text(ADA + f"mute: {{authors: [{first} Author]}}\n")
    told = json.loads(preview(folder, "ada", "--diff", DAY, DAY, "--json").stdout)
    by_fate = {change["fate"]: change for change in told["changes"]}
    assert by_fate["out"]["title"].startswith(first)
    assert "muted" in by_fate["out"]["why"]
    assert "in" in by_fate
    with pytest.raises(NotFound, match="nothing was sent to ada on 2026-05-21"):
        preview(folder, "ada", "--diff", NEXT, NEXT)
