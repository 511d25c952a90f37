"""Answers without end are counted by address, whatever their route."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx

from quad.addresses import parse_network
from quad.realtime import Site, SocketServer, Streams
from tests.realtime.serving import serving, until


async def stream(scope: Any, receive: Any, send: Any) -> None:
    """Says hello and goes on until the reader leaves."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass


async def test_an_address_has_so_many_streams_and_gets_a_place_again(
    http: httpx.AsyncClient,
) -> None:
    streams = Streams(per_address=2)
    server = serving(SocketServer(), application=streams.bound(stream))
    async with server as target:
        async with AsyncExitStack() as open_:
            for _ in range(2):
                answer = await open_.enter_async_context(http.stream("GET", target.url("/")))
                assert answer.status_code == 200
            refused = await http.get(target.url("/"))
            assert refused.status_code == 429
            assert refused.json()["code"] == "rate_limited"
            assert (await http.head(target.url("/"))).status_code == 429
            assert len(streams) == 2
        await until(lambda: not len(streams))
        async with http.stream("GET", target.url("/")) as answer:
            assert answer.status_code == 200


async def test_the_blocks_of_a_site_have_the_streams_of_sixteen_addresses(
    http: httpx.AsyncClient,
) -> None:
    streams = Streams(per_address=1)
    site = Site(trusted_proxies=(parse_network("127.0.0.1"),))
    server = serving(SocketServer(), application=streams.bound(stream), site=site)
    async with server as target, AsyncExitStack() as open_:
        addresses = [f"2001:db8:1:{number:x}::1" for number in range(17)] + ["2001:db8:2::1"]
        answers = [
            await open_.enter_async_context(
                http.stream("GET", target.url("/"), headers={"X-Forwarded-For": address})
            )
            for address in addresses
        ]
        assert [answer.status_code for answer in answers] == [200] * 16 + [429, 200]


async def test_without_a_limit_there_is_none(http: httpx.AsyncClient) -> None:
    streams = Streams(per_address=None)
    server = serving(SocketServer(), application=streams.bound(stream))
    async with server as target, AsyncExitStack() as open_:
        waiting = [
            open_.enter_async_context(http.stream("GET", target.url("/"))) for _ in range(20)
        ]
        answers = await asyncio.gather(*waiting)
        assert {answer.status_code for answer in answers} == {200}
        assert len(streams) == 20
