"""What every bus does, whatever carries it."""

from quad.bus.port import MESSAGE_LIMIT_BYTES, Bus
from tests.bus.conftest import OpenBus
from tests.bus.waiting import until


async def hearing(bus: Bus) -> list[bytes]:
    """What a bus hears from now on."""
    heard: list[bytes] = []
    await bus.start(heard.append)
    assert bus.is_connected
    return heard


async def test_a_message_reaches_its_node_alone(bus_of: OpenBus) -> None:
    first, second, third = bus_of(1), bus_of(2), bus_of(3)
    heard = [await hearing(bus) for bus in (first, second, third)]
    first.send(2, b"for the second")
    third.send(2, b"from the third")
    await until(lambda: len(heard[1]) == 2)
    first.broadcast(b"last")
    await until(lambda: all(b"last" in each for each in heard))
    assert sorted(heard[1][:2]) == [b"for the second", b"from the third"]
    assert heard[0] == heard[2] == [b"last"]


async def test_a_broadcast_reaches_everybody_and_its_sender(bus_of: OpenBus) -> None:
    buses = [bus_of(node) for node in (1, 2, 2**63)]
    heard = [await hearing(bus) for bus in buses]
    buses[0].broadcast(b"for all")
    await until(lambda: heard == [[b"for all"]] * 3)


async def test_a_calm_broker_keeps_the_order(bus_of: OpenBus) -> None:
    first, second = bus_of(1), bus_of(2)
    await hearing(first)
    heard = await hearing(second)
    messages = [b"%d" % number for number in range(500)]
    for message in messages:
        first.send(2, message)
    await until(lambda: len(heard) == len(messages))
    assert heard == messages


async def test_any_bytes_pass_up_to_the_limit(bus_of: OpenBus) -> None:
    first, second = bus_of(1), bus_of(2)
    await hearing(first)
    heard = await hearing(second)
    messages = [b"", bytes(range(256)), bytes(range(256)) * (MESSAGE_LIMIT_BYTES // 256)]
    for message in messages:
        first.send(2, message)
    await until(lambda: len(heard) == len(messages))
    assert heard == messages


async def test_nobody_waits_for_who_is_not_there(bus_of: OpenBus) -> None:
    first = bus_of(1)
    heard = await hearing(first)
    first.send(9, b"for nobody")
    first.broadcast(b"for all")
    await until(lambda: heard == [b"for all"])


async def test_what_was_sent_before_the_end_still_goes_out(bus_of: OpenBus) -> None:
    first, second = bus_of(1), bus_of(2)
    await hearing(first)
    heard = await hearing(second)
    messages = [b"%d" % number for number in range(100)]
    for message in messages:
        first.send(2, message)
    await first.aclose()
    await until(lambda: heard == messages)


async def test_after_its_end_a_bus_hears_and_says_nothing(bus_of: OpenBus) -> None:
    first, second = bus_of(1), bus_of(2)
    heard = await hearing(first)
    others = await hearing(second)
    await first.aclose()
    await first.aclose()
    first.send(2, b"too late")
    second.send(1, b"too late")
    second.broadcast(b"for all")
    await until(lambda: others == [b"for all"])
    assert heard == []


async def test_a_bus_that_never_began_can_be_closed(bus_of: OpenBus) -> None:
    await bus_of(1).aclose()


async def test_the_next_life_of_a_node_does_not_hear_what_was_for_the_last(
    bus_of: OpenBus,
) -> None:
    other = bus_of(1)
    await hearing(other)
    last = bus_of(2)
    await hearing(last)
    await last.aclose()
    heard = await hearing(bus_of(3))
    other.send(2, b"for the last")
    other.broadcast(b"for all")
    await until(lambda: heard == [b"for all"])
