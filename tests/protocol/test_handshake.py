"""The first answer of the server: the open packet, or a refusal that says why."""

import json
import re

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.protocol.peers import (
    ENGINE,
    SOCKET,
    Polling,
    Target,
    expect_open,
    opened,
    packets_of,
    receive,
    websocket,
)

BOTH = pytest.mark.parametrize("eio", [4, 3], ids=["V4", "V3"])
PATHS = pytest.mark.parametrize("path", [ENGINE, SOCKET])

TRANSPORT_UNKNOWN = {"code": 0, "message": "Transport unknown"}
SESSION_UNKNOWN = {"code": 1, "message": "Session ID unknown"}
BAD_METHOD = {"code": 2, "message": "Bad handshake method"}
BAD_REQUEST = {"code": 3, "message": "Bad request"}
UNSUPPORTED_VERSION = {"code": 5, "message": "Unsupported protocol version"}


def open_packet(sid: str, upgrades: str) -> str:
    return (
        f'0{{"sid":"{sid}","upgrades":[{upgrades}],'
        '"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}'
    )


@BOTH
@PATHS
async def test_polling_opens_with_exactly_the_open_packet_and_nothing_else(
    http: httpx.AsyncClient, quick: Target, eio: int, path: str
) -> None:
    answer = await http.get(quick.url(path, EIO=eio, transport="polling"))

    assert answer.status_code == 200
    assert answer.headers["content-type"].lower() == "text/plain; charset=utf-8"
    (packet,) = packets_of(eio, answer)
    assert isinstance(packet, str)
    sid = json.loads(packet[1:])["sid"]
    assert packet == open_packet(sid, '"websocket"')


@BOTH
@PATHS
async def test_a_websocket_opens_with_exactly_the_open_packet(
    quick: Target, eio: int, path: str
) -> None:
    async with websocket(quick, path, eio) as connection:
        packet = await receive(connection)
        assert isinstance(packet, str)
        sid = json.loads(packet[1:])["sid"]
        assert packet == open_packet(sid, "")


async def test_default_times_are_advertised_in_milliseconds(patient: Target) -> None:
    async with websocket(patient) as connection:
        packet = str(await receive(connection))
    assert packet.endswith('"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}')


async def test_session_ids_are_long_different_and_safe_in_a_url(
    http: httpx.AsyncClient, patient: Target
) -> None:
    sids = {(await Polling.open(http, patient)).sid for _ in range(20)}

    assert len(sids) == 20
    assert all(re.fullmatch(r"[\w-]{16,64}", sid) for sid in sids)


@PATHS
@pytest.mark.parametrize("version", ["2", "5", "abc", "", "44", "04", "3.0", None])
async def test_a_version_that_is_not_3_or_4_is_refused(
    http: httpx.AsyncClient, patient: Target, path: str, version: str | None
) -> None:
    query = {} if version is None else {"EIO": version}
    answer = await http.get(patient.url(path, transport="polling", **query))

    assert answer.status_code == 400
    assert answer.json() == UNSUPPORTED_VERSION
    assert answer.text == '{"code":5,"message":"Unsupported protocol version"}'


@PATHS
@pytest.mark.parametrize("version", ["2", "5", "abc", None])
@pytest.mark.differs("Node completes the handshake, then says why and closes")
async def test_a_websocket_of_another_version_is_refused_before_the_upgrade(
    http: httpx.AsyncClient, patient: Target, path: str, version: str | None
) -> None:
    query = {} if version is None else {"EIO": version}
    answer = await http.get(
        patient.url(path, transport="websocket", **query), headers=websocket_headers()
    )
    assert answer.status_code == 400


@BOTH
@PATHS
@pytest.mark.parametrize("transport", ["abc", "", "webtransport", "__proto__", "POLLING", None])
async def test_a_transport_that_is_missing_or_unknown_is_refused(
    http: httpx.AsyncClient, patient: Target, eio: int, path: str, transport: str | None
) -> None:
    query = {} if transport is None else {"transport": transport}
    answer = await http.get(patient.url(path, EIO=eio, **query))

    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json() == TRANSPORT_UNKNOWN


