"""Nearby in a real browser: log in, say where one is, see each other, write."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Locator, Page, Request, Route, WebSocketRoute, expect

from tests.browser import Visitors
from tests.e2e.axe import serious_faults
from tests.e2e.conftest import ADMIN_PASSWORD, Campus

Point = tuple[float, float]

TOWER: Point = (38.7370, -9.1390)
BESIDE: Point = (38.7372, -9.1390)  # 22 m from there, in the same building
YARD: Point = (38.7382, -9.1390)  # 133 m from there, in none
BUILDINGS = [
    {"id": "1", "name": "Tower", "latitude": 38.7370, "longitude": -9.1390, "radious": 60},
    {"id": "2", "name": "Library", "latitude": 38.7400, "longitude": -9.1390, "radious": 60},
]
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture(scope="module", autouse=True)
def _buildings(server: Campus) -> None:
    put_buildings(server.url)


def put_buildings(url: str) -> None:
    for building in BUILDINGS:
        administer(url, "buildings/add", building)


def administer(url: str, path: str, body: object) -> None:
    answer = httpx.post(f"{url}/API/admin/{path}", json=body, auth=("admin", ADMIN_PASSWORD))
    assert answer.status_code == 200, answer.text


def at(point: Point) -> dict[str, Any]:
    """A browser that knows where it is, and may tell."""
    latitude, longitude = point
    here = {"latitude": latitude, "longitude": longitude, "accuracy": 5}
    return {"geolocation": here, "permissions": ["geolocation"]}


async def enter(page: Page, name: str) -> None:
    await page.goto("/nearby")
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Enter").click()
    await connected(page)


async def connected(page: Page, within_ms: float = 20_000) -> None:
    link = page.locator("[data-link]")
    await expect(link).to_have_attribute("data-link", "open", timeout=within_ms)


async def follow(page: Page, building: str) -> None:
    await page.get_by_role("button", name="Use my location").click()
    await stands_in(page, building)


async def stand(page: Page, point: Point) -> None:
    """Say by hand where one is."""
    latitude, longitude = point
    await by_coordinates(page)
    await page.get_by_label("Latitude").fill(str(latitude))
    await page.get_by_label("Longitude").fill(str(longitude))
    await page.get_by_role("button", name="Set", exact=True).first.click()


async def by_coordinates(page: Page) -> None:
    """Their fields are there; whoever has buildings to choose from has to ask for them."""
    fields = page.locator(".whereabouts details")
    if await fields.get_attribute("open") is None:
        await fields.locator("summary").click()


async def stands_in(page: Page, building: str) -> None:
    await expect(page.locator("[data-building]")).to_have_text(building)


async def sees(page: Page, *names: str, building: int, in_range: int) -> None:
    """Who is around, by name, and how many of them are where."""
    await expect(page.locator(".people .id")).to_have_text(list(names))
    await expect(page.locator("[data-count=building]")).to_have_text(str(building))
    await expect(page.locator("[data-count=range]")).to_have_text(str(in_range))


async def write(page: Page, text: str, to: str | None = None) -> None:
    if to is not None:
        await page.locator(".targets label", has_text=to).click()
    await field(page).fill(text)
    await field(page).press("Enter")
    await expect(field(page)).to_have_value("")


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


def readers(page: Page) -> Locator:
    """Who is going to read what is being written."""
    return page.locator(".readers")


async def has_messages(page: Page, *texts: str) -> None:
    await expect(page.locator(".text")).to_have_text(list(texts))


def radius(request: Request) -> float:
    """The range that a page asks the server to keep."""
    return float(json.loads(request.post_data or "")["radious"])


async def fits(page: Page) -> bool:
    """Nothing is cut off or needs scrolling sideways."""
    width = await page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")
    return bool(width <= 0)


# --- people and messages --------------------------------------------------------------------------


async def test_people_see_each_other_and_write_to_all_in_range_to_the_building_and_to_one(
    visitors: Visitors,
) -> None:
    ana, bob = await visitors.page(**at(TOWER)), await visitors.page(**at(BESIDE))
    cid = await visitors.page(**at(YARD))
    await enter(ana, "ana")
    await enter(bob, "bob")
    await enter(cid, "cid")
    await follow(ana, "Tower")
    await follow(bob, "Tower")
    await follow(cid, "Outside of all buildings")
    await sees(ana, "bob", building=1, in_range=1)
    await sees(cid, building=0, in_range=0)
    # The map says it too, and says nobody's place.
    await expect(ana.get_by_role("slider", name="Range", exact=True)).to_be_visible()
    await write(ana, "Hello <b>all</b>\nin two lines")
    await has_messages(bob, "Hello <b>all</b>\nin two lines")
    await write(bob, "Hi", to="In the building")
    await bob.get_by_role("button", name="Reply to ana alone").click()
    await expect(readers(bob)).to_have_text("Only ana reads this.")
    await write(bob, "Only you")
    await has_messages(ana, "Hello <b>all</b>\nin two lines", "Hi", "Only you")
    await expect(ana.locator(".messages .from")).to_have_text(["bob", "bob"])
    await expect(ana.locator(".messages .audience")).to_have_text(
        [
            "To everyone in range: one person",
            "To everyone in the building: only you",
            "Only to you",
        ]
    )
    await expect(ana.locator(".messages li.private .text")).to_have_text(["Only you"])
    # What she writes now does not go to everyone.
    await expect(readers(ana)).to_have_text("Only bob reads this.")
    await write(ana, "Only you, too")
    await expect(bob.locator(".messages li.private .text")).to_have_text(
        ["Only you", "Only you, too"]
    )
    await ana.get_by_role("checkbox", name="bob").uncheck()
    await expect(readers(ana)).to_have_text("Everyone in range reads this: one person.")
    # Bob walks away, and cid is within a larger range.
    await bob.context.set_geolocation({"latitude": 38.70, "longitude": -9.20, "accuracy": 5})
    await stands_in(bob, "Outside of all buildings")
    await sees(ana, building=0, in_range=0)
    await ana.get_by_label("Range in metres").fill("150")
    await ana.get_by_label("Range in metres").press("Enter")
    await sees(ana, "cid", building=0, in_range=1)
    await ana.get_by_role("checkbox", name="cid").check()
    await write(ana, "You in the yard")
    await has_messages(cid, "You in the yard")
    await write(ana, "And all of you", to="In range")
    await has_messages(cid, "You in the yard", "And all of you")
    await field(ana).fill("Anybody?")
    await ana.locator(".targets label", has_text="In the building").click()
    await ana.get_by_role("button", name="Send").click()
    await expect(ana.get_by_role("alert")).to_have_text("Nobody is there to read this.")
    await expect(field(ana)).to_have_value("Anybody?")


async def test_a_reload_keeps_place_range_messages_and_what_was_being_written(
    visitors: Visitors,
) -> None:
    ana, bob = await visitors.page(), await visitors.page(**at(BESIDE))
    await enter(ana, "ana-2")
    await enter(bob, "bob-2")
    await follow(bob, "Tower")
    await stand(ana, TOWER)
    await sees(bob, "ana-2", building=1, in_range=1)
    # The server has it, and its answer is lost: it is sent again, and is there once.
    lost: list[str] = []

    async def lose_first(route: Route) -> None:
        if lost:
            await route.continue_()
        else:
            lost.append((await route.fetch()).status_text)
            await route.abort("connectionreset")

    await bob.route("**/API/user/message/send", lose_first)
    await write(bob, "One")
    await expect(bob.locator("[data-fate]")).to_have_count(0)
    assert lost
    await write(bob, "Two")
    await has_messages(ana, "One", "Two")
    await ana.get_by_label("Range in metres").fill("80")
    await ana.get_by_label("Range in metres").press("Enter")
    await field(ana).fill("Not sent yet")
    async with ana.expect_response("**/API/user/update/range"):
        pass
    await ana.reload()
    await connected(ana)
    await stands_in(ana, "Tower")
    await sees(ana, "bob-2", building=1, in_range=1)
    await has_messages(ana, "One", "Two")
    await expect(ana.get_by_label("Range in metres")).to_have_value("80")
    await expect(field(ana)).to_have_value("Not sent yet")
    # Her reload took her away for a moment, and whoever sees nobody writes to nobody.
    await sees(bob, "ana-2", building=1, in_range=1)
    await write(bob, "Three")
    await has_messages(ana, "One", "Two", "Three")


async def test_a_restart_of_the_server_is_survived_and_nothing_is_shown_twice(
    visitors: Visitors, server: Campus
) -> None:
    ana, bob = await visitors.page(**at(TOWER)), await visitors.page(**at(BESIDE))
    await enter(ana, "ana-3")
    await enter(bob, "bob-3")
    await follow(ana, "Tower")
    await follow(bob, "Tower")
    await sees(ana, "bob-3", building=1, in_range=1)
    await write(ana, "Before")
    await has_messages(bob, "Before")
    server.kill()
    await expect(ana.get_by_role("status").first).to_contain_text("Connection lost")
    await write(ana, "Written without a connection")
    await write(ana, "And a second one")
    await expect(ana.locator("[data-fate=waiting]")).to_have_count(2)
    # Her tab is closed before the server is back, and what she has written is not lost with it.
    await ana.evaluate("sessionStorage.clear()")
    server.restart()
    await ana.reload()
    await expect(ana.locator(".text")).to_have_count(2)
    # Each tries again when its own backoff is over.
    for page in (ana, bob):
        await connected(page, within_ms=20_000)
    await expect(ana.locator("[data-fate]")).to_have_count(0)
    await has_messages(bob, "Before", "Written without a connection", "And a second one")
    await has_messages(ana, "Written without a connection", "And a second one")
    left = "Object.keys(localStorage).filter(e => e.includes('waiting'))"
    assert await ana.evaluate(left) == []
    await sees(ana, "bob-3", building=1, in_range=1)
    await sees(bob, "ana-3", building=1, in_range=1)


class Wire:
    """Somebody's connection, which can be cut, and stays cut."""

    def __init__(self) -> None:
        self._is_cut = False
        self._sockets: list[WebSocketRoute] = []

    async def lay(self, page: Page) -> None:
        await page.route_web_socket(re.compile(r"/socket\.io/"), self._open)
        await page.route("**/socket.io/**", self._poll)

    async def cut(self) -> None:
        self._is_cut = True
        for socket in self._sockets:
            await socket.close()

    def mend(self) -> None:
        self._is_cut = False

    async def _open(self, socket: WebSocketRoute) -> None:
        if self._is_cut:
            await socket.close()
        else:
            self._sockets.append(socket)
            socket.connect_to_server()

    async def _poll(self, route: Route) -> None:
        await (route.abort("connectionrefused") if self._is_cut else route.continue_())


