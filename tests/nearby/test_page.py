"""The page as the server makes it; what it does in a browser is in tests/e2e/test_nearby.py."""

import re
from pathlib import Path
from typing import Any

import pytest

from quad.settings import BadSettings, RetentionSettings, load
from tests.identity.test_login import held
from tests.nearby.campus import Campus, open_campus

TILES = "https://tile.example.org:8443/{z}/{x}/{y}.png?key=1"


async def page_of(campus: Campus, id: str, **headers: str) -> Any:
    cookie = f"quad_nearby={await campus.token(id)}"
    return await campus.http.get("/nearby", headers={"Cookie": cookie, **headers})


async def test_pages_run_nothing_that_is_not_ours(campus: Campus) -> None:
    token = await campus.token("ana")
    for path in ("/nearby", "/nearby/bye"):
        answer = await campus.http.get(path, headers={"Cookie": f"quad_nearby={token}"})
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "img-src data: 'self' blob:;" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["permissions-policy"] == "geolocation=(self)"
        assert not re.search(r"<style|style=| on\w+=", answer.text)
        scripts = re.findall(r"<script([^>]*)>", answer.text)
        assert all("src=" in each or "application/json" in each for each in scripts)


async def test_the_token_is_told_to_its_owner_only(campus: Campus) -> None:
    token = await campus.token("ana")
    assert held((await page_of(campus, "ana")).text)["token"] == token
    for path in ("/nearby", "/nearby/bye", "/login"):
        assert token not in (await campus.http.get(path)).text
    assert token not in (await page_of(campus, "bob")).text


async def test_the_page_knows_what_the_server_allows(campus: Campus) -> None:
    values = held((await page_of(campus, "ana")).text)
    assert values == {
        "view": "here",
        "user": "ana",
        "token": await campus.token("ana"),
        "range_m": 50,
        "is_visible": True,
        "grid_m": 10.0,
        "logs_kept_days": 90,
        "range_limit_m": 100_000,
        "message_limit_bytes": 10_000,
        "recipients_limit": 1000,
        "tiles": None,
    }


async def test_whoever_comes_is_told_how_long_others_may_read_what_they_write(
    database: Path,
) -> None:
    kept = RetentionSettings(nearby_logs_days=7)
    async with open_campus(database, retention=kept) as campus:
        assert held((await campus.http.get("/nearby")).text)["logs_kept_days"] == 7
        assert held((await page_of(campus, "ana")).text)["logs_kept_days"] == 7


async def test_the_page_speaks_the_language_that_the_browser_asks_for(campus: Campus) -> None:
    for asked, language in (("pt-PT,en;q=0.5", "pt"), ("ru", "ru"), ("xx", "en")):
        page = await page_of(campus, "ana", **{"Accept-Language": asked})
        assert f'<html lang="{language}">' in page.text


async def test_pictures_come_from_the_tile_server_that_is_set_and_from_no_other(
    database: Path,
) -> None:
    values = {"tiles": TILES, "tiles_attribution": "© Somebody https://example.org/copyright"}
    async with open_campus(database, values) as campus:
        page = await page_of(campus, "ana")
        policy = page.headers["content-security-policy"]
        assert "img-src data: 'self' blob: https://tile.example.org:8443;" in policy
        assert held(page.text)["tiles"] == {
            "url": TILES,
            "attribution": values["tiles_attribution"],
        }
        # Whoever shows no map fetches no pictures.
        form = await campus.http.get("/nearby")
        assert "tile.example.org" not in form.headers["content-security-policy"]


@pytest.mark.parametrize(
    "address",
    [
        "http://tile.example.org/{z}/{x}/{y}.png",
        "https://tile.example.org/{z}/{x}.png",
        "https://tile.example.org; script-src */{z}/{x}/{y}",
        "https://a b/{z}/{x}/{y}",
        "https://user@tile.example.org/{z}/{x}/{y}",
        "tile.example.org/{z}/{x}/{y}",
    ],
)
def test_an_address_that_is_no_tile_servers_stops_the_start(address: str) -> None:
    with pytest.raises(BadSettings, match=r"QUAD_NEARBY_TILES must be text such as"):
        load(environment={"QUAD_NEARBY_TILES": address})


def test_the_address_of_a_tile_server_is_taken_as_it_is() -> None:
    assert load(environment={"QUAD_NEARBY_TILES": TILES}).nearby.tiles == TILES
