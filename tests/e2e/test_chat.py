"""The chats in real browsers and a real server: two people, cut lines, a server that dies."""

import itertools
import json
import re
from typing import Final

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect
from websockets.sync.client import connect

from tests.browser import Visitors
from tests.e2e.axe import serious_faults
from tests.e2e.conftest import ADMIN_PASSWORD, Campus
from tests.filter import Upgrades, a_filter
from tests.patience import patience

# All tests of this file share a server, and phones and names of chats are unique there.
_number: Final = itertools.count(100_000)


def a_phone() -> str:
    return str(next(_number))


def a_name(beginning: str = "team") -> str:
    return f"{beginning} {next(_number)}"


async def register(page: Page, name: str, phone: str, key: str | None = None) -> None:
    await page.goto("/chat")
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("Phone number").fill(phone)
    if key is not None:
        await page.get_by_label("I have a key").check()
        await page.get_by_label("Key or code", exact=True).fill(key)
    await page.get_by_role("button", name="Start").click()
    await expect(page.locator("[data-link=open]")).to_be_attached()


async def key_of(page: Page) -> str:
    await page.get_by_role("button", name="Your key").click()
    await page.get_by_role("button", name="Show the key").click()
    key = await page.locator("[data-key]").inner_text()
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()
    return key


async def create(page: Page, chat: str, *, is_open: bool = False) -> None:
    await page.get_by_role("button", name="New chat").click()
    await page.get_by_label("Name of the chat").fill(chat)
    await page.get_by_label("New members can read").set_checked(is_open)
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("heading", name=chat)).to_be_visible()


async def add(page: Page, phone: str) -> None:
    await page.get_by_label("Add somebody", exact=True).last.fill(phone)
    await page.get_by_role("button", name="Add", exact=True).click()


async def say(page: Page, text: str) -> None:
    await page.get_by_label("Write a message").fill(text)
    await page.get_by_label("Write a message").press("Enter")


def sent_by(context: BrowserContext) -> list[str]:
    """The texts that all tabs of a browser send from now on, each as often as it is sent."""
    texts: list[str] = []

    def note(frame: str | bytes) -> None:
        said = json.loads(frame)
        if said["type"] == "send_message":
            texts.append(said["message"])

    def watch(page: Page) -> None:
        page.on("websocket", lambda socket: socket.on("framesent", note))

    for page in context.pages:
        watch(page)
    context.on("page", watch)
    return texts


def said(page: Page) -> Locator:
    return page.get_by_role("log").locator("li .text")


def entry(page: Page, chat: str) -> Locator:
    return page.get_by_role("navigation", name="Chats").get_by_role("link", name=chat)


async def two_in_a_chat(visitors: Visitors) -> tuple[Page, Page, str]:
    ann, ben, chat, phone = await visitors.page(), await visitors.page(), a_name(), a_phone()
    await register(ann, "Ann", a_phone())
    await register(ben, "Ben", phone)
    await create(ann, chat)
    await add(ann, phone)
    await entry(ben, chat).click()
    return ann, ben, chat


async def test_two_people_talk_and_each_message_arrives_once(visitors: Visitors) -> None:
    ann, ben, _ = await two_in_a_chat(visitors)
    await say(ann, "Hello Ben")
    await expect(said(ben)).to_have_text(["Hello Ben"])
    await ben.get_by_label("Write a message").press_sequentially("Two")
    await ben.get_by_label("Write a message").press("Shift+Enter")
    await ben.get_by_label("Write a message").press_sequentially("lines")
    await ben.get_by_label("Write a message").press("Enter")
    for page in (ann, ben):
        await expect(said(page)).to_have_text(["Hello Ben", "Two\nlines"])
    await expect(ben.locator("li[data-status=delivered].mine")).to_have_count(1)


