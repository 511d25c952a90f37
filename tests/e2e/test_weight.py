"""How much a page loads before it can be used, and from where."""

import pytest
from playwright.async_api import Response

from tests.browser import Visitors

LIMIT_BYTES = 200_000


@pytest.mark.parametrize(
    "address", ["/", "/classroom", "/classroom/123456", "/v1", "/chat", "/nearby", "/admin"]
)
async def test_a_page_is_light_and_loads_nothing_from_elsewhere(
    visitors: Visitors, address: str
) -> None:
    page = await visitors.page()
    answers: list[Response] = []
    # Not the method itself: Playwright writes on what it is given.
    page.on("response", lambda answer: answers.append(answer))
    await page.goto(address, wait_until="networkidle")
    assert all(answer.url.startswith(visitors.url) for answer in answers)
    sizes = [(await answer.request.sizes())["responseBodySize"] for answer in answers]
    assert 0 < sum(sizes) <= LIMIT_BYTES
