"""The mailbox keeps entries and positions on every engine."""

import asyncio

import pytest

from quad.store import Conflict, Entry, Gap, Mailbox, Reader, Store
from quad.store import mailbox as box
from quad.store.mailbox import drop, put, trim
from tests.patience import patience

TEXT = 'Olá "\\\n 😀'


@pytest.fixture
async def mailbox(store: Store) -> Mailbox:
    return await Mailbox.open(store)


async def fill(store: Store, *places: tuple[str, int]) -> None:
    await asyncio.gather(*[store.write(put(name, number, f"{number}")) for name, number in places])


def ids(entries: list[Entry]) -> list[int]:
    return [entry.id for entry in entries]


async def test_what_is_put_is_read_by_id(store: Store, mailbox: Mailbox) -> None:
    await store.write(put("a/1", 5, TEXT), put("a/2", 4, ""))
    entries = await mailbox.read(["a/1", "a/2"], 0, None, 9)
    assert entries == [Entry("a/2", 4, ""), Entry("a/1", 5, TEXT)]


async def test_one_id_cannot_be_put_twice_into_a_box(store: Store) -> None:
    await store.write(put("a/1", 5, "first"))
    with pytest.raises(Conflict):
        await store.write(put("a/1", 5, "second"))


async def test_only_the_boxes_asked_for_are_read(store: Store, mailbox: Mailbox) -> None:
    await fill(store, ("a/1", 1), ("a/2", 2), ("a/3", 3), ("a/10", 4))
    assert ids(await mailbox.read(["a/1", "a/3"], 0, None, 9)) == [1, 3]
    assert await mailbox.read([], 0, None, 9) == []


async def test_what_is_proven_is_not_read_again_apart_from_the_gap(
    store: Store, mailbox: Mailbox
) -> None:
    await fill(store, *[("a/1", number) for number in range(1, 11)])
    assert ids(await mailbox.read(["a/1"], 7, None, 9)) == [8, 9]
    assert ids(await mailbox.read(["a/1"], 7, Gap(2, 4), 9)) == [3, 4, 8, 9]
    assert ids(await mailbox.read(["a/1"], 7, Gap(6, 8), 10)) == [7, 8, 9, 10]
    assert ids(await mailbox.read(["a/1"], 9, None, 9)) == []


async def test_reading_goes_on_where_it_stopped(store: Store, mailbox: Mailbox) -> None:
    await fill(store, *[(f"a/{number % 3}", number) for number in range(1, 11)])
    names = ["a/0", "a/1", "a/2"]
    first = await mailbox.read(names, 5, Gap(1, 3), 9, most=3)
    assert ids(first) == [2, 3, 6]
    rest = await mailbox.read(names, 5, Gap(1, 3), 9, start=6, most=9)
    assert ids(rest) == [7, 8, 9]


async def test_ids_are_larger_than_all_before_even_if_the_clock_is_set_back(
    store: Store,
) -> None:
    mailbox = await Mailbox.open(store, now_ms=lambda: 2000)
    first, second = mailbox.next_id(), mailbox.next_id()
    assert second == first + 1
    assert box.milliseconds_at(first) == 2000
    assert box.id_at(2000) == first
    await store.write(put("a/1", second, ""))
    mailbox.save("a/reader", Reader(second + 5))
    await mailbox.flush()
    again = await Mailbox.open(store, now_ms=lambda: 1000)
    assert again.next_id() == second + 6
    again.skip_to(second + 50)
    again.skip_to(3)
    assert again.next_id() == second + 51


async def test_trimming_and_dropping_spare_the_rest(store: Store, mailbox: Mailbox) -> None:
    await fill(store, *[(name, number) for name in ("a/1", "a/2") for number in (1, 2, 3)])
    await store.write(trim("a/1", 2))
    assert ids(await mailbox.read(["a/1"], 0, None, 9)) == [3]
    assert await mailbox.last_ids("a") == {"a/1": 3, "a/2": 3}
    await store.write(drop("a/2"))
    assert await mailbox.last_ids("a") == {"a/1": 3}


async def test_a_system_sees_its_own_names_alone(store: Store, mailbox: Mailbox) -> None:
    await fill(store, ("a/1", 1), ("b/1", 2), ("ab/1", 3))
    mailbox.save("a/r", Reader(1))
    mailbox.save("b/r", Reader(2))
    await mailbox.flush()
    assert await mailbox.last_ids("a") == {"a/1": 1}
    assert list(await mailbox.readers("b")) == ["b/r"]


async def test_positions_and_gaps_are_saved_soon_and_the_latest_counts(
    store: Store, mailbox: Mailbox
) -> None:
    reader = Reader(1)
    device, other = reader.begin(1), reader.begin(1)
    mailbox.save("a/reader", reader)
    reader.prove(device, 7)
    reader.end(other, 5)
    mailbox.save("a/reader", reader)
    async with asyncio.timeout(patience(20)):
        while not (found := await mailbox.readers("a")):
            await asyncio.sleep(0.02)
    assert (found["a/reader"].position, found["a/reader"].gap) == (7, Gap(1, 5))
    later = reader.begin(7)
    reader.prove(later, 8)
    mailbox.save("a/reader", reader)
    await mailbox.flush()
    found = await mailbox.readers("a")
    assert (found["a/reader"].position, found["a/reader"].gap) == (7, None)


async def test_a_position_that_cannot_be_saved_is_no_error(store: Store, mailbox: Mailbox) -> None:
    mailbox.save("a/reader", Reader(1))
    await store.aclose()
    await mailbox.flush()
