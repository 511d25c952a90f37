"""The teacher's page: a class is opened, watched, reviewed, resumed and closed."""

import csv
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from quad.web.wheel import wheel_name
from tests.browser import Visitors
from tests.e2e.axe import serious_faults
from tests.e2e.conftest import Campus
from tests.e2e.student import Student

Joining = Callable[..., Awaitable[Student]]


@pytest_asyncio.fixture(loop_scope="session")
async def join(server: Campus) -> AsyncIterator[Joining]:
    """Lets a student into a class; all of them leave at the end."""
    students: list[Student] = []

    async def enter(room: int, name: str) -> Student:
        student = Student(server.url, room, name)
        students.append(student)
        await student.enter()
        return student

    yield enter
    for student in students:
        await student.leave()


async def open_class(page: Page, name: str = "Emmy Noether") -> int:
    await page.goto("/classroom")
    await page.get_by_label("Your name").fill(name)
    return await start_class(page)


async def start_class(page: Page) -> int:
    """From the start page as it is."""
    await page.get_by_role("button", name="Start", exact=True).click()
    return await room_of(page)


async def room_of(page: Page) -> int:
    number = page.locator("[data-room]").first
    await expect(number).to_have_text(re.compile(r"^\d{6}$"))
    return int(await number.inner_text())


def tile(page: Page, name: str) -> Locator:
    return page.locator("[data-student]").filter(has_text=name)


async def names(page: Page) -> list[str]:
    return await page.locator("[data-student] .name").all_inner_texts()


async def expect_order(page: Page, *expected: str) -> None:
    await expect(page.locator("[data-student] .name")).to_have_text(list(expected))


async def panel_of(page: Page, name: str) -> Locator:
    await tile(page, name).locator(".face").click()
    panel = page.locator("[data-panel]").filter(has=page.get_by_role("heading", name=name))
    await expect(panel).to_be_visible()
    return panel


async def test_a_class_is_opened_with_a_number_a_link_and_a_command(visitors: Visitors) -> None:
    page = await visitors.page()
    room = await open_class(page)
    await expect(page.locator("[data-address]")).to_have_text(f"{visitors.url}/classroom/{room}")
    await expect(page.locator("[data-command]")).to_contain_text(f"--room {room}")
    await expect(page.get_by_role("note")).to_contain_text("this computer only")
    await page.get_by_label("Address that students use").fill("192.168.1.20:8000")
    await expect(page.locator("[data-address]")).to_have_text(
        f"http://192.168.1.20:8000/classroom/{room}"
    )
    await expect(page.locator("[data-install]")).to_have_text(
        f"pipx install http://192.168.1.20:8000/install/{wheel_name()}"
    )
    await expect(page.get_by_role("note")).to_have_count(0)
    await page.get_by_role("button", name="Show full-screen").click()
    await expect(page.get_by_label(str(room), exact=True)).to_be_visible()


async def test_the_invitation_on_the_whole_screen_stays_while_students_join(
    visitors: Visitors, join: Joining
) -> None:
    page = await visitors.page(width=1440)
    room = await open_class(page)
    await page.get_by_role("button", name="Show full-screen").click()
    await join(room, "Ada")
    await expect(tile(page, "Ada")).to_be_attached()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.get_by_role("dialog").press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("tab", name="Board")).to_be_focused()
    # Now it is a dialog, which is narrower than the page, and the number is whole.
    await page.get_by_role("button", name=re.compile(str(room))).click()
    number = page.get_by_role("dialog").locator("[data-room]")
    assert await number.evaluate("each => each.scrollWidth <= each.clientWidth")


async def test_a_class_needs_a_name(visitors: Visitors) -> None:
    page = await visitors.page()
    await page.goto("/classroom")
    await page.get_by_role("button", name="Start").click()
    await expect(page.get_by_role("alert")).to_have_text("Please say your name.")


