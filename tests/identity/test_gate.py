"""Passwords: right ones always pass, whatever others try."""

import asyncio
import threading
import time
from collections.abc import Hashable

import pytest

from quad.identity import gate as module
from quad.identity.gate import PROVEN_S, Gate
from quad.identity.passwords import hash_password, password_matches
from tests.identity.nodes import make_nodes

NAME = ("of tests", "n")


class TooMany(Exception):
    """The refusal of these tests."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Gate:
    monkeypatch.setattr(module, "PAUSE_S", 0.001)
    return Gate(TooMany, rate_per_s=1, burst=2, clock=clock)


async def tried(
    gate: Gate, address: str, password: str, hashed: str, name: Hashable = NAME
) -> bool | None:
    """Whether it is right; None if it was refused."""
    try:
        return await gate.admits(address, name, password, hashed, action="test.login")
    except TooMany:
        return None


async def test_wrong_ones_from_all_over_a_site_count_together(gate: Gate) -> None:
    for number in range(32):
        gate.note_wrong(f"2001:db8:1:{number:x}::1", ("of tests", number), action="test.login")
    right = await hash_password("right")
    assert await tried(gate, "2001:db8:1:ff::1", "wrong", right) is None
    assert await tried(gate, "2001:db8:1:ff::1", "right", right) is True
    assert await tried(gate, "2001:db8:2::1", "wrong", right) is False


async def test_wrong_ones_beyond_the_limit_are_refused_and_right_ones_never(
    gate: Gate, clock: Clock
) -> None:
    right = await hash_password("right")
    assert [await tried(gate, "a", "wrong", right) for _ in range(4)] == [False, False, None, None]
    # This address, whatever the name; this name, wherever from.
    assert await tried(gate, "a", "wrong", right, ("of tests", "other")) is None
    assert await tried(gate, "b", "wrong", right) is None
    for address in ("a", "b", "c"):
        assert await tried(gate, address, "right", right) is True
    clock.now = 1
    assert await tried(gate, "c", "wrong", right, ("of tests", "third")) is False


async def test_who_is_proven_does_not_wait_behind_those_who_guess(gate: Gate) -> None:
    right = await hash_password("right")
    assert await tried(gate, "a", "right", right)
    guesses = [asyncio.create_task(tried(gate, "a", "wrong", right)) for _ in range(20)]
    await asyncio.sleep(0)
    assert await tried(gate, "a", "right", right)
    assert not any(guess.done() for guess in guesses)
    await asyncio.gather(*guesses)


async def test_the_quick_way_of_the_proven_is_no_quick_way_to_guess(
    gate: Gate, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = await hash_password("right")
    assert await tried(gate, "a", "right", right)
    hashed = 0

    async def counting(password: str, of: str) -> bool:
        nonlocal hashed
        hashed += 1
        return password == "right" or await password_matches(password, of)

    monkeypatch.setattr(module, "password_matches", counting)
    monkeypatch.setattr(module, "_FAST_TRIES_BURST", 5)
    gate = Gate(TooMany, rate_per_s=1, burst=2, clock=clock)
    assert await tried(gate, "a", "right", right)
    for number in range(6):
        await tried(gate, "a", f"wrong {number}", right)
    before = hashed
    assert await tried(gate, "a", "right", right)
    assert hashed == before + 1  # the slow way, which passes
    clock.now += 1
    assert await tried(gate, "a", "right", right)
    assert hashed == before + 1


async def test_a_guesser_fills_only_the_own_queue(gate: Gate) -> None:
    right = await hash_password("right")
    guesses = [asyncio.create_task(tried(gate, "evil", "wrong", right)) for _ in range(60)]
    others = [
        asyncio.create_task(tried(gate, f"10.0.0.{number}", "right", right)) for number in range(3)
    ]
    assert await asyncio.gather(*others) == [True] * 3
    assert sum(guess.done() for guess in guesses) < 10
    for guess in guesses:
        guess.cancel()  # the rest would be hashed for nothing
    await asyncio.gather(*guesses, return_exceptions=True)


async def test_many_blocks_of_one_site_fill_only_the_queue_of_the_site(gate: Gate) -> None:
    right = await hash_password("right")
    guesses = [
        asyncio.create_task(tried(gate, f"2001:db8:7:{number:x}::1", "wrong", right))
        for number in range(60)
    ]
    await asyncio.sleep(0)
    assert await tried(gate, "2001:db8:8::1", "right", right)
    assert sum(guess.done() for guess in guesses) < 10
    for guess in guesses:
        guess.cancel()  # the rest would be hashed for nothing
    await asyncio.gather(*guesses, return_exceptions=True)


async def test_among_those_of_an_address_the_next_is_drawn_by_lot(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So whoever sits beside a guesser comes in soon, however many tries wait."""
    served: list[str] = []

    async def record(password: str, hashed: str) -> bool:
        served.append(password)
        await asyncio.sleep(0)
        return password == "right"

    monkeypatch.setattr(module, "password_matches", record)
    places = []
    for _ in range(30):
        served.clear()
        gate = Gate(TooMany, rate_per_s=1, burst=100)
        tries = [asyncio.create_task(tried(gate, "a", f"{n}", "")) for n in range(40)]
        tries.append(asyncio.create_task(tried(gate, "a", "right", "")))
        await asyncio.gather(*tries)
        places.append(served.index("right"))
    assert min(places) < 20 < max(places)


