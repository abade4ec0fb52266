"""What server replies mean: for the delivery, for the address, for the relay, and in words for a person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.advice import advice
from digest.delivery.presets import PRESETS, preset_of_host
from digest.delivery.replies import Phase, Reply, classify, hint_s
from digest.model import DeliveryState as S
from digest.refusals import legible

CASES = [
    # phase, code, text, state, suppressed, relay's fault
    (Phase.DOT, 250, "2.0.0 queued as 4F2", S.ACCEPTED, False, False),
    (Phase.DOT, None, "no answer in time", S.UNCERTAIN, False, False),
    (Phase.DOT, -1, "not an SMTP reply", S.UNCERTAIN, False, False),
    (Phase.DATA, None, "connection lost", S.DEFERRED, False, False),
    (Phase.RCPT, None, "connection lost", S.DEFERRED, False, False),
    (Phase.CONNECT, 421, "4.3.2 shutting down", S.READY, False, True),
    (Phase.CONNECT, None, "connection refused", S.READY, False, True),
    (Phase.TLS, None, "STARTTLS is not offered", S.READY, False, True),
    (Phase.AUTH, 535, "5.7.8 not accepted", S.READY, False, True),
    (Phase.AUTH, 454, "4.7.0 too many logins", S.READY, False, True),
    (Phase.MAIL, 530, "5.7.0 Authentication required", S.READY, False, True),
    (Phase.MAIL, 550, "5.7.1 sender not allowed", S.READY, False, True),
    (Phase.MAIL, 452, "4.3.1 insufficient system storage", S.READY, False, True),
    (Phase.MAIL, 450, "4.7.1 greylisted", S.DEFERRED, False, False),
    (Phase.MAIL, 552, "5.3.4 message too big", S.FAILED, False, False),
    (Phase.RCPT, 550, "5.4.5 Daily user sending limit exceeded", S.READY, False, True),
    (Phase.DOT, 550, "5.4.5 Daily user sending limit exceeded.", S.READY, False, True),
    (Phase.RCPT, 450, "4.2.0 try again", S.DEFERRED, False, False),
    (Phase.RCPT, 421, "4.7.0 closing", S.DEFERRED, False, False),
    (Phase.RCPT, 550, "5.1.1 user unknown", S.SUPPRESSED, True, False),
    (Phase.RCPT, 550, "5.1.2 no such domain", S.SUPPRESSED, True, False),
    (Phase.RCPT, 553, "5.1.3 bad address syntax", S.SUPPRESSED, True, False),
    (Phase.RCPT, 551, "5.1.6 mailbox has moved", S.SUPPRESSED, True, False),
    (Phase.RCPT, 550, "5.2.1 mailbox disabled", S.SUPPRESSED, True, False),
    (Phase.RCPT, 550, "5.4.4 unable to route", S.SUPPRESSED, True, False),
    (Phase.RCPT, 556, "5.1.10 recipient address has null MX", S.SUPPRESSED, True, False),
    (Phase.RCPT, 550, "No such user here", S.SUPPRESSED, True, False),
    (Phase.RCPT, 550, "<policy@uni.example>: user unknown", S.SUPPRESSED, True, False),
    (Phase.DOT, 550, "5.1.1 user unknown", S.SUPPRESSED, True, False),
    # the text decides over the code
    (Phase.RCPT, 550, "5.1.1 mailbox full", S.DEFERRED, False, False),
    (Phase.RCPT, 552, "5.2.2 over quota", S.DEFERRED, False, False),
    (Phase.RCPT, 550, "5.1.1 blocked using zen.spamhaus.org", S.FAILED, False, False),
    (Phase.RCPT, 550, "5.1.1 rejected by local policy", S.FAILED, False, False),
    (Phase.RCPT, 550, "Greylisted, try again in 5 minutes", S.DEFERRED, False, False),
    (Phase.RCPT, 550, "5.2.1 The user is receiving mail at a rate that prevents more", S.DEFERRED, False, False),
    # our own fault never suppresses an address
    (Phase.RCPT, 554, "5.7.1 Relay access denied", S.FAILED, False, False),
    (Phase.DATA, 554, "5.7.1 refused", S.FAILED, False, False),
    (Phase.DOT, 550, "5.7.26 unauthenticated mail is prohibited", S.FAILED, False, False),
    (Phase.DOT, 552, "5.3.4 message too big", S.FAILED, False, False),
    (Phase.DOT, 552, "5.2.3 message length exceeds administrative limit", S.FAILED, False, False),
    (Phase.DOT, 554, "5.6.0 malformed", S.FAILED, False, False),
    (Phase.DOT, 451, "4.3.0 later", S.DEFERRED, False, False),
    (Phase.CHECK, 553, "5.6.7 no SMTPUTF8", S.FAILED, False, False),
    (Phase.RENDER, None, "ValueError: bug", S.FAILED, False, False),
]


@pytest.mark.parametrize(("phase", "code", "text", "state", "suppress", "relay_fault"), CASES)
def test_what_failed_decides(
    phase: Phase, code: int | None, text: str, state: S, suppress: bool, relay_fault: bool
) -> None:
    """Phase, code, status and text together settle a delivery, an address and a relay."""
    outcome = classify(Reply(phase=phase, code=code, text=text))
    assert (outcome.state, outcome.suppress, outcome.relay_fault) == (state, suppress, relay_fault)


@given(
    st.sampled_from(Phase),
    st.one_of(st.none(), st.integers(-9, 999)),
    st.one_of(st.text(), st.sampled_from([case[2] for case in CASES])),
)
def test_every_reply_has_a_meaning(phase: Phase, code: int | None, text: str) -> None:
    """Nothing a server can say raises, and only an answer after the dot is an acceptance."""
    reply = Reply(phase=phase, code=code, text=text)
    outcome = classify(reply)
    assert advice(reply, PRESETS["gmail"])
    assert len(outcome.label) <= 12
    if outcome.state is S.ACCEPTED:
        assert phase is Phase.DOT
        assert code is not None
        assert 200 <= code < 400
    if outcome.state is S.UNCERTAIN:
        assert phase is Phase.DOT
    if outcome.suppress:
        assert phase in (Phase.RCPT, Phase.DATA, Phase.DOT)
        assert code is not None
        assert code >= 500


@pytest.mark.parametrize(
    ("phase", "code", "text", "crowded"),
    [
        (Phase.RCPT, 450, "4.7.28 unusual rate of unsolicited mail", True),
        (Phase.RCPT, 451, "4.7.500 Server busy", True),
        (Phase.DATA, 421, "4.7.0 closing", True),
        (Phase.DOT, 452, "too many messages, slow down", True),
        (Phase.RCPT, 452, "4.2.2 mailbox full", False),
        (Phase.RCPT, 450, "4.7.1 Greylisted: too many connections", False),
        (Phase.RCPT, 450, "4.2.1 The user is receiving mail too quickly", False),
        (Phase.RCPT, 550, "5.7.1 too many spam messages", False),
        (Phase.MAIL, 421, "4.7.0 too many messages in this session", False),
    ],
)
def test_going_too_fast_is_told_from_other_refusals(phase: Phase, code: int, text: str, crowded: bool) -> None:
    """It is the domain's pace, not a mailbox, not greylisting, and not the relay."""
    assert classify(Reply(phase=phase, code=code, text=text)).crowded is crowded


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("try again in 300 seconds", 300),
        ("4.7.1 Greylisted, please retry in 5 minutes", 300),
        ("wait 2 hours", 7200),
        ("retry after: 90s", 90),
        ("try again later", None),
        ("queued in 4F2A", None),
    ],
)
def test_hints_are_read(text: str, seconds: float | None) -> None:
    """A time that a server names is understood in its usual spellings."""
    assert hint_s(text) == seconds


