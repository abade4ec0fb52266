"""Bounces written for people: who it is about, and what the last server said of each.

There are hundreds of such letters (qmail's, Exim's, Exchange's of 2003, Notes', those of carriers …), and no grammar.
What they share: the addresses that failed stand alone at the beginning of a line, or behind a few well-known phrases;
what a server said follows, usually with its reply code; and a copy of our mail comes last. Letters whose address stands
anywhere else are left to flufl.bounce, which has collected them for GNU Mailman over twenty years.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes

from flufl.bounce import all_failures

from digest.bounces.addresses import ADDRESS, address_in, addresses_in, plain, same
from digest.bounces.mail import MOST_CHARACTERS, MOST_LINES, Mail
from digest.bounces.statuses import MOST_RECIPIENTS, status_in
from digest.refusals import Stage

logger = logging.getLogger(__name__)
logging.getLogger("flufl.bounce").addFilter(lambda record: record.levelno < logging.ERROR)
# It logs the traceback of each of its detectors that stumbles over a mail, which hostile ones all do; and goes on.

LONGEST_SAID = 1_500

_COPY_BEGINS = re.compile(
    r"^\W*(?:"
    r"(?:below this line is|this is|here is|following is|attached is|included is) (?:a )?(?:the"
    r" )?(?:copy|header|original)"
    r"|(?:start of |begin |the )?(?:original|unsent|undelivered|returned|rejected|bounced|failed)"
    r" (?:message|mail|e-?mail|header)s?(?: headers?| text| follows| below| begins| is| attached| info\w*)*\W*$"
    r"|message (?:headers?|text|contents?|body|source)(?: follows?| from)?\W*$"
    r"|(?:the )?(?:header|text|body|first|copy)s? (?:page|lines|part|portion|of)\b.{0,30}(?:message|mail)"
    r"|received message follows|original-?message|unsent message below"
    r"|(?:return-path|received|x-originating-ip|dkim-signature|domainkey-signature|mime-version|x-mailer)\s*:\s*\S"
    r")",
    re.IGNORECASE,
)
_HEADER_LINE = re.compile(r"^(?:From|To|Subject|Date|Message-ID|Reply-To|Content-Type)\s*:", re.IGNORECASE)
_TO = re.compile(r"(?im)^[ \t>]*(?:x-rcpt-to|to)\s*:(.{1,500})")
_ALONE = re.compile(
    r"^[\s>*.\-•\"']*(?:[45]\d\d\s)?(?:recipient|address|failed recipient|final-recipient"
    r"|user)?\s*:?\s*(?:rfc822\s*;\s*)?"
    r"[<\"'\[(]*(?:mailto:|smtp:)?(" + ADDRESS.pattern + r")(?![\w-]|\.\w)[>\"'\])]*\s*"
    r"(?:$|[:;,.\-(\[]|\.\.\.|\s{2}|\son\s|[^@]{0,200}$)",
    re.IGNORECASE,
)
_SPOKEN = re.compile(
    r"(?:rcpt to|recipients?(?: address)?|address|delivery to|delivered to|deliver to|sent to|mail to|user|mailbox|"
    r"account|to|for|cannot send to|>>> rcpt to):?\s*[<\"'\[(]?(?:mailto:)?(" + ADDRESS.pattern + r")",
    re.IGNORECASE,
)
_REPLY = re.compile(r"(?:^|[\s:\[(;<'\"=,])([45]\d\d)(?=[\s\-:,>'\"])[\s\-:,>'\"]{1,3}(?=\S)")
_BOILERPLATE = re.compile(
    r"this is a permanent error|(?:had|with) permanent fatal errors|this is a permanent failure|permanent failure"
    r"|(?:a )?message that you (?:sent|have sent) (?:could|has|was)[^.:]{0,60}(?:recipients|delivered|destinations)"
    r"|could not be delivered to (?:one or more|all|some) of its recipients|i'?ve given up|sorry it didn't work out"
    r"|i wasn't able to deliver|i'm afraid i wasn't able|automatically generated|do not reply|postmaster"
    r"|mail delivery (?:software|system|subsystem)|delivery status notification|returned to sender"
    r"|for further assistance[^.]{0,80}|if you do so[^.]{0,120}|your (?:message|mail) (?:to|was not|could not be)"
    r"|remote host said|host .{1,80} said|said:|in reply to|please[^.]{0,20}contact[^.]{0,60}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a letter says of one recipient."""

    recipient: str | None
    text: str
    """The words about this recipient: the last server's if they can be told apart, else the letter's."""
    code: int | None = None
    status: str | None = None
    stage: Stage | None = None
    temporary: bool = False
    """The letter only warns: it will be tried again."""


