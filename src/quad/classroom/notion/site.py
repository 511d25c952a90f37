"""How a Notion page is read: the endpoints that its own site uses, and what they answer."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct

from quad.classroom.notion.fetch import Fetcher, StatusNotOk
from quad.classroom.notion.html import Block, children, original_of
from quad.realtime import Refused

_PAGES_AT_ONCE: Final = 4
_CHUNK_BLOCKS: Final = 100
# An answer may bring nothing new and the next one something; three in a row are a circle.
_IDLE_CHUNKS: Final = 3
_REQUESTS_AT_ONCE: Final = 4


class ImportFailed(Refused):
    """No tasks could be read at the address; the sentence says why."""

    code: ClassVar[str] = "import_failed"


class Page(Struct, frozen=True):
    """A page, the blocks that came with it, and the names of people on it."""

    id: str
    blocks: Mapping[str, Block]
    people: Mapping[str, str] = {}

    def top(self) -> list[Block]:
        """The blocks that stand directly on the page."""
        return children(self.blocks, self.blocks[self.id])


class _Answer(Struct, frozen=True):
    """What an answer held, and where the next chunk begins."""

    blocks: Mapping[str, Block]
    people: Mapping[str, str]
    cursor: object


class Site:
    """Notion's endpoints at one address, for one import."""

    def __init__(self, fetcher: Fetcher, base: str, limit_bytes: int) -> None:
        self.base = base
        self._fetcher = fetcher
        self._limit_bytes = self._left_bytes = limit_bytes

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
        people: dict[str, str] = {}
        for endpoint in ("loadPageChunk", "loadCachedPageChunkV2"):
            try:
                await self._load_chunks(endpoint, page_id, blocks, people)
            except StatusNotOk:
                continue
            if page_id in blocks:
                break
        root = blocks.get(page_id)
        if root is None or not root.alive:
            raise ImportFailed("The page was not found: is it shared with everyone on the web?")
        await self._load_missing(root, blocks, people)
        return Page(page_id, blocks, people)

    async def _load_chunks(
        self, endpoint: str, page_id: str, blocks: dict[str, Block], people: dict[str, str]
    ) -> None:
        """Read to the end; how much there may be is bounded by bytes and time alone."""
        cursor: object = {"stack": []}
        number = idle = 0
        while idle < _IDLE_CHUNKS:
            answer = await self._post(
                endpoint,
                {
                    "page": {"id": page_id},
                    "limit": _CHUNK_BLOCKS,
                    "cursor": cursor,
                    "chunkNumber": number,
                    "verticalColumns": False,
                },
            )
            idle = idle + 1 if answer.blocks.keys() <= blocks.keys() else 0
            blocks.update(answer.blocks)
            people.update(answer.people)
            number, cursor = number + 1, answer.cursor
            if cursor is None:
                return

    async def _load_missing(
        self, root: Block, blocks: dict[str, Block], people: dict[str, str]
    ) -> None:
        """Ask for blocks that the chunks left out, until none comes any more."""
        asked: set[str] = set()
        while True:
            missing = await asyncio.to_thread(_missing, root, blocks)
            new = [each for each in missing if each not in asked]
            if not new:
                return
            some = new[: _CHUNK_BLOCKS * _REQUESTS_AT_ONCE]
            batches = [
                some[start : start + _CHUNK_BLOCKS] for start in range(0, len(some), _CHUNK_BLOCKS)
            ]
            answers = await asyncio.gather(
                *(self._sync(root, batch) for batch in batches), return_exceptions=True
            )
            for batch, answer in zip(batches, answers, strict=True):
                if isinstance(answer, StatusNotOk):
                    return
                if isinstance(answer, BaseException):
                    raise answer
                asked.update(batch)
                blocks.update(answer.blocks)
                people.update(answer.people)

    async def _sync(self, root: Block, block_ids: Iterable[str]) -> _Answer:
        requests = [
            {"pointer": {"table": "block", "id": each, "spaceId": root.space_id}, "version": -1}
            for each in block_ids
        ]
        return await self._post("syncRecordValuesMain", {"requests": requests})

    async def _post(self, endpoint: str, body: object) -> _Answer:
        content = await self._fetcher.fetch(
            f"{self.base}/api/v3/{endpoint}",
            msgspec.json.encode(body),
            limit_bytes=self._left_bytes,
        )
        self._left_bytes -= len(content)
        if self._left_bytes < 0:  # several answers came at once
            raise ImportFailed(f"The page is larger than {self._limit_bytes:,} bytes.")
        try:
            # Of 5 MB, this takes a tenth of a second.
            return await asyncio.to_thread(_read_answer, content)
        except (msgspec.DecodeError, RecursionError):
            raise ImportFailed("The answer is not one of Notion's.") from None


def _read_answer(content: bytes) -> _Answer:
    answer: Any = msgspec.json.decode(content)
    return _Answer(_blocks(answer), _people(answer), _next_cursor(answer))


def _blocks(answer: object) -> dict[str, Block]:
    match answer:
        case {"recordMap": {"block": {**records}}}:
            found = (_block(record) for record in records.values())
            return {block.id: block for block in found if block is not None}
        case _:
            return {}


def _people(answer: object) -> dict[str, str]:
    """The names of people by their ids."""
    match answer:
        case {"recordMap": {"notion_user": {**records}}}:
            names = {str(person): _name(record) for person, record in records.items()}
            return {person: name for person, name in names.items() if name}
        case _:
            return {}


def _name(record: object) -> str:
    match record:
        case {"value": {"value": {**value}}} | {"value": {**value}}:
            whole = value.get("name")
            parts = [value.get("given_name"), value.get("family_name")]
            if isinstance(whole, str) and whole.strip():
                return whole.strip()
            return " ".join(part for part in parts if isinstance(part, str)).strip()
        case _:
            return ""


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
    """The ids of blocks on a page that are not known; the insides of sub-pages do not count.

    The original of a synced block may lie on another page: it is one of them.
    """
    missing: list[str] = []
    seen = {root.id}
    waiting = [root]
    while waiting:
        parent = waiting.pop()
        original = original_of(parent)
        for each in [*parent.content, *([original] if original else [])]:
            if each in seen:
                continue
            seen.add(each)
            block = blocks.get(each)
            if block is None:
                missing.append(each)
            elif block.type != "page":
                waiting.append(block)
    return missing