async def test_students_appear_and_their_code_is_watched(visitors: Visitors, join: Joining) -> None:
    page = await visitors.page()
    room = await open_class(page)
    ada = await join(room, "Ada")
    await expect(tile(page, "Ada").locator("[data-tail]")).to_contain_text("print(area(1))")
    await expect(tile(page, "Ada").locator("[data-watched]")).to_be_visible()
    await ada.edit("lib/shapes.py", "SIDES = 5\n")
    await expect(tile(page, "Ada").locator("[data-tail]")).to_contain_text("SIDES = 5")
    await ada.leave()
    await expect(tile(page, "Ada")).to_contain_text("offline")
    await expect(tile(page, "Ada").locator("[data-watched]")).to_have_count(0)


async def test_watching_everyone_can_be_turned_off(visitors: Visitors, join: Joining) -> None:
    page = await visitors.page()
    room = await open_class(page)
    ada = await join(room, "Ada")
    await ada.hears("sharing/start")
    await page.get_by_role("switch", name="Live board").uncheck()
    await ada.hears("sharing/end")
    grace = await join(room, "Grace")
    await expect(tile(page, "Grace")).to_contain_text("No code yet")
    await panel_of(page, "Grace")
    await grace.hears("sharing/start")
    await page.keyboard.press("Escape")
    await grace.hears("sharing/end")
    await page.reload()
    await expect(page.get_by_role("switch", name="Live board")).not_to_be_checked()


async def test_who_needs_help_comes_first_and_the_title_counts(
    visitors: Visitors, join: Joining
) -> None:
    page = await visitors.page()
    room = await open_class(page)
    students = {name: await join(room, name) for name in ("Ada", "Grace", "Edsger")}
    await expect_order(page, "Ada", "Grace", "Edsger")
    await students["Edsger"].report(task1="HELP")
    await expect_order(page, "Edsger", "Ada", "Grace")
    await students["Grace"].report(task1="HELP")
    await expect_order(page, "Edsger", "Grace", "Ada")
    await expect(page).to_have_title(f"(2) {room} · Quad")
    await students["Edsger"].report(task1="IN_PROGRESS")
    await expect_order(page, "Grace", "Ada", "Edsger")
    await students["Grace"].report(task1="DONE")
    await expect_order(page, "Ada", "Grace", "Edsger")
    await expect(page).to_have_title(f"{room} · Quad")


async def test_one_student_with_files_chat_and_review(visitors: Visitors, join: Joining) -> None:
    page = await visitors.page(width=1440)
    room = await open_class(page)
    ada = await join(room, "Ada")
    await ada.report(task1="DONE", task2="DONE")
    await ada.say("Is this right?")
    await expect(tile(page, "Ada").locator("[data-unread]")).to_have_text("1")
    panel = await panel_of(page, "Ada")
    await expect(panel.get_by_role("log")).to_contain_text("Is this right?")
    await expect(tile(page, "Ada").locator("[data-unread]")).to_have_count(0)
    await expect(panel.locator(".cm-content")).to_contain_text("def area")

    await ada.edit("lib/shapes.py", "SIDES = 6\n")
    await expect(panel.locator(".cm-content")).to_contain_text("SIDES = 6")
    await panel.get_by_role("treeitem", name="main.py").click()
    await ada.edit("lib/shapes.py", "SIDES = 7\n")
    await expect(panel.locator(".cm-content")).to_contain_text("def area")

    await panel.get_by_label("Message", exact=True).fill("Nearly: use math.pi")
    await panel.get_by_label("Message", exact=True).press("Enter")
    assert (await ada.hears("message/to_client"))["content"] == "Nearly: use math.pi"
    await expect(panel.get_by_role("log")).to_contain_text("Nearly: use math.pi")

    await panel.locator('[data-review="1"]').get_by_role("button", name="Accept").click()
    assert await ada.hears("steps/status/to_client") == {"1": "ACCEPTED"}
    await panel.locator('[data-review="2"]').get_by_role("button", name="Decline").click()
    await panel.get_by_role("button", name="Decline", exact=True).click()
    assert await ada.hears("steps/status/to_client") == {"2": "NONE"}
    await expect(panel.locator('[data-review="2"]')).to_have_count(0)


