"""A small IMAP server on loopback with one folder: enough of RFC 3501 for a client that reads and marks."""

from __future__ import annotations

import re
import socketserver
import threading
from types import TracebackType
from typing import Self

USER, PASSWORD = "ada@uni.example", "secret"


class ImapServer:
    """``mails`` by UID, ``flags`` by UID. ``cut_at``: close the connection when a command contains this."""

    def __init__(self, *mails: bytes, cut_at: str | None = None) -> None:
        self.mails = dict(enumerate(mails, start=7))
        self.flags: dict[int, set[str]] = {uid: set() for uid in self.mails}
        self.commands: list[str] = []
        self.cut_at = cut_at
        outer = self

        class Conversation(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"* OK ready\r\n")
                while line := self.rfile.readline():
                    tag, _, command = line.decode().strip().partition(" ")
                    outer.commands.append(command)
                    if outer.cut_at and outer.cut_at in command:
                        return
                    for answer in outer.answers(command):
                        self.wfile.write(answer + b"\r\n")
                    refused = outer.refuses(command)
                    self.wfile.write(f"{tag} {'NO refused' if refused else 'OK done'}\r\n".encode())
                    if command.upper() == "LOGOUT":
                        return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"imap://{USER}@127.0.0.1:{self.port}/INBOX"

    def answers(self, command: str) -> list[bytes]:
        words = command.upper().split()
        if words[0] == "CAPABILITY":
            return [b"* CAPABILITY IMAP4rev1"]
        if words[0] == "SELECT":
            return [f"* {len(self.mails)} EXISTS".encode()]
        if words[:2] == ["UID", "SEARCH"]:
            open_ones = [uid for uid, flags in self.flags.items() if not flags & {"\\Seen", "DigestRead"}]
            return [" ".join(["* SEARCH", *map(str, open_ones)]).encode()]
        if words[:2] == ["UID", "FETCH"]:
            uid = int(words[2])
            mail = self.mails[uid]
            return [f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(mail)}}}\r\n".encode() + mail + b")"]
        if words[:2] == ["UID", "STORE"]:
            flag = re.search(r"\((\S+)\)", command)
            assert flag
            self.flags[int(words[2])].add(flag[1])
        return []

    def refuses(self, command: str) -> bool:
        words = command.split()
        if words[0].upper() == "LOGIN":
            return f'"{PASSWORD}"' not in command
        return words[0].upper() == "SELECT" and "INBOX" not in command

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
