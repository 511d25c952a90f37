"""A chat as one would write it first: `websockets`, and a commit for each message, to SQLite.

It commits as durably (WAL, `synchronous=FULL`) and before it tells; it knows one member a chat.
"""

import asyncio
import json
import sqlite3
import sys
import time

import uvloop
from websockets.asyncio.server import ServerConnection, serve

database = sqlite3.connect(sys.argv[2], isolation_level=None)


async def talk(socket: ServerConnection) -> None:
    user: object = None
    async for text in socket:
        request = json.loads(text)
        match request["type"]:
            case "register":
                user = request["user"]
                await tell(socket, {"type": "state", "chats": []})
            case "create_chat":
                await tell(socket, {"type": "new_member", "chat": request["name"], "user": user})
            case "send_message":
                chat, message = request["chat"], request["message"]
                database.execute("BEGIN IMMEDIATE")
                database.execute("INSERT INTO messages (chat, text) VALUES (?, ?)", (chat, message))
                database.execute("COMMIT")
                date = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
                told = {"type": "message", "chat": chat, "from": user, "date": date}
                await tell(socket, {**told, "message": message})


async def tell(socket: ServerConnection, content: object) -> None:
    await socket.send(json.dumps(content, separators=(",", ":")))


async def main() -> None:
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, chat TEXT, text TEXT)")
    async with serve(talk, "127.0.0.1", int(sys.argv[1]), compression=None):
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
