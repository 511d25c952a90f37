"""`python -m tests.settling_node serve ...`: a `quad serve` whose clients can ask `test/settle`.

It is answered behind everything that the server has to say to the client: what was under way to
another node when it was asked, too.
"""

import asyncio
import os
from typing import Any

import quad.server
from quad.cli import main
from quad.realtime import Client, SocketServer

# An event to another node and what it says there take a few milliseconds on this machine. Nobody
# can see from outside that nothing is under way any more.
_UNDER_WAY_S = 0.2 if os.environ.get("QUAD_BUS") else 0.0


class Settling(SocketServer):
    """Has one event more."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)

        @self.on("test/settle")
        async def settle(client: Client) -> None:
            """Answered behind everything that was queued for the client."""
            await asyncio.sleep(_UNDER_WAY_S)


if __name__ == "__main__":
    quad.server.SocketServer = Settling  # type: ignore[attr-defined]
    main()
