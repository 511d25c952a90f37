"""The results page: complete at first sight, live afterwards, gone in good order."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from litestar import Litestar

from quad.addresses import parse_network
from quad.classroom.model import Stats, Status, StudentProgress
from quad.classroom.refusals import TooManyFailedJoins
from quad.classroom.routes import StatsPages, make_board
from quad.identity.guesses import Guesses
from quad.realtime import Site
from quad.realtime.http.site import carry

ROOM = 123456
WAIT_S = 5.0


class Rooms:
    """A source of figures: rooms in memory, changed by the test."""

    def __init__(self) -> None:
        self.rooms: dict[int, Stats] = {}
        # Rooms that have nothing to show.
        self.empty: set[int] = set()
        self.watchers: dict[int, set[asyncio.Event]] = {}
        self.asked = 0
        self.failure: Exception | None = None

    async def stats(self, room_id: int) -> Stats | None:
        self.asked += 1
        assert room_id < 2**63, "no database takes more"
        if self.failure is not None:
            raise self.failure
        return self.rooms.get(room_id)

    async def has_page(self, room_id: int) -> bool:
        assert room_id < 2**63, "no database takes more"
        if self.failure is not None:
            raise self.failure
        return room_id in self.rooms or room_id in self.empty

    @contextmanager
    def watch(self, room_id: int) -> Iterator[asyncio.Event]:
        changed = asyncio.Event()
        self.watchers.setdefault(room_id, set()).add(changed)
        try:
            yield changed
        finally:
            self.watchers[room_id].discard(changed)

    def put(self, room_id: int, students: Mapping[str, Mapping[str, Status]]) -> None:
        rows = [StudentProgress(name, steps) for name, steps in students.items()]
        self.rooms[room_id] = Stats(["theory", "1", "2", "3"], rows)
        for changed in self.watchers.get(room_id, ()):
            changed.set()

    def is_watched(self, room_id: int) -> bool:
        return bool(self.watchers.get(room_id))


@asynccontextmanager
async def serving(pages: StatsPages, site: Site | None = None) -> AsyncIterator[httpx.AsyncClient]:
    app = Litestar([pages.router], openapi_config=None)

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        carry(site or Site(), scope)
        await app(scope, receive, send)

    config = uvicorn.Config(
        serve,
        host="127.0.0.1",
        port=0,
        ws="none",
        lifespan="off",
        log_config=None,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        server.should_exit = True
        await pages.aclose()
        await asyncio.wait_for(task, WAIT_S)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.005)


class Events:
    """The events of one stream, as a browser reads them."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = lines(response)

    async def board(self) -> str:
        """The data of the next table."""
        event, data = await self._event()
        return data if event == "board" else await self.board()

    async def here(self) -> None:
        """Wait until the server says that it is there."""
        while (await self._event())[0] != "here":
            pass

    async def end(self) -> None:
        async with asyncio.timeout(WAIT_S):
            async for _ in self._lines:
                pass

    async def _event(self) -> tuple[str, str]:
        event, data = "", []
        async with asyncio.timeout(WAIT_S):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                if field == "event":
                    event = value
                elif field == "data":
                    data.append(value)
                elif not line and (event or data):
                    return event, "\n".join(data)
        raise EOFError


async def lines(response: httpx.Response) -> AsyncIterator[str]:
    """Lines as the standard of server-sent events knows them; httpx splits at more."""
    rest = ""
    async for text in response.aiter_text():
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            yield line


@pytest.fixture
def rooms() -> Rooms:
    return Rooms()


@pytest.fixture
async def pages(rooms: Rooms) -> StatsPages:
    return StatsPages(rooms, heartbeat_s=WAIT_S, interval_s=0.01, stream_limit=3)


@pytest.fixture
async def client(pages: StatsPages) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(pages) as client:
        yield client


@asynccontextmanager
async def listening(
    client: httpx.AsyncClient, room: int = ROOM, language: str = "en"
) -> AsyncIterator[Events]:
    address = f"/roomstats/{room}/events?language={language}"
    async with client.stream("GET", address) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield Events(response)


