"""An operator's own templates: where to begin, what is said of mistakes, how they look; by the commands themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from digest.cli.main import cli
from digest.cli.templates import command
from digest.editions.parts import MAILS, MEANINGS, PARTS, files_of
from digest.editions.templates import Templates
from digest.resources import data_path

BUILTIN = data_path("templates")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text('site: {name: The Group, brand: {accent: "#a31f34"}}\n')
    (tmp_path / "subscribers").mkdir()
    return tmp_path


def run(place: Path, *words: str) -> Result:
    return CliRunner().invoke(command, [words[0], "-c", str(place / "config.yaml"), *words[1:]], terminal_width=120)


def own(place: Path, name: str, old: str, new: str) -> Path:
    """The operator's copy of a template, with a change."""
    path = place / "templates" / "mail" / name
    if not path.exists():
        assert run(place, "new", name).exit_code == 0
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


def test_every_part_is_told(place: Path) -> None:
    """The list names every file that ships, and nothing else; one's own is marked."""
    told = [json.loads(line) for line in run(place, "list", "--json").output.splitlines()]
    shipped = {f"mail/{path.name}" for path in (BUILTIN / "mail").glob("*.j2")}
    assert {each["name"] for each in told} == shipped == {name for part in PARTS for name in files_of(part)}
    assert PARTS.keys() == MEANINGS.keys()
    assert not any(each["own"] for each in told)
    path = own(place, "card.txt.j2", "Why:", "Because:")
    told = [json.loads(line) for line in run(place, "list", "--json").output.splitlines()]
    assert [each["own"] for each in told if each["own"]] == [str(path)]
    assert f"mail/card.txt.j2 ← {path}" in run(place, "list").output


def test_a_copy_changes_nothing(place: Path) -> None:
    """Copies of all templates, with their comments, draw the same mails, and each says what it is given."""
    before = [
        run(place, "show", mail, "--format", form).output for mail in MAILS for form in ("text", "html", "subject")
    ]
    for part in PARTS:
        assert run(place, "new", part).exit_code == 0
    after = [
        run(place, "show", mail, "--format", form).output for mail in MAILS for form in ("text", "html", "subject")
    ]
    assert after == before
    assert "byline: authors, category and day" in (place / "templates" / "mail" / "card.mjml.j2").read_text()
    again = run(place, "new", "card")
    assert again.exit_code == 1
    assert "is there already" in again.output
    assert run(place, "new", "crad").exit_code == 2


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("card.mjml.j2", "{{ title }}</a>", "{{ title | safe }}</a>", "lets what a feed says through as markup"),
        ("card.mjml.j2", "{{ byline }}", "{{ byline.x.y }}", "has no attribute 'x'"),
        ("confirm.txt.j2", "{{ confirm_url }}", "{{ confirm_url | nope }}", "No filter named 'nope'"),
        ("report.subject.j2", "{{ day }}", "{{ days }}", "unknown name 'days'"),
        ("heading.mjml.j2", "{{ light.accent }}", "{{ light.acent }}", "unknown colour 'acent'"),
    ],
)
def test_mistakes_have_a_line(place: Path, name: str, old: str, new: str, said: str) -> None:
    """Each mistake is told with file and line, though the others work, and `digest check` tells it too."""
    path = own(place, name, old, new)
    own(place, "quiet.txt.j2", "{{ claim }}", "{{ claims }}")
    line = next(n for n, text in enumerate(path.read_text().splitlines(), start=1) if new in text)
    checked = run(place, "check")
    assert checked.exit_code == 1
    assert f"{path}:{line}: " in checked.output
    assert said in checked.output
    assert "unknown name 'claims'" in checked.output
    whole = CliRunner().invoke(cli, ["check", "-c", str(place / "config.yaml"), "--json"])
    assert {str(path), str(path.parent / "quiet.txt.j2")} <= {
        each["file"] for each in json.loads(whole.output)["problems"]
    }


def test_a_file_that_replaces_nothing_is_told(place: Path) -> None:
    """A slightly wrong name would have no effect at all, so it is a problem, with the right one."""
    path = own(place, "card.txt.j2", "Why:", "Because:")
    assert run(place, "check").output == "All templates work.\n"
    path.rename(place / "templates" / "mail" / "crad.txt.j2")
    assert "replaces no template; did you mean mail/card.txt.j2?" in run(place, "check").output


@pytest.mark.parametrize("mail", MAILS)
def test_mails_can_be_looked_at(place: Path, mail: str) -> None:
    """Every mail is drawn in the site's name and colours without a store, in each format."""
    assert "The Group" in run(place, "show", mail).output
    html = run(place, "show", mail, "--format", "html", "--hostile").output
    assert "#a31f34" in html
    assert "<script>alert" not in html
    assert run(place, "show", mail, "--format", "eml").output.startswith("From: ")
    assert run(place, "show", mail, "-o", str(place / "x.html")).exit_code == 0
    assert (place / "x.html").read_text().startswith("<!doctype html>")
    assert not (place / "digest.db").exists()
    assert run(place, "show", "card").exit_code == 2


def test_own_files_are_tried_one_by_one(place: Path) -> None:
    """``only`` leaves the others of the folder out."""
    own(place, "quiet.txt.j2", "{{ claim }}", "{{ claims }}")
    folder = place / "templates"
    Templates.load(BUILTIN, folder, only="mail/card.txt.j2")
