"""Passes: from one device to another, and from a browser that has lost its token."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quad.cli.failures import Failed
from quad.cli.share.memory import Ticket, read_code, read_pass
from tests.classroom.school import enter
from tests.cli.remote_server import serving_quad
from tests.cli.share_class import Student, sharing, teaching
from tests.patience import patience
from tests.process import ServerProcess


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_quad(tmp_path_factory.mktemp("passes")) as server:
        yield server


async def ended(student: Student, words: str) -> None:
    with pytest.raises(Failed, match=words):
        await asyncio.wait_for(student.staying, patience(5))


async def test_a_pass_opens_the_same_place_once_on_another_device(
    server: ServerProcess, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    async with (
        teaching(server.url, 3) as teacher,
        sharing(teacher.place, tmp_path, here) as first,
    ):
        first.visit.say("from here")
        await first.visit.finish()
        answer = (await first.type("/pass")).text
        typed = answer.split()[0]
        assert f"quad share --room {teacher.place.link} --pass {typed}" in answer
        async with sharing(teacher.place, tmp_path, there, "", typed_pass=typed) as second:
            await ended(first, "another connection has taken the place of Ann")
            desk = second.desk
            await desk.wait(lambda: "from here" in desk.notes)
            assert (desk.lesson.name, second.user_id) == ("Ann", first.user_id)
            second.visit.say("from there")
            assert (await teacher.peer.expect("message/to_mentor"))["content"] == "from here"
            message = await teacher.peer.expect("message/to_mentor")
            assert (message["content"], message["sender"]) == ("from there", first.user_id)
        # From now on the name is enough.
        async with sharing(teacher.place, tmp_path, there) as again:
            assert again.user_id == first.user_id
        async with sharing(teacher.place, tmp_path, there, "", typed_pass=typed) as late:
            await ended(late, f"{typed} opens no place in room {teacher.room} now")


async def test_what_waited_here_is_sent_by_whoever_comes_back_with_a_pass(
    server: ServerProcess, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    async with teaching(server.url, 3) as teacher:
        async with sharing(teacher.place, tmp_path, state, may_record=True) as student:
            user_id = student.user_id
            [given] = await teacher.peer.call("room/pass", {"user_id": user_id})
            await student.quit()
            # Nobody is connected.
            student.visit.say("still waiting")
            assert (await student.type("/pass")).text.startswith("There is no connection")
        async with sharing(teacher.place, tmp_path, state, "", typed_pass=given["pass"]) as back:
            message = await teacher.peer.expect("message/to_mentor")
            assert (message["content"], message["sender"]) == ("still waiting", user_id)
            assert back.desk.lesson.may_record


async def test_the_command_needs_no_name_with_a_pass(server: ServerProcess, tmp_path: Path) -> None:
    async with teaching(server.url, 3) as teacher:
        browser = await enter(server.url)
        join = {"room_id": teacher.room, "name": "Ann", "protocol": 3}
        await browser.call("room/join", join)
        [given] = await browser.call("room/pass", {})
        typed = f"{given['pass'][:4]}-{given['pass'][4:]}".lower()
        done = await asyncio.to_thread(
            subprocess.run,
            [
                *(sys.executable, "-m", "quad", "share", str(tmp_path), "--room"),
                *(teacher.place.link, "--pass", typed, "--no-record"),
            ],
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
            input="/quit\n",
            capture_output=True,
            text=True,
            check=True,
        )
        assert f"You are in room {teacher.room} as Ann." in done.stdout
        assert (await browser.expect("alerts"))["code"] == "place_taken"
        await browser.close()


@pytest.mark.parametrize(
    ("text", "is_pass", "is_code"),
    [
        (" abcd-2345 ", True, False),
        ("2345 abcd", True, False),
        ("2345ABC", False, False),
        (f"7-{'x' * 43}", False, True),
        ("x-y", False, False),
    ],
)
def test_a_pass_and_a_code_are_told_apart(text: str, is_pass: bool, is_code: bool) -> None:
    assert (read_pass(text) is not None) == is_pass
    assert isinstance(read_code(text), Ticket) == is_code
