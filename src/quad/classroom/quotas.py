"""How much one address, student or class may make the server keep; see `limits.*` in the settings.

Generous: a class of 300 behind one address never meets them. Each refusal says which one it was.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

from quad import audit
from quad.addresses import block
from quad.classroom.refusals import QuotaReached
from quad.identity import AddressRateLimit, KeyedRateLimit
from quad.settings import LimitSettings

_DAY_S: Final = 86_400.0
# An address that goes on is in the log once an hour.
_TOLD_PER_S: Final = 1 / 3600


class Spent:
    """Bytes that somebody has made the server keep since a time; a day later it begins anew."""

    __slots__ = ("bytes", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.bytes = 0


class Spends(Protocol):
    """A participant or a room."""

    spent: Spent | None


class Quotas:
    """The limits of all rooms; without settings there are none."""

    def __init__(
        self, settings: LimitSettings | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._clock = clock
        if settings is None:
            return
        self._told = KeyedRateLimit(_TOLD_PER_S, 1, clock)
        self._rooms = AddressRateLimit(
            settings.rooms_per_hour_per_address / 3600, settings.rooms_burst_per_address, clock
        )
        self._students = AddressRateLimit(
            settings.students_per_minute_per_address / 60,
            settings.students_burst_per_address,
            clock,
        )
        daily = settings.picture_bytes_per_day_per_address
        self._pictures = AddressRateLimit(daily / _DAY_S, daily, clock)
        self._errors = AddressRateLimit(
            settings.client_errors_per_minute_per_address / 60,
            settings.client_errors_burst_per_address,
            clock,
        )

    def open_room(self, address: str) -> None:
        """A class is opened from an address; raises QuotaReached."""
        if self._settings is not None:
            self._take(self._rooms, address, "rooms_per_hour_per_address")

    def add_student(self, address: str) -> None:
        """A student joins anew from an address; raises QuotaReached."""
        if self._settings is not None:
            self._take(self._students, address, "students_per_minute_per_address")

    def keep_pictures(self, address: str, size_bytes: int) -> None:
        """Pictures of so many bytes are to be kept for an address; raises QuotaReached."""
        if self._settings is not None and size_bytes:
            self._take(self._pictures, address, "picture_bytes_per_day_per_address", size_bytes)

    def log_error(self, address: str) -> None:
        """A plugin's error is to be logged; raises QuotaReached."""
        if self._settings is not None:
            self._take(self._errors, address, "client_errors_per_minute_per_address")

    def keep(self, student: Spends | None, room: Spends, size_bytes: int, address: str) -> None:
        """So many bytes more are to be kept of a student (None: of the host) and the class.

        Raises QuotaReached, and counts nothing then.
        """
        settings = self._settings
        if settings is None or size_bytes <= 0:
            return
        spenders = [(room, settings.daily_room_bytes, "daily_room_bytes")]
        if student is not None:
            limit = settings.daily_student_bytes
            spenders.append((student, limit, "daily_student_bytes"))
        for spender, limit, name in spenders:
            spent = self._spent(spender)
            if spent.bytes + size_bytes > limit:
                raise self._refuse(address, name, spent.since + _DAY_S - self._clock())
        for spender, _, _ in spenders:
            self._spent(spender).bytes += size_bytes

    def _spent(self, spender: Spends) -> Spent:
        now = self._clock()
        spent = spender.spent
        if spent is None or now - spent.since >= _DAY_S:
            spent = spender.spent = Spent(now)
        return spent

    def _take(self, limit: AddressRateLimit, address: str, name: str, count: int = 1) -> None:
        wait_s = limit.take(address, count)
        if wait_s:
            raise self._refuse(address, name, wait_s)

    def _refuse(self, address: str, name: str, wait_s: float) -> QuotaReached:
        refused = QuotaReached(f"limits.{name}", wait_s)
        if not self._told.take((block(address), name)):
            audit.record("classroom.quota", address=address, result="refused", limit=refused.limit)
        return refused