async def test_messages_that_came_meanwhile_are_there_after_a_lost_connection(
    visitors: Visitors,
) -> None:
    ana, bob = await visitors.page(width=390, height=844), await visitors.page(**at(TOWER))
    wire = Wire()
    await wire.lay(ana)
    await enter(ana, "ana-4")
    await stand(ana, BESIDE)
    await enter(bob, "bob-4")
    await follow(bob, "Tower")
    await bob.get_by_role("checkbox", name="ana-4").check()
    await write(bob, "Here?")
    await expect(ana).to_have_title("(1) Nearby · Quad")
    await wire.cut()
    row = bob.locator(".people li").filter(has_text="ana-4")
    await expect(row).to_contain_text("not around any more")
    await write(bob, "And now?")
    wire.mend()
    await connected(ana)
    await sees(bob, "ana-4", building=1, in_range=1)
    await expect(ana).to_have_title("(2) Nearby · Quad")
    await ana.get_by_role("button", name="Messages").click()
    await has_messages(ana, "Here?", "And now?")
    await expect(ana).to_have_title("Nearby · Quad")


# --- places ---------------------------------------------------------------------------------------


async def test_the_circle_of_the_range_is_dragged_and_moved_by_keys(visitors: Visitors) -> None:
    ana = await visitors.page(**at(TOWER))
    await enter(ana, "ana-5")
    await follow(ana, "Tower")
    handle = ana.get_by_role("slider", name="Range", exact=True)
    await expect(handle).to_have_attribute("aria-valuetext", "50 m")
    box = await handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await ana.mouse.move(x, y)
    await ana.mouse.down()
    await ana.mouse.move(x + 60, y, steps=4)
    async with ana.expect_request("**/API/user/update/range") as asked:
        await ana.mouse.up()
    sent = radius(await asked.value)
    assert 55 < sent < 150
    await expect(handle).to_have_attribute("aria-valuenow", f"{sent:g}")
    await expect(ana.get_by_label("Range in metres")).to_have_value(f"{sent:g}")
    async with ana.expect_request("**/API/user/update/range") as asked:
        await handle.press("ArrowLeft")
    assert radius(await asked.value) < sent


