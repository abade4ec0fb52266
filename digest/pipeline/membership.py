"""What readers may do with themselves, one verb each, the same for commands, web pages and replies by mail.

    join → confirm     change · ask_for_address → confirm     pause · resume     leave → undo     export · erase

Who may ask is for the caller to know: a page checks a signed token, a command is the operator's. The verbs take a
reader's id; :meth:`Membership.find` knows it by address.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from digest.delivery.files import forget_files
from digest.model import Act, Consent, Evidence, Joined, ReaderState, Subscriber
from digest.pipeline import personal
from digest.pipeline.rooms import Rooms
from digest.pipeline.sending_now import plan_now
from digest.reader_list import Listed
from digest.settings.mail import TransportKind
from digest.store.erasure import Erased, ErasureStore
from digest.store.members import MemberStore
from digest.store.subscribers import KnownReader

UNDO_FOR = dt.timedelta(days=7)
"""How long a leave can be undone by the same link."""
CONFIRM_WITHIN = dt.timedelta(days=3)
"""How long a confirmation is waited for; then the address is forgotten."""
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def new_reader_id() -> str:
    """For a reader without a file: ``r-`` and ten letters that say nothing about them; 50 bits."""
    return "r-" + "".join(secrets.choice(_LETTERS) for _ in range(10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """``added`` has ids, ``passed_over`` the reason by the line of the list."""

    added: tuple[str, ...]
    passed_over: Mapping[int, str]


class Membership:
    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._members = MemberStore(rooms.db)
        self._erasures = ErasureStore(rooms.db)
        self._late = dt.timedelta(seconds=rooms.config.freshness.max_lateness_s)

    def find(self, reader: str) -> KnownReader:
        """By id or address, whatever their state but erased.

        Raises:
            NotFound: there is none.
        """
        return self._rooms.subscribers.get(reader)

    def with_address(self, email: str) -> KnownReader | None:
        """Who has this address, in any spelling, be it that they left or have not confirmed."""
        return self._members.with_address(email)

    def record(self, reader_id: str) -> Sequence[Consent]:
        """What they agreed to and withdrew, and when."""
        return self._members.record(reader_id)

    def wanted(self, reader_id: str) -> Subscriber | None:
        """Settings, or an address, that wait to be confirmed."""
        return self._members.wanted(reader_id)

    # ── coming ──────────────────────────────────────────────────────────────────────────────────────────────

    def join(self, wanted: Subscriber, evidence: Evidence) -> Joined:
        """Somebody asks for mail to ``wanted.email``; ``wanted.id`` may be empty. See :class:`JoinOutcome`.

        Answer every outcome in the same words, or the page tells who is a reader.
        """
        named = wanted if wanted.id else replace(wanted, id=new_reader_id())
        return self._members.join(named, evidence, now=self._rooms.clock())

    def confirm(
        self, reader_id: str, evidence: Evidence, *, email: str | None = None, at_once: bool = False
    ) -> KnownReader:
        """From a link that only went to the address: what was asked for holds. Twice is as good as once.

        Their first edition is due at once where a send time has just passed, else at the next.

        Args:
            email: where that link went; another address that waits by now is not confirmed by it.
            at_once: plan the first edition for now, so that the next pass of the daemon sends it.

        Raises:
            NotFound: too old a question, or no such reader.
            MembershipError: nothing to confirm, or the address is somebody else's by now.
        """
        was_reader = at_once and self._rooms.subscribers.get(reader_id).state in {
            ReaderState.ACTIVE,
            ReaderState.PAUSED,
        }
        now = self._rooms.clock()
        known = self._members.confirm(reader_id, evidence, email=email, max_lateness=self._late, now=now)
        if not at_once or was_reader or known.state is not ReaderState.ACTIVE:
            return known
        plan_now(self._rooms, known, trial=self._rooms.config.mail.transport is TransportKind.FILES)
        return self.find(reader_id)

    def add(self, subscriber: Subscriber, evidence: Evidence, *, act: Act = Act.ADDED) -> KnownReader:
        """A reader whose consent the operator vouches for; ``subscriber.id`` may be empty.

        Raises:
            MembershipError: the id or the address is taken, or the address is not written to.
        """
        named = subscriber if subscriber.id else replace(subscriber, id=new_reader_id())
        self._members.add(named, act, evidence, max_lateness=self._late, now=self._rooms.clock())
        return self.find(named.id)

    def import_list(self, listed: Sequence[Listed], *, dry_run: bool = False) -> Imported:
        """Readers of a list, with the consent that it proves; those who are known or suppressed are passed over.

        One transaction: when it fails, nobody was imported.
        """
        now = self._rooms.clock()
        named = [one.subscriber if one.subscriber.id else replace(one.subscriber, id=new_reader_id()) for one in listed]
        if dry_run:
            reasons = self._members.obstacles(named, now=now)
        else:
            vouched = [(subscriber, one.evidence) for subscriber, one in zip(named, listed, strict=True)]
            reasons = self._members.add_all(vouched, Act.IMPORTED, max_lateness=self._late, now=now)
        told = list(zip(listed, named, reasons, strict=True))
        return Imported(
            added=tuple(subscriber.id for _, subscriber, reason in told if reason is None),
            passed_over={one.line: reason for one, _, reason in told if reason is not None},
        )

    # ── changing ────────────────────────────────────────────────────────────────────────────────────────────

    def change(self, subscriber: Subscriber) -> KnownReader:
        """New settings for who lives in the store.

        Raises:
            MembershipError: a file declares them, they left, or the address differs.
        """
        return self._members.change(subscriber, now=self._rooms.clock())

    def ask_for_address(self, reader_id: str, email: str, evidence: Evidence) -> Joined:
        """Mail at another address, once :meth:`confirm` came from a link that went there.

        Raises:
            MembershipError: a file declares them, or they left.
        """
        return self._members.ask_for_address(reader_id, email, evidence, now=self._rooms.clock())

    def pause(self, reader_id: str, *, until: dt.datetime | None, evidence: Evidence) -> KnownReader:
        """No mail until a moment, or until :meth:`resume`.

        Raises:
            MembershipError: they get none now; or no end is given and a file declares them.
        """
        return self._members.pause(reader_id, until=until, evidence=evidence, now=self._rooms.clock())

    def resume(self, reader_id: str, evidence: Evidence) -> KnownReader:
        """Raises MembershipError if they left, or their file says that they are paused."""
        return self._members.resume(reader_id, evidence=evidence, now=self._rooms.clock())

    # ── leaving ─────────────────────────────────────────────────────────────────────────────────────────────

    def leave(self, reader_id: str, evidence: Evidence) -> KnownReader | None:
        """No mail any more, whatever a file says; None if they had not confirmed, and are forgotten now."""
        return self._members.leave(reader_id, evidence, now=self._rooms.clock())

    def undo(self, reader_id: str, evidence: Evidence) -> KnownReader:
        """Take a leave back, within UNDO_FOR.

        Raises:
            MembershipError: too late, or they did not leave.
        """
        now = self._rooms.clock()
        return self._members.come_back(reader_id, evidence, left_after=now - UNDO_FOR, now=now)

    def bring_back(self, reader_id: str, evidence: Evidence) -> KnownReader:
        """The operator's: whoever left asked for it in another way, as the evidence says."""
        return self._members.come_back(reader_id, evidence, now=self._rooms.clock())

    # ── rights ──────────────────────────────────────────────────────────────────────────────────────────────

    def export(self, reader_id: str) -> dict[str, object]:
        """Everything that is stored about a reader; see :func:`digest.pipeline.personal.export`."""
        return personal.export(self._rooms, reader_id)

    def export_zip(self, reader_id: str) -> bytes:
        """The same with their mails."""
        return personal.export_zip(self._rooms, reader_id)

    def erase(self, reader_id: str) -> Erased:
        """Forget a reader for good; see :mod:`digest.store.erasure` for what stays, and why.

        Mails that the trial transport wrote are deleted as well. What is not: files of the operator's, pages of
        `digest archive` (:func:`digest.pipeline.archive.forget`), and backups.

        Raises:
            NotFound: no such reader.
        """
        erased = self._erasures.erase(reader_id, now=self._rooms.clock())
        forget_files(self._rooms.config.mail.files_dir, erased.address)
        return erased

    def housekeep(self) -> None:
        """What time does: pauses end, questions without an answer are forgotten, erasures are finished."""
        now = self._rooms.clock()
        self._rooms.subscribers.wake_rested(now=now)
        self._members.forget_unconfirmed(before=now - CONFIRM_WITHIN)
        self._erasures.tidy(now=now)
