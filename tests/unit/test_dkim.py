"""Signatures of ours, judged by dkimpy; and what of a message may change on its way."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Callable

import dkim
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.editions.dkim import OVERSIGNED, Signer, SigningKey
from digest.editions.dkim_keys import Published, load, mismatch, new_ed25519, new_rsa, record, zone_line

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
RSA = load(new_rsa(1024), domain="uni.example", selector="s1")
RSA_2048 = load(new_rsa(), domain="uni.example", selector="s2048")
ED25519 = load(new_ed25519(), domain="uni.example", selector="ed")
SIGNER = Signer([RSA])
HEAD = b"From: Ada <ada@uni.example>\r\nTo: grace@uni.example\r\nSubject: Papers\r\nMIME-Version: 1.0\r\n"


def dns(*keys: SigningKey) -> Callable[..., bytes | None]:
    """The answers that receivers would get."""
    records = {f"{key.name}.".encode(): record(key).encode() for key in keys}

    def answer(name: bytes, timeout: int = 5) -> bytes | None:
        return records.get(name)

    return answer


def verifies(message: bytes, *keys: SigningKey, index: int = 0) -> bool:
    try:
        return bool(dkim.DKIM(message, minkey=1024).verify(index, dnsfunc=dns(*keys)))
    except dkim.ValidationError:  # of the body; the rest it tells by its answer
        return False


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["From", "to", "SUBJECT", "Date", "Reply-To", "X-Odd", "List-Id", "Cc"]),
            st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30), min_size=1),
            st.sampled_from(["\r\n ", "\r\n\t", "\r\n   \t ", " ", "\r\n \r\n  "]),
        ),
        max_size=8,
    ),
    st.text(st.sampled_from("ab .=\té\r\n"), max_size=60),
)
@example([], "")
@example([], "\r\n\r\n\r\n")
@example([("Subject", ["", "x  ", ""], "\r\n ")], "text\r\n\r\n")
def test_odd_messages_verify(headers: list[tuple[str, list[str], str]], text: str) -> None:
    """Folded, doubled, empty and 8-bit headers; no body, empty lines, blanks at line ends, no line end at the end."""
    lines = [f"{name}: {fold.join(value)}\r\n".encode() for name, value, fold in headers]
    body = re.sub(r"\r\n|\r|\n", "\r\n", text).encode()
    message = HEAD + b"".join(lines) + b"\r\n" + body
    assert verifies(SIGNER.sign(message, now=NOW), RSA)


def test_a_body_may_be_missing() -> None:
    """Headers without the empty line after them are a message without a body."""
    assert verifies(SIGNER.sign(HEAD + b"\r\n", now=NOW), RSA)


def test_a_line_without_a_colon_is_no_header() -> None:
    """Whatever a line is that only looks like one of the headers, it is not signed as one."""
    header = SIGNER.headers(HEAD + b"cc\r\n\r\nText\r\n", now=NOW)
    assert header == SIGNER.headers(HEAD + b"\r\nText\r\n", now=NOW)


def test_both_kinds_of_keys_sign() -> None:
    """RSA-2048 and Ed25519 side by side: each receiver verifies the one that it knows."""
    message = Signer([RSA_2048, ED25519]).sign(HEAD + b"\r\nText\r\n", now=NOW)
    assert message.count(b"DKIM-Signature: ") == 2
    assert verifies(message, RSA_2048, ED25519, index=0)
    assert verifies(message, RSA_2048, ED25519, index=1)
    assert not verifies(message, ED25519, index=1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Subject: Papers", b"Subject: Pills"),
        (b"Text", b"Tex"),
        (b"Text\r\n", b"Text\r\nMore\r\n"),
        (b"Text\r\n", b"Text \r\n"),
        *((b"Subject:", name.encode() + b": added\r\nSubject:") for name in OVERSIGNED),
        (b"To: grace", b"To: bob"),
    ],
)
def test_what_breaks_a_signature(before: bytes, after: bytes) -> None:
    """Another word, a line more, a blank at a line's end, a second From or Subject, a Cc where there was none."""
    message = SIGNER.sign(HEAD + b"\r\nText\r\n", now=NOW)
    assert verifies(message, RSA)
    assert before in message
    assert not verifies(message.replace(before, after, 1), RSA)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Subject: Papers", b"subject:\r\n\t  Papers "),
        (b"From: ", b"Received: by relay.example\r\nReturn-Path: <x@uni.example>\r\nFrom: "),
        (b"Text\r\n", b"Text\r\n\r\n\r\n"),
        (b"From: ", b"Feedback-ID: of-the-relay\r\nList-Id: <of.the.relay>\r\nFrom: "),
    ],
)
def test_what_a_relay_may_do(before: bytes, after: bytes) -> None:
    """Fold anew, trace, add empty lines to the end, and add an id of its own before ours."""
    message = SIGNER.sign(HEAD + b"Feedback-ID: ours\r\n\r\nText\r\n", now=NOW)
    assert verifies(message.replace(before, after, 1), RSA)


