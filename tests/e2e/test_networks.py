"""Networks that do not like WebSockets, and pages that were asleep: the class goes on."""

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from tests.browser import Visitors, try_now
from tests.e2e.conftest import ADMIN_PASSWORD, Campus
from tests.e2e.test_chat import create, register
from tests.filter import a_filter
from tests.patience import patience


async def start_class(page: Page) -> str:
    await page.goto("/classroom")
    await page.get_by_label("Your name").fill("Ms Ivanova")
    await page.get_by_role("button", name="Start", exact=True).click()
    link = await page.get_by_role("link", name=re.compile(r"classroom")).inner_text()
    return link.rpartition("/")[2]


async def join(page: Page, room: str, name: str) -> None:
    await page.goto(f"/classroom/{room}")
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Join").click()


async def until_polling(page: Page) -> None:
    await page.wait_for_event("request", lambda request: "transport=polling" in request.url)


async def test_a_class_goes_on_where_websockets_carry_nothing_or_are_cut(
    visitors: Visitors, server: Campus
) -> None:
    teacher = await visitors.page()
    room = await start_class(teacher)
    async with a_filter(server.url) as swallowing, a_filter(server.url) as cutting:
        swallowing.upgrades, cutting.upgrades = "swallow", "reset"
        anna = await visitors.page(base_url=swallowing.url)
        await anna.clock.install()
        boris = await visitors.page(base_url=cutting.url)
        await join(anna, room, "Anna")
        await join(boris, room, "Boris")
        await swallowing.until_asked(1)
        async with anna.expect_event("request", lambda each: "transport=polling" in each.url):
            await anna.clock.run_for(12_000)
        await until_polling(boris)
        for page, between in ((anna, swallowing), (boris, cutting)):
            await expect(page.get_by_role("button", name=re.compile("help"))).to_be_visible()
            asked = between.asked
            await page.reload()
            await expect(page.get_by_role("button", name=re.compile("help"))).to_be_visible()
            assert between.asked == asked  # what this network needs is remembered
        await expect(teacher.locator(".tile .name")).to_have_count(2)
        await anna.context.close()
        await boris.context.close()


# Shown by a page that knows that it has lost its connection.
_LOST = "[data-link=lost], #state.lost"
# From an event on: how long the page shows nothing of it, in milliseconds.
_UNTIL_LOST = """async (lost) => {
    const begun = performance.now();
    document.dispatchEvent(new Event("visibilitychange"));
    while (document.querySelector(lost) === null) {
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return performance.now() - begun;
}"""


async def write(page: Page, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True)
    await field.fill(text)
    await field.press("Enter")


