"""One guesser delays nobody, and learns no more than the turns of its address."""

import asyncio

import pytest

from quad.identity.guesses import WRONG_PER_CONNECTION, Guesses
from quad.identity.turns import Turns
from tests.identity.nodes import make_nodes
from tests.identity.test_limits import Clock
from tests.patience import patience


class Refused(Exception):
    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


class NotFound(Exception):
    pass


def make(clock: Clock, *, burst: float = 100, turns_per_s: float = 1000) -> Guesses:
    return Guesses(
        "test.number", Refused, rate_per_s=1, burst=burst, turns_per_s=turns_per_s, clock=clock
    )


async def guess(guesses: Guesses, address: str, connection: object, *, is_right: bool) -> None:
    async with guesses.turn(address, connection, wrong=NotFound):
        if not is_right:
            raise NotFound


async def wrong(guesses: Guesses, address: str, connection: object, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(NotFound):
            await guess(guesses, address, connection, is_right=False)


async def test_a_connection_that_was_wrong_too_often_is_refused_until_its_minute_is_over() -> None:
    clock = Clock()
    guesses = make(clock)
    await wrong(guesses, "203.0.113.1", "a", WRONG_PER_CONNECTION)
    clock.now = 20
    with pytest.raises(Refused) as refused:
        await guess(guesses, "203.0.113.1", "a", is_right=True)
    assert refused.value.wait_s == 40
    await guess(guesses, "203.0.113.1", "b", is_right=True)
    clock.now = 60
    await guess(guesses, "203.0.113.1", "a", is_right=True)


async def test_right_tries_cost_an_address_nothing() -> None:
    guesses = make(Clock(), burst=1, turns_per_s=0.001)
    for student in range(300):
        await guess(guesses, "203.0.113.1", student, is_right=True)


async def test_a_right_try_that_is_declined_for_another_reason_costs_nothing() -> None:
    guesses = make(Clock(), burst=1, turns_per_s=0.001)
    for _ in range(3):
        with pytest.raises(KeyError):
            async with guesses.turn("203.0.113.1", "a", wrong=NotFound):
                raise KeyError
    await guess(guesses, "203.0.113.1", "a", is_right=True)


async def test_an_address_beyond_its_limit_takes_turns_and_others_do_not() -> None:
    clock = Clock()
    guesses = make(clock, burst=1, turns_per_s=0.001)
    await wrong(guesses, "2001:db8:1:2::1", "a")
    waits = asyncio.create_task(guess(guesses, "2001:db8:1:2::2", "b", is_right=True))
    await guess(guesses, "2001:db8:1:3::1", "c", is_right=True)
    await guess(guesses, "203.0.113.1", "d", is_right=True)
    assert not waits.done()
    waits.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waits


async def test_the_blocks_of_a_site_take_turns_together_before_they_have_tried_all() -> None:
    guesses = make(Clock(), burst=2, turns_per_s=0.001)
    for number in range(32):
        await wrong(guesses, f"2001:db8:1:{number:x}::1", number)
    waits = asyncio.create_task(guess(guesses, "2001:db8:1:ff::1", "b", is_right=True))
    await guess(guesses, "2001:db8:2::1", "c", is_right=True)
    with pytest.raises(Refused), guesses.request("2001:db8:1:fe::1"):
        pass
    assert not waits.done()
    waits.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waits


async def test_a_site_has_the_turns_of_sixteen_blocks() -> None:
    guesses = make(Clock(), burst=1, turns_per_s=20)
    for number in range(16):
        await wrong(guesses, f"2001:db8:1:{number:x}::1", number)
    loop = asyncio.get_running_loop()
    started = loop.time()
    fresh = (f"2001:db8:1:1{number:x}::1" for number in range(16))
    await asyncio.gather(*(guess(guesses, address, address, is_right=True) for address in fresh))
    # As many at 20 a second, one after the other, would take 0.8 s.
    assert 16 / 320 <= loop.time() - started < 0.5 * patience(1)


async def test_who_was_never_wrong_goes_first() -> None:
    guesses = make(Clock(), burst=1)
    order: list[str] = []

    async def right(connection: str) -> None:
        await guess(guesses, "203.0.113.1", connection, is_right=True)
        order.append(connection)

    await wrong(guesses, "203.0.113.1", "guesser")
    waiting = [asyncio.create_task(right("guesser")) for _ in range(5)]
    waiting += [asyncio.create_task(right(f"student {n}")) for n in range(3)]
    await asyncio.gather(*waiting)
    assert order[3:] == ["guesser"] * 5
    assert sorted(order[:3]) == ["student 0", "student 1", "student 2"]


async def test_an_address_learns_no_more_than_its_turns_however_many_it_asks_at_once() -> None:
    clock = Clock()
    guesses = make(clock, burst=5, turns_per_s=0.001)
    learnt: list[int] = []

    async def try_number(number: int) -> None:
        async with guesses.turn("203.0.113.1", number, wrong=NotFound):
            await asyncio.sleep(0)  # as a look into the database would
            learnt.append(number)
            raise NotFound

    tries = [asyncio.create_task(try_number(number)) for number in range(100)]
    await asyncio.wait(tries, timeout=0.05)
    assert len(learnt) == 5
    for task in tries:
        task.cancel()
    await asyncio.gather(*tries, return_exceptions=True)


async def test_an_address_does_not_save_up_while_it_takes_turns() -> None:
    clock = Clock()
    guesses = make(clock, burst=2)
    await wrong(guesses, "203.0.113.1", "a", 2)
    waiting = [asyncio.create_task(wrong(guesses, "203.0.113.1", n)) for n in range(5)]
    await asyncio.sleep(0)
    clock.now = 2  # two permits are back, and the turns of those who wait take them
    await asyncio.gather(*waiting)
    with pytest.raises(Refused), guesses.request("203.0.113.1"):
        pass


async def test_who_gives_up_in_the_moment_of_its_turn_stops_nobody_else() -> None:
    turns = Turns(per_s=0.001)
    gone = [asyncio.create_task(turns.turn("a")) for _ in range(3)]
    stays = asyncio.create_task(turns.turn("a", goes_first=False))
    await asyncio.sleep(0)
    for task in gone:
        task.cancel()
    turns._next("a")  # before any of them has noticed
    await stays
    assert all(task.cancelled() for task in await _settled(gone))


async def _settled(tasks: list[asyncio.Task[None]]) -> list[asyncio.Task[None]]:
    await asyncio.wait(tasks)
    return tasks


def test_a_request_is_refused_at_once_beyond_the_limit() -> None:
    clock = Clock()
    guesses = make(clock, burst=2)
    for _ in range(2):
        with pytest.raises(NotFound), guesses.request("203.0.113.1"):
            raise NotFound
    with pytest.raises(Refused) as refused, guesses.request("203.0.113.1"):
        pass
    assert refused.value.wait_s == 1
    with guesses.request("203.0.113.2"):
        pass
    clock.now = 1
    for _ in range(5):
        with guesses.request("203.0.113.1"):
            pass


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO", logger="quad.audit")
    return caplog


async def test_refusals_are_told_to_auditors_once_a_minute(
    records: pytest.LogCaptureFixture,
) -> None:
    guesses = make(Clock())
    await wrong(guesses, "203.0.113.1", "a", WRONG_PER_CONNECTION)
    for _ in range(3):
        with pytest.raises(Refused):
            await guess(guesses, "203.0.113.1", "a", is_right=True)
    assert records.messages == [
        'action=test.number result=refused address=203.0.113.1 limit="wrong tries"'
    ]


# --- on several nodes -----------------------------------------------------------------------------


def make_shared(clock: Clock, *, burst: float, turns_per_s: float = 1000) -> list[Guesses]:
    """One for each of three nodes."""
    made = [make(clock, burst=burst, turns_per_s=turns_per_s) for _ in range(3)]
    for guesses, news in zip(made, make_nodes(3), strict=True):
        guesses.share(news, are_everywhere=True)
    return made


async def test_a_connection_that_was_wrong_at_any_node_was_wrong_at_all() -> None:
    nodes = make_shared(Clock(), burst=100)
    for number in range(WRONG_PER_CONNECTION):
        await wrong(nodes[number % 3], "203.0.113.1", "a")
    for guesses in nodes:
        with pytest.raises(Refused):
            await guess(guesses, "203.0.113.1", "a", is_right=True)
        await guess(guesses, "203.0.113.1", "b", is_right=True)


async def test_an_address_has_as_many_wrong_tries_at_all_nodes_as_at_one() -> None:
    nodes = make_shared(Clock(), burst=6)
    for number in range(3):
        await wrong(nodes[number], "203.0.113.1", number)
    for guesses in nodes:
        with pytest.raises(KeyError), guesses.request("203.0.113.1"):
            raise KeyError
    for guesses in nodes:
        with pytest.raises(Refused), guesses.request("203.0.113.1"):
            pass
        with guesses.request("203.0.113.2"):
            pass


async def test_right_tries_are_told_to_nobody() -> None:
    nodes = make_shared(Clock(), burst=1, turns_per_s=0.001)
    for student in range(30):
        await guess(nodes[student % 3], "203.0.113.1", str(student), is_right=True)
        with nodes[student % 3].request("203.0.113.1"):
            pass


async def test_nodes_share_the_turns_of_an_address() -> None:
    nodes = make_shared(Clock(), burst=1, turns_per_s=30)
    await wrong(nodes[0], "203.0.113.1", "a")
    loop = asyncio.get_running_loop()
    started = loop.time()
    # The first turn of each is a third of the rate away.
    tries = [guess(guesses, "203.0.113.1", "b", is_right=True) for guesses in nodes]
    await asyncio.gather(*tries)
    assert loop.time() - started >= 3 / 30
