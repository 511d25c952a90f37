"""What somebody sees who opens a page behind a proxy that was set up with one line."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser import Visitors, a_chromium
from tests.proxies.behind import NAME, Behind, behind
from tests.proxies.test_proxies import plain

pytestmark = pytest.mark.browser
_WITHIN_MS = 30_000


@pytest.fixture(autouse=True)
def _every_task_ends() -> None:
    """The browser's tasks outlive a test."""


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """Finds the server by a name that is not this machine's: browsers tell those apart."""
    async with a_chromium(f"--host-resolver-rules=MAP {NAME} 127.0.0.1") as browser:
        yield browser


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Behind]:
    async with behind("nginx", plain("nginx"), tmp_path) as site:
        yield site


@pytest.mark.parametrize("address", ["/classroom/123456", "/chat"])
async def test_a_page_says_which_line_is_missing_in_the_proxy(
    site: Behind, chromium: Browser, address: str
) -> None:
    visitors = Visitors(chromium, site.url)
    page = await visitors.page()
    await page.goto(address)
    if address == "/chat":
        await page.get_by_label("Your name").fill("Ann")
        await page.get_by_label("Phone").fill("111")
    else:
        await page.get_by_label("Your name").fill("Ann")
    await page.keyboard.press("Enter")
    banner = page.locator("[data-trouble=refused]")
    await expect(banner).to_contain_text("proxy_set_header Host $http_host", timeout=_WITHIN_MS)
    await expect(banner).to_contain_text("server.public_url")
    await visitors.leave()


async def test_the_alert_page_says_it_at_its_form(site: Behind, chromium: Browser) -> None:
    visitors = Visitors(chromium, site.url)
    page = await visitors.page()
    await page.goto("/v1")
    await page.get_by_label("Your name").fill("Ann")
    await page.get_by_label("Room").fill("R101")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("proxy_set_header Host $http_host")).to_be_visible()
    await visitors.leave()


async def test_over_a_safe_connection_the_browser_vouches_for_the_page(
    site: Behind, chromium: Browser
) -> None:
    """Chromium takes this machine's own address for safe, as it does HTTPS."""
    visitors = Visitors(chromium, f"http://127.0.0.1:{site.port}")
    page = await visitors.page()
    await page.goto("/classroom")
    await page.get_by_label("Your name").fill("Ada")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-link=open]").first).to_be_attached(timeout=_WITHIN_MS)
    await visitors.leave()
