"""The administrator's page in a real browser: log in, look after the campus, watch the server."""

import json
import re
from typing import Any

import httpx
import pytest
import pytest_asyncio
import socketio
from playwright.async_api import Locator, Page, Route, expect
from websockets.asyncio.client import connect

from tests.browser import Visitors, try_now
from tests.e2e.axe import serious_faults
from tests.e2e.conftest import ADMIN_PASSWORD, Campus
from tests.patience import patience

SPACES = [
    {"id": 1, "name": "Tower", "latitude": 38.7370, "longitude": -9.1390, "range": 60},
    {"id": "lib", "name": "Library", "latitude": 38.7400, "longitude": -9.1390, "range": 50},
]


@pytest.fixture(scope="module", autouse=True)
def _campus(server: Campus) -> None:
    put_buildings(server.url, SPACES)


@pytest_asyncio.fixture(loop_scope="session")
async def page(visitors: Visitors, cookie: str) -> Page:
    """Of somebody who has logged in before."""
    page = await visitors.page()
    await page.context.add_cookies([{"name": "quad_admin", "value": cookie, "url": visitors.url}])
    return page


@pytest.fixture(scope="module")
def cookie(server: Campus) -> str:
    answer = httpx.post(f"{server.url}/admin/session", json={"password": ADMIN_PASSWORD})
    assert answer.status_code == 204
    return answer.cookies["quad_admin"]


def put_buildings(url: str, spaces: list[dict[str, Any]]) -> None:
    answer = httpx.post(
        f"{url}/API/admin/buildings/load",
        json={"containedSpaces": spaces},
        auth=("admin", ADMIN_PASSWORD),
    )
    assert answer.status_code == 200, answer.text


def post(url: str, path: str, **body: Any) -> httpx.Response:
    """As somebody who is not the administrator."""
    answer = httpx.post(f"{url}{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer


async def log_in(page: Page, password: str) -> None:
    await page.get_by_label("password").fill(password)
    await page.get_by_role("button", name="Log in").click()


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation").get_by_role("link", name=name)


async def test_only_the_password_opens_it_and_a_reload_keeps_it_open(visitors: Visitors) -> None:
    page = await visitors.page()
    await page.goto("/admin#bots")
    await log_in(page, "wrong")
    await expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    await log_in(page, ADMIN_PASSWORD)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Bots")
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Bots")
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_label("password")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("password")).to_be_visible()


async def test_whoever_tries_too_often_is_told_to_wait(page: Page) -> None:
    await page.context.clear_cookies()
    await page.route(
        "**/admin/session",
        lambda route: (
            route.fulfill(status=429, headers={"Retry-After": "7"}, json={"code": "rate_limited"})
            if route.request.method == "POST"
            else route.continue_()
        ),
    )
    await page.goto("/admin")
    await log_in(page, "guess")
    await expect(page.get_by_role("alert")).to_contain_text("wait 7 seconds")


async def test_a_session_that_ends_keeps_what_was_typed(page: Page) -> None:
    await page.goto("/admin#buildings")
    await page.get_by_role("button", name="Add a building").click()
    await page.get_by_label("Name", exact=True).fill("Observatory")
    await page.context.clear_cookies()
    again = page.get_by_role("dialog", name="Log in again")
    await again.get_by_label("password").fill(ADMIN_PASSWORD)
    await again.get_by_role("button", name="Log in").click()
    await expect(again).to_be_hidden()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Observatory")


async def test_several_nodes_are_a_table_and_one_alone_is_none(page: Page) -> None:
    nodes: list[dict[str, Any]] = []

    async def answer(route: Route) -> None:
        fetched = await route.fetch()
        await route.fulfill(response=fetched, json={**await fetched.json(), "nodes": nodes})

    await page.route("**/API/admin/figures", answer)
    await page.goto("/admin")
    await expect(page.get_by_role("heading", name="Connections by kind")).to_be_visible()
    await expect(page.get_by_role("heading", name="Nodes")).to_be_hidden()
    node = {"name": "quad-1", "number": 7, "generation": 3, "state": "serving", "shards": 128}
    nodes += [
        {**node, "connections": 1200, "memory_bytes": 61_000_000},
        {
            **node,
            "name": "quad-2",
            "number": 9,
            "state": "silent",
            "connections": None,
            "memory_bytes": None,
        },
    ]
    table = page.get_by_role("region", name="Nodes").get_by_role("table")
    rows = table.get_by_role("row")
    await expect(rows).to_have_text(
        [
            re.compile("Node.*State.*Number.*Generation.*Shards.*Connections.*Memory"),
            re.compile(r"quad-1\s*serves\s*7\s*3\s*128\s*1,200\s*61 MB"),
            re.compile(r"quad-2\s*silent\s*9\s*3\s*128\s*–\s*–"),
        ]
    )
    await page.set_viewport_size({"width": 380, "height": 800})
    assert await serious_faults(page) == []
    # The page asks every few seconds, perhaps now.
    await page.unroute_all(behavior="ignoreErrors")


