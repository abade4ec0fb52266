"""`digest sources new`, `record` and `test`: from nothing to a source that is read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from digest.cli.main import cli
from digest.errors import SourceError
from digest.sources.contract import HttpServer, Reply, Seen, load
from digest.sources.plugins import load_plugin

CONFIG = "site: {contact: ada@uni.example}\nsources: {arxiv: false, huggingface: false}\nmail: {transport: files}\n"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] in ("lab", "broken")]:
        del sys.modules[name]


def run(place: Path, *words: str) -> Result:
    verb, *rest = words
    return CliRunner().invoke(cli, ["sources", verb, "-c", str(place / "config.yaml"), *rest], prog_name="digest")


@pytest.mark.parametrize("kind", ["json", "xml", "feed"])
def test_a_new_source_keeps_every_promise_from_the_first_minute(place: Path, kind: str) -> None:
    """What is written works: nothing of it is broken, and little is left untried."""
    assert run(place, "new", "lab", f"--{kind}").exit_code == 0
    result = run(place, "test", "lab", "--json")
    outcomes = {found["promise"]: found["outcome"] for found in map(json.loads, result.stdout.splitlines())}
    assert result.exit_code == 0, result.output
    assert [name for name, outcome in outcomes.items() if outcome != "kept"] == ["breakdown", "crash"]


def test_a_new_source_runs_under_pytest(place: Path) -> None:
    """The test file beside it is collected and passes, with the config's folder as the working directory."""
    run(place, "new", "lab")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "lab",
         "-k", "keys or paper or crash or drops"],
        cwd=place, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    assert "3 passed, 1 skipped" in result.stdout


@pytest.mark.parametrize("name", ["json", "arxiv", "Lab", "lab-1", "digest", "click", "../lab"])
def test_names_that_would_get_in_the_way_are_refused(place: Path, name: str) -> None:
    """A module of Python's, a source of ours, a path."""
    assert run(place, "new", name).exit_code == 2
    assert sorted(path.name for path in place.iterdir()) == ["config.yaml", "subscribers"]


def test_nothing_is_written_over(place: Path) -> None:
    """A second `new` of one name says that it is there."""
    run(place, "new", "lab")
    (place / "lab" / "__init__.py").write_text("mine = 1\n")
    result = run(place, "new", "lab")
    assert (result.exit_code, "is there already" in result.output) == (2, True)
    assert (place / "lab" / "__init__.py").read_text() == "mine = 1\n"


def test_recording_keeps_what_came_and_hides_what_is_private(place: Path) -> None:
    """Raw bodies, addresses without keys, no cookies; an answer that the parser refuses is kept as well."""
    with HttpServer() as server:
        server.serve(
            "/papers",
            Reply(body=b'{"odd": "you sent secret-123"}', headers={"Set-Cookie": "a=b", "X-Rate-Limit-Limit": "50"}),
        )
        run(place, "new", "lab", "--url", f"{server.url}/papers?api_key=secret-123&mailto=ada%40uni.example&q=x")
        result = run(place, "record", "lab")
    assert result.exit_code == 0, result.output
    assert "Lab sent JSON without papers" in result.output
    (answer,) = load(place / "lab" / "recordings").answers
    assert answer.url.endswith("/papers?api_key=REDACTED&mailto=REDACTED&q=x")
    assert answer.body == b'{"odd": "you sent REDACTED"}'
    assert dict(answer.headers).keys() == {"content-type", "x-rate-limit-limit"}
    kept = "".join(path.read_text() for path in (place / "lab" / "recordings").iterdir())
    assert "secret-123" not in kept
    assert "uni.example" not in kept


def test_one_address_can_be_recorded(place: Path) -> None:
    """To see what is there before there is a source; an error is an answer, too."""
    with HttpServer() as server:
        server.serve("/x", Reply(status=404, body=b"gone"))
        result = run(place, "record", f"{server.url}/x", "--to", str(place / "seen"))
    assert result.exit_code == 0, result.output
    assert [(one.status, one.body) for one in load(place / "seen").answers] == [(404, b"gone")]


