"""The page of a room's results: a table that keeps itself up to date.

The page is complete without JavaScript. With it, the browser holds one stream of server-sent
events open, and the table comes whole after a change: rendered once for everyone who looks at the
room, and for a reader that is slow only the latest.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, Protocol, cast

from litestar import MediaType, Response, Router, get
from litestar.params import FromPath, FromQuery
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp
from msgspec import Struct

from quad.appearance import Appearance
from quad.classroom.model import Stats
from quad.classroom.refusals import TooManyFailedJoins
from quad.http import AnyRequest, appearance_of, root_of
from quad.identity.guesses import Guesses
from quad.languages import LANGUAGES, texts_of
from quad.pages import Pages
from quad.realtime import Streams, request_of
from quad.streams import HEARTBEAT_S, EventStream, encode_frame, is_set_within

PATH: Final = "/roomstats"
_LOG = logging.getLogger(__name__)

_SIGNS: Final = {"DONE": "✅", "ACCEPTED": "✅", "HELP": "?", "IN_PROGRESS": "•"}
_FINISHED: Final = {"DONE", "ACCEPTED"}

_DIGITS: Final = 10
_Shown = tuple[int, str]
"""A room's number, and the language in which somebody looks at it."""
_HELLO: Final = b"retry: 2000\n\n"
_HERE: Final = encode_frame(b"1", event="here")
"""Nothing has happened, and the connection lives: the page hears it, as it would no comment."""


class StatsSource(Protocol):
    """Where the figures come from."""

    async def stats(self, room_id: int) -> Stats | None:
        """Return the progress now; None if there is no such room or nobody has any."""

    async def has_page(self, room_id: int) -> bool:
        """Return whether there is such a room, and everybody may see its page."""

    def watch(self, room_id: int) -> AbstractContextManager[asyncio.Event]:
        """While entered: an event that is set after every change; the caller clears it."""


