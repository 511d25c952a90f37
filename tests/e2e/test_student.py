"""The student's page: join, work, be watched, come back, and the ends of a class."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest_asyncio
import socketio
from playwright.async_api import Page, expect

from tests.browser import Visitors
from tests.e2e.axe import serious_faults
from tests.e2e.conftest import Campus

WITHIN_S = 10.0
STEPS = [
    {
        "name": "theory",
        "content": '<p>A <b>list</b> is <span style="color: rgb(230, 0, 0);">red</span></p>',
        "type": "theory",
    },
    {"name": "1", "content": "<p>Write <code>average</code>.</p>"},
    {"name": "2", "content": "<p>Test it.</p>"},
]


class Teacher:
    """A teacher's program; what it hears is kept until somebody asks for it."""

    def __init__(self, url: str, protocol: int = 2) -> None:
        self.protocol = protocol
        self.room = 0
        self._token = ""
        self._host = 0
        self._url = url
        self._heard: list[tuple[str, Any]] = []
        self._news = asyncio.Condition()
        self._client = self._new_client()

    async def open(self) -> None:
        await self._client.connect(self._url, transports=["websocket"])
        await self.say("room/create", {"name": "Emmy Noether", "protocol": self.protocol})
        update = await self.hears("room/update")
        self.room, self._host, self._token = update["id"], update["host"], update["token"]

    async def come_back(self) -> None:
        """After the server was started again."""
        self._client = self._new_client()
        await self._client.connect(self._url, transports=["websocket"])
        place = {"room_id": self.room, "user_id": self._host, "token": self._token}
        await self.say("room/rehost", {**place, "protocol": self.protocol})

    async def say(self, event: str, payload: object) -> None:
        await self._client.emit(event, payload)

    async def tell(self, event: str, student: int, **more: object) -> None:
        await self.say(event, {"room_id": self.room, "user_id": student, **more})

    async def student(self, name: str) -> int:
        """Their id, as soon as they are in the room."""
        while True:
            update = await self.hears("room/update")
            ids = [user["id"] for user in update["users"] if user["name"] == name]
            if ids:
                return int(ids[0])

    async def hears(self, event: str) -> Any:
        """The payload of the first such event that was not asked for yet."""
        async with asyncio.timeout(WITHIN_S), self._news:
            while True:
                for index, (name, payload) in enumerate(self._heard):
                    if name == event:
                        del self._heard[index]
                        return payload
                await self._news.wait()

    def has_heard(self, event: str) -> bool:
        """Whether there is one that nobody has asked for."""
        return any(name == event for name, _ in self._heard)

    async def leave(self) -> None:
        await self._client.disconnect()

    def _new_client(self) -> socketio.AsyncClient:
        client = socketio.AsyncClient(reconnection=False)
        client.on("*", self._hear)
        return client

    async def _hear(self, event: str, payload: Any) -> None:
        async with self._news:
            self._heard.append((event, payload))
            self._news.notify_all()


@pytest_asyncio.fixture(loop_scope="session")
async def teacher(server: Campus) -> AsyncIterator[Teacher]:
    teacher = Teacher(server.url)
    await teacher.open()
    yield teacher
    await teacher.leave()


Joining = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def join(visitors: Visitors, teacher: Teacher) -> Joining:
    async def joins(name: str, **options: Any) -> Page:
        page = await visitors.page(**options)
        await page.goto(f"/classroom/{teacher.room}")
        await enter(page, name)
        await expect(page.get_by_text(name, exact=True)).to_be_visible()
        return page

    return joins


async def enter(page: Page, name: str) -> None:
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Join", exact=True).click()


async def write(page: Page, text: str) -> None:
    await page.locator(".cm-content").fill(text)


async def chat(page: Page, text: str) -> None:
    field = page.get_by_role("textbox", name="Message")
    await field.fill(text)
    await field.press("Enter")


async def expect_messages(page: Page, *texts: str) -> None:
    await expect(page.locator(".message p")).to_have_text(list(texts))


