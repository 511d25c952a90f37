"""Every page in every state: it can be used by ear and on the smallest phone, and does not jump."""

from typing import Final

import pytest
from playwright.async_api import Page

from tests.browser import Visitors
from tests.e2e.axe import serious_faults
from tests.e2e.conftest import Campus
from tests.e2e.stations import Walk
from tests.patience import patience

# What says that the connection is lost has a place of its own, in which it is free.
_WATCH_MOVES: Final = """async () => {
    window.moved = [];
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame().then(frame);
    new PerformanceObserver((list) => list.getEntries().forEach(({ sources }) => {
        for (const { node, previousRect: was, currentRect: is } of sources) {
            const around = node?.closest ? node : node?.parentElement;
            if (around && !around.closest(".connection, .state")) {
                const what = around.outerHTML.slice(0, 160);
                moved.push(`${was.x},${was.y} -> ${is.x},${is.y} ${what}`);
            }
        }
    })).observe({ type: "layout-shift" });
}"""

# Plots and maps draw themselves anew some time after the window has changed.
_FITS: Final = """async (withinMs) => {
    const { documentElement: page } = document;
    const end = performance.now() + withinMs;
    while (page.scrollWidth > page.clientWidth && performance.now() < end) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    if (page.scrollWidth <= page.clientWidth) {
        return [];
    }
    const isIn = ({ right, width }) => width === 0 || right <= page.clientWidth;
    const scrolls = (part) => part !== null && part !== document.body
        && (getComputedStyle(part).overflowX !== "visible" || scrolls(part.parentElement));
    const wide = [...document.querySelectorAll("body *")]
        .filter((part) => !isIn(part.getBoundingClientRect()) && !scrolls(part.parentElement))
        .map((part) => `does not fit: ${part.outerHTML.slice(0, 160)}`);
    return wide.length > 0 ? wide : ["does not fit"];
}"""


# Of seventy states each is read by axe: that takes a minute, and on a busy machine several.
@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_every_state_can_be_used_by_ear_and_on_the_smallest_phone_and_nothing_jumps(
    visitors: Visitors, server: Campus
) -> None:
    """Nothing moves under the finger of whoever presses something when the connection goes."""
    faults: list[str] = []
    async for name, page in Walk(visitors, server, "en", 4).stations():
        if name.startswith("still/"):
            if name != "still/display":  # hangs on a wall
                await page.set_viewport_size({"width": 390, "height": 844})
            await page.evaluate(_WATCH_MOVES)
            continue
        found = await serious_faults(page)
        if name.startswith("lost/"):
            found += await page.evaluate("moved")
        else:
            await page.emulate_media(color_scheme="dark")
            await page.set_viewport_size({"width": 320, "height": 640})
            found += await too_wide(page)
            await page.set_viewport_size({"width": 1440, "height": 900})
        faults += [f"{name}: {fault}" for fault in found]
    assert faults == [], "\n".join(faults)


async def too_wide(page: Page) -> list[str]:
    """What is cut off or needs scrolling sideways."""
    return list(await page.evaluate(_FITS, patience(2) * 1_000))
