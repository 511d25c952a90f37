"""What is too old is forgotten: from when on, in small batches, and never what is in use."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, delete, func, insert, select

from quad.retention import BATCH, Expiry, Kind, RetentionClock, began, outlook
from quad.settings import RetentionSettings
from quad.store import Change, Store, StoreUnavailable, Timestamp

START = datetime(2024, 5, 17, 12, tzinfo=UTC)
MONTH = RetentionSettings(alert_messages_days=30, nearby_places_minutes=60)

loans = Table(
    "test_loans",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("used_at", Timestamp, nullable=False),
)


def counted(before: datetime) -> object:
    return select(func.count()).select_from(loans).where(loans.c.used_at < before)


LOANS = Kind(
    name="test/loans",
    what="loans",
    setting="alert_messages_days",
    count=counted,  # type: ignore[arg-type]
)


class Time:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **units: float) -> None:
        self.now += timedelta(**units)


class Library:
    """A system that lends things; those in `read_now` are in use."""

    def __init__(self, store: Store, kind: Kind = LOANS) -> None:
        self.store = store
        self.read_now: set[int] = set()
        self.batches: list[int] = []
        self.error: Exception | None = None
        self.expiry = Expiry(kind, self.forget)

    async def forget(self, before: datetime, limit: int) -> int:
        if self.error is not None:
            raise self.error
        old = select(loans.c.number).where(
            loans.c.used_at < before, loans.c.number.not_in(self.read_now)
        )
        numbers = [row.number for row in await self.store.read(old.limit(limit))]
        await self.store.write(Change(delete(loans).where(loans.c.number.in_(numbers))))
        self.batches.append(len(numbers))
        return len(numbers)

    async def lend(self, *numbers: int, at: datetime) -> None:
        rows = [Change(insert(loans), {"number": number, "used_at": at}) for number in numbers]
        await self.store.write(*rows)

    async def kept(self) -> set[int]:
        return {row.number for row in await self.store.read(select(loans.c.number))}


@pytest.fixture
async def store(database: Path) -> AsyncIterator[Store]:
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE test_loans (number INTEGER PRIMARY KEY, used_at BIGINT)")
    connection.close()
    opened = await Store.open(f"sqlite:///{database}")
    yield opened
    await opened.aclose()


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store)


@pytest.fixture
def time() -> Time:
    return Time()


async def started(
    library: Library, time: Time, settings: RetentionSettings = MONTH
) -> RetentionClock:
    clock = RetentionClock(
        library.store, settings, [library.expiry], now=time, pause_s=0, leap=timedelta.max
    )
    await clock.start()
    return clock


async def hours(clock: RetentionClock, time: Time, count: int) -> None:
    """So many hours pass, at the rate of the clock's own ticks."""
    for _ in range(60 * count):
        await clock.tick()
        time.forward(minutes=1)


async def test_what_was_there_at_the_upgrade_is_kept_as_long_as_what_is_new(
    library: Library, time: Time
) -> None:
    await library.lend(1, at=START - timedelta(days=400))
    clock = await started(library, time)
    await clock.tick()
    time.forward(days=30, hours=-2)
    await hours(clock, time, 1)
    assert await library.kept() == {1}
    await hours(clock, time, 2)
    assert await library.kept() == set()
    await clock.aclose()


async def test_counting_goes_on_where_it_began_after_a_restart(
    library: Library, time: Time
) -> None:
    await library.lend(1, at=START - timedelta(days=400))
    await (await started(library, time)).aclose()
    time.forward(days=31)
    clock = await started(library, time)
    await clock.tick()
    assert await library.kept() == set()
    await clock.aclose()


async def test_only_what_is_old_goes(library: Library, time: Time) -> None:
    clock = await started(library, time)
    time.forward(days=100)
    await library.lend(1, at=time() - timedelta(days=30, minutes=1))
    await library.lend(2, at=time() - timedelta(days=29))
    await clock.tick()
    assert await library.kept() == {2}
    await clock.aclose()


@pytest.mark.parametrize("is_restarted", [True, False])
async def test_a_clock_that_leaps_makes_nothing_go_before_somebody_could_set_it(
    library: Library, time: Time, caplog: pytest.LogCaptureFixture, is_restarted: bool
) -> None:
    await library.lend(1, at=START)
    clock = RetentionClock(library.store, MONTH, [library.expiry], now=time, pause_s=0)
    await clock.start()
    await clock.tick()
    caplog.clear()
    time.forward(days=365)
    if is_restarted:
        await clock.aclose()
        clock = RetentionClock(library.store, MONTH, [library.expiry], now=time, pause_s=0)
        await clock.start()
    for _ in range(59):
        await clock.tick()
    (line,) = caplog.messages
    assert "THE CLOCK SAYS 2025-05-17, BUT THE DATABASE WAS LAST IN USE ON 2024-05-17" in line
    time.forward(days=-365)  # it was wrong
    for _ in range(3):
        await clock.tick()
    assert await library.kept() == {1}
    assert len(caplog.messages) == 1
    await clock.aclose()


async def test_a_server_that_was_off_for_long_forgets_an_hour_later(
    library: Library, time: Time
) -> None:
    await library.lend(1, at=START)
    for _ in range(2):
        clock = RetentionClock(library.store, MONTH, [library.expiry], now=time, pause_s=0)
        await clock.start()
        await hours(clock, time, 1)
        assert await library.kept() == {1}
        await clock.tick()
        await clock.aclose()
        time.forward(days=200)
    assert await library.kept() == set()