async def test_a_campus_file_is_shown_before_it_is_loaded(page: Page) -> None:
    await page.goto("/admin#buildings")
    await page.get_by_role("button", name="Import").click()
    await choose(page, [{**SPACES[0], "latitude": 91}, SPACES[1]])
    await expect(page.get_by_text("Entry 1, “Tower”.")).to_contain_text("from -90 to 90")
    load = page.get_by_role("dialog").locator("footer .primary")
    await expect(load).to_be_disabled()

    hall = {"id": "hall", "name": "Hall", "latitude": 38.738, "longitude": -9.138, "range": 30}
    await choose(page, [{**SPACES[0], "name": "Great tower"}, SPACES[1], hall])
    counts = page.get_by_role("dialog").locator("[aria-live]")
    await expect(counts).to_contain_text(re.compile(r"1\s+new\s+1\s+changed\s+1\s+as they are"))
    await load.click()
    await expect(page.get_by_text("Loaded: 1 new, 1 changed.")).to_be_visible()
    await expect(page.get_by_role("row", name="Great tower")).to_be_visible()
    await expect(page.get_by_role("row", name="Hall")).to_contain_text("30 m")

    # A table, dropped onto the dialog.
    await page.get_by_role("button", name="Import").click()
    table = "name;lat;lon;range\nHall;38,738;-9,138;30\nKiosk;north;-9,138;5\n"
    await drop(page, "campus.csv", table)
    await expect(page.get_by_text("Line 3, “Kiosk”.")).to_contain_text("from -90 to 90")
    await expect(load).to_be_disabled()
    await drop(page, "campus.csv", table.replace("north", "38,7381"))
    await load.click()
    await expect(page.get_by_role("row", name="Kiosk")).to_contain_text("5 m")
    await page.get_by_role("button", name="Delete Kiosk").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_text("Kiosk is deleted.")).to_be_visible()
    await expect(page.get_by_role("row", name="Kiosk")).to_be_hidden()


async def choose(page: Page, spaces: list[dict[str, Any]]) -> None:
    content = json.dumps({"containedSpaces": spaces}).encode()
    await page.get_by_label("File of buildings", exact=True).set_input_files(
        {"name": "campus.json", "mimeType": "application/json", "buffer": content}
    )


async def drop(page: Page, name: str, content: str) -> None:
    script = """([name, content]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([content], name));
        return transfer;
    }"""
    transfer = await page.evaluate_handle(script, [name, content])
    await page.locator(".drop").dispatch_event("drop", {"dataTransfer": transfer})


async def test_a_building_is_changed_by_its_form_and_the_map(page: Page) -> None:
    await page.goto("/admin#buildings")
    await page.get_by_role("button", name="Change Library").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Radius in metres").fill("wide")
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_label("Radius in metres")).to_be_focused()
    await form.get_by_label("Radius in metres").fill("77")
    await form.get_by_label("Nearer").wait_for()
    await form.get_by_role("application").click(position={"x": 40, "y": 40})
    await expect(form.get_by_label("Latitude")).not_to_have_value("38.74")
    await form.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("row", name="Library")).to_contain_text("77 m")


async def test_the_present_campus_is_a_file(page: Page) -> None:
    await page.goto("/admin#buildings")
    await expect(page.get_by_role("row", name="Library")).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export").click()
    content = json.loads((await (await download.value).path()).read_text())
    assert {"lib"} <= {space["id"] for space in content["containedSpaces"]}


async def test_a_bot_waits_until_it_is_authorised(page: Page, server: Campus) -> None:
    await page.goto("/admin")
    post(server.url, "/API/bot/register", id="menu", b_id="lib")
    await section(page, "Bots").click()
    await page.get_by_role("button", name="Authorise menu").click()
    row = page.get_by_role("row", name="menu")
    await expect(row).to_contain_text("Library")
    await expect(page.get_by_text("No bot is waiting.")).to_be_visible()
    await row.get_by_role("button", name="Disallow").click()
    await expect(page.get_by_role("button", name="Authorise menu")).to_be_visible()


