"""Socket.IO 5 over Engine.IO 4: namespaces, events, acknowledgements, and what closes."""

import asyncio
import contextlib
import json

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.protocol.peers import (
    PROMPT_S,
    SOCKET,
    Polling,
    Target,
    connected,
    expect_closed,
    expect_open,
    expect_silence,
    opened,
    receive,
    receive_many,
)

NO_PAYLOAD = pytest.mark.differs("Node takes a missing payload for an empty one")


@pytest.mark.parametrize(
    ("connect", "answer", "auth"),
    [
        ("40", "40", '42["auth",{}]'),
        ("40{}", "40", '42["auth",{}]'),
        ('40{"token":"123"}', "40", '42["auth",{"token":"123"}]'),
        ('40{"имя":"Ёж 😀","z":1,"a":[null]}', "40", '42["auth",{"имя":"Ёж 😀","z":1,"a":[null]}]'),
        ("40/custom", "40/custom,", '42/custom,["auth",{}]'),
        ("40/custom,", "40/custom,", '42/custom,["auth",{}]'),
        ('40/custom,{"token":"abc"}', "40/custom,", '42/custom,["auth",{"token":"abc"}]'),
    ],
)
async def test_connect_is_answered_with_a_sid_and_then_auth(
    patient: Target, connect: str, answer: str, auth: str
) -> None:
    async with opened(patient, SOCKET) as connection:
        await connection.send(connect)
        greeting = str(await receive(connection))
        assert greeting.startswith(answer)
        sid = json.loads(greeting.removeprefix(answer))["sid"]
        assert greeting == f'{answer}{{"sid":"{sid}"}}'
        assert await receive(connection) == auth


async def test_a_socket_id_is_neither_the_sessions_nor_another_namespaces(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient, SOCKET)
    await session.send("40", "40/custom")
    greetings = [str(packet) for packet in await session.receive(4)]
    sids = {
        json.loads(greeting.partition("{")[1] + greeting.partition("{")[2])["sid"]
        for greeting in greetings
        if greeting.startswith("40")
    }
    assert len(sids) == 2
    assert session.sid not in sids
    assert all(len(sid) >= 16 for sid in sids)


async def test_nothing_is_sent_before_connect(patient: Target) -> None:
    async with opened(patient, SOCKET) as connection:
        await expect_silence(connection, 0.3)


async def test_an_unknown_namespace_is_refused_and_the_connection_stays(patient: Target) -> None:
    async with opened(patient, SOCKET) as connection:
        await connection.send("40/random")
        assert await receive(connection) == '44/random,{"message":"Invalid namespace"}'
        await connection.send('40/random,{"token":"x"}')
        assert await receive(connection) == '44/random,{"message":"Invalid namespace"}'
        await connection.send("40")
        assert str(await receive(connection)).startswith('40{"sid":')
        assert await receive(connection) == '42["auth",{}]'
        await expect_open(connection, SOCKET)


async def test_an_unknown_namespace_leaves_those_connected_alone(patient: Target) -> None:
    async with connected(patient) as connection:
        await connection.send("40/random,")
        assert await receive(connection) == '44/random,{"message":"Invalid namespace"}'
        await expect_open(connection, SOCKET)


@pytest.mark.parametrize(
    "first",
    [
        "4abc",
        '42["message","too early"]',
        '42/custom,["message"]',
        "41",
        "43[]",
        "4",
        '44{"message":"x"}',
        "47",
    ],
)
async def test_a_first_packet_that_is_not_connect_closes(patient: Target, first: str) -> None:
    async with opened(patient, SOCKET) as connection:
        await connection.send(first)
        await expect_closed(connection)


async def test_a_binary_event_before_connect_closes_at_the_latest_when_it_is_whole(
    patient: Target,
) -> None:
    async with opened(patient, SOCKET) as connection:
        with contextlib.suppress(ConnectionClosed):
            await connection.send('451-["message",{"_placeholder":true,"num":0}]')
            await connection.send(b"attachment")
        await expect_closed(connection)


async def test_a_first_packet_that_is_not_connect_ends_a_polling_session(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient, SOCKET)
    await session.post('42["message","too early"]')
    await session.expect_ended()


@pytest.mark.parametrize(
    "connect", ["40abc", '40{"token":', '40"text"', "40[1]", "40/custom,[]", "40/custom,{]"]
)
async def test_connect_with_auth_that_is_no_object_closes(patient: Target, connect: str) -> None:
    async with opened(patient, SOCKET) as connection:
        await connection.send(connect)
        await expect_closed(connection)