def test_server_text_is_made_legible() -> None:
    """Controls, bidi overrides, broken bytes and novels do not reach the database or a terminal."""
    hostile = "5.1.1 no\x00\x1b[31m\u202esuch\r\nuser" + b"\xff".decode("utf-8", "surrogateescape") + "x" * 9000
    clean = legible(hostile)
    assert clean.startswith("5.1.1 no [31m such user\ufffdx")
    assert len(clean) == 500
    clean.encode()


@pytest.mark.parametrize(
    ("reply", "preset", "words"),
    [
        (Reply(phase=Phase.AUTH, code=535, text="5.7.8 no"), "gmail", "app password"),
        (Reply(phase=Phase.AUTH, code=535, text="5.7.139 no"), "outlook", "OAuth2"),
        (Reply(phase=Phase.AUTH, code=535, text="5.7.8 no"), None, "refused user name or password"),
        (Reply(phase=Phase.AUTH, code=454, text="4.7.0 no"), None, "wait some minutes"),
        (Reply(phase=Phase.CONNECT, code=None, text="connection refused"), None, "nothing listens"),
        (Reply(phase=Phase.CONNECT, code=None, text="no answer in time"), None, "port 25"),
        (Reply(phase=Phase.TLS, code=None, text="STARTTLS is not offered"), None, "nothing was sent unencrypted"),
        (Reply(phase=Phase.TLS, code=None, text="certificate: self-signed certificate"), None, "mail.ca_file"),
        (Reply(phase=Phase.MAIL, code=553, text="5.7.1 not yours"), None, "mail.from"),
        (Reply(phase=Phase.RCPT, code=550, text="5.1.1 unknown"), None, "no such mailbox"),
        (Reply(phase=Phase.DOT, code=550, text="5.4.5 Daily sending quota exceeded"), "gmail", "500 messages a day"),
        (Reply(phase=Phase.DOT, code=250, text="ok"), None, "inbox"),
    ],
)
def test_answers_are_translated(reply: Reply, preset: str | None, words: str) -> None:
    """A person is told what to do, with the advice of their provider."""
    assert words in advice(reply, PRESETS[preset] if preset else None)


@pytest.mark.parametrize(
    ("host", "name"),
    [("smtp.gmail.com", "gmail"), ("SMTP.Office365.com.", "microsoft365"), ("smtp.fastmail.com", "fastmail")],
)
def test_presets_are_known_by_host(host: str, name: str) -> None:
    """Whoever writes the host name out gets the provider's advice all the same."""
    preset = preset_of_host(host)
    assert preset is not None
    assert preset.name == name
    assert preset_of_host("mail.evilgmail.com") is None
