"""A stand-in for Notion: pages and blocks as they come out of its endpoints, by HTTP."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tests.classroom.web import Request

PAGE: Final = "0123456789abcdef0123456789abcdef"


def dashed(number: str) -> str:
    return "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:]))


def id_of(number: int) -> str:
    return dashed(f"{number:032x}")


class Notion:
    """Plays Notion: pages and blocks as they come out of its endpoints."""

    def __init__(self) -> None:
        self.blocks: dict[str, dict[str, Any]] = {}
        self.withheld: set[str] = set()
        self.people: dict[str, dict[str, Any]] = {}
        self.chunk = 100
        self.wraps = False
        self.endpoint = "loadPageChunk"
        self.calls: list[str] = []

    def page(self, title: str, *content: str, page_id: str = PAGE) -> str:
        return self.block("page", title, content, block_id=dashed(page_id))

    def block(
        self,
        kind: str,
        title: str | Sequence[object] | None = None,
        content: Sequence[str] = (),
        *,
        block_id: str | None = None,
        **more: Any,
    ) -> str:
        block_id = block_id or id_of(len(self.blocks) + 1)
        properties = more.pop("properties", {})
        if title is not None:
            properties = {"title": [[title]] if isinstance(title, str) else title} | properties
        self.blocks[block_id] = {
            "id": block_id,
            "type": kind,
            "properties": properties,
            "content": list(content),
            "alive": True,
            "space_id": id_of(9_999),
        } | more
        return block_id

    async def __call__(self, request: Request) -> None:
        endpoint = request.path.removeprefix("/api/v3/")
        self.calls.append(endpoint)
        body = json.loads(request.body)
        if endpoint == "syncRecordValuesMain":
            ids = [each["pointer"]["id"] for each in body["requests"]]
            assert len(ids) <= 100
            await self._answer(request, {"recordMap": {"block": self._records(ids)}})
        elif endpoint == self.endpoint:
            await self._answer(request, self._chunk(body))
        else:
            await request.answer(b'{"name":"ValidationError"}', 400)

    def _chunk(self, body: Mapping[str, Any]) -> dict[str, Any]:
        page_id = body["page"]["id"]
        if page_id not in self.blocks:
            return {"recordMap": {"block": {page_id: {"role": "none"}}}, "cursor": {"stack": []}}
        reachable = [each for each in self._reachable(page_id) if each not in self.withheld]
        start = body["cursor"]["stack"][0]["index"] if body["cursor"]["stack"] else 0
        stop = start + self.chunk
        stack = [{"index": stop}] if stop < len(reachable) else []
        cursor = (
            {"cursor": {"stack": stack}}
            if self.endpoint == "loadPageChunk"
            else {"cursors": [{"stack": stack}]}
        )
        records = {"block": self._records(reachable[start:stop]), "notion_user": self.people}
        return {"recordMap": records, **cursor}

    def _reachable(self, root: str) -> list[str]:
        found = [root]
        for each in found:
            block = self.blocks.get(each)
            if block and (each == root or block["type"] != "page"):
                found += [child for child in block["content"] if child not in found]
        return found

    def _records(self, ids: Sequence[str]) -> dict[str, Any]:
        records = {each: {"value": self.blocks[each]} for each in ids if each in self.blocks}
        if self.wraps:
            return {
                each: {"spaceId": "s", "value": record | {"role": "reader"}}
                for each, record in records.items()
            }
        return records

    async def _answer(self, request: Request, answer: object) -> None:
        await request.answer(json.dumps(answer).encode())
