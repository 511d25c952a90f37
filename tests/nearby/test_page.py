"""The page in a real Chromium: log in, say where one is, see each other, write."""

import os
import re
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from quad.nearby.model import Building, Position
from tests.nearby.campus import TOWER, Campus

pytestmark = [pytest.mark.browser]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        how = "no Chromium: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(how)
        pytest.skip(how)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield browser
        await browser.close()


class Visitors:
    """Browsers of several people, each with cookies of their own."""

    def __init__(self, chromium: Browser, url: str) -> None:
        self.complaints: list[str] = []
        self._chromium = chromium
        self._url = url

    async def page(self, *, width: int = 1280, height: int = 800, **options: Any) -> Page:
        context = await self._chromium.new_context(
            base_url=self._url,
            viewport={"width": width, "height": height},
            locale="en-GB",
            **options,
        )
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self._note(line.type, line.text))
        return page

    def _note(self, kind: str, text: str) -> None:
        # Forms and sessions that are refused on purpose.
        if kind in ("error", "warning") and not re.search(r"status of 4", text):
            self.complaints.append(text)


@pytest.fixture
async def visitors(chromium: Browser, campus: Campus) -> AsyncIterator[Visitors]:
    visitors = Visitors(chromium, campus.url)
    yield visitors
    assert visitors.complaints == []


async def enter(page: Page, name: str) -> None:
    await page.goto("/nearby")
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Enter").click()
    await expect(page.locator("#state")).to_have_text("Connected")


async def stand(page: Page, position: Position) -> None:
    await page.get_by_label("Latitude").fill(str(position.latitude))
    await page.get_by_label("Longitude").fill(str(position.longitude))
    await page.locator("#place button").click()


async def write(page: Page, to: str, text: str) -> None:
    await page.get_by_label("To", exact=True).select_option(to)
    await page.get_by_label("Message", exact=True).fill(text)
    await page.get_by_label("Message", exact=True).press("Enter")
    await expect(page.get_by_label("Message", exact=True)).to_have_value("")


async def expect_people(page: Page, where: str, *names: str) -> None:
    await expect(page.locator(f"#{where}-people li")).to_have_text(list(names))


async def expect_messages(page: Page, *texts: str) -> None:
    await expect(page.locator("#messages span")).to_have_text(list(texts))


async def fits(page: Page) -> bool:
    """Nothing is cut off or needs scrolling sideways."""
    width = await page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")
    return bool(width <= 0)


async def test_people_see_each_other_and_write(visitors: Visitors, campus: Campus) -> None:
    ana, bob = await visitors.page(), await visitors.page(width=390, height=844)
    await enter(ana, "ana")
    await enter(bob, "bob")
    await stand(ana, TOWER.position)
    await expect(ana.locator("#building")).to_have_text("Tower")
    await stand(bob, Position(TOWER.position.latitude + 0.0002, TOWER.position.longitude))
    for page, other in ((ana, "bob"), (bob, "ana")):
        await expect_people(page, "building", other)
        await expect_people(page, "range", other)
    await write(ana, "range", "Hello <b>all</b>")
    await expect_messages(bob, "Hello <b>all</b>")
    await write(bob, "building", "Hi")
    await bob.get_by_role("button", name="ana").first.click()
    await expect(bob.get_by_label("To", exact=True)).to_have_value("@ana")
    await write(bob, "@ana", "Only you")
    await expect_messages(ana, "Hello <b>all</b>", "Hi", "Only you")
    await expect(ana.locator("#messages b")).to_have_text(
        ["To everyone in range (1)", "bob", "bob"]
    )
    await stand(bob, Position(38.70, -9.20))
    await expect(bob.locator("#building")).to_have_text("Out of registered facilities")
    await expect_people(ana, "building", "Nobody")
    await expect_people(ana, "range", "Nobody")
    await bob.get_by_label("To", exact=True).select_option("range")
    await bob.get_by_label("Message", exact=True).fill("Anybody?")
    await bob.get_by_role("button", name="Send").click()
    await expect(bob.locator("#problem")).to_have_text("Nobody is there to read this.")
    assert await fits(ana)
    assert await fits(bob)


async def test_the_range_is_kept_and_counts(visitors: Visitors, campus: Campus) -> None:
    ana = await visitors.page()
    await enter(ana, "ana")
    await campus.page("far")
    await campus.move("far", Position(TOWER.position.latitude + 0.01, TOWER.position.longitude))
    await stand(ana, TOWER.position)
    await expect_people(ana, "range", "Nobody")
    await ana.get_by_label("Range in metres").fill("2000")
    await ana.locator("#reach button").click()
    await expect_people(ana, "range", "far")
    await ana.reload()
    await expect(ana.get_by_label("Range in metres")).to_have_value("2000")
    await expect(ana.locator("#building")).to_have_text("Tower")  # a reload keeps the place
    await expect_people(ana, "range", "far")


