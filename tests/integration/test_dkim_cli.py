"""`digest dkim` and what `digest check` says of keys, with a DNS server on loopback."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from digest.cli.main import cli
from digest.dns import Dns, DnsError
from digest.signing import write_new
from tests.support.dns_server import DnsServer

CONFIG = """\
site: {contact: op@uni.example}
sources: {arxiv: {categories: [cs.LG]}}
mail:
  transport: smtp
  server: smtp://127.0.0.1:25
  from: Papers <papers@Uni.Example>
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "subscribers").mkdir()
    reader = "email: ada@uni.example\ntimezone: Asia/Tokyo\nlanes: [{phrases: [x], categories: [cs.LG]}]\n"
    (tmp_path / "subscribers" / "ada.yaml").write_text(reader)
    (tmp_path / "config.yaml").write_text(CONFIG)
    return tmp_path


def run(place: Path, *words: str) -> Result:
    command, *rest = words
    return CliRunner().invoke(cli, [command, "-c", str(place / "config.yaml"), *rest], prog_name="digest")


def test_from_a_new_key_to_one_that_signs(place: Path) -> None:
    """What `new` prints is all that it takes: the line for DNS, the line for config.yaml, and `check` agrees."""
    made = run(place, "dkim", "new", "--selector", "s1")
    assert made.exit_code == 0, made.output
    file = place / "dkim" / "s1._domainkey.uni.example.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "PRIVATE" not in made.output
    strings = re.findall(r'"[^"]*"', made.output)
    line = re.search(r"^s1\._domainkey\.uni\.example\. IN TXT \( (.*) \)$", made.output, re.MULTILINE)
    assert line is not None
    assert line[1] == " ".join(strings)
    assert max(map(len, strings)) <= 257
    assert run(place, "dkim", "show", "s1").output.splitlines()[0] == line[0]
    with DnsServer({"s1._domainkey.uni.example": {"TXT": [line[1]]}}) as dns:
        server = ("--server", f"127.0.0.1:{dns.address[1]}")
        ready = run(place, "dkim", "check", *server)
        assert (ready.exit_code, "signs nothing, in DNS" in ready.output) == (0, True), ready.output
        assert "ready: name its selector" in ready.output
        wanted = re.search(r"^mail:\n(  dkim: .*)$", made.output, re.MULTILINE)
        assert wanted is not None
        (place / "config.yaml").write_text(f"{CONFIG}{wanted[1]}\n")
        signing = run(place, "dkim", "check", *server, "--json")
        assert signing.exit_code == 0, signing.output
        assert json.loads(signing.output)["keys"] == [
            {
                "name": "s1._domainkey.uni.example",
                "file": str(file),
                "algorithm": "rsa-sha256",
                "signs": True,
                "trouble": None,
                "dns": "ok",
            }
        ]
        checked = run(place, "check")
        assert (checked.exit_code, "mail.dkim" in checked.output) == (0, False)


def test_check_fails_where_receivers_would(place: Path) -> None:
    """Exit code 1 when the record of a key that signs is missing, another's, or nobody can say."""
    run(place, "dkim", "new", "--selector", "s1")
    run(place, "dkim", "new", "--selector", "s2", "--ed25519")
    key = "{selector: %s, key: {file: dkim/%s._domainkey.uni.example.pem}}"
    (place / "config.yaml").write_text(f"{CONFIG}  dkim: [{key % ('s1', 's1')}, {key % ('s2', 's2')}]\n")
    other = run(place, "dkim", "show", "s2").output.splitlines()[-1]
    with DnsServer({"s1._domainkey.uni.example": {"TXT": [f'"{other}"']}, "x": "broken"}) as dns:
        server = ("--server", f"127.0.0.1:{dns.address[1]}")
        found = run(place, "dkim", "check", *server)
        assert found.exit_code == 1
        assert "s1._domainkey.uni.example, rsa-sha256, signs, in DNS it is of the kind ed25519" in found.output
        assert "s2._domainkey.uni.example, ed25519-sha256, signs, in DNS it is not in DNS" in found.output
        dns.zone["s1._domainkey.uni.example"] = "broken"
        assert "does not answer for s1._domainkey" in run(place, "dkim", "check", *server).output
    assert run(place, "dkim", "check", "--server", "dns.example").exit_code == 2


def test_nothing_is_overwritten(place: Path) -> None:
    """A second key of a name is refused and the first stays; without a name the next one of the month is taken."""
    run(place, "dkim", "new", "--selector", "s1")
    before = (place / "dkim" / "s1._domainkey.uni.example.pem").read_bytes()
    again = run(place, "dkim", "new", "--selector", "s1")
    assert (again.exit_code, "never overwritten" in again.output) == (2, True)
    assert (place / "dkim" / "s1._domainkey.uni.example.pem").read_bytes() == before
    for _ in range(2):
        assert run(place, "dkim", "new", "--ed25519").exit_code == 0
    names = sorted(file.name.partition(".")[0] for file in (place / "dkim").iterdir())
    assert len(names) == 3
    assert names[1] == f"{names[0]}b"
    with pytest.raises(FileExistsError):
        write_new(place / "config.yaml", b"x")
    assert (place / "config.yaml").read_text() == CONFIG


@pytest.mark.parametrize(
    "words", [["--selector", "a b"], ["--domain", "-x"], ["--selector", "../x"], ["--domain", "a/b.c"]]
)
def test_names_that_are_none(place: Path, words: list[str]) -> None:
    """A selector or domain that DNS would not take is refused before anything is written."""
    assert run(place, "dkim", "new", *words).exit_code == 2
    assert not (place / "dkim").exists()


def test_check_tells_what_is_doubtful(place: Path) -> None:
    """A key that others can read, one that is short, a domain that is not From's; a missing file is a problem."""
    run(place, "dkim", "new", "--selector", "s1", "--bits", "1024", "--domain", "other.example")
    file = place / "dkim" / "s1._domainkey.other.example.pem"
    file.chmod(0o640)
    (place / "config.yaml").write_text(
        f"{CONFIG}  dkim: {{domain: other.example, selector: s1, key: {{file: {file}}}}}\n"
    )
    found = run(place, "check")
    assert found.exit_code == 0
    assert ":7: mail.dkim.domain: is other.example and From is of uni.example" in found.output
    assert "can be read by others (rw-r-----)" in found.output
    assert "has fewer than 2,048 bits" in found.output
    file.unlink()
    missing = run(place, "check")
    assert missing.exit_code == 2
    assert "cannot be read: No such file or directory" in missing.output


def test_answers_of_dns() -> None:
    """Long texts come over TCP; no name and no record are empty answers; failure and silence are errors."""
    long = " ".join(f'"{"x" * 250}"' for _ in range(8))
    zone = {
        "long.example": {"TXT": [long]},
        "mail.example": {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"], "MX": ["20 b.example.", "10 A.example."]},
        "1.2.0.192.in-addr.arpa": {"PTR": ["Mail.example."]},
    }
    with DnsServer({**zone, "broken.example": "broken", "silent.example": "silent"}) as server:
        dns = Dns([server.address], patience_s=0.3)
        assert dns.txt("long.example") == ("x" * 2000,)
        assert dns.txt("mail.example") == dns.txt("nowhere.example") == ()
        assert dns.addresses("mail.example") == ("192.0.2.1", "2001:db8::1")
        assert dns.mx("mail.example") == ("a.example", "b.example")
        assert dns.names("192.0.2.1") == ("mail.example",)
        for name in ("broken.example", "silent.example", "x..y"):
            with pytest.raises(DnsError, match=re.escape(name)):
                dns.txt(name)
