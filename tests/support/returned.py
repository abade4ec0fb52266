"""Mails that came back, made for tests in the formats of well-known programs."""

from __future__ import annotations

US = "digest@papers.example"
READER = "ada@uni.example"


def dsn(
    *,
    to: str = US,
    recipient: str = READER,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 <ada@uni.example>: Recipient address rejected: User unknown",
    message_id: str = "<1.abc@papers.example>",
    own_id: str = "<dsn.1@mx.uni.example>",
    letter: str = "Your message could not be delivered.",
    kind: str = "message/delivery-status",
) -> bytes:
    """A delivery report as Postfix writes it (RFC 3464)."""
    return f"""\
Return-Path: <>
Delivered-To: {to}
From: MAILER-DAEMON@mx.uni.example (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: {own_id}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.uni.example.

{letter}

--b1
Content-Type: {kind}

Reporting-MTA: dns; mx.uni.example

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}

--b1
Content-Type: text/rfc822-headers

From: {US}
To: {recipient}
Message-ID: {message_id}
Subject: 4-bit sparse attention, and 9 more

--b1--
""".encode()


def complaint(*, to: str = US, message_id: str = "<1.abc@papers.example>", kind: str = "abuse") -> bytes:
    """A feedback report (RFC 5965), the reader's address left out as providers do."""
    return f"""\
From: feedbackloop@provider.example
To: {to}
Subject: Email Feedback Report
Message-ID: <fbl.1@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b1"

--b1
Content-Type: text/plain

This is an email abuse report.

--b1
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1

--b1
Content-Type: message/rfc822

From: {US}
To: redacted@provider.example
Message-ID: {message_id}
Subject: 4-bit sparse attention, and 9 more

The mail.

--b1--
""".encode()


QMAIL = b"""\
Return-Path: <>
From: MAILER-DAEMON@uni.example
To: digest@papers.example
Subject: failure notice
Message-ID: <qmail.1@uni.example>

Hi. This is the qmail-send program at uni.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ada@uni.example>:
192.0.2.7 does not like recipient.
Remote host said: 550 sorry, no mailbox here by that name
Giving up on 192.0.2.7.

<bob@uni.example>:
192.0.2.7 failed after I sent the message.
Remote host said: 552 mailbox full

--- Below this line is a copy of the message.

Return-Path: <digest@papers.example>
From: digest@papers.example
To: ada@uni.example
Message-ID: <1.abc@papers.example>
Subject: 4-bit sparse attention, and 9 more

carol@uni.example wrote this paper. 550 5.1.1 user unknown
"""

EXIM = b"""\
X-Failed-Recipients: ada@uni.example
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example>
To: digest@papers.example
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1abc-000@mx.example>

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ada@uni.example
    SMTP error from remote mail server after RCPT TO:<ada@uni.example>:
    host mx.uni.example [192.0.2.7]: 550 No such user here

------ This is a copy of the message, including all the headers. ------

Return-path: <digest@papers.example>
Message-ID: <1.abc@papers.example>
"""

VACATION = b"""\
From: Ada <ada@uni.example>
To: digest@papers.example
Subject: Automatic reply: 4-bit sparse attention, and 9 more
In-Reply-To: <1.abc@papers.example>
Auto-Submitted: auto-replied

I am away until Monday. Write to bob@uni.example; the address ada@old.example does not exist any more.
"""
