"""One lesson from both sides, by keyboard alone: nobody has a mouse."""

from typing import Final

from playwright.async_api import Locator, Page, expect

from tests.browser import Visitors
from tests.e2e.axe import serious_faults

# More stops than any page has.
_MOST: Final = 90
_FOCUS = """
(wanted) => {
  const focused = document.activeElement ?? document.body;
  const name = focused.getAttribute("aria-label") ?? focused.textContent.trim().slice(0, 40);
  return {
    isThere: focused === wanted && focused.matches(":focus-visible"),
    isNowhere: focused === document.body,
    isText: focused.isContentEditable,
    words: `${focused.tagName} ${focused.id} ${focused.className} ${name}`,
  };
}
"""


class Hands:
    """Somebody with a keyboard, before one page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def type(self, text: str) -> None:
        await self.page.keyboard.type(text)

    async def go_to(self, place: Locator, key: str = "Tab") -> None:
        """Press Tab until the focus is there, and can be seen; nothing on the way may hold it."""
        await expect(place).to_be_visible()
        passed: list[str] = []
        for _ in range(_MOST):
            focus = await place.evaluate(_FOCUS)
            if focus["isThere"]:
                return
            held = passed[-1:] == [focus["words"]] and not focus["isNowhere"]
            assert not held, f"{key} does not leave {focus['words']}, after {passed}"
            passed.append(focus["words"])
            # In code Tab indents: Escape lets go of it, as the editor says, for two seconds.
            await self.press(*(["Escape"] if focus["isText"] else []), key)
        raise AssertionError(f"{place} is not among what {key} comes to: {passed}")

    async def choose(self, place: Locator, key: str = "Tab") -> None:
        """Go there, and press it."""
        await self.go_to(place, key)
        await self.press("Enter")

    async def expect_focus(self) -> None:
        """What was pressed may be gone; where one goes on from must not be."""
        focus = await self.page.locator("body").evaluate(_FOCUS)
        assert not focus["isNowhere"], "the focus is lost"

    async def check(self) -> None:
        assert await serious_faults(self.page) == []


async def test_a_lesson_is_taught_and_attended_without_a_mouse(visitors: Visitors) -> None:
    teacher = Hands(await visitors.page(width=1440))
    student = Hands(await visitors.page())

    room = await start_class(teacher)
    await join(student, room)
    await send_a_task(teacher)
    await work_on_it(student)
    await ask_for_help(student)
    await read_and_answer(teacher)
    await read_the_answer_and_finish(student)
    await accept(teacher)
    await look_at_results(teacher)
    await leave(student)
    await close(teacher)


async def start_class(teacher: Hands) -> str:
    page = teacher.page
    await page.goto("/")
    await teacher.check()
    await teacher.choose(page.get_by_role("link", name="Teach a class"))
    await page.wait_for_url("**/classroom")
    await teacher.go_to(page.get_by_label("Your name"))
    await teacher.check()
    await teacher.type("Ms Noether")
    await teacher.press("Enter")
    number = page.locator("[data-room]").first
    await expect(number).to_be_visible()
    await teacher.check()
    # The invitation on the whole screen, and back to where one was.
    screen = page.get_by_role("button", name="Show full-screen")
    await teacher.choose(screen)
    await expect(page.get_by_text("and type")).to_be_visible()
    await teacher.check()
    await teacher.press("Escape")
    await expect(screen).to_be_focused()
    return await number.get_attribute("data-room") or ""


async def join(student: Hands, room: str) -> None:
    page = student.page
    await page.goto("/")
    await student.go_to(page.get_by_label("Room number"))
    await student.type(room)
    await student.press("Enter")
    await page.wait_for_url(f"**/classroom/{room}")
    await expect(page.get_by_label("Your name")).to_be_focused()
    await student.check()
    await student.type("Anna")
    await student.press("Enter")
    await expect(page.get_by_role("button", name="I need help")).to_be_visible()
    await student.check()


async def send_a_task(teacher: Hands) -> None:
    page = teacher.page
    await expect(page.locator("[data-student]")).to_be_visible()
    # The invitation has gone, and with it the button that was pressed last.
    await expect(page.get_by_role("tab", name="Board")).to_be_focused()
    await teacher.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Tasks")).to_be_focused()
    editor = page.locator(".ProseMirror")
    await expect(editor).to_be_visible()
    first = page.locator('[data-page="1"]')
    if not await first.count():
        await teacher.choose(page.get_by_role("button", name="Task", exact=True))
    await teacher.choose(first)
    await teacher.go_to(editor)
    await teacher.type("Write a ")
    await teacher.press("Control+B")
    await teacher.type("loop")
    await teacher.press("Control+B")
    await teacher.type(" with ")
    await teacher.press("Control+E")
    await teacher.type("for")
    await teacher.press("Control+E")
    await teacher.check()
    await teacher.choose(page.get_by_role("button", name="Send to all"))
    await expect(page.get_by_text("The class has everything.")).to_be_visible()
    await teacher.expect_focus()


async def work_on_it(student: Hands) -> None:
    page = student.page
    task = page.get_by_role("region", name="Task 1")
    await expect(task.locator("strong")).to_have_text("loop")
    await expect(task.locator("code")).to_have_text("for")
    await student.go_to(task)
    await student.choose(page.get_by_role("button", name="New file").first)
    await student.check()
    await student.type("loop.py")
    await student.press("Enter")
    editor = page.locator(".cm-content")
    await expect(editor).to_be_focused()
    await student.type("a = range(3)")
    await student.press("Enter")
    await student.type("print(a)")
    lines = editor.locator(".cm-line")
    await student.press("Tab")
    await expect(lines.nth(1)).to_have_text("    print(a)", use_inner_text=True)
    await student.press("Shift+Tab")
    await expect(lines).to_have_text(["a = range(3)", "print(a)"], use_inner_text=True)
    await student.check()


async def ask_for_help(student: Hands) -> None:
    page = student.page
    call = page.get_by_role("button", name="I need help")
    await student.choose(call)
    await expect(page.get_by_text("Your teacher knows you need help")).to_be_visible()
    await student.expect_focus()
    await student.go_to(page.get_by_role("textbox", name="Message"))
    await student.type("Is this right?")
    await student.press("Enter")
    await expect(page.get_by_role("log")).to_contain_text("Is this right?")


async def read_and_answer(teacher: Hands) -> None:
    page = teacher.page
    await teacher.go_to(page.get_by_role("tab", name="Tasks"), "Shift+Tab")
    await teacher.press("ArrowLeft")
    await expect(page.get_by_role("tab", name="Board")).to_be_focused()
    await expect(page.locator("[data-student]")).to_contain_text("Needs help")
    await teacher.check()
    await teacher.choose(page.locator("[data-student] .face"))
    panel = page.locator("[data-panel]")
    code = panel.locator(".cm-content")
    await expect(code).to_contain_text("range(3)")
    await teacher.go_to(code)
    await teacher.go_to(panel.get_by_role("textbox", name="Message"))
    await expect(panel.get_by_role("log")).to_contain_text("Is this right?")
    await teacher.type("Nearly!")
    await teacher.press("Enter")
    await teacher.check()


async def read_the_answer_and_finish(student: Hands) -> None:
    page = student.page
    await expect(page.get_by_role("log")).to_contain_text("Nearly!")
    # The call is ended where it was made.
    await student.choose(page.get_by_role("button", name="Your teacher knows you need help"))
    await expect(page.get_by_role("button", name="I need help")).to_be_focused()
    status = page.get_by_role("group", name="How far are you?")
    await student.go_to(status.get_by_role("radio", name="In progress"), "Shift+Tab")
    await student.press("ArrowRight")
    await expect(status.get_by_role("radio", name="Done")).to_be_checked()
    await student.check()


async def accept(teacher: Hands) -> None:
    page = teacher.page
    review = page.locator('[data-panel] [data-review="1"]')
    await teacher.choose(review.get_by_role("button", name="Accept"), "Shift+Tab")
    await expect(review.get_by_role("button", name="Take it back")).to_be_visible()
    await teacher.expect_focus()
    await teacher.check()
    await teacher.press("Escape")
    await expect(page.locator("[data-student] .face")).to_be_focused()


async def leave(student: Hands) -> None:
    page = student.page
    await expect(page.get_by_text("Your teacher has accepted this task.")).to_be_visible()
    await student.expect_focus()
    await student.choose(page.get_by_role("button", name="Leave", exact=True))
    await student.check()
    await student.choose(page.get_by_role("dialog").get_by_role("button", name="Leave the class"))
    await expect(page.get_by_role("button", name="I need help")).to_have_count(0)
    await student.check()


async def look_at_results(teacher: Hands) -> None:
    page = teacher.page
    await teacher.go_to(page.get_by_role("tab", name="Board"), "Shift+Tab")
    await teacher.press("ArrowRight", "ArrowRight")
    await expect(page.get_by_role("tab", name="Results")).to_be_focused()
    await teacher.go_to(page.get_by_role("region", name="Results"))
    await teacher.check()


async def close(teacher: Hands) -> None:
    page = teacher.page
    more = page.get_by_role("button", name="More", exact=True)
    if await more.is_visible():
        await teacher.choose(more, "Shift+Tab")
    await teacher.choose(page.get_by_role("button", name="Close the class"), "Shift+Tab")
    question = page.get_by_role("dialog", name="Close the class?")
    await teacher.choose(question.get_by_role("button", name="Close the class"))
    await expect(page.get_by_role("button", name="Close the class")).to_have_count(0)
    await teacher.check()
