"""Mails that come back: bounces, complaints, vacation notes. Bytes in, frozen values out; no I/O, and nothing raises.

    mail.py       the parts of a mail: headers, text, reports, what came back
    feedback.py   complaints (RFC 5965)
    statuses.py   reports for machines (RFC 3464, RFC 6533)
    texts.py      letters for people
    automatic.py  what machines answer though nothing failed (RFC 3834)
    reading.py    the decision; why a server refused is known to digest.refusals

Whether a mail may change anything is not decided here: a bounce proves itself by our tag or by our Message-ID, and
digest.pipeline.mailroom asks for that.
"""

from digest.bounces.mail import split_mbox, subject_of
from digest.bounces.reading import read_notice
from digest.bounces.values import Bounce, Kind, Notice, Topic

__all__ = ["Bounce", "Kind", "Notice", "Topic", "read_notice", "split_mbox", "subject_of"]
