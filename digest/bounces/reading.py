"""One mail → what became of whom. The whole decision; its parts are beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from digest.bounces.addresses import addresses_in
from digest.bounces.automatic import is_automatic, sounds_like_a_note
from digest.bounces.feedback import read_feedback
from digest.bounces.mail import MOST_BYTES, Mail, header, parse
from digest.bounces.notifications import read_notification
from digest.bounces.statuses import MOST_RECIPIENTS, Fields, code_in, read_status, status_in
from digest.bounces.texts import Letter, Said, read_text
from digest.bounces.values import Bounce, Kind, Notice, Topic
from digest.refusals import Reason, Stage, legible, why
from digest.refusals.words import IRONPORT

_ARRIVED = ("delivered", "relayed", "expanded", "deliverable", "success")
_FROM_DAEMON = re.compile(
    r"mailer-?daemon|post?master|mail[ -]?delivery|mail (?:administrator|system)|mdaemon|bounce"
    r"|delivery (?:sub)?system"
    r"|mail-?router|daemon@|maild@|noc@|info@m-filter|^<>$",
    re.IGNORECASE,
)
_BOUNCE_SUBJECT = re.compile(
    r"undeliver|returned? (?:mail|to sender|e-?mail|message)|(?:mail|delivery|message"
    r"|transport)[\w ,]{0,24}(?:fail|error|problem|status|notification|report|return)"
    r"|failure (?:notice|notification|delivery)|non[- ]?deliver|not (?:be )?deliver|unable to"
    r" deliver|can(?:not|'t) (?:be )?(?:send|sent|deliver)"
    r"|bounced?\b|postmaster notify|user unknown|rejected|warning: (?:could|message)|delivery"
    r" (?:has )?fail|fail\w* (?:to )?deliver"
    r"|mail system error|nondeliverable|unzustellbar|nicht zugestellt|non remis|non recapitat|no"
    r" se pudo entregar|devuelto"
    r"|не доставлено|配信|送信(?:できません|エラー)|退信|系统退信|retour de courrier|loop alert|loop back"
    r"|member article|message frozen|has been frozen|security alert|in forwarding or filtering|mail failure"
    r"|エラー通知|^notice$|^error\b|^warning$|delay",
    re.IGNORECASE,
)
_IDS = re.compile(r"<[^<>\s]{1,300}>")
_ID_LINES = re.compile(r"(?im)^[ \t>]{0,8}(?:x-\w+-)?(?:original-)?message-id\s*:\s*(.{1,600})")
_BARE_REPORT = re.compile(r"(?im)^final-recipient\s*:.*\n(?:.+\n){0,6}?(?:action|status)\s*:")
"""A report for machines whose MIME structure is broken."""
_RULES = re.compile(r"(?im)^reporting-mta:.*\binbound-smtp\.[\w-]+\.amazonaws\.com")
"""Amazon's receiving service, which refuses after it has accepted: always by a rule that the owner wrote."""
_NAMES_THE_ADDRESS = frozenset({"bad-mailbox", "bad-domain"})
_SPEAKS = re.compile(
    r"(?:could|can|was|has|were) ?n[o']t (?:yet )?(?:be |been )?(?:delivered|sent)|undeliverable|unable to deliver"
    r"|deliver\w*( \w+){0,3} fail|fail\w*( \w+){0,3} deliver|mailbox is full|did not reach the following",
    re.IGNORECASE,
)
MOST_MESSAGE_IDS, MOST_REPORTS = 20, 5
DELIVERED, DELAYED, AUTO_REPLY = "delivered", "delayed", "auto-reply"
"""Reasons beside those of :class:`digest.refusals.Reason`."""


def read_notice(data: bytes) -> Notice:
    """What a mail says; never raises, whatever the bytes. Only the first ``MOST_BYTES`` are looked at."""
    mail = parse(data)
    if mail is None:
        return Notice(topic=Topic.OTHER)
    bounces, topic = _understood(mail, data[:MOST_BYTES])
    return Notice(
        topic=topic,
        bounces=bounces,
        addressed_to=_addressed_to(mail),
        message_ids=_message_ids(mail),
        own_id=next(iter(_IDS.findall(mail.header("Message-ID"))), None),
    )


def _understood(mail: Mail, data: bytes) -> tuple[tuple[Bounce, ...], Topic]:
    if complaint := read_feedback(mail):
        return (complaint,), Topic.COMPLAINT
    noted, complaints = read_notification(mail.notification)
    if complaints:
        return complaints, Topic.COMPLAINT
    if noted:
        return _of_reports(noted, replace(mail, text="")), Topic.BOUNCE
    reports = mail.reports or ((mail.text,) if _BARE_REPORT.search(mail.text) else ())
    if reported := [fields for report in reports[:MOST_REPORTS] for fields in read_status(report)][:MOST_RECIPIENTS]:
        return _of_reports(reported, mail), Topic.BOUNCE
    if _looks_returned(mail) and (told := read_text(mail, data)):
        return tuple(_of_letter(said) for said in told), Topic.BOUNCE
    automatic = is_automatic(mail)
    if not automatic and (told := read_text(mail, data)) and _speaks_of_failure(mail, told):
        return tuple(_of_letter(said) for said in told), Topic.BOUNCE
    sender = next(iter(addresses_in(mail.header("From"))), None)
    if automatic:
        return (Bounce(recipient=sender, kind=Kind.NONE, reason=AUTO_REPLY),), Topic.AUTOMATIC
    return (), Topic.OTHER