async def test_what_cannot_be_a_place_is_said_at_once(visitors: Visitors, campus: Campus) -> None:
    ana = await visitors.page()
    await enter(ana, "ana")
    for latitude, longitude, words in (
        ("91", "0", "A latitude is"),
        ("", "0", "A latitude is"),
        ("1", "east", "A longitude is"),
    ):
        await ana.get_by_label("Latitude").fill(latitude)
        await ana.get_by_label("Longitude").fill(longitude)
        await ana.locator("#place button").click()
        await expect(ana.locator("#problem")).to_contain_text(words)
    await ana.get_by_label("Range in metres").fill("-5")
    await ana.locator("#reach button").click()
    await expect(ana.locator("#problem")).to_contain_text("A range is")
    await ana.get_by_label("Range in metres").fill("999999999")
    await ana.locator("#reach button").click()
    await expect(ana.locator("#problem")).to_contain_text("radious")


async def test_the_browsers_location_is_followed(visitors: Visitors, campus: Campus) -> None:
    here = {"latitude": TOWER.position.latitude, "longitude": TOWER.position.longitude}
    ana = await visitors.page(geolocation=here, permissions=["geolocation"])
    await enter(ana, "ana")
    await ana.get_by_role("button", name="Use my location").click()
    await expect(ana.locator("#building")).to_have_text("Tower")
    await ana.get_by_role("button", name="Following your location").click()
    await expect(ana.locator("#locate")).to_have_attribute("aria-pressed", "false")


async def test_a_location_that_is_not_allowed_is_said(visitors: Visitors, campus: Campus) -> None:
    ana = await visitors.page()
    await enter(ana, "ana")
    await ana.get_by_role("button", name="Use my location").click()
    await expect(ana.locator("#problem")).to_contain_text("Set it by hand")


async def test_messages_that_came_meanwhile_are_there_after_a_lost_connection(
    visitors: Visitors, campus: Campus
) -> None:
    ana = await visitors.page()
    await enter(ana, "ana")
    await campus.page("bob")
    (tab,) = campus.nearby.people.get("ana").tabs.values()
    assert tab.client is not None
    tab.client.disconnect()
    await campus.until(lambda: not campus.nearby.people.get("ana").is_online)
    await campus.send("bob", ["ana"], "Where are you?")
    await expect_messages(ana, "Where are you?")
    await expect(ana.locator("#state")).to_have_text("Connected")


async def test_logging_out_in_one_tab_ends_the_others(visitors: Visitors, campus: Campus) -> None:
    ana = await visitors.page()
    await enter(ana, "ana")
    other = await ana.context.new_page()
    await other.goto("/nearby")
    await expect(other.locator("#state")).to_have_text("Connected")
    await ana.get_by_role("button", name="Log out").click()
    await expect(ana.get_by_role("heading")).to_have_text("Logged out")
    await expect(other.locator("#problem")).to_contain_text("not logged in any more")
    await other.get_by_role("link", name="Log in again").click()
    await expect(other.get_by_label("Your name")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 740)])
async def test_the_page_fits_and_everything_has_a_name(
    scheme: str, width: int, height: int, visitors: Visitors, campus: Campus
) -> None:
    long = Building("7", "Pavilhão de Informática " + "x" * 60, TOWER.position, 5)
    await campus.nearby.buildings.put(long)
    page = await visitors.page(width=width, height=height, color_scheme=scheme)
    await page.goto("/nearby")
    assert await fits(page)
    await enter(page, "ana-" + "n" * 100)
    for name in ("bob", "carla", "d" * 60):
        await campus.page(name)
        await campus.move(name, TOWER.position)
    await stand(page, TOWER.position)
    await expect(page.locator("#building-people li")).to_have_count(3)
    await campus.send("bob", ["ana-" + "n" * 100], "A long word: " + "w" * 300)
    await campus.send("carla", ["ana-" + "n" * 100], "Coffee?\nIn five minutes")
    await expect(page.locator("#messages li")).to_have_count(2)
    if shots := os.environ.get("QUAD_TEST_SCREENSHOTS"):
        await page.screenshot(path=f"{shots}/nearby-{scheme}-{width}.png", full_page=True)
    assert await fits(page)
    unnamed = await page.locator("input, select, button").evaluate_all(
        "all => all.filter(e => !(e.labels && e.labels.length) && !e.textContent.trim()).length"
    )
    assert unnamed == 0


async def test_pages_run_nothing_that_is_not_ours(campus: Campus) -> None:
    token = await campus.token("ana")
    for path in ("/nearby", "/nearby/bye"):
        answer = await campus.http.get(path, headers={"Cookie": f"quad_nearby={token}"})
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<script(?! src)|<style|style=| on\w+=", answer.text)
        for file in re.findall(r'(?:src|href)="(/nearby/static/[^"]+)"', answer.text):
            found = await campus.http.get(file)
            assert found.status_code == 200
            assert "immutable" in found.headers["cache-control"]
    assert (await campus.http.get("/nearby/static/nearby.js")).status_code == 404
