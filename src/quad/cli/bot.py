"""``quad bot``: a program that puts a notice to everyone in a building, again and again."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from quad.cli.failures import Failed
from quad.cli.link import Greeting, linked
from quad.cli.remote import (
    DEFAULT_ADDRESS,
    Address,
    Refusal,
    Remote,
    print_rows,
    read_secret,
    segment,
)
from quad.cli.stopping import told_to_stop

PASS_VARIABLE = "QUAD_BOT_PASS"
_RUNNING = "Bot currently running."

app = typer.Typer(
    no_args_is_help=True,
    help="Tell everyone in a building something, on any server.\n\n"
    "A bot is registered once for a building, authorised by the administrator, and then run.",
    epilog="Examples:\n\n"
    "quad bot register canteen 2448131360897 --server https://quad.example.org\n\n"
    "quad bot check canteen\n\n"
    'QUAD_BOT_PASS=… quad bot run canteen "Lunch is served" --every 600',
)

Bot = Annotated[str, typer.Argument(metavar="BOT", help="The bot's id.")]


@app.command(epilog="Example: quad bot check canteen")
def check(bot: Bot, url: Address = DEFAULT_ADDRESS) -> None:
    """Say whether a bot exists, is authorised, and is running.

    The code is 0 if it could be run now, else 1.
    """
    state = asyncio.run(_check(url, bot))
    print(state["state"])
    raise typer.Exit(0 if state["available"] else 1)


@app.command(epilog="Example: quad bot buildings")
def buildings(url: Address = DEFAULT_ADDRESS) -> None:
    """List the buildings that a bot may be for."""

    async def ask() -> list[dict[str, Any]]:
        async with Remote(url) as remote:
            rows: list[dict[str, Any]] = await remote.ask("/API/bot/show/buildings")
            return rows

    print_rows(asyncio.run(ask()), {"id": "Id", "name": "Name"}, "There are no buildings.")


@app.command(epilog="Example: quad bot register canteen 2448131360897")
def register(
    bot: Bot,
    building: Annotated[str, typer.Argument(metavar="BUILDING", help="The building's id.")],
    url: Address = DEFAULT_ADDRESS,
) -> None:
    """Make a new bot known, and print its password: it is shown this once."""

    async def ask() -> str:
        async with Remote(url) as remote:
            answer = await remote.ask("/API/bot/register", {"id": bot, "b_id": building})
            return str(answer["pass"])

    # Alone on standard output, for programs.
    print(asyncio.run(ask()))
    typer.echo(
        f"This is the password of {bot}; keep it. "
        f"The bot may send once the administrator has allowed it: quad admin authorise {bot}",
        err=True,
    )


@app.command(epilog='Example: quad bot run canteen "Lunch is served" --every 600')
def run(
    bot: Bot,
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="What everyone is told.")],
    every_s: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=0.05, help="How often.")
    ] = 60.0,
    password: Annotated[
        str | None,
        typer.Option(
            "--pass",
            metavar="WORD",
            help="The bot's password. Others on this machine may see flags: "
            f"rather set {PASS_VARIABLE}, or be asked.",
        ),
    ] = None,
    url: Address = DEFAULT_ADDRESS,
) -> None:
    """Send a message now and at intervals, until stopped with Ctrl-C or SIGTERM."""
    secret = read_secret(password, PASS_VARIABLE, f"Password of {bot}")
    asyncio.run(_run(url, bot, secret, message, every_s))


async def _check(url: str, bot: str) -> dict[str, Any]:
    async with Remote(url) as remote:
        state: dict[str, Any] = await remote.ask(f"/API/bot/check/{segment(bot)}")
        return state


async def _run(url: str, bot: str, secret: str, message: str, every_s: float) -> None:
    async with Remote(url) as remote:
        state = await remote.ask(f"/API/bot/check/{segment(bot)}")
        if not state["available"]:
            raise Failed(_advice(bot, state))

        async def prove() -> None:
            answer = await remote.ask("/API/bot/auth", {"id": bot, "pass": secret})
            if not answer["auth"]:
                raise Failed(f"this is not the password of {bot}")

        async with linked(remote.url, Greeting("new_bot", {"id": bot}, prove)) as link:
            print(f"{bot} is running", flush=True)
            sender = asyncio.create_task(_send_forever(remote, bot, secret, message, every_s))
            await _first_of(link, sender, told_to_stop())
    print(f"{bot} has stopped")


async def _send_forever(
    remote: Remote, bot: str, secret: str, message: str, every_s: float
) -> None:
    while True:
        await _send(remote, {"id": bot, "message": message, "pass": secret})
        await asyncio.sleep(every_s)


async def _send(remote: Remote, notice: dict[str, str]) -> None:
    try:
        state = await remote.ask("/API/bot/message", notice)
    except Refusal as refusal:
        if not refusal.may_pass:
            raise
        typer.echo(f"not sent: {refusal}", err=True)
    except Failed as failed:
        # The network may come back; the server's word would not change.
        typer.echo(f"not sent: {failed}", err=True)
    else:
        if not state["available"] and state["state"] != _RUNNING:
            raise Failed(_advice(notice["id"], state))


def _advice(bot: str, state: dict[str, Any]) -> str:
    if "new" in state:
        return f"there is no bot {bot} yet: quad bot register {bot} BUILDING"
    if "auth" in state:
        return f"{bot} is not authorised: quad admin authorise {bot}"
    return f"{bot} is running already"


async def _first_of(
    link: asyncio.Task[None], sender: asyncio.Task[None], stop: Coroutine[Any, Any, object]
) -> None:
    """Wait until one of them ends; if it failed, raise that."""
    stopper = asyncio.create_task(stop)
    await asyncio.wait({link, sender, stopper}, return_when=asyncio.FIRST_COMPLETED)
    for task in (sender, stopper):
        task.cancel()
    await asyncio.gather(sender, stopper, return_exceptions=True)
    for task in (link, sender):
        if task.done() and not task.cancelled():
            task.result()
