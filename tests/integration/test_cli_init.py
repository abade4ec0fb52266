"""`digest init`: what it writes passes `digest check`; it asks on a terminal only, and overwrites nothing."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.cli.init import Form, Given, collect
from digest.cli.main import cli
from digest.config import load_config
from digest.first_files import Answers, config_text, reader_text
from digest.model import Subscriber
from digest.subscribers import LoadedSubscriber, load_subscribers, read_subscriber

ADA = ("--email", "ada.lovelace@uni.example", "--timezone", "Europe/Berlin")


def init(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["init", str(folder), *options], prog_name="digest")


def reader(folder: Path) -> Subscriber:
    files = load_subscribers(folder / "subscribers")
    assert not files.broken
    return files.good[0].subscriber


def test_flags_alone_make_an_installation_that_passes_check(tmp_path: Path) -> None:
    """Named lanes from phrases and examples, fields from categories."""
    (tmp_path / "thesis.bib").write_text(
        "@article{a, title={Sparse Attention at Scale}, eprint={1706.03762}}\n"
        "@article{b, title={On {Sparse Attention}}, eprint={2205.14135}}\n"
    )
    folder = tmp_path / "my digest"
    result = init(
        folder, *ADA, "--name", 'Ada "the: first"', "--send", "6:45", "--phrase", "KV cache, long context",
        "--phrase", "protein: design", "--category", "cs.lg", "--bib", str(tmp_path / "thesis.bib"),
        "--arxiv", "2305.10430",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    subscriber = reader(folder)
    assert subscriber.id == "ada.lovelace"
    assert f"{subscriber.times.send:%H:%M} {subscriber.times.timezone}" == "06:45 Europe/Berlin"
    assert [(lane.name, lane.phrases, lane.categories) for lane in subscriber.lanes] == [
        ("KV cache", ("KV cache", "long context"), ("cs.LG",)),
        ("Protein: design", ("protein: design",), ("cs.LG",)),
        ("Sparse attention", (), ("cs.LG",)),
    ]
    assert [str(e) for e in subscriber.lanes[2].examples] == [
        "arxiv:2305.10430",
        "arxiv:1706.03762",
        "arxiv:2205.14135",
    ]
    check = CliRunner().invoke(cli, ["check", "--config", str(folder / "config.yaml")])
    assert check.exit_code == 0, check.output
    assert check.output.count("•") == 1  # the trial transport


def test_it_ends_with_the_three_next_commands(tmp_path: Path) -> None:
    """They may be copied as they are."""
    lines = init(tmp_path, *ADA, "--category", "cs.LG").output.partition("Next:\n")[2].splitlines()
    where = f"--config {tmp_path}/config.yaml"
    assert [line.partition("#")[0].strip() for line in lines] == [
        f"digest check {where}",
        f"digest ingest {where}",
        f"digest preview ada.lovelace {where} --open",
    ]


def test_an_address_is_enough(tmp_path: Path) -> None:
    """Name, zone and time have defaults; without a category it says what that means."""
    result = init(tmp_path, "--email", "grace.hopper+digest@uni.example")
    assert result.exit_code == 0
    assert (reader(tmp_path).id, reader(tmp_path).name) == ("grace.hopper-digest", "Grace Hopper")
    assert "note: " in result.output
    assert "cs.AI, cs.CL, cs.CV, cs.LG are read" in result.output


def test_fields_follow_from_a_bibliography_that_says_them(tmp_path: Path) -> None:
    """arXiv's own BibTeX has the primary class."""
    entries = [("cs.CL", 1), ("cs.LG", 2), ("cs.LG", 3)]
    rows = [f"@misc{{k{n}, eprint={{1706.0376{n}}}, primaryClass={{{category}}}}}" for category, n in entries]
    (tmp_path / "my_papers.bib").write_text("\n".join(rows))
    assert init(tmp_path, *ADA, "--bib", str(tmp_path / "my_papers.bib")).exit_code == 0
    (lane,) = reader(tmp_path).lanes
    assert (lane.name, lane.categories) == ("My papers", ("cs.LG", "cs.CL"))
    assert "../my_papers.bib" in (tmp_path / "subscribers" / "ada.lovelace.yaml").read_text()