class StatsPages:
    """The pages of all rooms; `router` serves them under `/roomstats`."""

    def __init__(
        self,
        source: StatsSource,
        guesses: Guesses | None = None,
        *,
        heartbeat_s: float = HEARTBEAT_S,
        interval_s: float = 0.25,
        stream_limit: int = 2_000,
        streams: Streams | None = None,
    ) -> None:
        """Prepare the pages; `guesses` counts numbers of rooms that there are not.

        `interval_s` is the least time between two tables of a room, `heartbeat_s` the longest
        silence of a stream, `stream_limit` the most streams at once; `streams` bounds those of
        one address.
        """
        self._source = source
        self._guesses = guesses
        self._heartbeat_s = heartbeat_s
        self._interval_s = interval_s
        self._stream_limit = stream_limit
        self._streams = 0
        self._per_address = Streams() if streams is None else streams
        self._feeds: dict[_Shown, _Feed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_open = True
        self.router = self._routes()

    async def aclose(self) -> None:
        """End every stream and task; to be called before a server waits for its requests."""
        self._is_open = False
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def let_go(self, is_lost: Callable[[int], bool]) -> None:
        """End the streams of rooms that have moved to another node; browsers find them there."""
        for (room_id, _), feed in self._feeds.items():
            if is_lost(room_id):
                feed.task.cancel()

    def _routes(self) -> Router:
        @get("/{room:str}")
        async def page(room: FromPath[str], request: AnyRequest) -> Response[str]:
            visit = request_of(request.scope)
            try:
                return await self._page(room, root_of(request), appearance_of(visit), visit.address)
            except TooManyFailedJoins as refused:
                return _too_many(refused)

        @get("/{room:str}/events")
        async def events(
            room: FromPath[str], request: AnyRequest, language: FromQuery[str] = "en"
        ) -> ASGIApp:
            try:
                return await self._events(room, language, request_of(request.scope).address)
            except TooManyFailedJoins as refused:
                return ASGIResponse(status_code=429, headers=_retry_after(refused).items())

        @get("/static/{name:str}")
        async def static(name: FromPath[str]) -> Response[bytes]:
            return _PAGES.file(name)

        return Router(PATH, route_handlers=[page, events, static], include_in_schema=False)

    async def _look(self, room: str, address: str) -> int | None:
        """The number, if there is a page of it to see; raises TooManyFailedJoins."""
        room_id = _room_id(room)
        try:
            with nullcontext() if self._guesses is None else self._guesses.request(address):
                if room_id is None or not await self._source.has_page(room_id):
                    raise _NoPage
        except _NoPage:
            return None
        return room_id

    async def _page(self, room: str, root: str, look: Appearance, address: str) -> Response[str]:
        base, language = root + PATH, look.language
        room_id = await self._look(room, address)
        board = None if room_id is None else make_board(await self._source.stats(room_id))
        values = {
            "room": room,
            "board": board,
            "base": base,
            "events": None if room_id is None else f"{base}/{room_id}/events?language={language}",
            "t": texts_of(language, "roomstats"),
        }
        status = 404 if board is None else 200
        return _PAGES.page("roomstats.html", values, look=look, root=root, status=status)

    async def _events(self, room: str, language: str, address: str) -> ASGIApp:
        if language not in LANGUAGES:
            return ASGIResponse(status_code=404)
        room_id = await self._look(room, address)
        if room_id is None:
            return ASGIResponse(status_code=404)
        if not self._is_open or self._streams >= self._stream_limit:
            return ASGIResponse(status_code=503)
        stream = EventStream(self._frames((room_id, language)))
        return cast(ASGIApp, self._per_address.bound(cast(Any, stream)))

    async def _frames(self, shown: _Shown) -> AsyncGenerator[bytes, None]:
        yield _HELLO
        with self._listening(shown) as (feed, news):
            while True:
                has_news = await is_set_within(self._heartbeat_s, news)
                if feed.is_over:
                    return
                news.clear()
                yield feed.frame if has_news else _HERE

    @contextmanager
    def _listening(self, shown: _Shown) -> "Iterator[tuple[_Feed, asyncio.Event]]":
        """Take part in a room's feed; the first starts it, the last ends it."""
        feed = self._feeds.get(shown) or self._start_feed(shown)
        news = asyncio.Event()
        if feed.frame:
            news.set()
        feed.listeners.add(news)
        self._streams += 1
        try:
            yield feed, news
        finally:
            self._streams -= 1
            feed.listeners.discard(news)
            if not feed.listeners:
                self._forget(feed)
                feed.task.cancel()

    def _start_feed(self, shown: _Shown) -> "_Feed":
        feed = _Feed(shown, self._source, self._interval_s)
        self._feeds[shown] = feed
        self._tasks.add(feed.task)
        feed.task.add_done_callback(lambda _: self._feed_ended(feed))
        return feed

    def _feed_ended(self, feed: "_Feed") -> None:
        self._tasks.discard(feed.task)
        self._forget(feed)
        feed.end()
        if not feed.task.cancelled() and (error := feed.task.exception()):
            # The streams have ended; the browsers come back and a new feed tries again.
            _LOG.error("the results of room %d failed", feed.shown[0], exc_info=error)

    def _forget(self, feed: "_Feed") -> None:
        if self._feeds.get(feed.shown) is feed:
            del self._feeds[feed.shown]


class _Feed:
    """The table of a room in a language, rendered once after a change for all who look at it."""

    def __init__(self, shown: _Shown, source: StatsSource, interval_s: float) -> None:
        self.shown = shown
        self.frame = b""
        self.is_over = False
        self.listeners: set[asyncio.Event] = set()
        self.task = asyncio.create_task(self._run(source, interval_s), name=f"roomstats {shown[0]}")

    def end(self) -> None:
        """Let every listener stop."""
        self.is_over = True
        self._wake()

    async def _run(self, source: StatsSource, interval_s: float) -> None:
        room_id, language = self.shown
        with source.watch(room_id) as changed:
            while True:
                changed.clear()
                frame = _frame(await source.stats(room_id), language)
                if frame != self.frame:
                    self.frame = frame
                    self._wake()
                await asyncio.sleep(interval_s)
                await changed.wait()

    def _wake(self) -> None:
        for news in self.listeners:
            news.set()


class _NoPage(Exception):
    """A room that there is not, or whose page nobody may see: for who asks, the same."""


def _too_many(refused: TooManyFailedJoins) -> Response[str]:
    return Response(
        str(refused), status_code=429, media_type=MediaType.TEXT, headers=_retry_after(refused)
    )


def _retry_after(refused: TooManyFailedJoins) -> dict[str, str]:
    return {"retry-after": str(refused.details["retry_after_s"]), "cache-control": "no-store"}


class Cell(Struct, frozen=True):
    """One task of one student; the sign is what is seen of the status."""

    task: str
    status: str
    sign: str


class Row(Struct, frozen=True):
    """One student; `percent` of the room's tasks are done or accepted."""

    name: str
    cells: Sequence[Cell]
    percent: int


class Board(Struct, frozen=True):
    """The table as it is shown; `percent` is that of all students together."""

    tasks: Sequence[str]
    rows: Sequence[Row]
    percent: int


def make_board(stats: Stats | None) -> Board | None:
    """Lay out the table; None when there is nothing to show. The theory page is no task."""
    if stats is None:
        return None
    tasks = [step for step in stats.steps if step != "theory"]
    if not tasks or not stats.students:
        return None
    rows = [
        Row(each.name, _cells(tasks, each.steps), _percent(tasks, [each.steps]))
        for each in stats.students
    ]
    return Board(tasks, rows, _percent(tasks, [each.steps for each in stats.students]))


def _cells(tasks: Sequence[str], steps: Mapping[str, str]) -> list[Cell]:
    statuses = [(task, steps.get(task, "NONE")) for task in tasks]
    return [Cell(task, status, _SIGNS.get(status, "")) for task, status in statuses]


def _percent(tasks: Sequence[str], students: Sequence[Mapping[str, str]]) -> int:
    """Rounded down, so that 100 means all of it."""
    finished = sum(steps.get(task) in _FINISHED for steps in students for task in tasks)
    return 100 * finished // (len(tasks) * len(students))


def _frame(stats: Stats | None, language: str) -> bytes:
    texts = texts_of(language, "roomstats")
    html = _PAGES.render("board.html", t=texts, board=make_board(stats))
    # Every kind of line break ends a field of an event; in HTML they are all the same.
    lines = html.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    data = "".join(f"data: {line}\n" for line in lines)
    return f"event: board\n{data}\n".encode()


def _room_id(room: str) -> int | None:
    return int(room) if room.isascii() and room.isdigit() and len(room) <= _DIGITS else None


_PAGES: Final = Pages(
    __package__, {"roomstats.css": "quad.classroom", "roomstats.js": "quad.classroom"}
)
