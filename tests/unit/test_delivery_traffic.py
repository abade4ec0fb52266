"""The limits of recipient domains, on a clock of our own: kept at every moment, and everybody gets through."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict, deque

from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.traffic import TOO_OFTEN, Traffic
from digest.settings.mail import DomainConfig
from digest.store.outbox import ClaimedDelivery, domain_of

NOW = dt.datetime(2025, 11, 24, tzinfo=dt.UTC)
LIMITS = {
    "slow.example": DomainConfig(per_second=2.0),
    "narrow.example": DomainConfig(connections=1),
    "both.example": DomainConfig(connections=2, per_second=5.0),
    "*": DomainConfig(connections=3),
}
DOMAINS = [*(name for name in LIMITS if name != "*"), "other.example"]


def delivery(number: int, domain: str) -> ClaimedDelivery:
    return ClaimedDelivery(
        id=number,
        subscriber_id=f"r{number}",
        edition=NOW.date(),
        recipient=f"r{number}@{domain}",
        recipe=b"",
        message_id=f"<{number}@test>",
        attempt_count=0,
        lease_token="t",
        expires_at=NOW,
    )


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def most_at_once(domain: str) -> int | None:
    return (LIMITS.get(domain) or LIMITS["*"]).connections


def play(domains: list[str], moves: list[tuple[int, int, float]]) -> dict[str, list[tuple[float, int]]]:
    """Take, end and wait as the moves say; when and which of each domain was taken. Asserts the connections."""
    clock = Clock()
    traffic = Traffic(LIMITS, now_s=clock)
    queue = deque(delivery(number, domain) for number, domain in enumerate(domains))
    windows: deque[list[ClaimedDelivery]] = deque()
    taken: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for turn in range(1000):
        if not (queue or windows):
            return taken
        number, ending, wait_s = moves[turn] if turn < len(moves) else (8, 99, 1.0)
        clock.now_s += wait_s
        if window := traffic.choose(queue, number):
            windows.append(window)
        for each in window:
            taken[domain_of(each.recipient)].append((clock.now_s, each.id))
        busy = Counter(domain for one in windows for domain in {domain_of(each.recipient) for each in one})
        assert all(at_once <= (most_at_once(domain) or at_once) for domain, at_once in busy.items())
        for ended in [windows.popleft() for _ in range(min(ending, len(windows)))]:
            for each in ended:
                traffic.finished(each)
    raise AssertionError("somebody starves")


@given(
    st.lists(st.sampled_from(DOMAINS), max_size=60),
    st.lists(st.tuples(st.integers(1, 8), st.integers(0, 3), st.floats(0, 0.5)), max_size=30),
)
def test_limits_hold_and_everybody_gets_through(domains: list[str], moves: list[tuple[int, int, float]]) -> None:
    """Whatever the order of taking, ending and waiting: no limit is exceeded, and with time all are taken, in order."""
    taken = play(domains, moves)
    assert sum(map(len, taken.values())) == len(domains)
    for domain, entries in taken.items():
        assert [number for _, number in entries] == sorted(number for _, number in entries)
        per_second = (LIMITS.get(domain) or LIMITS["*"]).per_second
        if per_second is None:
            continue
        for index, (begin, _) in enumerate(entries):
            for count, (end, _) in enumerate(entries[index:], start=1):
                assert count <= max(1.0, per_second) + per_second * (end - begin) + 1e-6


def test_a_domain_rests_after_refusals_in_a_row_and_is_tried_with_one() -> None:
    """Then it gets one at a time, until one is accepted; a further refusal lets it rest again at once."""
    clock = Clock()
    traffic = Traffic({}, now_s=clock)
    mails = [delivery(number, "uni.example") for number in range(9)]
    assert [traffic.refused(mails[0]) for _ in range(TOO_OFTEN)] == [0] * (TOO_OFTEN - 1) + [1]
    traffic.rest(mails[0], 300)
    assert traffic.choose(deque(mails), 8) == []
    assert traffic.resting(mails[1])
    assert traffic.refused(mails[1]) == 0, "it rests already: no news"
    clock.now_s += 301
    (probe,) = traffic.choose(deque(mails), 8)
    assert traffic.choose(deque(mails[1:]), 8) == []
    traffic.finished(probe)
    assert traffic.refused(probe) == 2
    traffic.rest(probe, 10)
    clock.now_s += 11
    (probe,) = traffic.choose(deque(mails), 8)
    traffic.finished(probe)
    assert traffic.accepted(probe)
    assert len(traffic.choose(deque(mails), 8)) == 8
