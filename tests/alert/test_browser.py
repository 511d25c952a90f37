"""The pages in a real Chromium: log in, write, see, leave; with and without JavaScript."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from quad.settings import AlertSettings
from tests.alert.hall import Hall, open_hall
from tests.browser import Visitors, a_chromium
from tests.e2e.axe import serious_faults
from tests.filter import Upgrades, a_filter
from tests.patience import patience
from tests.process import free_port

pytestmark = [pytest.mark.browser]


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with a_chromium() as browser:
        yield browser


@pytest.fixture
async def visitors(chromium: Browser, hall: Hall) -> AsyncIterator[Visitors]:
    visitors = Visitors(chromium, hall.url)
    yield visitors
    await visitors.leave()


async def enter(page: Page, name: str, room: str = "R101", query: str = "") -> None:
    await page.goto("/v1" + query)
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("Room").fill(room)
    await page.get_by_role("button", name="Enter").click()


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Message", exact=True).fill(text)
    await page.get_by_label("Message", exact=True).press("Enter")
    await expect(page.get_by_label("Message", exact=True)).to_have_value("")


async def expect_lines(page: Page, *lines: str) -> None:
    await expect(page.locator("#messages li span")).to_have_text(list(lines))


async def expect_people(page: Page, *names: str) -> None:
    await expect(page.locator("#people li")).to_have_text(list(names))


async def fits(page: Page) -> bool:
    """Nothing is cut off or needs scrolling sideways."""
    width = await page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")
    return bool(width <= 0)


async def test_people_log_in_write_see_each_other_and_leave(visitors: Visitors) -> None:
    alice, bob = await visitors.page(), await visitors.page(width=390, height=844)
    await enter(alice, "alice")
    await expect(alice.locator("#state")).to_have_text("Connected")
    await say(alice, "Class ends in 5 minutes")
    await enter(bob, "Bob")
    await expect_lines(bob, "ALICE: Class ends in 5 minutes", "BOB has joined the chat!")
    await expect_people(bob, "ALICE", "BOB")
    await say(bob, "<i>Thanks</i>")
    await expect_lines(
        alice,
        "ALICE has joined the chat!",
        "ALICE: Class ends in 5 minutes",
        "BOB has joined the chat!",
        "BOB: <i>Thanks</i>",
    )
    await expect_people(alice, "ALICE", "BOB")
    assert await fits(alice)
    assert await fits(bob)
    await bob.get_by_role("button", name="Leave").click()
    await expect(bob).to_have_url(re.compile(r"/v1$"))
    await expect(alice.locator("#messages li").last).to_have_text(
        re.compile(r"BOB has left the chat :\($")
    )
    await expect_people(alice, "ALICE")
    await bob.goto("/v1/room")
    await expect(bob).to_have_url(re.compile(r"/v1$"))


# What a browser without loudspeakers and desktop would do, noted.
_NOTED = """
    window.noted = [];
    window.Notification = function (title, options) { noted.push(title + ": " + options.body); };
    Notification.permission = "default";
    Notification.requestPermission = (tell) => tell("granted");
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (at) { noted.push("tone"); start.call(this, at); };
    let isHidden = false;
    Object.defineProperty(document, "hidden", { get: () => isHidden });
    window.hide = (value) => {
        isHidden = value;
        document.dispatchEvent(new Event("visibilitychange"));
    };
