"""A server as it is, read: a whole one, on a database of its own that nobody serves."""

import tempfile
from pathlib import Path

from litestar import Litestar

import quad.alert.said
import quad.chat.said
import quad.classroom.said
import quad.nearby.said
from quad.alert import AlertSystem
from quad.chat.service import ChatSystem
from quad.classroom.events import register as register_classroom
from quad.classroom.fetch import FetchOptions
from quad.classroom.notion import NotionImporter
from quad.classroom.service import ClassroomService
from quad.nearby import NearbySystem
from quad.realtime import SocketServer
from quad.realtime.errors import ErrorPayload
from quad.settings import Settings
from quad.store import Mailbox, Store, migrate
from tools.types.wire import Wire, events_of, routes_of

SAID = {
    "alert": quad.alert.said.SAID,
    "classroom": quad.classroom.said.SAID,
    "nearby": quad.nearby.said.SAID,
}


async def read_wire() -> Wire:
    """What the server hears and says."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder, 'quad.sqlite3')}"
        await migrate(url)
        store = await Store.open(url)
        try:
            return _read(store, await Mailbox.open(store))
        finally:
            await store.aclose()


def _read(store: Store, mailbox: Mailbox) -> Wire:
    settings, server = Settings(), SocketServer()
    importer = NotionImporter(FetchOptions())
    register_classroom(server, ClassroomService(store, server, settings.classroom, importer))
    AlertSystem(server, store, settings.alert)
    nearby = NearbySystem(server, store, mailbox, settings)
    chat = ChatSystem(store, mailbox, settings.chat)
    return Wire(
        events_of(server),
        SAID,
        chat.endpoint.payloads,
        quad.chat.said.SAID,
        ErrorPayload,
        routes_of(Litestar(list(nearby.routers))),
    )
