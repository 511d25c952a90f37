"""The first steps of a server, before it reads or writes anything."""

import errno
import resource
import socket
from typing import Final

import httpx

from quad.cli.failures import Failed
from quad.realtime.binding import bind
from quad.settings import ServerSettings

_LEAST_FILES: Final = 64
_ASK_S: Final = 1.0
_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


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


async def take_address(server: ServerSettings) -> socket.socket:
    """The socket to serve. Raises Failed if somebody else has the address, and OSError."""
    try:
        return bind(server.host, server.port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
    host = _ANY.get(server.host, server.host)
    url = f"http://[{host}]:{server.port}" if ":" in host else f"http://{host}:{server.port}"
    if await _is_quad(url):
        raise Failed(f"a Quad runs there already: {url} (another port: `--port`)")
    raise Failed(f"port {server.port} is in use by another program; take another with `--port`")


async def _is_quad(url: str) -> bool:
    async with httpx.AsyncClient(timeout=_ASK_S, trust_env=False) as client:
        try:
            answer = await client.get(f"{url}/health")
            return bool(answer.json() == {"status": "ok"})
        except (httpx.HTTPError, ValueError):
            return False
