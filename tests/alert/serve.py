"""Alert as a process of its own: `python -m tests.alert.serve DATABASE PORT`."""

import asyncio
import sys
from pathlib import Path

from quad.alert import AlertSystem
from quad.realtime import Host, SocketServer, listen, stop_signal
from quad.settings import AlertSettings
from quad.store import Store, migrate


async def main(database: Path, port: int) -> None:
    url = f"sqlite+aiosqlite:///{database}"
    await migrate(url)
    store = await Store.open(url)
    server = SocketServer()
    alert = AlertSystem(server, store, AlertSettings(history_limit=1000))
    await alert.start()
    host = Host({"/socket.io/": server.engine})
    with stop_signal() as stopped:
        async with listen(host, port=port, drain_s=0.1) as address:
            print(f"Listening on {address}", flush=True)
            await stopped.wait()
    await server.aclose()
    await alert.aclose()
    await store.aclose()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