async def test_tasks_arrive_and_progress_goes_back(join: Joining, teacher: Teacher) -> None:
    page = await join("Anna")
    student = await teacher.student("Anna")
    await expect(page.get_by_text("No tasks yet")).to_be_visible()
    await teacher.say("steps/all", STEPS)
    await expect(page.get_by_role("heading", name="Theory")).to_be_visible()
    await expect(page.get_by_text("red")).to_have_css("color", re.compile("oklch"))
    help_button = page.get_by_role("button", name="I need help")
    # Neither the theory nor what is accepted is a task that one needs help with.
    await expect(help_button).to_have_text("I need help")
    await page.get_by_role("button", name="Task 2:").click()
    await expect(help_button).to_contain_text("Task 2")
    await help_button.click()
    report = await teacher.hears("steps/status/to_mentor")
    assert report == {"user_id": student, "steps": {"2": "HELP"}}
    await expect(page.get_by_text("You are next.")).to_be_visible()
    await page.get_by_role("button", name="Task 1:").click()
    await page.get_by_role("radio", name="Done").check()
    report = await teacher.hears("steps/status/to_mentor")
    assert report["steps"] == {"1": "DONE", "2": "HELP"}
    await teacher.tell("steps/status/to_client", student, steps={"1": "ACCEPTED"})
    await expect(page.get_by_text("Task 1 is accepted. Well done!")).to_be_visible()
    await expect(page.get_by_text("Your teacher has accepted this task.")).to_be_visible()
    await expect(page.get_by_text("Task 2 · Press when you can go on")).to_be_visible()
    await page.get_by_role("button", name="Task 2:").click()
    await page.get_by_role("radio", name="Done").check()
    assert (await teacher.hears("steps/status/to_mentor"))["steps"]["2"] == "DONE"
    await teacher.tell("steps/status/to_client", student, steps={"2": "NONE"})
    await expect(page.get_by_text("Task 2 was sent back")).to_be_visible()
    await expect(page.get_by_role("radio", name="Not started")).to_be_checked()


async def test_only_what_has_changed_goes_to_a_teacher_who_watches(
    join: Joining, teacher: Teacher
) -> None:
    page = await join("Anna")
    student = await teacher.student("Anna")
    await teacher.say("settings", {"files_to_ignore": "*.log"})
    await write(page, "a = 1")
    await page.get_by_role("button", name="New file").click()
    await page.get_by_label("Name", exact=True).fill("secret.log")
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("treeitem", name="secret.log")).to_be_visible()
    await expect(page.locator(".cm-content")).to_be_focused()
    await page.get_by_role("treeitem", name="main.py").click()
    assert not teacher.has_heard("sharing/code_send")
    await teacher.tell("sharing/start", student)
    code = await teacher.hears("sharing/code_send")
    assert code["files"] == [{"filename": "main.py", "status": "CREATED", "content": "a = 1"}]
    await expect(page.get_by_text("Your teacher is watching your code.")).to_be_visible()
    await write(page, "a = 2")
    update = await teacher.hears("sharing/code_update")
    assert update["files"] == [{"filename": "main.py", "status": "CHANGED", "content": "a = 2"}]
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    update = await teacher.hears("sharing/code_update")
    assert update["files"] == [{"filename": "main.py", "status": "REMOVED", "content": ""}]
    await teacher.tell("sharing/end", student)
    await expect(page.get_by_text("Your teacher is watching")).to_have_count(0)
    await page.get_by_role("button", name="New file").click()
    await page.get_by_label("Name", exact=True).fill("quiet.py")
    await page.get_by_role("button", name="Create").click()
    await page.wait_for_timeout(1_100)  # changes go once a second
    await chat(page, "done")
    await teacher.hears("message/to_mentor")
    assert not teacher.has_heard("sharing/code_update")


# Asked as the student: whether the history says of something that it was pasted.
SAYS_PASTED = """async () => {
    const key = Object.keys(localStorage).find((each) => each.includes("student/"));
    const { id, token } = JSON.parse(localStorage[key]);
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(`/classes/${location.pathname.split("/").at(-1)}/history/${id}`, {
        headers,
    });
    return (await answer.text()).includes('"pasted":true');
}"""


async def test_what_is_written_is_recorded_and_the_page_says_so(
    join: Joining, teacher: Teacher
) -> None:
    page = await join("Anna")
    await page.get_by_role("button", name="Recorded").click()
    dialog = page.get_by_role("dialog", name="What you write here is recorded")
    await expect(dialog.get_by_text("You and your teacher.")).to_be_visible()
    assert await serious_faults(page) == []
    await dialog.get_by_role("button", name="Close").last.click()
    await write(page, "a = 1")
    assert not await page.evaluate(SAYS_PASTED)
    await page.locator(".cm-content").evaluate(
        """(editor) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", "b = 2");
            editor.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }"""
    )
    async with asyncio.timeout(WITHIN_S):
        while not await page.evaluate(SAYS_PASTED):
            await asyncio.sleep(0.2)
    assert not teacher.has_heard("sharing/code_send")
    assert not teacher.has_heard("sharing/code_update")


