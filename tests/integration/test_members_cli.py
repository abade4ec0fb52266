"""`digest subscribers add, pause, resume, import, export, erase` as an operator uses them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from digest.cli.main import cli

ADA = "email: ada@uni.example\ntimezone: Europe/Berlin\nphrases: [sparse attention]\n"
HEADER = "email,name,timezone,phrases,consent_at,consent_text,consent_ip"
GOOD = "eve@uni.example,Eve Moore,Europe/Berlin,glacier melting; ice cores,2026-03-01T10:00Z,Our form,192.0.2.7"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "subscribers" / "ada.yaml").write_text(ADA)
    (tmp_path / "config.yaml").write_text("store: sqlite:///digest.db\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["subscribers", *words], input=answer)


def states() -> dict[str, str]:
    rows = [json.loads(line) for line in run("--json").stdout.splitlines()]
    return {row["id"]: row["state"] for row in rows}


def test_a_reader_is_added_paused_resumed_and_erased() -> None:
    """The life of a reader without a file, by hand."""
    added = run("add", "eve@uni.example", "--id", "eve", "--timezone", "Europe/Berlin", "--proof", "she asked me")
    assert added.exit_code == 0, added.output
    assert added.stdout.startswith("eve gets their first mail at ")
    assert run("pause", "eve", "--until", "2999-01-01").stdout == "eve is paused until 2999-01-01\n"
    assert states()["eve"] == "paused"
    assert run("resume", "eve@uni.example").stdout.startswith("eve gets mail again at ")
    assert run("erase", "eve", answer="n\n").exit_code == 1
    assert states()["eve"] == "active"
    erased = run("erase", "eve", "--yes")
    assert erased.exit_code == 0
    assert "Backups still know them" in erased.stdout
    assert "eve" not in states()


def test_what_is_wrong_is_said_in_the_options_own_words() -> None:
    """A bad zone, a pause in the past, an erased id."""
    wrong = run("add", "eve@uni.example", "--timezone", "Europe/Berlim", "--proof", "me")
    assert wrong.exit_code == 2
    assert "--timezone: " in wrong.stderr
    assert "is not in the future" in run("pause", "ada", "--until", "2020-01-01").stderr


def test_erasing_a_reader_with_a_file_says_which_file_can_go(folder: Path) -> None:
    """The file is the operator's; it counts for nothing from then on."""
    erased = run("erase", "ada", "--yes")
    assert f"Delete their file yourself: {folder / 'subscribers' / 'ada.yaml'}" in erased.stdout
    listed = run()
    assert "no readers yet" in listed.stdout
    assert "ada" in listed.stderr


def test_an_export_is_a_private_file(folder: Path) -> None:
    """JSON on standard output or in a file, a ZIP with the mails besides."""
    assert json.loads(run("export", "ada").stdout)["settings"]["email"] == "ada@uni.example"
    run("export", "ada", "--out", "ada.zip")
    assert (folder / "ada.zip").stat().st_mode & 0o077 == 0
    assert zipfile.ZipFile(folder / "ada.zip").namelist() == ["data.json"]


def test_a_list_is_imported_once_with_its_proof(folder: Path) -> None:
    """Who is known is passed over with the reason; the proof is what the export shows."""
    (folder / "list.csv").write_text(f"{HEADER}\n{GOOD}\n,,,,,,\nada@uni.example,,UTC,x,2026-03-01,Our form,\n")
    assert "1 would be added" in run("import", "list.csv", "--dry-run").stdout
    done = json.loads(run("import", "list.csv", "--json").stdout)
    assert len(done["added"]) == 1
    assert done["passed_over"] == {"4": "ada@uni.example is the address of ada, who is active"}
    (consent,) = json.loads(run("export", "eve@uni.example").stdout)["consents"]
    assert (consent["act"], consent["at"], consent["text"]) == ("imported", "2026-03-01T10:00:00+00:00", "Our form")
    assert json.loads(run("import", "list.csv", "--json").stdout)["added"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEADER}\neve@uni.example,Eve,Europe/Berlin,ice,,Our form,\n", "list.csv:2: consent_at: must be"),
        (f"{HEADER}\neve@uni.example,Eve,Europe/Berlin,ice,2999-01-01,Our form,\n", "in the past"),
        (f"{HEADER}\neve@uni.example,Eve,Europe/Berlin,ice,2026-01-01,,\n", "list.csv:2: consent_text: is needed"),
        (f"{HEADER}\neve@uni,Eve,Europe/Berlin,ice,2026-01-01,x,\n", "list.csv:2: email: "),
        (f"{HEADER}\neve@uni.example,Eve\n", "has 2 cells instead of 7"),
        (f"{HEADER}\n{GOOD}\n{GOOD}\n", "list.csv:3: email: eve@uni.example stands in line 2 already"),
        ("email,timezone,fax\n", "list.csv:1: fax: unknown column"),
        ("", "list.csv:1: email: the column is needed"),
        (f'{HEADER}\n"eve\n', "is not CSV"),
    ],
)
def test_a_list_with_a_mistake_imports_nobody(folder: Path, text: str, said: str) -> None:
    """Every mistake with its line; half a list is never imported."""
    (folder / "list.csv").write_text(text)
    done = run("import", "list.csv")
    assert done.exit_code != 0
    assert said in str(done.exception) + done.output
    assert states() == {"ada": "active"}
