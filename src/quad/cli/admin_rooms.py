"""``quad admin``: chats and alert rooms, listed and closed; keys of classes."""

from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from quad.cli.admin import app
from quad.cli.administrator import Password, get, with_server
from quad.cli.remote import DEFAULT_ADDRESS, Address, AsJson, Remote, print_rows

__all__ = ["app"]

_MOST = 500


@app.command(epilog="Example: quad admin chats --find ann")
def chats(
    *,
    find: Annotated[
        str, typer.Option("--find", metavar="TEXT", help="What a name or a number holds.")
    ] = "",
    url: Address = DEFAULT_ADDRESS,
    password: Password = None,
    as_json: AsJson = False,
) -> None:
    """List the chats, those that were used last first; 500 of them at most."""

    async def ask(remote: Remote, auth: tuple[str, str]) -> list[dict[str, Any]]:
        query = urlencode({"search": find, "limit": _MOST})
        page = await remote.ask(f"/API/admin/chats/find?{query}", auth=auth)
        return [each | {"owner": each["owner"]["name"]} for each in page["chats"]]

    columns = {
        "name": "Chat",
        "owner": "Owner",
        "members": "Members",
        "messages": "Messages",
        "last_at": "Last message",
    }
    rows = with_server(url, password, ask)
    print_rows(rows, columns, "There are no chats.", as_json=as_json)


@app.command(epilog="Example: quad admin rooms")
def rooms(
    *, url: Address = DEFAULT_ADDRESS, password: Password = None, as_json: AsJson = False
) -> None:
    """List the alert rooms, those with somebody in them first."""
    columns = {
        "code": "Room",
        "people": "People",
        "messages": "Messages",
        "last_at": "Last message",
    }
    rows = get(url, password, "/API/admin/rooms/show")
    print_rows(rows, columns, "There are no alert rooms.", as_json=as_json)


@app.command("close-chat", epilog='Example: quad admin close-chat "Lunch"')
def close_chat(
    name: Annotated[str, typer.Argument(metavar="CHAT", help="The chat's very name.")],
    url: Address = DEFAULT_ADDRESS,
    password: Password = None,
) -> None:
    """Delete a chat with its messages, for all its members."""
    _close(url, password, "/API/admin/chats/close", {"name": name})
    print(f"{name} is closed")


@app.command("close-room", epilog="Example: quad admin close-room R101")
def close_room(
    code: Annotated[str, typer.Argument(metavar="ROOM", help="The room's code.")],
    url: Address = DEFAULT_ADDRESS,
    password: Password = None,
) -> None:
    """Delete what was said in an alert room, and send everybody in it away."""
    _close(url, password, "/API/admin/rooms/close", {"code": code})
    print(f"{code} is closed")


@app.command("class-key", epilog="Example: quad admin class-key 817349")
def class_key(
    room: Annotated[int, typer.Argument(metavar="ROOM", help="The class's number.")],
    url: Address = DEFAULT_ADDRESS,
    password: Password = None,
) -> None:
    """Make a new key for the teacher of a class who has lost theirs; the old one is dead."""

    async def send(remote: Remote, auth: tuple[str, str]) -> str:
        made = await remote.ask("/API/admin/classes/key", {"room_id": room}, auth)
        return str(made["teacher"])

    print(with_server(url, password, send))


def _close(url: str, password: str | None, path: str, body: dict[str, str]) -> None:
    async def send(remote: Remote, auth: tuple[str, str]) -> None:
        await remote.ask(path, body, auth)

    with_server(url, password, send)