def apart(text: str) -> tuple[str, str]:
    """A letter, and the copy of our mail at its end."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if not number:
            continue
        if (
            _COPY_BEGINS.match(line[:200])
            or sum(bool(_HEADER_LINE.match(near)) for near in lines[number : number + 4]) > 2
        ):
            before = "\n".join(lines[:number])
            if before.strip():
                return before, "\n".join(lines[number:])
    return text, ""


_IN_OWN_WORDS = re.compile(r"(?:was automatically rejected:\s*|The user\(s\) )(\S.{2,200})")


class Letter:
    """A letter, cut by the recipients that it is about."""

    def __init__(self, text: str, recipients: Sequence[str]) -> None:
        self.text, self.copy = apart(text)
        self._recipients = recipients
        self._sections = _sections(self.text, recipients) if len(recipients) > 1 else {}

    @property
    def overruling(self) -> str:
        """What Dovecot, procmail or a carrier says in its own words, whatever reply stands below; mostly nothing."""
        found = _IN_OWN_WORDS.search(self.text)
        return found[1] if found else ""

    def about(self, recipient: str | None, *, temporary: bool = False) -> Said:
        """What it says of one of them."""
        section = self.text
        if recipient is not None and len(self._recipients) > 1:
            section = self._sections.get(plain(recipient).casefold()) or _lines_with(recipient, self.text) or self.text
        reply = _reply(section)
        if reply:
            said = f"{self.overruling} {reply[1]}".strip()
        else:
            said = " ".join(_BOILERPLATE.sub(" ", section[:4_000]).split())[:LONGEST_SAID]
        return Said(
            recipient=recipient,
            text=said,
            code=reply[0] if reply else None,
            status=status_in(said) if reply else status_in(section),
            stage=stage_in(section),
            temporary=temporary,
        )


def read_text(mail: Mail, data: bytes) -> tuple[Said, ...]:
    """Everything that a letter says of its recipients; nothing where no recipient is found."""
    text, copy = apart(mail.text)
    warned, failed = _by_flufl(data)
    failed = [address for address in failed if _is_told(address, text)] or failed
    own = _recipients(mail, text, copy)
    found = failed or addresses_in(mail.header("X-Failed-Recipients")) or warned or own
    if all(any(same(address, more) for more in own) for address in found):
        found = own
    found = found[:MOST_RECIPIENTS]
    letter = Letter(mail.text, found)
    return tuple(letter.about(one, temporary=one in warned and one not in failed) for one in found)


def _is_told(address: str, text: str) -> bool:
    """Whether a letter itself speaks of an address: not only the copy below it, nor Exim's "(generated from …)"."""
    told = re.sub(r"\(generated from [^)]{1,400}\)", "", text).casefold()
    return address.casefold() in told or not ADDRESS.search(told)


def _by_flufl(data: bytes) -> tuple[list[str], list[str]]:
    """(warned, failed) addresses. Lines, gaps and lengths are cut: its patterns were not written for hostile mails."""
    data = re.sub(rb"[ \t]{40,}", b" ", data[: 4 * MOST_CHARACTERS].replace(b"\r\n", b"\n"))
    data = re.sub(rb"\n(?:[ \t]*\n){2,}", b"\n\n", data)[:MOST_CHARACTERS]
    lines = [line[:400] for line in data.split(b"\n")][:MOST_LINES]
    try:
        temporary, permanent = all_failures(message_from_bytes(b"\n".join(lines)))
    except Exception:
        logger.debug("flufl.bounce gave up on a mail", exc_info=True)
        return [], []
    warned, failed = (
        sorted({found for address in group if (found := address_in(address.decode("ascii", "replace")))})
        for group in (temporary, permanent)
    )
    return warned, failed


def _recipients(mail: Mail, text: str, copy: str) -> list[str]:
    """Addresses that failed, as far as the letter shows; never the ones that only sign or sent it."""
    sent_by = [*addresses_in(mail.header("From")), *addresses_in(mail.header("To"))]

    def proper(addresses: Sequence[str]) -> list[str]:
        found: list[str] = []
        for address in addresses:
            local = address.partition("@")[0].lower()
            strange = local in {"postmaster", "mailer-daemon", "abuse", "support", "helpdesk"}
            if not strange and not any(same(address, known) for known in (*sent_by, *found)):
                found.append(address)
        return found

    lines = text.split("\n")[:500]
    alone = proper([match[1].strip("<>.,;:") for line in lines if (match := _ALONE.match(line[:400]))])
    if alone:
        return alone
    spoken = proper([match[1].strip("<>.,;:") for line in lines for match in _SPOKEN.finditer(line[:400])])
    if spoken:
        return spoken[:1]
    anywhere = proper(addresses_in(text[:20_000]))
    if len(anywhere) == 1:
        return anywhere
    for headers in mail.returned:
        if to := address_in(str(headers.get("To", ""))):
            return [to]
    if quoted := _TO.search(copy[:20_000]):
        return addresses_in(quoted[1])[:1]
    return anywhere[:1]


