"""The long-polling shell: an ASGI application for one engine."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from time import monotonic
from typing import Any

import msgspec

from quad.realtime.errors import HandshakeRefused
from quad.realtime.http.poll import Answer, PollRefused
from quad.realtime.http.request import Request
from quad.realtime.sessions.engine import Engine, shutting_down
from quad.realtime.sessions.session import Session
from quad.realtime.sessions.unread import CROWDED_S
from quad.wire.engineio import AnyPacket, Binary, Version
from quad.wire.errors import WireError
from quad.wire.payload import (
    decode_jsonp,
    decode_v3_binary,
    decode_v3_text,
    decode_v4,
    encode_jsonp,
    encode_v3_binary,
    encode_v3_text,
    encode_v4,
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_TEXT = b"text/plain; charset=UTF-8"
_OCTETS = b"application/octet-stream"
_SCRIPT = b"text/javascript; charset=UTF-8"
_JSON = b"application/json"
_PREFLIGHT_AGE_S = b"600"
# A form of 1 MB takes 100 ms to take apart: long ones are read beside the loop.
_LONG_FORM = 32_768
# How long the packets of one request may keep the loop before others have a turn.
_SLICE_S = 0.002


class _Answer(msgspec.Struct):
    status: int
    content_type: bytes
    body: bytes
    poll: "tuple[Session, Answer] | None" = None


class _BodyTooLarge(Exception):
    pass


class _ClientGone(Exception):
    """The request was aborted; nobody reads an answer."""


async def serve_polling(engine: Engine, request: Request, receive: Receive, send: Send) -> None:
    """Answer one request for the engine's path."""
    try:
        answer = await _answer(engine, request, receive)
    except HandshakeRefused as refused:
        answer = refusal(refused)
    except _ClientGone:
        return
    await _send(request, answer, send)
    if answer.poll is None or request.is_delivered is None:
        return
    # It may have been on its way to the client's node when the client gave up.
    if not await request.is_delivered():
        _forget_poll(*answer.poll)


def refusal(refused: HandshakeRefused) -> _Answer:
    """The answer that tells a client why it is not served."""
    body = msgspec.json.encode({"code": refused.code, "message": refused.message})
    return _Answer(refused.status, _JSON, body)


async def _answer(engine: Engine, request: Request, receive: Receive) -> _Answer:
    if request.method == "OPTIONS":
        return _Answer(204, _TEXT, b"")  # whether it allows anything, the CORS headers say
    session = engine.check(request, is_upgrade=False)
    if session is None:
        session, packet = engine.open_polling(request)
        return _encode(session, request, [packet])
    if request.method == "GET":
        return await _poll(session, request, receive)
    if request.method == "POST":
        return await _post(engine, session, request, receive)
    raise HandshakeRefused(3, "Bad request")


async def _poll(session: Session, request: Request, receive: Receive) -> _Answer:
    try:
        poll = session.begin_poll()
    except PollRefused:
        raise HandshakeRefused(3, "Bad request") from None
    gone = asyncio.ensure_future(_wait_until_gone(receive))
    try:
        waiting: set[asyncio.Future[Any]] = {poll, gone}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        # The end of a connection is known some turns of the loop before `receive` says so.
        if gone.done() or request.is_gone():
            _forget_poll(session, poll)
            raise _ClientGone
        packets = poll.result()
        if not packets:
            raise shutting_down()
        answer = _encode(session, request, packets)
        answer.poll = session, poll
        return answer
    finally:
        gone.cancel()
        session.end_poll()