def test_a_board_has_a_row_per_student_and_a_column_per_task() -> None:
    steps: dict[str, Status] = {"1": "DONE", "2": "ACCEPTED", "3": "HELP"}
    board = make_board(
        Stats(
            ["theory", "1", "2", "3"],
            [StudentProgress("Аня", steps), StudentProgress("Ben", {"theory": "DONE"})],
        )
    )
    assert board is not None
    assert board.tasks == ["1", "2", "3"]
    assert [(row.name, row.percent) for row in board.rows] == [("Аня", 66), ("Ben", 0)]
    assert [(cell.sign, cell.status) for cell in board.rows[0].cells] == [
        ("✅", "DONE"),
        ("✅", "ACCEPTED"),
        ("?", "HELP"),
    ]
    assert [cell.status for cell in board.rows[1].cells] == ["NONE"] * 3
    assert board.percent == 33


@pytest.mark.parametrize(
    "stats",
    [
        pytest.param(None, id="no figures"),
        pytest.param(Stats(["1"], []), id="no students"),
        pytest.param(Stats(["theory"], [StudentProgress("A", {})]), id="no tasks"),
    ],
)
def test_there_is_no_board_without_students_or_tasks(stats: Stats | None) -> None:
    assert make_board(stats) is None


async def test_the_page_shows_ticks_and_percentages(
    client: httpx.AsyncClient, rooms: Rooms
) -> None:
    rooms.put(ROOM, {"Anna": {"1": "DONE", "2": "ACCEPTED"}, "Ben": {"1": "IN_PROGRESS"}})
    page = await client.get(f"/roomstats/{ROOM}")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.count('data-status="DONE"') == 1
    assert page.text.count('<span class="sign" aria-hidden="true">✅</span>') == 2
    assert "<span>66%</span>" in page.text
    assert "<span>0%</span>" in page.text


async def test_names_are_text_and_never_markup(client: httpx.AsyncClient, rooms: Rooms) -> None:
    rooms.put(ROOM, {'<script>alert("x")</script>': {"1": "DONE"}})
    page = await client.get(f"/roomstats/{ROOM}")
    async with listening(client) as events:
        for html in (page.text, await events.board()):
            assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;" in html
            assert "<script>" not in html


@pytest.mark.parametrize("room", ["654321", "0", "abc", "-1", "1e5", "١٢٣", "²", "9" * 40, "<b>"])
async def test_a_room_without_figures_is_a_page_that_says_so(
    client: httpx.AsyncClient, room: str
) -> None:
    page = await client.get(f"/roomstats/{room}")
    assert page.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    shown = room.replace("<", "&lt;").replace(">", "&gt;")
    assert f'<span class="number">{shown}</span>' in page.text
    assert "There is no such room, or none of its students" in page.text


@pytest.mark.parametrize(
    ("language", "words"),
    [("en-GB", "needs help"), ("pt-BR", "precisa de ajuda"), ("ru", "нужна помощь")],
)
async def test_the_page_and_its_table_speak_the_language_of_the_browser(
    client: httpx.AsyncClient, rooms: Rooms, language: str, words: str
) -> None:
    rooms.put(ROOM, {"Anna": {"1": "HELP"}})
    page = await client.get(f"/roomstats/{ROOM}", headers={"accept-language": language})
    code = language.partition("-")[0]
    assert f'<html lang="{code}">' in page.text
    assert words in page.text
    assert f'data-events="/roomstats/{ROOM}/events?language={code}"' in page.text
    async with listening(client, language=code) as events, listening(client) as english:
        assert words in await events.board()
        assert "needs help" in await english.board()
        rooms.put(ROOM, {"Anna": {"1": "DONE"}})
        assert 'data-status="DONE"' in await events.board()
    await until(lambda: not rooms.is_watched(ROOM))


async def test_a_table_in_a_language_that_nobody_translated_is_not_there(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get(f"/roomstats/{ROOM}/events?language=tlh")).status_code == 404


async def test_the_page_asks_for_nothing_from_elsewhere(
    client: httpx.AsyncClient, rooms: Rooms
) -> None:
    rooms.put(ROOM, {"Anna": {"1": "DONE"}})
    page = await client.get(f"/roomstats/{ROOM}")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "//" not in page.text
    assert "style=" not in page.text
    for kind, attribute in (("text/css", "href"), ("text/javascript", "src")):
        address = page.text.split(f'{attribute}="/roomstats/static/')[1].split('"')[0]
        file = await client.get(f"/roomstats/static/{address}")
        assert file.status_code == 200
        assert file.headers["content-type"] == f"{kind}; charset=utf-8"
        assert "immutable" in file.headers["cache-control"]