async def test_an_acceptance_is_taken_back_and_a_decline_has_a_reason_by_keys_alone(
    visitors: Visitors, join: Joining, server: Campus
) -> None:
    page = await visitors.page(width=1440)
    room = await open_class(page)
    ada = await join(room, "Ada")
    await ada.report(task1="DONE", task2="DONE")
    panel = await panel_of(page, "Ada")
    first, second = (panel.locator(f'[data-review="{task}"]') for task in (1, 2))
    await first.get_by_role("button", name="Accept").press("Enter")
    assert await ada.hears("steps/status/to_client") == {"1": "ACCEPTED"}
    await page.get_by_role("button", name="Undo").press("Enter")
    assert await ada.hears("steps/status/to_client") == {"1": "DONE"}

    await first.get_by_role("button", name="Accept").press("Enter")
    await expect(first).to_be_focused()
    assert await ada.hears("steps/status/to_client") == {"1": "ACCEPTED"}
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await ada.hears("steps/status/to_client") == {"1": "DONE"}
    await expect(first.get_by_role("button", name="Accept")).to_be_visible()

    await second.get_by_role("button", name="Decline").press("Enter")
    await page.keyboard.insert_text("Use math.pi")
    assert await serious_faults(page) == []
    await page.keyboard.press("Escape")
    await expect(second.get_by_role("button", name="Decline")).to_be_focused()
    await page.keyboard.press("Enter")
    async with a_power_cut(server):
        await expect(page.locator('[data-link="lost"]')).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(second).to_contain_text("declined as soon as there is a connection")
    await expect(panel.get_by_role("log")).to_contain_text("Task 2: Use math.pi")
    await page.reload()
    await expect(panel.get_by_role("img", name="Task 2: Not started")).to_be_visible()
    await expect(panel.get_by_role("log").locator("p[dir=auto]")).to_have_count(1)


async def test_what_could_not_be_sent_goes_once_when_the_connection_is_back(
    visitors: Visitors, join: Joining, server: Campus
) -> None:
    page = await visitors.page(width=1440)
    room = await open_class(page)
    await join(room, "Ada")
    panel = await panel_of(page, "Ada")
    await expect(panel.locator(".cm-content")).to_be_visible()
    field = panel.get_by_label("Message", exact=True)
    async with a_power_cut(server):
        await expect(page.locator('[data-link="lost"]')).to_be_visible()
        await field.fill("Well done")
        await field.press("Enter")
        await expect(panel.get_by_text("Waits for the connection")).to_be_visible()
    await expect(page.locator('[data-link="open"]')).to_be_attached(timeout=15_000)
    await expect(panel.get_by_role("log").locator("p[dir=auto]")).to_have_text(["Well done"])
    await expect(panel.get_by_text("Waits for the connection")).to_have_count(0)


async def test_students_are_open_side_by_side(visitors: Visitors, join: Joining) -> None:
    page = await visitors.page(width=1440)
    room = await open_class(page)
    await join(room, "Ada")
    await join(room, "Grace")
    await panel_of(page, "Ada")
    await page.get_by_role("button", name="Open Grace beside").click()
    await expect(page.locator("[data-panel]")).to_have_count(2)
    field = page.locator("[data-panel]").last.get_by_label("Message", exact=True)
    await field.fill("unfinished")
    await page.reload()
    await expect(page.locator("[data-panel] h2")).to_have_text(["Ada", "Grace"])
    await field.fill("unfinished")
    await field.press("Escape")
    await expect(page.locator("[data-panel]")).to_have_count(2)
    await field.fill("")
    await field.press("Escape")
    await expect(page.locator("[data-panel] h2")).to_have_text(["Ada"])


