"""What a preview costs before it does anything: the libraries it loads, and the processor time of the whole command."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.apps import FakeSource, Hands, make_app, page_of
from tests.support.entries import arxiv_entry

ADA = """\
email: ada@uni.example
timezone: UTC
send: 07:00
lanes: [{name: Attention, phrases: [sparse attention], examples: [2605.00002]}]
"""
NEEDLESS = (
    *("scipy", "sklearn", "alembic", "aiosmtplib", "aiosmtpd", "apscheduler", "httpx2", "feedparser", "lxml", "rich"),
    *("stamina", "bibtexparser", "rispy", "pylatexenc", "email_validator", "sqlalchemy.dialects.postgresql"),
    *("sqlalchemy.orm", "digest.sources.http", "digest.delivery.smtp", "digest.bibliography.bibtex"),
)
"""None of these has any part in showing a mail."""
MOST = 4.0
"""Times the processor time of importing numpy and SQLAlchemy, which ranking and the store can't do without."""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weight")
    now = dt.datetime.now(dt.UTC)
    papers = [
        arxiv_entry(f"2605.0000{n}", f"{word} sparse attention", abstract=f"{word} " * 40, announced_at=now)
        for n, word in enumerate(("Blocked", "Hashed", "Learnt"), start=1)
    ]
    app = make_app(folder, Hands(now), readers={"ada": ADA}, sources=[FakeSource("arxiv", page_of(*papers))])
    app.ingest()
    app.close()
    return folder / "config.yaml"


@pytest.mark.slow
def test_a_preview_loads_no_library_that_it_does_not_need(config: Path) -> None:
    """Each of them would cost between 10 ms and a second before the first letter."""
    code = (
        "import sys; from digest.cli.main import cli\n"
        f"cli(['preview', '-c', {str(config)!r}, 'ada', '--format', 'text'], standalone_mode=False)\n"
        f"sys.stderr.write('loaded: ' + ' '.join(m for m in {NEEDLESS!r} if m in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "sparse attention" in ran.stdout
    assert ran.stderr.rpartition("loaded:")[2].strip() == ""


@pytest.mark.slow
def test_a_preview_costs_a_few_times_the_libraries_it_needs(config: Path) -> None:
    """Processor time, best of three, beside that of the imports in the same run: no clock of an idle machine."""
    needed = min(_cpu_s("-c", "import numpy, sqlalchemy") for _ in range(3))
    whole = min(_cpu_s("-m", "digest", "preview", "-c", str(config), "ada", "--format", "text") for _ in range(3))
    assert whole < MOST * needed, f"{whole:.2f} s, {whole / needed:.1f} times {needed:.2f} s"


def _cpu_s(*args: str) -> float:
    """User and system time of a Python process, with compiled modules as an installed program has them."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen([sys.executable, *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime
