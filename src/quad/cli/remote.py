"""A Quad server somewhere, asked over HTTP; whatever goes wrong is a sentence."""

import json
import os
import ssl
import sys
from getpass import getpass
from types import TracebackType
from typing import Annotated, Any, Self
from urllib.parse import quote, unquote, urlunsplit

import httpx
import typer
from rich.console import Console
from rich.table import Table

from quad.cli.failures import Failed
from quad.cli.reaching import Proxy, address_of, unreachable, way_to

URL_VARIABLE = "QUAD_URL"
_TIMEOUT_S = 15.0

Address = Annotated[
    str,
    typer.Option(
        "--server",
        "--url",
        metavar="URL",
        envvar=URL_VARIABLE,
        help="Address of the server; it may hold name:password@.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DEFAULT_ADDRESS = "http://127.0.0.1:8000"


class Remote:
    """A server by its address. Credentials in the address become headers, and are never shown."""

    def __init__(self, address: str) -> None:
        """Raises Failed if it is no address, or the way to it is barred."""
        parts = address_of(address if "://" in address else f"http://{address}")
        if parts is None or parts.scheme not in ("http", "https"):
            raise Failed("the address of the server must look like http://quad.example.org")
        host = parts.netloc.rpartition("@")[2]
        self.url = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self.name = unquote(parts.username or "")
        self.password = unquote(parts.password or "")
        self._proxy, trust = way_to(self.url)
        proxy = self._proxy and httpx.Proxy(
            self._proxy.url, ssl_context=_if_over_tls(self._proxy, trust)
        )
        # What the environment says was read above.
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT_S, proxy=proxy, verify=trust or False, trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def ask(self, path: str, body: object = None, auth: tuple[str, str] | None = None) -> Any:  # noqa: ANN401 - any JSON
        """The answer to a GET or, with a body, to a POST. Raises Unreachable, Refusal, Failed."""
        method = "GET" if body is None else "POST"
        try:
            response = await self._client.request(
                method, self.url + path, auth=_header_of(auth), json=body
            )
        except httpx.HTTPError as error:
            raise unreachable(self.url, _with_time(error), self._proxy) from None
        except (httpx.InvalidURL, UnicodeError):
            raise Failed(f"{self.url} is no address") from None
        if response.is_success:
            return _decode(self.url, response)
        raise Refusal(self.url, response)


class Refusal(Failed):
    """The server has declined; `status` is HTTP's."""

    def __init__(self, url: str, response: httpx.Response) -> None:
        self.status = response.status_code
        # Too much, or something broken: not the server's last word.
        self.may_pass = self.status == 429 or self.status >= 500
        super().__init__(f"{url} refuses: {_detail(response)}")


def segment(text: str) -> str:
    """An id as a part of a path."""
    return quote(text, safe="")


def read_secret(given: str | None, variable: str, prompt: str) -> str:
    """A password: the flag's, else the variable's, else asked for without showing it.

    Raises Failed if nobody can be asked.
    """
    secret = given or os.environ.get(variable)
    if secret:
        return secret
    if not sys.stdin.isatty():
        raise Failed(f"a password is needed: set {variable}")
    return getpass(f"{prompt}: ")


def print_rows(
    rows: list[dict[str, Any]], columns: dict[str, str], nothing: str, *, as_json: bool = False
) -> None:
    """Rows as a table whose columns are keys and titles; or as JSON, whole."""
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if not rows:
        print(nothing)
        return
    table = Table(*columns.values(), header_style="bold")
    for row in rows:
        # Cells come from other people: they are no markup.
        table.add_row(*(_cell(row.get(key)) for key in columns))
    # Whoever reads from a pipe wants whole lines.
    console = Console(markup=False, highlight=False)
    console.print(table)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    # Neither are they allowed to steer the terminal.
    return "".join(character if character.isprintable() else " " for character in text)


def _header_of(auth: tuple[str, str] | None) -> httpx.BasicAuth | None:
    return httpx.BasicAuth(*auth) if auth else None


def _decode(url: str, response: httpx.Response) -> Any:  # noqa: ANN401 - any JSON
    try:
        return response.json()
    except ValueError:
        raise Failed(f"{url} is no Quad server, or not one that this program knows") from None


def _detail(response: httpx.Response) -> str:
    try:
        detail = response.json()["detail"]
    except (ValueError, TypeError, LookupError):
        return f"status {response.status_code}"
    return _cell(detail)


def _with_time(error: httpx.HTTPError) -> BaseException:
    return TimeoutError() if isinstance(error, httpx.TimeoutException) else error


def _if_over_tls(proxy: Proxy, trust: ssl.SSLContext | None) -> ssl.SSLContext | None:
    return trust if proxy.url.startswith("https:") else None
