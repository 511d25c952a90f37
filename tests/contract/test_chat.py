"""What the chat has told anybody survives kill -9, on every engine."""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, text
from websockets.asyncio.client import connect

from quad.store import migrate
from tests.chat.phones import Phone, open_chat
from tests.contract.databases import connected, migrate_to
from tests.process import ServerProcess

CHAT = "team"
PASSWORD = "let me in"
TOKENS = {number: f"the own token of {number}, made for it" for number in ("111", "222")}


@contextmanager
def quad_on(url: str, data: Path) -> Iterator[ServerProcess]:
    """A server that is killed at the end."""
    command = [sys.executable, "-m", "quad", "serve", "--port", "0"]
    env = {"QUAD_ADMIN_PASSWORD": PASSWORD}
    process = ServerProcess([*command, "--data", str(data), "--database", url], env=env)
    try:
        yield process
    finally:
        process.kill()
        assert "Traceback" not in process.output, process.output


@asynccontextmanager
async def phone(
    process: ServerProcess, number: str, token: str | None = None, **keys: Any
) -> AsyncIterator[Phone]:
    socket = await connect(process.url.replace("http", "ws") + "/chat/ws", compression=None)
    try:
        keys |= {} if token is None else {"token": token, "protocol": 2}
        yield await Phone(socket, number).register(**keys)
    finally:
        await socket.close()


async def test_keys_tokens_codes_removals_and_open_chats_survive_kill_9(
    database_url: str, tmp_path: Path
) -> None:
    with quad_on(database_url, tmp_path) as process:
        async with (
            phone(process, "111", TOKENS["111"]) as ann,
            phone(process, "333") as original,
        ):
            async with phone(process, "+2 22", TOKENS["222"]) as ben:
                await ann.say("create_chat", name=CHAT, open=True)
                await ann.expect("new_member")
                await ann.say("send_message", chat=CHAT, message="once", key="k")
                first = await ann.expect("message")
                await ann.say("add_member", chat=CHAT, phone="+222")
                await ann.expect("new_member")
                await ben.expect("new_member")
            await ann.send(CHAT, "before")
            await ann.expect_texts("before")
            await ann.say("remove_member", chat=CHAT, phone="+222")
            await ann.expect("member_removed")
            await original.create("old")
            ask = {"phone": "333"}
            made = httpx.post(
                f"{process.url}/API/admin/chats/code", json=ask, auth=("admin", PASSWORD)
            )
            code = made.json()["code"]
            await ann.say("reset_token")
            new = (await ann.expect("token"))["token"]
            process.kill()
    with quad_on(database_url, tmp_path) as process:
        async with phone(process, "111", new) as ann:
            await ann.say("send_message", chat=CHAT, message="once", key="k")
            assert await ann.expect("message") == first
            await ann.say("history", chat=CHAT)
            told = (await ann.expect("history"))["messages"]
            assert [message["message"] for message in told] == ["once", "before"]
        async with phone(process, "+222", TOKENS["222"]) as ben:
            assert ben.missed(CHAT) == ["before"]
            assert (await ben.expect("member_removed"))["user"]["phone"] == "+222"
        async with phone(process, "333", code) as handed_over:
            token = handed_over.token
            process.kill()
    with quad_on(database_url, tmp_path) as process:
        async with phone(process, "333", token) as handed_over:
            assert [each["chat"]["name"] for each in handed_over.state["chats"]] == ["old"]
        socket = await connect(process.url.replace("http", "ws") + "/chat/ws")
        for worthless in (code, None):
            user = {"name": "Eve", "phone": "333"}
            register = {"type": "register", "user": user, "protocol": 2, "token": worthless}
            await socket.send(json.dumps(register))
            error = json.loads(await socket.recv())
            assert error["code"] in ("wrong_token", "token_required")
        await socket.close()


async def test_a_chat_lives_on_every_engine(database_url: str) -> None:
    """Texts and keys that databases like to change or to cut."""
    async with open_chat(database_url) as station:
        ann = await station.phone("111", protocol=2, token=TOKENS["111"])
        await ann.create(CHAT)
        for key in ("a", "a ", "A", "á", "a\u0301", "\0", "🎓"):
            await ann.say("send_message", chat=CHAT, message=f"{key!r} \0", key=key)
            assert (await ann.expect("message"))["key"] == key
    async with open_chat(database_url) as station:
        ann = await station.phone("111", protocol=2, token=TOKENS["111"])
        for key in ("a", "a ", "A", "á", "a\u0301", "\0", "🎓"):
            await ann.say("send_message", chat=CHAT, message="again", key=key)
            assert (await ann.expect("message"))["message"] == f"{key!r} \0"


async def test_phones_and_names_of_before_are_brought_to_their_new_form(empty_url: str) -> None:
    composed, apart = "caf\u00e9", "cafe\u0301"

    def fill(connection: Connection) -> None:
        for number, name in enumerate((composed, apart, "plain"), start=1):
            connection.execute(
                text("INSERT INTO chat_chats (id, name, owner) VALUES (:id, :name, '+111')"),
                {"id": number, "name": name},
            )
            connection.execute(
                text("INSERT INTO chat_members (chat, phone, since) VALUES (:id, '+111', :id)"),
                {"id": number},
            )
        connection.execute(
            text("INSERT INTO chat_users (phone, name) VALUES ('+111', :name)"), {"name": apart}
        )

    await migrate_to(empty_url, "0009")
    async with connected(empty_url) as connection:
        await connection.run_sync(fill)
        await connection.commit()
    await migrate(empty_url)
    async with open_chat(empty_url) as station:
        ann = await station.phone("+1 11", apart)
        names = [each["chat"]["name"] for each in ann.state["chats"]]
        assert names == [composed, f"{composed} (2)", "plain"]
        owner = ann.state["chats"][0]["chat"]["owner"]
        assert (owner["name"], owner["phone"]) == (composed, "+1 11")
        await ann.send(apart, "found by either spelling")
        assert (await ann.expect("message"))["chat"]["name"] == composed
