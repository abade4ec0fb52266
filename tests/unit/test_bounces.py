"""Mails that come back: who they are about, what follows for them, and that garbage says nothing."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.bounces import Bounce, Kind, Topic, read_notice, split_mbox
from digest.refusals import Reason, Stage, why
from tests.support.returned import EXIM, QMAIL, READER, US, VACATION, complaint, dsn


def only(data: bytes) -> Bounce:
    (bounce,) = read_notice(data).bounces
    return bounce


CASES = [
    # status, diagnostic code, kind, reason
    ("5.1.1", "smtp; 550 5.1.1 User unknown", Kind.HARD, "user-unknown"),
    ("5.1.2", "smtp; 550 5.1.2 no such domain", Kind.HARD, "host-unknown"),
    ("5.1.6", "smtp; 551 5.1.6 recipient has moved", Kind.HARD, "moved"),
    ("5.1.10", "smtp; 556 5.1.10 Recipient address has null MX", Kind.HARD, "no-mail"),
    ("5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied", Kind.HARD, "user-unknown"),
    ("5.2.2", "smtp; 552 5.2.2 over quota", Kind.SOFT, "mailbox-full"),
    ("5.1.1", "smtp; 550 5.1.1 the mailbox is full", Kind.SOFT, "mailbox-full"),
    ("5.1.1", "smtp; 550 5.1.1 blocked using zen.spamhaus.org", Kind.SOFT, "blocked"),
    ("5.1.1", "smtp; 550 5.1.1 rejected by local policy", Kind.SOFT, "policy"),
    ("5.7.26", "smtp; 550 5.7.26 SPF check failed: no such user may send", Kind.SOFT, "authentication"),
    ("5.7.25", "smtp; 550 5.7.25 your address has no reverse DNS, unknown host", Kind.SOFT, "no-ptr"),
    ("5.7.1", "smtp; 550 5.7.1 relay access denied, user unknown", Kind.SOFT, "relaying-denied"),
    ("5.6.0", "smtp; 550 5.6.0 malformed header", Kind.SOFT, "content"),
    ("5.3.4", "smtp; 552 5.3.4 message too big", Kind.SOFT, "too-big"),
    ("5.7.1", "smtp; 554 5.7.1 user unknown? no: this is spam", Kind.SOFT, "spam"),
    ("4.4.7", "smtp; 450 4.1.1 user unknown", Kind.SOFT, "user-unknown"),
    ("4.4.1", "smtp; connection timed out", Kind.SOFT, "expired"),
    ("5.2.1", "smtp; 550 5.2.1 the account is disabled", Kind.SOFT, "suspended"),
    ("5.0.0", "smtp; 550 user unknown", Kind.SOFT, "filtered"),
]


@pytest.mark.parametrize(("status", "diagnostic", "kind", "reason"), CASES)
def test_the_text_decides_over_the_code(status: str, diagnostic: str, kind: Kind, reason: str) -> None:
    """Only a dead address is hard: whatever is full, blocked, ours, or not certain is soft, with its reason."""
    bounce = only(dsn(status=status, diagnostic=diagnostic))
    assert (bounce.recipient, bounce.kind, bounce.reason) == (READER, kind, reason)


def test_a_report_names_our_mail_and_where_it_was_sent() -> None:
    """The Message-ID of the returned headers, the address it came to, and its own id are told."""
    notice = read_notice(dsn(to="digest+tag@papers.example"))
    assert notice.topic is Topic.BOUNCE
    assert notice.message_ids == ("<1.abc@papers.example>",)
    assert notice.addressed_to == ("digest+tag@papers.example",)
    assert notice.own_id == "<dsn.1@mx.uni.example>"


def test_the_envelope_is_found_in_received_where_nothing_else_tells_it() -> None:
    """Some servers note the address that a mail came to there only."""
    mail = dsn().replace(
        b"Delivered-To: digest@papers.example", b"Received: from x by y\n for <digest+t@papers.example>; Mon"
    )
    assert "digest+t@papers.example" in read_notice(mail).addressed_to


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_what_arrived_is_no_bounce(action: str) -> None:
    """A report of success changes nothing."""
    assert only(dsn(action=action, status="2.0.0", diagnostic="smtp; 250 ok")).kind is Kind.NONE


def test_a_delay_is_soft_and_says_so() -> None:
    """A mail that is still under way is told apart from one that failed."""
    bounce = only(dsn(action="delayed", status="4.4.1", diagnostic="smtp; timed out"))
    assert (bounce.kind, bounce.reason) == (Kind.SOFT, "delayed")


def test_reports_in_utf8_are_read() -> None:
    """The internationalised twin of a delivery report (RFC 6533), with an address beyond ASCII."""
    data = dsn(kind="message/global-delivery-status", recipient="ädä@uni.example")
    assert only(data).recipient == "ädä@uni.example"


def test_several_recipients_each_have_their_own() -> None:
    """One report, three recipients, three answers; a missing empty line does not merge them."""
    data = dsn().replace(
        b"\n--b1\nContent-Type: text/rfc822",
        b"\nFinal-Recipient: rfc822; bob@uni.example\nAction: delivered\nStatus: 2.0.0\n"
        b"Final-Recipient: <carol@uni.example>\nAction: failed\nStatus: 5.2.2\n\n--b1\nContent-Type: text/rfc822",
    )
    told = [(one.recipient, one.kind) for one in read_notice(data).bounces]
    expected = [(READER, Kind.HARD), ("bob@uni.example", Kind.NONE), ("carol@uni.example", Kind.SOFT)]
    assert told == expected


def test_letters_of_qmail_are_cut_by_recipient() -> None:
    """Each paragraph counts for its own address; the copy of our mail below counts for none."""
    told = {one.recipient: (one.kind, one.reason) for one in read_notice(QMAIL).bounces}
    assert told == {
        "ada@uni.example": (Kind.HARD, "user-unknown"),
        "bob@uni.example": (Kind.SOFT, "mailbox-full"),
    }
    assert read_notice(QMAIL).message_ids == ("<1.abc@papers.example>",)


def test_letters_of_exim_tell_the_command() -> None:
    """Words without a code are believed when they answer RCPT."""
    bounce = only(EXIM)
    assert (bounce.recipient, bounce.kind) == (READER, Kind.HARD)


LETTERS = {
    "InterScan": "Sent <<< RCPT TO:<{}>\nReceived >>> 550 no such user\n",
    "James": "Error message below:\n550 - no such user here\n\nMessage details:\n  MAIL FROM: us@papers.example\n"
    "  RCPT TO: {}\n",
    "MailMarshal": "Could not be delivered because of\n\n550 5.1.1 User unknown\n\n"
    "The following recipients were affected: \n    {}\n",
    "IMail": "Unknown host: {}\n\nOriginal message follows.\n\nReceived: from x\nTo: bob@other.example\n",
    "Domino": "was not delivered to:\n\n  {}\n\nbecause:\n\n  User not listed in Domino Directory\n",
    "Exim, no host": "The following address(es) failed:\n\n  {}\n    Unrouteable address\n",
    "Exim, full": "The following address(es) failed:\n\n  {}\n    mailbox is full: retry timeout exceeded\n",
    "Exim, delayed": "The address to which the message has not yet been delivered is:\n\n  {}\n    Delay reason: none\n"
    "\nNo action is required on your part.\n",
    "qmail, no MX": "<{}>:\nSorry, I couldn't find a mail exchanger or IP address. (#5.4.4)\n",
    "qmail, queue": "<{}>:\n192.0.2.1 does not like recipient.\nRemote host said: 450 user unknown\n",
    "Gmail": "failed permanently:\n\n     {}\n\nThe error that the other server returned was:\n550 5.1.1 Unknown\n",
    "Exchange": "{}\nDiagnostic information:\n\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n",
    "Yahoo": "<{}>:\nRemote host said:\n550 No such mailbox\n [RCPT_TO]\n",
    "a carrier": "The user(s) account is over quota.\n\n<{}>: 550 user unknown (in reply to RCPT TO)\n",
}
SOFT = {"James", "Exim, full", "Exim, delayed", "qmail, no MX", "qmail, queue", "a carrier"}


@pytest.mark.parametrize("program", LETTERS)
def test_letters_of_many_programs_are_understood(program: str) -> None:
    """Whom it is about, and whether the address is dead: words, codes and commands in each program's own order."""
    text = LETTERS[program].format(READER)
    bounce = only(f"From: MAILER-DAEMON@mx.example\nTo: {US}\nSubject: failure notice\n\n{text}".encode())
    assert (bounce.recipient, bounce.kind) == (READER, Kind.SOFT if program in SOFT else Kind.HARD)


