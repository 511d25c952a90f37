"""Whether the process lives, and whether it can do its work."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec.structs import astuple

from quad.admin.statistics import LoopClock
from quad.http import AnyRequest
from quad.store import Store, StoreError
from quad.web.watching import Watchers

# A loop that is this late makes everybody wait; people notice.
_LATE_S = 1.0


class Readiness(msgspec.Struct, omit_defaults=True):
    """The answer of `/ready`: each part is `ok` or says what is wrong.

    `bus`, `drain` and `links` are those of a node among others; the latter names nodes that are
    silent, which does not make this one unready.
    """

    database: str
    loop: str
    lock: str
    bus: str = ""
    drain: str = ""
    links: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether every part is well."""
        parts = (self.database, self.loop, self.lock, self.bus, self.drain)
        return all(part in {"ok", ""} for part in parts)

    def without_reasons(self) -> "Readiness":
        """Which parts are well, and no more."""
        parts = astuple(self)
        return Readiness(*(part if part in {"ok", ""} else "failed" for part in parts))


class Lease(Protocol):
    """The right of a process to the database, alone or as one of several nodes."""

    @property
    def troubles(self) -> Mapping[str, str]:
        """What is wrong with each part, as a sentence; empty: nothing is."""

    @property
    def silent_nodes(self) -> Sequence[str]:
        """Other nodes that should be heard of and are not."""


def make_health(
    store: Store, clock: LoopClock, lease: Lease, watchers: Watchers
) -> list[HTTPRouteHandler]:
    """The routes `/health` and `/ready`; watchers alone are told the reasons."""

    @get("/health", sync_to_thread=False)
    def health() -> dict[str, str]:
        """Answer as long as the process runs."""
        return {"status": "ok"}

    @get("/ready")
    async def ready(request: AnyRequest) -> Response[Readiness]:
        """Answer 200 if events can be served now, and 503 if not; watchers are told the reason."""
        troubles = {part: trouble or "ok" for part, trouble in lease.troubles.items()}
        silent = ", ".join(lease.silent_nodes)
        readiness = Readiness(
            database=await _check(store),
            loop=_check_loop(clock),
            links=f"silent: {silent}" if silent else "",
            **troubles,
        )
        status = 200 if readiness.is_ready else 503
        if not await watchers.include(request, request.route_handler):
            readiness = readiness.without_reasons()
        return Response(readiness, status_code=status)

    return [health, ready]


async def _check(store: Store) -> str:
    try:
        await store.check()
    except StoreError as error:
        return str(error)
    return "ok"


def _check_loop(clock: LoopClock) -> str:
    if clock.lateness_s > _LATE_S:
        return f"blocked for {clock.lateness_s:.1f} s"
    return "ok"