async def test_what_was_written_offline_is_sent_on_return_and_is_new_for_who_was_away(
    visitors: Visitors,
) -> None:
    ann, ben, chat = await two_in_a_chat(visitors)
    await say(ben, "before")
    await expect(said(ann)).to_have_text(["before"])
    await ben.goto("about:blank")
    tabs = [await ann.context.new_page() for _ in range(2)]
    sent = sent_by(ann.context)
    for tab in tabs:
        await tab.goto("/chat")
        await entry(tab, chat).click()
        await expect(said(tab)).to_have_text(["before"])
    await ann.context.set_offline(True)
    await expect(ann.locator("[data-link=lost]")).to_be_visible()
    for text in ("one", "two", "two"):
        await say(ann, text)
    for tab in (ann, *tabs):
        await expect(tab.locator("li[data-status=waiting]")).to_have_count(3)
    await ann.close()  # what waits is not in the page alone
    await ann.context.set_offline(False)
    for tab in tabs:
        await expect(said(tab)).to_have_text(["before", "one", "two", "two"])
        await expect(tab.locator("li[data-status=delivered].mine")).to_have_count(3)
    assert sent == ["one", "two", "two"]
    await tabs[0].close()  # the tab that sends, perhaps; the other one takes over
    await say(tabs[1], "three")
    await expect(said(tabs[1])).to_have_text(["before", "one", "two", "two", "three"])
    await ben.goto("/chat")
    await expect(entry(ben, chat)).to_contain_text("4 unread messages")
    await expect(ben).to_have_title("(4) Chats · Quad")
    await entry(ben, chat).click()
    await expect(said(ben)).to_have_text(["before", "one", "two", "two", "three"])
    await expect(ben.locator("[data-new]")).to_have_text("4 new messages")
    await expect(ben).to_have_title("Chats · Quad")


async def test_nothing_is_lost_or_doubled_when_the_server_dies(
    visitors: Visitors, server: Campus
) -> None:
    ann, ben, _ = await two_in_a_chat(visitors)
    await say(ann, "one")
    await expect(said(ben)).to_have_text(["one"])
    server.kill()
    await say(ann, "two")
    await expect(ann.locator("[data-link=lost]")).to_be_visible()
    await say(ann, "three")
    server.restart()
    for page in (ann, ben):
        await expect(said(page)).to_have_text(["one", "two", "three"], timeout=15_000)
    await expect(ann.locator("li[data-status=waiting]")).to_have_count(0)


async def test_who_has_scrolled_up_stays_there_and_is_told_what_comes(visitors: Visitors) -> None:
    ann, ben, _ = await two_in_a_chat(visitors)
    await say(ann, "\n".join(f"line {number}" for number in range(60)))
    await say(ann, "the end")
    await expect(said(ben).last).to_be_in_viewport()
    await ben.get_by_role("log").evaluate("log => log.scrollTo(0, 0)")
    await say(ann, "and more")
    await ben.get_by_role("button", name="1 new message").click()
    await expect(said(ben).last).to_have_text("and more")
    await expect(said(ben).last).to_be_in_viewport()
    await expect(ben.get_by_role("button", name="To the newest message")).to_be_hidden()


async def test_members_come_and_go_and_the_owner_deletes(visitors: Visitors) -> None:
    ann, ben, chat = await two_in_a_chat(visitors)
    await expect(ann.locator("aside li")).to_have_count(2)
    await expect(ann.locator("aside")).not_to_contain_text("1")  # names, and no numbers
    await ann.get_by_role("button", name="Show phone numbers").click()
    await expect(ann.locator("aside li").last).to_contain_text(re.compile(r"Ben\s*1\d{5}"))
    await add(ann, "999 999")
    await expect(ann.get_by_role("alert")).to_contain_text("Nobody is registered")
    await ann.get_by_role("button", name="Remove Ben").click()
    await ann.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(ann.locator("aside li")).to_have_count(1)
    await expect(ben.get_by_text("You are not in this chat any more.")).to_be_visible()
    await ben.get_by_role("button", name="Remove from the list").click()
    await expect(entry(ben, chat)).to_have_count(0)
    other = a_name()
    await create(ben, other)
    await ben.get_by_role("button", name="Delete the chat").click()
    await ben.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    await expect(ben.get_by_text("The owner deleted this chat.")).to_be_visible()


