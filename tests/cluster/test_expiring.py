"""What is too old is forgotten at home, and not while the home moves away."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy import func, select

from quad.cluster.expiring import Expiring
from quad.retention import Expiry, Kind
from quad.store.schema import nodes

NOW = datetime(2026, 3, 2, tzinfo=UTC)
KIND = Kind(
    name="test",
    what="things",
    setting="unused_days",
    count=lambda _: select(func.count(nodes.c.incarnation)),
)


class Attic:
    """Forgets when it is let."""

    def __init__(self) -> None:
        self.is_at_home = True
        self.notes: list[str] = []
        self.gate = asyncio.Event()
        expiring = Expiring(lambda: self.is_at_home)
        self.expiry = expiring.at_home(Expiry(KIND, self.forget))
        self.close = expiring.closing(self.aclose)

    async def forget(self, before: datetime, limit: int) -> int:
        self.notes.append("begun")
        await self.gate.wait()
        self.notes.append("saved")
        return limit

    async def aclose(self) -> None:
        self.notes.append("closed")


async def test_nothing_is_forgotten_elsewhere() -> None:
    attic = Attic()
    attic.gate.set()
    assert attic.expiry.kind is KIND
    assert await attic.expiry.forget(NOW, 3) == 3
    attic.is_at_home = False
    assert await attic.expiry.forget(NOW, 3) == 0
    assert attic.notes == ["begun", "saved"]


async def test_a_batch_under_way_is_saved_before_the_part_is_closed_and_no_other_begins() -> None:
    attic = Attic()
    forgetting = asyncio.ensure_future(attic.expiry.forget(NOW, 3))
    await asyncio.sleep(0)
    attic.is_at_home = False
    closing = asyncio.ensure_future(attic.close())
    late = asyncio.ensure_future(attic.expiry.forget(NOW, 3))
    for _ in range(3):
        await asyncio.sleep(0)
    assert attic.notes == ["begun"]
    attic.gate.set()
    assert list(await asyncio.gather(forgetting, closing, late)) == [3, None, 0]
    assert attic.notes == ["begun", "saved", "closed"]
