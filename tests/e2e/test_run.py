"""Programs that run in the student's browser: what they show, how they end, what they cannot reach.

Over plain HTTP at a name that is not this machine's: there browsers give pages the least.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
import socketio
from playwright.async_api import Page, Route, expect

from tests.browser import Visitors
from tests.e2e.axe import serious_faults
from tests.e2e.conftest import Campus
from tests.patience import patience

# A first start on a loaded machine: 6 MB are unpacked and compiled.
STARTS_MS = patience(15) * 1_000

ATTACKS = """\
import js
from pyodide.ffi import run_sync

name = input("Name? ")
for attack in (
    # Without a look at the answer: also a request that nobody may read has told something.
    "run_sync(js.fetch('ORIGIN/health', mode='no-cors'))",
    "run_sync(js.fetch('http://192.0.2.1/', mode='no-cors'))",
    "js.importScripts('ORIGIN/app/worker.js')",
    "js.indexedDB.open('x')",
    "js.localStorage",
    "js.document",
    "js.parent.document",
    "js.caches.open('x')",
    "js.RTCPeerConnection",
    "js.eval('1 + 1')",
    "js.Function('return 1')()",
    "js.SharedWorker.new('ORIGIN/app/worker.js')",
    "js.navigator.serviceWorker.register('ORIGIN/app/worker.js')",
    "js.cookieStore",
):
    try:
        print("REACHED", attack, eval(attack))
    except (Exception, SystemExit):
        pass
