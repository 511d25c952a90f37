"""Binary events and acknowledgements: placeholders, attachments, and their misuse."""

import asyncio

import httpx
import pytest

from tests.protocol.peers import (
    PROMPT_S,
    SOCKET,
    Packet,
    Polling,
    Target,
    connected,
    expect_closed,
    expect_open,
    receive,
    receive_many,
    websocket,
)

BOTH = pytest.mark.parametrize("eio", [4, 3], ids=["V4", "V3"])


def place(number: int) -> str:
    return f'{{"_placeholder":true,"num":{number}}}'


def framed(eio: int, data: bytes) -> bytes:
    """A binary message as a WebSocket frame: V3 begins it with the type byte."""
    return (b"\x04" if eio == 3 else b"") + data


@BOTH
async def test_an_event_with_attachments_comes_back(lenient: Target, eio: int) -> None:
    first, second = framed(eio, b"\x01\x02\x03"), framed(eio, b"\x04\x05\x06")
    async with connected(lenient, eio) as connection:
        await connection.send(f'452-["message",{place(0)},{place(1)}]')
        await connection.send(first)
        await connection.send(second)
        assert await receive_many(connection, 3) == [
            f'452-["message-back",{place(0)},{place(1)}]',
            first,
            second,
        ]


@BOTH
async def test_an_event_with_attachments_is_acknowledged(lenient: Target, eio: int) -> None:
    first, second = framed(eio, b"\x01\x02\x03"), framed(eio, b"\x04\x05\x06")
    async with connected(lenient, eio) as connection:
        await connection.send(f'452-789["message-with-ack",{place(0)},{place(1)}]')
        await connection.send(first)
        await connection.send(second)
        assert await receive_many(connection, 3) == [
            f"462-789[{place(0)},{place(1)}]",
            first,
            second,
        ]


@BOTH
async def test_attachments_may_lie_deep_in_the_arguments(patient: Target, eio: int) -> None:
    async with connected(patient, eio) as connection:
        arguments = f'{{"files":[{{"имя":"a","data":{place(0)}}},{place(1)}],"n":1}},"tail"'
        await connection.send(f'452-["message",{arguments}]')
        await connection.send(framed(eio, b"first"))
        await connection.send(framed(eio, b""))
        assert await receive(connection) == f'452-["message-back",{arguments}]'
        assert await receive(connection) == framed(eio, b"first")
        assert await receive(connection) == framed(eio, b"")


async def test_placeholders_may_come_in_any_order(patient: Target) -> None:
    async with connected(patient) as connection:
        await connection.send(f'452-["message",{place(1)},{place(0)}]')
        await connection.send(b"zero")
        await connection.send(b"one")
        assert await receive_many(connection, 3) == [
            f'452-["message-back",{place(0)},{place(1)}]',
            b"one",
            b"zero",
        ]


async def test_ten_attachments_are_allowed(patient: Target) -> None:
    async with connected(patient) as connection:
        places = ",".join(place(number) for number in range(10))
        await connection.send(f'4510-["message",{places}]')
        for number in range(10):
            await connection.send(bytes([number]))
        got = await receive_many(connection, 11)
    assert got == [f'4510-["message-back",{places}]', *(bytes([n]) for n in range(10))]


@BOTH
async def test_eleven_attachments_close_before_the_first_has_come(
    patient: Target, eio: int
) -> None:
    async with connected(patient, eio) as connection:
        places = ",".join(place(number) for number in range(11))
        await connection.send(f'4511-["message",{places}]')
        await expect_closed(connection)


@BOTH
async def test_text_while_attachments_are_due_closes(patient: Target, eio: int) -> None:
    async with connected(patient, eio) as connection:
        await connection.send(f'452-["message",{place(0)},{place(1)}]')
        await connection.send(framed(eio, b"first"))
        await connection.send('42["message","instead of the second"]')
        await expect_closed(connection)


@BOTH
async def test_binary_that_nobody_announced_closes(patient: Target, eio: int) -> None:
    async with connected(patient, eio) as connection:
        await connection.send(framed(eio, b"unasked"))
        await expect_closed(connection)


async def test_one_attachment_too_many_closes_after_the_event(patient: Target) -> None:
    async with connected(patient) as connection:
        await connection.send(f'451-["message",{place(0)}]')
        await connection.send(b"asked")
        await connection.send(b"unasked")
        await expect_closed(connection, allowed=(f'451-["message-back",{place(0)}]', b"asked"))