@pytest.mark.parametrize("name", ["roomstats.css", "nothing.js", "..%2froutes.py", "events"])
async def test_no_other_file_is_served(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/roomstats/static/{name}")).status_code == 404


async def test_the_table_comes_at_once_and_after_every_change(
    client: httpx.AsyncClient, rooms: Rooms
) -> None:
    rooms.put(ROOM, {"Anna": {"1": "HELP"}})
    async with listening(client) as events:
        assert 'data-status="HELP"' in await events.board()
        rooms.put(ROOM, {"Anna": {"1": "DONE"}})
        assert 'data-status="DONE"' in await events.board()
        rooms.put(ROOM, {"Anna": {"1": "ACCEPTED"}, "Ben": {}})
        assert "Ben" in await events.board()


async def test_a_room_that_begins_later_appears_by_itself(
    client: httpx.AsyncClient, rooms: Rooms
) -> None:
    rooms.empty.add(ROOM)
    async with listening(client) as events:
        assert "Nothing to show yet" in await events.board()
        rooms.put(ROOM, {"Anna": {"1": "DONE"}})
        assert "Anna" in await events.board()


async def test_a_name_with_line_breaks_does_not_break_the_stream(
    client: httpx.AsyncClient, rooms: Rooms
) -> None:
    rooms.put(ROOM, {"a\r\rb\r\nevent: x\n\nc\u2028d": {"1": "DONE"}})
    async with listening(client) as events:
        assert "a\n\nb\nevent: x\n\nc\u2028d" in await events.board()


async def test_everyone_who_looks_shares_one_rendering(
    client: httpx.AsyncClient, rooms: Rooms
) -> None:
    rooms.put(ROOM, {"Anna": {"1": "HELP"}})
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(listening(client)) for _ in range(3)]
        assert len({await events.board() for events in streams}) == 1
        asked = rooms.asked
        rooms.put(ROOM, {"Anna": {"1": "DONE"}})
        for events in streams:
            assert "DONE" in await events.board()
        assert rooms.asked == asked + 1
        assert len(rooms.watchers[ROOM]) == 1


async def test_a_change_that_shows_nothing_new_is_not_sent(
    client: httpx.AsyncClient, rooms: Rooms
) -> None:
    rooms.put(ROOM, {"Anna": {"1": "HELP"}})
    async with listening(client) as events:
        await events.board()
        asked = rooms.asked
        rooms.put(ROOM, {"Anna": {"1": "HELP", "theory": "DONE"}})
        await until(lambda: rooms.asked > asked)
        rooms.put(ROOM, {"Anna": {"1": "DONE"}})
        assert "DONE" in await events.board()


async def test_a_quick_row_of_changes_ends_with_the_last_one(rooms: Rooms) -> None:
    rooms.empty.add(ROOM)
    pages = StatsPages(rooms, interval_s=0.2)
    async with serving(pages) as client, listening(client) as events:
        await events.board()
        asked = rooms.asked
        for number in range(100):
            rooms.put(ROOM, {f"Anna {number}": {"1": "DONE"}})
            await asyncio.sleep(0)
        while "Anna 99" not in await events.board():
            pass
        assert rooms.asked - asked <= 2


async def test_a_silent_stream_has_a_heartbeat(rooms: Rooms) -> None:
    rooms.empty.add(ROOM)
    pages = StatsPages(rooms, heartbeat_s=0.02)
    async with serving(pages) as client, listening(client) as events:
        await events.here()
        await events.here()


async def test_nobody_is_asked_while_nothing_changes(rooms: Rooms) -> None:
    rooms.empty.add(ROOM)
    pages = StatsPages(rooms, heartbeat_s=0.1, interval_s=0.001)
    async with serving(pages) as client, listening(client) as events:
        await events.board()
        rooms.put(ROOM, {"Anna": {"1": "DONE"}})
        await events.board()
        asked = rooms.asked
        await events.here()
        assert rooms.asked == asked


async def test_the_last_reader_who_leaves_ends_the_watching(
    client: httpx.AsyncClient, rooms: Rooms
) -> None:
    rooms.empty.add(ROOM)
    async with listening(client) as stays:
        async with listening(client) as leaves:
            await leaves.board()
        await stays.board()
        rooms.put(ROOM, {"Anna": {"1": "DONE"}})
        assert "Anna" in await stays.board()
        assert rooms.is_watched(ROOM)
    await until(lambda: not rooms.is_watched(ROOM))
    async with listening(client) as again:
        assert "Anna" in await again.board()