def test_a_script_is_never_asked(tmp_path: Path) -> None:
    """Without a terminal a missing address is an error, at once."""
    done = subprocess.run(
        [sys.executable, "-m", "digest", "init", str(tmp_path)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--email: is needed" in done.stderr
    assert not list(tmp_path.iterdir())


def test_all_wrong_flags_are_told_at_once(tmp_path: Path) -> None:
    """Exit code 2, and nothing is written."""
    result = init(
        tmp_path, "--email", "x", "--timezone", "Berln", "--send", "25:00", "--category", "cs.LGG", "--bib", "none.bib",
        "--arxiv", "foo", "--name", "a\x07b",
    )  # fmt: skip
    assert result.exit_code == 2
    for said in ("--email: ", "--timezone: ", "--send: ", "--category: ", "--bib: ", "--arxiv: ", "--name: "):
        assert said in result.output
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    """Not even one of the two files."""
    (tmp_path / "config.yaml").write_text("tick: 5s\n")
    result = init(tmp_path, *ADA)
    assert result.exit_code == 1
    assert "--force" in result.output
    assert (tmp_path / "config.yaml").read_text() == "tick: 5s\n"
    assert not (tmp_path / "subscribers").exists()
    assert init(tmp_path, *ADA, "--force").exit_code == 0
    assert load_config(tmp_path / "config.yaml", env={}).tick_s == 60


def test_a_wrong_answer_is_asked_again(tmp_path: Path) -> None:
    """With what was wrong; an empty answer takes the default that is shown."""
    typed = iter(
        ["nobody", "ada@uni.example", "", "Berlin", "Europe/Berlin", "", "KV cache, long context; GPUs", "cs.LG", ""]
    )

    def prompt(question: str, default: str) -> str:
        return next(typed) or default

    nothing = Given(email=None, name=None, timezone=None, send=None, phrase=(), category=(), bib=None, arxiv=())
    answers = collect(Form(may_ask=True, prompt=prompt), nothing, tmp_path)
    assert list(typed) == []
    assert (answers.email, answers.name, answers.timezone, answers.send) == (
        "ada@uni.example",
        "Ada",
        "Europe/Berlin",
        "07:30",
    )
    assert answers.interests == (("KV cache", "long context"), ("GPUs",))


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a pseudo-terminal."""
    ends = pty.openpty()
    yield ends
    for end in ends:
        os.close(end)


@pytest.mark.slow
def test_on_a_terminal_it_asks(tmp_path: Path, terminal: tuple[int, int]) -> None:
    """Real prompts through a real terminal."""
    ours, theirs = terminal
    process = subprocess.Popen(
        [sys.executable, "-m", "digest", "init", str(tmp_path), "--timezone", "Europe/Berlin", "--send", "8:00"],
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    seen, deadline = "", time.monotonic() + 30
    answers = {
        "e-mail address": "ada@uni.example\n",
        "name": "\n",
        "follow?": "GPUs\n",
        "fields?": "cs.AR\n",
        "like,": "\n",
    }
    while process.poll() is None and time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            seen += os.read(ours, 4096).decode()
        for question in [question for question in answers if question in seen]:
            os.write(ours, answers.pop(question).encode())
    assert process.wait(timeout=5) == 0, seen
    assert answers == {}
    assert [lane.name for lane in reader(tmp_path).lanes] == ["GPUs"]


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30).map(
    lambda text: " ".join(text.split())
)
SAID = WORDS.filter(bool)


@settings(max_examples=60, deadline=None)
@given(SAID.filter(lambda name: not set("<>") & set(name)), st.lists(SAID, max_size=3))
def test_any_name_and_phrases_make_files_that_are_right(
    tmp_path_factory: pytest.TempPathFactory, name: str, phrases: list[str]
) -> None:
    """Quotes, colons, brackets, emoji: what was said is what is read."""
    folder = tmp_path_factory.mktemp("init")
    answers = Answers(
        id="ada", email="ada@uni.example", name=name, timezone="UTC", interests=tuple((p,) for p in phrases)
    )
    (folder / "config.yaml").write_text(config_text(answers), encoding="utf-8")
    (folder / "ada.yaml").write_text(reader_text(answers), encoding="utf-8")
    assert load_config(folder / "config.yaml", env={}).site.name == f"{name}'s papers"
    loaded = read_subscriber(folder / "ada.yaml")
    assert isinstance(loaded, LoadedSubscriber), loaded
    assert loaded.subscriber.name == name
    assert [lane.phrases for lane in loaded.subscriber.lanes] == [(phrase,) for phrase in phrases]


def test_an_address_that_names_nobody_makes_no_name(tmp_path: Path) -> None:
    """``you@…`` gets a neutral title, a zone in any case is understood, and the next steps stand in columns."""
    result = init(tmp_path, "--email", "you@uni.example", "--timezone", "europe/berlin", "--yes")
    assert result.exit_code == 0, result.output
    assert load_config(tmp_path / "config.yaml", env={}).site.name == "My papers"
    assert (reader(tmp_path).name, reader(tmp_path).times.timezone) == ("", "Europe/Berlin")
    steps = [line for line in result.output.splitlines() if line.startswith("  digest")]
    assert len({line.index("#") for line in steps}) == 1
