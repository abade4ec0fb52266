"""`digest doctor` on real folders, databases and loopback servers: what it sees, and that it changes nothing."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from digest.app import App
from digest.cli.main import cli
from digest.doctor.checks import diagnose
from digest.doctor.examination import look
from digest.doctor.findings import Finding, Verdict
from digest.model import SourceReport, SourceStatus
from digest.sources.contract.server import HttpServer, Reply
from tests.support.smtp_server import SmtpServer

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
READER = (
    "email: ada@uni.example\ntimezone: Europe/Berlin\nlanes: [{phrases: [sparse attention], categories: [cs.LG]}]\n"
)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as running:
        running.serve("/", Reply(headers={"Date": format_datetime(NOW, usegmt=True)}))
        yield running


class Place:
    """An installation in a folder, whose only source is a loopback server."""

    def __init__(self, folder: Path, server: HttpServer, *, more: str = "", mail: str = "{transport: files}") -> None:
        self.config = folder / "config.yaml"
        (folder / "subscribers").mkdir()
        (folder / "subscribers" / "ada.yaml").write_text(READER)
        self.config.write_text(
            "site: {contact: op@uni.example}\n"
            f"sources: {{arxiv: {{rss_url: '{server.url}/', pace: 0s}}, huggingface: false}}\n"
            f"signals: {{huggingface: false}}\nmail: {mail}\n{more}"
        )

    def app(self) -> App:
        return App(self.config, env={}, clock=lambda: NOW)

    def read(self, *ago_h: float, status: SourceStatus = SourceStatus.OK, error: str | None = None) -> None:
        """Store runs of arXiv so many hours ago."""
        app = self.app()
        for hours in ago_h:
            at = NOW - dt.timedelta(hours=hours)
            app.rooms.sources.report(
                SourceReport(source="arxiv", started_at=at, finished_at=at, status=status, error=error)
            )
        app.close()

    def findings(self, *, offline: bool = False) -> dict[str, list[Finding]]:
        patient = look(self.config, env={}, clock=lambda: NOW, check_templates=lambda config: None, offline=offline)
        found: dict[str, list[Finding]] = {}
        for finding in diagnose(patient):
            found.setdefault(finding.about, []).append(finding)
        return found

    def said(self, about: str, *, offline: bool = False) -> tuple[Verdict, str]:
        (finding,) = self.findings(offline=offline)[about]
        return finding.verdict, f"{finding.said} → {finding.advice}"


def run(place: Place, *options: str) -> Result:
    return CliRunner().invoke(cli, ["doctor", "--config", str(place.config), *options], prog_name="digest")


def test_an_installation_that_is_well(tmp_path: Path, server: HttpServer) -> None:
    """Everything that was looked at is well, but for the trial transport, which is a hint."""
    place = Place(tmp_path, server)
    place.read(1)
    found = place.findings()
    verdicts = {about: [finding.verdict for finding in each] for about, each in found.items()}
    assert verdicts["mail account"] == [Verdict.HINT]
    del verdicts["mail account"]
    assert {verdict for each in verdicts.values() for verdict in each} == {Verdict.OK}
    assert set(verdicts) == {
        "configuration",
        "profile",
        "database",
        "disk",
        "forecast",
        "clock",
        "source arxiv",
        "sources",
        "signals",
    }
    assert "last read 60 min ago" in found["source arxiv"][0].said
    assert [seen.method for seen in server.requests] == ["HEAD"]


def test_it_is_printed_with_what_to_do_and_told_to_scripts(tmp_path: Path, server: HttpServer) -> None:
    """A hint is no failure; JSON has the same findings and the profile."""
    place = Place(tmp_path, server)
    result = run(place, "--offline")
    assert result.exit_code == 0
    assert "• database: " in result.output
    assert "  → run `digest ingest`, which makes it\n" in result.output
    assert not (tmp_path / "digest.db").exists(), "nothing is made by looking"
    told = json.loads(run(place, "--offline", "--json").output)
    assert told["profile"] == "personal"
    assert {"about": "clock", "verdict": "unknown", "said": "not asked: offline was wanted", "advice": ""} in told[
        "findings"
    ]
    assert not server.requests


def test_a_broken_configuration_is_a_problem_and_the_rest_is_not_looked_at(tmp_path: Path, server: HttpServer) -> None:
    """Exit code 1, with the line of the file."""
    place = Place(tmp_path, server, more="stroe: x\n")
    result = run(place)
    assert result.exit_code == 1
    assert "config.yaml:5: stroe: unknown key; did you mean store?" in result.output
    assert "? database: not looked at" in result.output


def test_a_file_that_is_no_database(tmp_path: Path, server: HttpServer) -> None:
    """A problem with advice, no traceback, and the file as it was."""
    place = Place(tmp_path, server)
    (tmp_path / "digest.db").write_text("this is a diary, " * 100)
    verdict, said = place.said("database")
    assert verdict is Verdict.PROBLEM
    assert "file is not a database" in said
    assert place.said("source arxiv")[0] is Verdict.UNKNOWN


def test_a_damaged_database(tmp_path: Path, server: HttpServer) -> None:
    """Found by SQLite's own check, or already on opening it."""
    place = Place(tmp_path, server)
    place.read(*range(1, 400))
    file = tmp_path / "digest.db"
    data = bytearray(file.read_bytes())
    page = 4096
    for start in range(len(data) // 2 // page * page, len(data), page):
        data[start : start + 200] = b"\xff" * 200
    file.write_bytes(data)
    assert place.findings()["database"][0].verdict is Verdict.PROBLEM


def test_a_database_of_an_older_program(tmp_path: Path, server: HttpServer) -> None:
    """It is told, and not upgraded behind the operator's back."""
    place = Place(tmp_path, server)
    app = place.app()
    with app.db.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    app.close()
    for _ in range(2):
        verdict, said = place.said("database")
        assert verdict is Verdict.PROBLEM
        assert "version 0000" in said


def test_looking_at_a_database_changes_nothing(tmp_path: Path, server: HttpServer) -> None:
    """The trial write is taken back."""
    place = Place(tmp_path, server)
    place.read(1)

    def rows() -> list[object]:
        app = place.app()
        with app.db.read() as connection:
            found = [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM source_runs")]
            found += [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM alembic_version")]
        app.close()
        return list(found)

    before = rows()
    place.findings()
    assert rows() == before


@pytest.mark.parametrize(
    ("ago_h", "status", "verdict", "words"),
    [
        ((), SourceStatus.OK, Verdict.HINT, "never read → run `digest ingest`"),
        ((1,), SourceStatus.OK, Verdict.OK, "last read 60 min ago"),
        ((40,), SourceStatus.OK, Verdict.HINT, "last read 40 h ago → run `digest ingest`"),
        ((200,), SourceStatus.OK, Verdict.PROBLEM, "last read 200 h ago"),
        ((1,), SourceStatus.FAILED, Verdict.PROBLEM, "never read without a fault: arXiv said 500"),
    ],
)
def test_a_source_is_judged_by_its_last_good_reading(
    tmp_path: Path, server: HttpServer, ago_h: tuple[float, ...], status: SourceStatus, verdict: Verdict, words: str
) -> None:
    """Stale after a day and a half, lost after five days: a feed holds no more."""
    place = Place(tmp_path, server)
    place.read(*ago_h, status=status, error="arXiv said 500" if status is SourceStatus.FAILED else None)
    found, said = place.said("source arxiv")
    assert found is verdict
    assert words in said


def test_a_host_that_is_gone_beside_one_that_answers(tmp_path: Path, server: HttpServer) -> None:
    """Its own problem, told with its last reading; where nobody answers it is the network that nobody knows of."""
    with HttpServer("127.0.0.2") as other:
        gone = other.url
    place = Place(tmp_path, server)
    text = place.config.read_text().replace("huggingface: false}\nsignals", f"feeds: ['{gone}/feed']}}\nsignals")
    place.config.write_text(text.replace("sources: {", "sources: {huggingface: false, "))
    finding = place.findings()["source feed:" + gone.removeprefix("http://")][0]
    assert finding.verdict is Verdict.PROBLEM
    assert "could not be reached" in finding.said
    server.serve("/", Reply(drop=True))
    assert place.findings()["source arxiv"][0].verdict is Verdict.UNKNOWN


def test_a_provider_that_wants_to_be_left_alone_is_left_alone(tmp_path: Path, server: HttpServer) -> None:
    """Also by the next doctor: the wait is kept in the database."""
    place = Place(tmp_path, server)
    place.read(1)
    server.serve("/", Reply(status=429, headers={"Retry-After": "600"}))
    for _ in range(2):
        finding = place.findings()["source arxiv"][0]
        assert finding.verdict is Verdict.UNKNOWN
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("ahead_s", "verdict", "words"),
    [
        (0, Verdict.OK, "right to within 5 s"),
        (30, Verdict.HINT, "30 s behind"),
        (-900, Verdict.PROBLEM, "15 min ahead of"),
    ],
)
def test_the_clock_is_compared_with_what_the_answers_say(
    tmp_path: Path, server: HttpServer, ahead_s: int, verdict: Verdict, words: str
) -> None:
    """By their Date headers."""
    told = format_datetime(NOW + dt.timedelta(seconds=ahead_s), usegmt=True)
    server.serve("/", Reply(headers={"Date": told}))
    found, said = Place(tmp_path, server).said("clock")
    assert found is verdict
    assert words in said


def test_the_mail_account_is_tried_without_a_message(tmp_path: Path, server: HttpServer) -> None:
    """Connected and gone again; a server that is not there is a problem with advice."""
    with SmtpServer() as smtp:
        mail = f"{{transport: smtp, server: 'smtp://127.0.0.1:{smtp.port}', from: op@uni.example}}"
        place = Place(tmp_path, server, mail=mail)
        verdict, said = place.said("mail account")
        assert verdict is Verdict.OK
        assert "connected, unencrypted, without a login" in said
        assert not any(command.upper().startswith("MAIL") for command in smtp.commands)
        assert place.said("mail account", offline=True)[0] is Verdict.UNKNOWN
    verdict, said = place.said("mail account")
    assert verdict is Verdict.PROBLEM
    assert "refused at connect" in said


def test_each_relay_is_greeted(tmp_path: Path, server: HttpServer) -> None:
    """The fallback is looked at while it is not needed, be it a server or a command."""
    command = "{transport: sendmail, sendmail: '/nowhere/sendmail {recipient}'}"
    with SmtpServer() as smtp, SmtpServer() as spare:
        relays = f"[{{server: 'smtp://127.0.0.1:{spare.port}'}}, {command}]"
        mail = f"{{transport: smtp, server: 'smtp://127.0.0.1:{smtp.port}', from: op@uni.example, fallback: {relays}}}"
        place = Place(tmp_path, server, mail=mail)
        assert place.said("mail account")[0] is Verdict.OK
        assert (smtp.seen["greeting"], spare.seen["greeting"]) == (1, 1)
        found = place.findings()["mail account (fallback)"]
        assert [each.verdict for each in found] == [Verdict.OK, Verdict.PROBLEM]
        assert "there is no command /nowhere/sendmail" in found[1].said


def test_a_public_service_is_judged_more_strictly(tmp_path: Path, server: HttpServer) -> None:
    """A trial transport and a missing contact are problems there."""
    place = Place(tmp_path, server)
    place.config.write_text(
        place.config.read_text().replace("contact: op@uni.example", "public_url: https://papers.uni.example")
    )
    assert place.said("profile", offline=True)[0] is Verdict.PROBLEM
    assert place.said("mail account", offline=True)[0] is Verdict.PROBLEM


def test_signals_without_their_key_are_hints(tmp_path: Path, server: HttpServer) -> None:
    """With the line that turns them on; those that nobody named share one line."""
    place = Place(tmp_path, server)
    place.config.write_text(
        place.config.read_text().replace("signals: {huggingface: false}", "signals: {huggingface: false, github: {}}")
    )
    verdict, said = place.said("signal:github", offline=True)
    assert verdict is Verdict.HINT
    assert "off: it needs a token → signals.github.token: {env: GITHUB_TOKEN}" in said
    assert "semantic_scholar, hackernews" in place.said("signals", offline=True)[1]


@pytest.mark.parametrize(
    ("books", "verdict", "said"),
    [
        ({}, Verdict.OK, "not asked this week"),
        (
            {"kept": 8, "refused": 2},
            Verdict.OK,
            "10 questions this week, 8 summaries kept, 2 refused, 0 failed; 10 of 20",
        ),
        ({"kept": 3, "refused": 8}, Verdict.HINT, "try another model"),
        ({"failed": 3, "failure": "it said 500"}, Verdict.HINT, "last: it said 500"),
        ({"kept": 20}, Verdict.HINT, "summaries.llm.budget"),
        (
            {"kept": 9, "failed": 1, "rests_until": NOW + dt.timedelta(minutes=9)},
            Verdict.HINT,
            "left alone until 12:09",
        ),
    ],
)
def test_a_language_model_is_judged_by_its_books(
    tmp_path: Path, server: HttpServer, books: dict[str, Any], verdict: Verdict, said: str
) -> None:
    """How often it was asked and believed, and what is wrong with it; it is never a problem."""
    place = Place(tmp_path, server, more="summaries: {llm: {url: 'http://localhost:9/v1', model: small, budget: 20}}\n")
    app = place.app()
    counted = sum(books.get(name, 0) for name in ("kept", "refused", "failed"))
    if books:
        assert app.rooms.written.take("small", counted, budget=20, now=NOW) == counted
        app.rooms.written.settle("small", now=NOW, **books)
    app.close()
    found, text = place.said("summaries.llm", offline=True)
    assert found is verdict
    assert said in text