async def test_passwords_are_hashed_one_after_the_other(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = threading.Lock()

    def verify(password: str, hashed: str) -> bool:
        assert lock.acquire(blocking=False), "two at once"
        time.sleep(0.005)
        lock.release()
        return False

    monkeypatch.setattr("quad.identity.passwords._verify", verify)
    await asyncio.gather(*(tried(gate, f"10.0.0.{number}", "x", "") for number in range(6)))


async def test_so_many_wait_at_most_and_who_has_to_go_is_drawn_by_lot(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAITING_LIMIT", 3)
    gate = Gate(TooMany, rate_per_s=1, burst=100)
    right = await hash_password("right")
    results = await asyncio.gather(*(tried(gate, "a", "wrong", right) for _ in range(10)))
    assert results.count(None) == 6
    assert results.count(False) == 4
    assert not gate._blocks._waiting
    assert not gate._sites._waiting


async def test_who_gives_up_waiting_leaves_the_turn_to_others(gate: Gate) -> None:
    right = await hash_password("right")
    tries = [asyncio.create_task(tried(gate, "a", "wrong", right)) for _ in range(12)]
    await asyncio.sleep(0.01)
    for gone in tries[::2]:
        gone.cancel()
    await asyncio.gather(*tries, return_exceptions=True)
    assert await tried(gate, "a", "right", right)
    assert not gate._blocks._waiting
    assert not gate._sites._waiting


async def test_a_network_of_ipv6_is_one_address(gate: Gate) -> None:
    right = await hash_password("right")
    for number in range(2):
        assert await tried(gate, f"2001:db8:1:2::{number}", "wrong", right, number) is False
    assert await tried(gate, "2001:db8:1:2::9", "wrong", right, "x") is None
    assert await tried(gate, "2001:db8:1:3::9", "wrong", right, "x") is False


async def test_a_proof_ends_a_day_after_its_last_use_and_few_are_kept(
    gate: Gate, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PROVEN_LIMIT", 2)
    right = await hash_password("right")
    assert await tried(gate, "a", "right", right)
    for clock.now in (PROVEN_S - 1, 2 * PROVEN_S - 2):
        assert gate._is_proven("a", NAME, "right")
    clock.now += PROVEN_S
    assert not gate._is_proven("a", NAME, "right")
    for name in "abc":
        assert await tried(gate, "a", "right", right, name)
    assert [gate._is_proven("a", name, "right") for name in "abc"] == [False, True, True]


async def test_failures_are_in_the_audit_log_and_beyond_the_limit_one_line_a_minute(
    gate: Gate, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "quad.audit")
    right = await hash_password("right")
    for _ in range(6):
        await tried(gate, "10.0.0.1", "guess", right)
    await tried(gate, "10.0.0.1", "right", right)
    await tried(gate, "10.0.0.1", "right", right)
    lines = [each.getMessage() for each in caplog.records]
    assert lines == [
        "action=test.login result=failed address=10.0.0.1 name=n",
        "action=test.login result=failed address=10.0.0.1 name=n",
        'action=test.login result=refused address=10.0.0.1 limit="wrong tries"',
        "action=test.login result=ok address=10.0.0.1 name=n",
    ]


async def test_without_limits_nobody_is_refused(clock: Clock) -> None:
    gate = Gate(TooMany, rate_per_s=1, burst=1, is_limited=False, clock=clock)
    right = await hash_password("right")
    assert [await tried(gate, "a", "wrong", right) for _ in range(3)] == [False] * 3


async def test_wrong_ones_count_at_all_nodes_and_right_ones_pass_at_each(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0.01)
    gates = [Gate(TooMany, rate_per_s=1, burst=3, clock=clock) for _ in range(3)]
    for gate, news in zip(gates, make_nodes(3), strict=True):
        gate.share(news)
    right = await hash_password("right")
    for gate in gates:
        assert await tried(gate, "203.0.113.1", "wrong", right) is False
    for gate in gates:
        started = time.monotonic()
        assert await tried(gate, "203.0.113.1", "wrong", right) is None
        # As long as it would be if one node did what all of them do.
        assert time.monotonic() - started >= 0.03
        assert await tried(gate, "203.0.113.2", "wrong", right) is None  # the name counts, too
        assert await tried(gate, "203.0.113.1", "right", right) is True
    unlimited = Gate(TooMany, rate_per_s=1, burst=1, is_limited=False)
    first, second = make_nodes(2)
    gates[0].share(first)
    unlimited.share(second)
    gates[0].note_wrong("203.0.113.9", ("of tests", "other"), action="test.login")
    assert await tried(unlimited, "203.0.113.9", "wrong", right) is False