def test_a_recording_that_was_stopped_is_replayed_as_far_as_it_goes(place: Path) -> None:
    """A provider with many pages need not be recorded in full."""
    paper = {"title": "T", "url": "https://lab.example/1", "date": "2026-08-19"}
    items = [{**paper, "id": str(at)} for at in range(100)]

    def full_page(seen: Seen) -> Reply:
        number = seen.query.get("page", "1")
        return Reply(body=json.dumps({"results": [{**one, "id": f"{number}-{one['id']}"} for one in items]}).encode())

    with HttpServer() as server:
        server.answer("/papers", full_page)
        run(place, "new", "lab", "--url", f"{server.url}/papers")
        assert "2 answers kept" in run(place, "record", "lab", "--pages", "2").output
    result = run(place, "test", "lab")
    assert (result.exit_code, "2 requests, 2 pages, 200 papers" in result.output) == (0, True), result.output


def test_a_broken_promise_is_told_with_what_to_do(place: Path) -> None:
    """Exit code 1, the promise's name, and what went wrong; the rest is tried all the same."""
    run(place, "new", "lab")
    file = place / "lab" / "__init__.py"
    file.write_text(file.read_text().replace('text(item.get("title"))', 'item["title"].upper()'))
    (place / "lab" / "recordings" / "001.json").write_text('{"results": [{"id": "1"}, {"id": "2", "title": "T"}]}')
    result = run(place, "test", "lab")
    assert result.exit_code == 1
    assert "KeyError: 'title'" in result.output
    assert "✓ Silence is told" in result.output


def test_sources_of_the_config_are_examined_by_name(place: Path) -> None:
    """A built-in source has its own parser; what needs recordings says how to get them. Unknown names are told."""
    (place / "config.yaml").write_text(CONFIG.replace("sources: {", "sources: {feeds: [https://lab.example/feed], "))
    result = run(place, "test", "feed:lab.example")
    assert (result.exit_code, "digest sources record" in result.output) == (0, True)
    unknown = run(place, "test", "nobody")
    assert (unknown.exit_code, "has feed:lab.example" in unknown.output) == (2, True)


# ── plug-ins beside the configuration ───────────────────────────────────────────────────────────────────────


def test_only_the_named_file_is_loaded(place: Path) -> None:
    """The folder is not on Python's path: what else lies there cannot pose as a module that others import."""
    run(place, "new", "lab")
    (place / "lab" / "extra.py").write_text("VALUE = 7\n")
    with (place / "lab" / "__init__.py").open("a") as file:
        file.write("from lab.extra import VALUE\nfrom . import extra\n")
    (place / "colorsys.py").write_text("raise RuntimeError('hijacked')\n")
    assert load_plugin("lab:make", beside=place).name == "lab"
    assert str(place) not in sys.path
    import colorsys

    assert colorsys.__file__ is not None
    assert not colorsys.__file__.startswith(str(place))


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def make(:", "broken.py:1: invalid syntax"),
        ("1 / 0", "ZeroDivisionError"),
        ("def make(): raise KeyError('x')", "KeyError"),
        ("make = 3", "is not callable"),
        ("", "broken has no make"),
        ("import nowhere_at_all", "No module named 'nowhere_at_all'"),
    ],
)
def test_a_broken_plug_in_says_where(place: Path, code: str, told: str) -> None:
    """One line with the file or the reason, and no traceback."""
    (place / "broken.py").write_text(code)
    with pytest.raises(SourceError, match=told):
        load_plugin("broken:make", beside=place)


def test_a_file_cannot_take_the_place_of_a_module(place: Path) -> None:
    """json.py beside the config is refused by name, and Python's own stays what it is."""
    (place / "json.py").write_text("def make(): ...")
    with pytest.raises(SourceError, match="has a module 'json' of its own"):
        load_plugin("json:make", beside=place)
    assert json.loads("1") == 1
