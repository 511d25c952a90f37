"""What is cleaned at once, and what beside the loop."""

import asyncio
from collections.abc import Iterator

import pytest

from quad.classroom.tasks.cleaning import Cleaning

LINE = "if a < b and b > c: print('&')\n"
MARKUP = "<p onclick='x()'>text</p>"


@pytest.fixture
def cleaning() -> Iterator[Cleaning]:
    made = Cleaning()
    yield made
    made.close()


async def is_cleaned_at_once(cleaning: Cleaning, content: str) -> bool:
    """Whether nobody else has had a turn meanwhile."""
    others: list[None] = []
    asyncio.get_running_loop().call_soon(others.append, None)
    (cleaned,) = await cleaning.clean([content])
    assert "onclick" not in cleaned
    return not others


@pytest.mark.parametrize(
    ("content", "is_at_once"),
    [
        pytest.param(MARKUP, True, id="a short task"),
        pytest.param(LINE * 500, True, id="much without markup"),
        pytest.param(LINE * 500 + MARKUP, False, id="as much with markup"),
        pytest.param(LINE * 5_000, False, id="too much to look through"),
    ],
)
async def test_the_loop_does_what_is_done_at_once(
    cleaning: Cleaning, content: str, is_at_once: bool
) -> None:
    assert await is_cleaned_at_once(cleaning, content) is is_at_once