def test_unknown_after_the_content_is_a_filter() -> None:
    """Who took the address and refuses the content is not believed that the address is unknown."""
    assert why("user unknown", code=550, stage=Stage.CONTENT) is Reason.FILTERED
    assert why("user unknown", code=550, stage=Stage.RECIPIENT) is Reason.USER_UNKNOWN


def test_complaints_are_complaints() -> None:
    """An abuse report is one; "not spam" is praise; a failed signature is told by its own name."""
    bounce = only(complaint())
    assert (bounce.kind, bounce.reason) == (Kind.COMPLAINT, "abuse")
    assert read_notice(complaint()).message_ids == ("<1.abc@papers.example>",)
    assert only(complaint(kind="not-spam")).kind is Kind.NONE
    assert only(complaint(kind="auth-failure")).reason == "auth-failure"


def test_a_vacation_note_changes_nothing() -> None:
    """However much its text speaks of addresses that do not exist."""
    notice = read_notice(VACATION)
    assert notice.topic is Topic.AUTOMATIC
    assert [(one.recipient, one.kind) for one in notice.bounces] == [(READER, Kind.NONE)]
    assert notice.message_ids == ()


@pytest.mark.parametrize(
    "header",
    ["Precedence: auto_reply", "X-Autoreply: yes", "Auto-Submitted: auto-notified", "X-Challenge: 1"],
)
def test_notes_are_known_by_their_headers(header: str) -> None:
    """Machines that mark themselves are believed."""
    data = f"From: {READER}\nTo: {US}\nSubject: Hello\n{header}\n\n550 5.1.1 user unknown\n".encode()
    assert read_notice(data).topic is Topic.AUTOMATIC