async def test_a_websocket_without_connect_is_closed_in_time(hasty: Target) -> None:
    async with opened(hasty, SOCKET) as connection:
        await expect_closed(connection, within_s=1.5)


async def test_a_polling_session_without_connect_is_ended_in_time(
    http: httpx.AsyncClient, hasty: Target
) -> None:
    session = await Polling.open(http, hasty, SOCKET)
    await session.expect_ended(within_s=1.5)


async def test_who_connected_in_time_outlives_the_connect_timeout(hasty: Target) -> None:
    async with connected(hasty) as connection:
        await expect_silence(connection, 0.6)
        await expect_open(connection, SOCKET)


@pytest.mark.parametrize("eio", [3], ids=["V3"])
async def test_the_connect_timeout_does_not_touch_version_3(hasty: Target, eio: int) -> None:
    async with connected(hasty, eio) as connection:
        await expect_silence(connection, 0.6)
        await expect_open(connection, SOCKET)


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        ',1,"2",{"3":[true]}',
        ",null",
        ",[],{}",
        ',"Привет, класс! 😀"',
        ',{"z":1,"a":2,"m":{"y":[],"b":null}}',
        ",-1,0,1.5,-0.25,9007199254740991",
        r',"\n\t\"\\/"',
        ',"' + "x" * 100_000 + '"',
    ],
)
async def test_an_event_comes_back_with_exactly_its_arguments(
    patient: Target, arguments: str
) -> None:
    async with connected(patient) as connection:
        await connection.send(f'42["message"{arguments}]')
        assert await receive(connection) == f'42["message-back"{arguments}]'


async def test_white_space_in_json_is_accepted_and_not_given_back(patient: Target) -> None:
    async with connected(patient) as connection:
        await connection.send('42[ "message" , {"a" : 1} ]')
        assert await receive(connection) == '42["message-back",{"a":1}]'


async def test_escapes_in_json_are_understood(patient: Target) -> None:
    async with connected(patient) as connection:
        await connection.send(r'42["mess\u0061ge","\u041f\ud83d\ude00"]')
        assert await receive(connection) == '42["message-back","П😀"]'


@pytest.mark.parametrize(
    ("event", "ack"),
    [
        ('42456["message-with-ack",1,"2",{"3":[false]}]', '43456[1,"2",{"3":[false]}]'),
        ('420["message-with-ack"]', "430[]"),
        ('4212["message-with-ack",null]', "4312[null]"),
        ('429007199254740991["message-with-ack","ё"]', '439007199254740991["ё"]'),
        ('42/,7["message-with-ack",1]', "437[1]"),
    ],
)
async def test_an_event_with_an_id_gets_exactly_one_ack(
    patient: Target, event: str, ack: str
) -> None:
    async with connected(patient) as connection:
        await connection.send(event)
        assert await receive(connection) == ack
        await expect_open(connection, SOCKET)


async def test_the_main_namespace_may_be_named(patient: Target) -> None:
    async with opened(patient, SOCKET) as connection:
        await connection.send("40/,")
        assert str(await receive(connection)).startswith('40{"sid":')
        assert await receive(connection) == '42["auth",{}]'


async def test_acks_and_events_keep_their_order(patient: Target) -> None:
    async with connected(patient) as connection:
        expected = []
        for number in range(100):
            await connection.send(f'42{number}["message-with-ack",{number}]')
            await connection.send(f'42["message",{number}]')
            expected += [f"43{number}[{number}]", f'42["message-back",{number}]']
        assert [await receive(connection) for _ in expected] == expected


async def test_an_event_that_nobody_handles_is_ignored(patient: Target) -> None:
    async with connected(patient) as connection:
        await connection.send('42["nobody listens",1]')
        await expect_open(connection, SOCKET)


async def test_an_ack_that_nobody_waits_for_is_ignored(patient: Target) -> None:
    async with connected(patient) as connection:
        await connection.send("4399[1]")
        await expect_open(connection, SOCKET)


async def test_leaving_the_main_namespace_is_not_answered_and_closes_nothing(
    lenient: Target,
) -> None:
    """The order of the public suite: the next thing to come is a ping."""
    async with connected(lenient) as connection:
        await connection.send("41")
        assert await receive(connection) == "2"


async def test_who_left_the_main_namespace_may_connect_again(patient: Target) -> None:
    async with connected(patient) as connection:
        await connection.send("41")
        await expect_silence(connection, 0.1)
        await connection.send('40{"again":true}')
        assert str(await receive(connection)).startswith('40{"sid":')
        assert await receive(connection) == '42["auth",{"again":true}]'
        await expect_open(connection, SOCKET)