async def test_the_board_is_sorted_filtered_and_of_three_sizes(
    visitors: Visitors, join: Joining
) -> None:
    page = await visitors.page(width=1440, height=900)
    room = await open_class(page)
    ada, zoe = await join(room, "Zoe"), await join(room, "Ada")
    long = "".join(f"line {n}\n" for n in range(60))
    await ada.edit("main.py", long)
    await ada.edit("main.py", long.replace("line 14\n", "line 14 = new\n"))
    await expect(tile(page, "Zoe").locator(".edited")).to_have_text("line 14 = new")
    await expect(tile(page, "Zoe").locator("[data-tail]")).not_to_contain_text("line 59")
    await page.get_by_label("Sort by").select_option("By name")
    await expect_order(page, "Ada", "Zoe")
    await ada.say("Is this right?")
    await expect(page).to_have_title(f"✉ 1 · {room} · Quad")
    await zoe.report(task1="HELP")
    await expect(page).to_have_title(f"(1) ✉ 1 · {room} · Quad")
    await page.get_by_role("button", name="1 unread message", exact=True).click()
    await expect_order(page, "Zoe")
    await page.get_by_role("button", name="1 unread message", exact=True).click()
    await expect_order(page, "Ada", "Zoe")
    await page.get_by_role("radio", name="Small").check(force=True)
    await expect(page.locator("[data-tail]")).to_have_count(0)
    await page.reload()
    await expect_order(page, "Ada", "Zoe")
    await expect(page.locator("[data-tail]")).to_have_count(0)
    # Twelve columns and ten rows.
    box = await tile(page, "Ada").bounding_box()
    assert box is not None
    assert round((1440 - 32 + 6.4) / (box["width"] + 6.4)) == 12
    assert (900 - box["y"]) // (box["height"] + 6.4) >= 10
    assert await serious_faults(page) == []


async def test_the_board_is_moved_over_by_arrow_keys(visitors: Visitors, join: Joining) -> None:
    page = await visitors.page()
    room = await open_class(page)
    for name in ("Ada", "Grace", "Edsger"):
        await join(room, name)
    await expect_order(page, "Ada", "Grace", "Edsger")
    await tile(page, "Ada").locator(".face").focus()
    await page.keyboard.press("ArrowRight")
    await expect(tile(page, "Grace").locator(".face")).to_be_focused()
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-panel] h2")).to_have_text("Edsger")
    await page.keyboard.press("Escape")
    await expect(tile(page, "Edsger").locator(".face")).to_be_focused()


async def test_files_that_are_ignored_are_not_shown(visitors: Visitors, join: Joining) -> None:
    page = await visitors.page(width=1440)
    room = await open_class(page)
    ada = await join(room, "Ada")
    await ada.edit("debug.log", "noise\n")
    await page.get_by_role("button", name="Settings").click()
    await expect(page.get_by_label("Files that the class does not share")).to_be_focused()
    await page.keyboard.insert_text("*.log\nlib/\n")
    await page.get_by_role("button", name="Save").click()
    assert await ada.hears("settings") == {"names": [], "dirs": ["lib"], "extensions": ["log"]}
    panel = await panel_of(page, "Ada")
    await expect(panel.get_by_role("treeitem")).to_have_text([re.compile("main.py"), "README.md"])
    await page.reload()
    await page.get_by_role("button", name="Settings").click()
    await expect(page.get_by_label("Files that the class does not share")).to_have_value(
        "*.log\nlib/\n"
    )


async def test_a_student_is_removed_after_a_question(visitors: Visitors, join: Joining) -> None:
    page = await visitors.page()
    room = await open_class(page)
    await join(room, "Ada")
    await join(room, "Grace")
    panel = await panel_of(page, "Ada")
    await panel.get_by_role("button", name="Remove").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Remove", exact=True).click()
    await expect_order(page, "Grace")
    await expect(page.locator("[data-panel]")).to_have_count(0)
    await join(room, "Ada")
    await expect_order(page, "Grace", "Ada")


