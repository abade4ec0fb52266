"""Which mails a machine wrote without anything having failed: vacation notes, challenges, receipts.

RFC 3834 (Auto-Submitted) and what programs did before and beside it: Precedence, X-Autoreply, Microsoft's
X-Auto-Response-Suppress with no report, and the subjects of the usual programs in the usual languages. A bounce carries
``Auto-Submitted: auto-replied`` as well, so whoever asks looks for a bounce's own signs first.
"""

from __future__ import annotations

import re

from digest.bounces.mail import Mail

_SUBJECT = re.compile(
    r"\s*(?:re:\s*|aw:\s*)?\[?(?:"
    r"auto(?:matic(?:ally)?|mated)?[\s-]*(?:repl|respon|antwort|generated|acknowledg)|auto\s*:"
    r"|out[\s-]of[\s-](?:the[\s-])?office|ooo\b|vacation|(?:i am |i'm )?(?:away|on (?:leave|holiday|vacation))\b"
    r"|abwesen|automatische antwort|autoreply|autorespon"
    r"|r[eé]ponse automatique|absence|message d'absence|absent\b|respuesta autom|fuera de (?:la )?oficina"
    r"|risposta automatica|fuori (?:sede|ufficio)|resposta autom|automatisch antwoord|afwezig|autosvar|fr[aå]nvaro"
    r"|automatyczna odpowied|автоответ|自動(?:返信|応答)|不在|自动(?:回复|答复)|자동"
    r"|(?:please )?confirm (?:your|that you)|challenge|verification required|sender (?:verification|confirmation)"
    r"|read:|gelesen:|lu\s*:|le[ií]do:|thank you for (?:your|contacting)|(?:we have )?received your (?:e-?mail|message)"
    r")",
    re.IGNORECASE,
)
_HEADERS = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Mail-Autoreply", "X-AutoReply-From", "X-Vacation")
_CHALLENGES = ("X-Challenge", "X-Boxtrapper", "X-TMDA-Fingerprint", "X-SpamArrest", "X-ASK-Auth")


def is_automatic(mail: Mail) -> bool:
    """Whether a machine wrote this as an answer; false for what nobody marked and nobody can tell."""
    submitted = mail.header("Auto-Submitted").lower()
    if submitted and not submitted.startswith("no"):
        return True
    if mail.is_receipt or any(name in mail.headers for name in (*_HEADERS, *_CHALLENGES)):
        return True
    if mail.header("Precedence").lower() in {"auto_reply", "auto-reply", "junk"}:
        return True
    if mail.header("X-Apple-Action").upper() == "VACATION" or "-vac@" in mail.header("Message-ID"):
        return True
    return sounds_like_a_note(mail)


def sounds_like_a_note(mail: Mail) -> bool:
    """By its subject."""
    return bool(_SUBJECT.match(mail.header("Subject")[:300]))
