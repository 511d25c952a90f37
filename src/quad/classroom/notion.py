"""Import tasks from a public Notion page.

The page is read as Notion's own site reads it for a visitor without an account: blocks by POST
from `/api/v3/`. What makes a task is told in docs/how-to/import-from-notion.md.
"""

import asyncio
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

import httpx
import msgspec
from msgspec import Struct

from quad.classroom.fetch import Fetcher, FetchFailed, FetchOptions, NoAddress, StatusNotOk
from quad.classroom.html import sanitise
from quad.classroom.model import Step
from quad.classroom.notion_html import Block, PageTooLong, Writer, children, plain
from quad.realtime import Refused

_TASKS: Final = 16
_IMPORTS_AT_ONCE: Final = 8
_PAGES_AT_ONCE: Final = 4
_CHUNK_BLOCKS: Final = 100
_CHUNKS: Final = 20
_ROUNDS_FOR_MISSING: Final = 5

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


class ImportFailed(Refused):
    """No tasks could be read at the address; the sentence says why."""

    code: ClassVar[str] = "import_failed"


class NotionImporter:
    """Reads the tasks of public Notion pages."""

    def __init__(self, options: FetchOptions) -> None:
        """The limits hold for a whole import: its pages, chunks and redirects together."""
        self._options = options
        self._fetcher = Fetcher(options)
        self._turns = asyncio.Semaphore(_IMPORTS_AT_ONCE)

    async def load(self, url: str) -> list[Step]:
        """Return the steps of a page, theory first, their HTML sanitised; never an empty list.

        Raises:
            ImportFailed: not the address of a page, a page that is not public, no tasks on it,
                too slow, too large.
        """
        try:
            async with asyncio.timeout(self._options.timeout_s), self._turns:
                return await self._load(url)
        except TimeoutError:
            raise ImportFailed("Notion took too long to answer.") from None
        except NoAddress:
            raise ImportFailed(f"{_NO_ADDRESS}: this is not a web address.") from None
        except FetchFailed as failed:
            raise ImportFailed(str(failed)) from failed
        except PageTooLong:
            raise ImportFailed("The page is too long.") from None

    async def _load(self, url: str) -> list[Step]:
        address = self._fetcher.check(url)
        page_id = _page_id(address)
        if page_id is None:
            raise ImportFailed(
                f"{_NO_ADDRESS}: this is not the address of a Notion page, copy the page's link."
            )
        site = _Site(self._fetcher, _base(address), self._options.limit_bytes)
        page = await site.page(page_id)
        parts = await asyncio.to_thread(divide, page.top())
        inner = await site.pages([part.page_id for part in parts if part.page_id])
        # Writing 5 MB of blocks takes a second: not on the loop that serves everyone.
        steps = await asyncio.to_thread(_steps, parts, page, inner, site.base)
        if not steps:
            raise ImportFailed("There are no tasks on this page.")
        return steps


class Page(Struct, frozen=True):
    """A page and the blocks that came with it."""

    id: str
    blocks: Mapping[str, Block]

    def top(self) -> list[Block]:
        """The blocks that stand directly on the page."""
        return children(self.blocks, self.blocks[self.id])


class Part(Struct, frozen=True):
    """What becomes a step, or a piece of one: blocks, and a page of its own if it is one."""

    name: str
    blocks: Sequence[Block]
    page_id: str | None = None