async def test_a_click_on_the_map_is_a_place_and_can_be_taken_back(visitors: Visitors) -> None:
    ana = await visitors.page()
    await enter(ana, "ana-6")
    await stand(ana, TOWER)
    await stands_in(ana, "Tower")
    await expect(ana.get_by_role("slider", name="Range", exact=True)).to_be_visible()
    await ana.get_by_role("application").click(position={"x": 60, "y": 400})
    await stands_in(ana, "Outside of all buildings")
    await expect(ana.get_by_label("Latitude")).not_to_have_value(str(TOWER[0]))
    await ana.get_by_role("button", name="Undo").click()
    await stands_in(ana, "Tower")


async def test_buildings_are_chosen_by_name_and_come_change_and_go_while_one_looks(
    visitors: Visitors, server: Campus
) -> None:
    ana = await visitors.page()
    await enter(ana, "ana-13")
    choice = ana.get_by_label("I am in")
    await choice.select_option("Library")
    await stands_in(ana, "Library")
    await expect(ana.locator(".now .hint")).to_contain_text("As you chose from the list.")
    annex = {"id": "9", "name": "Annex", "latitude": 38.75, "longitude": -9.139, "radious": 30}
    administer(server.url, "buildings/add", annex)
    await choice.select_option("Annex")
    await stands_in(ana, "Annex")
    administer(server.url, "buildings/add", {**annex, "name": "New annex"})
    await stands_in(ana, "New annex")
    await expect(choice.locator("option:checked")).to_have_text("New annex")
    administer(server.url, "buildings/delete", {"id": "9"})
    await stands_in(ana, "Outside of all buildings")
    await expect(choice.locator("option")).to_have_text(["Choose a building …", "Library", "Tower"])


