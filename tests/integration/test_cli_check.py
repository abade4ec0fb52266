"""`digest check` on real folders: problems, hints, exit codes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from digest.checkup import Checkup, LaneMatches, examine
from digest.cli.main import cli
from digest.errors import RenderError
from digest.model import Subscriber

NOW = dt.datetime(2026, 11, 16, 12, tzinfo=dt.UTC)
QUIET = "site: {contact: ada@uni.example}\nmail: {transport: smtp, preset: local}\n"
READER = (
    "email: ada@uni.example\ntimezone: Europe/Berlin\nlanes: [{phrases: [sparse attention], categories: [cs.LG]}]\n"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An installation without problems and without hints."""
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "config.yaml").write_text(QUIET)
    (tmp_path / "subscribers" / "ada.yaml").write_text(READER)
    return tmp_path


def run(place: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["check", "--config", str(place / "config.yaml"), *options], prog_name="digest")


def found(place: Path, lane_matches: LaneMatches | None = None, env: Mapping[str, str] | None = None) -> Checkup:
    return examine(
        place / "config.yaml", env=env or {}, now=NOW, check_templates=lambda config: None, lane_matches=lane_matches
    )


def hints(place: Path, config: str = QUIET, reader: str = READER) -> list[str]:
    (place / "config.yaml").write_text(config)
    (place / "subscribers" / "ada.yaml").write_text(reader)
    checked = found(place)
    assert not checked.problems
    return [str(hint).removeprefix(f"{place}/") for hint in checked.hints]


def test_an_installation_in_order_is_said_to_be(place: Path) -> None:
    """Exit code 0."""
    result = run(place)
    assert (result.exit_code, result.output) == (0, "All good: config, 1 reader, templates.\n")


def test_problems_of_all_files_are_told_in_one_run(place: Path) -> None:
    """Config, every reader and the templates, with exit code 2; lines are whole, whatever the terminal's width."""
    (place / "config.yaml").write_text(QUIET + "stroe: x\n")
    (place / "subscribers" / "bob.yaml").write_text("email: bob\ntimezone: Berlin\n")
    result = run(place)
    assert result.exit_code == 2
    assert f"✗ {place}/config.yaml:3: stroe: unknown key; did you mean store?\n" in result.output
    assert f"✗ {place}/subscribers/bob.yaml:1: email: 'bob' is no e-mail address: it has no @\n" in result.output
    assert (
        f"✗ {place}/subscribers/bob.yaml:2: timezone: 'Berlin' is no time zone; did you mean Europe/Berlin?\n"
        in result.output
    )
    assert "3 problems." in result.output


def test_a_broken_template_is_a_problem(place: Path) -> None:
    """With its file and line."""
    folder = place / "templates" / "mail"
    folder.mkdir(parents=True)
    (folder / "card.mjml.j2").write_text("<mj-section>\n{{ title\n</mj-section>\n")
    result = run(place)
    assert result.exit_code == 2
    assert "card.mjml.j2" in result.output
    assert "1 problem." in result.output


def test_json_is_for_scripts(place: Path) -> None:
    """The same, as file, line, key and message."""
    (place / "subscribers" / "bob.yaml").write_text("email: bob@uni.example\ntimezone: Berlin\n")
    result = run(place, "--json")
    assert result.exit_code == 2
    assert json.loads(result.output) == {
        "problems": [
            {
                "file": str(place / "subscribers" / "bob.yaml"),
                "line": 2,
                "key": "timezone",
                "message": "'Berlin' is no time zone; did you mean Europe/Berlin?",
            }
        ],
        "hints": [],
    }


def test_a_missing_configuration_says_what_to_do(tmp_path: Path) -> None:
    """Exit code 2, no traceback, and no second complaint about the readers."""
    result = run(tmp_path)
    assert result.exit_code == 2
    assert result.output.count("✗") == 1
    assert "`digest init` writes one" in result.output
    assert "Nothing else is wrong" not in result.output