async def test_a_press_on_a_member_opens_a_chat_of_two(visitors: Visitors) -> None:
    ann, ben, _ = await two_in_a_chat(visitors)
    await ann.get_by_role("button", name="Write to Ben").click()
    await expect(ann.get_by_role("heading", name="Ben", exact=True)).to_be_visible()
    await say(ann, "Only for you:\n```py\nif True:\n    pass\n```\nsee https://example.org and `x`")
    await entry(ben, "Ann").click()
    await expect(said(ben).locator("pre")).to_have_text("if True:\n    pass")
    await expect(said(ben).get_by_role("link")).to_have_attribute("href", "https://example.org")
    await ben.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await ben.get_by_role("button", name="Copy", exact=True).click()
    await expect(ben.get_by_text("Copied")).to_be_visible()
    assert await ben.evaluate("navigator.clipboard.readText()") == "if True:\n    pass"
    await ben.get_by_label("Write a message").press_sequentially("```\none\n```")
    await ben.get_by_label("Write a message").press("Enter")
    await expect(said(ann).locator("pre").last).to_have_text("one")
    # The same chat again, and with a third one in the other chat.
    await ann.go_back()
    await ann.get_by_role("button", name="Write to Ben").click()
    await expect(said(ann)).to_have_count(2)


async def test_the_owner_leaves_and_the_next_one_takes_over(visitors: Visitors) -> None:
    ann, ben, _ = await two_in_a_chat(visitors)
    await ann.get_by_role("button", name="Leave the chat").click()
    await expect(ann.get_by_role("dialog")).to_contain_text("Ben becomes the owner")
    await ann.get_by_role("dialog").get_by_role("button", name="Leave").click()
    await expect(ben.locator("aside li")).to_have_count(1)
    await expect(ben.locator("aside li")).to_contain_text("Owner")


async def test_the_key_lets_in_on_another_device_and_nobody_without(visitors: Visitors) -> None:
    phone, page, other = a_phone(), await visitors.page(), await visitors.page()
    await register(page, "Ann", phone)
    key = await key_of(page)
    await other.goto("/chat")
    await other.get_by_label("Your name").fill("Ann")
    await other.get_by_label("Phone number").fill(phone)
    await other.get_by_role("button", name="Start").click()
    await expect(other.get_by_role("alert")).to_contain_text("somebody with another key")
    await other.get_by_label("Key or code", exact=True).fill(key)
    await other.get_by_role("button", name="Start").click()
    await expect(other.get_by_role("button", name="New chat")).to_be_visible()
    await page.get_by_role("button", name="Your key").click()
    await page.get_by_role("button", name="Make a new key").click()
    await page.get_by_role("dialog").get_by_role("button", name="Make a new key").click()
    await expect(other.get_by_role("alert")).to_contain_text("This phone number has a new key")
    await expect(page.locator("[data-key]")).not_to_have_text(key)
    await other.get_by_label("Key or code", exact=True).fill(
        await page.locator("[data-key]").inner_text()
    )
    await other.get_by_role("button", name="Start").click()
    await expect(other.get_by_role("button", name="New chat")).to_be_visible()
    await page.get_by_role("dialog").get_by_role("button", name="Close").first.click()
    await page.reload()
    await page.get_by_role("button", name="Your key").click()
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_role("dialog")).to_contain_text("only the administrator can")
    await page.get_by_role("button", name="I have the key").click()
    await expect(page.get_by_label("Phone number")).to_have_value("")


async def test_another_device_and_new_members_have_all_that_was_said(
    visitors: Visitors, server: Campus
) -> None:
    ann, phone, chat = await visitors.page(), a_phone(), a_name()
    await register(ann, "Ann", phone)
    await create(ann, chat, is_open=True)
    await expect(ann.get_by_text("Nothing has been said yet")).to_be_visible()
    ben_phone, ben = a_phone(), await visitors.page()
    await register(ben, "Ben", ben_phone)
    texts = [f"text {number}" for number in range(120)]
    with connect(server.url.replace("http", "ws") + "/chat/ws") as other_device:
        user = {"name": "Ann", "phone": phone}
        key = await key_of(ann)
        told = [{"type": "send_message", "chat": chat, "message": text} for text in texts]
        greeting = {"type": "register", "user": user, "protocol": 2, "token": key}
        for asked in (greeting, *told):
            other_device.send(json.dumps(asked))
            other_device.recv()
        await expect(said(ann)).to_have_text(texts)
        laptop = await visitors.page()
        await register(laptop, "Ann", phone, key)
    await add(ann, ben_phone)
    for page in (laptop, ben):
        await expect(entry(page, chat)).to_contain_text("text 119")
        await expect(entry(page, chat)).not_to_contain_text("unread")
        await entry(page, chat).click()
        await expect(said(page).last).to_be_in_viewport()
        await page.get_by_role("log").evaluate("log => log.scrollTo(0, 0)")
        await expect(said(page)).to_have_text(texts)
        await page.get_by_role("log").evaluate("log => log.scrollTo(0, 0)")
        await expect(page.get_by_text("There is nothing before this")).to_be_visible()
    await laptop.get_by_role("searchbox").fill("TEXT 42")
    await laptop.get_by_role("link", name="text 42").click()
    await expect(said(laptop).get_by_text("text 42")).to_be_in_viewport()
    await expect(laptop.locator("li.wanted")).to_have_text(re.compile("text 42"))


