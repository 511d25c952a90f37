"""What nearby forgets when nobody has used it for long; see `quad.retention`."""

from datetime import datetime
from typing import Final

from sqlalchemy import Select, func, select

from quad.nearby import tables
from quad.nearby.messages import Messages
from quad.nearby.presence import Presence
from quad.nearby.tables import logs, tabs, users
from quad.retention import Expiry, Kind
from quad.store import Store
from quad.store.mailbox import count_before


def _places(before: datetime) -> Select[int]:
    offline = users.c.id.not_in(select(tabs.c.user_id).where(tabs.c.dropped_at.is_(None)))
    count = select(func.count()).select_from(users)
    return count.where(users.c.latitude.is_not(None), users.c.used_at < before, offline)


def _lines(before: datetime) -> Select[int]:
    return select(func.count()).select_from(logs).where(logs.c.at < before)


def _unfetched(before: datetime) -> Select[int]:
    return count_before("nearby", before)


def _people(before: datetime) -> Select[int]:
    count = select(func.count()).select_from(users)
    return count.where(users.c.used_at < before, users.c.id.not_in(select(tabs.c.user_id)))


_PLACES: Final = Kind(
    name="nearby/places",
    what="last places of people who are offline",
    setting="nearby_places_minutes",
    count=_places,
)
# Not `was_counted`: both were kept for a year, and would lose most of it on the day of the upgrade.
_LINES: Final = Kind(
    name="nearby/logs",
    what="lines of nearby's logs",
    setting="nearby_logs_days",
    count=_lines,
)
_UNFETCHED: Final = Kind(
    name="nearby/messages",
    what="messages of nearby that nobody has fetched",
    setting="nearby_logs_days",
    count=_unfetched,
)
_PEOPLE: Final = Kind(
    name="nearby/people",
    what="people of nearby",
    setting="unused_days",
    count=_people,
)

KINDS: Final[tuple[Kind, ...]] = (_PLACES, _LINES, _UNFETCHED, _PEOPLE)


def expiries(store: Store, presence: Presence, messages: Messages) -> tuple[Expiry, ...]:
    """What forgets each of them in the running system."""

    async def forget_lines(before: datetime, limit: int) -> int:
        rows = await store.read(tables.select_old_logs(before, limit))
        await store.write(*(tables.delete_log(row.kind, row.subject, row.id) for row in rows))
        return len(rows)

    async def forget_unfetched(before: datetime, _limit: int) -> int:
        """All at once: each box has its beginning cut off."""
        await messages.forget(before)
        return 0

    async def forget_people(before: datetime, limit: int) -> int:
        rows = await store.read(tables.select_unused_users(before, limit))
        await presence.forget_people(row.id for row in rows)
        return len(rows)

    return (
        Expiry(_PLACES, presence.forget_places),
        Expiry(_LINES, forget_lines),
        Expiry(_UNFETCHED, forget_unfetched),
        Expiry(_PEOPLE, forget_people),
    )