async def test_shutting_down_ends_the_streams(
    client: httpx.AsyncClient, pages: StatsPages, rooms: Rooms
) -> None:
    rooms.empty.add(ROOM)
    async with listening(client) as events:
        await events.board()
        await pages.aclose()
        await events.end()
    assert not rooms.is_watched(ROOM)
    assert (await client.get(f"/roomstats/{ROOM}/events")).status_code == 503


async def test_too_many_streams_are_refused_until_one_ends(
    client: httpx.AsyncClient, rooms: Rooms
) -> None:
    rooms.empty.add(ROOM)
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(listening(client)) for _ in range(3)]
        for events in streams:
            await events.board()
        assert (await client.get(f"/roomstats/{ROOM}/events")).status_code == 503

    async def is_taken_again() -> bool:
        async with client.stream("GET", f"/roomstats/{ROOM}/events") as response:
            return response.status_code == 200

    async with asyncio.timeout(WAIT_S):
        while not await is_taken_again():
            await asyncio.sleep(0.005)


async def test_events_of_what_cannot_be_a_room_are_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/roomstats/abc/events")).status_code == 404


async def test_a_failure_is_logged_and_ends_the_stream_so_that_the_browser_comes_back(
    client: httpx.AsyncClient, rooms: Rooms, caplog: pytest.LogCaptureFixture
) -> None:
    rooms.empty.add(ROOM)
    async with listening(client) as events:
        await events.board()
        rooms.failure = OSError("the disk is gone")
        with caplog.at_level(logging.ERROR, "quad.classroom.routes"):
            rooms.put(ROOM, {"Anna": {"1": "DONE"}})
            await events.end()
    assert f"the results of room {ROOM} failed" in caplog.text
    assert "the disk is gone" in caplog.text
    rooms.failure = None
    async with listening(client) as events:
        assert "Anna" in await events.board()


async def test_the_page_tells_no_ids(client: httpx.AsyncClient, rooms: Rooms) -> None:
    rooms.put(ROOM, {"Anna": {"1": "DONE"}})
    page = (await client.get(f"/roomstats/{ROOM}")).text
    assert 'data-student="Anna"' in page
    assert "user_id" not in page


async def test_unknown_rooms_are_wrong_numbers_and_too_many_of_them_are_refused(
    rooms: Rooms,
) -> None:
    guesses = Guesses("classroom.number", TooManyFailedJoins, rate_per_s=0.01, burst=4)
    rooms.put(ROOM, {"Anna": {"1": "DONE"}})
    rooms.empty.add(222_222)
    pages = StatsPages(rooms, guesses)
    async with serving(pages) as client:
        for _ in range(10):
            assert (await client.get(f"/roomstats/{ROOM}")).status_code == 200
            assert (await client.get("/roomstats/222222")).status_code == 404
        for path in ("111111", "111111/events", "abc", "333333"):
            assert (await client.get(f"/roomstats/{path}")).status_code == 404
        for path in ("111111", f"{ROOM}", f"{ROOM}/events", "abc/events"):
            answer = await client.get(f"/roomstats/{path}")
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) > 0


async def test_behind_a_trusted_proxy_wrong_numbers_are_those_of_who_asked(rooms: Rooms) -> None:
    guesses = Guesses("classroom.number", TooManyFailedJoins, rate_per_s=0.01, burst=1)
    rooms.put(ROOM, {"Anna": {"1": "DONE"}})
    site = Site(trusted_proxies=(parse_network("127.0.0.1"),))

    expected = [
        ("2001:db8:1::1", "111111", 404),
        ("2001:db8:1::2", f"{ROOM}", 429),
        ("2001:db8:2::1", "111111/events", 404),
        ("2001:db8:2::2", f"{ROOM}/events", 429),
        ("203.0.113.1", f"{ROOM}", 200),
        ("203.0.113.1", f"{ROOM}/events", 200),
    ]
    async with serving(StatsPages(rooms, guesses), site) as http:
        for address, path, status in expected:
            headers = {"X-Forwarded-For": address}
            async with http.stream("GET", f"/roomstats/{path}", headers=headers) as response:
                assert response.status_code == status
