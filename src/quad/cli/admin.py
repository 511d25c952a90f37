"""``quad admin``: the buildings, people and bots of nearby, and the chat's phones, anywhere."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from quad.campus import Space, read_campus
from quad.cli.failures import MISUSED, Failed
from quad.cli.remote import (
    DEFAULT_ADDRESS,
    Address,
    AsJson,
    Refusal,
    Remote,
    print_rows,
    read_secret,
    segment,
)

NAME = "admin"
PASSWORD_VARIABLE = "QUAD_ADMIN_PASSWORD"

app = typer.Typer(
    no_args_is_help=True,
    help="Look after nearby's buildings, people, bots and logs, and the chat's phones, on any "
    "server.\n\n"
    "The password is asked for, unless QUAD_ADMIN_PASSWORD or the address holds it. The server "
    "printed one when it was first started.",
    epilog="Examples:\n\n"
    "quad admin load campus.json --server https://quad.example.org\n\n"
    "quad admin bots\n\n"
    "quad admin authorise canteen\n\n"
    "quad admin logs --building 2448131360897",
)

Password = Annotated[
    str | None,
    typer.Option(
        "--password",
        metavar="WORD",
        help="The administrator's password. Others on this machine may see flags: "
        f"rather set {PASSWORD_VARIABLE}, or be asked.",
    ),
]
T = TypeVar("T")


@app.command(epilog="Example: quad admin load campus.json")
def load(
    file: Annotated[
        Path,
        typer.Argument(
            help='JSON: {"containedSpaces": [{"id", "name", "latitude", "longitude", "range"}]}'
        ),
    ],
    url: Address = DEFAULT_ADDRESS,
    password: Password = None,
) -> None:
    """Add the buildings of a campus, or change those that are there already."""
    spaces = _read_campus(file)

    async def send(remote: Remote, auth: tuple[str, str]) -> None:
        for space in spaces:
            try:
                await remote.ask("/API/admin/buildings/add", _plan(space), auth)
            except Refusal as refusal:
                raise Failed(f"building {space.id} ({space.name}): {refusal}") from None

    _with_server(url, password, send)
    print(f"{len(spaces)} {'building' if len(spaces) == 1 else 'buildings'} loaded")


@app.command(epilog="Example: quad admin buildings --json")
def buildings(
    *, url: Address = DEFAULT_ADDRESS, password: Password = None, as_json: AsJson = False
) -> None:
    """List the buildings."""
    rows = _get(url, password, "/API/admin/buildings/show")
    print_rows(rows, {"id": "Id", "name": "Name"}, "There are no buildings.", as_json=as_json)


@app.command(epilog="Example: quad admin users --building 2448131360897")
def users(
    *,
    is_online: Annotated[bool, typer.Option("--online", help="Only who is online.")] = False,
    building: Annotated[
        str | None, typer.Option("--building", metavar="ID", help="Only who is online there.")
    ] = None,
    url: Address = DEFAULT_ADDRESS,
    password: Password = None,
    as_json: AsJson = False,
) -> None:
    """List people: everybody, or who is online, or who is in a building."""
    path = "/API/admin/users/show"
    if building is not None:
        path += f"/building/{segment(building)}"
    elif is_online:
        path += "/online"
    print_rows(_get(url, password, path), {"id": "Id"}, "Nobody.", as_json=as_json)


@app.command(epilog="Example: quad admin bots")
def bots(
    *, url: Address = DEFAULT_ADDRESS, password: Password = None, as_json: AsJson = False
) -> None:
    """List bots, and whether they are authorised."""

    async def ask(remote: Remote, auth: tuple[str, str]) -> list[dict[str, Any]]:
        rows = []
        for state, shown in ((1, "yes"), (0, "no")):
            answer = await remote.ask(f"/API/admin/bots/show/auth/{state}", auth=auth)
            rows += [{"id": bot["id"], "authorised": shown} for bot in answer]
        return rows

    rows = _with_server(url, password, ask)
    print_rows(
        rows, {"id": "Id", "authorised": "Authorised"}, "There are no bots.", as_json=as_json
    )


Bot = Annotated[str, typer.Argument(metavar="BOT", help="The bot's id.")]


@app.command(epilog="Example: quad admin authorise canteen")
def authorise(bot: Bot, url: Address = DEFAULT_ADDRESS, password: Password = None) -> None:
    """Allow a bot to send messages to its building."""
    _set_authorisation(url, password, bot, state=True)
    print(f"{bot} may send")


@app.command(epilog="Example: quad admin disallow canteen")
def disallow(bot: Bot, url: Address = DEFAULT_ADDRESS, password: Password = None) -> None:
    """Forbid a bot to send messages."""
    _set_authorisation(url, password, bot, state=False)
    print(f"{bot} may not send any more")


@app.command(epilog="Example: quad admin logs --user ist123456")
def logs(
    *,
    user: Annotated[
        str | None, typer.Option("--user", metavar="ID", help="What this person did.")
    ] = None,
    building: Annotated[
        str | None, typer.Option("--building", metavar="ID", help="What bots said there.")
    ] = None,
    url: Address = DEFAULT_ADDRESS,
    password: Password = None,
    as_json: AsJson = False,
) -> None:
    """Show the last ten lines of a person's or a building's log, newest first."""
    columns = {"timestamp": "Time (UTC)", "bot_id": "Bot", "message": "Message"}
    if user is not None and building is None:
        path = f"/API/admin/logs/show/user/{segment(user)}"
        del columns["bot_id"]
    elif building is not None and user is None:
        path = f"/API/admin/logs/show/building/{segment(building)}"
    else:
        typer.echo("quad: say whose log: --user ID, or --building ID", err=True)
        raise typer.Exit(MISUSED)
    print_rows(_get(url, password, path), columns, "Nothing is logged.", as_json=as_json)


@app.command("chat-code", epilog='Example: quad admin chat-code "+49 170 1234567"')
def chat_code(
    phone: Annotated[str, typer.Argument(metavar="PHONE", help="The phone, in any spelling.")],
    url: Address = DEFAULT_ADDRESS,
    password: Password = None,
) -> None:
    """Make a code that hands a phone of the chat over, or resets its token.

    It is good for one use, within 24 hours: entered in place of the key (sent as token in
    register) it brings a new one, and ends the old one with all connections of the phone. Make
    sure that whoever gets it owns the phone.
    """

    async def ask(remote: Remote, auth: tuple[str, str]) -> dict[str, Any]:
        made: dict[str, Any] = await remote.ask("/API/admin/chats/code", {"phone": phone}, auth)
        return made

    made = _with_server(url, password, ask)
    print(f"{made['code']} is the code for {made['phone']}, until {made['expires_at']}")


def _read_campus(file: Path) -> list[Space]:
    """Raises Failed."""
    try:
        return read_campus(file.read_bytes())
    except msgspec.DecodeError as error:
        raise Failed(f"{file} is not the JSON of a campus: {error}") from None


def _plan(space: Space) -> dict[str, Any]:
    return {
        "id": str(space.id),
        "name": space.name,
        "latitude": space.latitude,
        "longitude": space.longitude,
        "radious": space.range,
    }


def _set_authorisation(url: str, password: str | None, bot: str, *, state: bool) -> None:
    async def send(remote: Remote, auth: tuple[str, str]) -> None:
        await remote.ask("/API/admin/bots/update/auth", {"id": bot, "state": state}, auth)

    _with_server(url, password, send)


def _get(url: str, password: str | None, path: str) -> list[dict[str, Any]]:
    async def ask(remote: Remote, auth: tuple[str, str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = await remote.ask(path, auth=auth)
        return rows

    return _with_server(url, password, ask)


def _with_server(
    url: str, password: str | None, work: Callable[[Remote, tuple[str, str]], Awaitable[T]]
) -> T:
    """Do the work with the administrator's credentials. Raises Failed."""

    async def run() -> T:
        async with Remote(url) as remote:
            name = remote.name or NAME
            secret = password or os.environ.get(PASSWORD_VARIABLE) or remote.password
            secret = read_secret(secret, PASSWORD_VARIABLE, f"Password of {name} at {remote.url}")
            return await work(remote, (name, secret))

    return asyncio.run(run())
