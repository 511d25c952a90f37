"""`python -m bench.attacks KEY --port N --seconds S`: what one hostile client sends, for so long.

Each attack is a few lines on raw sockets, and a row of `ATTACKS`. It may hold so many connections
and streams as the row says; it ends by itself at its deadline, and prints nothing.
"""

import argparse
import contextlib
import json
import resource
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

TIMEOUT_S = 10.0
HOST_LINE = b"Host: quad.example\r\n"
POLLING = b"/socket.io/?EIO=4&transport=polling"
WEBSOCKET = b"/socket.io/?EIO=4&transport=websocket"


class Attacker:
    """Where the server is, and until when it is attacked."""

    def __init__(self, port: int, seconds: float) -> None:
        self._port = port
        self._until = time.monotonic() + seconds

    def goes_on(self) -> bool:
        return time.monotonic() < self._until

    def hold(self) -> None:
        """Do nothing more until the end."""
        time.sleep(max(0.0, self._until - time.monotonic()))

    def connect(self) -> socket.socket:
        plug = socket.create_connection(("127.0.0.1", self._port), timeout=TIMEOUT_S)
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return plug

    def ask(self, request: bytes) -> bytes:
        """The first bytes of the answer to one request on a connection of its own."""
        with contextlib.suppress(OSError), self.connect() as plug:
            plug.sendall(request)
            return plug.recv(65_536)
        return b""

    def repeat(self, request: bytes, at_once: int = 1) -> None:
        """Ask the same on several connections, again and again."""
        while self.goes_on():
            plugs = []
            for _ in range(at_once):
                with contextlib.suppress(OSError):
                    plug = self.connect()
                    plugs.append(plug)
                    plug.sendall(request)
            for plug in plugs:
                with contextlib.suppress(OSError):
                    plug.recv(65_536)
                plug.close()

    def pour(self, head: bytes, more: bytes, at_once: int = 4) -> None:
        """Send `more` behind a head without end, on several connections."""
        plugs: list[socket.socket] = []
        while self.goes_on():
            while len(plugs) < at_once:
                plugs.append(self._started(head))
            for plug in list(plugs):
                try:
                    plug.send(more)
                except OSError:
                    plug.close()
                    plugs.remove(plug)

    def _started(self, head: bytes) -> socket.socket:
        plug = self.connect()
        plug.settimeout(0.05)
        with contextlib.suppress(OSError):
            plug.sendall(head)
        return plug

    def many(self, count: int, request: bytes) -> list[socket.socket]:
        """Up to so many connections that have sent this."""
        plugs: list[socket.socket] = []
        for _ in range(count):
            if not self.goes_on():
                break
            with contextlib.suppress(OSError):
                plug = self.connect()
                plugs.append(plug)
                plug.sendall(request)
        return plugs

    def polling(self) -> bytes:
        """The address of a new session on long-polling."""
        answer = b""
        with contextlib.suppress(OSError), self.connect() as plug:
            plug.sendall(get(POLLING))
            while more := plug.recv(65_536):
                answer += more
        opened = json.loads(answer[answer.index(b"{") :])
        return POLLING + b"&sid=" + str(opened["sid"]).encode()

    def post(self, body: bytes) -> None:
        """Deliver a body of packets in one session after the other."""
        while self.goes_on():
            with contextlib.suppress(ValueError):  # no session: too many, or the server is busy
                address = self.polling()
                self.ask(post(address, b"40"))
                for _ in range(5):
                    self.ask(post(address, body))

    def socket_io(self) -> socket.socket:
        """A WebSocket that has entered the main namespace."""
        plug = self.connect()
        plug.sendall(upgrade(WEBSOCKET))
        plug.recv(65_536)
        plug.sendall(text(b"40"))
        plug.recv(65_536)
        return plug

    def emit(self, *events: bytes) -> None:
        """As a teacher with a room: emit the last event again and again, the others once."""
        plug = self.socket_io()
        plug.sendall(text(b'42["room/create",{"name":"T"}]'))
        for event in events[:-1]:
            plug.sendall(text(event))
        while self.goes_on():
            try:
                plug.sendall(text(events[-1]))
                plug.settimeout(1.0)
                plug.recv(65_536)
            except TimeoutError:
                pass
            except OSError:
                plug = self.socket_io()
                plug.sendall(text(b'42["room/create",{"name":"T"}]'))

    def flood(self, address: bytes, frames: bytes) -> None:
        """Frames without end over one WebSocket, whatever comes back."""
        plug: socket.socket | None = None
        while self.goes_on():
            try:
                if plug is None:
                    plug = self.connect()
                    plug.sendall(upgrade(address))
                    plug.recv(65_536)
                    plug.settimeout(0.05)
                plug.send(frames)
            except TimeoutError:
                drain(plug)
            except OSError:
                plug = None


