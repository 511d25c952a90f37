"""A walk through every page and the states it can be in, in any language."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Final

import httpx
from playwright.async_api import Locator, Page, expect

from tests.browser import Visitors
from tests.e2e.conftest import ADMIN_PASSWORD, Campus
from tests.e2e.student import Student
from tests.e2e.words import Words

Stations = AsyncIterator[tuple[str, Page]]

_LOCALES: Final = {"en": "en-GB", "pt": "pt-PT", "ru": "ru-RU"}
_SPACES: Final = [
    {"id": 1, "name": "Central Tower", "latitude": 38.7370, "longitude": -9.1390, "range": 60},
    {"id": "lib", "name": "Library", "latitude": 38.7400, "longitude": -9.1390, "range": 50},
]
_HERE: Final = {"latitude": 38.7370, "longitude": -9.1390, "accuracy": 5}
_NAMES: Final = (
    "Ada Lovelace", "Анна Ахматова", "Bob", "Carlos Eduardo da Conceição", "Grace Hopper",
    "Leonhard Euler", "Emmy", "Niels Henrik Abel", "Софья Ковалевская", "Zé",
)  # fmt: skip
_LARGE: Final = {"filename": "data/measured.csv", "why": "too_large", "size": 9_000_000}


class Walk:
    """Goes from station to station: each is a name, such as `chat/members`, and a page."""

    def __init__(self, visitors: Visitors, campus: Campus, language: str, students: int) -> None:
        self._visitors = visitors
        self._campus = campus
        self._say = Words(language)
        self._locale = _LOCALES[language]
        self._count = students
        self._opened: dict[str, Page] = {}
        self._stack = AsyncExitStack()

    async def stations(self) -> Stations:
        """In the order of the pages; at the end the server is killed.

        Of pages that are then open there are two: `still/`, before that, and `lost/`.
        """
        async with self._stack:
            parts = (
                self._front, self._teacher, self._student, self._chat, self._alert, self._nearby,
                self._admin, self._lost,
            )  # fmt: skip
            for part in parts:
                async for station in part():
                    yield station

    async def _front(self) -> Stations:
        page = await self._page()
        await page.goto("/")
        await self._titled(page)
        yield "front/start", page
        await self._fill(page, "front.join.room", "Tom")
        await self._press(page, "front.join.action")
        yield "front/no-number", page
        await page.goto("/no/such/page")
        await self._titled(page)
        yield "front/unknown-address", page
        await page.context.close()
        page = await self._page(service_workers="allow")
        await page.goto("/")
        await page.evaluate("navigator.serviceWorker.ready")
        await page.context.set_offline(True)
        await page.goto("/classroom")
        await self._titled(page)
        yield "front/offline", page
        await page.context.close()

    async def _teacher(self) -> Stations:
        page = await self._page()
        await page.goto("/classroom")
        await self._fill(page, "classroom.start.name", "Emmy Noether")
        yield "teacher/start", page
        await self._press(page, "classroom.start.action")
        number = page.locator("[data-room]").first
        await expect(number).to_have_text(re.compile(r"^\d{6}$"))
        self._room = int(await number.inner_text())
        yield "teacher/nobody", page
        await self._tab(page, "tasks")
        await page.locator(".ProseMirror").click()
        await page.keyboard.insert_text("Write a function area(r). " * 8)
        await page.locator("button", has_text=re.compile(r"^\s*\+ ")).first.click()
        await page.locator(".ProseMirror").click()
        await page.keyboard.insert_text("Print the areas of ten circles.")
        yield "teacher/tasks", page
        await self._press(page, "tasks.send")
        await expect(page.get_by_text(self._say("classroom.tasks_sent"))).to_be_visible()
        await self._tab(page, "board")
        await self._fill_class()
        await expect(page.locator("[data-student]")).to_have_count(self._count)
        yield "teacher/board", page
        ada = page.locator("[data-student]", has=page.get_by_text(_NAMES[0], exact=True))
        await ada.locator(".face").click()
        await expect(page.locator("[data-panel] .cm-content").first).to_be_visible()
        yield "teacher/student", page
        await self._press(page.locator("[data-panel]"), "classroom.panel.remove")
        yield "teacher/remove", page
        await page.keyboard.press("Escape")
        await page.locator("[data-panel] .close").click()
        await self._tab(page, "results")
        yield "teacher/results", page
        await self._tab(page, "tasks")
        await page.locator("[data-page='1']").click()
        await self._press(page, "tasks.remove")
        yield "teacher/losses", page
        await page.keyboard.press("Escape")
        await self._tab(page, "board")
        head = page.locator(".head", has=page.locator(".room"))
        for name, key in (
            ("invitation", None),
            ("settings", "classroom.settings.title"),
            ("key", "classroom.key.action"),
            ("close", "classroom.close.action"),
        ):
            button = head.locator(".room") if key is None else self._button(head, key)
            await button.click()
            await expect(page.get_by_role("dialog")).to_be_visible()
            yield f"teacher/{name}", page
            await page.keyboard.press("Escape")
        await head.locator(".room").click()
        await self._press(page, "classroom.invite.project")
        yield "teacher/projector", page
        await page.keyboard.press("Escape")
        await page.keyboard.press("Escape")
        board = await self._page()
        await board.goto(f"/roomstats/{self._room}")
        await expect(board.locator(".state.connected")).to_be_visible()
        yield "teacher/page-for-everyone", board
        self._opened |= {"teacher": page, "page-for-everyone": board}

    async def _student(self) -> Stations:
        page = await self._page()
        await page.goto("/classroom/Tom")
        await self._titled(page)
        yield "student/no-room", page
        await page.goto(f"/classroom/{self._room}")
        await self._fill(page, "student.join.name", "Ludwig van Beethoven")
        yield "student/join", page
        await self._press(page, "student.join.action")
        await expect(page.locator("button.help")).to_be_visible()
        yield "student/tasks", page
        await page.locator("button.help").click()
        await expect(page.locator("button.help[aria-pressed=true]")).to_be_visible()
        yield "student/help", page
        await self._area(page, 1)
        await page.locator(".cm-content").fill("def area(r):\n    return 3.14 * r * r\n")
        yield "student/code", page
        await self._press(page, "student.files.new")
        yield "student/new-file", page
        await page.keyboard.press("Escape")
        await self._area(page, 2)
        field = page.get_by_role("textbox", name=self._say("class.chat.field"))
        await field.fill("Is 3.14 enough, or should it be math.pi? See https://example.org/pi.")
        await field.press("Enter")
        await expect(field).to_have_value("")
        yield "student/chat", page
        await self._press(page, "student.own.open")
        yield "student/own-editor", page
        await page.keyboard.press("Escape")
        await self._press(page, "student.leave.open")
        yield "student/leave", page
        await page.keyboard.press("Escape")
        await self._area(page, 0)
        other = await page.context.new_page()
        await other.goto(f"/classroom/{self._room}")
        await expect(page.locator("[data-why=taken]")).to_be_visible()
        yield "student/taken", page
        await page.close()
        await expect(other.locator("button.help")).to_be_visible()
        self._opened["student"] = other

    async def _chat(self) -> Stations:
        ann, ben = await self._page(), await self._page()
        await ann.goto("/chat")
        await self._press(ann, "chat.in.action")
        yield "chat/login", ann
        await self._register(ann, "Ann", "+351 911 222 333")
        yield "chat/no-chats", ann
        await self._register(ben, "Benjamin Bartholomew Britten", "+351 944 555 666")
        await self._press(ann, "chat.list.new")
        await self._fill(ann, "chat.new.name", "Homework of class 10b, and what else there is")
        yield "chat/new", ann
        await self._press(ann, "chat.new.action")
        await expect(ann.locator(".conversation")).to_be_visible()
        yield "chat/nothing-said", ann
        await self._fill(ann, "chat.members.add", "+351944555666", last=True)
        await self._press(ann, "chat.members.add_action")
        await ben.locator(".list nav a").first.click()
        for page, text in (
            (ann, "Who has solved the third one?\n```python\nprint(sum(range(10)))\n```"),
            (ben, "I have: https://example.org/a_(b), " + "long " * 40),
            (ann, "Спасибо!"),
        ):
            field = page.get_by_label(self._say("chat.talk.write"))
            await field.fill(text)
            await field.press("Enter")
        await expect(ben.locator("[role=log] li .text")).to_have_count(3)
        yield "chat/conversation", ann
        await ann.evaluate("location.hash += '/members'")
        yield "chat/members", ann
        await self._press(ann, "chat.members.delete")
        yield "chat/delete", ann
        await ann.keyboard.press("Escape")
        await ann.locator(".list button.me").click()
        await self._press(ann, "chat.me.show")
        yield "chat/key", ann
        await ann.keyboard.press("Escape")
        device = await self._page()
        await self._register(device, "Ann", "+351 911 222 333")
        await expect(device.get_by_role("alert")).to_be_visible()
        yield "chat/new-device", device
        await device.context.close()
        await ann.goto("/chat#")
        await ann.reload()
        await expect(ann.locator(".list nav a").first).to_be_visible()
        yield "chat/list", ann
        self._opened["chat"] = ben

    async def _alert(self) -> Stations:
        page = await self._page()
        await page.goto("/v1")
        yield "alert/login", page
        await self._fill(page, "alert.name", "ada")
        await self._fill(page, "alert.room", "R101")
        await self._press(page, "alert.enter")
        await expect(page.locator(".state.connected")).to_be_visible()
        yield "alert/empty", page
        for text in (
            "Fire drill at ten: leave by the east stairs.",
            "See https://example.org/plan.",
        ):
            await page.locator("#msg").fill(text)
            await page.locator("#msg").press("Enter")
            await expect(page.locator("#msg")).to_have_value("")
        yield "alert/room", page
        await page.locator("summary").click()
        yield "alert/menu", page
        await page.keyboard.press("Escape")
        wall = await page.context.new_page()
        await wall.set_viewport_size({"width": 1440, "height": 900})
        await wall.goto("/v1/room?display=1")
        await expect(wall.locator(".state.connected")).to_be_visible()
        yield "alert/display", wall
        self._opened |= {"alert": page, "display": wall}

    async def _nearby(self) -> Stations:
        page = await self._page(geolocation=_HERE, permissions=["geolocation"])
        await page.goto("/nearby")
        yield "nearby/login", page
        await self._enter_nearby(page, "ana")
        yield "nearby/no-buildings", page
        answer = httpx.post(
            f"{self._campus.url}/API/admin/buildings/load",
            json={"containedSpaces": _SPACES},
            auth=("admin", ADMIN_PASSWORD),
        )
        answer.raise_for_status()
        await self._press(page, "nearby.place.follow")
        await expect(page.locator("[data-building]")).to_have_text("Central Tower")
        yield "nearby/alone", page
        bob = await self._page(geolocation=_HERE, permissions=["geolocation"])
        await self._enter_nearby(bob, "bob-with-a-rather-long-name-that-wraps")
        await self._press(bob, "nearby.place.follow")
        await expect(bob.locator(".people .id")).to_have_count(1)
        field = bob.get_by_role("textbox", name=self._say("nearby.messages.message"), exact=True)
        await field.fill("Coffee in five minutes?\nhttps://example.org/menu")
        await field.press("Enter")
        await expect(page.locator(".text")).to_have_count(1)
        for index, pane in enumerate(("place", "people", "messages")):
            await page.locator("nav.tabs button").nth(index).evaluate("e => e.click()")
            yield f"nearby/{pane}", page
        self._opened["nearby"] = page

    async def _admin(self) -> Stations:
        page = await self._page()
        await page.goto("/admin")
        await self._press(page, "admin.login.action")
        yield "admin/login", page
        await page.locator("input[type=password]").fill(ADMIN_PASSWORD)
        await self._press(page, "admin.login.action")
        for section in ("overview", "buildings", "bots", "people", "classes"):
            await page.goto(f"/admin#{section}")
            await self._titled(page)
            await expect(page.get_by_text(self._say("admin.loading"))).to_have_count(0)
            yield f"admin/{section}", page
        await page.locator("td.act button.danger").first.click()
        yield "admin/close", page
        await page.keyboard.press("Escape")
        await page.goto("/admin#buildings")
        for name, key in (
            ("import", "admin.buildings.import"),
            ("building", "admin.buildings.add"),
        ):
            await self._press(page, key)
            yield f"admin/{name}", page
            await page.keyboard.press("Escape")
        await page.goto("/admin#overview")
        self._opened["admin"] = page

    async def _lost(self) -> Stations:
        for name, page in self._opened.items():
            yield f"still/{name}", page
        self._campus.kill()
        for name, page in self._opened.items():
            await expect(page.locator("[data-link=lost], .state.lost").first).to_be_visible()
            yield f"lost/{name}", page
        page = self._opened["teacher"]
        await page.evaluate("document.activeElement.blur()")  # it makes way for what has the focus
        await self._press(page, "shared.link.fold")
        yield "lost/teacher-folded", page
        self._campus.restart()

    async def _fill_class(self) -> None:
        """As many students as are wanted: some need help, and some have left."""
        for index in range(self._count):
            name = _NAMES[index % len(_NAMES)]
            student = Student(
                self._campus.url, self._room, name if index < len(_NAMES) else f"{name} {index}"
            )
            await student.enter()
            if index == 0:
                await student.leaves_out(_LARGE)
                await student.say("My file is too large: what can I do? " * 3)
            statuses = ("DONE", "HELP", "IN_PROGRESS", "ACCEPTED")
            await student.report(task1="DONE", task2=statuses[index % 3])
            if index % 7 == 5:
                await student.leave()
            else:
                self._stack.push_async_callback(student.leave)

    async def _register(self, page: Page, name: str, phone: str) -> None:
        await page.goto("/chat")
        await self._fill(page, "chat.in.name", name)
        await self._fill(page, "chat.in.phone", phone)
        await self._press(page, "chat.in.action")

    async def _enter_nearby(self, page: Page, name: str) -> None:
        await page.goto("/nearby")
        await self._fill(page, "nearby.guest.name", name)
        await self._press(page, "nearby.guest.enter")
        await expect(page.locator("[data-link=open]")).to_be_attached()

    async def _page(self, **options: Any) -> Page:
        return await self._visitors.page(width=1440, height=900, locale=self._locale, **options)

    async def _titled(self, page: Page) -> None:
        await expect(page.get_by_role("heading", level=1)).to_be_visible()

    async def _fill(self, page: Page, key: str, text: str, *, last: bool = False) -> None:
        fields = page.get_by_label(self._say(key), exact=True)
        await (fields.last if last else fields).fill(text)

    async def _press(self, place: Page | Locator, key: str) -> None:
        await self._button(place, key).click()

    def _button(self, place: Page | Locator, key: str) -> Locator:
        return place.get_by_role("button", name=self._say(key), exact=True).first

    async def _tab(self, page: Page, name: str) -> None:
        await page.locator(f"#tab-{name}").click()

    async def _area(self, page: Page, index: int) -> None:
        """A student's area; on a wide screen all of them are seen, and the buttons are not."""
        await page.locator("nav.tabs button").nth(index).evaluate("e => e.click()")