async def test_a_phone_that_another_app_uses_is_handed_over_with_a_code(
    visitors: Visitors, server: Campus
) -> None:
    phone, chat, page = a_phone(), a_name(), await visitors.page()
    with connect(server.url.replace("http", "ws") + "/chat/ws") as app:
        for asked in (
            {"type": "register", "user": {"name": "Ann", "phone": phone}},
            {"type": "create_chat", "name": chat},
            *({"type": "send_message", "chat": chat, "message": f"{n}"} for n in range(3)),
        ):
            app.send(json.dumps(asked))
            app.recv()
        await page.goto("/chat")
        await page.get_by_label("Your name").fill("Ann")
        await page.get_by_label("Phone number").fill(phone)
        await page.get_by_role("button", name="Start").click()
        await expect(page.get_by_role("alert")).to_contain_text("hand it over to you with a code")
        admin = await visitors.page()
        await admin.goto("/admin#classes")
        await admin.get_by_label("password").fill(ADMIN_PASSWORD)
        await admin.keyboard.press("Enter")
        await admin.get_by_label("Phone number").fill(phone)
        await admin.get_by_role("button", name="Make a code").click()
        code = await admin.locator("code").last.inner_text()
        await page.get_by_label("Key or code", exact=True).fill(code)
        await page.get_by_role("button", name="Start").click()
        await entry(page, chat).click()
        # What the other app had fetched is read again here.
        await expect(said(page)).to_have_text(["0", "1", "2"])
    await page.reload()
    await expect(said(page)).to_have_text(["0", "1", "2"])


async def test_a_telephone_goes_from_the_members_to_the_chat_to_the_list(
    visitors: Visitors,
) -> None:
    page, chat = await visitors.page(width=320, height=640), a_name()
    await register(page, "Ann", a_phone())
    await create(page, chat)
    await page.get_by_role("button", name="Members").click()
    await expect(page.get_by_role("heading", name="Members")).to_be_visible()
    inside = page.locator("aside .inside")
    assert await inside.evaluate("inside => inside.scrollWidth <= inside.clientWidth")
    for face in await page.locator("aside .avatar").all():
        box = await face.bounding_box()
        assert box is not None
        assert box["width"] == box["height"]
    await page.go_back()
    await expect(page.get_by_label("Write a message")).to_be_visible()
    await page.go_back()
    await expect(entry(page, chat)).to_be_visible()
    await expect(page.get_by_label("Write a message")).to_be_hidden()
    await entry(page, chat).click()
    await page.get_by_role("button", name="Back to the chats").click()
    await expect(page).to_have_url(re.compile(r"/chat#?$"))


@pytest.mark.parametrize("upgrades", ["refuse", "swallow"])
async def test_where_no_websocket_gets_through_the_page_says_so(
    visitors: Visitors, server: Campus, upgrades: Upgrades
) -> None:
    async with a_filter(server.url) as between:
        between.upgrades = upgrades
        page = await visitors.page(base_url=between.url)
        await page.goto("/chat")
        await page.get_by_label("Your name").fill("Ann")
        await page.get_by_label("Phone number").fill(a_phone())
        await page.get_by_role("button", name="Start").click()
        why = page.get_by_text("WebSockets do not get through to the server")
        await expect(why).to_be_visible(timeout=patience(10) * 1_000)
        await page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_serious_fault(visitors: Visitors, scheme: str) -> None:
    page, chat = await visitors.page(color_scheme=scheme), a_name()
    await page.goto("/chat")
    await expect(page.get_by_label("Your name")).to_be_visible()
    faults = await serious_faults(page)
    await register(page, "Ann", a_phone())
    await create(page, chat)
    await say(page, "See https://example.org\n```\nprint()\n```")
    await expect(page.locator("li[data-status=delivered]")).to_be_visible()
    faults += await serious_faults(page)
    await page.get_by_role("button", name="Delete the chat").click()
    assert faults + await serious_faults(page) == []