async def test_what_cannot_be_a_place_or_a_range_is_said_at_once(visitors: Visitors) -> None:
    ana = await visitors.page()
    await enter(ana, "ana-7")
    await by_coordinates(ana)
    for latitude, longitude, words in (
        ("91", "0", "A latitude is"),
        ("", "0", "A latitude is"),
        ("1", "east", "A longitude is"),
    ):
        await ana.get_by_label("Latitude").fill(latitude)
        await ana.get_by_label("Longitude").fill(longitude)
        await ana.get_by_role("button", name="Set", exact=True).first.click()
        await expect(ana.get_by_role("alert")).to_contain_text(words)
    for metres in ("-5", "far", "999999999"):
        await ana.get_by_label("Range in metres").fill(metres)
        await ana.get_by_label("Range in metres").press("Enter")
        await expect(ana.get_by_role("alert").last).to_contain_text("A range is")
    # What is being typed stays, whatever else happens.
    bob = await visitors.page(**at(BESIDE))
    await ana.get_by_label("Range in metres").fill("50")
    await stand(ana, TOWER)
    await stands_in(ana, "Tower")
    await ana.get_by_label("Latitude").fill("38.7")
    await enter(bob, "bob-7")
    await follow(bob, "Tower")
    await sees(ana, "bob-7", building=1, in_range=1)
    await expect(ana.get_by_label("Latitude")).to_have_value("38.7")
    # Decimals as people write them here and there.
    await ana.get_by_label("Latitude").fill("38,7370")
    await ana.get_by_label("Longitude").fill("9.1390 W")
    await ana.get_by_role("button", name="Set", exact=True).first.click()
    await stands_in(ana, "Tower")


async def test_a_location_that_is_not_allowed_or_cannot_be_is_explained(
    visitors: Visitors,
) -> None:
    ana = await visitors.page()
    await enter(ana, "ana-8")
    await ana.get_by_role("button", name="Use my location").click()
    await expect(ana.get_by_role("alert")).to_contain_text("by hand or on the map")
    bob = await visitors.page()
    # A server in a network without HTTPS is what this is like; here all is on one machine.
    await bob.add_init_script("Object.defineProperty(window, 'isSecureContext', {value: false})")
    await enter(bob, "bob-8")
    await bob.get_by_role("button", name="Use my location").click()
    await expect(bob.get_by_role("alert")).to_contain_text("over HTTPS only")


async def test_following_ends_when_it_is_switched_off(visitors: Visitors) -> None:
    ana = await visitors.page(**at(TOWER))
    await enter(ana, "ana-9")
    await follow(ana, "Tower")
    await ana.get_by_role("button", name="Following your location").click()
    button = ana.get_by_role("button", name="Use my location")
    await expect(button).to_have_attribute("aria-pressed", "false")
    await stands_in(ana, "Tower")


# --- logging in and out ---------------------------------------------------------------------------


async def test_a_name_that_cannot_be_one_is_explained_and_not_lost(visitors: Visitors) -> None:
    ana = await visitors.page()
    await ana.goto("/nearby")
    await ana.get_by_role("button", name="Enter").click()
    await expect(ana.get_by_role("alert")).to_have_text("Please enter a name.")
    await ana.get_by_label("Your name").fill("a\u2028b")  # which only the server knows to refuse
    await ana.get_by_role("button", name="Enter").click()
    await expect(ana.get_by_role("alert")).to_have_text("A name is one line of plain text.")
    await expect(ana.get_by_label("Your name")).to_have_value("a\u2028b")


