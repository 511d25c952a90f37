"""Turns by key: one at a time, in order, and nothing is left of those who gave up."""

import asyncio

from quad.exclusive import Exclusive


async def test_turns_are_taken_in_the_order_in_which_they_were_asked_for() -> None:
    exclusive, order = Exclusive(), list[int]()
    turns = [exclusive.turn("key") for _ in range(4)]

    async def take(number: int) -> None:
        async with turns[number]:
            order.append(number)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(take(number)) for number in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    assert exclusive.is_busy("key")
    await asyncio.wait(tasks)
    assert order == [0, 2, 3]
    assert not exclusive.is_busy("key")