@pytest.mark.parametrize("transport", ["abc", None])
async def test_a_websocket_with_another_transport_is_refused_before_the_upgrade(
    http: httpx.AsyncClient, patient: Target, transport: str | None
) -> None:
    query = {} if transport is None else {"transport": transport}
    answer = await http.get(patient.url(ENGINE, EIO=4, **query), headers=websocket_headers())
    assert answer.status_code == 400


@BOTH
@PATHS
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_handshake_that_is_not_a_get_is_refused(
    http: httpx.AsyncClient, patient: Target, eio: int, path: str, method: str
) -> None:
    answer = await http.request(method, patient.url(path, EIO=eio, transport="polling"))

    assert answer.status_code == 400
    assert answer.json() == BAD_METHOD


async def test_a_handshake_by_head_opens_no_session(
    http: httpx.AsyncClient, patient: Target
) -> None:
    answer = await http.head(patient.url(ENGINE, EIO=4, transport="polling"))

    assert answer.status_code == 400
    assert answer.content == b""


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD"])
@pytest.mark.differs("Node answers 500")
async def test_other_methods_are_refused_within_a_session_and_leave_it_alone(
    http: httpx.AsyncClient, patient: Target, method: str
) -> None:
    session = await Polling.open(http, patient)

    answer = await http.request(method, session.url())

    assert answer.status_code == 400
    await session.send("4still here")
    assert await session.poll() == ["4still here"]


@BOTH
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("sid", ["unknown", "a/b", "..", "ы", "x" * 2000])
async def test_an_unknown_session_is_refused(
    http: httpx.AsyncClient, patient: Target, eio: int, method: str, sid: str
) -> None:
    answer = await http.request(
        method, patient.url(ENGINE, EIO=eio, transport="polling", sid=sid), content=b"4x"
    )

    assert answer.status_code == 400
    assert answer.json() == SESSION_UNKNOWN


@BOTH
async def test_a_websocket_for_an_unknown_session_is_refused_before_the_upgrade(
    patient: Target, eio: int
) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with websocket(patient, eio=eio, sid="unknown"):
            pass
    assert refusal.value.response.status_code == 400


async def test_a_plain_get_cannot_open_a_websocket(
    http: httpx.AsyncClient, patient: Target
) -> None:
    answer = await http.get(patient.url(ENGINE, EIO=4, transport="websocket"))

    assert answer.status_code == 400
    assert answer.json() == BAD_REQUEST


async def test_a_session_of_one_path_is_unknown_at_the_other(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient, ENGINE)
    answer = await http.get(patient.url(SOCKET, EIO=4, transport="polling", sid=session.sid))
    assert answer.json() == SESSION_UNKNOWN


@BOTH
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_websocket_session_cannot_be_polled(
    http: httpx.AsyncClient, patient: Target, eio: int, method: str
) -> None:
    async with websocket(patient, eio=eio) as connection:
        sid = json.loads(str(await receive(connection))[1:])["sid"]
        url = patient.url(ENGINE, EIO=eio, transport="polling", sid=sid)

        answer = await http.request(method, url, content=b"4x")

        assert answer.status_code == 400
        await expect_open(connection)


@BOTH
async def test_unknown_query_parameters_do_no_harm(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    query: dict[str, str | int] = {"t": "PHaFZ1y", "token": "a b+c/ы", "x": "\0"}
    session = await Polling.open(http, patient, eio=eio, **query)
    await session.send("4hello")
    assert await session.poll() == ["4hello"]

    async with opened(patient, ENGINE, eio, **query) as connection:
        await expect_open(connection)


async def test_a_preflight_is_answered(http: httpx.AsyncClient, patient: Target) -> None:
    answer = await http.options(
        patient.url(ENGINE, EIO=4, transport="polling"),
        headers={
            "origin": "http://elsewhere.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
        },
    )
    assert answer.status_code in (200, 204)


def websocket_headers() -> dict[str, str]:
    return {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
