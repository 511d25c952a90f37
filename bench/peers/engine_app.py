"""The bench's program on Quad's engine: join a room, say to the room, tell the leader."""

import sys

from quad.realtime import Client, Host, Payload, SocketServer, run

server = SocketServer()
leaders: list[Client] = []


class Words(Payload, frozen=True, kw_only=True):
    text: str


class Entry(Payload, frozen=True, kw_only=True):
    pass


@server.on("lead")
def lead(client: Client, _request: Entry) -> None:
    leaders.append(client)
    client.emit("led", {})


@server.on("join")
def join(client: Client, _request: Entry) -> None:
    client.subscribe("room")
    client.emit("joined", {})


@server.on("say")
def say(_client: Client, words: Words) -> None:
    server.publish("room", "said", words)


@server.on("tell")
def tell(_client: Client, words: Words) -> None:
    leaders[-1].emit("told", words)


def main() -> None:
    run(Host({"/socket.io/": server.engine}), port=int(sys.argv[1]))


if __name__ == "__main__":
    main()
