"""Holds one client of socketIO-client 0.7.2; speaks the JSON lines of driver.cjs.

The library is of 2016, works in threads, speaks Engine.IO 3, begins with long-polling always and
knows no binary events.
"""

import json
import os
import sys
import threading
from typing import Any
from urllib.parse import urlsplit

from socketIO_client import SocketIO, SocketIONamespace

_writing = threading.Lock()


def report(**line: Any) -> None:
    with _writing:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


class Reporter(SocketIONamespace):  # type: ignore[misc]
    """Hands on whatever comes. The library calls `on_<event>` where there is such a method."""

    def on_connect(self) -> None:
        connected.set()
        report(kind="connect", id=self._io._engineIO_session.id, transport=self._io.transport_name)

    on_reconnect = on_connect

    def on_disconnect(self) -> None:
        connected.clear()
        report(kind="disconnect", reason="")

    def on_error(self, *args: Any) -> None:
        self.on_event("error", *args)

    def on_message(self, *args: Any) -> None:
        # Besides events called "message", the library passes each raw packet by this method.
        if not (args and isinstance(args[0], bytes)):
            self.on_event("message", *args)

    def on_event(self, event: str, *args: Any) -> None:
        if args and callable(args[-1]):
            *args, answer = args  # type: ignore[assignment]
            answer(*args)
        report(kind="event", event=event, args=list(args))


connected = threading.Event()
client: SocketIO = None


def hold(url: str, options: dict[str, Any]) -> None:
    global client
    parts = urlsplit(url)
    names = {"polling": "xhr-polling"}
    transports = [names.get(name, name) for name in options["transports"]]
    client = SocketIO(
        parts.hostname,
        parts.port,
        Namespace=Reporter,
        transports=transports,
        hurry_interval_in_seconds=0.2,
    )
    while True:
        client.wait(seconds=3600)


def emit(event: str, args: list[Any], ack: int | None = None) -> None:
    connected.wait()  # emitting without a connection would make a second one beside wait()'s
    if ack is None:
        client.emit(event, *args)
    else:
        client.emit(event, *args, lambda *answer: report(kind="ack", ack=ack, args=list(answer)))


def main() -> None:
    for line in sys.stdin:
        command = json.loads(line)
        action = command.pop("do")
        if action == "connect":
            threading.Thread(target=hold, kwargs=command, daemon=True).start()
        elif action == "emit":
            emit(**command)
        elif action == "burst":
            for args in command["each"]:
                emit(command["event"], args)
        else:
            connected.wait(5.0)
            client.disconnect()
            break
    # The library's threads and its exit handler would try to close what is closed.
    os._exit(0)


if __name__ == "__main__":
    main()
