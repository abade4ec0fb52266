"""YAML text → plain data with lines, and how hostile text is refused."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import ConfigError
from digest.first_files import scalar, sequence
from digest.settings.document import MAX_BYTES, parse_document, read_document

FILE = Path("x.yaml")


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_document(text, FILE)
    (problem,) = caught.value.problems
    return str(problem)


@pytest.mark.parametrize("typed", ["2305.10430", "07:30", "no", "on", "yes", "1e3", "0x10", "1_000", "2026-11-22", "="])
def test_a_scalar_stays_the_text_that_was_typed(typed: str) -> None:
    """YAML 1.1 would turn each of these into a number, a bool or a date."""
    assert parse_document(f"key: {typed}", FILE).data == {"key": typed}


@pytest.mark.parametrize("typed", ["", "~", "null", "Null", "NULL", "!!null null"])
def test_an_empty_value_is_none(typed: str) -> None:
    """What YAML calls null is no text."""
    assert parse_document(f"key: {typed}", FILE).data == {"key": None}


@pytest.mark.parametrize("typed", ["'null'", '"~"', '""', "!!str null"])
def test_a_quoted_null_is_text(typed: str) -> None:
    """Quotes say that text is meant."""
    assert isinstance(parse_document(f"key: {typed}", FILE).data["key"], str)


def test_every_value_knows_its_line() -> None:
    """Lines count from 1; a mapping's entry has the line of its key, a list's item its own."""
    document = parse_document("a: 1\nb:\n  c: x\n  d:\n    - y\n    - {e: z}\n", FILE)
    where = [("a",), ("b",), ("b", "c"), ("b", "d"), ("b", "d", 0), ("b", "d", 1), ("b", "d", 1, "e"), ("b", "d", 9)]
    assert [document.line_of(each) for each in where] == [1, 2, 3, 4, 5, 6, 6, 4]


def test_a_key_given_twice_is_told_and_the_rest_is_read() -> None:
    """The first one counts, and both lines are named."""
    document = parse_document("a: 1\nb: 2\na: 3\n", FILE)
    assert document.data == {"a": "1", "b": "2"}
    assert [str(p) for p in document.problems] == ["x.yaml:3: a: is given twice, first in line 1; keep one"]


def test_aliases_stand_for_what_was_anchored() -> None:
    """Plain YAML reuse works."""
    document = parse_document("a: &x [one, two]\nb: *x\nc: &y z\nd: *y\n", FILE)
    assert document.data == {"a": ["one", "two"], "b": ["one", "two"], "c": "z", "d": "z"}


def test_an_alias_bomb_is_refused() -> None:
    """A billion laughs: nine levels of nine aliases."""
    rows = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    rows += [f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    assert "more than 50,000 values" in refusal("\n".join(rows))


def test_half_a_million_brackets_are_refused_at_once() -> None:
    """libyaml's own composer would recurse until the process dies."""
    assert refusal("[" * 500_000) == "x.yaml:1: is nested more than 32 levels deep"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, "is empty"),
        ("# only a comment\n", None, "is empty"),
        ("- a\n- b\n", 1, "a list at the top"),
        ("just words", 1, "one value at the top"),
        ("a: 1\n\tb: 2", 2, "a tab"),
        ("a:\n\t- b", 2, "a tab"),
        ("a: b: c", 1, "a second `: `"),
        ("a: 1\nb: 'x\nc: 2", 2, "a quotation mark that is never closed"),
        ("a: 1\nb: [x\nc: 2", 2, "a `[` that is never closed"),
        ("a: 1\nb\n", 2, "without `key: value`"),
        ("a: @x", 1, "cannot begin with @"),
        ("a: !thing x", 1, "the tag '!thing' means nothing"),
        ("a: !!python/object:os.system x", 1, "means nothing"),
        ("a: *b", 1, "*b stands for nothing"),
        ("a: &a [*a]", 1, "*a stands for nothing"),
        ("a: 1\n---\nb: 2", 2, "a second document"),
        ("? [a]\n: b", 1, "a key must be one plain word"),
        ("a: 1\nb: \x07", 2, "control character"),
        ("a:\n  - b\n c: d", 3, "indentation does not line up"),
    ],
)
def test_text_that_cannot_be_used_gets_one_clear_line(text: str, line: int | None, said: str) -> None:
    """No traceback and no YAML jargon: the line and what to do."""
    message = refusal(text)
    assert message.startswith(f"x.yaml:{line}: " if line else "x.yaml: ")
    assert said in message


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    """Latin-1 from an old editor."""
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: 1\nname: Andr\xe9\n")
    with pytest.raises(ConfigError, match=r"x\.yaml:2: is not UTF-8 \(byte 0xe9\)"):
        read_document(path)


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    """Ten megabytes are no settings."""
    path = tmp_path / "x.yaml"
    path.write_bytes(b"#" * (10 * MAX_BYTES))
    with pytest.raises(ConfigError, match="larger than 1 MB"):
        read_document(path)


def test_a_folder_or_a_missing_file_is_said(tmp_path: Path) -> None:
    """The system's own reason is passed on."""
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_document(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_document(tmp_path / "none.yaml")


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    """Windows editors write one."""
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read_document(path).data == {"a": "1", "b": "2"}


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but ConfigError comes out, whatever goes in."""
    with contextlib.suppress(ConfigError):
        assert parse_document(text, FILE).data is not None


WRITABLE = st.text(st.characters(codec="utf-8"), max_size=60)


@given(WRITABLE, st.lists(WRITABLE, max_size=4))
def test_what_is_written_as_a_scalar_is_read_back(text: str, texts: list[str]) -> None:
    """init writes names, phrases and addresses that hold any sign."""
    document = parse_document(f"a: {scalar(text)}\nb: {sequence(texts)}  # comment\n", FILE)
    assert document.data == {"a": text, "b": texts}
