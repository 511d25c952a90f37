"""The first steps of a server, before it reads or writes anything."""

import errno
import os
import resource
import socket
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from msgspec import structs

from quad.cli.failures import Failed
from quad.identity import Keys
from quad.identity.keys import new_secret
from quad.private import make_directory, make_file, tighten, write_file
from quad.realtime.http.binding import bind
from quad.settings import ServerSettings, Settings
from quad.store import parse_url
from quad.store.ownership import Ownership, owner_name

_LEAST_FILES: Final = 64
# What SQLite keeps beside its file.
_BESIDE: Final = ("-wal", "-shm", "-journal")
_ASK_S: Final = 1.0
_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def check_descriptors() -> None:
    """Raises Failed if this process may not open the files and sockets that a start alone needs.

    Whatever needs one then fails in its own words, and none of them says why.
    """
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limit != resource.RLIM_INFINITY and limit < _LEAST_FILES:
        raise Failed(
            f"this process may open {limit} files and connections only (`ulimit -n`): a server "
            f"needs {_LEAST_FILES} at the least, and one more for each client"
        )


async def take_database(server: ServerSettings, url: str) -> Ownership:
    """Lock the database, and see that no other account can read what will be kept.

    Raises Failed, StoreError, OSError.
    """
    if server.database is None:
        make_directory(server.data)
    ownership = await Ownership.take(server.database_url, owner_name(url))
    database = parse_url(server.database_url)
    if database.get_backend_name() == "sqlite":
        file = Path(database.database or "")
        make_file(file)
        for ending in _BESIDE:
            tighten(file.with_name(file.name + ending))
    return ownership


def read_keys(server: ServerSettings) -> Keys:
    """What logins are signed with; made if there is nothing yet. Raises Failed, OSError."""
    if server.key_secret:
        return Keys(server.key_secret)
    path = server.key_path
    if path.exists():
        tighten(path)
        try:
            return Keys(path.read_text(encoding="utf-8").strip())
        except ValueError:
            raise Failed(f"{path} holds no key; without it the server makes a new one") from None
    if server.key_file is None:
        make_directory(server.data)
    secret = new_secret()
    write_file(path, f"{secret}\n")
    return Keys(secret)


async def take_address(server: ServerSettings, inherited: int | None = None) -> socket.socket:
    """The socket to serve: the inherited one, if its descriptor is given.

    Raises Failed if it is none of this machine, or somebody else has it, and OSError.
    """
    if inherited is not None:
        # A copy, which is closed: a worker that begins anew serves the same socket once more.
        return socket.socket(fileno=os.dup(inherited))
    try:
        return _listen(server, server.port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
    host = _ANY.get(server.host, server.host)
    url = f"http://[{host}]:{server.port}" if ":" in host else f"http://{host}:{server.port}"
    if await _is_quad(url):
        raise Failed(f"a Quad runs there already: {url} (another port: `--port`)")
    raise Failed(f"port {server.port} is in use by another program; take another with `--port`")


def stay_at(settings: Settings, url: str) -> Settings:
    """The settings by which a server that was at this address begins anew: at no other port."""
    server = structs.replace(settings.server, port=urlsplit(url).port)
    return structs.replace(settings, server=server)


async def share_address(server: ServerSettings, count: int) -> list[socket.socket]:
    """So many sockets that listen on the address together, each with a queue of its own.

    Raises Failed if it is none of this machine, or somebody else has it, and OSError.
    """
    if server.port:
        # Sockets that share an address let in whatever else of this account wants to share it,
        # a second Quad, too. One that does not share finds out.
        (await take_address(server)).close()
    first = _listen(server, server.port, is_shared=True)
    port = first.getsockname()[1]
    return [first, *(_listen(server, port, is_shared=True) for _ in range(count - 1))]


def node_name(settings: Settings, url: str, worker: int | None = None) -> str:
    """What others call this node: its own name, else its machine and port; workers by number."""
    name = settings.node.name or f"{socket.gethostname()}:{url.rpartition(':')[2]}"
    return name if worker is None else f"{name}/{worker}"


def _listen(server: ServerSettings, port: int, *, is_shared: bool = False) -> socket.socket:
    """See `bind`. Raises Failed if the host is no address of this machine, and OSError."""
    try:
        return bind(server.host, port, is_shared=is_shared)
    except (socket.gaierror, UnicodeError):
        pass
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
    raise Failed(
        f"{server.host} is no address of this machine: `--host` takes one, or 0.0.0.0 (all of "
        "IPv4) or :: (all)"
    )


async def _is_quad(url: str) -> bool:
    async with httpx.AsyncClient(timeout=_ASK_S, trust_env=False) as client:
        try:
            answer = await client.get(f"{url}/health")
            return bool(answer.json() == {"status": "ok"})
        except (httpx.HTTPError, ValueError):
            return False