def _forget_poll(session: Session, poll: Answer) -> None:
    # Nobody knows how much of an answer has arrived. The suite of V4 wants the session to end
    # there; a V3 client that gave up waiting polls again, and must find everything.
    if session.version is Version.V4:
        session.fail("a poll was aborted")
    else:
        session.abandon_poll(poll)


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _post(engine: Engine, session: Session, request: Request, receive: Receive) -> _Answer:
    try:
        session.begin_post()
    except PollRefused:
        raise HandshakeRefused(3, "Bad request") from None
    try:
        body = await _read_body(request, receive, engine.options.max_payload_bytes)
        if not session.is_open:  # a second POST, or the clock, has ended it meanwhile
            raise HandshakeRefused(3, "Bad request")
        await _deliver(session, await _decode(session, request, body), receive)
    except _BodyTooLarge:
        session.fail("payload too large")
        return _Answer(413, _TEXT, b"payload too large")
    except WireError as error:
        session.fail(f"parse error: {error}")
        raise HandshakeRefused(3, "Bad request") from error
    finally:
        session.end_post()
    return _Answer(200, b"text/html", b"ok")


async def _deliver(session: Session, packets: Iterator[AnyPacket], receive: Receive) -> None:
    """Give a session its packets, in order and at its pace; others have turns in between."""
    gone: asyncio.Future[None] | None = None
    began = monotonic()
    try:
        for packet in packets:
            if not session.is_open:
                return
            wait_s = session.receive_post(packet)
            if not wait_s and monotonic() - began < _SLICE_S:
                continue
            gone = gone or asyncio.ensure_future(_wait_until_gone(receive))
            await asyncio.wait({gone}, timeout=wait_s)
            while session.is_crowded and not gone.done():
                await asyncio.wait({gone}, timeout=CROWDED_S)
            if gone.done():
                # No client goes on after that, and nobody waits for the rest.
                session.fail("a post was aborted")
                raise _ClientGone
            began = monotonic()
    finally:
        if gone is not None:
            gone.cancel()


async def _read_body(request: Request, receive: Receive, limit_bytes: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit_bytes:
        raise _BodyTooLarge
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientGone
        body += message.get("body", b"")
        if len(body) > limit_bytes:
            raise _BodyTooLarge
        if not message.get("more_body", False):
            return bytes(body)


async def _decode(session: Session, request: Request, body: bytes) -> Iterator[AnyPacket]:
    if session.version is Version.V3:
        if request.headers.get("content-type", "").startswith("application/octet-stream"):
            return decode_v3_binary(body)
        if "j" in request.query:
            form = _as_text(body)
            if len(form) < _LONG_FORM:
                return decode_v3_text(decode_jsonp(form))
            return decode_v3_text(await asyncio.to_thread(decode_jsonp, form))
        return decode_v3_text(_as_text(body))
    return decode_v4(_as_text(body))


def _as_text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise WireError("a body that is not UTF-8") from error


def _encode(session: Session, request: Request, packets: list[AnyPacket]) -> _Answer:
    if session.version is Version.V4:
        return _Answer(200, _TEXT, encode_v4(packets).encode())
    if "j" in request.query:
        script = encode_jsonp(request.query["j"], encode_v3_text(packets))
        return _Answer(200, _SCRIPT, script.encode())
    has_binary = any(isinstance(packet, Binary) for packet in packets)
    needs_binary = has_binary or session.quirks.needs_binary_framing
    if needs_binary and not session.wants_base64:
        return _Answer(200, _OCTETS, encode_v3_binary(packets))
    return _Answer(200, _TEXT, encode_v3_text(packets).encode())


async def _send(request: Request, answer: _Answer, send: Send) -> None:
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", str(len(answer.body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *_cors_headers(request),
    ]
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": answer.body})


def _cors_headers(request: Request) -> list[tuple[bytes, bytes]]:
    origin = request.headers.get("origin")
    if origin is None or not request.is_allowed:
        return []
    headers = [(b"vary", b"Origin")]
    if request.site.allows_credentials(request):
        headers += [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-credentials", b"true"),
        ]
    else:
        headers += [(b"access-control-allow-origin", b"*")]
    if request.method == "OPTIONS":
        wanted = request.headers.get("access-control-request-headers", "Content-Type")
        headers += [
            (b"access-control-allow-methods", b"GET, POST"),
            (b"access-control-allow-headers", wanted.encode("latin-1")),
            (b"access-control-max-age", _PREFLIGHT_AGE_S),
        ]
    return headers
