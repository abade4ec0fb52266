"""Lines of the log: one each, whatever is in them, and nobody's address."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
import sys
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from digest.logs import JsonFormatter, TextFormatter, redacted

NOW = dt.datetime(2026, 11, 23, 7, 0, tzinfo=dt.UTC)


def record(message: str, *args: object, exc: BaseException | None = None) -> logging.LogRecord:
    info = (type(exc), exc, exc.__traceback__) if exc is not None else None
    made = logging.LogRecord("digest.test", logging.INFO, __file__, 1, message, args, info)
    made.created = NOW.timestamp()
    return made


def failure(message: str) -> Exception:
    try:
        raise ValueError(message)  # noqa: TRY301 (a traceback is what is wanted)
    except ValueError as error:
        return error


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("550 5.1.1 <ada@uni.example>: no such user", "INFO 550 5.1.1 <[address]>: no such user"),
        ("RCPT TO:<björn+x@bücher.example>", "INFO RCPT TO:<[address]>"),
        ("smtp://ada@smtp.example:587 refused", "INFO smtp://[address]:587 refused"),
        ("mailto:ada%40uni.example?subject=x", "INFO mailto:[address]?subject=x"),
        ('to "odd one"@uni.example and ada@[192.0.2.1]', "INFO to [address] and [address]"),
        ("GET /f/1.bGV0c2ln.c2lnbmF0dXJl/0/unsubscribe", "INFO GET /f/[token]/0/unsubscribe"),
        ("source=arxiv status=ok took_s=1.0", "INFO source=arxiv status=ok took_s=1.0"),
        ("sean.o'brien@uni.example said 'no@where'", "INFO [address] said [address]'"),
        ("@ alone, a @ b", "INFO @ alone, a @ b"),
    ],
)
def test_log_lines_have_no_addresses(message: str, expected: str) -> None:
    """Whatever a server or an error quotes, the log keeps the words and drops the address."""
    assert TextFormatter(timestamp=False).format(record("%s", message)) == expected
    told = json.loads(JsonFormatter().format(record("%s", message)))
    assert told["message"] == expected.removeprefix("INFO ")


def test_addresses_are_shown_where_somebody_asked_for_them() -> None:
    """For an operator who looks into one delivery."""
    assert TextFormatter(timestamp=False, addresses=True).format(record("ada@uni.example")) == "INFO ada@uni.example"
    assert json.loads(JsonFormatter(addresses=True).format(record("ada@uni.example")))["message"] == "ada@uni.example"


def test_log_lines_are_stamped_in_utc() -> None:
    """One format for all machines: 2026-11-23T07:00:00Z."""
    assert TextFormatter(timestamp=True).format(record("hello")) == "2026-11-23T07:00:00Z INFO hello"
    assert json.loads(JsonFormatter().format(record("hello")))["time"] == "2026-11-23T07:00:00.000+00:00"


def test_a_json_line_has_the_figures_as_fields() -> None:
    """Numbers are numbers, quoted texts are whole, and nothing in a message can stand for what we say ourselves."""
    line = "tick planned=3 took_s=1.9 next='ada, Tue 07:30' status=ok level=99 logger=evil"
    told = json.loads(JsonFormatter().format(record("%s", line)))
    assert (told["event"], told["planned"], told["took_s"], told["next"]) == ("tick", 3, 1.9, "ada, Tue 07:30")
    assert (told["level"], told["logger"]) == ("info", "digest.test")
    assert json.loads(JsonFormatter().format(record("job=%s failed: %s", "tick", "x")))["event"] == "job"
    assert json.loads(JsonFormatter().format(record("report of %s sent", "2026-05-20")))["event"] == "report of"


def test_a_traceback_is_redacted_and_stands_indented_below_its_line() -> None:
    """An exception quotes the server that quotes the address; no formatter reuses the text of another."""
    error = failure("<ada@uni.example>\r\n2026-11-23T07:00:00Z INFO forged")
    one = record("job failed", exc=error)
    text = TextFormatter(timestamp=False).format(one)
    assert "ada@" not in text
    assert all(line.startswith("  ") for line in text.split("\n")[1:])
    told = json.loads(JsonFormatter().format(one))
    assert "ada@" not in told["exception"]
    assert "ValueError" in told["exception"]
    assert "ada@" in JsonFormatter(addresses=True).format(one)


@given(st.text())
def test_no_text_ends_a_line_or_moves_the_cursor(hostile: str) -> None:
    """CR, LF, escape sequences, bidi controls: a value from outside stays within its line."""
    text = TextFormatter(timestamp=False).format(record("value=%s", hostile))
    assert text.isprintable() or not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 for sign in text)
    assert len(text.splitlines()) == 1
    line = JsonFormatter().format(record("value=%s", hostile))
    assert len(line.splitlines()) == 1
    assert line.isascii()
    json.loads(line)


@given(st.emails(), st.text(alphabet=" <>\"'(),:;=/", max_size=2), st.text(alphabet=" <>\"'(),:;=/", max_size=2))
def test_no_address_of_any_shape_is_left(address: str, before: str, after: str) -> None:
    """Between any delimiters that servers put around addresses."""
    local, _, domain = address.rpartition("@")
    assume(not set("/=?&") & set(local))  # there is no telling them from a URL or a field
    assert f"@{domain}" not in redacted(f"x{before or ' '}{address}{after or ' '}x")


def test_warnings_of_a_command_without_a_log_are_redacted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """`digest run` under cron: what Python prints as a last resort is mailed to whoever reads root's mail."""
    from click.testing import CliRunner

    from digest.cli.main import cli

    CliRunner().invoke(cli, ["templates", "list"])
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    assert logging.lastResort is not None
    logging.lastResort.handle(record("550 <ada@uni.example>"))
    assert said.getvalue() == "INFO 550 <[address]>\n"


@pytest.mark.parametrize("piece", ["a", '"a ', "a@", "a'", "a=", "/f/"])
def test_a_long_line_costs_no_more_than_its_length(piece: str) -> None:
    """A server's reply is nobody's to choose but the server's: no pattern may take the square of it."""
    started = time.perf_counter()
    JsonFormatter().format(record("%s", piece * 10_000 + "@"))
    assert time.perf_counter() - started < 3
