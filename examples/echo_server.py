"""A server for programs that test the protocols: it sends back what it gets.

At /socket.io/ the namespaces "/" and "/custom" emit `auth` with the handshake's auth object;
on "/" `message` comes back as `message-back` and `message-with-ack` as an acknowledgement.
At /engine.io/ every message of plain Engine.IO comes back unchanged.
"""

import argparse
from typing import Any

from quad.realtime import (
    Client,
    Engine,
    EngineOptions,
    Host,
    Session,
    SocketServer,
    run,
)
from quad.wire.engineio import Binary, Text


def make_socket_server(options: EngineOptions) -> SocketServer:
    """The Socket.IO half."""
    server = SocketServer(options)

    def greet(client: Client) -> None:
        client.emit("auth", client.auth)

    for namespace in ("/", "/custom"):
        server.on_connect(greet, namespace=namespace)

    @server.on("message")
    def echo(client: Client, *args: Any) -> None:
        client.emit("message-back", *args)

    @server.on("message-with-ack")
    def acknowledge(_client: Client, *args: Any) -> tuple[Any, ...]:
        return args

    return server


class Echo:
    """The listener of one Engine.IO session."""

    # Nothing waits here to be handled.
    is_crowded = False

    def __init__(self, session: Session) -> None:
        self.session = session

    def text_received(self, text: str) -> None:
        """Send it back."""
        self.session.send_packet(Text(text))

    def binary_received(self, data: bytes) -> None:
        """Send it back."""
        self.session.send_packet(Binary(data))

    def session_closed(self, reason: str) -> None:
        """There is nothing to clean up."""

    def leave_topics(self) -> None:
        """There are none."""

    def return_to_topics(self) -> None:
        """There are none."""


class EchoApplication:
    """The Engine.IO half."""

    def session_opened(self, session: Session) -> Echo:
        """Everybody gets an echo."""
        return Echo(session)


def make_engines(options: EngineOptions) -> dict[str, Engine]:
    """Both halves, by their paths."""
    return {
        "/socket.io/": make_socket_server(options).engine,
        "/engine.io/": Engine(EchoApplication(), options),
    }


def make_parser() -> argparse.ArgumentParser:
    """The command line: the port, and numbers of the engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ping-interval-ms", type=int, default=25_000)
    parser.add_argument("--ping-timeout-ms", type=int, default=20_000)
    parser.add_argument("--connect-timeout-ms", type=int, default=45_000)
    parser.add_argument("--upgrade-timeout-ms", type=int, default=10_000)
    parser.add_argument("--max-payload", type=int, default=1_000_000)
    return parser


def options_of(arguments: argparse.Namespace) -> EngineOptions:
    """The engine's numbers, as the command line has them."""
    return EngineOptions(
        ping_interval_ms=arguments.ping_interval_ms,
        ping_timeout_ms=arguments.ping_timeout_ms,
        connect_timeout_ms=arguments.connect_timeout_ms,
        upgrade_timeout_ms=arguments.upgrade_timeout_ms,
        max_payload_bytes=arguments.max_payload,
    )


def main() -> None:
    """Read the command line and serve until stopped."""
    arguments = make_parser().parse_args()
    run(Host(make_engines(options_of(arguments))), port=arguments.port)


if __name__ == "__main__":
    main()
