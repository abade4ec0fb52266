"""`digest doctor` of a public service: DNS, certificates and one click, with servers on loopback."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from digest.dns import Dns
from digest.doctor import spf
from digest.doctor.checks import diagnose
from digest.doctor.domain import outward_address
from digest.doctor.examination import look
from digest.doctor.findings import Finding, Verdict
from digest.editions.dkim_keys import load, new_rsa, zone_line
from tests.support.dns_server import DnsServer
from tests.support.smtp_server import SmtpServer

NOW = dt.datetime.now(dt.UTC)
OWN = "198.51.100.7"
PEM = new_rsa(1024)
KEY = load(PEM, domain="uni.example", selector="s1")
GOOD: Mapping[str, Mapping[str, Sequence[str]]] = {
    "mail.uni.example": {
        "TXT": ['"v=spf1 ip4:198.51.100.0/24 -all"', '"something else"'],
        "MX": ["10 mx.uni.example."],
    },
    "uni.example": {"TXT": ['"v=spf1 -all"']},
    "_dmarc.uni.example": {"TXT": ['"v=DMARC1; p=none"']},
    KEY.name: {"TXT": [zone_line(KEY).partition("( ")[2].removesuffix(" )")]},
    "7.100.51.198.in-addr.arpa": {"PTR": ["out.uni.example."]},
    "out.uni.example": {"A": [OWN]},
}


class Pages:
    """A web server that answers a GET and a POST with these statuses, and counts."""

    def __init__(self) -> None:
        self.get, self.post = 404, 404
        self.bodies: list[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def do_GET(self) -> None:
                self._answer(outer.get)

            def do_POST(self) -> None:
                outer.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self._answer(outer.post)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def pages() -> Iterator[Pages]:
    found = Pages()
    threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def place(tmp_path: Path, pages: Pages) -> Path:
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "s1.pem").write_bytes(PEM)
    (tmp_path / "config.yaml").write_text(
        f"site: {{contact: op@uni.example, public_url: '{pages.url}'}}\n"
        "sources: {arxiv: false, huggingface: false, examples: false}\nsignals: {huggingface: false}\n"
        "mail:\n  transport: smtp\n  server: smtp://127.0.0.1:9\n  from: papers@uni.example\n"
        "  bounces: bounces@mail.uni.example\n  dkim: {selector: s1, key: {file: s1.pem}}\n"
    )
    return tmp_path


def findings(place: Path, dns: DnsServer, *, own: str | None = OWN, now: dt.datetime = NOW) -> dict[str, Finding]:
    patient = look(
        place / "config.yaml",
        env={},
        clock=lambda: now,
        check_templates=lambda config: None,
        dns=lambda: Dns([dns.address], patience_s=0.5),
        own_address=lambda: own,
    )
    return {finding.about: finding for finding in diagnose(patient)}


MAIL = (
    "SPF of mail.uni.example",
    "DKIM s1._domainkey.uni.example",
    "DMARC of uni.example",
    "PTR",
    "MX of mail.uni.example",
    "one-click unsubscribe",
)


def test_a_domain_that_is_well(place: Path, pages: Pages) -> None:
    """Every check of mail passes, and the POST of one click was what mail providers send."""
    with DnsServer(GOOD) as dns:
        found = findings(place, dns)
    assert {about: found[about].verdict for about in MAIL} == dict.fromkeys(MAIL, Verdict.OK), found
    assert pages.bodies == [b"List-Unsubscribe=One-Click"]
    assert "aligned by DKIM and SPF" in found["DMARC of uni.example"].said


@pytest.mark.parametrize(
    ("about", "zone", "said"),
    [
        ("SPF of mail.uni.example", {"mail.uni.example": {}}, "no record"),
        ("SPF of mail.uni.example", {"mail.uni.example": {"TXT": ['"v=spf1 -all"', '"v=spf1 ?all"']}}, "2 records"),
        ("SPF of mail.uni.example", {"mail.uni.example": {"TXT": ['"v=spf1 ip4:192.0.2.1 -all"']}}, f"{OWN} is a fail"),
        ("SPF of mail.uni.example", {"mail.uni.example": {"TXT": ['"v=spf1 all"']}}, "everybody"),
        ("SPF of mail.uni.example", {"mail.uni.example": {"TXT": ['"v=spf1 ip4:x -all"']}}, "no network"),
        ("SPF of mail.uni.example", {"mail.uni.example": {"TXT": ['"v=spf1 inclde:x -all"']}}, "means nothing"),
        (
            "SPF of mail.uni.example",
            {"mail.uni.example": {"TXT": ['"v=spf1 include:x.example -all"']}},
            "no SPF record",
        ),
        ("DKIM s1._domainkey.uni.example", {KEY.name: {"TXT": ['"v=DKIM1; p="']}}, "revoked"),
        ("DKIM s1._domainkey.uni.example", {KEY.name: {}}, "not in DNS"),
        ("DMARC of uni.example", {"_dmarc.uni.example": {}}, "no record"),
        ("DMARC of uni.example", {"_dmarc.uni.example": {"TXT": ['"v=DMARC1; p=maybe"']}}, "no policy"),
        ("PTR", {"7.100.51.198.in-addr.arpa": {}}, "has no name"),
        ("PTR", {"out.uni.example": {"A": ["192.0.2.9"]}}, "another address"),
        ("MX of mail.uni.example", {"mail.uni.example": {"MX": ["0 ."]}}, "takes no mail"),
        ("MX of mail.uni.example", {"mail.uni.example": {}}, "bounces are lost"),
    ],
)
def test_what_receivers_hold_against_us(
    place: Path, about: str, zone: Mapping[str, Mapping[str, Sequence[str]]], said: str
) -> None:
    """Each fault is a problem, with what to do about it."""
    with DnsServer({**GOOD, **zone}) as dns:
        finding = findings(place, dns)[about]
    assert (finding.verdict, said in finding.said) == (Verdict.PROBLEM, True), finding
    assert finding.advice


def test_nothing_is_known_while_dns_is_silent(place: Path) -> None:
    """A resolver that fails makes no problems out of nothing."""
    with DnsServer(dict.fromkeys(GOOD, "broken")) as dns:
        found = findings(place, dns)
    assert {found[about].verdict for about in MAIL[:3]} == {Verdict.UNKNOWN}
    assert "does not answer" in found[MAIL[0]].said


def test_the_personal_profile_is_left_alone(place: Path) -> None:
    """Somebody else's server answers for its own names; only a key of ours is looked at, if there is one."""
    text = (place / "config.yaml").read_text().replace(", public_url", "}\n#").replace("  bounces:", "  #")
    (place / "config.yaml").write_text(text)
    with DnsServer(GOOD) as dns:
        found = findings(place, dns)
        assert [about for about in MAIL if about in found] == ["DKIM s1._domainkey.uni.example"]
        (place / "config.yaml").write_text(text.replace("  dkim:", "  #"))
        dns.asked.clear()
        assert not any(about in findings(place, dns) for about in MAIL)
        assert not dns.asked