"""


async def test_whoever_looks_elsewhere_is_told_as_chosen(visitors: Visitors, hall: Hall) -> None:
    bob = await hall.member("bob", "R101")
    page = await visitors.page()
    await page.add_init_script(_NOTED)
    await enter(page, "alice")
    await expect(page.locator("#state")).to_have_text("Connected")
    await page.evaluate("hide(true)")
    await bob.say("one")
    await expect(page).to_have_title("(1) R101 · Alert room")
    assert await page.evaluate("noted") == []
    await page.evaluate("hide(false)")
    await expect(page).to_have_title("R101 · Alert room")
    await page.locator("summary").click()
    await page.get_by_label("Sound for news").check()
    await page.get_by_label("Desktop notifications").check()
    assert await page.evaluate("noted") == ["tone", "tone"]
    # The choice is remembered.
    await page.reload()
    await expect(page.locator("#state")).to_have_text("Connected")
    await page.evaluate("hide(true)")
    await bob.say("two")
    await expect(page).to_have_title("(1) R101 · Alert room")
    assert await page.evaluate("noted") == ["tone", "tone", "R101 · Alert room: BOB: two"]
    await page.evaluate("hide(false)")
    await say(page, "My own")
    assert len(await page.evaluate("noted")) == 3


async def test_a_reload_shows_the_same_messages_and_no_goodbye(visitors: Visitors) -> None:
    alice, bob = await visitors.page(), await visitors.page()
    for page, name in ((alice, "alice"), (bob, "bob")):
        await enter(page, name)
        # Whoever has not joined yet is not told who joins.
        await expect(page.locator("#state")).to_have_text("Connected")
    await say(bob, "one")
    await bob.reload()
    await expect(bob.locator("#state")).to_have_text("Connected")
    await say(bob, "two")
    await expect_lines(bob, "BOB: one", "BOB: two")
    await expect_lines(
        alice,
        "ALICE has joined the chat!",
        "BOB has joined the chat!",
        "BOB: one",
        "BOB: two",
    )


async def test_bad_fields_and_texts_are_explained(visitors: Visitors) -> None:
    page = await visitors.page()
    await enter(page, "", "R101")
    await expect(page.get_by_role("alert")).to_have_text("Please enter a name.")
    await expect(page.get_by_label("Room")).to_have_value("R101")
    await enter(page, "alice")
    await expect(page.locator("#state")).to_have_text("Connected")
    field = page.get_by_label("Message", exact=True)
    await field.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("Please write something.")
    await expect(page.locator("#messages li").last).to_be_in_viewport()
    await field.fill("x" * 10_001)
    await field.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("This message is too long.")
    await expect(field).to_have_value("x" * 10_001)
    await say(page, "short")
    await expect(page.get_by_role("alert")).to_be_hidden()


LONG = "Please leave the building by the nearest marked exit. " * 6 + "End of it."
VERY_LONG = "Wait on the lawn until somebody has counted you. " * 102 + "End of it."


async def is_whole(page: Page, part: str) -> bool:
    """The last word of a part of the wall is on the screen, and so is everything of its line."""
    return bool(
        await page.locator(f"#wall .{part}").evaluate(
            """part => {
                const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
                while (texts.nextNode());
                const range = document.createRange();
                const last = texts.currentNode;
                range.setStart(last, last.length - 3);
                range.setEnd(last, last.length);
                const word = range.getBoundingClientRect();
                const place = part.getBoundingClientRect();
                return word.right <= place.right + 1 && word.left >= place.left
                    && word.bottom <= Math.min(place.bottom, innerHeight) + 1;
            }"""
        )
    )


async def size_of(page: Page, part: str) -> float:
    size = await page.locator(f"#wall .{part}").evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize)"
    )
    return float(size)


async def test_a_wall_shows_any_text_whole_and_the_newest_largest(
    visitors: Visitors, hall: Hall
) -> None:
    page = await visitors.page(width=1024, height=768)
    await page.clock.install()
    await enter(page, "display", query="?display=1")
    await expect(page.locator("#state")).to_have_text("Connected")
    assert "display=1" in page.url
    await expect(page.locator("#say")).to_have_count(0)
    newest, recent = page.locator("#wall .newest span"), page.locator("#wall .recent span")
    async with hall.browser() as curl:
        # All of it in smaller letters; and beside what is newer, at half its size or more.
        await curl.post("/v1/rooms/R101/messages", content=LONG)
        await expect(newest).to_have_text("ALERT: " + LONG)
        for width, height in ((1024, 768), (1440, 900), (3840, 2160)):
            await page.set_viewport_size({"width": width, "height": height})
            assert await is_whole(page, "newest")
        await curl.post("/v1/rooms/R101/messages?name=nurse", content="ok")
        await expect(newest).to_have_text("NURSE: ok")
        await expect(recent).to_have_text("ALERT: " + LONG)
        for width, height in ((3840, 2160), (1024, 768)):
            await page.set_viewport_size({"width": width, "height": height})
            assert await is_whole(page, "recent")
            newest_size, recent_size = await size_of(page, "newest"), await size_of(page, "recent")
            assert newest_size > recent_size >= newest_size / 2
        # What would be too small is turned over, every eight seconds.
        await curl.post("/v1/rooms/R101/messages", content=VERY_LONG)
        await expect(newest).to_have_text("ALERT: " + VERY_LONG)
    assert await size_of(page, "newest") >= 0.05 * 768
    # After a minute the others are history, and the newest has the wall.
    await expect(recent).to_have_count(2)
    await page.clock.run_for(60_000)
    await expect(recent).to_have_count(0)
    number = page.locator("#wall .pages")
    first, count = map(int, (await number.inner_text()).split(" / "))
    for shown in range(first, count):
        assert not await is_whole(page, "newest")
        await page.clock.run_for(8_000)
        await expect(number).to_have_text(f"{shown + 1} / {count}")
    assert await is_whole(page, "newest")
    await hall.member("bob", "R101")
    await expect_people(page, "DISPLAY", "BOB")
    await expect(newest).to_have_text("ALERT: " + VERY_LONG)
    assert await fits(page)
    assert await serious_faults(page) == []


async def test_without_javascript_the_forms_do_everything(visitors: Visitors, hall: Hall) -> None:
    bob = await hall.member("bob", "R101")
    page = await visitors.page(java_script_enabled=False)
    await enter(page, "alice")
    await expect_people(page, "BOB")
    await page.get_by_label("Message", exact=True).fill("By hand")
    await page.get_by_role("button", name="Send").click()
    await expect_lines(page, "ALICE: By hand")
    assert await bob.texts() == ["ALICE: By hand"]
    await bob.say("Seen")
    await page.get_by_role("link", name="Show new messages").click()
    await expect_lines(page, "ALICE: By hand", "BOB: Seen")
    await page.get_by_role("button", name="Leave").click()
    await expect(page).to_have_url(re.compile(r"/v1$"))


async def test_a_page_survives_the_server(chromium: Browser, database: Path) -> None:
    """It says that the connection is lost, comes back, and shows what it missed, once."""
    port = free_port()
    settings = AlertSettings(grace_s=60)
    async with AsyncExitStack() as stack:
        hall = await stack.enter_async_context(open_hall(database, settings, port=port))
        visitors = Visitors(chromium, hall.url)
        page = await visitors.page()
        await enter(page, "alice")
        await expect(page.locator("#state")).to_have_text("Connected")
        await say(page, "one")
        await say(page, "one")
        wall = await page.context.new_page()
        await wall.goto("/v1/room?display=1")
        await expect(wall.locator("#state")).to_have_text("Connected")
    await expect(page.locator("#state")).to_have_text(re.compile("Connection lost"))
    await expect(wall.locator("#state")).to_have_text(re.compile(r"^No contact since \d\d:\d\d$"))
    field = page.get_by_label("Message", exact=True)
    await field.fill("not yet")
    await field.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text(re.compile("^Not sent"))
    await expect(field).to_have_value("not yet")
    async with open_hall(database, settings) as elsewhere:  # where the page does not look
        bob = await elsewhere.member("bob", "R101")
        await bob.say("two")
    async with open_hall(database, settings, port=port) as hall:
        await expect(page.locator("#state")).to_have_text("Connected", timeout=20_000)
        # What was written without a connection goes by itself, once.
        await expect(field).to_have_value("")
        await hall.member("bob", "R101")
        await expect_people(page, "ALICE", "BOB")
        await expect_lines(
            page,
            "ALICE has joined the chat!",
            "ALICE: one",
            "ALICE: one",
            "BOB: two",
            "ALICE: not yet",
        )
        await expect(wall.locator("#state")).to_have_text("Connected", timeout=20_000)
        await expect(wall.locator("#wall .newest span")).to_have_text("ALICE: not yet")
        await page.context.close()
    assert visitors.complaints == []


@pytest.mark.parametrize("upgrades", ["refuse", "swallow", "reset"])
async def test_where_websockets_do_not_get_through_the_page_polls(
    chromium: Browser, hall: Hall, upgrades: Upgrades
) -> None:
    bob = await hall.member("bob", "R101")
    async with a_filter(hall.url) as between:
        between.upgrades = upgrades
        visitors = Visitors(chromium, between.url)
        page = await visitors.page()
        if upgrades == "swallow":
            await page.clock.install()
        await enter(page, "alice")
        if upgrades == "swallow":
            await page.wait_for_function("!!document.body.dataset.room")
            await page.clock.run_for(11_000)
        if upgrades == "reset":
            await between.until_asked(2)
            await page.wait_for_event("request", lambda each: "transport=polling" in each.url)
        await expect(page.locator("#state")).to_have_text("Connected", timeout=patience(5) * 1000)
        await say(page, "By polling")
        assert (await bob.expect("message"))["msg"] == "ALICE: By polling"
        await bob.say("Heard")
        await expect(page.locator("#messages li").last).to_contain_text("BOB: Heard")
        asked = between.asked
        await say(page, "Still")
        assert between.asked == asked
        await page.get_by_role("button", name="Leave").click()
        await expect(page).to_have_url(re.compile(r"/v1$"))
        await visitors.leave()


async def test_a_page_that_wakes_notices_that_its_path_is_dead(
    chromium: Browser, hall: Hall
) -> None:
    async with a_filter(hall.url) as between:
        visitors = Visitors(chromium, between.url)
        page = await visitors.page()
        await page.clock.install()
        await enter(page, "alice")
        await expect(page.locator("#state")).to_have_text("Connected")
        bob = await hall.member("bob", "R101")
        # A path that is alive answers, and the page goes on.
        await page.evaluate("dispatchEvent(new Event('online'))")
        await bob.say("Here?")
        await expect(page.locator("#messages li").last).to_contain_text("BOB: Here?")
        await page.clock.run_for(5_000)
        await expect(page.locator("#state")).to_have_text("Connected")
        between.swallow()
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await page.clock.run_for(5_000)
        # By itself it would notice after 45 seconds.
        async with asyncio.timeout(min(patience(5), 40)):
            await between.until_asked(2)
        await bob.say("Back?")
        await expect(page.locator("#messages li").last).to_contain_text("BOB: Back?")
        await expect(page.locator("#messages li", has_text="Back?")).to_have_count(1)
        await visitors.leave()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_words_stand_out_from_their_background(visitors: Visitors, scheme: str) -> None:
    """At least 4.5 to 1, as WCAG 2.2 (1.4.3) asks of text."""
    page = await visitors.page(color_scheme=scheme)
    await enter(page, "")
    ratios = [await contrast(page, where) for where in (".problem", "label", ".quiet", ".primary")]
    await enter(page, "alice")
    await expect(page.locator("#state")).to_have_text("Connected")
    ratios += [
        await contrast(page, where)
        for where in ("h1", "#state", "#people li", "#messages .status span", "#messages time", "a")
    ]
    assert min(ratios) >= 4.5, ratios
    assert await serious_faults(page) == []


async def contrast(page: Page, selector: str) -> float:
    colours = await page.locator(selector).first.evaluate(
        """element => {
            let behind = element;
            while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") {
                behind = behind.parentElement;
            }
            return [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
        }"""
    )
    lighter, darker = sorted(map(luminance, colours), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
