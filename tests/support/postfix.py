"""A real Postfix of our own: its configuration, queue and mailboxes in one folder, on a free port of 127.0.0.1.

    with postfix_server({"papers": "hunter2"}, ["ada"], authority) as postfix:   # None where there is none to be had
        … send to postfix.port with STARTTLS and a login …
        postfix.mailbox("ada")                                                   # the files of a Maildir

It has a domain of readers (mail to those without a mailbox bounces) and a domain of ours, where whatever comes back
lands in the mailbox ``ours``. The system's own Postfix, if it runs, is not touched.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import trustme

READERS = "uni.example"
OURS = "papers.example"
PROGRAMS = ("/usr/sbin/postfix", "/usr/sbin/saslpasswd2", "/usr/lib/postfix/sbin/virtual")
USER = "nobody"
"""Who owns the mailboxes; Postfix refuses to deliver as root."""

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
mail_owner = postfix
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.{readers}
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
# Nothing leaves this machine: what is not for the two domains is an error.
default_transport = error:no way out
virtual_mailbox_domains = {readers}, {ours}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/etc/mailboxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
# An unknown reader is found out after the 250, as it happens behind a relay: that is what makes a bounce.
smtpd_reject_unlisted_recipient = no
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_tls_chain_files = {folder}/etc/server.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = {readers}
cyrus_sasl_config_path = {folder}/etc/sasl
smtpd_peername_lookup = no
smtpd_client_connection_rate_limit = 0
in_flow_delay = 0
minimal_backoff_time = 5s
virtual_destination_concurrency_limit = 20
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
error     unix  - - n - - error
retry     unix  - - n - - error
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""

SASL = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/data/sasldb2
mech_list: PLAIN LOGIN
"""


class Postfix:
    """A running server."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def mailbox(self, name: str) -> list[Path]:
        """The messages of a reader's mailbox, or of ``ours``: one file each, with the line ends of Unix."""
        return sorted((self.folder / "mail" / name / "new").glob("*"))

    def mailboxes(self) -> dict[str, int]:
        """How many messages each mailbox has."""
        return {path.name: len(self.mailbox(path.name)) for path in (self.folder / "mail").iterdir()}

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for(self, messages: int, *, timeout_s: float = 30.0) -> None:
        """Block until that many messages have been delivered to mailboxes, and the queue is empty."""
        until = time.monotonic() + timeout_s
        while (arrived := sum(self.mailboxes().values())) < messages or self._queued():
            if time.monotonic() > until:
                raise TimeoutError(f"{arrived} of {messages} messages arrived\n{self.log()[-3000:]}")
            time.sleep(0.1)

    def _queued(self) -> bool:
        queues = ("maildrop", "incoming", "active", "deferred")
        return any(path.is_file() for queue in queues for path in (self.folder / "spool" / queue).rglob("*"))


@contextmanager
def postfix_server(users: Mapping[str, str], readers: Iterable[str], authority: trustme.CA) -> Iterator[Postfix | None]:
    """Start it with these accounts, mailboxes for these readers, and a certificate for 127.0.0.1 of that authority.

    None if it can't be had here: not root, or Debian's packages postfix and sasl2-bin are missing.
    """
    if os.geteuid() != 0 or not all(Path(program).exists() for program in PROGRAMS):
        yield None
        return
    # Postfix waits for the disk with every message; what is tested here survives no power cut and need not.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="postfix-", dir=memory if os.access(memory, os.W_OK) else None, ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            port = reserved.getsockname()[1]
        _furnish(folder, port, users, readers, authority)
        server = subprocess.Popen(
            ["/usr/sbin/postfix", "-c", str(folder / "etc"), "start-fg"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            yield Postfix(folder, port) if _up(port, server) else None
        finally:
            subprocess.run(
                ["/usr/sbin/postfix", "-c", str(folder / "etc"), "stop"], capture_output=True, check=False, timeout=30
            )
            server.wait(30)


def _furnish(folder: Path, port: int, users: Mapping[str, str], readers: Iterable[str], authority: trustme.CA) -> None:
    folder.chmod(0o755)
    for place in ("etc", "etc/sasl", "spool", "data", "mail"):
        (folder / place).mkdir()
    shutil.chown(folder / "data", "postfix")
    owner = pwd.getpwnam(USER)
    os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    texts = {"main.cf": MAIN, "master.cf": MASTER, "sasl/smtpd.conf": SASL}
    for name, text in texts.items():
        (folder / "etc" / name).write_text(
            text.format(folder=folder, port=port, readers=READERS, ours=OURS, uid=owner.pw_uid, gid=owner.pw_gid)
        )
    boxes = [f"{reader}@{READERS} {reader}/" for reader in readers] + [f"@{OURS} ours/"]
    (folder / "etc" / "mailboxes").write_text("".join(f"{line}\n" for line in boxes))
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    key = folder / "etc" / "server.pem"
    key.touch(0o600)
    certificate.private_key_and_cert_chain_pem.write_to_path(key)
    database = folder / "data" / "sasldb2"
    for user, password in users.items():
        subprocess.run(
            ["/usr/sbin/saslpasswd2", "-p", "-c", "-f", database, "-u", READERS, user],
            input=password.encode(), capture_output=True, check=True,
        )  # fmt: skip
    shutil.chown(database, "postfix")


def _up(port: int, server: subprocess.Popen[bytes]) -> bool:
    for _ in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                return connection.recv(4) == b"220 "
        except OSError:
            if server.poll() is not None:
                return False
            time.sleep(0.1)
    return False
