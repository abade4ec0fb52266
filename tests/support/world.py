"""A whole installation for one test: a folder with config and readers, providers and a mail server on loopback, and the
real command line in processes of its own.

    with World(tmp_path) as world:
        world.announce("cs.LG", paper(1), paper(2))      # arXiv's feed
        world.reader("ada")                              # is due since this morning, whenever the test runs
        ran = world.digest("run")                        # python -m digest run
        assert ran.code == 0, ran
        world.mails()                                    # what the SMTP server took, parsed

Every process is kept from the network by tests/support/offline: an attempt is refused and fails the test at the end.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from types import TracebackType
from typing import Self

from digest.sources.contract.server import HttpServer, Reply, Seen
from tests.support.smtp_server import SmtpServer
from tests.support.wire import api_page, hf_day, rss, rss_item

ROOT = Path(__file__).resolve().parents[2]
OFFLINE = Path(__file__).resolve().parent / "offline"

PATIENCE_S = 60.0
"""No command of these tests may take longer, even on a busy machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A finished command. Shown whole when an assertion fails."""

    args: tuple[str, ...]
    code: int
    out: str
    err: str
    raw: bytes
    """Standard output as bytes."""

    def __str__(self) -> str:
        return f"digest {' '.join(self.args)} → {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"

    def json(self) -> object:
        return json.loads(self.out)

    def object(self) -> dict[str, object]:
        """Standard output as a JSON object."""
        value = self.json()
        assert isinstance(value, dict), self
        return value


def environment(offline_log: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a started process gets: this one's environment without our own variables, and no way to the network."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DIGEST_", "PYTHON"))}
    return inherited | {
        "PYTHONPATH": f"{OFFLINE}{os.pathsep}{ROOT}",
        "OFFLINE_LOG": str(offline_log),
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": "200",
        "NO_COLOR": "1",
        **(extra or {}),
    }


def run_digest(
    *args: str,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes | None = None,
    timeout_s: float = PATIENCE_S,
    python: Sequence[str] = (sys.executable,),
) -> Ran:
    """``python -m digest ARGS`` in a folder; a traceback on stderr fails at once, whatever the exit code."""
    done = subprocess.run(
        [*python, "-m", "digest", *args],
        cwd=cwd,
        env=dict(env),
        input=stdin if stdin is not None else b"",
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )
    ran = Ran(
        args=args,
        code=done.returncode,
        out=done.stdout.decode("utf-8", "replace"),
        err=done.stderr.decode("utf-8", "replace"),
        raw=done.stdout,
    )
    assert "Traceback (most recent call last)" not in ran.err, ran
    return ran


# ── what providers say ──────────────────────────────────────────────────────────────────────────────────────

SUBJECTS = (
    ("Sparse attention at four bits", "Sparse attention keeps few keys per query, which makes long context cheap."),
    ("A cache of keys and values that forgets", "The KV cache grows with context; we drop the entries nobody attends."),
    (
        "Diffusion models for weather",
        "A diffusion model forecasts the weather of two weeks in a minute on one machine.",
    ),
    (
        "Protein design by language models",
        "We design proteins with a language model, and half of them fold as planned.",
    ),
    ("Robots that fold laundry", "A robot learns to fold shirts from an hour of video of people who fold them."),
    ("Scaling laws of small data", "Loss falls as a power of the number of tokens, even where there are few of them."),
    ("Graph networks without graphs", "We show that a transformer finds the edges that a graph network is told of."),
    ("Speech recognition in the rain", "Noise of rain doubles the word error rate; we train on synthetic rain."),
    ("Reinforcement learning from silence", "No reward is a signal too: agents learn from what nobody praised."),
    (
        "Proofs by large language models",
        "A language model proves lemmas that a checker accepts, and says when it cannot.",
    ),
)


def paper(number: int, *, title: str | None = None, abstract: str | None = None, authors: str | None = None) -> str:
    """An item of arXiv's feed; every number is another paper on one of ten subjects."""
    name, about = SUBJECTS[number % len(SUBJECTS)]
    return rss_item(
        f"2608.{number:05d}",
        title=title if title is not None else f"{name}, part {number}",
        abstract=abstract if abstract is not None else f"{about} We measure it on benchmark {number}.",
        authors=authors if authors is not None else f"Ada Lovelace{number}, Charles Babbage{number}",
    )


def morning(now: dt.datetime | None = None) -> str:
    """A zone in which it is about noon, so that a mail of this morning is due, and the next one is tomorrow's."""
    ahead_h = 12 - (now or dt.datetime.now(dt.UTC)).hour  # Etc/GMT-5 is five hours ahead (POSIX counts westwards)
    return f"Etc/GMT{-ahead_h:+d}"


# ── the world ───────────────────────────────────────────────────────────────────────────────────────────────


