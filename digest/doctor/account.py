"""The mail account: connect, TLS and login, without a message."""

from __future__ import annotations

from collections.abc import Iterator

from digest.delivery.probe import ProbeReport
from digest.delivery.replies import Phase
from digest.doctor.findings import Finding, hint, ok, problem, unknown
from digest.doctor.patient import Patient, Profile
from digest.settings.mail import TransportKind

ABOUT = "mail account"


def mail_account(patient: Patient) -> Iterator[Finding]:
    config = patient.config
    if config is None:
        yield unknown(ABOUT, "not tried: the configuration does not say which")
    elif config.mail.transport is TransportKind.FILES:
        say = problem if patient.profile is Profile.PUBLIC else hint
        yield say(
            ABOUT,
            f"none: mails are written to {config.mail.files_dir}, and nobody gets them",
            "for real mail set mail.transport: smtp, then try `digest send-test ADDRESS`",
        )
    elif patient.offline:
        yield unknown(ABOUT, "not tried: offline was wanted")
    elif patient.mail_failure is not None or not patient.mail:
        yield problem(ABOUT, patient.mail_failure or "not to be tried", "see mail.server in config.yaml")
    else:
        for number, greeting in enumerate(patient.mail):
            yield _judged(greeting, ABOUT if number == 0 else f"{ABOUT} (fallback)")


DONE = {
    Phase.AUTH: "connected, secured, logged in",
    Phase.TLS: "connected and secured, without a login",
    Phase.CONNECT: "the command is there",
}


def _judged(greeting: ProbeReport, about: str) -> Finding:
    if greeting.accepted:
        words = DONE.get(greeting.reply.phase, "connected, unencrypted, without a login")
        return ok(about, f"{greeting.relay}: {words}; `digest send-test ADDRESS` tries a whole message")
    reply = greeting.reply
    return problem(about, f"{greeting.relay}: refused at {reply.phase}: {reply}", greeting.advice)
