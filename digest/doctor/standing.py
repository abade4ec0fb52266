"""How receivers see the mails of a public service: SPF, DKIM, DMARC, names, bounces, TLS, one click.

Since February 2024 Gmail and Yahoo ask every bulk sender for SPF and DKIM, a DMARC record, alignment, forward-confirmed
names and one-click unsubscribing (support.google.com/a/answer/81126), so what is missing is a problem and no hint.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from digest.doctor.domain import delivers_itself
from digest.doctor.findings import Finding, hint, ok, problem, unknown
from digest.doctor.patient import DomainState, Patient, Profile
from digest.doctor.spf import Spf
from digest.editions.dkim_keys import parse_tags
from digest.signing import aligned

EXPIRES_SOON, EXPIRES_NOW = dt.timedelta(days=21), dt.timedelta(days=5)


def spf(patient: Patient) -> Iterator[Finding]:
    if (domain := patient.domain) is None or patient.profile is not Profile.PUBLIC:
        return
    about = f"SPF of {domain.envelope}"
    if domain.spf.answer is None:
        yield unknown(about, domain.spf.failure or "not asked")
        return
    found = domain.spf.answer
    wanted = f"name your relay in a TXT record of {domain.envelope}: v=spf1 include:RELAY -all"
    if not found.records:
        yield problem(about, "there is no record, so anybody may send in its name", wanted)
    elif len(found.records) > 1:
        yield problem(about, f"there are {len(found.records)} records, which receivers take for an error", "join them")
    elif found.faults:
        for fault in found.faults:
            yield problem(about, f"the record {fault}", "mend the record")
    else:
        yield _spf_verdict(about, found, domain)


def _spf_verdict(about: str, found: Spf, domain: DomainState) -> Finding:
    (record,) = found.records
    if found.ending == "+all":
        return problem(about, f"{record}: it lets everybody send", "end it with -all")
    if domain.own is not None and found.verdict != "pass":
        said = f"{record}: mail from {domain.own.address} is a {found.verdict}"
        return problem(about, said, f"put ip{'6' if ':' in domain.own.address else '4'}:{domain.own.address} into it")
    if found.ending not in ("-all", "~all"):
        return hint(about, f"{record}: it says nothing of all others", "end it with -all")
    takes = f", {found.lookups} of 10 look-ups" if found.lookups else ""
    return ok(about, f"{record}{takes}" + ("" if domain.own else "; see that your relay is in it"))


def dkim(patient: Patient) -> Iterator[Finding]:
    domain = patient.domain
    if domain is None:
        return
    if not domain.keys:
        yield hint(
            f"DKIM of {domain.sender}",
            "we sign nothing",
            f"see that your relay signs for {domain.sender}, or let `digest dkim new` make a key",
        )
    for key in domain.keys:
        about = f"DKIM {key.name}"
        if key.failure:
            yield unknown(about, key.failure)
        elif key.trouble:
            selector = key.name.partition("._domainkey.")[0]
            yield problem(
                about, f"the record {key.trouble}", f"`digest dkim show {selector}` prints what belongs there"
            )
        else:
            yield ok(about, "the record holds the key that signs")


def dmarc(patient: Patient) -> Iterator[Finding]:
    if (domain := patient.domain) is None or patient.profile is not Profile.PUBLIC:
        return
    about = f"DMARC of {domain.sender}"
    if domain.dmarc.failure:
        yield unknown(about, domain.dmarc.failure)
    elif domain.dmarc.answer is None:
        advice = f"a TXT record at _dmarc.{domain.sender}: v=DMARC1; p=none; rua=mailto:SOMEBODY@{domain.sender}"
        yield problem(about, "there is no record, which large providers ask of bulk senders", advice)
    else:
        yield from _dmarc_verdict(about, domain, *domain.dmarc.answer)


def _dmarc_verdict(about: str, domain: DomainState, where: str, record: str) -> Iterator[Finding]:
    try:
        tags = parse_tags(record)
    except ValueError as error:
        yield problem(about, f"the record {error}", "mend it")
        return
    policy = tags.get("sp" if where != domain.sender and "sp" in tags else "p", "").lower()
    if policy not in ("none", "quarantine", "reject"):
        yield problem(about, f"the record at _dmarc.{where} has no policy", "write p=none, p=quarantine or p=reject")
        return
    signed = any(_aligned(key.domain, domain.sender, tags, "adkim") for key in domain.keys)
    sent = _aligned(domain.envelope, domain.sender, tags, "aspf")
    said = f"p={policy}" + (f", by {where}" if where != domain.sender else "")
    if signed or sent:
        by = " and ".join(word for word, held in (("DKIM", signed), ("SPF", sent)) if held)
        yield ok(about, f"{said}; aligned by {by}")
    else:
        keys = ", ".join(key.domain for key in domain.keys) or "nobody"
        yield problem(
            about,
            f"{said}; From is {domain.sender}, but {keys} signs and bounces go to {domain.envelope}",
            f"sign with a key of {domain.sender}, or have bounces there",
        )


def _aligned(other: str, sender: str, tags: Mapping[str, str], mode: str) -> bool:
    return other == sender if tags.get(mode, "r").lower() == "s" else aligned(other, sender)


def reverse(patient: Patient) -> Iterator[Finding]:
    """The name of the address that receivers see, where that is this machine's."""
    domain, config = patient.domain, patient.config
    if domain is None or config is None or patient.profile is not Profile.PUBLIC:
        return
    about = "PTR"
    if not delivers_itself(config):
        yield unknown(about, "not looked at: mails leave through another machine, which answers for its own name")
    elif (own := domain.own) is None:
        yield unknown(about, "not looked at: this machine has no public address of its own")
    elif own.failure:
        yield unknown(about, own.failure)
    elif own.confirmed:
        yield ok(about, f"{own.address} is {own.confirmed[0]}, and {own.confirmed[0]} is {own.address}")
    elif own.names:
        said = f"{own.address} is called {own.names[0]}, which has another address"
        yield problem(about, said, f"give {own.names[0]} the address {own.address}, or change the PTR record")
    else:
        yield problem(about, f"{own.address} has no name", "ask who runs the network for a PTR record")