def _looks_returned(mail: Mail) -> bool:
    """A bounce's own signs: who writes it, and what it is called. Exim's and Postfix's are marked as automatic too."""
    if "X-Failed-Recipients" in mail.headers:
        return True
    if sounds_like_a_note(mail):
        return False
    return bool(_FROM_DAEMON.search(mail.header("From")[:500]) or _BOUNCE_SUBJECT.search(mail.header("Subject")[:500]))


def _of_reports(reported: Sequence[Fields], mail: Mail) -> tuple[Bounce, ...]:
    letter = Letter(mail.text, [fields.final_recipient or fields.recipient or "" for fields in reported])
    by_rule = any(_RULES.search(report[:1_000]) for report in mail.reports)
    found = (_of_report(fields, letter) for fields in reported)
    return tuple(
        replace(one, kind=Kind.SOFT, reason=str(Reason.FILTERED)) if by_rule and one.kind is Kind.HARD else one
        for one in found
    )


def _of_report(fields: Fields, letter: Letter) -> Bounce:
    """One recipient of a report for machines; the letter beside it helps where the report is short of words."""
    told = IRONPORT.sub("", fields.diagnostic)
    bounce = Bounce(recipient=fields.recipient, kind=Kind.NONE, reason=DELIVERED, status=fields.status)
    if fields.action.startswith(_ARRIVED) or (fields.status or "").startswith("2."):
        return replace(bounce, diagnostic=legible(told))
    if fields.action.startswith("delayed"):
        return replace(bounce, kind=Kind.SOFT, reason=DELAYED, diagnostic=legible(told))
    said = letter.about(fields.final_recipient or fields.recipient)
    stage = Stage.RECIPIENT if fields.category in _NAMES_THE_ADDRESS else said.stage
    code = code_in(told)
    if not told:
        told, code = said.text, said.code
    elif code is not None and code == said.code:  # often only the first line of what the letter quotes in full
        told = f"{told} {said.text}"
    told = f"{letter.overruling} {told}".strip()
    status = _telling(status_in(told), fields.status)
    reason = why(told, code=code, status=status, stage=stage)
    if reason is Reason.UNDEFINED:
        reason = why(said.text, code=said.code, status=_telling(said.status, status), stage=stage)
    return _concluded(bounce, reason, told, code=code, status=status)


def _of_letter(said: Said) -> Bounce:
    bounce = Bounce(recipient=said.recipient, kind=Kind.NONE, reason=DELIVERED, status=said.status)
    if said.temporary:
        return replace(bounce, kind=Kind.SOFT, reason=DELAYED, diagnostic=legible(said.text))
    reason = why(said.text, code=said.code, status=said.status, stage=said.stage)
    return _concluded(bounce, reason, said.text, code=said.code, status=said.status)


def _concluded(bounce: Bounce, reason: Reason, told: str, *, code: int | None, status: str | None) -> Bounce:
    """Hard is what speaks of a dead address, and of it for good."""
    passing = (status or "").startswith("4.") or (code is not None and code < 500)
    kind = Kind.HARD if reason.is_dead and not passing else Kind.SOFT
    return replace(bounce, kind=kind, reason=str(reason), status=status, diagnostic=legible(told))


def _telling(said: str | None, field: str | None) -> str | None:
    """The status that says more: the server's own, unless it is X.0.0."""
    if said is None or (field is not None and said.endswith(".0.0")):
        return field or said
    return said


def _speaks_of_failure(mail: Mail, told: Sequence[Said]) -> bool:
    """Whether a letter without a bounce's signs reads like one all the same."""
    return any(said.temporary or said.code or said.status for said in told) or bool(_SPEAKS.search(mail.text[:20_000]))


def _addressed_to(mail: Mail) -> tuple[str, ...]:
    """Where it was delivered to; the envelope's recipient where the server noted it (RFC 5321 leaves it out)."""
    found: list[str] = []
    for name in ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To", "To"):
        for value in (mail.headers.get_all(name) or [])[:5]:
            found += addresses_in(str(value)[:2_000])
    for value in (mail.headers.get_all("Received") or [])[:5]:  # where no other header tells
        found += addresses_in(" ".join(re.findall(r"\bfor\s+(<[^<>\s]{3,400}>)", str(value)[:2_000])))
    return tuple(dict.fromkeys(found))[:20]


def _message_ids(mail: Mail) -> tuple[str, ...]:
    """Of the mails that came back, wherever their headers stand: in a part, in the letter, in a report.

    Never from In-Reply-To: every reader's answer carries that, and an answer is not a bounce.
    """
    found: list[str] = []
    for headers in mail.returned:
        found += _IDS.findall(header(headers, "Message-ID"))
    for text in (mail.text, *mail.reports, mail.feedback or ""):
        for line in _ID_LINES.findall(text):
            found += _IDS.findall(line)
    return tuple(dict.fromkeys(found))[:MOST_MESSAGE_IDS]