def divide(blocks: Sequence[Block]) -> list[Part]:
    """Divide a page into steps, by the first of these that it has.

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
    return [part for part in parts if part.name == "theory" or int(part.name) <= _TASKS]


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


def _steps(parts: Iterable[Part], page: Page, inner: Mapping[str, Page], base: str) -> list[Step]:
    """Write the parts; pieces of the same step one behind the other."""
    contents: dict[str, list[str]] = {}
    writer = Writer(page.blocks, base)
    for part in parts:
        html = contents.setdefault(part.name, [])
        html.append(writer.write(_trimmed(part.blocks)))
        if own := inner.get(part.page_id or ""):
            html.append(_write_page(own, base))
    theory = "".join(contents.pop("theory", []))
    tasks = sorted((int(name), "".join(html)) for name, html in contents.items())
    steps = [Step("theory", sanitise(theory), type="theory")] if theory else []
    return steps + [Step(str(number), sanitise(html)) for number, html in tasks if html]


def _write_page(page: Page, base: str) -> str:
    """A sub-page under its title; nothing if there is nothing on it."""
    writer = Writer(page.blocks, base)
    html = writer.write(_trimmed(page.top()))
    title = writer.rich(page.blocks[page.id].properties.get("title"))
    return f"<h1>{title}</h1>{html}" if html else ""


def _trimmed(blocks: Sequence[Block]) -> Sequence[Block]:
    """Without the empty lines and dividers that stand between this part and its neighbours."""
    filled = [place for place, block in enumerate(blocks) if not _is_blank(block)]
    return blocks[filled[0] : filled[-1] + 1] if filled else []


class _Site:
    """Notion's endpoints at one address, for one import."""

    def __init__(self, fetcher: Fetcher, base: str, limit_bytes: int) -> None:
        self.base = base
        self._fetcher = fetcher
        self._left_bytes = limit_bytes

    async def pages(self, page_ids: Iterable[str]) -> dict[str, Page]:
        """Load sub-pages, a few at once; those that are not public are left out."""
        turns = asyncio.Semaphore(_PAGES_AT_ONCE)

        async def load(page_id: str) -> Page | None:
            async with turns:
                try:
                    return await self.page(page_id)
                except ImportFailed:
                    return None

        wanted = list(dict.fromkeys(page_ids))
        loaded = await asyncio.gather(*map(load, wanted), return_exceptions=True)
        pages: dict[str, Page] = {}
        for page_id, page in zip(wanted, loaded, strict=True):
            if isinstance(page, BaseException):
                raise page
            if page is not None:
                pages[page_id] = page
        return pages

    async def page(self, page_id: str) -> Page:
        """Load a page with all its blocks. Raises ImportFailed if it is not public."""
        blocks: dict[str, Block] = {}
        for endpoint in ("loadPageChunk", "loadCachedPageChunkV2"):
            try:
                await self._load_chunks(endpoint, page_id, blocks)
            except StatusNotOk:
                continue
            if page_id in blocks:
                break
        root = blocks.get(page_id)
        if root is None or not root.alive:
            raise ImportFailed("The page was not found: is it shared with everyone on the web?")
        await self._load_missing(root, blocks)
        return Page(page_id, blocks)

    async def _load_chunks(self, endpoint: str, page_id: str, blocks: dict[str, Block]) -> None:
        cursor: object = {"stack": []}
        for number in range(_CHUNKS):
            found, cursor = await self._post(
                endpoint,
                {
                    "page": {"id": page_id},
                    "limit": _CHUNK_BLOCKS,
                    "cursor": cursor,
                    "chunkNumber": number,
                    "verticalColumns": False,
                },
            )
            blocks.update(found)
            if cursor is None:
                return

    async def _load_missing(self, root: Block, blocks: dict[str, Block]) -> None:
        """Ask for blocks that the chunks left out; those that do not come are left out."""
        for _ in range(_ROUNDS_FOR_MISSING):
            missing = (await asyncio.to_thread(_missing, root, blocks))[:_CHUNK_BLOCKS]
            if not missing:
                return
            requests = [
                {
                    "pointer": {"table": "block", "id": each, "spaceId": root.space_id},
                    "version": -1,
                }
                for each in missing
            ]
            try:
                found, _ = await self._post("syncRecordValuesMain", {"requests": requests})
            except StatusNotOk:
                return
            if not found:
                return
            blocks.update(found)

    async def _post(self, endpoint: str, body: object) -> tuple[dict[str, Block], object]:
        """The blocks of the answer, and where the next chunk begins."""
        content = await self._fetcher.fetch(
            f"{self.base}/api/v3/{endpoint}",
            msgspec.json.encode(body),
            limit_bytes=self._left_bytes,
        )
        self._left_bytes -= len(content)
        try:
            # Of 5 MB, this takes a tenth of a second.
            return await asyncio.to_thread(_read_answer, content)
        except (msgspec.DecodeError, RecursionError):
            raise ImportFailed("The answer is not one of Notion's.") from None


def _read_answer(content: bytes) -> tuple[dict[str, Block], object]:
    answer: Any = msgspec.json.decode(content)
    return _blocks(answer), _next_cursor(answer)


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


def _blocks(answer: object) -> dict[str, Block]:
    match answer:
        case {"recordMap": {"block": {**records}}}:
            found = (_block(record) for record in records.values())
            return {block.id: block for block in found if block is not None}
        case _:
            return {}


def _block(record: object) -> Block | None:
    """The block in a record; newer answers wrap it twice: `{value: {value: {...}, role}}`."""
    match record:
        case {"value": {"value": {**value}}} | {"value": {**value}}:
            try:
                return msgspec.convert(value, Block)
            except msgspec.ValidationError:
                return None
        case _:
            return None


def _next_cursor(answer: object) -> object:
    """Where the next chunk begins, None after the last; the endpoints differ in the key."""
    match answer:
        case {"cursor": {"stack": [_, *_]} as cursor}:
            return cursor
        case {"cursors": [{"stack": [_, *_]} as cursor, *_]}:
            return cursor
        case _:
            return None


def _missing(root: Block, blocks: Mapping[str, Block]) -> list[str]:
    """The ids of blocks on a page that are not known; the insides of sub-pages do not count."""
    missing: list[str] = []
    seen = {root.id}
    waiting = [root]
    while waiting:
        for each in waiting.pop().content:
            if each in seen:
                continue
            seen.add(each)
            block = blocks.get(each)
            if block is None:
                missing.append(each)
            elif block.type != "page":
                waiting.append(block)
    return missing
