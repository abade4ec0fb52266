"""The kinds of values that settings have: durations, times of day, zones, addresses, categories."""

from __future__ import annotations

import datetime as dt
from email import policy
from email.parser import Parser
from pathlib import Path

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from digest import arxiv_categories, timezones
from digest.settings.addresses import PLAIN, format_mailbox, parse_address, parse_mailbox
from digest.settings.servers import parse_server
from digest.settings.times import format_duration, parse_clock_time, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90m", 5400), ("7d", 604800), ("18h", 64800), ("1h30m", 5400), ("2w", 1209600), ("1d 2h", 93600), ("500ms", 0.5)],
)
def test_a_duration_has_units(text: str, seconds: float) -> None:
    """From large to small, each once."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "60", "m", "1.5h", "-1s", "1s2m", "1h1h", "5 minutes", "999999w", "9" * 40 + "s"])
def test_what_is_no_duration_is_refused_with_one_that_is(text: str) -> None:
    """A bare number is refused rather than guessed."""
    with pytest.raises(ValueError, match=r"write \d+|ten years"):
        parse_duration(text)


@given(st.integers(0, 300_000_000_000))
def test_a_duration_is_written_as_it_is_read(ms: int) -> None:
    """Docs and messages show durations that may be copied back."""
    assert parse_duration(format_duration(ms / 1000)) == ms / 1000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("25:00", "00:00 to 23:59"),
        ("24:00", "midnight is 00:00"),
        ("7:60", "00:00 to 23:59"),
        ("7:30 pm", "written 19:30 here"),
        ("12am", "written 00:00 here"),
        ("7.30", "write it as 07:30"),
        ("noon", "write it as 07:30"),
    ],
)
def test_an_impossible_time_is_refused(text: str, said: str) -> None:
    """And somebody else's clock is translated."""
    with pytest.raises(ValueError, match=said):
        parse_clock_time(text)


def test_a_time_of_day_needs_no_leading_zero() -> None:
    """7:30 is what people write."""
    assert parse_clock_time("7:30") == parse_clock_time(" 07:30 ") == dt.time(7, 30)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("Munich", "Europe/Berlin"),
        ("CET", "Europe/Berlin"),
        ("EST", "America/New_York"),
        ("PST8PDT", "America/Los_Angeles"),
        ("new york", "America/New_York"),
        ("America/NewYork", "America/New_York"),
        ("Boston, MA", "America/New_York"),
        ("Tokio", "Asia/Tokyo"),
        ("India", "Asia/Kolkata"),
    ],
)
def test_an_unknown_zone_names_the_nearest_right_one(typed: str, meant: str) -> None:
    """Also for what the tz database knows but no reader should use: EST has no summer."""
    assert not timezones.is_known(typed)
    assert meant in timezones.complaint(typed)


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "UTC", "Etc/UTC", "Asia/Kolkata", "US/Eastern", "America/Argentina/Ushuaia"]
)
def test_a_zone_that_names_a_place_is_good(zone: str) -> None:
    """Old names of places, too."""
    assert timezones.is_known(zone)


@pytest.mark.parametrize("offset", ["+02:00", "UTC+2", "GMT-5"])
def test_an_offset_is_no_zone(offset: str) -> None:
    """It would be wrong half of the year."""
    assert "knows no daylight saving" in timezones.complaint(offset)


@given(st.text(max_size=40))
def test_a_complaint_about_any_text_is_one_clause(text: str) -> None:
    """And a guess is always a zone that is right."""
    assert timezones.complaint(text)
    guess = timezones.nearest(text)
    assert guess is None or timezones.is_known(guess)


