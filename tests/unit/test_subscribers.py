"""Subscriber files → Subscribers: sugar, problems, one broken file among good ones, and the way into the store."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import StoreError, SubscriberError
from digest.lane_names import capitalised, name_from_titles, name_of, unused
from digest.model import Frequency, Identifier, Lane, Mute, QuietDay, Scheme, SendTimes, Subscriber
from digest.subscribers import (
    LoadedSubscriber,
    load_subscribers,
    read_subscriber,
    settings_hash,
    subscriber_from_json,
    subscriber_to_json,
)

SMALL = "email: {0}@uni.example\ntimezone: Europe/Berlin\n"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def read(folder: Path, text: str) -> LoadedSubscriber:
    loaded = read_subscriber(write(folder, ada=text) / "ada.yaml")
    assert isinstance(loaded, LoadedSubscriber), loaded
    return loaded


def problems(folder: Path, text: str) -> list[str]:
    loaded = read_subscriber(write(folder, ada=text) / "ada.yaml")
    assert not isinstance(loaded, LoadedSubscriber)
    return [str(problem).removeprefix(f"{folder}/") for problem in loaded[1]]


def test_the_design_s_sample_is_read(tmp_path: Path) -> None:
    """Every kind of value, and an arXiv id that YAML would take for a number."""
    (tmp_path / "thesis.bib").write_text("@article{a, eprint={1706.03762}}\n@misc{b, doi={10.1000/ABC}}\n")
    loaded = read(
        tmp_path,
        """\
email: ada@UNI.example
name: Ada
timezone: Europe/Berlin
send: 07:30          # announcement days
papers: 10
balance: 0.7         # 0 trending … 1 mine
lanes:
  - name: Sparse attention
    phrases: [sparse attention, KV cache]
    examples: [2305.10430, thesis.bib, arXiv:2305.10430v2]
  - name: Protein design
    categories: [q-bio.bm, biorxiv/biophysics]
    authors: [David Baker]
mute: {words: [survey], categories: [cs.CR]}
quiet_day: skip
""",
    )
    assert loaded.subscriber == Subscriber(
        id="ada",
        email="ada@uni.example",
        name="Ada",
        times=SendTimes(timezone="Europe/Berlin", send=dt.time(7, 30)),
        lanes=(
            Lane(
                name="Sparse attention",
                phrases=("sparse attention", "KV cache"),
                examples=(
                    Identifier(Scheme.ARXIV, "2305.10430"),
                    Identifier(Scheme.ARXIV, "1706.03762"),
                    Identifier(Scheme.DOI, "10.1000/abc"),
                ),
            ),
            Lane(name="Protein design", categories=("q-bio.BM", "biorxiv/biophysics"), authors=("David Baker",)),
        ),
        mute=Mute(words=("survey",), categories=("cs.CR",)),
    )
    assert loaded.files == (tmp_path / "thesis.bib",)
    assert not loaded.paused


def test_two_lines_make_a_reader(tmp_path: Path) -> None:
    """An address and a zone; everything else has a default."""
    assert read(tmp_path, SMALL.format("ada")).subscriber.lanes == ()


def test_a_lane_may_be_a_phrase_alone(tmp_path: Path) -> None:
    """Even one that YAML would read as False or a number."""
    text = SMALL.format("ada") + "lanes: [diffusion models, no, 3.10]\n"
    lanes = read(tmp_path, text).subscriber.lanes
    assert [(lane.name, lane.phrases) for lane in lanes] == [
        ("Diffusion models", ("diffusion models",)),
        ("No", ("no",)),
        ("3.10", ("3.10",)),
    ]


def test_one_interest_needs_no_lanes(tmp_path: Path) -> None:
    """Phrases and the like at the top are one lane, before the others."""
    text = SMALL.format("ada") + "phrases: LLM agents\ncategories: cs.LG\nlanes: LLM agents\n"
    lanes = read(tmp_path, text).subscriber.lanes
    assert [lane.name for lane in lanes] == ["LLM agents", "LLM agents (2)"]
    assert lanes[0].categories == ("cs.LG",)


def test_a_weekly_reader_names_a_day(tmp_path: Path) -> None:
    """In full or in short; without the word weekly it is a mistake."""
    weekly = SMALL.format("ada") + "frequency: weekly\nweekday: Tue\nquiet_day: send\npaused: yes\n"
    loaded = read(tmp_path, weekly)
    assert (loaded.subscriber.times.frequency, loaded.subscriber.times.weekday) == (Frequency.WEEKLY, 1)
    assert loaded.subscriber.quiet_day is QuietDay.SEND
    assert loaded.paused
    (found,) = problems(tmp_path, SMALL.format("ada") + "weekday: Tue\n")
    assert "weekday: counts only with `frequency: weekly`" in found


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """Each with its line and what would be right."""
    found = problems(
        tmp_path,
        """\
