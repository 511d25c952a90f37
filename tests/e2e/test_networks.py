"""Networks that do not like WebSockets, and pages that were asleep: the class goes on."""

import asyncio
import re

from playwright.async_api import Page, expect

from tests.browser import Visitors
from tests.e2e.conftest import Campus
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


async def test_a_page_that_wakes_notices_that_its_path_is_dead(
    visitors: Visitors, server: Campus
) -> None:
    teacher = await visitors.page()
    room = await start_class(teacher)
    async with a_filter(server.url) as between:
        anna = await visitors.page(base_url=between.url)
        await anna.clock.install()
        await join(anna, room, "Anna")
        await expect(teacher.locator(".dot.online")).to_be_visible()
        asked = between.asked
        between.swallow()
        await anna.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await anna.clock.run_for(5_000)
        # By itself it would notice after 45 seconds.
        async with asyncio.timeout(min(patience(5), 40)):
            await between.until_asked(asked + 1)
        await expect(anna.locator("[data-link=open]")).to_have_count(1)
        # A path that is alive answers, and nothing is begun anew.
        asked = between.asked
        await anna.evaluate("dispatchEvent(new Event('online'))")
        field = anna.get_by_role("textbox", name="Message")
        await field.fill("Here?")
        await field.press("Enter")
        await expect(teacher.get_by_text("1 unread message")).to_be_visible()
        await anna.clock.run_for(5_000)
        await expect(anna.locator("[data-link=open]")).to_have_count(1)
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