class World:
    """A context manager. ``mail_server``: the SMTP server, or None for the files transport."""

    def __init__(self, folder: Path, *, smtp: SmtpServer | None = None, files: bool = False) -> None:
        self.folder = folder / "site"
        self.web = HttpServer()
        self.smtp = smtp or SmtpServer(ledger=folder / "ledger.jsonl")
        self.zone = morning()
        self.offline_log = folder / "network-attempts"
        self.mail: dict[str, object] = {"transport": "files" if files else "smtp", "timeout": "10s"}
        self.sources: dict[str, object] = {"timeout": "5s"}
        self.top: dict[str, object] = {}
        self.variables: dict[str, str] = {}
        self._stack = ExitStack()
        (self.folder / "subscribers").mkdir(parents=True)

    def __enter__(self) -> Self:
        self._stack.enter_context(self.web)
        self._stack.enter_context(self.smtp)
        self.web.answer("/api/query", lambda seen: Reply(body=api_page([], total=0)))
        self.list_on_hugging_face()
        self.configure()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        if error is None:
            assert not self.offline_log.exists(), f"asked beyond this machine: {self.offline_log.read_text()}"

    # providers

    def announce(self, category: str, *items: str) -> None:
        """arXiv's feed of a category from now on."""
        body = rss(*items)
        self.web.serve(f"/rss/{category}", Reply(body=body, content_type="application/rss+xml", etag=f'"{hash(body)}"'))

    def list_on_hugging_face(self, *items: object, answer: Callable[[Seen], Reply] | None = None) -> None:
        """Today's list from now on; the days before are empty."""

        def day(seen: Seen) -> Reply:
            today = dt.datetime.now(dt.UTC).date().isoformat()
            return Reply(body=hf_day(*items) if seen.query.get("date") == today else b"[]")

        self.web.answer("/api/daily_papers", answer or day)

    # files

    def configure(self) -> None:
        """Write config.yaml from ``mail``, ``sources`` and ``top``. JSON is YAML."""
        base = self.web.url
        settings = {
            "site": {"name": "Our papers", "contact": "op@uni.example"},
            "sources": {
                "arxiv": {
                    "rss_url": base,
                    "api_url": f"{base}/api/query",
                    "pace": "0s",
                },
                "huggingface": {"url": base, "days": 1, "pace": "0s"},
                "first_run": {"look_back": "1d"},
                **self.sources,
            },
            "signals": {"huggingface": {"url": base, "pace": "0s"}},
            "mail": {
                "server": f"smtp://127.0.0.1:{self.smtp.port}",
                "from": "Our papers <papers@uni.example>",
                **self.mail,
            },
            **self.top,
        }
        (self.folder / "config.yaml").write_text(json.dumps(settings, indent=1), encoding="utf-8")

    def reader(self, name: str, **settings: object) -> Path:
        """Write a reader's file: mail at 7:30 of every day, due since then."""
        path = self.folder / "subscribers" / f"{name}.yaml"
        whole: dict[str, object] = {
            "email": f"{name}@uni.example",
            "name": name.capitalize(),
            "timezone": self.zone,
            "frequency": "daily",
            "send": "07:30",
            "papers": 5,
            "lanes": [{"name": "Attention", "phrases": ["sparse attention"], "categories": ["cs.LG"]}],
        }
        whole.update(settings)
        path.write_text(json.dumps({key: value for key, value in whole.items() if value is not None}), encoding="utf-8")
        return path

    # commands

    def env(self, **extra: str) -> dict[str, str]:
        return environment(self.offline_log, {**self.variables, **extra})

    def digest(self, *args: str, stdin: bytes | None = None, timeout_s: float = PATIENCE_S, **env: str) -> Ran:
        """A command in the folder, to its end."""
        return run_digest(*args, cwd=self.folder, env=self.env(**env), stdin=stdin, timeout_s=timeout_s)

    def start(self, *args: str, **env: str) -> subprocess.Popen[bytes]:
        """A command that goes on; whoever starts it waits for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "digest", *args],
            cwd=self.folder,
            env=self.env(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    # what came of it

    def mails(self) -> list[EmailMessage]:
        """What the mail server took, in order of arrival."""
        return [parsed(data) for data in self.smtp.messages]

    def states(self) -> dict[str, str]:
        """The state of each delivery that counts, by reader; for several editions the newest."""
        rows = self.rows("SELECT subscriber_id, state FROM deliveries WHERE NOT trial ORDER BY edition")
        return {str(reader): str(state) for reader, state in rows}

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What the database says, read beside the program."""
        with closing(sqlite3.connect(self.folder / "digest.db")) as connection:
            return list(connection.execute(query))

    def change(self, statement: str) -> None:
        """Turn the clock for what is stored: leases end, attempts come due."""
        with closing(sqlite3.connect(self.folder / "digest.db")) as connection, connection:
            connection.execute(statement)

    def dump(self) -> list[str]:
        """The whole database as SQL, for comparing."""
        with closing(sqlite3.connect(self.folder / "digest.db")) as connection:
            return list(connection.iterdump())


def parsed(data: bytes) -> EmailMessage:
    """A mail as a modern reader of mail understands it."""
    return BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(data)


def html_of(mail: EmailMessage) -> str:
    return _part(mail, "html")


def text_of(mail: EmailMessage) -> str:
    return _part(mail, "plain")


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None, f"no {kind} part"
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")
