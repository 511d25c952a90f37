"""Retention: what nobody has used for long is forgotten, a little at a time.

Each system names the kinds of things that it forgets (`Kind`, in its `retention.py`) and, while it
runs, forgets them (`Expiry`). One clock goes round all of them. How long each is kept is a setting
of `[retention]`; `quad retention --dry-run` counts from the database alone, beside a server or
without one.

Counting begins at the upgrade: what was there when a kind was counted for the first time is kept
as long as something that was new then. So nobody loses anything on the day of an upgrade, and the
first start says what will go, and when.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from msgspec import Struct
from sqlalchemy import Column, Select, Table, insert, select

from quad.settings import RetentionSettings
from quad.store import (
    TABLE_OPTIONS,
    Change,
    Conflict,
    ShortText,
    Store,
    StoreError,
    Timestamp,
    metadata,
    upsert,
)

log = logging.getLogger("quad.retention")

TICK_S: Final = 60.0
BATCH: Final = 100
"""Things that one call of `Expiry.forget` forgets, at most."""

# Between two batches everybody else's writes get their turn.
_PAUSE_S: Final = 0.1
# What is kept for a month need not go to the minute; what is kept for an hour should.
_ROUNDS_PER_AGE: Final = 60
_MOST_TICKS: Final = 60
# Further ahead of what the database last saw, a clock may be wrong (an empty battery at a start),
# and everything would go at once. A server that was off for long waits as well, but not for long:
# one that runs for two hours a week must come to forget.
_LEAP: Final = timedelta(days=7)
_WAIT_TICKS: Final = 60
_SEEN_TO: Final = timedelta(hours=1)

_LEAPT: Final = (
    "THE CLOCK SAYS %s, BUT THE DATABASE WAS LAST IN USE ON %s: nothing is forgotten for the next "
    "%d minutes. If the clock is wrong, set it before that"
)

began: Final = Table(
    "quad_retention",
    metadata,
    Column("kind", ShortText(64), primary_key=True),
    Column("began_at", Timestamp, nullable=False),
    **TABLE_OPTIONS,
)
"""When each kind was counted for the first time; and, under `_CLOCK`, what the clock said last."""
_CLOCK: Final = "clock"

_INSERT_BEGIN: Final = insert(began)
_SELECT_BEGINS: Final = select(began.c.kind, began.c.began_at)
_SEE: Final = upsert(began, key=["kind"], update=["began_at"])


class Kind(Struct, frozen=True, kw_only=True):
    """Things of one kind that are forgotten when they are old.

    `name` is for the database and never changes, `what` is the operator's word, in the plural.
    `setting` is the field of `[retention]` that says how long they are kept. `count` makes a query
    of one number: how many were last used before a time, by what the database alone knows.
    `was_counted` says that older versions forgot them already, so no upgrade is waited for.
    """

    name: str
    what: str
    setting: str
    count: Callable[[datetime], Select[int]]
    was_counted: bool = False


class Expiry(Struct, frozen=True):
    """A kind, and what forgets it in the running system.

    `forget(before, limit)` forgets at most `limit` things that were last used before a time, in
    the database and in memory, and returns how many; fewer than `limit` says that no more are left
    for now. What is in use at this moment is not old, whatever the database says: it must not be
    forgotten, and must not stand in the way of others. Calls come one after the other. It may
    raise StoreError: then it is called again at the next round.
    """

    kind: Kind
    forget: Callable[[datetime, int], Awaitable[int]]


class Outlook(NamedTuple):
    """What the clock would do with one kind."""

    kind: Kind
    age: timedelta | None
    """How long these things are kept; None is for ever."""
    due: int
    """How many go at the next round."""
    within_month: int
    """How many go within 30 days if nobody uses them meanwhile, those that are due included."""
    not_before: datetime | None
    """None goes earlier than that, because it was there at the upgrade."""


def _now() -> datetime:
    return datetime.now(UTC)


class RetentionClock:
    """Goes round everything that can be too old, in small batches, while the server runs."""

    def __init__(
        self,
        store: Store,
        settings: RetentionSettings,
        expiries: Iterable[Expiry],
        *,
        now: Callable[[], datetime] = _now,
        pause_s: float = _PAUSE_S,
        leap: timedelta = _LEAP,
    ) -> None:
        """After a leap of the clock by more than `leap`, nothing is forgotten for an hour."""
        self._store = store
        self._settings = settings
        self._expiries = tuple(expiries)
        self._now = now
        self._pause_s = pause_s
        self._leap = leap
        self._ticks = 0
        self._seen_at = now()
        self._saved_at: datetime | None = None
        self._waited_ticks = 0
        self._begins: Mapping[str, datetime] = {}
        self._task: asyncio.Task[None] | None = None
        self.is_leader: Callable[[], bool] = lambda: True
        """Whether this is the process, of several, that writes down what the clock says."""

    async def start(self) -> None:
        """Begin to count, and say what will go if that is news. Raises StoreError."""
        known = await _begins(self._store)
        fresh = [each.kind for each in self._expiries if each.kind.name not in known]
        now = self._now()
        for kind in fresh:
            await _begin(self._store, kind, now)
        self._begins = await _begins(self._store)
        self._seen_at = self._begins.get(_CLOCK, now)
        for kind in fresh:
            await self._announce(kind, now)
        self._task = asyncio.create_task(self._tick_forever(), name="quad-retention")

    async def aclose(self) -> None:
        """Stop; a batch that has begun is saved whole or not at all."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    async def tick(self) -> None:
        """Go round the kinds whose turn it is; one minute has passed."""
        if not await self._is_clock_right():
            return
        for expiry in self._expiries:
            age = self._settings.age(expiry.kind.setting)
            if age is not None and self._ticks % _ticks_between(age) == 0:
                await self._forget(expiry, age)
        self._ticks += 1

    async def _is_clock_right(self) -> bool:
        """Whether the clock says what is to be expected, or has said it for long enough."""
        now = self._now()
        if now - self._seen_at > self._leap and self._waited_ticks < _WAIT_TICKS:
            if self._waited_ticks == 0:
                log.warning(_LEAPT, _day(now), _day(self._seen_at), _WAIT_TICKS)
            self._waited_ticks += 1
            return False
        self._waited_ticks = 0
        self._seen_at = now
        is_due = self._saved_at is None or abs(now - self._saved_at) >= _SEEN_TO
        if is_due and self.is_leader():
            with contextlib.suppress(StoreError):  # the next tick tries again
                await self._store.write(Change(_SEE, {"kind": _CLOCK, "began_at": now}))
                self._saved_at = now
        return True

    async def _tick_forever(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            await self.tick()

    async def _forget(self, expiry: Expiry, age: timedelta) -> None:
        before = self._now() - age
        if before < self._begins[expiry.kind.name]:
            return
        gone = 0
        try:
            while True:
                some = await expiry.forget(before, BATCH)
                gone += some
                if some < BATCH:
                    break
                await asyncio.sleep(self._pause_s)
        except StoreError as error:
            log.warning("%s that are too old stay for now: %s", expiry.kind.what, error)
        except Exception:
            log.exception("a bug in Quad: %s cannot be forgotten", expiry.kind.what)
        if gone:
            log.info("forgot %d %s (retention.%s)", gone, expiry.kind.what, expiry.kind.setting)

    async def _announce(self, kind: Kind, now: datetime) -> None:
        age = self._settings.age(kind.setting)
        there = await _count(self._store, kind, now) if age is not None else 0
        if age is None or not there:
            return
        if kind.was_counted:
            told = "as before"
        else:
            told = f"from {_day(now + age)} on, unless they are used until then"
        log.warning(
            "%d %s are kept for %s, then forgotten, %s; retention.%s changes that, 0 is for ever",
            there,
            kind.what,
            _shown(age),
            told,
            kind.setting,
        )


async def outlook(
    store: Store,
    settings: RetentionSettings,
    kinds: Iterable[Kind],
    *,
    now: Callable[[], datetime] = _now,
) -> list[Outlook]:
    """What the clock would do, by what the database says; nothing is changed. Raises StoreError."""
    begins = await _begins(store)
    return [await _look(store, settings, kind, begins, now()) for kind in kinds]


async def _look(
    store: Store,
    settings: RetentionSettings,
    kind: Kind,
    begins: Mapping[str, datetime],
    now: datetime,
) -> Outlook:
    age = settings.age(kind.setting)
    if age is None:
        return Outlook(kind, None, 0, 0, None)
    begin = _NEVER if kind.was_counted else begins.get(kind.name, now)

    async def gone_by(day: datetime) -> int:
        before = day - age
        return await _count(store, kind, min(before, now)) if before >= begin else 0

    not_before = begin + age if begin != _NEVER and begin + age > now else None
    return Outlook(kind, age, await gone_by(now), await gone_by(now + _MONTH), not_before)


_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MONTH: Final = timedelta(days=30)


def _ticks_between(age: timedelta) -> int:
    wanted = age.total_seconds() / TICK_S / _ROUNDS_PER_AGE
    return min(max(int(wanted), 1), _MOST_TICKS)


async def _begins(store: Store) -> dict[str, datetime]:
    return {row.kind: row.began_at for row in await store.read(_SELECT_BEGINS)}


async def _begin(store: Store, kind: Kind, now: datetime) -> None:
    at = _NEVER if kind.was_counted else now
    with contextlib.suppress(Conflict):
        await store.write(Change(_INSERT_BEGIN, {"kind": kind.name, "began_at": at}))


async def _count(store: Store, kind: Kind, before: datetime) -> int:
    return int((await store.read(kind.count(before)))[0][0])


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


def _shown(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{age.days} days" if minutes % 1440 == 0 else f"{minutes} minutes"
