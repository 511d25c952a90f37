"""docs/reference/chat.md says what the chat does."""

import json
import re
from typing import Any

import quad.chat.refusals
from quad.realtime import Refused, UnknownEvent
from quad.realtime.errors import Internal
from tests.chat.phones import Station
from tests.process import ROOT

PAGE = (ROOT / "docs/reference/chat.md").read_text(encoding="utf-8")
ANY = "…"


def examples() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    found = re.findall(r"```chat\n→ (.*)\n← (.*)\n```", PAGE)
    return [(_read(said), _read(answered)) for said, answered in found]


def _read(example: str) -> dict[str, Any]:
    """What stands for some list or object stands for anything."""
    shown: dict[str, Any] = json.loads(re.sub(r"\[…\]|\{…\}", '"…"', example))
    return shown


def _fits(told: Any, expected: Any) -> bool:
    match expected:
        case dict():
            return list(told) == list(expected) and all(
                _fits(told[key], expected[key]) for key in expected
            )
        case list():
            return len(told) == len(expected) and all(map(_fits, told, expected))
        case _:
            return bool(expected == ANY or told == expected)


async def test_every_example_of_the_page_happens_in_its_order(station: Station) -> None:
    ben = await station.connect("222")
    await ben.register("Ben")
    ann = await station.connect()
    answers = []
    for said, expected in examples():
        await ann.say_text(json.dumps(said))
        answer = await ann.hear()
        answers.append(answer["type"])
        assert _fits(answer, expected), (answer, expected)
    assert answers == [
        "state",
        "new_member",
        "new_member",
        "message",
        "history",
        "member_removed",
        "chat_deleted",
        "token",
        "error",
    ]


def test_every_code_is_on_the_page() -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) - {"code"}
    known = {
        each.code
        for each in vars(quad.chat.refusals).values()
        if isinstance(each, type) and issubclass(each, Refused) and each is not Refused
    }
    assert listed == known | {Internal.code, UnknownEvent.code}