async def test_somebody_who_comes_is_online_and_has_a_log(page: Page, visitors: Visitors) -> None:
    ana = await visitors.page()
    await ana.goto("/nearby")
    await ana.get_by_label("Your name").fill("Ana")
    await ana.get_by_role("button", name="Enter").click()
    await expect(ana.locator("[data-link]")).to_have_attribute("data-link", "open")
    await page.goto("/admin#people")
    await page.get_by_label("Name begins with").fill("an")
    await page.get_by_label("Online only").check()
    await page.get_by_role("link", name="Ana").click()
    await expect(page.get_by_role("heading", name="Ana")).to_be_focused()
    await expect(page.locator("[data-inspector] li").first).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("heading", name="Ana")).to_be_hidden()
    await page.get_by_label("Name begins with").fill("zz")
    await expect(page.get_by_text("Nobody is found.")).to_be_visible()


async def test_an_open_class_is_closed_after_a_question(page: Page, server: Campus) -> None:
    teacher = socketio.AsyncSimpleClient()
    await teacher.connect(server.url, transports=["websocket"])
    await teacher.emit("room/create", {"name": "Ada"})
    await page.goto("/admin#classes")
    row = page.get_by_role("row", name="Ada")
    await expect(row.get_by_role("link")).to_have_attribute(
        "href", re.compile(r"^/roomstats/\d{6}$")
    )
    await row.get_by_role("button", name="Close").click()
    await page.get_by_role("dialog").get_by_role("button", name="Close", exact=True).last.click()
    await expect(row).to_be_hidden()
    heard = [(await teacher.receive(timeout=patience(5)))[0] for _ in range(2)]
    assert heard == ["room/update", "room/closed"]
    await teacher.disconnect()


async def test_chats_and_rooms_are_listed_by_names_and_closed_after_a_question(
    page: Page, server: Campus
) -> None:
    async with (
        connect(server.url.replace("http", "ws") + "/chat/ws") as phone,
        socketio.AsyncSimpleClient() as porter,
    ):
        for frame in (
            {"type": "register", "user": {"name": "Ann", "phone": "+351 911"}},
            {"type": "create_chat", "name": "Lunch"},
            {"type": "send_message", "chat": "Lunch", "message": "At noon"},
        ):
            await phone.send(json.dumps(frame))
            await phone.recv()
        await porter.connect(server.url, transports=["websocket"])
        await porter.call("joined", {"name": "porter", "room": "Gate"})
        await page.goto("/admin#classes")
        lunch = page.get_by_role("row", name="Lunch")
        await expect(lunch).to_contain_text(re.compile(r"of Ann\s*1\s*Ann\s*1\s*just now"))
        await expect(lunch).not_to_contain_text("911")
        gate = page.get_by_role("row", name="Gate")
        await expect(gate).to_contain_text(re.compile(r"1\s*PORTER"))
        await page.get_by_label("Find a chat").fill("supper")
        await expect(page.get_by_text("No chat is found.")).to_be_visible()
        await page.get_by_label("Find a chat").fill("ann")
        await page.get_by_role("button", name="Close the chat Lunch").click()
        question = page.get_by_role("dialog")
        await expect(question).to_contain_text("its one member")
        await question.get_by_role("button", name="Close", exact=True).last.click()
        await expect(lunch).to_be_hidden()
        assert json.loads(await phone.recv())["type"] == "chat_deleted"
        await page.get_by_role("button", name="Close the room Gate").click()
        await question.get_by_role("button", name="Close", exact=True).last.click()
        await expect(gate).to_be_hidden()
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await serious_faults(page) == []


async def test_figures_move_and_the_page_survives_a_restart(page: Page, server: Campus) -> None:
    await page.goto("/admin")
    connections = page.locator("[data-measure=connections]")
    await expect(connections).to_have_text("0")
    await expect(page.get_by_role("heading", name="The last day")).to_be_visible()
    day = page.get_by_role("img", name=re.compile("Connections: 0 now; in the last day"))
    await expect(day).to_be_visible()
    await page.get_by_text("Five minutes", exact=True).click()
    visitor = socketio.AsyncSimpleClient()
    await visitor.connect(server.url, transports=["websocket"])
    await expect(connections).to_have_text("1")
    await expect(page.get_by_role("img", name="Connections: 1 now")).to_be_visible()
    await visitor.emit("room/create", {"name": "Ada"})
    await expect(page.locator("[data-event='room/create']")).to_contain_text("1")
    await visitor.disconnect()
    server.kill()
    await expect(page.locator("[data-link=lost]")).to_be_visible()
    server.restart()
    await try_now(page)
    await expect(page.locator("[data-link=lost]")).to_be_hidden()
    await expect(connections).to_have_text("0")


@pytest.mark.parametrize("name", ["overview", "buildings", "people"])
async def test_axe_finds_no_serious_fault(page: Page, name: str) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(f"/admin#{name}")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await serious_faults(page) == []
