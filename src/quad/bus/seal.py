"""What goes over the bus, signed: who sent it to whom, and where it stands in which stream.

A message is the keyed BLAKE2b of all that follows, a fixed head, and a body:

    signature 16 | kind 1 | sender 8 | receiver 8 | stream 8 | number 8 | acknowledged 8 | body

A beat goes to everybody (receiver 0). Its number counts the beats, and its body says of every
peer's stream what a batch to that peer would say.
"""

import struct
from collections.abc import Mapping
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, NamedTuple

import msgspec

_HEAD: Final = struct.Struct("<BQQQQQ")
_SIGNATURE_BYTES: Final = 16
# What a message is longer than its body.
HEAD_BYTES: Final = _SIGNATURE_BYTES + _HEAD.size
_EVERYBODY: Final = 0

# Kinds. The next format of either gets the next number, and old nodes drop it.
_BATCH: Final = 1
_BEAT: Final = 2


class Batch(NamedTuple):
    """Records of a stream, or, as number 0, an acknowledgement alone.

    `stream` is the number of the pair's stream, `acknowledged` the last batch from the other side
    that was handed out to its receivers, `body` the packed records.
    """

    stream: int
    number: int
    acknowledged: int
    body: bytes


class Beat(NamedTuple):
    """A sign of life: the how-manieth, when by the sender's own clock, and of every peer the number
    of the stream and what is acknowledged in it.
    """

    number: int
    sent_at: float
    peers: Mapping[int, tuple[int, int]]


class Letter(NamedTuple):
    """What was opened, and who sent it to whom (0: to everybody)."""

    sender: int
    receiver: int
    content: Batch | Beat


class _BeatBody(msgspec.Struct, array_like=True):
    sent_at: float
    peers: dict[int, tuple[int, int]]


class Seal:
    """Signs messages, and opens those that were signed with the same secret."""

    __slots__ = ("_signed",)

    def __init__(self, secret: bytes) -> None:
        """Raises ValueError for an empty secret."""
        if not secret:
            raise ValueError("links between nodes need a secret")
        # Whatever else is derived from the same secret is another key; and any length will do.
        key = blake2b(secret, digest_size=32, person=b"quad.bus.seal").digest()
        # A copy of a keyed state costs less than keying a new one for each message.
        self._signed = blake2b(key=key, digest_size=_SIGNATURE_BYTES)

    def batch(self, sender: int, receiver: int, batch: Batch) -> bytes:
        """The message of a batch."""
        stream, number, acknowledged, body = batch
        head = _HEAD.pack(_BATCH, sender, receiver, stream, number, acknowledged)
        return self._sign(head + body)

    def beat(self, sender: int, beat: Beat) -> bytes:
        """The message of a beat."""
        head = _HEAD.pack(_BEAT, sender, _EVERYBODY, 0, beat.number, 0)
        return self._sign(head + _encode(_BeatBody(beat.sent_at, dict(beat.peers))))

    def open(self, message: bytes) -> Letter | None:
        """What a message says; None if it is forged, damaged or of a kind that is not known."""
        if len(message) < HEAD_BYTES:
            return None
        signature = self._signed.copy()
        signature.update(memoryview(message)[_SIGNATURE_BYTES:])
        if not compare_digest(signature.digest(), message[:_SIGNATURE_BYTES]):
            return None
        return _decode(message)

    def _sign(self, content: bytes) -> bytes:
        signature = self._signed.copy()
        signature.update(content)
        return signature.digest() + content


_encode = msgspec.msgpack.Encoder().encode
_decode_beat = msgspec.msgpack.Decoder(_BeatBody).decode


def _decode(message: bytes) -> Letter | None:
    kind, sender, receiver, stream, number, acknowledged = _HEAD.unpack_from(
        message, _SIGNATURE_BYTES
    )
    body = message[HEAD_BYTES:]
    if kind == _BATCH:
        return Letter(sender, receiver, Batch(stream, number, acknowledged, body))
    if kind != _BEAT:
        return None
    try:
        content = _decode_beat(body)
    except msgspec.MsgspecError:
        return None
    return Letter(sender, receiver, Beat(number, content.sent_at, content.peers))
