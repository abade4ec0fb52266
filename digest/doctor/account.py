"""The mail account: connect, TLS and login, without a message."""

from __future__ import annotations

from collections.abc import Iterator

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
    elif patient.mail_failure is not None or patient.mail is None:
        yield problem(ABOUT, patient.mail_failure or "not to be tried", "see mail.server in config.yaml")
    elif patient.mail.accepted:
        done = {Phase.AUTH: "connected, secured, logged in", Phase.TLS: "connected and secured, without a login"}
        words = done.get(patient.mail.reply.phase, "connected, unencrypted, without a login")
        yield ok(ABOUT, f"{patient.mail.relay}: {words}; `digest send-test ADDRESS` tries a whole message")
    else:
        reply = patient.mail.reply
        yield problem(ABOUT, f"{patient.mail.relay}: refused at {reply.phase}: {reply}", patient.mail.advice)