emial: ada@uni.example
timezone: Berlin
send: 25:00
papers: 99
balance: 2
weekday: moonday
frequency: wekly
lanes:
  - name: x
  - {phrase: y}
  - []
  - {categories: [cs.ZZ], examples: [foo, x.bib]}
mute: survey
explore: perhaps
quiet_day: sometimes
language: English
id: a/b
""",
    )
    expected = [
        ("1: emial: ", "unknown key; did you mean email?"),
        ("1: email: ", "is needed: the address that the mail goes to"),
        ("2: timezone: ", "'Berlin' is no time zone; did you mean Europe/Berlin?"),
        ("3: send: ", "'25:00' is no time of day"),
        ("4: papers: ", "99 is too large: at most 50"),
        ("5: balance: ", "2 is too large: at most 1"),
        ("6: weekday: ", "'moonday' is no day of the week"),
        ("7: frequency: ", "'wekly' is no choice here; did you mean weekly?"),
        ("9: lanes: ", "the lane is empty; give it phrases"),
        ("10: lanes.phrase: ", "unknown key; did you mean phrases?"),
        ("11: lanes: ", "a list is not a mapping"),
        ("12: lanes.categories: ", "'cs.ZZ' is no category"),
        ("12: lanes.examples: ", "'foo' is no paper; write an arXiv id"),
        ("12: lanes.examples: ", "the file x.bib cannot be read: No such file"),
        ("13: mute: ", "'survey' is not a mapping"),
        ("14: explore: ", "'perhaps' is not true or false"),
        ("15: quiet_day: ", "'sometimes' is no choice here; it is one of: skip, send"),
        ("16: language: ", "'English' is no language that there is; write one of en"),
        ("17: id: ", "'a/b' is no id"),
    ]
    assert sorted(found) == sorted(
        problem for place, said in expected for problem in found if problem.startswith(f"ada.yaml:{place}{said}")
    )
    assert len(found) == len(expected)


def test_what_does_not_fit_together_is_told_beside_wrong_values(tmp_path: Path) -> None:
    """So that mending a file takes one round, not two."""
    found = problems(
        tmp_path,
        SMALL.format("ada") + "papers: 0\nweekday: mon\nlanes: [{name: A, phrases: b}, {name: a, phrases: c}]\n",
    )
    assert len(found) == 3
    assert "two lanes are called 'a'" in found[2]


def test_a_bibliography_s_nameless_entries_are_a_hint(tmp_path: Path) -> None:
    """The rest of it counts; a file without any name is a problem."""
    (tmp_path / "a.bib").write_text(
        "@misc{good, eprint={1706.03762}}\n@misc{bad, title={No name}}\n@misc{torn, title={x\n"
    )
    loaded = read(tmp_path, SMALL.format("ada") + "examples:\n  - 1602.07576\n  - a.bib\n")
    assert [str(hint).partition("ada.yaml")[2] for hint in loaded.hints] == [
        ":5: examples: a.bib: broken from line 3 on; those entries are left out",
        ":5: examples: a.bib: 1 of 2 entries have no identifier (bad)",
    ]
    (tmp_path / "a.bib").write_text("@misc{bad, title={No name}}")
    assert "names no paper" in problems(tmp_path, SMALL.format("ada") + "examples: a.bib\n")[0]


def test_a_broken_file_stops_nobody_else(tmp_path: Path) -> None:
    """Its problems are kept under the id it claims, or its name."""
    write(tmp_path, ada=SMALL.format("ada"), bob="email: [\n", carl="id: charles\nemail: x\n", dora="")
    (tmp_path / "eve.yml").write_bytes(b"email: \xff\n")
    (tmp_path / ".hidden.yaml").write_text("x")
    (tmp_path / "notes.txt").write_text("x")
    files = load_subscribers(tmp_path)
    assert [loaded.subscriber.id for loaded in files.good] == ["ada"]
    assert sorted(files.broken) == ["bob", "charles", "dora", "eve"]
    assert len(files.problems) == 5


def test_files_that_claim_one_id_or_address_are_all_broken(tmp_path: Path) -> None:
    """No order among them would be right; each names the other."""
    write(
        tmp_path,
        ada=SMALL.format("ada"),
        copy="id: Ada\n" + SMALL.format("x"),
        dora=SMALL.format("ADA"),
        good=SMALL.format("good"),
    )
    files = load_subscribers(tmp_path)
    assert [loaded.subscriber.id for loaded in files.good] == ["good"]
    assert [str(problem).removeprefix(f"{tmp_path}/").partition("; ")[0] for problem in files.problems] == [
        "ada.yaml:1: id: ada is also in copy.yaml",
        "ada.yaml:1: email: ada@uni.example is also in dora.yaml",
        "copy.yaml:1: id: ada is also in ada.yaml",
        "dora.yaml:1: email: ada@uni.example is also in ada.yaml",
    ]


def test_a_broken_file_does_not_hold_back_a_good_one_with_its_name(tmp_path: Path) -> None:
    """ada.yaml cannot say its id; another file is the reader ada."""
    write(tmp_path, ada="email: [", grace="id: ada\n" + SMALL.format("ada"))
    files = load_subscribers(tmp_path)
    assert [loaded.subscriber.id for loaded in files.good] == ["ada"]
    assert list(files.broken) == ["ada.yaml"]


def test_a_missing_folder_is_an_error_and_not_empty(tmp_path: Path) -> None:
    """Else an unmounted disk would pause every reader."""
    with pytest.raises(SubscriberError, match="the folder cannot be read: No such file"):
        load_subscribers(tmp_path / "none")
    assert load_subscribers(tmp_path).good == ()


def test_a_file_s_name_must_be_an_id(tmp_path: Path) -> None:
    """Unless it says one itself."""
    path = tmp_path / "Ada Lovelace.yaml"
    path.write_text(SMALL.format("ada"))
    assert "cannot be an id" in load_subscribers(tmp_path).problems[0].message
    path.write_text("id: ada\n" + SMALL.format("ada"))
    assert load_subscribers(tmp_path).good[0].subscriber.id == "ada"


# ── lane names ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lane_is_named_after_what_it_is_made_of() -> None:
    """Phrases before people before fields before papers."""
    example = Identifier(Scheme.ARXIV, "2305.10430")
    assert name_of(phrases=["KV cache"], authors=["A"]) == "KV cache"
    assert name_of(authors=["Ada", "Bob"], categories=["cs.LG"]) == "Papers by Ada and Bob"
    assert name_of(categories=["cs.LG", "math", "cs.CL"]) == "Machine Learning and others"
    assert name_of(examples=[example]) == "Papers like 2305.10430"
    assert [capitalised(p) for p in ("sparse attention", "mRNA vaccines", "p values")] == [
        "Sparse attention",
        "mRNA vaccines",
        "p values",
    ]
    assert unused("A", ["a", "A (2)"]) == "A (3)"


def test_titles_are_named_by_their_most_typical_words() -> None:
    """A pair that recurs, else single words; words of every field do not count."""
    titles = ["Sparse Attention for Long Documents", "A Study of Sparse Attention on GPU", "Deep Learning: a survey"]
    assert name_from_titles(titles) == "Sparse attention"
    assert name_from_titles(["Graphs on the GPU", "A GPU for Proteins"]) == "GPU"
    assert name_from_titles(["A method", "Another approach"]) is None
    assert name_from_titles([]) is None


# ── the store's form ────────────────────────────────────────────────────────────────────────────────────────

TEXTS = st.lists(st.text(max_size=8), max_size=3).map(tuple)
LANES = st.builds(
    Lane,
    name=st.text(max_size=8),
    phrases=TEXTS,
    categories=TEXTS,
    authors=TEXTS,
    examples=st.lists(st.builds(Identifier, st.sampled_from(Scheme), st.text(max_size=8)), max_size=2).map(tuple),
)
SUBSCRIBERS = st.builds(
    Subscriber,
    id=st.text(max_size=8),
    email=st.text(max_size=8),
    times=st.builds(
        SendTimes,
        timezone=st.sampled_from(["UTC", "Europe/Berlin"]),
        send=st.times(),
        frequency=st.sampled_from(Frequency),
        weekday=st.integers(0, 6),
    ),
    name=st.text(max_size=8),
    papers=st.integers(1, 50),
    balance=st.floats(0, 1),
    lanes=st.lists(LANES, max_size=2).map(tuple),
    mute=st.builds(Mute, words=TEXTS, authors=TEXTS, categories=TEXTS),
    quiet_day=st.sampled_from(QuietDay),
    explore=st.booleans(),
    language=st.text(max_size=3),
)


@given(SUBSCRIBERS)
def test_settings_come_back_from_the_store_as_they_went_in(subscriber: Subscriber) -> None:
    """Through real JSON, and with the same hash."""
    back = subscriber_from_json(json.loads(json.dumps(subscriber_to_json(subscriber))))
    assert back == subscriber
    assert settings_hash(back) == settings_hash(subscriber)


def test_a_hash_changes_with_any_setting() -> None:
    """That is how a change of a file is seen."""
    ada = Subscriber(id="ada", email="ada@uni.example", times=SendTimes(timezone="UTC"))
    assert len(settings_hash(ada)) == 32
    assert settings_hash(ada) != settings_hash(Subscriber(id="ada", email="ada@uni.example", times=ada.times, papers=9))


def test_older_and_newer_stored_settings_are_read() -> None:
    """A key that is missing has its default, one that is unknown is passed over; damage is said."""
    stored = {"id": "ada", "email": "ada@uni.example", "times": {"timezone": "UTC"}, "from_the_future": 1}
    assert subscriber_from_json(stored).papers == 10
    with pytest.raises(StoreError, match=r"settings of reader 'ada' are damaged: times: "):
        subscriber_from_json({"id": "ada", "email": "x"})