async def test_a_reload_brings_everything_back_once(join: Joining, teacher: Teacher) -> None:
    page = await join("Anna")
    student = await teacher.student("Anna")
    await teacher.say("steps/all", STEPS)
    await page.get_by_role("button", name="Task 1:").click()
    await page.get_by_role("radio", name="In progress").check()
    await write(page, "print('kept')")
    await teacher.tell("message/to_client", student, content="See https://example.org/a?")
    await chat(page, "ok")
    await chat(page, "ok")
    await expect_messages(page, "See https://example.org/a?", "ok", "ok")
    await page.reload()
    await expect_messages(page, "See https://example.org/a?", "ok", "ok")
    await expect(page.get_by_role("link", name="https://example.org/a")).to_have_attribute(
        "href", "https://example.org/a"
    )
    await expect(page.locator(".cm-content")).to_have_text("print('kept')")
    # The task that was shown last.
    await expect(page.get_by_role("radio", name="In progress")).to_be_checked()
    assert await teacher.student("Anna") == student


async def test_a_power_cut_loses_nothing_and_shows_nothing_twice(
    join: Joining, teacher: Teacher, server: Campus
) -> None:
    page = await join("Anna")
    student = await teacher.student("Anna")
    await teacher.say("steps/all", STEPS)
    await teacher.tell("sharing/start", student)
    await teacher.hears("sharing/code_send")
    await chat(page, "before")
    await expect_messages(page, "before")
    server.kill()
    await expect(page.get_by_text("Connection lost")).to_be_visible()
    await page.get_by_role("button", name="Task 2:").click()
    await page.get_by_role("radio", name="Done").check()
    await chat(page, "meanwhile")
    await chat(page, "and more")
    await expect(page.get_by_text("Waits for the connection")).to_have_count(2)
    await page.get_by_role("textbox", name="Message").fill("half a tho")
    await write(page, "a = 3")
    server.restart()
    await teacher.come_back()
    # The next attempt may be seconds away.
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.get_by_text("Connection lost")).to_have_count(0, timeout=15_000)
    assert await teacher.student("Anna") == student
    await expect_messages(page, "before", "meanwhile", "and more")
    # The page is loaded anew for it.
    await page.get_by_label("Language").select_option("pt")
    await expect_messages(page, "before", "meanwhile", "and more")
    await expect(page.get_by_role("textbox", name="Mensagem")).to_have_value("half a tho")
    await page.get_by_label("Idioma").select_option("en")
    await page.get_by_role("button", name="Task 2:").click()
    await expect(page.get_by_role("radio", name="Done")).to_be_checked()


async def test_two_at_one_computer_have_a_place_each(join: Joining, teacher: Teacher) -> None:
    page = await join("Anna")
    anna = await teacher.student("Anna")
    await write(page, "a = 1")
    await chat(page, "I am Anna")
    await teacher.hears("message/to_mentor")
    await page.get_by_role("textbox", name="Message").fill("half a tho")
    await page.get_by_role("button", name="Not Anna?").click()
    await expect(page.get_by_role("button", name="Anna", exact=True)).to_be_visible()
    assert await serious_faults(page) == []
    await page.get_by_label("Or your name").fill("Boris")
    await page.get_by_role("button", name="Join", exact=True).click()
    boris = await teacher.student("Boris")
    await expect(page.get_by_text("Boris", exact=True)).to_be_visible()
    await expect(page.locator(".cm-content")).to_have_text("")
    await expect_messages(page)
    await write(page, "b = 2")
    await chat(page, "I am Boris")
    assert (await teacher.hears("message/to_mentor"))["sender"] == boris
    await page.reload()
    await page.get_by_role("button", name="Not Boris?").click()
    await page.get_by_role("button", name="Anna", exact=True).click()
    await expect(page.locator(".cm-content")).to_have_text("a = 1")
    await expect_messages(page, "I am Anna")
    await expect(page.get_by_role("textbox", name="Message")).to_have_value("half a tho")
    assert await teacher.student("Anna") == anna
    # Whoever types the name of a place that waits here gets it.
    await page.get_by_role("button", name="Not Anna?").click()
    await page.get_by_label("Or your name").fill("boris")
    await page.get_by_role("button", name="Join", exact=True).click()
    await expect(page.locator(".cm-content")).to_have_text("b = 2")