def drain(plug: socket.socket | None) -> bytes:
    """What has arrived, without waiting for more."""
    arrived = b""
    if plug is None:
        return arrived
    timeout = plug.gettimeout()
    plug.settimeout(0)  # with a timeout, Python waits for something to read
    with contextlib.suppress(OSError):
        for _ in range(100):  # not for ever: it may be sent more as fast as it reads
            more = plug.recv(65_536)
            if not more:
                break
            arrived += more
    plug.settimeout(timeout)
    return arrived


def get(address: bytes, lines: bytes = b"Connection: close\r\n") -> bytes:
    return b"GET " + address + b" HTTP/1.1\r\n" + HOST_LINE + lines + b"\r\n"


def post(address: bytes, body: bytes) -> bytes:
    lines = b"Connection: close\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n" % len(body)
    return b"POST " + address + b" HTTP/1.1\r\n" + HOST_LINE + lines + b"\r\n" + body


def chunked(address: bytes) -> bytes:
    return b"POST " + address + b" HTTP/1.1\r\n" + HOST_LINE + b"Transfer-Encoding: chunked\r\n\r\n"


def upgrade(address: bytes, lines: bytes = b"") -> bytes:
    return get(
        address,
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + lines,
    )


def frame(first: int, data: bytes = b"") -> bytes:
    """A frame under the mask 0, which changes nothing."""
    if len(data) < 126:
        head = struct.pack("!BB", first, 0x80 | len(data))
    elif len(data) < 65_536:
        head = struct.pack("!BBH", first, 0x80 | 126, len(data))
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, len(data))
    return head + bytes(4) + data


def text(data: bytes) -> bytes:
    return frame(0x81, data)


def steps(content: str) -> bytes:
    return b'42["steps/all",' + json.dumps([{"name": "1", "content": content}]).encode() + b"]"


# --- heads and bodies -----------------------------------------------------------------------------


def many_headers(attacker: Attacker) -> None:
    lines = b"a:b\r\n" * 25_000 + b"Connection:x\r\n" * 8_500
    attacker.repeat(get(b"/health", lines), at_once=4)


def allowed_headers(attacker: Attacker) -> None:
    lines = b"a:b\r\n" * 6_000 + b"Connection:x\r\n" * 2_300
    attacker.repeat(get(b"/health", lines), at_once=4)


def long_heads(attacker: Attacker) -> None:
    attacker.repeat(get(b"/health", b"X: " + b"y" * 180_000 + b"\r\n"), at_once=20)


def trailers(attacker: Attacker) -> None:
    attacker.pour(chunked(b"/v1/rooms/hall/messages") + b"0\r\n", b"a:b\r\n" * 20_000)


def long_trailer(attacker: Attacker) -> None:
    attacker.pour(chunked(b"/v1/rooms/hall/messages") + b"0\r\na:", b"b" * 100_000)


def chunk_extension(attacker: Attacker) -> None:
    attacker.pour(chunked(b"/v1/rooms/hall/messages") + b"1;", b"x" * 100_000)


def ends_of_heads(attacker: Attacker) -> None:
    chunk = b"\r\n" * 50_000
    body = b"%x\r\n%b\r\n" % (len(chunk), chunk)
    attacker.repeat(chunked(b"/v1/rooms/hall/messages") + body * 9 + b"0\r\n\r\n", at_once=4)


def requests_ahead(attacker: Attacker) -> None:
    attacker.repeat(get(b"/nowhere", b"") * 20_000, at_once=4)


def slow_heads(attacker: Attacker) -> None:
    plugs = attacker.many(1_000, b"GET / HTTP/1.1\r\n")
    drip(attacker, plugs, b"a:b\r\n", every_s=2.0)


def slow_bodies(attacker: Attacker) -> None:
    head = post(b"/v1", b"x" * 50_000).removesuffix(b"x" * 50_000)
    plugs: list[socket.socket] = []
    while attacker.goes_on():
        plugs += attacker.many(1_000 - len(plugs), head)
        plugs = dripped(plugs, b"x")
        time.sleep(1.0)


def half_bodies(attacker: Attacker) -> None:
    """All but one thousand bytes of many bodies."""
    most = post(b"/v1", b"x" * 60_000).removesuffix(b"x" * 1_000)
    plugs: list[socket.socket] = []
    while attacker.goes_on():
        plugs = dripped(plugs, b"x") + attacker.many(min(50, 1_000 - len(plugs)), most)
        time.sleep(0.05)