async def test_a_class_is_locked_and_a_student_barred(visitors: Visitors, join: Joining) -> None:
    page = await visitors.page()
    room = await open_class(page)
    await join(room, "Ada")
    panel = await panel_of(page, "Ada")
    await panel.get_by_role("button", name="Remove").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove and bar").click()
    await expect(page.locator("[data-student]")).to_have_count(0)
    await page.get_by_role("button", name="Lock", exact=True).click()
    unlock = page.get_by_role("button", name="Unlock")
    await expect(unlock).to_have_attribute("aria-pressed", "true")
    student = await visitors.page()
    await student.goto(f"/classroom/{room}")
    form = student.get_by_label("Your name")
    for name, why in (("Ada", "has removed you"), ("Grace", "lets nobody new in")):
        await form.fill(name)
        await student.get_by_role("button", name="Join", exact=True).click()
        await expect(student.get_by_text(why)).to_be_visible()
    await unlock.click()
    await student.get_by_role("button", name="Join", exact=True).click()
    await expect_order(page, "Grace")


async def test_the_results_page_is_switched_off(visitors: Visitors, join: Joining) -> None:
    page = await visitors.page()
    room = await open_class(page)
    ada = await join(room, "Ada")
    await ada.report(task1="DONE")
    await page.get_by_role("tab", name="Results").click()
    shown = await visitors.page()
    await shown.goto(f"/roomstats/{room}")
    await expect(shown.get_by_text("Ada")).to_be_visible()
    await page.get_by_role("button", name="Page for everyone").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("note")).to_contain_text(f"who has the six digits {room}")
    address = f"{visitors.url}/roomstats/{room}"
    link = dialog.get_by_role("link", name="Open the page")
    await expect(link).to_have_attribute("href", address)
    await dialog.get_by_role("button", name="Switch it off").click()
    await expect(link).to_have_count(0)
    await expect(shown.get_by_text("Ada")).to_have_count(0)
    assert await serious_faults(page) == []
    await dialog.get_by_role("button", name="Close").click()
    await page.get_by_role("button", name="Page for everyone: off").click()
    await expect(dialog.get_by_role("note")).to_contain_text(f"who has the six digits {room}")
    await dialog.get_by_role("button", name="Switch it on").click()
    await expect(link).to_have_attribute("href", address)
    await shown.goto(f"/roomstats/{room}")
    await expect(shown.get_by_text("Ada")).to_be_visible()