async def test_every_page_that_wakes_finds_out_within_five_seconds_that_its_path_is_dead(
    visitors: Visitors, server: Campus
) -> None:
    async with a_filter(server.url) as between:
        teacher = await visitors.page(base_url=between.url)
        room = await start_class(teacher)
        pages = [teacher, *[await teacher.context.new_page() for _ in range(6)]]
        _, anna, chat, nearby, alert, admin, results = pages
        await join(anna, room, "Anna")
        await register(chat, "Ann", "9111")
        await create(chat, "dead paths")
        await nearby.goto("/nearby")
        await nearby.get_by_label("Your name").fill("ann")
        await nearby.get_by_role("button", name="Enter").click()
        await alert.goto("/v1")
        await alert.get_by_label("Your name").fill("ann")
        await alert.get_by_label("Room").fill("R9")
        await alert.get_by_role("button", name="Enter").click()
        await admin.goto("/admin")
        await admin.get_by_label("password").fill(ADMIN_PASSWORD)
        await admin.get_by_role("button", name="Log in").click()
        await expect(admin.get_by_role("navigation")).to_be_visible()
        await results.goto(f"/roomstats/{room}")
        for page in (teacher, anna, chat, nearby):
            await expect(page.locator("[data-link=open]")).to_have_count(1)
        await expect(teacher.locator("[data-watched]")).to_have_count(1)
        await expect(anna.get_by_text("Your teacher is watching your code")).to_have_count(1)
        for page in (alert, results):
            await expect(page.locator("#state:not(.lost)")).to_have_text(
                re.compile("Connected|Live")
            )

        between.swallow(is_open=False)
        took = await asyncio.gather(*(page.evaluate(_UNTIL_LOST, _LOST) for page in pages))
        assert max(took) < patience(5) * 1_000, took

        # Nobody is vouched for any more, and what is written stays until it has gone.
        await expect(teacher.locator(".dot.unknown")).to_have_count(1)
        await expect(teacher.locator("[data-watched]")).to_have_count(0)
        await expect(anna.get_by_text("Your teacher is watching your code")).to_have_count(0)
        await expect(alert.locator("#people")).to_have_text("Not known without a connection")
        await write(anna, "Message", "from Anna")
        await expect(anna.locator(".message.waiting")).to_have_text(re.compile("from Anna"))
        await write(chat, "Write a message", "from Ann")
        await write(alert, "Message", "from ANN")
        await expect(alert.get_by_role("alert")).to_have_text(re.compile("^Not sent"))
        # The page is loaded anew before it could be sent.
        between.is_open = True
        await alert.reload()
        for page in pages:
            await page.evaluate("dispatchEvent(new Event('online'))")
        await expect(teacher.get_by_text("1 unread message")).to_have_count(1)
        await expect(teacher.locator("[data-watched]")).to_have_count(1)
        await expect(chat.get_by_role("log").get_by_text("from Ann")).to_have_count(1)
        await expect(alert.locator("#messages li", has_text="ANN: from ANN")).to_have_count(1)
        await expect(alert.get_by_label("Message", exact=True)).to_have_value("")
        for page in pages:
            await expect(page.locator(_LOST)).to_have_count(0)
        await teacher.context.close()


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("/", {"Room number": "123456"}),
        ("/nearby", {"Your name": "ann"}),
        ("/v1", {"Your name": "Ann", "Room": "R7"}),
    ],
)
async def test_whoever_enters_without_a_server_stays_with_what_was_typed(
    visitors: Visitors, address: str, fields: dict[str, str]
) -> None:
    page = await visitors.page()
    await page.goto(address)
    for label, text in fields.items():
        await page.get_by_label(label, exact=True).fill(text)
    await page.context.set_offline(True)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    for label, text in fields.items():
        await expect(page.get_by_label(label, exact=True)).to_have_value(text)
    await page.context.set_offline(False)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label(label, exact=True)).to_have_count(0)


async def test_a_page_that_slept_takes_up_its_place_and_no_sign_is_left_of_before(
    visitors: Visitors, server: Campus
) -> None:
    teacher = await visitors.page()
    room = await start_class(teacher)
    async with a_filter(server.url) as between:
        anna = await visitors.page(base_url=between.url)
        await anna.clock.install()
        await join(anna, room, "Anna")
        watched = anna.get_by_text("Your teacher is watching your code")
        await expect(watched).to_have_count(1)
        # The lid is closed for an hour, in which the path dies.
        between.swallow(is_open=False)
        await anna.clock.fast_forward(3_600_000)
        await anna.evaluate("document.dispatchEvent(new Event('resume'))")
        await anna.clock.run_for(5_000)
        await expect(anna.locator("[data-link=lost]")).to_have_count(1)
        await expect(watched).to_have_count(0)
        between.is_open = True
        await try_now(anna)
        await expect(watched).to_have_count(1)
        await expect(teacher.locator(".dot.online")).to_have_count(1)
        # A path that is alive answers, and nothing is begun anew.
        asked = between.asked
        await anna.evaluate("dispatchEvent(new Event('online'))")
        await write(anna, "Message", "Here?")
        await expect(teacher.get_by_text("1 unread message")).to_be_visible()
        await anna.clock.run_for(5_000)
        await expect(watched).to_have_count(1)
        assert between.asked == asked
        await anna.context.close()


async def test_on_plain_http_what_a_dialog_copies_is_copied(visitors: Visitors) -> None:
    teacher = await visitors.page()
    # As browsers have it where there is no HTTPS.
    await teacher.add_init_script("delete Navigator.prototype.clipboard")
    room = await start_class(teacher)
    await teacher.get_by_role("button", name=re.compile("invite students")).click()
    dialog = teacher.get_by_role("dialog")
    copy = dialog.get_by_role("button", name="Copy link")
    await copy.click()
    await expect(teacher.get_by_text("Copied")).to_be_visible()
    await expect(copy).to_be_focused()
    await teacher.evaluate(
        "document.querySelector('dialog').append(document.createElement('textarea'))"
    )
    await dialog.locator("textarea").focus()
    await teacher.keyboard.press("Control+V")
    await expect(dialog.locator("textarea")).to_have_value(re.compile(f"/classroom/{room}$"))
    # Where it cannot be done, nobody is told that it was.
    await teacher.evaluate("document.execCommand = () => false")
    await copy.click()
    await expect(teacher.get_by_text("does not let us copy")).to_be_visible()