def test_people_are_left_alone() -> None:
    """A reader who writes to us is no bounce."""
    data = f"From: {READER}\nTo: {US}\nSubject: Re: papers\n\nI liked number 3, thanks. bob@uni.example\n".encode()
    assert read_notice(data) == read_notice(data.replace(b"\n", b"\r\n"))
    assert read_notice(data).topic is Topic.OTHER


def test_notifications_of_amazon_are_read() -> None:
    """Bounces and complaints that come as JSON."""
    bounce = {
        "bouncedRecipients": [
            {"emailAddress": READER, "status": "5.1.1", "action": "failed", "diagnosticCode": "smtp; 550 5.1.1 no"}
        ]
    }
    head = b"From: no-reply@sns.amazonaws.com\nSubject: AWS Notification Message\n\n"
    assert only(head + json.dumps({"notificationType": "Bounce", "bounce": bounce}).encode()).kind is Kind.HARD
    complained = {"complainedRecipients": [{"emailAddress": READER}], "complaintFeedbackType": "abuse"}
    told = {"Type": "Notification", "Message": json.dumps({"notificationType": "Complaint", "complaint": complained})}
    assert only(head + json.dumps(told).encode()).kind is Kind.COMPLAINT


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
def test_any_line_end_will_do(end: bytes) -> None:
    """Bounces pass through many hands."""
    assert only(dsn().replace(b"\n", end)).kind is Kind.HARD


def test_an_mbox_is_taken_apart() -> None:
    """Two mails of one file are two."""
    box = b"From MAILER-DAEMON Thu Apr 29 23:34:45 2026\n" + dsn() + b"\nFrom x@y Thu Apr 29 23:34:45 2026\n" + QMAIL
    assert [len(read_notice(mail).bounces) for mail in split_mbox(box)] == [1, 2]


WELL_FORMED = [dsn(), QMAIL, EXIM, VACATION, complaint()]
TORN = st.builds(
    lambda mail, start, end, junk: mail[:start] + junk + mail[end:],
    st.sampled_from(WELL_FORMED),
    st.integers(0, 1500),
    st.integers(0, 1500),
    st.one_of(st.binary(max_size=80), st.sampled_from([b"\0" * 40, b"\xff\xfe", b"--b1\n", b"=?x?q?", b"\n\n", b"\r"])),
)


@settings(max_examples=1_000, deadline=None)
@given(st.one_of(TORN, st.binary(max_size=400), st.text(max_size=300).map(lambda text: text.encode("utf-8"))))
@example(b"")
@example(b"Content-Type: multipart/report; boundary=\n\n")
@example(b"From: =?utf-7?b?AAAA?=\nContent-Type: text/plain; charset=nonsense\n\n\xff\xff")
@example(b"Content-Type: message/rfc822\n\n" * 200)
@example(b"From: MAILER-DAEMON\nContent-Transfer-Encoding: base64\n\n!!!!")
def test_no_bytes_raise_or_invent_a_dead_address(data: bytes) -> None:
    """A thousand malformed mails: nothing raises, and nothing is hard that names no address."""
    notice = read_notice(data)
    for bounce in notice.bounces:
        assert bounce.kind is not Kind.HARD or (bounce.recipient and "@" in bounce.recipient)
        assert len(bounce.diagnostic) <= 500
        bounce.diagnostic.encode()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2_000))
def test_garbage_from_a_daemon_is_never_hard(data: bytes) -> None:
    """Random bytes below a daemon's name kill no address."""
    notice = read_notice(b"From: MAILER-DAEMON@x.example\nSubject: failure notice\n\n" + data)
    assert all(bounce.kind is not Kind.HARD for bounce in notice.bounces)


@given(st.text(), st.one_of(st.none(), st.integers(-5, 999)), st.one_of(st.none(), st.text(max_size=12)))
def test_every_refusal_has_a_reason(text: str, code: int | None, status: str | None) -> None:
    """Nothing a server can say raises."""
    assert why(text, code=code, status=status) in Reason


def test_hostile_sizes_take_no_time() -> None:
    """Megabytes of one pattern, nested parts and fifty thousand recipients cost a moment, not a minute."""
    many = b"".join(b"<u%d@x.example>:\n550 no\n\n" % number for number in range(50_000))
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(800))
    for body in (many, b"a@" * 400_000, b"recipient not " * 50_000, nested):
        assert len(read_notice(b"From: MAILER-DAEMON@x.example\n\n" + body).bounces) <= 50


def test_garbage_leaves_no_traceback_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """What a detector of the library stumbles over is no news to an operator."""
    read_notice(b"garbage\n")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
