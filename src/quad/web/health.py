"""Whether the process lives, and whether it can do its work."""

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec.structs import astuple

from quad.admin.statistics import LoopClock
from quad.http import AnyRequest
from quad.store import Store, StoreError
from quad.store.ownership import Ownership
from quad.web.watching import Watchers

# A loop that is this late makes everybody wait; people notice.
_LATE_S = 1.0


class Readiness(msgspec.Struct):
    """The answer of `/ready`: each part is `ok` or says what is wrong."""

    database: str
    loop: str
    lock: str

    @property
    def is_ready(self) -> bool:
        """Whether every part is well."""
        return self.database == self.loop == self.lock == "ok"

    def without_reasons(self) -> "Readiness":
        """Which parts are well, and no more."""
        return Readiness(*("ok" if part == "ok" else "failed" for part in astuple(self)))


def make_health(
    store: Store, clock: LoopClock, ownership: Ownership, watchers: Watchers
) -> list[HTTPRouteHandler]:
    """The routes `/health` and `/ready`; watchers alone are told the reasons."""

    @get("/health", sync_to_thread=False)
    def health() -> dict[str, str]:
        """Answer as long as the process runs."""
        return {"status": "ok"}

    @get("/ready")
    async def ready(request: AnyRequest) -> Response[Readiness]:
        """Answer 200 if events can be served now, and 503 if not; watchers are told the reason."""
        readiness = Readiness(
            database=await _check(store), loop=_check_loop(clock), lock=ownership.trouble or "ok"
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