def test_form_of_the_header() -> None:
    """Lines of 78 characters at most; the time of leaving; one-click headers in h= (RFC 8058, 4)."""
    one_click = b"List-Unsubscribe: <https://x.example/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    header = Signer([RSA_2048]).headers(HEAD + one_click + b"\r\nText\r\n", now=NOW).decode()
    assert all(len(line) <= 78 for line in header.split("\r\n"))
    tags = dict(part.strip().split("=", 1) for part in header.partition(":")[2].split(";"))
    assert tags["t"] == str(int(NOW.timestamp()))
    assert (tags["a"], tags["c"], tags["d"], tags["s"]) == ("rsa-sha256", "relaxed/simple", "uni.example", "s2048")
    named = re.sub(r"\s", "", tags["h"]).split(":")
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(named)
    assert named.count("from") == 2
    assert "received" not in named


def test_same_message_same_time_same_signature() -> None:
    """RSA with PKCS #1 v1.5 and Ed25519 have no chance in them."""
    signer = Signer([RSA, ED25519])
    assert signer.headers(HEAD + b"\r\n", now=NOW) == signer.headers(HEAD + b"\r\n", now=NOW)


# ── keys and records ────────────────────────────────────────────────────────────────────────────────────────


def test_key_never_shows() -> None:
    """Neither in repr() nor in what is said of a bad one."""
    assert "PRIVATE" not in repr(RSA)
    assert repr(RSA) == "SigningKey('s1._domainkey.uni.example', rsa-sha256)"
    pem = new_rsa(1024)
    secret = pem.splitlines()[3]
    for broken in (pem.replace(secret, b"!" + secret[1:]), pem.replace(b"PRIVATE", b"PUBLIC"), b"", b"\xff" * 99):
        with pytest.raises(ValueError, match="private key") as caught:
            load(broken, domain="uni.example", selector="s1")
        assert secret.decode() not in str(caught.value)


def test_old_form_of_keys_is_read() -> None:
    """OpenSSL's form, which opendkim-genkey writes, gives the same key; an encrypted one is refused in words."""
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    old = RSA.private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert record(load(old, domain="uni.example", selector="s1")) == record(RSA)
    locked = RSA.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    with pytest.raises(ValueError, match="encrypted"):
        load(locked, domain="uni.example", selector="s1")


def test_kinds_of_keys_that_are_refused() -> None:
    """Elliptic curves of another kind, and RSA that is longer than receivers must verify."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    curve = ec.generate_private_key(ec.SECP256R1())
    pem = curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="neither an RSA nor an Ed25519"):
        load(pem, domain="uni.example", selector="s1")


@pytest.mark.parametrize("key", [RSA, RSA_2048, ED25519])
def test_zone_line(key: SigningKey) -> None:
    """The strings of a zone line have 255 bytes at most, and joined they are the record."""
    strings = re.findall(r'"([^"]*)"', zone_line(key))
    assert all(len(string) <= 255 for string in strings)
    assert "".join(strings) == record(key)
    assert zone_line(key).startswith(f"{key.name}. IN TXT ( ")
    assert mismatch(key, ("".join(strings),)) is None


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ((), "is not in DNS"),
        ((record(RSA), record(RSA)), "2 times"),
        ((record(RSA_2048),), "another key"),
        ((record(ED25519),), "of the kind ed25519"),
        (("v=DKIM1; p=",), "revoked"),
        ((record(RSA).replace("v=DKIM1", "v=DKIM1; t=y"),), "testing"),
        ((record(RSA).replace("v=DKIM1", "v=DKIM1; h=sha1"),), "only sha1"),
        ((record(RSA)[:-9],), "base64"),
        (("v=spf1 -all",), "v="),
        (("v=DKIM1; k=rsa",), "p= is missing"),
        (("hello world",), "no list of tags"),
        (("p=AA==; p=AA==",), "twice"),
    ],
)
def test_records_that_do_not_fit(texts: tuple[str, ...], why: str) -> None:
    """Each way in which a record goes wrong is told in its own words."""
    said = mismatch(RSA, texts)
    assert said is not None
    if why == "v=":
        assert said
    else:
        assert why in said


def test_records_of_others_are_read() -> None:
    """Without a version, with blanks inside, with tags that we do not know (RFC 6376 §3.6.1)."""
    public = base64.b64encode(base64.b64decode(record(RSA).partition("p=")[2])).decode()
    text = f"k=rsa; n=a note; p={public[:50]} {public[50:]}; x=1;"
    assert mismatch(RSA, (text,)) is None
    assert not Published.parse(text).testing
