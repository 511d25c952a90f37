"""One room, three client libraries: socket.io-client 4 and 2, and python-socketio."""

from contextlib import AsyncExitStack

import pytest

from tests.alert.hall import Hall
from tests.clients.real import JS2, JS4, PYTHON, RealClient, Transport, connected_client

LIBRARIES = {"Java Script": JS4, "old script": JS2, "Питон": PYTHON}


@pytest.mark.node
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_clients_of_every_kind_meet_in_one_room(hall: Hall, transport: Transport) -> None:
    async with AsyncExitStack() as stack:
        clients: dict[str, RealClient] = {}
        for name, library in LIBRARIES.items():
            client = await stack.enter_async_context(connected_client(library, hall.url, transport))
            clients[name] = client
            who = {"name": name, "headless": True}
            await client.emit("joined", {**who, "room": "R101"})
            for member in clients.values():
                status = await member.expect("status")
                assert status == {"msg": f"{name.upper()} has joined the chat!"}
        for name, client in clients.items():
            await client.emit("text", {"name": name, "headless": True, "msg": f"Olá 😀 {name}"})
            for member in clients.values():
                message = await member.expect("message")
                assert message == {"msg": f"{name.upper()}: Olá 😀 {name}"}
        first, *others = clients.values()
        await first.emit("left", {"name": "whoever", "headless": True})
        for member in others:
            assert await member.expect("status") == {"msg": "JAVA SCRIPT has left the chat :("}
        await first.emit("text", {"name": "Java Script", "headless": True, "msg": "again"})
        error = await first.expect("error")
        assert (error["event"], error["code"]) == ("text", "not_in_room")
        assert all(not member.unread() for member in others)
