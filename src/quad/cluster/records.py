"""What crosses between a client's edge and the homes of what it speaks to, as values.

Clients have numbers, which their edge gives them. Each record is one MessagePack array that begins
with its tag, so that nodes of two versions understand each other as long as fields are only added.
"""

from typing import Any

import msgspec
from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder


class Record(Struct, frozen=True, array_like=True, gc=False):
    """Base of all records."""


# From the edge to the home


class Introduce(Record, frozen=True, tag=1):
    """The client, before the first of its events.

    `age_s`: since its last sign of life, at `told_at` in seconds since 1970.
    """

    client: int
    namespace: str
    id: str
    engine_id: str
    address: str
    has_certain_address: bool
    is_of_another_page: bool
    cookie: str
    auth: dict[str, Any]
    age_s: float
    told_at: float


class Happened(Record, frozen=True, tag=2):
    """An event of the client that has its turn; `args` is a JSON array.

    With attachments `values` holds the arguments instead: MessagePack of one array.
    """

    client: int
    key: str
    name: str
    args: bytes
    values: bytes | None
    ack_id: int | None


class Left(Record, frozen=True, tag=3):
    """The client hears nothing any more."""

    client: int
    age_s: float
    told_at: float


class Parted(Record, frozen=True, tag=4):
    """Its last event has come to its end: nothing follows."""

    client: int
    reason: str


class Heard(Record, frozen=True, tag=5):
    """How long ago clients gave their last sign of life, of those that gave one lately."""

    ages_s: list[tuple[int, float]]
    told_at: float


class Answered(Record, frozen=True, tag=6):
    """What a client has answered; None: nothing in time."""

    question: int
    value: list[Any] | None


# From the home to the edge


class Packet(Record, frozen=True, tag=10):
    """A packet of Socket.IO for the client."""

    client: int
    text: bytes
    attachments: list[bytes]


class Published(Record, frozen=True, tag=11):
    """A packet for all of the edge's subscribers of a topic but some."""

    namespace: str
    topic: str
    text: bytes
    attachments: list[bytes]
    skipped: list[int]


class Subscribe(Record, frozen=True, tag=12):
    """The client receives what is published to the topic from now on."""

    client: int
    topic: str


class Unsubscribe(Record, frozen=True, tag=13):
    """The client receives no more of it."""

    client: int
    topic: str


class Seat(Record, frozen=True, tag=14):
    """The client's further events to a system go to the home of this key; None: as before."""

    client: int
    system: str
    key: str | None


class Ended(Record, frozen=True, tag=15):
    """An event of the client has come to its end and was answered."""

    client: int


class Dismiss(Record, frozen=True, tag=16):
    """The client is sent away."""

    client: int
    reason: str


class Ask(Record, frozen=True, tag=17):
    """Whether the client lives or, with an event, what it acknowledges; `args` is a JSON array."""

    client: int
    question: int
    event: str | None
    args: bytes
    timeout_s: float


class SendAway(Record, frozen=True, tag=18):
    """The client's connection is closed as at the end of a server: it comes back."""

    client: int


# Of a hand-over, in this order; see `handover`


class Hold(Record, frozen=True, tag=30):
    """From the old home: hold events of these shards, which go to `taker`."""

    taker: int
    shards: list[int]
    nodes: list[int]
    """All that are asked, and the sender."""


class Held(Record, frozen=True, tag=31):
    """To the old home: it holds them, and all that it has sent of them is before this."""

    shards: list[int]


class Close(Record, frozen=True, tag=32):
    """From the old home: it has said its last word of these shards."""

    taker: int
    shards: list[int]


class Closed(Record, frozen=True, tag=33):
    """To the new home: all that the old one said is told; these clients are seated in them."""

    shards: list[int]
    clients: list[int]


class Seats(Record, frozen=True, tag=34):
    """From the old home to the new one: who has which seat, as the systems need it."""

    shards: list[int]
    seats: list[tuple[str, int, int, Any]]
    """The key, the client's edge and its number there, and what its system says of the seat."""
    sockets: list[tuple[str, int, int, Any, bytes]] = []
    """The same of raw connections, and what of their clients has come and was not read."""


class Opened(Record, frozen=True, tag=35):
    """From the home, new or as before: it takes events of these shards."""

    shards: list[int]


ToHome = Introduce | Happened | Left | Parted | Heard | Answered
OfHandover = Hold | Held | Close | Closed | Seats | Opened
ToEdge = Packet | Published | Subscribe | Unsubscribe | Seat | Ended | Dismiss | Ask | SendAway

_encode = Encoder().encode
AnyRecord = ToHome | ToEdge | OfHandover

_decode: Decoder[AnyRecord] = Decoder(AnyRecord)


class Unreadable(Exception):
    """The bytes are no record of this version."""


def encode(record: AnyRecord) -> bytes:
    """A record as bytes."""
    return _encode(record)


def decode(data: bytes) -> AnyRecord:
    """The record of the bytes. Raises Unreadable."""
    try:
        return _decode.decode(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Unreadable(str(error)) from None
