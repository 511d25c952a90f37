"""The same with messages that survive a power cut: stored, then told; and chats of their own.

SQLite with WAL and `synchronous=FULL`, as Quad has it. A thread commits: whatever has come while it
wrote goes into its next transaction.
"""

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from time import gmtime, strftime

from bench.peers.socketio_app import run, server

Row = tuple[str, str, str]
Waiting = SimpleQueue[tuple[Row, "asyncio.Future[None]"]]

waiting: Waiting = SimpleQueue()


async def say(sid: str, message: Mapping[str, str]) -> None:
    await store("room", sid, message["text"])
    await server.emit("said", message, room="room")


async def enter(sid: str, request: Mapping[str, str]) -> None:
    await server.enter_room(sid, request["chat"])
    await server.emit("entered", {"chat": request["chat"]}, to=sid)


async def send(sid: str, request: Mapping[str, str]) -> None:
    chat, text = request["chat"], request["text"]
    if chat not in server.rooms(sid):
        return
    await store(chat, sid, text)
    date = strftime("%Y-%m-%d %H:%M:%S", gmtime())
    message = {"chat": chat, "from": sid, "date": date, "text": text}
    await server.emit("message", message, room=chat)


async def store(place: str, sender: str, text: str) -> None:
    """Returns when it is on the disk."""
    stored = asyncio.get_running_loop().create_future()
    waiting.put(((place, sender, text), stored))
    await stored


def commit_forever(path: str) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute(
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, place TEXT, sender TEXT, text TEXT)"
    )
    while True:
        rows, futures = zip(*take_all(), strict=True)
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO messages (place, sender, text) VALUES (?, ?, ?)", rows)
        database.execute("COMMIT")
        futures[0].get_loop().call_soon_threadsafe(resolve, futures)


def take_all() -> list[tuple[Row, "asyncio.Future[None]"]]:
    taken = [waiting.get()]
    while True:
        try:
            taken.append(waiting.get_nowait())
        except Empty:
            return taken


def resolve(futures: "tuple[asyncio.Future[None], ...]") -> None:
    for future in futures:
        future.set_result(None)


if __name__ == "__main__":
    threading.Thread(target=commit_forever, args=(sys.argv[2],), daemon=True).start()
    run(say, enter, send)