async def test_logging_out_in_one_tab_ends_the_others_and_forgets(visitors: Visitors) -> None:
    ana = await visitors.page(**at(TOWER))
    await enter(ana, "ana-10")
    await follow(ana, "Tower")
    other = await ana.context.new_page()
    await other.goto("/nearby")
    await connected(other)
    await ana.get_by_role("button", name="Log out").click()
    await expect(ana.get_by_role("heading", level=1)).to_have_text("Logged out")
    assert await ana.evaluate("Object.keys(localStorage).filter(e => e.includes('place'))") == []
    await expect(other.get_by_role("alert").first).to_contain_text("not logged in any more")
    await other.get_by_role("link", name="Log in again").click()
    await expect(other.get_by_label("Your name")).to_be_visible()


async def test_the_token_is_in_no_address_and_in_no_storage(visitors: Visitors) -> None:
    ana = await visitors.page(**at(TOWER))
    addresses: list[str] = []
    ana.on("request", lambda request: addresses.append(request.url))
    ana.on("websocket", lambda socket: addresses.append(socket.url))
    await enter(ana, "ana-11")
    await follow(ana, "Tower")
    token = await ana.evaluate("JSON.parse(document.getElementById('page').text).values.token")
    assert len(token) > 20
    kept = await ana.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "ana-11" in kept
    assert token not in kept
    assert not any(token in address for address in addresses)


# --- how it looks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "width", "height"), [("light", 1280, 800), ("dark", 360, 740)])
async def test_the_page_fits_and_axe_finds_no_serious_fault(
    visitors: Visitors, scheme: str, width: int, height: int
) -> None:
    page = await visitors.page(width=width, height=height, color_scheme=scheme, **at(TOWER))
    bob = await visitors.page(**at(BESIDE))
    await page.goto("/nearby")
    assert await fits(page)
    assert await serious_faults(page) == []
    name = f"{'n' * 100}-{width}"
    await enter(page, name)
    await enter(bob, f"bob-{'x' * 60}-{width}")
    await follow(page, "Tower")
    await follow(bob, "Tower")
    await expect(bob.locator(".people .id")).to_have_count(1)  # else there is nobody to write to
    await write(bob, "A long word: " + "w" * 300)
    await write(bob, "Coffee?\nIn five minutes")
    for pane in ("People", "Messages", "Place") if width < 1000 else ("",):
        if pane:
            await page.get_by_role("navigation").get_by_role("button", name=pane).click()
        await expect(page.locator(".text")).to_have_count(2)
        assert await fits(page)
        assert await serious_faults(page) == []


async def test_it_speaks_russian_and_portuguese(visitors: Visitors) -> None:
    for locale, words in (("ru-RU", "Пока неизвестно"), ("pt-PT", "Ainda não se sabe")):
        page = await visitors.page(locale=locale)
        await page.goto("/nearby")
        await page.locator("[name=name]").fill(f"ana-{locale}")
        await page.locator("form button").click()
        await stands_in(page, words)


@pytest.fixture
def server_with_tiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Campus]:
    monkeypatch.setenv("QUAD_NEARBY_TILES", "https://tile.example.org/{z}/{x}/{y}.png")
    monkeypatch.setenv("QUAD_NEARBY_TILES_ATTRIBUTION", "© Somebody https://example.org/licence")
    campus = Campus(tmp_path)
    yield campus
    campus.process.terminate()


async def test_pictures_of_a_tile_server_are_shown_beneath_with_their_owner(
    visitors: Visitors, server_with_tiles: Campus
) -> None:
    ana = await visitors.page(base_url=server_with_tiles.url)
    fetched: list[str] = []

    async def picture(route: Route) -> None:
        fetched.append(route.request.url)
        await route.fulfill(body=PICTURE, content_type="image/png")

    await ana.route("https://tile.example.org/**", picture)
    await enter(ana, "ana-12")
    # A campus that is empty yet explains itself, as long as it is.
    explanation = ana.get_by_role("note")
    await expect(explanation).to_contain_text("No buildings yet")
    assert await serious_faults(ana) == []
    administer(server_with_tiles.url, "buildings/add", BUILDINGS[0])
    await expect(explanation).to_be_hidden()
    async with ana.expect_response("https://tile.example.org/**"):
        await stand(ana, TOWER)
    assert all(re.fullmatch(r"https://tile\.example\.org/\d+/\d+/\d+\.png", url) for url in fetched)
    credit = ana.get_by_role("link", name="example.org/licence")
    await expect(credit).to_have_attribute("href", "https://example.org/licence")