async def test_leaving_one_namespace_leaves_the_other(lenient: Target) -> None:
    """The order of the public suite."""
    async with connected(lenient) as connection:
        assert await receive(connection) == "2"
        await connection.send("40/custom")
        assert str(await receive(connection)).startswith("40/custom,")
        assert await receive(connection) == '42/custom,["auth",{}]'
        await connection.send("41/custom")
        await connection.send('42["message","message to main namespace"]')
        assert await receive(connection) == '42["message-back","message to main namespace"]'


@pytest.mark.differs("Node closes now and then on what comes right after its answer")
@pytest.mark.parametrize("leave", ["41/custom", "41/custom,"])
async def test_a_namespace_can_be_left_and_joined_many_times(patient: Target, leave: str) -> None:
    async with connected(patient) as connection:
        for _ in range(3):
            await connection.send("40/custom")
            assert str(await receive(connection)).startswith("40/custom,")
            assert await receive(connection) == '42/custom,["auth",{}]'
            await connection.send(leave)


@pytest.mark.parametrize("namespace", ["/custom", "/random"])
async def test_an_event_to_a_namespace_not_connected_to_reaches_nobody(
    patient: Target, namespace: str
) -> None:
    async with connected(patient) as connection:
        await connection.send(f'42{namespace},1["message-with-ack","x"]')
        await expect_closed(connection)


@pytest.mark.parametrize(
    "packet",
    [
        "4abc",
        "47",
        "49",
        "4",
        pytest.param("42", marks=NO_PAYLOAD),
        "42{}",
        '42"message"',
        "42null",
        "42[",
        '42["message"',
        '42["message",]',
        "42[]",
        "42[null]",
        "42[{}]",
        '42[["message"]]',
        '42["message",NaN]',
        "42['message']",
        '42abc["message-with-ack",1]',
        '42-1["message-with-ack",1]',
        '421.5["message-with-ack",1]',
        '42/custom["message"]',
        pytest.param("43", marks=NO_PAYLOAD),
        "43{}",
        "43abc[]",
        '42["connect"]',
        '42["disconnect"]',
        '42["connect_error"]',
        '42["newListener"]',
        '42["removeListener"]',
        '427["disconnect",1]',
        '40"text"',
    ],
)
async def test_a_packet_against_the_protocol_closes_at_once(patient: Target, packet: str) -> None:
    async with connected(patient) as connection:
        await connection.send(packet)
        await expect_closed(connection)


@pytest.mark.parametrize("packet", ["4abc", "42{}", '42["disconnect"]', "42[", "bAQID"])
async def test_a_packet_against_the_protocol_ends_a_polling_session(
    http: httpx.AsyncClient, patient: Target, packet: str
) -> None:
    session = await Polling.open(http, patient, SOCKET)
    await session.send("40")
    await session.receive(2)
    async with asyncio.timeout(PROMPT_S):
        await session.post(packet)
    await session.expect_ended()


async def test_a_packet_against_the_protocol_harms_nobody_else(patient: Target) -> None:
    async with connected(patient) as witness:
        async with connected(patient) as offender:
            await offender.send("42{}")
            await expect_closed(offender)
        await expect_open(witness, SOCKET)


@pytest.mark.differs("Node's server ends with a stack overflow")
async def test_deep_json_harms_nobody_else(patient: Target) -> None:
    async with connected(patient) as witness:
        async with connected(patient) as offender:
            await offender.send('42["message",' + "[" * 100_000 + "]" * 100_000 + "]")
            await asyncio.sleep(0.1)
        await expect_open(witness, SOCKET)


@pytest.mark.differs("Node closes on an event that comes before its answer to CONNECT")
async def test_a_whole_conversation_fits_one_polling_body(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient, SOCKET)
    await session.send("40", '42["message",1]', '421["message-with-ack",2]', "40/custom,")
    got = [str(packet) for packet in await session.receive(6)]
    assert got[0].startswith('40{"sid":')
    assert got[1] == '42["auth",{}]'
    assert [packet for packet in got if "custom" not in packet][2:] == [
        '42["message-back",1]',
        "431[2]",
    ]
    assert got[-1] == '42/custom,["auth",{}]'


async def test_pings_come_between_events_without_harm(lenient: Target) -> None:
    async with connected(lenient) as connection:
        got: list[str | bytes] = []
        for number in range(8):
            await asyncio.sleep(0.1)
            await connection.send(f'42["message",{number}]')
            got += await receive_many(connection, 1)
    assert got == [f'42["message-back",{number}]' for number in range(8)]
