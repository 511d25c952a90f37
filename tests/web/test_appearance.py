"""Language and colours are chosen once, for the server's pages and the application's."""

import re
from pathlib import Path

import httpx
import pytest

from quad.appearance import Appearance, choose_appearance
from quad.server import serving
from quad.settings import ServerSettings, Settings
from tests.patience import patience

CHOSEN = {"language": "pt", "theme": "dark"}


@pytest.mark.parametrize(
    ("cookies", "asked", "appearance"),
    [
        ({}, "", Appearance("en", "auto")),
        ({}, "ru,en;q=0.5", Appearance("ru", "auto")),
        ({"quad_language": "pt"}, "ru", Appearance("pt", "auto")),
        ({"quad_language": "xx", "quad_theme": "pink"}, "ru", Appearance("ru", "auto")),
        ({"quad_theme": "light"}, "", Appearance("en", "light")),
    ],
)
def test_what_was_chosen_counts_before_what_the_browser_asks_for(
    cookies: dict[str, str], asked: str, appearance: Appearance
) -> None:
    assert choose_appearance(cookies, asked) == appearance


async def test_what_a_page_of_the_server_posts_counts_for_all_pages(tmp_path: Path) -> None:
    server = ServerSettings(port=0, data=tmp_path)
    async with (
        serving(Settings(server=server)) as url,
        httpx.AsyncClient(base_url=url, timeout=patience(10)) as browser,
    ):
        # Back to the page, and to no other server.
        for referer, back in (
            (f"{url}/v1/room?display=1", "/v1/room?display=1"),
            (f"{url}//evil.example/", "/"),
            ("", "/"),
        ):
            answer = await browser.post("/appearance", data=CHOSEN, headers={"Referer": referer})
            assert (answer.status_code, answer.headers["location"]) == (303, back)
        for page in ("/v1", "/roomstats/123456", "/"):
            shown = (await browser.get(page)).text
            assert '<html lang="pt">' in shown
            assert 'media="all"' in shown
        # What nobody offers is not remembered.
        answer = await browser.post("/appearance", data={"language": "xx", "theme": "<b>"})
        assert "set-cookie" not in answer.headers


async def test_an_address_without_a_page_leads_home_in_a_browser(tmp_path: Path) -> None:
    server = ServerSettings(port=0, data=tmp_path)
    async with (
        serving(Settings(server=server)) as url,
        httpx.AsyncClient(base_url=url, timeout=patience(10)) as client,
    ):
        browser = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": "pt"}
        for address in ("/nope", "/v1/nope", "/quad/a/b"):
            page = await client.get(address, headers=browser)
            assert page.status_code == 404
            assert "Esta página não existe" in page.text
            assert 'class="button primary" href="/"' in page.text
            for file in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
                assert (await client.get(file)).status_code == 200
            program = await client.get(address)
            assert (program.status_code, program.json()["status_code"]) == (404, 404)
        assert (await client.post("/nope", headers=browser)).headers["content-type"] == (
            "application/json"
        )