def test_a_missing_folder_of_readers_is_a_problem(place: Path) -> None:
    """A wrong path must not look like an empty installation."""
    (place / "config.yaml").write_text(QUIET + "subscribers: reader\n")
    checked = found(place)
    (problem,) = checked.problems
    assert str(problem).startswith(f"{place}/config.yaml:3: subscribers: {place}/reader: the folder cannot be read")
    assert checked.hints == ()


def test_hints_are_counted_and_files_named_from_here(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hints are not "all good"; below the current folder a short path is enough."""
    (place / "config.yaml").write_text(QUIET + "sources: {files: [lab.jsonl]}\n")
    monkeypatch.chdir(place)
    result = run(place)
    assert result.exit_code == 0
    assert f"• config.yaml:3: sources.files: {place}/lab.jsonl is not there" in result.output
    assert result.output.endswith("No problems, 1 hint: config, 1 reader, templates.\n")


def test_an_address_in_a_message_keeps_its_password(place: Path) -> None:
    """A bad feed is named, but not what stands before its @."""
    (place / "config.yaml").write_text(QUIET + 'sources: {feeds: [lab.example/feed, "ftp://me:pw@lab.example/"]}\n')
    first, second = (problem.message for problem in found(place).problems)
    assert first.startswith("'lab.example/feed' is no web address")
    assert second.startswith("'ftp://…@lab.example/' is no web address")


@pytest.mark.parametrize(
    ("zone", "send", "hours"),
    [
        ("Asia/Tokyo", "07:30", "about 2 h before arXiv announces (10:00 in Asia/Tokyo)"),
        ("America/New_York", "17:00", "about 3 h before arXiv announces (20:00 in America/New_York)"),
        ("Europe/Berlin", "01:45", "just before arXiv announces (02:00 in Europe/Berlin)"),
        ("Europe/Berlin", "07:30", None),
        ("America/New_York", "07:30", None),
        ("Asia/Tokyo", "12:30", None),
    ],
)
def test_a_send_time_shortly_before_the_announcement_is_a_hint(
    place: Path, zone: str, send: str, hours: str | None
) -> None:
    """Such a mail carries papers that are nearly a day old, every day."""
    told = hints(place, reader=READER.replace("Europe/Berlin", f"{zone}\nsend: {send}"))
    if hours is None:
        assert told == []
    else:
        assert told[0].startswith(f"subscribers/ada.yaml:3: send: {send} is {hours}")


def test_a_send_time_does_not_matter_without_arxiv(place: Path) -> None:
    """Nobody waits for an announcement then."""
    config = QUIET + "sources: {arxiv: false}\n"
    assert hints(place, config, READER.replace("Europe/Berlin", "Asia/Tokyo\nsend: 07:30")) == []


def test_a_trial_and_a_missing_contact_are_hints(place: Path) -> None:
    """At the line of the key, if there is one."""
    told = hints(place, "site: {name: x}\nmail:\n  transport: files\n")
    assert [hint.partition(" ")[0] for hint in told] == ["config.yaml:3:", "config.yaml:1:"]


def test_categories_that_nobody_wants_or_nobody_reads_are_hints(place: Path) -> None:
    """With a fixed list both can happen; with auto, wanting none at all."""
    told = hints(place, QUIET + "sources: {arxiv: {categories: [cs.CL, cs.CV]}}\n")
    assert "no reader's lane names cs.CL, cs.CV" in told[0]
    assert "readers want cs.LG, but it is not read" in told[1]
    told = hints(place, reader=READER.replace(", categories: [cs.LG]", ""))
    assert "no lane names a category" in told[0]


def test_an_installation_without_readers_is_a_hint(place: Path) -> None:
    """The next step is named."""
    (place / "subscribers" / "ada.yaml").unlink()
    (hint,) = found(place).hints
    assert "nobody reads yet" in str(hint)


def test_more_readers_than_a_day_allows_are_a_hint(place: Path) -> None:
    """Over all relays; none where one of them has no limit."""
    (place / "subscribers" / "bob.yaml").write_text(READER.replace("ada", "bob"))
    (told,) = hints(place, QUIET.replace("local}", "local, per_day: 1}"))
    assert "mail.per_day: allows 1 mails in 24 hours, and there are 2 readers" in told
    assert not hints(place, QUIET.replace("local}", "local, per_day: 1, fallback: {server: 'smtp://127.0.0.1:26'}}"))


def test_a_lane_that_matched_nothing_lately_is_a_hint(place: Path) -> None:
    """When there is a store to ask; a lane that it does not judge is passed over."""

    def matches(subscriber: Subscriber) -> Mapping[str, int]:
        assert subscriber.id == "ada"
        return {"Sparse attention": 0}

    (hint,) = found(place, matches).hints
    assert str(hint).removeprefix(f"{place}/") == (
        "subscribers/ada.yaml:3: lanes: nothing matched 'Sparse attention' lately; try wider phrases, or a category"
    )
    assert found(place, lambda subscriber: {}).hints == ()


def test_a_template_error_keeps_its_place(place: Path) -> None:
    """File and line are the problem's, not part of its words."""

    def broken(config: object) -> None:
        raise RenderError("templates/mail/card.mjml.j2", "is broken", 7)

    (problem,) = examine(place / "config.yaml", env={}, now=NOW, check_templates=broken).problems
    assert (str(problem.path), problem.line, problem.message) == ("templates/mail/card.mjml.j2", 7, "is broken")


def test_readers_are_checked_where_a_broken_configuration_says_they_are(place: Path) -> None:
    """The folder is looked up as far as the file can be read."""
    (place / "subscribers").rename(place / "people")
    (place / "people" / "bob.yaml").write_text("email: bob\n")
    (place / "config.yaml").write_text("subscribers: people\ntick: x\n")
    assert len(found(place).problems) == 3
    (place / "config.yaml").write_text("tick: x\n")
    assert len(found(place, env={"DIGEST_SUBSCRIBERS": "people"}).problems) == 3


def test_the_web_pages_are_looked_at(place: Path) -> None:
    """Reachable by others without an address of their own, an admin without https, one limit for all visitors."""
    (place / "password").write_text("correct horse battery")
    admin = "admin: {password: {file: password}}"
    assert hints(place, f"{QUIET}web: {{listen: '127.0.0.1:80', {admin}}}\n") == []
    open_to_all = hints(place, f"{QUIET}web: {{listen: '0.0.0.0:80', {admin}}}\n")
    assert [hint.split(": ")[1] for hint in open_to_all] == ["web.listen", "web.admin"]
    public = QUIET.replace("contact", "public_url: https://uni.example, contact")
    assert "locks you out" in hints(place, f"{public}web: {{{admin}}}\n")[0]
    assert hints(place, f"{public}web: {{{admin}, trusted_proxies: 127.0.0.1}}\n") == []


@pytest.mark.parametrize(
    ("web", "said"),
    [
        ("admin: {}", "web.admin: opens no door"),
        ("admin: {password: hunter2hunter2}", "secrets are not kept in this file"),
        ("admin: {password: {file: short}}", "web.admin.password: is shorter than 12 characters"),
        ("admin: {proxy_header: X-Remote-User, users: ada}", "from web.trusted_proxies alone"),
        ("admin: {proxy_header: X-Remote-User}, trusted_proxies: 127.0.0.1", "web.admin.users: is needed"),
        ("admin: {proxy_header: Cookie, users: ada}", "is no header that names a user"),
        ("admin: {password: {file: long}, users: ada}", "means nothing without proxy_header"),
        ("imprint: gone.md", "web.imprint: there is no file"),
    ],
)
def test_what_does_not_open_a_door_is_a_mistake(place: Path, web: str, said: str) -> None:
    """Each with its key, and no secret in any message."""
    (place / "short").write_text("hunter2")
    (place / "long").write_text("correct horse battery")
    (place / "config.yaml").write_text(f"{QUIET}web: {{{web}}}\n")
    (problem, *_) = found(place).problems
    assert said in str(problem)
    assert "hunter2" not in str(problem)