def test_this_machine_s_zone_is_guessed_in_turn(tmp_path: Path) -> None:
    """$TZ, then the link, then the file, then UTC."""
    link, file = tmp_path / "localtime", tmp_path / "timezone"
    assert timezones.of_this_machine({}, localtime=link, timezone=file) == "UTC"
    file.write_text("Asia/Tokyo\n")
    assert timezones.of_this_machine({}, localtime=link, timezone=file) == "Asia/Tokyo"
    link.symlink_to("/usr/share/zoneinfo/Europe/Paris")
    assert timezones.of_this_machine({"TZ": "EST5EDT"}, localtime=link, timezone=file) == "Europe/Paris"
    assert timezones.of_this_machine({"TZ": ":Africa/Cairo"}, localtime=link, timezone=file) == "Africa/Cairo"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada@UNI.example", "ada@uni.example"),
        (" ada@uni.example ", "ada@uni.example"),
        ("me@localhost", "me@localhost"),
        ("me@printer.local", "me@printer.local"),
        ("andré@exämple.org", "andré@exämple.org"),
    ],
)
def test_an_address_is_normalised(text: str, address: str) -> None:
    """Local relays' names are good ones here."""
    assert parse_address(text) == address


@given(st.from_regex(PLAIN, fullmatch=True))
def test_plain_addresses_are_those_that_the_library_accepts_as_they_stand(text: str) -> None:
    """What is decided without email-validator is decided as by it."""
    found = validate_email(text, check_deliverability=False, globally_deliverable=False, strict=True)
    assert found.normalized == text == parse_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@uni.example",
        "ada@",
        "ada@uni",
        "a b@uni.example",
        "ada@uni..example",
        "ada@uni.example\nBcc: x@y.example",
        "Ada <ada@uni.example>",
        "ada@[127.0.0.1]",
        "a@b@c.example",
        "@localhost",
        "a b@localhost",
        "x" * 70 + "@uni.example",
    ],
)
def test_a_bad_address_is_refused(text: str) -> None:
    """By its syntax alone; nothing asks the network."""
    with pytest.raises(ValueError, match="is no e-mail address"):
        parse_address(text)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40))
def test_a_mailbox_written_by_us_is_read_by_the_standard_library(name: str) -> None:
    """Whatever the display name holds."""
    folded = " ".join(name.split())
    header = format_mailbox(folded, "ada@uni.example")
    if "<" not in folded and ">" not in folded:
        assert parse_mailbox(parse_mailbox(header)) == parse_mailbox(header)
    if folded.isascii():
        parsed = Parser(policy=policy.default).parsestr(f"From: {header}\n\n")["From"].addresses[0]
        assert parsed.addr_spec == "ada@uni.example"


@pytest.mark.parametrize(
    "text", ["Ada <ada@uni.example", "Ada ada@uni.example>", "A\rB <ada@uni.example>", "Ada <x>", ""]
)
def test_a_bad_mailbox_is_refused(text: str) -> None:
    """A line break would become a header of its own."""
    with pytest.raises(ValueError, match=r"is not written as|is no e-mail address|control character"):
        parse_mailbox(text)


def test_a_server_s_user_may_hold_an_at_sign() -> None:
    """As it is, or encoded."""
    for text in ("smtp://ada@uni.example@mail.example:587", "SMTP://ada%40uni.example@mail.example:587"):
        url = parse_server(text)
        assert (url.scheme, url.username, url.host, url.port) == ("smtp", "ada@uni.example", "mail.example", 587)


def test_categories_are_arxiv_s_own() -> None:
    """155 of them, and letter case does not matter."""
    assert len(arxiv_categories.CATEGORIES) == 155
    assert arxiv_categories.canonical("CS.lg") == "cs.LG"
    assert arxiv_categories.canonical("math") == "math"
    assert arxiv_categories.canonical("bioRxiv/Cell Biology") == "biorxiv/cell biology"
    assert arxiv_categories.canonical("cs.XX") is None


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        ("cs.LGG", "did you mean cs.LG"),
        ("machine learning", "did you mean cs.LG"),
        ("hep.th", "did you mean hep-th"),
        ("sc.LG", "did you mean cs.LG"),
        ("math.XX", "math has math.AC"),
        ("cs.*", "write cs for the whole archive"),
        ("cs.LG, cs.CL", "write a list: [cs.LG, cs.CL]"),
        ("zzz", "arxiv.org/category_taxonomy"),
    ],
)
def test_an_unknown_category_names_the_nearest(typed: str, advice: str) -> None:
    """In its archive, by its name, or among them all."""
    assert advice in arxiv_categories.advice(typed)
