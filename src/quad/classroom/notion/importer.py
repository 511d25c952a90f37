"""Import tasks from a public Notion page.

The page is read as Notion's own site reads it for a visitor without an account: blocks by POST
from `/api/v3/`. What makes a task is told in docs/how-to/import-from-notion.md.
"""

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import httpx
from msgspec import Struct

from quad.classroom.model import Imported, LeftOut, Step
from quad.classroom.notion.fetch import Fetcher, FetchFailed, FetchOptions, NoAddress
from quad.classroom.notion.html import Block, PageTooLong, Writer, plain
from quad.classroom.notion.site import ImportFailed, Page, Site
from quad.classroom.tasks.html import sanitise

_TASKS: Final = 16
_IMPORTS_AT_ONCE: Final = 8

# The original front end shows that an import has failed only if the reason begins so.
_NO_ADDRESS: Final = "Could not extract domain and page_id from url"
_PAGE_ID: Final = re.compile(
    r"([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\Z", re.IGNORECASE
)
_THEORY: Final = re.compile(r"\W*(?:theory|теория|teoria)\b", re.IGNORECASE)
_TASK: Final = re.compile(
    r"\W*(?:task|exercise|задание|задача|упражнение|tarefa|exerc[ií]cio)\W*(\d{1,2})(?!\d)",
    re.IGNORECASE,
)
# "1." and "2) Loops", but not "3D" and not "10 things".
_NUMBER: Final = re.compile(r"\W*(\d{1,2})\s*(?:[.):]|\Z)")

_NAMED_LEVELS: Final = {"header", "sub_header", "page"}
_LEVELS: Final = ("header", "sub_header", "sub_sub_header", "page")


class NotionImporter:
    """Reads the tasks of public Notion pages."""

    def __init__(self, options: FetchOptions) -> None:
        """The limits hold for a whole import: its pages, chunks and redirects together."""
        self._options = options
        self._fetcher = Fetcher(options)
        self._turns = asyncio.Semaphore(_IMPORTS_AT_ONCE)

    async def load(self, url: str) -> Imported:
        """Return the steps of a page, theory first, their HTML sanitised; never none.

        Raises:
            ImportFailed: not the address of a page, a page that is not public, no tasks on it,
                too slow, too large.
        """
        try:
            async with asyncio.timeout(self._options.timeout_s), self._turns:
                return await self._load(url.strip())
        except TimeoutError:
            raise ImportFailed("Notion took too long to answer.") from None
        except NoAddress:
            raise ImportFailed(f"{_NO_ADDRESS}: this is not a web address.") from None
        except FetchFailed as failed:
            raise ImportFailed(str(failed)) from failed
        except PageTooLong:
            raise ImportFailed("The page is too long.") from None

    async def _load(self, url: str) -> Imported:
        address = self._fetcher.check(url)
        page_id = _page_id(address)
        if page_id is None:
            raise ImportFailed(
                f"{_NO_ADDRESS}: this is not the address of a Notion page, copy the page's link."
            )
        site = Site(self._fetcher, _base(address), self._options.limit_bytes)
        page = await site.page(page_id)
        parts, surplus = await asyncio.to_thread(divide, page.top())
        wanted = {part.page_id for part in parts if part.page_id}
        inner = await site.pages(wanted)
        # Writing 5 MB of blocks takes a second: not on the loop that serves everyone.
        imported = await asyncio.to_thread(_imported, parts, page, inner, site.base)
        if not imported.steps:
            raise ImportFailed("There are no tasks on this page.")
        left_out = Counter(imported.left_out)
        left_out["task"] += surplus
        left_out["sub_page"] += len(wanted) - len(inner)
        return Imported(imported.steps, +left_out)


class Part(Struct, frozen=True):
    """What becomes a step, or a piece of one: blocks, and a page of its own if it is one."""

    name: str
    blocks: Sequence[Block]
    page_id: str | None = None


def divide(blocks: Sequence[Block]) -> tuple[list[Part], int]:
    """Divide a page into steps, by the first of these that it has; and how many are too many.

    Headings and sub-pages with the name of a step; divider lines; headings of the highest level
    that there is, or sub-pages, in order. A page with none of them is one task. What stands before
    the first heading or sub-page is theory. There are at most 16 tasks.
    """
    names = [_step_name(block) for block in blocks]
    if any(names):
        parts = _by_heads(blocks, names)
    elif any(block.type == "divider" for block in blocks):
        parts = _by_dividers(blocks)
    else:
        parts = _by_level(blocks)
    surplus = {part.name for part in parts if part.name != "theory" and int(part.name) > _TASKS}
    return [part for part in parts if part.name not in surplus], len(surplus)


