"""The examples of docs/how-to/alert.md do what the page says."""

import asyncio
import json
import os
import re
import shutil
import sys

import pytest

from quad.settings import fields
from tests.alert.hall import PATIENCE_S, Hall
from tests.process import ROOT

PAGE = ROOT / "docs/how-to/alert.md"
ADDRESS = "http://localhost:8000"


def commands() -> list[str]:
    page = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", page, re.S)
    lines = [line for block in blocks for line in block.replace("\\\n", "").splitlines()]
    (cron,) = re.findall(r"```cron\n\S+ \S+ \S+ \S+ \S+\s+(.*?)\n```", page)
    return [*lines, cron]


@pytest.fixture
def curl() -> str:
    found = shutil.which("curl")
    if found is None:
        how = "no curl: apt-get install curl"
        if os.environ.get("CI") == "true":
            pytest.fail(how)
        pytest.skip(how)
    return found


async def output_of(command: str) -> str:
    process = await asyncio.create_subprocess_shell(command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


async def test_every_command_of_the_page_alerts_the_room(hall: Hall, curl: str) -> None:
    member = await hall.member("alice", "R101")
    answers = [await output_of(line.replace(ADDRESS, hall.url)) for line in commands()]
    posts = [answer for answer in answers if answer.startswith("{")]
    reads = [answer for answer in answers if answer.startswith("[")]
    assert posts == ['{"delivered":1}'] * 4
    assert [len(json.loads(read)) for read in reads] == [3, 3]
    text = "Class ends in 5 minutes"
    assert await member.texts() == [
        f"ALERT: {text}",
        f"OFFICE: {text}",
        f"OFFICE: {text}",
        f"ALERT: {text}",
    ]


async def test_the_display_of_the_examples_prints_what_is_said(hall: Hall) -> None:
    alice = await hall.member("alice", "R101")
    await alice.say("before")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "examples/alert_display.py"), hall.url, "R101"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(2 * PATIENCE_S):
            lines = [(await process.stdout.readline()).decode().strip() for _ in range(2)]
            await alice.say("after")
            lines.append((await process.stdout.readline()).decode().strip())
    finally:
        process.kill()
        await process.wait()
    assert lines[0].endswith("ALICE: before")
    assert lines[1:] == ["DISPLAY has joined the chat!", "ALICE: after"]


def test_the_settings_that_the_page_names_are_settings() -> None:
    named = re.findall(r"`(alert\.\w+)`", PAGE.read_text(encoding="utf-8"))
    assert named
    assert {*named} <= {*fields()}