print(f"Hello {name}")
1 / 0
"""


@pytest.fixture(scope="module")
def address(server: Campus) -> str:
    """The server by a name that no browser trusts without HTTPS."""
    return f"http://quad.test:{urlsplit(server.url).port}"


@pytest_asyncio.fixture(loop_scope="session")
async def room(server: Campus) -> AsyncIterator[int]:
    client = socketio.AsyncClient(reconnection=False)
    opened: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def opens(update: dict[str, Any]) -> None:
        if not opened.done():
            opened.set_result(update["id"])

    client.on("room/update", opens)
    await client.connect(server.url, transports=["websocket"])
    await client.emit("room/create", {"name": "Emmy Noether", "protocol": 2})
    yield await asyncio.wait_for(opened, patience(10))
    await client.disconnect()


async def join(visitors: Visitors, address: str, room: int, **options: Any) -> Page:
    page = await visitors.page(base_url=address, **options)
    await page.goto(f"/classroom/{room}")
    await page.get_by_label("Your name").fill("Anna")
    await page.get_by_role("button", name="Join", exact=True).click()
    await expect(page.get_by_text("Anna", exact=True)).to_be_visible()
    assert await page.evaluate("isSecureContext") is False
    return page


async def write(page: Page, text: str) -> None:
    editor = page.locator(".cm-content")
    # Over something else, browsers would type in its colours, by styles that the policy refuses.
    await editor.press("Control+A")
    await page.keyboard.press("Delete")
    await editor.fill(text)


async def run(page: Page, text: str, ends: str) -> str:
    """Run a program to the state `ends`; what it has printed."""
    await write(page, text)
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.locator(".run .state")).to_have_text(ends, timeout=STARTS_MS)
    return await page.get_by_role("region", name="Output").inner_text()


async def test_a_program_asks_prints_fails_at_a_line_is_stopped_and_reaches_nothing(
    visitors: Visitors, address: str, room: int
) -> None:
    page = await join(visitors, address, room)
    await run(page, ATTACKS.replace("ORIGIN", address), "Waits for your input")
    await expect(page.get_by_label("Your input")).to_be_focused()
    await page.keyboard.type("Ada")
    await page.keyboard.press("Enter")
    await expect(page.locator(".run .state")).to_have_text("Failed")
    output = await page.get_by_role("region", name="Output").inner_text()
    assert output.startswith("Name? Ada\nHello Ada\nTraceback")
    assert "REACHED" not in output
    line = ATTACKS.splitlines().index("1 / 0") + 1
    await expect(page.get_by_role("alert")).to_contain_text("ZeroDivisionError: division by zero")
    await page.get_by_role("button", name=f"main.py, line {line}", exact=True).click()
    await expect(page.locator(".cm-activeLine")).to_have_text("1 / 0")
    # By its key, in an interpreter of its own: nothing is left of the one before.
    await write(page, "print('js' in dir())\nwhile True:\n    pass\n")
    await page.locator(".cm-content").press("Control+Enter")
    await expect(page.get_by_role("region", name="Output")).to_have_text(
        "False\n", timeout=STARTS_MS
    )
    await page.get_by_role("button", name="Stop", exact=True).click()
    await expect(page.locator(".run .state")).to_have_text("Stopped")
    assert await serious_faults(page) == []


@pytest.mark.soak
async def test_a_program_has_256_mb_and_prints_64_kb(
    visitors: Visitors, address: str, room: int
) -> None:
    page = await join(visitors, address, room)
    for program in (
        "all = bytearray(1_000_000_000)\n",
        "all = []\nwhile True:\n    all.append(bytearray(1_000_000))\n",
    ):
        assert "MemoryError" in await run(page, program, "Failed")
    flood = "for number in range(1_000_000):\n    print(f'{number:099}')\nprint('the end')\n"
    output = await run(page, flood, "Finished")
    assert output.startswith("0" * 99)
    assert output.endswith("the end\n")
    assert "are left out here" in output
    assert len(output) < 66_000
    assert "RecursionError" in await run(page, "def f():\n    f()\nf()\n", "Failed")


@pytest.mark.soak
async def test_a_program_runs_on_a_phone(visitors: Visitors, address: str, room: int) -> None:
    page = await join(visitors, address, room, width=320, height=640)
    await page.get_by_role("button", name="Code", exact=True).click()
    await run(page, "print('x' * 500)\n1 / 0\n", "Failed")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    assert await serious_faults(page) == []


@pytest.mark.soak
async def test_input_that_was_typed_before_is_read_first_and_its_end_is_python_s(
    visitors: Visitors, address: str, room: int
) -> None:
    page = await join(visitors, address, room)
    # As in browsers that cannot suspend a program.
    await page.add_init_script("delete WebAssembly.Suspending")
    await page.get_by_role("button", name="Input", exact=True).click()
    await page.get_by_label("One line for each input()").fill("3\n4")
    output = await run(page, "print(int(input()) * int(input()))\n", "Finished")
    assert output == "3\n4\n12\n"


@pytest.mark.soak
async def test_a_turtle_draws(visitors: Visitors, address: str, room: int) -> None:
    page = await join(visitors, address, room)
    program = "from turtle import *\ncolor('red')\nfor _ in range(4):\n    fd(100)\n    lt(90)\n"
    await run(page, program, "Finished")
    drawing = page.get_by_role("img", name="Drawing")
    await expect(drawing.locator("polyline[stroke=red]")).to_have_count(4)


@pytest.mark.soak
async def test_other_files_are_modules_and_a_fault_in_one_is_a_place(
    visitors: Visitors, address: str, room: int
) -> None:
    page = await join(visitors, address, room)
    await page.get_by_role("button", name="New file", exact=True).click()
    await page.get_by_role("textbox", name="Name").fill("lib/shapes.py")
    await page.get_by_role("button", name="Create", exact=True).click()
    await write(page, "def area(r):\n    return r * missing\n")
    await page.get_by_role("treeitem", name="main.py").click()
    await run(page, "from lib.shapes import area\narea(2)\n", "Failed")
    await page.get_by_role("button", name="lib/shapes.py, line 2", exact=True).click()
    await expect(page.locator(".cm-activeLine")).to_have_text("return r * missing")


@pytest.mark.soak
async def test_javascript_runs_until_nothing_waits_and_fails_at_a_line(
    visitors: Visitors, address: str, room: int
) -> None:
    page = await join(visitors, address, room)
    await page.get_by_role("button", name="New file", exact=True).click()
    await page.get_by_role("textbox", name="Name").fill("a.js")
    await page.get_by_role("button", name="Create", exact=True).click()
    await page.get_by_role("button", name="Input", exact=True).click()
    await page.get_by_label("One line for each input()").fill("Ada")
    program = (
        "console.log(prompt('Name?'), [1, {a: 2}]);\n"
        "setTimeout(() => console.log('later'), 300);\n"
        "fetch('/classroom').then(() => console.log('REACHED'), () => console.log('refused'));\n"
        "try { eval('1') } catch { console.log('no eval') }\n"
    )
    output = await run(page, program, "Finished")
    assert output == 'Name? Ada\nAda [1,{"a":2}]\nno eval\nrefused\nlater\n'
    await run(page, "const a = 1;\nmissing();\n", "Failed")
    await page.get_by_role("button", name="a.js, line 2", exact=True).click()
    await expect(page.locator(".cm-activeLine")).to_have_text("missing();")


@pytest.mark.soak
async def test_a_student_s_own_page_is_shown_with_its_files_and_reaches_nothing(
    visitors: Visitors, address: str, room: int
) -> None:
    page = await join(visitors, address, room)
    files = {
        "app.js": "document.body.append(eval('1 + 1'), ` ${origin}`);\n"
        "fetch('/classroom').catch(() => document.body.append(' refused'));\n"
        "try { localStorage.x = 1 } catch { document.body.append(' nothing kept') }\n",
        "index.html": "<h1>Mine</h1><script defer src='app.js'></script>",
    }
    for name, content in files.items():
        await page.get_by_role("button", name="New file", exact=True).click()
        await page.get_by_role("textbox", name="Name").fill(name)
        await page.get_by_role("button", name="Create", exact=True).click()
        await write(page, content)
    await page.get_by_role("button", name="Run", exact=True).click()
    shown = page.frame_locator("iframe[title='Your page']")
    await expect(shown.get_by_role("heading", name="Mine")).to_be_visible()
    await expect(shown.locator("body")).to_contain_text("2 null nothing kept refused")
    await page.get_by_role("button", name="Stop", exact=True).click()
    await expect(page.locator("iframe[title='Your page']")).to_have_count(0)
    visitors.complaints.clear()


# What a frame of ours does whose script is an attacker's: as if the worker had been left.
ESCAPES = {
    "our pages": "location.href = '/classroom'",
    "elsewhere": "location.href = 'http://elsewhere.test/'",
    "the page": "parent.document.body",
    "the page's place": "parent.location.href = '/chat'",
    "the page above all": "top.location.href = '/chat'",
    "storage": "localStorage.getItem('x')",
    "cookies": "document.cookie",
    "a window": "if (!open('/classroom')) throw 1",
}


@pytest.mark.soak
@pytest.mark.parametrize("path", ["/run", "/run/web"])
async def test_a_frame_cannot_leave_or_reach_its_page(
    visitors: Visitors, address: str, room: int, path: str
) -> None:
    page = await join(visitors, address, room)
    pages = len(page.context.pages)
    asked: list[str] = []

    async def answer(route: Route) -> None:
        asked.append(route.request.url)
        await route.fulfill(body="elsewhere")

    await page.context.route("http://elsewhere.test/**", answer)
    for code in ESCAPES.values():
        await page.evaluate(
            """async (path) => {
                document.querySelector('iframe#attack')?.remove();
                const frame = document.createElement('iframe');
                frame.id = 'attack';
                frame.setAttribute('sandbox', 'allow-scripts');
                frame.src = path;
                const loaded = new Promise((done) => (frame.onload = done));
                document.body.append(frame);
                await loaded;
            }""",
            path,
        )
        frame = next(frame for frame in page.frames if frame.url.endswith(path))
        with contextlib.suppress(Exception):
            await frame.evaluate(f"() => {{ {code} }}")
        # Whatever it asked for has been refused by the time that another request is answered.
        await page.evaluate("fetch('/health')")
        assert page.url == f"{address}/classroom/{room}"
        assert len(page.context.pages) == pages
        # Where it wanted to go it is not: it stayed, or shows the browser's refusal.
        shown = {each.url for each in page.frames[1:]}
        assert shown <= {"", f"{address}/run", f"{address}{path}", "chrome-error://chromewebdata/"}
    assert asked == []
    # Refusals are what this is about.
    visitors.complaints.clear()
