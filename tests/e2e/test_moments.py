"""The server dies while people write, on every page: what they wrote arrives, once."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser import Visitors
from tests.e2e.conftest import ADMIN_PASSWORD, Campus
from tests.e2e.test_chat import create, register
from tests.e2e.test_networks import join, start_class, write

BACK_WITHIN_MS = 20_000


class Desks:
    """Everybody's pages, and what they have begun when the server dies."""

    def __init__(self, visitors: Visitors, number: int) -> None:
        """With another number everybody is somebody else."""
        self._visitors = visitors
        self._number = number
        self._hall = {
            "Name": f"Hall {number}",
            "Id": f"h{number}",
            "Latitude": "38.73",
            "Longitude": "-9.13",
        }
        self.pages: dict[str, Page] = {}

    async def page(self, name: str) -> Page:
        self.pages[name] = await self._visitors.page(width=1440, height=900)
        return self.pages[name]

    async def arrive(self) -> None:
        teacher = await self.page("teacher")
        self.room = await start_class(teacher)
        await join(await self.page("anna"), self.room, "Anna")
        chat = await self.page("chat")
        await register(chat, "Ann", f"91{self._number}")
        await create(chat, f"moments {self._number}")
        alert = await self.page("alert")
        await alert.goto("/v1")
        await alert.get_by_label("Your name").fill("ann")
        await alert.get_by_label("Room").fill(f"R{self._number}")
        await alert.get_by_role("button", name="Enter").click()
        admin = await self.page("admin")
        await admin.goto("/admin#buildings")
        await admin.get_by_label("password").fill(ADMIN_PASSWORD)
        await admin.get_by_role("button", name="Log in").click()
        await admin.get_by_role("button", name="Add a building").first.click()
        for name, address in (("start", "/classroom"), ("door", f"/classroom/{self.room}")):
            page = await self.page(name)
            await page.goto(address)
            await page.get_by_label("Your name").fill(f"Boris at the {name}")
        await (await self.page("registering")).goto("/chat")
        # The editor comes when it is needed, and then it needs a server.
        await teacher.locator("#tab-tasks").click()
        await teacher.locator(".ProseMirror").click()
        await teacher.keyboard.insert_text("Draw")
        await teacher.locator("#tab-board").click()
        await teacher.locator(".tile .face").click()
        await expect(teacher.get_by_label("Message", exact=True)).to_be_visible()
        await expect(self.pages["anna"].locator("button.help")).to_be_visible()

    async def write(self) -> None:
        """All of it without a server."""
        page = self.pages
        await write(page["teacher"], "Message", "from the teacher")
        await page["teacher"].locator("#tab-tasks").click()
        await page["teacher"].locator(".ProseMirror").press("End")
        await page["teacher"].keyboard.insert_text(" a circle")
        await page["teacher"].get_by_role("button", name="Send to all").click()
        await expect(page["teacher"].get_by_text("There is no connection now")).to_be_visible()
        await write(page["anna"], "Message", "from Anna")
        await page["anna"].locator("button.help").click()
        await page["anna"].locator(".cm-content").fill("print('kept')\n")
        await write(page["chat"], "Write a message", "from Ann")
        await write(page["alert"], "Message", "from the hall")
        await page["start"].get_by_role("button", name="Start", exact=True).click()
        await page["door"].get_by_role("button", name="Join").click()
        await page["registering"].get_by_label("Your name").fill("Ben")
        await write(page["registering"], "Phone number", f"92{self._number}")
        for label, text in self._hall.items():
            await building(page["admin"], label).fill(text)
        await page["admin"].get_by_role("button", name="Save").click()
        await expect(page["admin"].get_by_text("The server cannot be reached")).to_be_visible()

    async def reload(self) -> None:
        """Those who have something that is only in the browser."""
        for name in ("teacher", "anna", "chat", "alert"):
            await self.pages[name].reload()

    async def find_everything(self) -> None:
        page = self.pages
        teacher, anna = page["teacher"], page["anna"]
        await expect(anna.get_by_role("log").get_by_text("from the teacher")).to_have_count(
            1, timeout=BACK_WITHIN_MS
        )
        await expect(anna.get_by_role("log").get_by_text("from Anna")).to_have_count(1)
        await expect(anna.locator(".message.waiting")).to_have_count(0)
        await expect(anna.locator(".cm-content")).to_contain_text("print('kept')")
        await expect(teacher.get_by_role("button", name="1 needs help")).to_be_visible(
            timeout=BACK_WITHIN_MS
        )
        await teacher.locator("#tab-tasks").click()
        await teacher.locator("[data-page='1']").click()
        await expect(teacher.locator(".ProseMirror")).to_have_text("Draw a circle")
        await teacher.get_by_role("button", name="Send to all").click()
        await expect(anna.get_by_text("Draw a circle")).to_have_count(1)
        said = page["chat"].get_by_role("log").get_by_text("from Ann")
        await expect(said).to_have_count(1, timeout=BACK_WITHIN_MS)
        await expect(page["chat"].locator("li[data-status=waiting]")).to_have_count(0)
        lines = page["alert"].locator("#messages li", has_text="ANN: from the hall")
        await expect(lines).to_have_count(1, timeout=BACK_WITHIN_MS)
        await expect(page["start"].locator("[data-room]").first).to_be_visible()
        await expect(page["door"].locator("button.help")).to_be_visible()
        await expect(page["registering"].get_by_text("No chats yet")).to_be_visible()
        for label, text in self._hall.items():
            await expect(building(page["admin"], label)).to_have_value(text)
        await page["admin"].get_by_role("button", name="Save").click()
        await expect(
            page["admin"].get_by_role("row", name=re.compile(self._hall["Name"]))
        ).to_have_count(1)


def building(admin: Page, label: str) -> Locator:
    return admin.get_by_role("dialog").get_by_label(label, exact=True)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("number", "is_reloaded"), [(111, False), (222, True)], ids=["waited for", "reloaded"]
)
async def test_what_is_entered_on_any_page_while_the_server_is_dead_arrives_once(
    visitors: Visitors, server: Campus, number: int, is_reloaded: bool
) -> None:
    desks = Desks(visitors, number)
    await desks.arrive()
    server.kill()
    for name in ("teacher", "anna", "chat"):
        await expect(desks.pages[name].locator("[data-link=lost]")).to_be_visible()
    await desks.write()
    server.restart()
    if is_reloaded:
        await desks.reload()
    await desks.find_everything()