async def test_refusals_stand_at_the_form(visitors: Visitors, join: Joining) -> None:
    anna = await join("Anna")
    other = await visitors.page(locale="ru")
    await other.goto(anna.url)
    await other.get_by_label("Ваше имя").fill("Anna")
    await other.get_by_role("button", name="Войти", exact=True).click()
    await expect(other.get_by_role("alert")).to_contain_text("уже есть кто-то с таким именем")
    await expect(other.get_by_label("Ваше имя")).to_be_focused()
    nowhere = await visitors.page()
    await nowhere.goto("/classroom/100000")
    await enter(nowhere, "Anna")
    await expect(nowhere.get_by_role("alert")).to_contain_text("There is no such room")
    await nowhere.goto("/classroom/x")
    await expect(nowhere.get_by_role("heading", name="This is not a room")).to_be_visible()


async def test_a_token_that_is_not_valid_any_more_is_dropped(join: Joining) -> None:
    page = await join("Anna")
    await page.evaluate(
        """for (const key of Object.keys(localStorage).filter(key => key.includes("student/"))) {
            const who = {...JSON.parse(localStorage[key]), token: "forged"};
            localStorage[key] = JSON.stringify(who);
        }"""
    )
    # The page itself still knows the true one, but it is not asked again.
    await page.reload()
    await expect(page.get_by_role("alert")).to_contain_text("does not recognise you")
    await enter(page, "Anna again")
    await expect(page.get_by_text("Anna again", exact=True)).to_be_visible()


async def test_the_ends_of_a_class(join: Joining, teacher: Teacher) -> None:
    anna = await join("Anna")
    await teacher.student("Anna")
    # A second window of the same browser.
    window = await anna.context.new_page()
    await window.goto(anna.url)
    await expect(anna.get_by_role("heading", name="another window")).to_be_visible()
    await anna.get_by_role("button", name="Go on here").click()
    await expect(window.get_by_role("heading", name="another window")).to_be_visible()
    boris = await join("Boris")
    await teacher.tell("room/kill", await teacher.student("Boris"))
    await expect(boris.get_by_role("heading", name="You were removed")).to_be_visible()
    await boris.get_by_role("button", name="Join again").click()
    await enter(boris, "Boris")
    await expect(boris.get_by_role("button", name="I need help")).to_be_visible()
    await boris.get_by_role("button", name="Leave").click()
    await boris.get_by_role("button", name="Leave the class").click()
    await expect(boris.get_by_role("heading", name="You have left")).to_be_visible()
    await expect(anna.get_by_role("button", name="I need help")).to_be_visible()
    await teacher.say("room/close", {"room_id": teacher.room})
    await expect(anna.get_by_role("heading", name="The class is over")).to_be_visible()


async def test_on_a_phone_it_is_one_thing_at_a_time(join: Joining, teacher: Teacher) -> None:
    page = await join("Anna", width=360, height=740, color_scheme="dark", has_touch=True)
    student = await teacher.student("Anna")
    await teacher.say("steps/all", STEPS)
    await teacher.tell("message/to_client", student, content="Hello!")
    tabs = page.get_by_role("navigation", name="Parts of the class")
    await expect(tabs.get_by_role("button", name=re.compile("Chat 1"))).to_be_visible()
    assert await serious_faults(page) == []
    await tabs.get_by_role("button", name="Code").click()
    await teacher.tell("sharing/start", student)
    await expect(page.get_by_text("Your teacher is watching your code.")).to_be_visible()
    await write(page, "x = 1 " * 100)
    scroller = page.locator(".cm-scroller")
    assert await scroller.evaluate("it => it.scrollWidth <= it.clientWidth")
    assert await serious_faults(page) == []
    await tabs.get_by_role("button", name="Chat").click()
    await expect(page.get_by_text("Hello!")).to_be_visible()
    await expect(tabs.get_by_role("button", name="Chat", exact=True)).to_be_visible()
    assert await serious_faults(page) == []
    await page.set_viewport_size({"width": 320, "height": 740})
    await teacher.leave()
    await expect(page.get_by_text("Your teacher is away and will see")).to_be_visible()
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(overflow) <= 0
    await page.get_by_role("button", name="Leave", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Not Anna?").click()
    await expect(page.get_by_role("button", name="Anna", exact=True)).to_be_visible()
