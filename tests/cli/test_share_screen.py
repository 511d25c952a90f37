"""The full screen of `quad share`, driven by keys, against a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, RichLog, Static

from quad.cli.failures import Failed
from quad.cli.share.folder import Folder
from quad.cli.share.memory import Memories
from quad.cli.share.screen import Asked, Screen
from tests.classroom.school import enter, exercise
from tests.cli.remote_server import serving_quad
from tests.cli.share_class import PATIENCE_S, Teacher, teaching
from tests.cli.test_share_folder import write
from tests.process import ServerProcess


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_quad(tmp_path_factory.mktemp("screen")) as server:
        yield server


@asynccontextmanager
async def at_screen(
    teacher: Teacher, root: Path, state: Path, *, may_record: bool | None = False
) -> AsyncIterator[tuple[Screen, Pilot[None]]]:
    screen = Screen(teacher.place, "Ann", Folder(root), Memories(state), may_record=may_record)
    async with screen.run_test(size=(110, 34)) as pilot:
        yield screen, pilot


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await pilot.pause(0.01)


def log(screen: Screen, part: str) -> str:
    return "\n".join(line.text.rstrip() for line in screen.query_one(part, RichLog).lines)


def shown(screen: Screen, part: str) -> str:
    return str(screen.query_one(part, Static).content)


async def test_a_lesson_is_attended_with_keys(server: ServerProcess, tmp_path: Path) -> None:
    root = write(tmp_path / "folder", {"a.py": "1", "b.png": b"\x00"})
    async with teaching(server.url) as teacher:
        tasks = [exercise("theory", "<h2>Loops</h2>"), exercise("1", "<p>Add</p>")]
        await teacher.peer.emit("steps/all", tasks)
        async with at_screen(teacher, root, tmp_path / "state") as (screen, pilot):
            user_id = await teacher.expect_student("Ann")
            options = screen.query_one("#tasks", OptionList)
            await until(pilot, lambda: options.option_count == 2)
            assert f"Room {teacher.room}   Ann" in shown(screen, "#place")
            assert "connected" in shown(screen, "#link")
            assert not screen.query_one("#watching").display
            assert shown(screen, "#text") == "Loops"

            # The next task is read, and marked.
            await pilot.press("down")
            await until(pilot, lambda: shown(screen, "#text") == "Add")
            await pilot.press("d")
            reported = await teacher.peer.expect("steps/status/to_mentor")
            assert reported["steps"] == {"1": "DONE"}
            assert "Task 1  done" in str(options.get_option_at_index(1).prompt)
            assert options.highlighted == 1

            # The sign comes and goes.
            await teacher.watch(user_id)
            await until(pilot, lambda: screen.query_one("#watching").display)
            await until(pilot, lambda: "1 file; 1 left out" in log(screen, "#folder"))
            await teacher.emit("sharing/end")
            await until(pilot, lambda: not screen.query_one("#watching").display)

            # Letters are a message there, not keys.
            await pilot.press("m", *"hidden", "enter")
            assert (await teacher.peer.expect("message/to_mentor"))["content"] == "hidden"
            await teacher.emit("message/to_client", user_id=user_id, content="[b]fine[/b]")
            await until(pilot, lambda: "Teacher  [b]fine[/b]" in log(screen, "#talk"))
            assert "You  hidden" in log(screen, "#talk")
            await pilot.press("escape", "f")
            await until(
                pilot, lambda: "not text in UTF-8: 1 (b.png, 1 bytes)" in log(screen, "#talk")
            )

            screen.query_one("#input", Input).focus()
            await pilot.press(*"/quit", "enter")
            await until(pilot, lambda: not screen.is_running)
        assert screen.failure is None
        assert screen.farewell.startswith("No longer in the class")


async def test_a_question_lies_over_the_screen_and_is_answered_by_a_key(
    server: ServerProcess, tmp_path: Path
) -> None:
    root = write(tmp_path / "folder", {"a.py": "mine"})
    task = {"id": "t", "title": "Add", "files": [{"filename": "a.py", "content": "theirs"}]}
    async with (
        teaching(server.url, 3) as teacher,
        at_screen(teacher, root, tmp_path / "state") as (screen, pilot),
    ):
        await teacher.peer.call("tasks/set", {"tasks": [task], "rev": 0})
        await until(pilot, lambda: screen.query_one("#tasks", OptionList).option_count == 1)
        for keys in (["escape"], ["down", "enter"]):
            assert (root / "a.py").read_text() == "mine"
            await pilot.press("escape", "m", *"/start 1 --again", "enter")
            await until(pilot, lambda: isinstance(screen.screen, Asked))
            await pilot.press(*keys)
            await until(pilot, lambda: not isinstance(screen.screen, Asked))
        await until(pilot, lambda: "kept a.py as a.py.before" in log(screen, "#talk"))


async def test_whoever_may_be_recorded_is_asked_once_and_sees_it(
    server: ServerProcess, tmp_path: Path
) -> None:
    root, state = write(tmp_path / "folder", {"a.py": "1"}), tmp_path / "state"
    async with teaching(server.url, 3) as teacher:
        async with at_screen(teacher, root, state, may_record=None) as (screen, pilot):
            await until(pilot, lambda: isinstance(screen.screen, Asked))
            # The class goes on below, and no letter that is typed just now is an answer.
            await teacher.peer.call("notice/send", {"content": "Hello", "key": "k"})
            await pilot.press("y")
            below = screen.screen_stack[0].query_one("#talk", RichLog)
            await until(pilot, lambda: any("Hello" in line.text for line in below.lines))
            assert isinstance(screen.screen, Asked)
            await pilot.press("down", "enter")
            await until(pilot, lambda: not isinstance(screen.screen, Asked))
            await until(pilot, lambda: "recorded" in shown(screen, "#link"))
            await until(pilot, lambda: "Recorded the folder: 1 file" in log(screen, "#folder"))
            await teacher.peer.call("rules/set", {"is_recorded": False})
            await until(pilot, lambda: "recorded" not in shown(screen, "#link"))
            await teacher.peer.call("rules/set", {"is_recorded": True})
        async with at_screen(teacher, root, state, may_record=None) as (screen, pilot):
            await until(pilot, lambda: "recorded" in shown(screen, "#link"))


async def test_what_is_read_stays_when_tasks_come_anew_and_a_narrow_terminal_has_room(
    server: ServerProcess, tmp_path: Path
) -> None:
    tasks = [{"id": name, "title": name, "content": name} for name in ("one", "two")]
    async with (
        teaching(server.url, 3) as teacher,
        at_screen(teacher, tmp_path, tmp_path / "state") as (screen, pilot),
    ):
        await teacher.peer.call("tasks/set", {"tasks": tasks, "rev": 0})
        options = screen.query_one("#tasks", OptionList)
        await until(pilot, lambda: options.option_count == 2)
        await pilot.press("down")
        await until(pilot, lambda: shown(screen, "#text") == "two")
        moved = [{"id": "new"}, tasks[0], {**tasks[1], "content": "two more"}]
        await teacher.peer.call("tasks/set", {"tasks": moved, "rev": 1})
        await until(pilot, lambda: options.option_count == 3)
        assert (options.highlighted, shown(screen, "#text")) == (2, "two more")
        await pilot.resize_terminal(40, 24)
        await until(pilot, lambda: screen.query_one("#talk").size.width > 30)
        assert screen.query_one("#task").size.width > 30


async def test_the_end_of_the_class_ends_the_screen(server: ServerProcess, tmp_path: Path) -> None:
    async with teaching(server.url) as teacher:
        async with at_screen(teacher, tmp_path, tmp_path / "state") as (screen, pilot):
            await teacher.expect_student("Ann")
            await teacher.emit("room/close")
            await until(pilot, lambda: not screen.is_running)
        assert screen.farewell == "The teacher has closed the room."
        async with at_screen(teacher, tmp_path, tmp_path / "state") as (screen, pilot):
            await until(pilot, lambda: not screen.is_running)
        assert isinstance(screen.failure, Failed)
        assert "there is no room" in str(screen.failure)


async def test_a_narrower_terminal_shows_earlier_messages_whole(
    server: ServerProcess, tmp_path: Path
) -> None:
    words = [f"word{number}" for number in range(40)]
    async with (
        teaching(server.url) as teacher,
        at_screen(teacher, tmp_path, tmp_path / "state") as (screen, pilot),
    ):
        user_id = await teacher.expect_student("Ann")
        await teacher.emit("message/to_client", user_id=user_id, content=" ".join(words))
        await until(pilot, lambda: "word39" in log(screen, "#talk"))
        talk = screen.query_one("#talk", RichLog)
        for width in (50, 140, 70):
            await pilot.resize_terminal(width, 34)
            await until(pilot, lambda: _fits(talk))
            said = log(screen, "#talk").split()
            assert [word for word in said if word.startswith("word")] == words
        assert talk.size.width < 60


def _fits(talk: RichLog) -> bool:
    width = talk.scrollable_content_region.width
    longest = max(len(line.text.rstrip()) for line in talk.lines)
    # Neither cut nor broken earlier than it has to be.
    return width - 8 < longest <= width


async def test_the_screen_says_that_the_teacher_is_away_and_gives_theory_no_status(
    server: ServerProcess, tmp_path: Path
) -> None:
    async with teaching(server.url) as teacher:
        await teacher.peer.emit("steps/all", [exercise("theory", "Read"), exercise("1", "Add")])
        async with at_screen(teacher, tmp_path, tmp_path / "state") as (screen, pilot):
            await teacher.expect_student("Ann")
            options = screen.query_one("#tasks", OptionList)
            await until(pilot, lambda: options.option_count == 2)
            # Theory is read: who needs help there needs it with no task. The same key ends it.
            await pilot.press("h")
            assert (await teacher.peer.expect("signal"))["value"] == "HELP"
            known = "!  Your teacher knows that you need help: you are next"
            await until(pilot, lambda: shown(screen, "#call") == known)
            assert screen.query_one("#call").display
            await pilot.press("h")
            assert (await teacher.peer.expect("signal"))["value"] == "IN_PROGRESS"
            assert not screen.query_one("#call").display
            rows = [str(options.get_option_at_index(place).prompt) for place in (0, 1)]
            assert rows == ["  Theory", "○ Task 1  "]
            assert "away" not in shown(screen, "#place")
            await teacher.peer.close()
            await until(pilot, lambda: "the teacher is away" in shown(screen, "#place"))
            again = await enter(server.url)
            request = {"room_id": teacher.room, "user_id": teacher.user_id, "protocol": 2}
            await again.emit("room/rehost", {**request, "token": teacher.token})
            await until(pilot, lambda: "away" not in shown(screen, "#place"))
            await again.close()
