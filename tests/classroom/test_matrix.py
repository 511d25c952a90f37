"""Every event against everybody who may not send it: each is refused alone, and nothing changes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from quad.server import serving
from quad.settings import Settings
from tests.classroom.school import Peer, School, code, enter, events, exercise

HOSTS: dict[str, Any] = {
    "room/kill": {"user_id": "STUDENT", "is_barred": True},
    "room/close": {"room_id": "ROOM"},
    "door/set": {"state": "locked"},
    "rules/set": {"has_results_page": False},
    "message/to_client": {"room_id": "ROOM", "user_id": "STUDENT", "content": "x", "key": "k"},
    "message/user": {"user_id": "STUDENT"},
    "notice/send": {"room_id": "ROOM", "content": "x", "key": "k"},
    "settings": {"files_to_ignore": "x"},
    "sharing/start": {"room_id": "ROOM", "user_id": "STUDENT"},
    "sharing/end": {"room_id": "ROOM"},
    "steps/all": [exercise("1", "x")],
    "steps/status/to_client": {"user_id": "STUDENT", "steps": {"1": "ACCEPTED"}},
    "steps/import": {"url": "https://x.notion.site/1"},
    "steps/table": {},
    "tasks/set": {"room_id": "ROOM", "tasks": [], "rev": 0},
    "tasks/review": {"user_id": "STUDENT", "statuses": {}},
    "tasks/reveal": {"room_id": "ROOM", "task": "x"},
    "exercise": {"content": "x"},
    "exercise/feedback": {"room_id": "ROOM", "user_id": "STUDENT", "accepted": True},
    "exercise/reset": {},
    "help/take": {"user_id": "STUDENT"},
    "help/done": {"user_id": "STUDENT", "is_helped": True},
}
STUDENTS: dict[str, Any] = {
    "room/leave": {"room_id": "ROOM"},
    "message/to_mentor": {"room_id": "ROOM", "content": "x", "key": "k"},
    "sharing/code_send": {"room_id": "ROOM", "files": [code("a", "x")]},
    "sharing/code_update": {"room_id": "ROOM", "files": [code("a", "x")]},
    "sharing/left_out": {
        "room_id": "ROOM",
        "files": [{"filename": "a", "why": "too_large", "size": 1}],
    },
    "steps/status/to_mentor": {"1": "HELP"},
    "tasks/report": {"room_id": "ROOM", "statuses": {}},
    "signal": {"user_id": "STUDENT", "value": "HELP"},
    "help/ask": {"room_id": "ROOM"},
    "run/report": {"room_id": "ROOM", "run": "1", "filename": "a.py", "state": "running"},
    "checks/report": {"room_id": "ROOM", "task": "1", "rev": 0, "passed": ["a"], "failed": []},
    "help/pause": {"room_id": "ROOM", "is_paused": True},
    "help/cancel": {"room_id": "ROOM"},
}
ANYBODY: dict[str, Any] = {
    "error/from_client": {"room_id": "ROOM", "content": "x"},
    "room/pass": {"user_id": "STUDENT"},
}
# What is entered by, and what a key alone opens: see `test_keys`.
ENTRIES = {
    "room/create",
    "room/join",
    "room/rejoin",
    "room/rehost",
    "teacher/open",
    "teacher/rekey",
    "sets/save",
    "sets/load",
    "sets/delete",
}
# Of these a host may read what a student may not, and the other way round: see `test_messages`.
OWN = {"message/user"}


class Campus:
    """Two classes, and somebody in none."""

    def __init__(self) -> None:
        self.peers: dict[str, Peer] = {}
        self.ids: dict[str, int] = {}

    async def heard_by_others(self, sender: Peer) -> list[str]:
        """What everybody but the sender has heard."""
        heard: list[str] = []
        for peer in self.peers.values():
            if peer is not sender:
                heard += events(await peer.take())
        return heard

    def filled(self, payload: Any) -> Any:
        if not isinstance(payload, dict):
            return payload
        return {
            key: self.ids.get(value, value) if isinstance(value, str) else value
            for key, value in payload.items()
        }


@pytest.fixture
async def campus(school: School) -> Campus:
    campus = Campus()
    for prefix, protocol in (("", 1), ("other ", 2)):
        teacher, room = await school.teacher(f"{prefix}teacher", protocol=protocol)
        student, joined = await school.student(room["id"], "Ann", protocol=protocol)
        campus.peers |= {f"{prefix}teacher": teacher, f"{prefix}student": student}
        if not prefix:
            campus.ids = {"ROOM": room["id"], "STUDENT": joined["user_id"], "HOST": room["host"]}
    campus.peers["nobody"] = await school.peer()
    for peer in campus.peers.values():
        await peer.take()
    return campus


def test_the_matrix_knows_every_event(school: School) -> None:
    handled = set(school.service.rooms._server.namespace("/").handlers) - {"test/settle"}
    assert handled == {*HOSTS, *STUDENTS, *ANYBODY, *ENTRIES}


WRONG = [
    *((event, sender) for event in HOSTS for sender in ("student", "other student", "nobody")),
    *((event, sender) for event in STUDENTS for sender in ("teacher", "other teacher", "nobody")),
    *(
        (event, f"other {role}")
        for role, kind in (("teacher", HOSTS), ("student", STUDENTS))
        for event, payload in kind.items()
        # The others name neither the room nor anybody in it: they are about the sender's own.
        if isinstance(payload, dict) and {"room_id", "user_id"} & set(payload)
    ),
    *((event, "nobody") for event in ANYBODY),
]


@pytest.mark.parametrize(("event", "sender"), sorted(set(WRONG)))
async def test_only_the_right_one_may(campus: Campus, event: str, sender: str) -> None:
    if event in OWN and sender == "student":
        pytest.skip("its own")
    peer = campus.peers[sender]
    payload = campus.filled({**HOSTS, **STUDENTS, **ANYBODY}[event])
    await peer.emit(event, payload)
    heard = [name for name in events(await peer.take()) if name not in ("alerts", "alert")]
    assert heard == ["error"]
    assert await campus.heard_by_others(peer) == []
    assert not any(each.is_closed.is_set() for each in campus.peers.values())


@pytest.mark.parametrize("event", ["room/rejoin", "room/rehost", "room/join"])
@pytest.mark.parametrize("token", ["x", "A" * 43, "", "\x00", "ключ"])
async def test_no_other_credential_opens_a_place(campus: Campus, event: str, token: str) -> None:
    peer = campus.peers["nobody"]
    user = campus.ids["HOST" if event == "room/rehost" else "STUDENT"]
    request = {"room_id": campus.ids["ROOM"], "user_id": user, "token": token, "protocol": 2}
    await peer.emit(event, request)
    heard = await peer.take()
    assert events(heard) == ["error"]
    assert heard[0][1]["code"] == "wrong_token"
    assert await campus.heard_by_others(peer) == []


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[str]:
    settings = Settings()
    settings = Settings(
        server=type(settings.server)(port=0, data=tmp_path, drain_s=0.1),
        admin=type(settings.admin)(password="correct horse battery"),
    )
    async with serving(settings) as url:
        yield url


async def test_a_token_of_the_chat_is_none_of_the_classroom(site: str) -> None:

    async with connect(site.replace("http", "ws") + "/chat/ws") as chat:
        user = {"name": "Ann", "phone": "+351911111111"}
        register = {"type": "register", "user": user, "protocol": 2}
        await chat.send(json.dumps(register))
        answer = json.loads(await chat.recv())
    text = json.dumps(answer)
    token = text.partition('"token": "')[2].partition('"')[0]
    assert len(token) > 20, text
    teacher = await enter(site, "")
    await teacher.emit("room/create", {"name": "T", "protocol": 2})
    room = await teacher.expect("room/update")
    thief = await enter(site, "")
    for event in ("room/rehost", "room/rejoin", "room/join"):
        await thief.emit(
            event, {"room_id": room["id"], "user_id": room["host"], "token": token, "protocol": 2}
        )
        assert (await thief.expect("error"))["code"] in ("wrong_token", "not_student")
    for peer in (teacher, thief):
        await peer.close()
