"""``quad admin``: the buildings, people and bots of nearby, chats and alert rooms, anywhere."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from quad.campus import BadCampus, Found, Space, read_campus
from quad.cli.administrator import Password, get, with_server
from quad.cli.failures import MISUSED, Failed
from quad.cli.remote import (
    DEFAULT_ADDRESS,
    Address,
    AsJson,
    Refusal,
    Remote,
    print_rows,
    segment,
)

app = typer.Typer(
    no_args_is_help=True,
    help="Look after nearby's buildings, people, bots and logs, after chats and alert rooms, on "
    "any server.\n\n"
    "The password is asked for, unless QUAD_ADMIN_PASSWORD or the address holds it. The server "
    "printed one when it was first started.",
    epilog="Examples:\n\n"
    "quad admin load campus.json --server https://quad.example.org\n\n"
    "quad admin bots\n\n"
    "quad admin authorise canteen\n\n"
    "quad admin logs --building 2448131360897",
)


@app.command(epilog="Example: quad admin load campus.csv --dry-run")
def load(
    *,
    file: Annotated[
        Path,
        typer.Argument(
            help="A campus file (JSON with containedSpaces: id, name, latitude, longitude, range), "
            "GeoJSON, or a table as CSV whose first line names these columns."
        ),
    ],
    is_dry: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of it, and change nothing.")
    ] = False,
    url: Address = DEFAULT_ADDRESS,
    password: Password = None,
) -> None:
    """Add the buildings of a campus, or change those that are there: all of them, or none."""
    found = _read_campus(file)
    if found.unnamed:
        typer.echo(f"quad: left out, for having no name: {found.unnamed}", err=True)
    if is_dry:
        _print_plan(found.spaces, get(url, password, "/API/admin/buildings/show/all"))
        return

    async def send(remote: Remote, auth: tuple[str, str]) -> None:
        body = {"containedSpaces": msgspec.to_builtins(found.spaces)}
        try:
            await remote.ask("/API/admin/buildings/load", body, auth)
        except Refusal as refusal:
            if refusal.status not in _NO_SUCH_ROUTE:
                raise
            await _send_one_by_one(remote, auth, found.spaces)

    with_server(url, password, send)
    print(f"{_counted(len(found.spaces))} loaded")


# What a server of the original answers to a route that it does not have.
_NO_SUCH_ROUTE = (404, 405)


async def _send_one_by_one(remote: Remote, auth: tuple[str, str], spaces: list[Space]) -> None:
    for space in spaces:
        try:
            await remote.ask("/API/admin/buildings/add", _plan(space), auth)
        except Refusal as refusal:
            raise Failed(f"building {space.id} ({space.name}): {refusal}") from None


def _print_plan(spaces: list[Space], present: list[dict[str, Any]]) -> None:
    known = {building["id"]: building for building in present}
    rows = []
    for plan in map(_plan, spaces):
        before = known.get(plan["id"])
        is_same = before is not None and all(before[key] == plan[key] for key in plan)
        becomes = "new" if before is None else "as it is" if is_same else "changed"
        rows.append({**plan, "becomes": becomes})
    columns = {"id": "Id", "name": "Name", "radious": "Radius in m", "becomes": "Becomes"}
    print_rows(rows, columns, "Nothing.")
    print("Nothing is changed: this was a dry run.")


def _counted(number: int) -> str:
    return f"{number} {'building' if number == 1 else 'buildings'}"


@app.command(epilog="Example: quad admin delete 2448131360897")
def delete(
    building: Annotated[str, typer.Argument(metavar="BUILDING", help="The building's id.")],
    url: Address = DEFAULT_ADDRESS,
    password: Password = None,
) -> None:
    """Delete a building. Its bots reach nobody until there is one with this id again."""

    async def send(remote: Remote, auth: tuple[str, str]) -> None:
        await remote.ask("/API/admin/buildings/delete", {"id": building}, auth)

    with_server(url, password, send)
    print(f"{building} is deleted")


@app.command(epilog="Example: quad admin buildings --json")
def buildings(
    *, url: Address = DEFAULT_ADDRESS, password: Password = None, as_json: AsJson = False
) -> None:
    """List the buildings."""
    rows = get(url, password, "/API/admin/buildings/show")
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
    print_rows(get(url, password, path), {"id": "Id"}, "Nobody.", as_json=as_json)


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

    rows = with_server(url, password, ask)
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
    print_rows(get(url, password, path), columns, "Nothing is logged.", as_json=as_json)


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

    made = with_server(url, password, ask)
    print(f"{made['code']} is the code for {made['phone']}, until {made['expires_at']}")


_SHOWN = 20


def _read_campus(file: Path) -> Found:
    """Raises Failed."""
    try:
        return read_campus(file.read_bytes())
    except BadCampus as bad:
        shown = [f"{file}: {problem}" for problem in bad.problems[:_SHOWN]]
        if len(bad.problems) > _SHOWN:
            shown.append(f"and {len(bad.problems) - _SHOWN} more")
        raise Failed("\n".join(shown)) from None
    except OSError as error:
        raise Failed(f"{file} cannot be read: {error.strerror}") from None


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

    with_server(url, password, send)