async def test_results_are_a_table_and_a_file(
    visitors: Visitors, join: Joining, tmp_path: Path
) -> None:
    page = await visitors.page()
    room = await open_class(page)
    ada, eve = await join(room, "Ада"), await join(room, "=1+1")
    await ada.report(task1="DONE", task2="IN_PROGRESS")
    await eve.report(task1="HELP")
    await page.get_by_role("tab", name="Results").click()
    row = page.locator(f'[data-student-row="{ada.user_id}"]')
    await expect(row.locator(".percent")).to_contain_text("50%")
    await ada.report(task1="DONE", task2="DONE")
    await expect(row.locator(".percent")).to_contain_text("100%")
    await expect(row.locator("td").first).to_have_text("")
    await expect(row.get_by_role("img", name="Task 1: Done")).to_be_visible()
    shown = page.locator("[data-student-row] .student")
    await expect(shown).to_have_text(["Ада", "=1+1"])
    head = page.get_by_role("columnheader", name="Task 2")
    await head.get_by_role("button").press("Enter")
    await expect(head).to_have_attribute("aria-sort", "ascending")
    await expect(shown).to_have_text(["=1+1", "Ада"])
    assert await serious_faults(page) == []
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Save as CSV").click()
    path = tmp_path / "results.csv"
    await (await download.value).save_as(path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    assert rows == [
        ["Student", "Task 1", "Task 2", "Done"],
        ["'=1+1", "Needs help", "Not started", "0%"],
        ["Ада", "Done", "Done", "100%"],
    ]
    await shown.filter(has_text="Ада").press("Enter")
    await expect(page.get_by_role("heading", name="Ада")).to_be_focused()
    await page.get_by_role("tab", name="Results").click()
    await expect(shown).to_have_text(["=1+1", "Ада"])
    await shown.filter(has_text="Ада").press("Enter")
    await expect(page.get_by_role("heading", name="Ада")).to_be_focused()


@asynccontextmanager
async def a_power_cut(server: Campus) -> AsyncIterator[None]:
    server.kill()
    yield
    server.restart()


async def test_everything_is_in_place_after_a_power_cut_and_a_reload(
    visitors: Visitors, join: Joining, server: Campus
) -> None:
    page = await visitors.page(width=1440)
    room = await open_class(page)
    ada, grace = await join(room, "Ada"), await join(room, "Grace")
    await ada.report(task1="HELP")
    await grace.say("first")
    await grace.edit("main.py", "print('kept')\n")
    panel = await panel_of(page, "Grace")
    await expect(panel.get_by_role("log")).to_contain_text("first")
    await page.keyboard.press("Escape")
    await grace.say("second")
    await expect(tile(page, "Grace").locator("[data-unread]")).to_have_text("1")
    await expect(tile(page, "Grace").locator("[data-tail]")).to_contain_text("kept")

    async with a_power_cut(server):
        await expect(page.locator('[data-link="lost"]')).to_be_visible()
    await expect(page.locator('[data-link="open"]')).to_be_attached()
    await expect(tile(page, "Ada")).to_contain_text("offline")
    await page.reload()

    await expect_order(page, "Ada", "Grace")
    await expect(tile(page, "Ada")).to_contain_text("Needs help")
    await expect(tile(page, "Grace").locator("[data-unread]")).to_have_text("1")
    await expect(tile(page, "Grace").locator("[data-tail]")).to_contain_text("kept")
    panel = await panel_of(page, "Grace")
    await expect(panel.get_by_role("log").locator("p[dir=auto]")).to_have_text(["first", "second"])


async def test_whoever_comes_back_later_is_in_the_class_again(
    visitors: Visitors, join: Joining
) -> None:
    page = await visitors.page()
    room = await open_class(page)
    await join(room, "Ada")
    await expect_order(page, "Ada")
    await page.goto("/")
    await page.goto("/classroom")
    await expect_order(page, "Ada")


async def test_a_second_window_asks_before_it_takes_the_class_over(
    visitors: Visitors, join: Joining
) -> None:
    page = await visitors.page()
    room = await open_class(page)
    await join(room, "Ada")
    await expect_order(page, "Ada")
    other = await page.context.new_page()
    await other.goto("/classroom")
    await other.get_by_role("button", name="Continue").click()
    await expect_order(other, "Ada")
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        f"Class {room} is open elsewhere"
    )
    await page.get_by_role("button", name="Take it back").click()
    await expect_order(page, "Ada")
    await expect(other.get_by_role("heading", level=1)).to_contain_text("is open elsewhere")