def _sections(text: str, recipients: Sequence[str]) -> dict[str, str]:
    """By recipient, from the line that begins with it to the one that begins with another."""
    known = {plain(recipient).casefold() for recipient in recipients}
    sections: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in text.split("\n"):
        match = _ALONE.match(line[:400])
        if match and (name := plain(match[1]).casefold()) in known:
            current = sections.setdefault(name, [])
        if current is not None:
            current.append(line)
    return {name: "\n".join(lines) for name, lines in sections.items()}


def _lines_with(recipient: str, text: str) -> str:
    return "\n".join(line for line in text.split("\n") if recipient.casefold() in line.casefold())


def _reply(text: str) -> tuple[int, str] | None:
    """(code, words) of the reply that refused: the first of its kind, with its further lines."""
    best: tuple[int, str] | None = None
    for paragraph in re.split(r"\n[ \t]*\n", text)[:200]:
        found = _REPLY.search(paragraph[:4_000])
        if found is None:
            continue
        code = int(found[1])
        if code in (503, 400) and "rcpt" in paragraph.lower():  # what follows a refused recipient
            continue
        said = paragraph[found.end() : found.end() + LONGEST_SAID]
        said = re.sub(rf"(?m)^\s*(?:<<<\s*)?{code}[- ]", " ", said)
        said = re.split(r"(?m)^\s*(?:<<<\s*)?503[- ]|^\s*>>>|^\s*\d{3} 5\.0\.0 (?:Service|<)", said)[0]
        said = " ".join(said.split())
        if best is None:
            best = (code, said)
    return best


_STAGES = tuple(
    (stage, re.compile("|".join(patterns).replace(" ", r"\s+"), re.IGNORECASE))
    for stage, patterns in (
        (
            Stage.SENDER,
            (
                r"reply to (?:the )?MAIL|after (?:pipelined )?MAIL FROM|following MAIL|command: MAIL|SMTP:MAIL\b",
                r"(?:>>>|Sent <<<) MAIL[^\n]*\n\s*(?:<<<|Received >>>) [45]",
                r"SMTP command\s*\n\s*MAIL|like our MAIL|\[MAIL_FROM\]",
                r"sender was rejected|\(state (?:9|1[0-2])\)",
            ),
        ),
        (
            Stage.RECIPIENT,
            (
                r"reply to (?:the )?RCPT|after (?:pipelined )?RCPT|following RCPT|command: RCPT|SMTP:RCPT\b",
                r"(?:>>>|Sent <<<) RCPT[^\n]*\n\s*(?:<<<|Received >>>) [45]",
                r"SMTP command\s*\n\s*RCPT|like our RCPT|\[RCPT_TO\]",
                r"rejected recipient|recipient was rejected|does not like recipient|\(state 1[3-5]\)",
            ),
        ),
        (
            Stage.CONTENT,
            (
                r"reply to (?:the )?(?:end of )?DATA|after (?:pipelined )?(?:end of )?data|end of (?:data|message)",
                r"following (?:end of )?DATA|command: DATA|SMTP:(?:DATA|EOM)\b|>>> (?:DATA|\.)\s*\n\s*<<< [45]",
                r"SMTP command\s*\n\s*(?:DATA|\.)|like our (?:final )?DATA|\[(?:DATA|BODY)\]",
                r"failed after I sent the message|failed on DATA command|\(state 1[6-9]\)",
            ),
        ),
        (
            Stage.GREETING,
            (
                r"reply to (?:the )?(?:HELO|EHLO)|after (?:HELO|EHLO|initial connection)|refused to talk to me",
                r"my name was rejected|greeting failed|>>> (?:HELO|EHLO)[^\n]*\n\s*<<< [45]|SMTP:(?:HELO|EHLO)\b",
            ),
        ),
    )
)


def stage_in(text: str) -> Stage | None:
    """To which command a letter says that a server answered no."""
    return next((stage for stage, pattern in _STAGES if pattern.search(text)), None)