def drip(attacker: Attacker, plugs: list[socket.socket], data: bytes, every_s: float) -> None:
    while attacker.goes_on():
        plugs = dripped(plugs, data)
        time.sleep(every_s)


def dripped(plugs: Sequence[socket.socket], data: bytes) -> list[socket.socket]:
    """Those that still take it."""
    alive = []
    for plug in plugs:
        try:
            plug.sendall(data)
            alive.append(plug)
        except OSError:
            plug.close()
    return alive


def streams(attacker: Attacker) -> None:
    plugs = attacker.many(2_000, get(b"/roomstats/1/events", b""))
    attacker.hold()
    del plugs


# --- WebSockets -----------------------------------------------------------------------------------


def large_handshakes(attacker: Attacker) -> None:
    lines = (b"X: " + b"y" * 6_000 + b"\r\nCookie: a=" + b"b" * 6_000 + b"\r\n") * 5
    plugs = attacker.many(1_000, upgrade(b"/chat/ws", lines))
    attacker.hold()
    del plugs


def pings(attacker: Attacker) -> None:
    attacker.flood(WEBSOCKET, frame(0x89) * 20_000)


def pongs(attacker: Attacker) -> None:
    attacker.flood(b"/chat/ws", frame(0x8A) * 20_000)


def fragments(attacker: Attacker) -> None:
    attacker.flood(WEBSOCKET, frame(0x01, b"4") + frame(0x00) * 20_000)


def control_frames_between(attacker: Attacker) -> None:
    attacker.flood(WEBSOCKET, frame(0x01, b"4") + (frame(0x89) + frame(0x8A)) * 20_000)


def binary_frames(attacker: Attacker) -> None:
    attacker.flood(WEBSOCKET, text(b"40") + frame(0x82, b"x") * 20_000)


def packets(attacker: Attacker) -> None:
    attacker.flood(WEBSOCKET, text(b"40") + text(b"3") * 20_000)


def chat_frames(attacker: Attacker) -> None:
    attacker.flood(b"/chat/ws", text(b"{}") * 20_000)


# --- packets --------------------------------------------------------------------------------------


def posted_pongs(attacker: Attacker) -> None:
    attacker.post(b"\x1e".join([b"3"] * 490_000))


def posted_events(attacker: Attacker) -> None:
    attacker.post(b"\x1e".join([b'42["x"]'] * 110_000))


def posted_connects(attacker: Attacker) -> None:
    attacker.post(b"\x1e".join([b"40/x,"] * 150_000))


def deep_json(attacker: Attacker) -> None:
    attacker.emit(b'42["steps/all",' + b"[" * 450_000 + b"]" * 450_000 + b"]")


def objects(attacker: Attacker) -> None:
    attacker.emit(b'42["steps/all",' + b'{"a":' * 120_000 + b"1" + b"}" * 120_000 + b"]")


def long_ack_id(attacker: Attacker) -> None:
    attacker.emit(b"42" + b"9" * 999_000 + b'["x"]')


def idle_handshakes(attacker: Attacker) -> None:
    opened = 0
    while attacker.goes_on() and opened < 4_999:
        with contextlib.suppress(OSError), attacker.connect() as plug:
            while attacker.goes_on() and opened < 4_999:
                plug.sendall(get(POLLING, b""))
                if not plug.recv(65_536).startswith(b"HTTP/1.1 200"):
                    break
                opened += 1
    attacker.hold()


# --- the classroom --------------------------------------------------------------------------------


def attributes(attacker: Attacker) -> None:
    names = " ".join(f"a{number}" for number in range(145_000))
    attacker.emit(steps(f"<p {names}>x</p>"))


def nested_html(attacker: Attacker) -> None:
    attacker.emit(steps("<div>" * 90_000 + "x"))


def broken_html(attacker: Attacker) -> None:
    attacker.emit(steps("<" * 900_000))


def entities(attacker: Attacker) -> None:
    attacker.emit(steps("&amp;<b title='&lt;" * 50_000))


def patterns(attacker: Attacker) -> None:
    lines = "\n".join("*" * 30 + f"{number}/" for number in range(24_000))
    attacker.emit(b'42["settings",' + json.dumps({"files_to_ignore": lines}).encode() + b"]")


