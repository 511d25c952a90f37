"""A whole class: a teacher, two students in browsers, one with `quad share`, and a power cut."""

import csv
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser import Visitors, try_now
from tests.e2e.conftest import Campus
from tests.patience import patience


class Folder:
    """A student's folder, shared from the own editor by `quad share`."""

    def __init__(self, path: Path, url: str, room: str, name: str) -> None:
        self.path = path
        command = [sys.executable, "-m", "quad", "share", str(path), "--plain"]
        self._process = subprocess.Popen(
            [*command, "--room", room, "--name", name, "--url", url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={"PATH": "", "HOME": str(path.parent), "PYTHONUNBUFFERED": "1"},
        )

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def save(self, name: str, content: str) -> None:
        """As editors do: beside it, then in its place."""
        fresh = self.path / f".{name}.new"
        fresh.write_text(content)
        fresh.replace(self.path / name)

    def end(self) -> tuple[int, str]:
        """Waits for the end that somebody else has caused."""
        output, _ = self._process.communicate(timeout=patience(15))
        return self._process.returncode, output

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


@pytest.fixture
def folders(tmp_path: Path, server: Campus) -> Iterator[list[Folder]]:
    folders: list[Folder] = []
    yield folders
    for folder in folders:
        folder.close()


async def open_class(page: Page) -> str:
    await page.goto("/classroom")
    await page.get_by_label("Your name").fill("Ms Ivanova")
    await page.get_by_role("button", name="Start", exact=True).click()
    link = await page.get_by_role("link", name=re.compile(r"classroom")).inner_text()
    return link.rpartition("/")[2]


async def join(page: Page, room: str, name: str) -> None:
    await page.goto(f"/classroom/{room}")
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Join").click()
    await expect(page.get_by_role("button", name=re.compile("help"))).to_be_visible()


async def hand_out(teacher: Page, *tasks: str) -> None:
    """Write the tasks in the editor and send them."""
    await teacher.get_by_role("tab", name="Tasks").click()
    editor = teacher.locator(".ProseMirror")
    for number, task in enumerate(tasks, 1):
        page = teacher.locator(f'[data-page="{number}"]')
        if not await page.count():
            await teacher.get_by_role("button", name="+ Task").click()
        await page.click()
        await editor.click()
        await teacher.keyboard.insert_text(task)
    await teacher.get_by_role("button", name="Send to all").click()
    await expect(teacher.get_by_text("The class has everything.")).to_be_visible()
    await teacher.get_by_role("tab", name="Board").click()


async def write_code(student: Page, text: str) -> None:
    editor = student.locator(".cm-content")
    await editor.click()
    await student.keyboard.press("Control+A")
    await student.keyboard.press("Delete")
    await student.keyboard.insert_text(text)


async def paste_code(student: Page, line: str, lines: int) -> None:
    """Instead of what is there, at once; typing so much takes a browser minutes."""
    await student.locator(".cm-content").click()
    await student.keyboard.press("Control+A")
    await student.locator(".cm-content").evaluate(
        """(editor, [line, lines]) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", `${line}\\n`.repeat(lines));
          editor.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }""",
        [line, lines],
    )


async def set_status(student: Page, status: str) -> None:
    await student.locator("label", has_text=status).click()
    await expect(student.get_by_role("radio", name=status)).to_be_checked()


async def say(side: Locator | Page, text: str) -> None:
    field = side.get_by_role("textbox", name="Message")
    await field.fill(text)
    await field.press("Enter")
    await expect(field).to_have_value("")


def tile(teacher: Page, name: str) -> Locator:
    return teacher.locator(".tile", has=teacher.locator(".name", has_text=name))


async def test_the_signs_of_both_pages_are_true_whoever_comes_and_goes(
    visitors: Visitors, server: Campus
) -> None:
    teacher = await visitors.page(width=1440)
    room = await open_class(teacher)
    anna = await visitors.page()
    await join(anna, room, "Anna")
    watched = anna.get_by_text("Your teacher is watching your code.")
    await expect(watched).to_be_visible()

    # What is too large to be sent is told to both, and what was shown before stays.
    await write_code(anna, "print('shown')")
    await expect(tile(teacher, "Anna")).to_contain_text("print('shown')")
    await paste_code(anna, "x" * 99, lines=8_000)
    await expect(anna.get_by_role("alert")).to_contain_text("too large to share, 700 kB at most")
    await tile(teacher, "Anna").locator(".face").click()
    await expect(teacher.locator("[data-left-out]")).to_contain_text("main.py: 808 kB, too large")
    await expect(tile(teacher, "Anna")).to_contain_text("print('shown')")
    await teacher.keyboard.press("Escape")
    await write_code(anna, "print('small again')")
    await expect(tile(teacher, "Anna")).to_contain_text("small again")
    await expect(anna.get_by_role("alert")).to_have_count(0)

    # Help before there is any task.
    await anna.get_by_role("button", name="I need help").click()
    await expect(anna.get_by_text("Your teacher knows you need help")).to_be_visible()
    await expect(tile(teacher, "Anna")).to_contain_text("Needs help")
    await expect(teacher).to_have_title(f"(1) {room} · Quad")
    await expect(teacher.get_by_text("1 needs help")).to_be_visible()
    await anna.reload()
    await expect(anna.get_by_text("Your teacher knows you need help")).to_be_visible()

    # The teacher leaves while watching.
    await teacher.get_by_role("button", name="Leave").click()
    await expect(anna.get_by_text("Teacher offline").first).to_be_visible()
    await expect(watched).to_have_count(0)
    await expect(anna.get_by_text("Your teacher is away and will see it")).to_be_visible()

    # Somebody joins meanwhile, and the server is killed.
    berta = await visitors.page()
    await join(berta, room, "Berta")
    await expect(berta.get_by_text("Teacher offline").first).to_be_visible()
    server.kill()
    await expect(anna.get_by_text("Teacher offline").first).to_have_count(0)
    await expect(anna.get_by_text("as soon as you are connected")).to_be_visible()
    server.restart()
    await teacher.get_by_role("button", name="Continue").click()
    await expect(tile(teacher, "Anna")).to_contain_text("Needs help")
    await expect(watched).to_be_visible()
    await expect(anna.get_by_text("Your teacher knows you need help")).to_be_visible()

    # The server goes again: nobody knows anything of anybody.
    online = tile(teacher, "Anna").locator('[data-presence="online"]')
    await expect(online).to_be_visible()
    server.kill()
    await expect(tile(teacher, "Anna").locator('[data-presence="unknown"]')).to_be_visible()
    await expect(tile(teacher, "Anna").locator("[data-watched]")).to_have_count(0)
    await expect(watched).to_have_count(0)
    server.restart()
    await try_now(anna)
    await try_now(teacher)
    await expect(online).to_be_visible()
    await anna.get_by_role("button", name="Your teacher knows").click()
    await expect(teacher).to_have_title(f"{room} · Quad")


async def test_a_whole_class(
    visitors: Visitors, server: Campus, folders: list[Folder], tmp_path: Path
) -> None:
    teacher, anna, boris = [await visitors.page() for _ in range(3)]
    room = await open_class(teacher)
    await join(anna, room, "Anna")
    await join(boris, room, "Борис")
    homework = tmp_path / "homework"
    homework.mkdir()
    (homework / "main.py").write_text("print('shared')\n")
    carla = Folder(homework, server.url, room, "Carla")
    folders.append(carla)

    # Everybody is on the board, in the order of joining, and their code is live.
    await expect(teacher.locator(".tile .name")).to_have_text(["Anna", "Борис", "Carla"])
    await expect(tile(teacher, "Carla").locator("[data-tail]")).to_contain_text("print('shared')")
    await write_code(anna, "def area(r):\n    return 3.14 * r * r\n")
    await expect(tile(teacher, "Anna").locator("[data-tail]")).to_contain_text("return 3.14")
    await expect(anna.get_by_text("Your teacher is watching your code.")).to_be_visible()
    carla.save("main.py", "print('saved again')\n")
    await expect(tile(teacher, "Carla").locator("[data-tail]")).to_contain_text("saved again")

    # Tasks, progress, and who needs help comes first.
    await hand_out(teacher, "Compute the area of a circle.", "Test it.")
    await expect(anna.get_by_text("Compute the area of a circle.")).to_be_visible()
    await set_status(anna, "Done")
    await boris.get_by_role("button", name="I need help").click()
    await expect(teacher.locator(".tile .name").first).to_have_text("Борис")
    carla.say("/ask 1")
    await expect(teacher.locator(".tile .name")).to_have_text(["Борис", "Carla", "Anna"])

    # One student: the code, the chat, the review.
    await tile(teacher, "Anna").get_by_role("button").first.click()
    panel = teacher.get_by_role("region", name="Anna")
    await expect(panel.locator(".cm-content")).to_contain_text("return 3.14")
    await panel.get_by_role("button", name="Accept").click()
    await expect(anna.get_by_text("Your teacher has accepted this task.")).to_be_visible()
    await say(anna, "Is that right?")
    await expect(panel.get_by_text("Is that right?")).to_be_visible()
    await say(panel, "Very well done.")
    await expect(anna.get_by_text("Very well done.", exact=True)).to_be_visible()

    # The results, as a table and as a file.
    await panel.get_by_role("button", name="Close").click()
    await teacher.get_by_role("tab", name="Results").click()
    async with teacher.expect_download() as download:
        await teacher.get_by_role("button", name="Save as CSV").click()
    saved = Path(await (await download.value).path()).read_text("utf-8-sig")
    rows = list(csv.reader(io.StringIO(saved)))
    assert [row[0] for row in rows[1:4]] == ["Anna", "Борис", "Carla"]

    # A reload, and then a power cut: everybody comes back to the same class.
    await teacher.get_by_role("tab", name="Board").click()
    await teacher.reload()
    await expect(teacher.locator(".tile .name")).to_have_text(["Борис", "Carla", "Anna"])
    server.kill()
    await expect(teacher.get_by_text("Connection lost")).to_be_visible()
    await expect(anna.get_by_text("Connection lost")).to_be_visible()
    server.restart()
    await write_code(anna, "# after the power cut\n")
    for name, tail in (("Anna", "# after the power cut"), ("Carla", "saved again")):
        await expect(tile(teacher, name).locator("[data-tail]")).to_contain_text(tail)
        await expect(tile(teacher, name).locator(".dot.online")).to_be_visible()
    await expect(teacher.locator(".tile .name")).to_have_text(["Борис", "Carla", "Anna"])
    await expect(anna.get_by_text("Very well done.", exact=True)).to_have_count(1)
    await tile(teacher, "Anna").get_by_role("button").first.click()
    await expect(panel.get_by_text("Is that right?")).to_have_count(1)
    await say(panel, "Here again.")
    await expect(anna.get_by_text("Here again.", exact=True)).to_have_count(1)

    # The end.
    await teacher.get_by_role("button", name="Close the class").click()
    dialog = teacher.get_by_role("dialog")
    await dialog.get_by_role("button", name="Close the class").click()
    for student in (anna, boris):
        await expect(student.get_by_text("The class is over")).to_be_visible()
    await expect(teacher.get_by_text(f"Class {room} is closed")).to_be_visible()
    code, output = carla.end()
    assert code == 0, output