@pytest.mark.parametrize(
    "packet",
    [
        f'45-["message",{place(0)}]',
        f'451["message",{place(0)}]',
        f'45x-["message",{place(0)}]',
        f'45-1-["message",{place(0)}]',
        f'451.5-["message",{place(0)}]',
        "451-{}",
        f'451-["connect",{place(0)}]',
        "4599999999999-",
    ],
)
async def test_a_malformed_binary_event_closes_at_once(patient: Target, packet: str) -> None:
    async with connected(patient) as connection:
        await connection.send(packet)
        await expect_closed(connection)


@pytest.mark.differs("Node waits for the attachment, then fails")
@pytest.mark.parametrize("packet", ["451-", '451-["message"', "451-/custom,"])
async def test_a_binary_event_without_a_whole_payload_closes_at_once(
    patient: Target, packet: str
) -> None:
    async with connected(patient) as connection:
        await connection.send(packet)
        await expect_closed(connection)


@pytest.mark.parametrize(
    "number",
    ["1", "-1", "10", '"0"', "null", pytest.param("0.5", marks=pytest.mark.differs("null there"))],
)
async def test_a_placeholder_of_no_attachment_closes(patient: Target, number: str) -> None:
    async with connected(patient) as connection:
        await connection.send(f'451-["message",{{"_placeholder":true,"num":{number}}}]')
        await connection.send(b"data")
        await expect_closed(connection)


async def test_a_pong_may_come_between_the_event_and_its_attachment(lenient: Target) -> None:
    async with connected(lenient) as connection:
        await connection.send(f'451-["message",{place(0)}]')
        assert await receive(connection) == "2"
        await connection.send("3")
        await connection.send(b"late")
        assert await receive_many(connection, 2) == [
            f'451-["message-back",{place(0)}]',
            b"late",
        ]


async def test_attachments_travel_as_base64_over_polling(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient, SOCKET)
    await session.send("40")
    await session.receive(2)
    await session.send(f'452-["message",{place(0)},{place(1)}]', "bAQID", "bBAUG")
    assert await session.receive(3) == [
        f'452-["message-back",{place(0)},{place(1)}]',
        "bAQID",
        "bBAUG",
    ]


async def test_an_event_and_its_attachment_may_come_in_two_bodies(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient, SOCKET)
    await session.send("40")
    await session.receive(2)
    await session.send(f'451-7["message-with-ack",{place(0)}]')
    await session.send("bAQID")
    assert await session.receive(2) == [f"461-7[{place(0)}]", "bAQID"]


async def test_an_event_and_its_attachment_may_be_split_by_the_upgrade(
    http: httpx.AsyncClient, patient: Target
) -> None:
    """A client flushes what it began over polling, but the answer may use the new transport."""
    session = await Polling.open(http, patient, SOCKET)
    await session.send("40")
    await session.receive(2)
    await session.send(f'451-["message",{place(0)}]', "bAQID")
    async with websocket(patient, SOCKET, sid=session.sid) as connection:
        await connection.send("2probe")
        assert await receive(connection) == "3probe"
        await connection.send("5")
        assert await receive_many(connection, 2) == [
            f'451-["message-back",{place(0)}]',
            b"\x01\x02\x03",
        ]


@BOTH
async def test_a_binary_event_to_a_namespace_keeps_its_name(patient: Target, eio: int) -> None:
    async with connected(patient, eio) as connection:
        await connection.send(f'451-/custom,["message",{place(0)}]')
        await connection.send(framed(eio, b"x"))
        await expect_closed(connection)


async def test_what_looks_like_a_placeholder_in_a_text_event_is_data(patient: Target) -> None:
    async with connected(patient) as connection:
        await connection.send(f'42["message",{place(0)}]')
        assert await receive(connection) == f'42["message-back",{place(0)}]'
        await expect_open(connection, SOCKET)


@BOTH
async def test_large_attachments_come_back_whole(patient: Target, eio: int) -> None:
    data = framed(eio, bytes(range(256)) * 2000)
    async with connected(patient, eio) as connection:
        for _ in range(3):
            await connection.send(f'451-["message",{place(0)}]')
            await connection.send(data)
        got: list[Packet] = await receive_many(connection, 6)
    assert got == [f'451-["message-back",{place(0)}]', data] * 3


async def test_attachments_of_two_connections_do_not_mix(patient: Target) -> None:
    async with connected(patient) as one, connected(patient) as other:
        await one.send(f'451-["message",{place(0)}]')
        await other.send(f'451-["message",{place(0)}]')
        await other.send(b"other")
        await one.send(b"one")
        async with asyncio.timeout(PROMPT_S):
            assert (await receive_many(one, 2))[1] == b"one"
            assert (await receive_many(other, 2))[1] == b"other"