def bounces(patient: Patient) -> Iterator[Finding]:
    domain, config = patient.domain, patient.config
    if domain is None or config is None or patient.profile is not Profile.PUBLIC:
        return
    about = f"MX of {domain.envelope}"
    if config.mail.bounces is None:
        yield hint("bounces", f"they go to {config.mail.sender}, which no program reads", "set mail.bounces")
    if domain.mx.failure:
        yield unknown(about, domain.mx.failure)
    elif domain.mx.answer == (".",):
        yield problem(about, "it says that it takes no mail", "let bounces go to a domain that does")
    elif domain.mx.answer:
        yield ok(about, f"bounces go to {', '.join(domain.mx.answer[:3])}")
    elif domain.addresses.answer:
        said = f"there is none, so bounces go to {domain.addresses.answer[0]} itself"
        yield hint(about, said, "name the mail server in an MX record")
    else:
        advice = "give it an MX record, or let bounces go elsewhere"
        yield problem(about, "there is none: bounces are lost, and some receivers refuse such senders", advice)


def tls(patient: Patient) -> Iterator[Finding]:
    """How long each relay's certificate is still good."""
    for seen in patient.certificates:
        about = f"certificate of {seen.relay}"
        if seen.until is None:
            yield unknown(about, seen.failure or "not seen")
            continue
        left, day = seen.until - patient.now, f"{seen.until:%Y-%m-%d}"
        if left < EXPIRES_NOW:
            yield problem(about, f"good until {day} only; then nothing is sent", "have it renewed now")
        elif left < EXPIRES_SOON:
            yield hint(about, f"good until {day}", "see that it is renewed")
        else:
            yield ok(about, f"good until {day}")


def one_click(patient: Patient) -> Iterator[Finding]:
    """RFC 8058: the POST gets through without a login, a cookie or a redirect."""
    if (seen := patient.one_click) is None:
        return
    about, at = "one-click unsubscribe", f"POST {seen.url.split('/f/')[0]}/f/…"
    behind = "let the proxy hand everything below site.public_url to `digest serve`, without a login"
    if seen.failure is not None or seen.get is None or seen.post is None:
        yield problem(about, f"nobody answers at {seen.url.split('/f/')[0]}: {seen.failure}", behind)
    elif 300 <= seen.post < 400:
        yield problem(about, f"{at} is redirected ({seen.post}), which mail providers do not follow", behind)
    elif seen.post in (401, 403, 405) or seen.post >= 500:
        yield problem(about, f"{at} is answered with {seen.post}", behind)
    elif seen.post < 300:
        yield problem(about, f"{at} takes a token that nobody signed ({seen.post}): is it our pages?", behind)
    elif seen.get >= 500:
        yield problem(about, f"a GET of the same is answered with {seen.get}", behind)
    else:
        yield ok(about, f"{at} reaches us, and a token that nobody signed is refused ({seen.post})")
