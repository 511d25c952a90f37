"""A real Chromium for tests, and people who sit in front of it."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, TimeoutError, async_playwright

from tests.patience import patience

# The first is the same browser without windows and profiles: a test costs it a third of the time.
_NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # To a browser each address of this machine is as good as HTTPS; this one is not.
    "--host-resolver-rules=MAP quad.test 127.0.0.1",
]
# Networks that are cut, and requests that are refused, on purpose.
_EXPECTED = re.compile(
    r"WebSocket connection|status of [45]\d\d|Service Worker registration blocked"
    r"|net::ERR_(CONNECTION_|CONTENT_LENGTH_|INCOMPLETE_|INTERNET_DISCONNECTED|EMPTY_)"
)


@asynccontextmanager
async def a_chromium(*flags: str) -> AsyncIterator[Browser]:
    """This machine's browser, headless. Without one a test fails in CI and is skipped elsewhere."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        how = "no Chromium: apt-get install chromium-headless-shell"
        if os.environ.get("CI") == "true":
            pytest.fail(how)
        pytest.skip(how)
    # Noting where each of Playwright's futures comes from would be a third of these tests' time.
    asyncio.get_running_loop().set_debug(False)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=[*_FLAGS, *flags])
        yield browser
        await browser.close()


class Visitors:
    """People, each with a browser profile of their own; what their pages complain of is kept."""

    def __init__(self, chromium: Browser, url: str) -> None:
        self.url = url
        self.complaints: list[str] = []
        self._chromium = chromium

    async def page(self, *, width: int = 1280, height: int = 800, **options: Any) -> Page:
        """The first page of somebody new; `options` are those of Playwright's `new_context`."""
        # A worker would stand between a page and what the tests do to its network.
        own = {"base_url": self.url, "locale": "en-GB", "service_workers": "block"}
        options = {**own, **options}
        context = await self._chromium.new_context(
            viewport={"width": width, "height": height}, **options
        )
        context.set_default_timeout(15_000)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("console", self._note)
        return await context.new_page()

    async def leave(self) -> None:
        """Everybody closes everything; fails if a page complained."""
        for context in list(self._chromium.contexts):
            await context.close()
        assert self.complaints == [], "\n".join(self.complaints)

    def _note(self, line: ConsoleMessage) -> None:
        if line.type in ("error", "warning") and not _EXPECTED.search(line.text):
            self.complaints.append(f"{line.location['url']}: {line.text}")


async def try_now(page: Page) -> None:
    """Press the button of a lost connection, unless the page has tried by itself meanwhile."""
    with suppress(TimeoutError):
        await page.get_by_role("button", name="Try now").click(timeout=patience(1) * 1_000)
