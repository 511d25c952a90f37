"""The server itself, put together as ever, in a folder of its own; but it does not listen."""

import tempfile
from pathlib import Path
from typing import Final

import quad.alert.outgoing
import quad.chat.outgoing
import quad.classroom.outgoing
import quad.nearby.outgoing
from quad.identity import Keys
from quad.realtime import ErrorPayload
from quad.server import Parts, assemble
from quad.settings import AdminSettings, IdentitySettings, ServerSettings, Settings
from quad.stopping import Ending
from quad.store.ownership import Ownership
from tools.types.wire import Wire, events_of, refusals_of, routes_of

OUTGOING: Final = {
    "alert": quad.alert.outgoing.OUTGOING,
    "classroom": quad.classroom.outgoing.OUTGOING,
    "nearby": quad.nearby.outgoing.OUTGOING,
}


async def read_wire() -> Wire:
    """What the server hears and says."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            server=ServerSettings(data=Path(folder)),
            # Else it would make a password and show it.
            identity=IdentitySettings(login="guest"),
            admin=AdminSettings(password="nobody can log in here"),
        )
        async with Ending(10) as stack:
            ownership = await Ownership.take(settings.server.database_url, "the types' tool")
            stack.step("the lock", ownership.aclose)
            return _read(await assemble(settings, ownership, Keys.random(), stack))


def _read(parts: Parts) -> Wire:
    return Wire(
        heard=events_of(parts.sockets),
        said=OUTGOING,
        frames_heard=parts.chat.payloads,
        frames_said=quad.chat.outgoing.OUTGOING,
        error=ErrorPayload,
        routes=routes_of(parts.application),
        refusals=refusals_of(parts.application),
    )