@pytest.mark.parametrize(
    ("get", "post", "verdict"),
    [
        (200, 400, Verdict.OK),
        (404, 302, Verdict.PROBLEM),
        (404, 403, Verdict.PROBLEM),
        (404, 405, Verdict.PROBLEM),
        (200, 200, Verdict.PROBLEM),
        (502, 502, Verdict.PROBLEM),
        (500, 404, Verdict.PROBLEM),
    ],
)
def test_one_click(place: Path, pages: Pages, get: int, post: int, verdict: Verdict) -> None:
    """A login, a redirect, a proxy that stops POST, or a page that says yes to everything keep readers from leaving."""
    pages.get, pages.post = get, post
    with DnsServer(GOOD) as dns:
        assert findings(place, dns)["one-click unsubscribe"].verdict is verdict


@pytest.mark.parametrize("starttls", [True, False])
def test_certificates(place: Path, starttls: bool) -> None:
    """The day on which a relay's certificate ends, in time to have it renewed."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(place / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", not_after=NOW + dt.timedelta(days=30)).configure_cert(context)
    text = (place / "config.yaml").read_text()
    with SmtpServer(tls=context, starttls=starttls) as relay, DnsServer(GOOD) as dns:
        server = f"server: smtp://127.0.0.1:{relay.port}\n  tls: {'starttls' if starttls else 'tls'}\n  ca_file: ca.pem"
        (place / "config.yaml").write_text(text.replace("server: smtp://127.0.0.1:9", server))
        for days, verdict in ((0, Verdict.OK), (15, Verdict.HINT), (28, Verdict.PROBLEM)):
            found = findings(place, dns, now=NOW + dt.timedelta(days=days))
            (finding,) = [each for about, each in found.items() if about.startswith("certificate of ")]
            assert finding.verdict is verdict, finding


# ── SPF ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("record", "address", "verdict"),
    [
        ("v=spf1 a -all", "192.0.2.10", "pass"),
        ("v=spf1 a/24 -all", "192.0.2.99", "pass"),
        ("v=spf1 mx:other.example ~all", "192.0.2.20", "pass"),
        ("v=spf1 mx ~all", "192.0.2.20", "softfail"),
        ("v=spf1 ip6:2001:db8::/32 -all", "2001:db8::5", "pass"),
        ("v=spf1 include:inner.example ?all", "203.0.113.5", "pass"),
        ("v=spf1 -include:inner.example +all", "203.0.113.5", "fail"),
        ("v=spf1 include:inner.example", "192.0.2.1", "neutral"),
        ("v=spf1 redirect=inner.example", "192.0.2.1", "fail"),
        ("v=spf1 exp=why.example exists:%{i}.x.example -all", "192.0.2.1", "fail"),
    ],
)
def test_spf_of_an_address(record: str, address: str, verdict: str) -> None:
    """The mechanisms of RFC 7208, 5: the first that fits decides."""
    zone = {
        "uni.example": {"TXT": [f'"{record}"'], "A": ["192.0.2.10"]},
        "other.example": {"MX": ["1 mx.other.example."]},
        "mx.other.example": {"A": ["192.0.2.20"]},
        "inner.example": {"TXT": ['"v=spf1 ip4:203.0.113.0/24 -all"']},
    }
    with DnsServer(zone) as dns:
        found = spf.read("uni.example", Dns([dns.address]), address)
    assert (found.verdict, found.faults) == (verdict, [])


def test_spf_that_never_ends() -> None:
    """A record that includes itself is read ten times and no more, and told as what it is."""
    with DnsServer({"uni.example": {"TXT": ['"v=spf1 include:uni.example -all"']}}) as dns:
        found = spf.read("uni.example", Dns([dns.address]), "192.0.2.1")
        assert dns.asked["uni.example TXT"] == spf.MOST_LOOKUPS + 1
    assert found.faults == ["takes more than 10 look-ups, where receivers give up"]
    assert found.verdict is None


def test_outward_address_needs_no_network() -> None:
    """It asks the system for a route, not the network for an answer; a private address is none."""
    assert outward_address() is None or "." in str(outward_address())
