"""One worker, one connection: window after window until nothing is left or the switch is off."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from typing import Literal

from digest.delivery.base import RelayError, Session, Transport
from digest.delivery.clerk import Clerk
from digest.delivery.replies import Outcome, Phase, Reply, classify
from digest.delivery.report import Tally
from digest.delivery.retry import next_attempt
from digest.delivery.supply import Supply
from digest.delivery.switch import Switch
from digest.errors import TransportError
from digest.model import DeliveryState, Envelope
from digest.store.outbox import AttemptResult, ClaimedDelivery, Window

logger = logging.getLogger(__name__)

Render = Callable[[ClaimedDelivery], Envelope]


class Pace:
    """At most so many messages per second, shared by all workers; evenly spaced, no bursts."""

    def __init__(self, per_second: float | None) -> None:
        self._interval_s = 1 / per_second if per_second else 0.0
        self._next = 0.0

    async def turn(self, halted: asyncio.Event) -> None:
        """Wait for this message's turn, or until the switch is off."""
        if not self._interval_s:
            return
        now = asyncio.get_running_loop().time()
        self._next = max(now, self._next) + self._interval_s
        wait = self._next - self._interval_s - now
        if wait > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(halted.wait(), wait)


class Worker:
    def __init__(
        self,
        *,
        transport: Transport,
        render: Render,
        leases: Supply,
        clerk: Clerk,
        switch: Switch,
        pace: Pace,
        tally: Tally,
        clock: Callable[[], dt.datetime],
        jitter: Callable[[], float],
        on_uncertain: Literal["hold", "retry"],
        window: int,
        rendering: asyncio.Lock,
    ) -> None:
        self._transport, self._render, self._rendering = transport, render, rendering
        self._leases, self._clerk, self._switch, self._pace = leases, clerk, switch, pace
        self._tally, self._clock, self._jitter = tally, clock, jitter
        self._on_uncertain, self._window = on_uncertain, window
        self._session: Session | None = None
        self._opening: asyncio.Future[Session] | None = None
        self._used = 0

    # ── the life of a worker ────────────────────────────────────────────────────────────────────────────────

    async def prove(self) -> bool:
        """Open the first connection and, when the relay was in trouble, send one message; False if it still is."""
        if await self._connected() is None:
            return False
        while self._switch.probing and not self._switch.halted.is_set():
            probe = await self._leases.take(1)
            if not probe or not await self._do_window(probe):
                break
        return not self._switch.probing

    async def run(self) -> None:
        try:
            # The connection first: who gets none takes no work away from those who have one.
            while not self._switch.halted.is_set() and await self._connected() is not None:
                window = await self._leases.take(self._window)
                if not window or not await self._do_window(window):
                    return
        except BaseException:
            self._switch.halted.set()  # the others finish what is under way, and this one's error is raised after
            raise

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def abort(self) -> None:
        """Cut the connection: a transaction under way ends with what it knows."""
        if self._opening is not None:
            self._opening.cancel()
        if self._session is not None:
            self._session.abort()

    # ── one window ──────────────────────────────────────────────────────────────────────────────────────────

    async def _do_window(self, window: Sequence[ClaimedDelivery]) -> bool:
        """Render, mark, send. False when this worker has lost its connection and should end."""
        envelopes = await self._rendered(window)
        rendered = [delivery for delivery in window if delivery.id in envelopes]
        by_token: dict[str, list[int]] = {}
        for delivery in rendered:
            by_token.setdefault(delivery.lease_token, []).append(delivery.id)
        marked = await self._clerk.advance(
            [Window(lease_token=token, ids=tuple(ids)) for token, ids in by_token.items()]
        )
        for delivery in rendered:
            if delivery.id not in marked:  # cancelled, held, suppressed or taken over since the claim
                self._leases.finished(delivery)
        todo = [delivery for delivery in rendered if delivery.id in marked]
        while todo:
            await self._pace.turn(self._switch.halted)
            if self._switch.halted.is_set() or not self._leases.holds(todo[0]):
                break
            reply = await self._attempt(envelopes[todo[0].id])
            if reply is None:
                break
            await self._settle(todo.pop(0), reply)
        self._tally.returned += await self._leases.give_back(todo)
        return not todo

    async def _rendered(self, window: Sequence[ClaimedDelivery]) -> dict[int, Envelope]:
        """The messages by delivery id. One that cannot be made fails alone: this is the boundary per delivery."""
        async with self._rendering:
            made = await asyncio.to_thread(self._render_all, window)
        envelopes: dict[int, Envelope] = {}
        for delivery, result in zip(window, made, strict=True):
            if isinstance(result, Envelope):
                envelopes[delivery.id] = result
                continue
            self._tally.bugs += 1
            await self._settle(
                delivery, Reply(phase=Phase.RENDER, code=None, text=f"{type(result).__name__}: {result}")
            )
        return envelopes

    def _render_all(self, window: Sequence[ClaimedDelivery]) -> list[Envelope | Exception]:
        made: list[Envelope | Exception] = []
        for delivery in window:
            try:
                made.append(self._render(delivery))
            except Exception as bug:
                logger.exception("delivery %d to %s could not be rendered", delivery.id, delivery.subscriber_id)
                made.append(bug)
        return made

    # ── one message ─────────────────────────────────────────────────────────────────────────────────────────

    async def _attempt(self, envelope: Envelope) -> Reply | None:
        """The last reply of a transaction; None if there is no connection to be had and nothing was sent.

        A used connection that turns out to be closed at MAIL FROM is replaced once: servers end them after so many
        messages or minutes, and that is nobody's fault.
        """
        while (session := await self._connected()) is not None:
            stale = self._used > 0
            try:
                reply = await session.send(envelope)
            except TransportError as error:
                await self._switch.pause(str(error), advice=error.advice)
                return None
            self._used += 1
            if not (stale and reply.phase is Phase.MAIL and reply.code in (None, 421)):
                return reply
        return None

    async def _connected(self) -> Session | None:
        if self._session is not None and self._session.usable:
            return self._session
        if self._session is not None:
            await self._session.close()
            self._switch.connections -= 1
        self._session, self._used = None, 0
        if self._switch.halted.is_set():
            return None
        self._opening = asyncio.ensure_future(self._transport.open())
        halted = asyncio.ensure_future(self._switch.halted.wait())
        try:
            await asyncio.wait({self._opening, halted}, return_when=asyncio.FIRST_COMPLETED)
            if not self._opening.done():
                self._opening.cancel()
            self._session = await self._opening
        except asyncio.CancelledError:
            return None
        except TransportError as error:
            hint = classify(error.reply).hint_s if isinstance(error, RelayError) else None
            await self._switch.refused(str(error), advice=error.advice, hint_s=hint)
            return None
        finally:
            halted.cancel()
            self._opening = None
        self._switch.connections += 1
        return self._session

    async def _settle(self, delivery: ClaimedDelivery, reply: Reply) -> None:
        """Hand the result to the clerk, and tell the switch."""
        outcome = classify(reply)
        state, next_at, reason = self._fate(delivery, outcome)
        if state in (DeliveryState.FAILED, DeliveryState.UNCERTAIN):
            logger.error("delivery %d to %s is %s: %s", delivery.id, delivery.subscriber_id, state, reason)
        self._clerk.put(
            AttemptResult(
                delivery_id=delivery.id,
                lease_token=delivery.lease_token,
                at=self._clock(),
                relay=self._transport.name,
                phase=reply.phase,
                outcome=outcome.label,
                code=reply.code,
                text=reply.text,
                state=state,
                reason=None if state is DeliveryState.ACCEPTED else reason,
                next_attempt_at=next_at,
                charged=not (outcome.relay_fault or outcome.crowded),
                suppress=outcome.suppress,
            )
        )
        telling = await self._leases.settled(delivery, reply, outcome)
        self._tally.add(delivery, state, reason, relay=self._transport.name)
        if not telling or reply.phase in (Phase.RENDER, Phase.CHECK):
            return  # says nothing about the relay
        if outcome.relay_fault:
            await self._switch.pause(reason, hint_s=outcome.hint_s)
            return
        if self._switch.probing:
            if state is DeliveryState.ACCEPTED:
                await self._switch.proved()
            elif state not in (DeliveryState.FAILED, DeliveryState.SUPPRESSED):
                await self._switch.pause(reason)
            return  # a refusal of one message or address proves nothing: the next one probes
        await self._switch.note(good=state is DeliveryState.ACCEPTED)

    def _fate(self, delivery: ClaimedDelivery, outcome: Outcome) -> tuple[DeliveryState, dt.datetime | None, str]:
        """(state, next attempt, reason): what becomes of a delivery after this outcome."""
        again = outcome.state is DeliveryState.DEFERRED
        if outcome.state is DeliveryState.UNCERTAIN and self._on_uncertain == "retry":
            again = True
        if not again:
            return outcome.state, None, outcome.reason
        at = next_attempt(
            now=self._clock(),
            attempts=delivery.attempt_count + 1,
            expires_at=delivery.expires_at,
            jitter=self._jitter(),
            hint_s=outcome.hint_s,
        )
        if at is not None:
            return DeliveryState.DEFERRED, at, outcome.reason
        if outcome.state is DeliveryState.UNCERTAIN:
            return DeliveryState.UNCERTAIN, None, outcome.reason
        return DeliveryState.EXPIRED, None, f"expired while deferred; {outcome.reason}"
