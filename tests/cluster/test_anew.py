"""A server whose node was declared dead, and that begins anew in the same process."""

import asyncio

import httpx
import pytest
from sqlalchemy import update

from quad.store.schema import nodes
from quad.store.session import DEAD
from tests.cluster.servers import Site
from tests.contract.databases import connected
from tests.patience import patience


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_it_is_soon_at_the_port_where_it_was_also_if_that_was_any(
    site: Site, database_url: str
) -> None:
    process = await asyncio.to_thread(site.process, "ada")
    try:
        async with connected(database_url) as connection:
            await connection.execute(update(nodes).values(state=DEAD))
            await connection.commit()
        await asyncio.to_thread(process.wait_for_output, "beginning anew")
        async with httpx.AsyncClient(base_url=process.url, trust_env=False) as http:
            async with asyncio.timeout(patience(15)):
                while not await is_ready(http):
                    await asyncio.sleep(0.05)
        assert "handing over did not end" not in process.output
    finally:
        process.kill()


async def is_ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/ready")).status_code == 200
    except httpx.TransportError:
        return False