def small_files(attacker: Attacker) -> None:
    teacher = attacker.socket_io()
    teacher.sendall(text(b'42["room/create",{"name":"T"}]'))
    answer = b""
    while b'"id":' not in answer:
        answer += teacher.recv(65_536)
    room = int(answer.partition(b'"id":')[2].partition(b",")[0].rstrip(b"}]"))
    student = attacker.socket_io()
    student.sendall(text(b'42["room/join",{"room_id":%d,"name":"S"}]' % room))
    number = relayed = 0
    while attacker.goes_on():
        files = [
            {"filename": f"f{number}-{each}.py", "status": "CREATED", "content": "x"}
            for each in range(50)
        ]
        number += 1
        payload = json.dumps({"room_id": room, "files": files}).encode()
        # A student has 2,000 files at most; `code_send` replaces all before it.
        event = b"code_update" if (number - 1) % 40 else b"code_send"
        student.sendall(text(b'42["sharing/' + event + b'",' + payload + b"]"))
        drain(student)
        relayed += drain(teacher).count(b'42["sharing/code_')
        time.sleep(0.005)
    # Else the row would measure nothing. What is under way at the end does not count.
    assert relayed > number // 2, f"{relayed} of {number} bursts reached the teacher"


def warm_up(port: int) -> None:
    """What ordinary clients do, so that what is loaded or remembered once is no attack's growth."""
    client = Attacker(port, 60.0)
    for _ in range(50):
        client.ask(get(b"/health"))
        client.ask(get(b"/roomstats/1"))
        client.ask(get(b"/roomstats/1/events"))
        client.ask(post(b"/v1", b"name=a"))
        client.ask(post(client.polling(), b"40"))
    teacher = client.socket_io()
    teacher.sendall(text(b'42["room/create",{"name":"T"}]') + text(steps("<p>x</p>")))
    teacher.recv(65_536)
    for plug in client.many(50, get(b"/roomstats/1/events", b"")):
        plug.recv(65_536)
        plug.close()
    teacher.close()


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A row: what one address may hold meanwhile, and how many descriptors the server has."""

    run: Callable[[Attacker], None]
    title: str
    seconds: float = 8.0
    connections: int = 0
    streams: int = 0
    descriptors: int | None = None

    @property
    def key(self) -> str:
        return self.run.__name__.replace("_", "-")


ATTACKS: Sequence[Attack] = (
    Attack(run=many_headers, title="33,500 header lines in one write"),
    Attack(run=allowed_headers, title="8,300 header lines in 62 kB"),
    Attack(run=long_heads, title="heads of 180 kB in one write"),
    Attack(run=trailers, title="trailers without end"),
    Attack(run=long_trailer, title="one trailer without end"),
    Attack(run=chunk_extension, title="a chunk extension without end"),
    Attack(run=ends_of_heads, title="bodies of empty lines"),
    Attack(run=requests_ahead, title="20,000 requests in one write"),
    Attack(run=slow_heads, title="1,000 slow heads", seconds=15, connections=1_000),
    Attack(
        run=slow_bodies,
        title="1,000 slow bodies, 1,024 descriptors",
        seconds=30,
        connections=1_000,
        descriptors=1_024,
    ),
    Attack(run=half_bodies, title="1,000 bodies all but whole", connections=1_000),
    Attack(run=streams, title="2,000 streams of room results", seconds=15, streams=500),
    Attack(run=large_handshakes, title="1,000 WebSockets with heads of 60 kB", connections=1_000),
    Attack(run=pings, title="WebSocket pings"),
    Attack(run=pongs, title="WebSocket pongs"),
    Attack(run=fragments, title="WebSocket fragments without data"),
    Attack(run=control_frames_between, title="pings and pongs between fragments"),
    Attack(run=binary_frames, title="binary frames that nobody waits for"),
    Attack(run=packets, title="Engine.IO pongs as frames"),
    Attack(run=chat_frames, title="chat frames that are no operations"),
    Attack(run=posted_pongs, title="POSTs of 490,000 pongs"),
    Attack(run=posted_events, title="POSTs of 110,000 events"),
    Attack(run=posted_connects, title="POSTs of 150,000 CONNECTs"),
    Attack(run=deep_json, title="JSON of 450,000 arrays in each other"),
    Attack(run=objects, title="JSON of 120,000 objects in each other"),
    Attack(run=long_ack_id, title="an ack id of 999,000 digits"),
    Attack(run=idle_handshakes, title="4,999 idle handshakes", seconds=20, connections=4_999),
    Attack(run=attributes, title="an element of 145,000 attributes"),
    Attack(run=nested_html, title="90,000 elements in each other"),
    Attack(run=broken_html, title="HTML of 900,000 beginnings"),
    Attack(run=entities, title="HTML of entities and open quotes"),
    Attack(run=patterns, title="24,000 patterns to ignore"),
    Attack(run=small_files, title="a burst of small files", seconds=60),
)


def by_key(key: str) -> Attack:
    return next(attack for attack in ATTACKS if attack.key == key)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("key", choices=[attack.key for attack in ATTACKS])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        by_key(options.key).run(Attacker(options.port, options.seconds))
    except OSError as error:  # the server does not let it in any more: that is an end as well
        print(f"{options.key}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
