"""Asking a server as its administrator."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from quad.cli.remote import Remote, read_secret

NAME = "admin"
PASSWORD_VARIABLE = "QUAD_ADMIN_PASSWORD"

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


def get(url: str, password: str | None, path: str) -> list[dict[str, Any]]:
    """The rows that a route answers. Raises Failed."""

    async def ask(remote: Remote, auth: tuple[str, str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = await remote.ask(path, auth=auth)
        return rows

    return with_server(url, password, ask)


def with_server(
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
