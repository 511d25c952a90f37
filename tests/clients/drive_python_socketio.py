"""Holds one client of python-socketio; speaks the JSON lines of driver.cjs."""

import asyncio
import base64
import json
import sys
from typing import Any

import socketio


def report(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def packed(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple)):
        return [packed(item) for item in value]
    if isinstance(value, dict):
        return {key: packed(item) for key, item in value.items()}
    return value


def unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [unpacked(item) for item in value]
    if isinstance(value, dict):
        if isinstance(value.get("$bytes"), str):
            return base64.b64decode(value["$bytes"])
        return {key: unpacked(item) for key, item in value.items()}
    return value


class Driver:
    def __init__(self) -> None:
        self.client = socketio.AsyncClient(
            reconnection_delay=0.1,
            reconnection_delay_max=0.3,
            randomization_factor=0,
            handle_sigint=False,
        )
        self.client.on("connect", self.connected)
        self.client.on("disconnect", self.disconnected)
        self.client.on("connect_error", self.failed)
        self.client.on("*", self.received)

    async def connected(self) -> None:
        report(kind="connect", id=self.client.get_sid(), transport=self.client.transport())

    async def disconnected(self, reason: str) -> None:
        report(kind="disconnect", reason=reason)

    async def failed(self, error: Any) -> None:
        report(kind="failure", message=str(error))

    async def received(self, event: str, *args: Any) -> tuple[Any, ...]:
        report(kind="event", event=event, args=packed(args))
        return args

    async def connect(self, url: str, options: dict[str, Any]) -> None:
        await self.client.connect(
            url,
            transports=options.get("transports"),
            auth=options.get("auth"),
            socketio_path=options.get("path", "/socket.io").strip("/"),
            retry=True,
            wait_timeout=60,
        )

    async def emit(self, event: str, args: list[Any], ack: int | None = None) -> None:
        def acknowledged(*answer: Any) -> None:
            report(kind="ack", ack=ack, args=packed(answer))

        await self.client.emit(
            event, tuple(unpacked(args)), callback=acknowledged if ack is not None else None
        )

    async def burst(self, event: str, each: list[list[Any]]) -> None:
        for args in each:
            await self.client.emit(event, tuple(unpacked(args)))

    async def close(self) -> None:
        await self.client.disconnect()


async def main() -> None:
    driver = Driver()
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        await getattr(driver, command.pop("do"))(**command)
    await driver.close()


if __name__ == "__main__":
    asyncio.run(main())