async def test_the_key_to_a_class_is_kept_lost_only_on_purpose_and_carried_to_another_browser(
    visitors: Visitors, join: Joining
) -> None:
    page = await visitors.page()
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    room = await open_class(page)
    await join(room, "Ada")
    await expect_order(page, "Ada")
    await page.get_by_role("button", name="Leave").click()

    listed = page.locator(f'[data-class="{room}"]')
    await listed.get_by_role("button", name=f"Take {room} off").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("1 student is in it and stays there.")
    assert await serious_faults(page) == []
    await dialog.get_by_role("button", name="Your key to the class").click()
    await page.get_by_role("dialog").get_by_role("button", name="Copy my link").click()
    link = await page.evaluate("navigator.clipboard.readText()")
    await page.keyboard.press("Escape")

    await listed.get_by_role("button", name=f"Take {room} off").click()
    await page.get_by_role("button", name="Take it off").click()
    await listed.get_by_role("button", name="Undo").click()
    await listed.get_by_role("button", name="Continue").click()
    await expect_order(page, "Ada")

    other = await visitors.page()
    await other.goto("/classroom")
    await expect(other.get_by_label("Your name")).to_be_visible()
    await other.goto(link)
    await expect_order(other, "Ada")
    assert other.url == f"{visitors.url}/classroom#{room}"
    await expect(page.get_by_role("heading", level=1)).to_contain_text("is open elsewhere")


async def test_closing_asks_tells_the_class_and_sums_up(visitors: Visitors, join: Joining) -> None:
    page = await visitors.page(width=1440)
    room = await open_class(page)
    ada = await join(room, "Ada")
    await ada.report(task1="DONE")
    await expect(page.get_by_text("100% done")).to_be_visible()
    await page.get_by_role("button", name="Close the class").click()
    await page.get_by_role("dialog").get_by_role("button", name="Close the class").click()
    await ada.hears("room/closed")
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Class {room} is closed")
    await expect(page.locator('[data-phase="closed"]')).to_contain_text("100%")
    await page.get_by_role("button", name="Start another class").click()
    assert await open_class(page) != room


async def test_tasks_outlive_their_class_in_the_browser_and_as_a_file(
    visitors: Visitors, tmp_path: Path
) -> None:
    page = await visitors.page()
    first = await open_class(page)
    await page.get_by_role("tab", name="Tasks").click()
    editor = page.locator("[contenteditable=true]")
    await editor.fill("Draw a square.")
    await page.get_by_role("button", name="Send to all").click()
    await expect(page.get_by_text("The class has everything.")).to_be_visible()
    await page.get_by_role("button", name="Close the class").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("checkbox")).to_be_checked()
    assert await serious_faults(page) == []
    async with page.expect_download() as download:
        await dialog.get_by_role("button", name="Save as a file").click()
    path = tmp_path / (await download.value).suggested_filename
    await (await download.value).save_as(path)
    assert path.name == f"tasks-{first}.html"
    await dialog.get_by_role("button", name="Close the class").click()

    await page.get_by_role("button", name="Start another class").click()
    option = page.get_by_role("option", name=re.compile(f"1 task of class {first}"))
    await page.get_by_label("Begin with").select_option(await option.get_attribute("value"))
    assert await start_class(page) != first
    await page.get_by_role("tab", name="Tasks").click()
    await expect(editor).to_have_text("Draw a square.")
    await expect(page.get_by_text("Not sent yet: Task 1.")).to_be_visible()

    await editor.fill("Draw a circle.")
    await page.get_by_role("button", name="Open", exact=True).click()
    await dialog.get_by_label("From a file").set_input_files(__file__)
    await expect(dialog.get_by_role("alert")).to_contain_text("There are no tasks in this file")
    assert await serious_faults(page) == []
    await dialog.get_by_label("From a file").set_input_files(path)
    await expect(editor).to_have_text("Draw a square.")
    await page.get_by_role("button", name="Bring back what was here").click()
    await expect(editor).to_have_text("Draw a circle.")