def _by_heads(blocks: Sequence[Block], names: Sequence[str | None]) -> list[Part]:
    """Each named block begins a part; a named sub-page is a part by itself."""
    parts: list[Part] = []
    name, since = "theory", 0
    for place, block in enumerate(blocks):
        head = names[place]
        if head is None:
            continue
        parts.append(Part(name, blocks[since:place]))
        name, since = head, place
        if block.type == "page":
            parts.append(Part(name, [], block.id))
            since = place + 1
    return [*parts, Part(name, blocks[since:])]


def _by_level(blocks: Sequence[Block]) -> list[Part]:
    types = {block.type for block in blocks}
    level = next((each for each in _LEVELS if each in types), None)
    if level is None:
        return [Part("1", blocks)]
    number = itertools.count(1)
    return _by_heads(
        blocks, [str(next(number)) if block.type == level else None for block in blocks]
    )


def _by_dividers(blocks: Sequence[Block]) -> list[Part]:
    runs: list[list[Block]] = [[]]
    for block in blocks:
        if block.type == "divider":
            runs.append([])
        else:
            runs[-1].append(block)
    filled = [run for run in runs if any(not _is_blank(block) for block in run)]
    return [Part(str(number), run) for number, run in enumerate(filled, 1)]


def _step_name(block: Block) -> str | None:
    """The step that a heading or sub-page names: `theory`, or the number of a task."""
    if block.type not in _NAMED_LEVELS:
        return None
    title = plain(block.properties.get("title"))
    if _THEORY.match(title):
        return "theory"
    found = _TASK.match(title) or _NUMBER.match(title)
    return str(int(found[1])) if found and 1 <= int(found[1]) <= _TASKS else None


def _is_blank(block: Block) -> bool:
    is_text = block.type in ("text", "divider")
    return is_text and not block.content and not plain(block.properties.get("title")).strip()


def _imported(parts: Iterable[Part], page: Page, inner: Mapping[str, Page], base: str) -> Imported:
    """Write the parts; pieces of the same step one behind the other."""
    contents: dict[str, list[str]] = {}
    left_out: Counter[LeftOut] = Counter()
    writer = Writer(page.blocks, base, page.people, left_out)
    for part in parts:
        html = contents.setdefault(part.name, [])
        html.append(writer.write(_trimmed(part.blocks)))
        if own := inner.get(part.page_id or ""):
            html.append(_write_page(own, base, left_out))
    left_out["block"] += _unknown(page)
    return Imported(_steps({name: "".join(html) for name, html in contents.items()}), left_out)


def _steps(contents: dict[str, str]) -> list[Step]:
    theory = contents.pop("theory", "")
    tasks = sorted((int(name), html) for name, html in contents.items())
    steps = [Step("theory", sanitise(theory), type="theory")] if theory else []
    return steps + [Step(str(number), sanitise(html)) for number, html in tasks if html]


def _write_page(page: Page, base: str, left_out: Counter[LeftOut]) -> str:
    """A sub-page under its title; nothing if there is nothing on it."""
    writer = Writer(page.blocks, base, page.people, left_out)
    html = writer.write(_trimmed(page.top()))
    left_out["block"] += _unknown(page)
    title = writer.rich(page.blocks[page.id].properties.get("title"))
    return f"<h1>{title}</h1>{html}" if html else ""


def _unknown(page: Page) -> int:
    """How many of the blocks directly on a page did not come."""
    return sum(each not in page.blocks for each in page.blocks[page.id].content)


def _trimmed(blocks: Sequence[Block]) -> Sequence[Block]:
    """Without the empty lines and dividers that stand between this part and its neighbours."""
    filled = [place for place, block in enumerate(blocks) if not _is_blank(block)]
    return blocks[filled[0] : filled[-1] + 1] if filled else []


def _page_id(address: httpx.URL) -> str | None:
    """The page that an address names; `?p=` is one opened over another."""
    for text in (address.params.get("p", ""), address.path.rstrip("/")):
        if found := _PAGE_ID.search(text):
            return "-".join(found.groups()).lower()
    return None


def _base(address: httpx.URL) -> str:
    """The site's root; notion.so itself would only redirect to www."""
    host = "www.notion.so" if address.host.rstrip(".") == "notion.so" else address.host
    return str(address.copy_with(host=host, raw_path=b"/", fragment=None)).rstrip("/")
