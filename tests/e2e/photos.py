"""Photos of every page and state, for people to look at: `python -m tests.e2e.photos FOLDER`."""

import argparse
import asyncio
import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Page

from tests.browser import Visitors, a_chromium
from tests.e2e.conftest import Campus
from tests.e2e.stations import Walk

_HEIGHTS: Final = {320: 640, 390: 844, 768: 1024, 1440: 900}
_SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
# Of styles that have changed, and maps that are drawn anew.
_SETTLING_MS: Final = 150


async def take(page: Page, folder: Path, name: str, widths: Sequence[int]) -> None:
    """Of what the page shows now, at every width, light and dark."""
    for width, scheme in itertools.product(widths, _SCHEMES):
        await page.set_viewport_size({"width": width, "height": _HEIGHTS[width]})
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await page.wait_for_timeout(_SETTLING_MS)
        file = folder / f"{name.replace('/', '-')}-{width}-{scheme}.png"
        await page.screenshot(path=file, animations="disabled")
    await page.set_viewport_size({"width": 1440, "height": 900})


async def walk(folder: Path, languages: Sequence[str], widths: Sequence[int], only: str) -> None:
    async with a_chromium() as chromium:
        for language in languages:
            with tempfile.TemporaryDirectory() as data:
                campus = Campus(Path(data))
                visitors = Visitors(chromium, campus.url)
                place = folder / language
                place.mkdir(parents=True, exist_ok=True)
                async for name, page in Walk(visitors, campus, language, 30).stations():
                    if name.startswith(only) and not name.startswith("still/"):
                        await take(page, place, name, widths)
                        print(language, name, flush=True)
                await visitors.leave()
                campus.process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description="Photos of every page and state.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--languages", nargs="+", default=["en", "pt", "ru"])
    parser.add_argument("--widths", nargs="+", type=int, default=list(_HEIGHTS), choices=_HEIGHTS)
    parser.add_argument("--only", default="", help="stations whose names begin so, such as chat/")
    given = parser.parse_args()
    asyncio.run(walk(given.folder, given.languages, given.widths, given.only))


if __name__ == "__main__":
    main()