async def test_a_class_that_has_ended_meanwhile_is_said_to_have(visitors: Visitors) -> None:
    page = await visitors.page()
    await page.goto("/")
    await page.evaluate(
        """localStorage.setItem("quad/1/classroom/room/999999", JSON.stringify({
          room: 999999, user: 7, token: "t", name: "Emmy", at: Date.now(), isRunning: true}))"""
    )
    await page.goto("/classroom")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Class 999999 has ended")
    await page.get_by_role("button", name="Start another class").click()
    await expect(page.get_by_label("Your name")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_serious_fault_on_a_phone(
    visitors: Visitors, join: Joining, scheme: str
) -> None:
    page = await visitors.page(width=390, height=844, color_scheme=scheme)
    await page.goto("/classroom")
    await expect(page.get_by_label("Your name")).to_be_visible()
    assert await serious_faults(page) == []
    room = await open_class(page)
    assert await serious_faults(page) == []
    ada = await join(room, "Ada")
    await ada.report(task1="HELP", task2="DONE")
    await ada.say("Help!")
    await expect(tile(page, "Ada")).to_contain_text("Needs help")
    assert await serious_faults(page) == []
    await panel_of(page, "Ada")
    await expect(page.locator(".cm-content")).to_be_visible()
    assert await serious_faults(page) == []
    await page.get_by_role("button", name="Back to the board").click()
    await page.get_by_role("tab", name="Results").click()
    assert await serious_faults(page) == []
    width = await page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")
    assert width <= 0


async def test_tasks_are_sent_and_a_draft_survives_a_reload(
    visitors: Visitors, join: Joining
) -> None:
    page = await visitors.page()
    room = await open_class(page)
    ada = await join(room, "Ada")
    await page.get_by_role("tab", name="Tasks").click()
    editor = page.locator("[contenteditable=true]")
    await editor.fill("Draw a square.")
    await page.get_by_role("button", name="Send to all").click()
    [task] = await ada.hears("steps/all")
    assert task["name"] == "1"
    assert "Draw a square." in task["content"]
    await expect(page.get_by_text("The tasks are with the class.")).to_be_visible()
    await editor.fill("Draw a circle.")
    await page.reload()
    await page.get_by_role("tab", name="Tasks").click()
    await expect(editor).to_have_text("Draw a circle.")
    await page.get_by_role("tab", name="Board").click()
    await expect(tile(page, "Ada").locator("[data-status]")).to_have_count(1)


async def test_a_status_stays_with_its_task_when_others_go_and_come_back(
    visitors: Visitors, join: Joining
) -> None:
    page = await visitors.page()
    room = await open_class(page)
    ada = await join(room, "Ada")
    await page.get_by_role("tab", name="Tasks").click()
    editor = page.locator("[contenteditable=true]")
    for number, text in enumerate(("ALPHA", "BETA", "GAMMA"), 1):
        if number > 1:
            await page.get_by_role("button", name="+ Task").click()
        await editor.fill(text)
    await page.get_by_role("button", name="Send to all").click()
    await ada.hears("steps/all")
    await page.get_by_role("tab", name="Board").click()
    chip = tile(page, "Ada").locator("[data-status]").nth(1)
    # Until it is sure which tasks a program of old means by their numbers.
    while await chip.get_attribute("data-status") != "DONE":
        await ada.report(task1="NONE", task2="DONE", task3="NONE")
        await page.wait_for_timeout(250)

    await page.get_by_role("tab", name="Tasks").click()
    await page.locator('[data-page="1"]').click()
    await page.get_by_role("button", name="Remove", exact=True).click()
    await expect(page.get_by_text("Not sent yet: Task 1.")).to_be_visible()
    await page.get_by_text("Undo", exact=True).click()
    await expect(page.get_by_text("The class has everything.")).to_be_visible()
    await page.get_by_role("button", name="Remove", exact=True).click()
    await page.get_by_role("button", name="Later", exact=True).click()
    await page.get_by_role("button", name="Send to all").click()
    tasks = await ada.hears("steps/all")
    assert [task["content"] for task in tasks] == ["<p>GAMMA</p>", "<p>BETA</p>"]
    await page.get_by_role("tab", name="Results").click()
    cells = page.locator("[data-student-row] [data-status]")
    await expect(cells.nth(0)).to_have_attribute("data-status", "NONE")
    await expect(cells.nth(1)).to_have_attribute("data-status", "DONE")
