"""What Engine.IO 3 does otherwise: payload framing, base64, Socket.IO 4, and the Python dialect."""

import asyncio
import json
import re
import time
from urllib.parse import quote_plus

import httpx
import pytest

from tests.protocol.conftest import Farm
from tests.protocol.peers import (
    ENGINE,
    PROMPT_S,
    SOCKET,
    Packet,
    Polling,
    Target,
    binary_payload,
    connected,
    expect_closed,
    expect_open,
    opened,
    packets_of,
    payload,
    receive,
    receive_many,
    unpack,
    unpack_binary,
    websocket,
)

OCTETS = "application/octet-stream"


@pytest.fixture
def eio() -> int:
    return 3


def place(number: int) -> str:
    return f'{{"_placeholder":true,"num":{number}}}'


class TestTextFraming:
    @pytest.mark.parametrize(
        ("packet", "framed"),
        [
            ("4hello", "6:4hello"),
            ("4Привет", "7:4Привет"),
            ("4😀", "3:4😀"),
            ("4é", "2:4é"),
            ("4日本", "3:4日本"),
            ("4" + "x" * 1000, "1001:4" + "x" * 1000),
            ("4", "1:4"),
            ("41:4\x1e2:", "7:41:4\x1e2:"),
        ],
    )
    async def test_lengths_count_utf_16_units_and_the_type_digit(
        self, http: httpx.AsyncClient, patient: Target, packet: str, framed: str
    ) -> None:
        session = await Polling.open(http, patient, eio=3)
        assert (await session.post(framed)).text == "ok"
        polled = await session.get()
        assert polled.content.decode() == framed
        assert polled.headers["content-type"].lower() == "text/plain; charset=utf-8"

    async def test_packets_follow_each_other_after_wide_characters(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await Polling.open(http, patient, eio=3)
        assert (await session.post("3:4😀5:4😀😀6:4hello")).text == "ok"
        assert (await session.get()).content.decode() == "3:4😀5:4😀😀6:4hello"

    @pytest.mark.parametrize(
        "body", ["abc", "6:4hell", "x:4", ":4", "-1:4", "6:4hello7", "6:4hello9:4bye", "6;4hello"]
    )
    @pytest.mark.differs("Node drops the connection or answers ok")
    async def test_a_body_framed_wrongly_ends_the_session(
        self, http: httpx.AsyncClient, patient: Target, body: str
    ) -> None:
        session = await Polling.open(http, patient, eio=3)
        assert (await session.post(body)).status_code == 400
        await session.expect_ended()


class TestBase64:
    async def test_who_opened_with_b64_gets_binary_as_text(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await Polling.open(http, patient, eio=3, b64=1)
        assert (await session.post("6:4hello10:b4AQIDBA==")).text == "ok"
        polled = await session.get()
        assert polled.text == "6:4hello10:b4AQIDBA=="
        assert polled.headers["content-type"].startswith("text/plain")

    async def test_b64_sticks_to_the_session(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await Polling.open(http, patient, eio=3, b64=1)
        session.query = {}
        assert (await session.post("10:b4AQIDBA==")).text == "ok"
        assert (await session.get()).text == "10:b4AQIDBA=="

    async def test_a_binary_body_of_a_b64_session_is_understood(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await Polling.open(http, patient, eio=3, b64=1)
        body = binary_payload("4hello", b"\x04\x01\x02\x03\x04")
        assert (await session.post(body, OCTETS)).text == "ok"
        assert (await session.get()).text == "6:4hello10:b4AQIDBA=="

    async def test_a_websocket_with_b64_carries_binary_as_text(self, patient: Target) -> None:
        async with opened(patient, eio=3, b64=1) as connection:
            await connection.send("b4AQIDBA==")
            assert await receive(connection) == "b4AQIDBA=="

    @pytest.mark.differs("Node asks the WebSocket's own query")
    async def test_b64_sticks_over_the_upgrade(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await Polling.open(http, patient, eio=3, b64=1)
        await session.send("b4AQIDBA==")
        async with websocket(patient, eio=3, sid=session.sid) as connection:
            await connection.send("2probe")
            assert await receive(connection) == "3probe"
            await connection.send("5")
            assert await receive(connection) == "b4AQIDBA=="


class TestBinaryFraming:
    async def test_an_answer_with_a_binary_packet_is_binary(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await Polling.open(http, patient, eio=3)
        assert (await session.post("6:4hello10:b4AQIDBA==")).text == "ok"
        polled = await session.get()
        assert polled.headers["content-type"] == OCTETS
        assert polled.content == b"\x00\x06\xff4hello\x01\x05\xff\x04\x01\x02\x03\x04"

    async def test_an_answer_of_text_alone_is_text(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await Polling.open(http, patient, eio=3)
        assert (await session.post(binary_payload("4hello"), OCTETS)).text == "ok"
        assert (await session.get()).text == "6:4hello"

    async def test_lengths_count_bytes_and_have_one_byte_per_digit(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await Polling.open(http, patient, eio=3)
        body = b"\x00\x05\xff4" + "😀".encode() + b"\x01\x01\x00\x01\xff\x04" + b"x" * 100
        assert body == binary_payload("4😀", b"\x04" + b"x" * 100)
        assert (await session.post(body, OCTETS)).text == "ok"
        assert (await session.get()).content == body

    async def test_every_byte_may_occur_in_a_binary_packet(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await Polling.open(http, patient, eio=3)
        body = binary_payload(b"\x04" + bytes(range(256)), "4end")
        assert (await session.post(body, OCTETS)).text == "ok"
        assert (await session.get()).content == body

    @pytest.mark.parametrize(
        "body",
        [
            b"\x02\x01\xff4",
            b"\x00\x06\xff4hell",
            b"\x00\x06",
            b"\x00\xff4",
            b"\x00\x0a\xff4hello",
            b"\x01\x02\xff\x09x",
            b"\x00" + b"\x09" * 400 + b"\xff4",
            b"6:4hello",
        ],
    )
    @pytest.mark.differs("Node takes what it can or drops the connection")
    async def test_a_binary_body_framed_wrongly_ends_the_session(
        self, http: httpx.AsyncClient, patient: Target, body: bytes
    ) -> None:
        session = await Polling.open(http, patient, eio=3)
        assert (await session.post(body, OCTETS)).status_code == 400
        await session.expect_ended()


class TestWebSocket:
    async def test_binary_messages_carry_the_type_byte_both_ways(self, patient: Target) -> None:
        async with opened(patient, eio=3) as connection:
            for data in (b"\x04\x01\x02\x03\x04", b"\x04", b"\x04\x04", b"\x04" + bytes(300)):
                await connection.send(data)
                assert await receive(connection) == data

    @pytest.mark.differs("Node takes any type byte")
    @pytest.mark.parametrize("data", [b"", b"\x09\x01", b"4text"])
    async def test_a_binary_frame_without_a_known_type_byte_closes(
        self, patient: Target, data: bytes
    ) -> None:
        async with opened(patient, eio=3) as connection:
            await connection.send(data)
            await expect_closed(connection)

    async def test_base64_is_understood_without_b64_too(self, patient: Target) -> None:
        async with opened(patient, eio=3) as connection:
            await connection.send("b4AQIDBA==")
            assert await receive(connection) == b"\x04\x01\x02\x03\x04"


class TestSocketIO:
    async def test_the_server_connects_to_the_main_namespace_unasked(self, patient: Target) -> None:
        async with opened(patient, SOCKET, 3) as connection:
            assert await receive(connection) == "40"
            assert await receive(connection) == '42["auth",{}]'
            await expect_open(connection, SOCKET)

    async def test_over_polling_the_connect_follows_the_open_packet(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await Polling.open(http, patient, SOCKET, eio=3)
        assert (await session.get()).text == '2:4013:42["auth",{}]'

    @pytest.mark.parametrize("query", ["", "?", ",", "?,"])
    async def test_another_namespace_is_answered_with_its_name(
        self, patient: Target, query: str
    ) -> None:
        async with connected(patient, 3) as connection:
            await connection.send(f"40/custom{query}")
            assert await receive(connection) == "40/custom,"
            assert await receive(connection) == '42/custom,["auth",{}]'

    @pytest.mark.parametrize(
        ("query", "auth"),
        [
            ("?token=abc,", '{"token":"abc"}'),
            ("?token=abc", '{"token":"abc"}'),
            ("?a=1&b=%D1%91&c=x%20y,", '{"a":"1","b":"ё","c":"x y"}'),
            ("?empty=,", '{"empty":""}'),
        ],
    )
    async def test_the_query_of_a_namespace_serves_as_auth(
        self, patient: Target, query: str, auth: str
    ) -> None:
        async with connected(patient, 3) as connection:
            await connection.send(f"40/custom{query}")
            assert await receive(connection) == "40/custom,"
            assert await receive(connection) == f'42/custom,["auth",{auth}]'

    @pytest.mark.differs("Node answers with version 4's object")
    @pytest.mark.parametrize("query", ["", ",", "?token=abc,"])
    async def test_an_unknown_namespace_is_refused_with_a_string(
        self, patient: Target, query: str
    ) -> None:
        async with connected(patient, 3) as connection:
            await connection.send(f"40/random{query}")
            assert await receive(connection) == '44/random,"Invalid namespace"'
            await expect_open(connection, SOCKET)

    async def test_events_and_acks_come_back(self, patient: Target) -> None:
        async with connected(patient, 3) as connection:
            await connection.send('42["message",1,"2",{"3":[true]}]')
            assert await receive(connection) == '42["message-back",1,"2",{"3":[true]}]'
            await connection.send('42456["message-with-ack",1,"2",{"3":[false]}]')
            assert await receive(connection) == '43456[1,"2",{"3":[false]}]'
            await connection.send('420["message-with-ack"]')
            assert await receive(connection) == "430[]"

    @pytest.mark.parametrize("leave", ["41/custom", "41/custom,"])
    async def test_leaving_a_namespace_is_not_answered(self, patient: Target, leave: str) -> None:
        async with connected(patient, 3) as connection:
            await connection.send("40/custom")
            assert await receive_many(connection, 2) == ["40/custom,", '42/custom,["auth",{}]']
            await connection.send(leave)
            await expect_open(connection, SOCKET)

    async def test_leaving_the_main_namespace_is_not_answered(self, patient: Target) -> None:
        async with connected(patient, 3) as connection:
            await connection.send("41")
            await connection.send("2")
            assert await receive(connection) == "3"

    @pytest.mark.parametrize(
        "packet", ["4abc", "42{}", '42["disconnect"]', '42abc["message-with-ack"]', "47"]
    )
    async def test_a_packet_against_the_protocol_closes_at_once(
        self, patient: Target, packet: str
    ) -> None:
        async with connected(patient, 3) as connection:
            await connection.send(packet)
            await expect_closed(connection)

    async def test_attachments_over_polling_are_binary(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await Polling.open(http, patient, SOCKET, eio=3)
        await session.receive(2)
        body = binary_payload(
            f'452-["message",{place(0)},{place(1)}]', b"\x04\x01\x02", b"\x04\x03"
        )
        assert (await session.post(body, OCTETS)).text == "ok"
        assert await session.receive(3) == [
            f'452-["message-back",{place(0)},{place(1)}]',
            b"\x04\x01\x02",
            b"\x04\x03",
        ]

    async def test_attachments_over_polling_with_b64_are_text(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await Polling.open(http, patient, SOCKET, eio=3, b64=1)
        await session.receive(2)
        await session.send(f'451-7["message-with-ack",{place(0)}]', "b4AQID")
        assert await session.receive(2) == [f"461-7[{place(0)}]", "b4AQID"]


class TestJsonp:
    """`j=N`: an answer is a call of `___eio[N]`, a POST is the form field `d`."""

    @staticmethod
    def called(answer: httpx.Response, number: int) -> str:
        found = re.fullmatch(r'___eio\[(\d+)\]\(("(?s:.*)")\);', answer.content.decode())
        assert found, answer.text
        assert int(found[1]) == number
        argument = json.loads(found[2])
        assert isinstance(argument, str)
        return argument

    @staticmethod
    async def post(session: Polling, body: str) -> httpx.Response:
        # As the official clients do: newlines are escaped once more before the form is encoded.
        escaped = quote_plus(body.replace("\\n", "\\\\n").replace("\n", "\\n"))
        return await session.post(f"d={escaped}", "application/x-www-form-urlencoded", j=3)

    async def open(self, http: httpx.AsyncClient, target: Target, path: str = ENGINE) -> Polling:
        session = Polling(http, target, path, 3, {"j": 3})
        answer = await session.get()
        assert answer.status_code == 200
        assert answer.headers["content-type"].lower() == "text/javascript; charset=utf-8"
        (packet,) = unpack(3, self.called(answer, 3))
        session.sid = json.loads(packet[1:])["sid"]
        return session

    @pytest.mark.differs("Node labels its scripts text/plain")
    async def test_messages_come_back_in_calls(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await self.open(http, patient)
        for text in (
            "hello",
            "Привет 😀",
            'quote " backslash \\ slash /',
            "a\nb",
            "a\\nb",
            "</script>",
        ):
            posted = await self.post(session, payload(3, f"4{text}"))
            assert (posted.status_code, posted.text) == (200, "ok")
            assert self.called(await session.get(), 3) == payload(3, f"4{text}")

    @pytest.mark.differs("Node labels its scripts text/plain")
    async def test_the_number_may_change_with_every_poll(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await self.open(http, patient)
        await self.post(session, "6:4hello")
        assert self.called(await session.get(j=7), 7) == "6:4hello"

    @pytest.mark.differs("Node labels its scripts text/plain")
    async def test_line_separators_are_escaped_for_old_scripts(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await self.open(http, patient)
        await self.post(session, payload(3, "4\u2028\u2029"))
        answer = await session.get()
        assert "\u2028" not in answer.text
        assert self.called(answer, 3) == payload(3, "4\u2028\u2029")

    @pytest.mark.differs("Node labels its scripts text/plain")
    async def test_binary_is_base64_since_a_script_holds_text(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await self.open(http, patient)
        await self.post(session, "10:b4AQIDBA==")
        assert self.called(await session.get(), 3) == "10:b4AQIDBA=="

    @pytest.mark.differs("Node labels its scripts text/plain")
    async def test_events_travel_in_calls(self, http: httpx.AsyncClient, patient: Target) -> None:
        session = await self.open(http, patient, SOCKET)
        assert self.called(await session.get(), 3) == '2:4013:42["auth",{}]'
        await self.post(session, payload(3, '42["message","ё"]'))
        assert self.called(await session.get(), 3) == payload(3, '42["message-back","ё"]')

    @pytest.mark.parametrize("number", ["alert(1)", "0];alert(1);//", "", "-1"])
    async def test_a_number_that_is_none_never_becomes_script(
        self, http: httpx.AsyncClient, patient: Target, number: str
    ) -> None:
        answer = await http.get(patient.url(ENGINE, EIO=3, transport="polling", j=number))
        assert "alert" not in answer.text


class TestPythonDialect:
    """socketIO-client 0.7.2, known by its `t`, reads nothing but binary framing."""

    @staticmethod
    async def open(
        http: httpx.AsyncClient, target: Target, path: str = ENGINE, **query: str | int
    ) -> tuple[Polling, httpx.Response]:
        session = Polling(http, target, path, 3, query)
        answer = await session.get(t=f"{int(time.time() * 1000)}-0")
        assert answer.status_code == 200
        (packet,) = packets_of(3, answer)
        assert isinstance(packet, str)
        session.sid = json.loads(packet[1:])["sid"]
        return session, answer

    @pytest.mark.differs("Node knows no such dialect")
    async def test_the_open_packet_comes_alone_in_binary_framing(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        _, answer = await self.open(http, patient, SOCKET)
        assert answer.headers["content-type"] == OCTETS
        (packet,) = unpack_binary(answer.content)
        assert str(packet).startswith('0{"sid":')

    @pytest.mark.differs("Node knows no such dialect")
    async def test_pure_text_comes_in_binary_framing(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session, _ = await self.open(http, patient)
        assert (await session.post(binary_payload("4Привет 😀"), OCTETS)).text == "ok"
        polled = await session.get(t="1700000000000-1")
        assert polled.headers["content-type"] == OCTETS
        assert polled.content == binary_payload("4Привет 😀")

    @pytest.mark.differs("Node knows no such dialect")
    async def test_the_dialect_is_known_from_the_handshake_on(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session, _ = await self.open(http, patient)
        await session.post("6:4hello")
        assert (await session.get()).content == binary_payload("4hello")

    @pytest.mark.differs("Node knows no such dialect")
    async def test_even_a_noop_and_a_pong_come_in_binary_framing(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session, _ = await self.open(http, patient)
        await session.post(binary_payload("2"), OCTETS)
        assert (await session.get()).content == binary_payload("3")
        async with (
            session.waiting_get() as waiting,
            websocket(patient, eio=3, sid=session.sid) as connection,
        ):
            await connection.send("2probe")
            assert await receive(connection) == "3probe"
            async with asyncio.timeout(PROMPT_S):
                assert (await waiting).content == binary_payload("6")
            await connection.send("5")
            await expect_open(connection)

    @pytest.mark.differs("Node knows no such dialect")
    async def test_events_come_in_binary_framing(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session, _ = await self.open(http, patient, SOCKET)
        greeting: list[Packet] = ["40", '42["auth",{}]']
        polled = await session.get()
        assert polled.content == binary_payload(*greeting)
        await session.post(binary_payload('42["message","ё"]'), OCTETS)
        assert (await session.get()).content == binary_payload('42["message-back","ё"]')
        await session.post(binary_payload("40/random"), OCTETS)
        assert (await session.get()).content == binary_payload('44/random,"Invalid namespace"')

    @pytest.mark.parametrize(
        "stamp",
        [
            "PHaFZ1y",
            "1700000000000",
            "123456789-0",
            "1700000000000-",
            "-0",
            "x1700000000000-0",
            "1700000000000-0x",
            "1700000000000-0-1",
            "",
        ],
    )
    async def test_another_t_does_not_ask_for_it(
        self, http: httpx.AsyncClient, patient: Target, stamp: str
    ) -> None:
        session = await Polling.open(http, patient, eio=3, t=stamp)
        await session.send("4hello")
        assert (await session.get()).text == "6:4hello"

    async def test_the_t_of_a_later_request_does_not_ask_for_it(
        self, http: httpx.AsyncClient, patient: Target
    ) -> None:
        session = await Polling.open(http, patient, eio=3)
        await session.send("4hello")
        assert (await session.get(t="1700000000000-1")).text == "6:4hello"

    async def test_b64_excludes_it(self, http: httpx.AsyncClient, patient: Target) -> None:
        session, answer = await self.open(http, patient, b64=1)
        assert answer.headers["content-type"].startswith("text/plain")
        await session.send("4hello")
        assert (await session.get()).text == "6:4hello"

    async def test_version_4_does_not_know_it(self, http: httpx.AsyncClient, farm: Farm) -> None:
        session = await Polling.open(http, farm.server(4), eio=4, t="1700000000000-0")
        await session.send("4hello")
        assert (await session.get()).text == "4hello"
