"""A display for a terminal: prints what is said in an alert room.

python alert_display.py http://localhost:8000 R101
"""

import asyncio
import sys

import socketio


async def main(url: str, room: str) -> None:
    """Print until the process is ended."""
    display = socketio.AsyncClient()

    @display.event
    async def connect() -> None:
        # Also after a lost connection: the room is joined anew, and replays its last messages.
        print("\033[2J\033[H", end="")
        await display.emit("joined", {"name": "display", "room": room, "headless": True})

    @display.on("message")
    @display.on("status")
    async def show(payload: dict[str, str]) -> None:
        print(payload["msg"], flush=True)

    await display.connect(url, retry=True)
    await display.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
