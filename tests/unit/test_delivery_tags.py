"""Return paths and unsubscribe subjects: what we signed comes back, and nothing else does."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.tags import LONGEST_TAG, MOST_LOCAL, ReturnPath, trial_path
from digest.keyring import KeyRing
from digest.model import EditionKey
from digest.settings.mail import MOST_BOUNCES

OLD, NEW = b"0123456789abcdef", b"fedcba9876543210"
RING = KeyRing(keys={"1": OLD, "2": NEW}, current="2")
PATH = ReturnPath(mailbox="bounces@example.org", ring=RING)
KEY = EditionKey("ada", dt.date(2026, 11, 22))
numbers = st.integers(1, 2**63 - 1)


@given(numbers)
def test_round_trip(number: int) -> None:
    """A tag gives its delivery back, in any case, with or without angle brackets, and fits into a local part."""
    address = PATH.sign(number)
    local = address.partition("@")[0]
    assert local.startswith("bounces+")
    assert local == local.lower()
    assert len(local) <= MOST_LOCAL
    for written in (address, address.upper(), f"<{address}>", f" {address}\n", address.replace("example", "other")):
        assert PATH.verify(written) == number


@given(numbers, st.data())
def test_a_touched_tag_is_nobodys(number: int, data: st.DataObject) -> None:
    """A tag of which any one character was changed names no delivery, not even the same one."""
    address = PATH.sign(number)
    tag = address.partition("+")[2].partition("@")[0]
    at = data.draw(st.integers(0, len(tag) - 1))
    other = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz234567").filter(lambda c: c != tag[at]))
    assert PATH.verify(f"bounces+{tag[:at]}{other}{tag[at + 1 :]}@example.org") is None


@given(st.text(max_size=80))
def test_garbage_is_nobodys(text: str) -> None:
    """Whatever stands in an address, reading it never fails."""
    assert PATH.verify(text) is None
    assert PATH.verify(f"bounces+{text}@example.org") is None


def test_old_keys_verify() -> None:
    """After a new key the tags in mails that went out still work; without their key they do not."""
    before = ReturnPath(mailbox="bounces@example.org", ring=KeyRing(keys={"1": OLD}, current="1"))
    assert PATH.verify(before.sign(7)) == 7
    assert before.verify(PATH.sign(7)) is None


def test_kinds_of_tokens_are_not_mixed() -> None:
    """A proof that was made for one purpose proves nothing for another."""
    payload = b"\x07"
    assert RING.proves("digest return path 1", payload, RING.mac("digest return path 1", payload))
    assert not RING.proves("digest return path 1", payload, RING.mac("digest links 1", payload))
    assert not RING.proves("digest links 1", payload, b"")


def test_room_for_a_tag() -> None:
    """The longest mailbox that settings allow leaves room for the longest tag, and not for one character more."""
    longest = ReturnPath(mailbox="b" * MOST_BOUNCES + "@x.org", ring=RING).sign(2**63 - 1)
    assert len(longest.rpartition("@")[0]) == MOST_LOCAL == MOST_BOUNCES + 1 + LONGEST_TAG


def test_trial_path() -> None:
    """The sender of a test message looks like a tag, and names no delivery."""
    assert trial_path("bounces@example.org") == "bounces+testaaaaaaaaaaaaaa@example.org"
    assert PATH.verify(trial_path("bounces@example.org")) is None


def test_unsubscribing_by_mail() -> None:
    """The subject that a mail's own link makes ends its reader's subscription, whatever the mail program did to it."""
    subject = RING.unsubscribe_subject(KEY)
    for written in (
        subject,
        f"  {subject}\r\n",
        subject.replace("unsubscribe", "Unsubscribe"),
        subject.replace(" ", "\r\n "),
    ):
        assert RING.unsubscribed_by(written) == KEY


@given(st.text(max_size=80))
def test_nobody_unsubscribes_a_stranger(text: str) -> None:
    """A subject without a token of ours is no request, though it names a reader."""
    assert RING.unsubscribed_by(f"unsubscribe {text}") is None
    assert RING.unsubscribed_by("unsubscribe ada") is None
    assert RING.unsubscribed_by(f"{RING.unsubscribe_subject(KEY)}x") is None
    assert RING.unsubscribed_by(RING.sign(KEY)) is None