async def test_of_several_processes_one_writes_down_what_the_clock_says(
    library: Library, store: Store, time: Time
) -> None:
    async def seen() -> datetime | None:
        rows = await store.read(select(began.c.began_at).where(began.c.kind == "clock"))
        return rows[0].began_at if rows else None

    clock = await started(library, time)
    clock.is_leader = lambda: False
    await clock.tick()
    assert await seen() is None
    clock.is_leader = lambda: True
    await clock.tick()
    assert await seen() == START
    await clock.aclose()


async def test_zero_keeps_for_ever(library: Library, time: Time) -> None:
    clock = await started(library, time, RetentionSettings(alert_messages_days=0))
    await library.lend(1, at=START)
    time.forward(days=36_500)
    await clock.tick()
    assert await library.kept() == {1}
    await clock.aclose()


async def test_much_goes_in_small_batches_between_which_others_write(
    library: Library, time: Time
) -> None:
    await library.lend(*range(BATCH * 2 + 1), at=START)
    clock = await started(library, time)
    time.forward(days=31)
    round_ = asyncio.create_task(clock.tick())
    while not library.batches:
        await asyncio.sleep(0)
    await library.lend(999, at=time())
    assert len(library.batches) < 3
    await round_
    assert library.batches == [BATCH, BATCH, 1]
    assert await library.kept() == {999}
    await clock.aclose()


async def test_a_month_is_looked_at_by_the_hour_and_an_hour_by_the_minute(
    library: Library, store: Store, time: Time
) -> None:
    kind = Kind(name="test/short", what="loans", setting="nearby_places_minutes", count=LOANS.count)
    short = Library(store, kind)
    clock = RetentionClock(
        store, MONTH, [library.expiry, short.expiry], now=time, leap=timedelta.max
    )
    await clock.start()
    time.forward(days=31)
    await hours(clock, time, 2)
    assert (len(library.batches), len(short.batches)) == (2, 120)
    await clock.aclose()


@pytest.mark.parametrize(
    ("error", "word"),
    [(StoreUnavailable(), "not available"), (ZeroDivisionError(), "a bug in Quad")],
    ids=["database away", "bug"],
)
async def test_one_kind_that_fails_is_told_and_stops_neither_the_others_nor_the_clock(
    library: Library,
    store: Store,
    time: Time,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    word: str,
) -> None:
    broken = Library(store)
    broken.error = error
    await library.lend(1, at=START)
    clock = RetentionClock(
        store, MONTH, [broken.expiry, library.expiry], now=time, leap=timedelta.max
    )
    await clock.start()
    time.forward(days=31)
    await clock.tick()
    assert word in caplog.text
    assert await library.kept() == set()
    broken.error = None
    await library.lend(2, at=START)
    await hours(clock, time, 1)
    assert sum(broken.batches) == 1
    await clock.aclose()


async def test_the_first_start_and_no_other_says_what_will_go_and_when(
    library: Library, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    await library.lend(1, 2, at=START - timedelta(days=1))
    await (await started(library, time)).aclose()
    (line,) = caplog.messages
    assert "2 loans are kept for 30 days, then forgotten, from 2024-06-16 on" in line
    assert "retention.alert_messages_days" in line
    caplog.clear()
    await (await started(library, time)).aclose()
    assert caplog.messages == []


async def test_a_database_with_nothing_in_it_announces_nothing(
    library: Library, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    await (await started(library, time)).aclose()
    assert caplog.messages == []


async def test_what_older_versions_forgot_already_waits_for_no_upgrade(
    store: Store, time: Time
) -> None:
    kind = Kind(
        name="test/known", what="loans", setting=LOANS.setting, count=LOANS.count, was_counted=True
    )
    library = Library(store, kind)
    await library.lend(1, at=START - timedelta(days=31))
    (look,) = await outlook(store, MONTH, [kind], now=time)
    assert (look.due, look.not_before) == (1, None)
    clock = await started(library, time)
    await clock.tick()
    assert await library.kept() == set()
    await clock.aclose()


async def test_the_outlook_says_what_the_clock_then_does(library: Library, time: Time) -> None:
    await library.lend(1, 2, at=START - timedelta(days=400))

    async def look() -> tuple[int, int, datetime | None]:
        (found,) = await outlook(library.store, MONTH, [LOANS], now=time)
        return found.due, found.within_month, found.not_before

    # Nobody has counted yet: it would begin today.
    assert await look() == (0, 2, START + timedelta(days=30))
    clock = await started(library, time)
    time.forward(days=1)
    assert await look() == (0, 2, START + timedelta(days=30))
    await library.lend(3, at=time())
    time.forward(days=29, minutes=1)
    assert await look() == (2, 3, None)
    await clock.tick()
    assert await library.kept() == {3}
    assert await look() == (0, 1, None)
    await clock.aclose()


async def test_the_outlook_of_what_is_kept_for_ever_is_nothing(
    library: Library, time: Time
) -> None:
    await library.lend(1, at=START - timedelta(days=400))
    for_ever = RetentionSettings(alert_messages_days=0)
    (found,) = await outlook(library.store, for_ever, [LOANS], now=time)
    assert (found.age, found.due, found.within_month) == (None, 0, 0)
