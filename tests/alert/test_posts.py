"""Messages without Socket.IO: curl, cron, anything that speaks HTTP."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from quad.settings import AlertSettings
from tests.alert.hall import Hall, locked, open_hall, rows

URL = "/v1/rooms/R101/messages"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


async def test_what_curl_posts_is_said_in_the_room(hall: Hall) -> None:
    members = [await hall.member(name, "R101") for name in ("alice", "bob", "bob")]
    other = await hall.member("carol", "R102")
    async with hall.browser() as curl:
        answer = await curl.post(URL, content=b"Class ends in 5 minutes", headers=FORM)
    assert (answer.status_code, answer.json()) == (200, {"delivered": 3})
    assert [(await member.texts())[-1] for member in members] == [
        "ALERT: Class ends in 5 minutes"
    ] * 3
    assert await other.take() == []


@pytest.mark.parametrize(
    ("query", "headers", "body", "line"),
    [
        pytest.param("", {}, "déjà vu\n", "ALERT: déjà vu", id="no content type"),
        pytest.param("", {"Content-Type": "text/plain"}, "a=b&c", "ALERT: a=b&c", id="plain text"),
        pytest.param("", FORM, '{"msg": 1}', 'ALERT: {"msg": 1}', id="braces in plain text"),
        pytest.param("?name=Je%C3%B1a", FORM, "hi", "JEÑA: hi", id="a name in the query"),
        pytest.param("", JSON, '{"name": "office", "msg": "hi "}', "OFFICE: hi ", id="JSON"),
        pytest.param(
            "", {"Content-Type": "application/json; charset=utf-8"},
            '{"name": "я", "msg": "ж", "more": 1}', "Я: ж", id="JSON with more",
        ),
    ],
)  # fmt: skip
async def test_a_body_is_plain_text_or_json(
    hall: Hall, query: str, headers: dict[str, str], body: str, line: str
) -> None:
    member = await hall.member("alice", "R101")
    async with hall.browser() as program:
        answer = await program.post(URL + query, content=body.encode(), headers=headers)
    assert answer.json() == {"delivered": 1}
    assert await member.texts() == [line]


async def test_a_message_to_an_empty_room_is_there_for_who_comes(
    hall: Hall, database: Path
) -> None:
    async with hall.browser() as curl:
        assert (await curl.post(URL, content=b"Welcome")).json() == {"delivered": 0}
    assert rows(database) == 1
    assert len(hall.alert.service.rooms) == 0
    alice = await hall.guest()
    await alice.join("alice", "R101")
    assert await alice.texts() == ["ALERT: Welcome", "ALICE has joined the chat!"]


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("R 101", "R%20101"),
        ("Я", "%D0%AF"),
        ("a/b", "a%2Fb"),
        ("a/b", "a/b"),
        ("classroom/1/students", "classroom%2F1%2Fstudents"),
        ("messages", "messages"),
        ("/", "%2F"),
        ("50%", "50%25"),
    ],
)
async def test_any_room_has_an_address(hall: Hall, code: str, path: str) -> None:
    member = await hall.member("alice", code)
    async with hall.browser() as curl:
        answer = await curl.post(f"/v1/rooms/{path}/messages", content=b"hi")
    assert answer.json() == {"delivered": 1}
    assert await member.texts() == ["ALERT: hi"]


@pytest.mark.parametrize("path", ["/v1/rooms/R101", "/v1/rooms/R101/", "/v1/rooms/R101/people"])
async def test_nothing_else_is_there(hall: Hall, path: str) -> None:
    async with hall.browser() as curl:
        assert (await curl.post(path, content=b"hi")).status_code == 404


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        pytest.param(FORM, b"", "bad_text", id="nothing"),
        pytest.param(FORM, b" \n", "bad_text", id="a line break"),
        pytest.param(FORM, b"\xff", "bad_text", id="no UTF-8"),
        pytest.param(FORM, b"x" * 10_001, "bad_text", id="too long"),
        pytest.param(JSON, b"hi", "bad_payload", id="no JSON"),
        pytest.param(JSON, b'{"name": "a"}', "bad_payload", id="no msg"),
        pytest.param(JSON, b'{"name": "a", "msg": 1}', "bad_payload", id="a number as msg"),
        pytest.param(JSON, b'{"msg": "hi"}', "bad_payload", id="no name"),
        pytest.param(JSON, b'{"name": " ", "msg": "hi"}', "bad_name", id="a blank name"),
        pytest.param(JSON, b'{"name": "a", "msg": ""}', "bad_text", id="empty msg"),
    ],
)
async def test_a_bad_message_is_refused_with_a_reason(
    hall: Hall, headers: dict[str, str], body: bytes, code: str
) -> None:
    member = await hall.member("alice", "R101")
    async with hall.browser() as program:
        answer = await program.post(URL, content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert answer.json()["message"].startswith("Error: ")
    assert await member.take() == []


async def test_a_room_needs_a_code_that_can_be_shown(hall: Hall) -> None:
    async with hall.browser() as program:
        for code in ("%20", "%00", "r" * 65):
            answer = await program.post(f"/v1/rooms/{code}/messages", content=b"hi")
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_room")


async def test_an_address_that_posts_too_much_waits_its_turn_and_nobody_is_refused(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = AlertSettings(posts_burst_per_address=2, posts_per_minute_per_address=1)
    async with open_hall(database, settings) as hall:
        member = await hall.member("hall", "R101")
        async with hall.browser(**{"X-Forwarded-For": "10.0.0.1"}) as pupil:
            for number in range(2):
                await pupil.post(URL, content=str(number).encode())
            fire = asyncio.create_task(pupil.post(URL, content=b"FIRE"))
            async with hall.browser(**{"X-Forwarded-For": "10.0.0.2"}) as other:
                assert (await other.post(URL, content=b"elsewhere")).status_code == 200
            assert (await fire).status_code == 200
        assert (await member.texts())[-2:] == ["ALERT: elsewhere", "ALERT: FIRE"]
    assert (
        caplog.messages.count(
            'action=alert.post result=refused address=10.0.0.1 limit="posts take turns"'
        )
        == 1
    )


async def test_an_address_with_too_many_posts_waiting_is_told_when_to_go_on(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quad.alert.system._WAITING_POSTS", 1)
    settings = AlertSettings(posts_burst_per_address=1, posts_per_minute_per_address=1)
    async with open_hall(database, settings) as hall, hall.browser() as program:
        answers = await asyncio.gather(*(program.post(URL, content=b"x") for _ in range(5)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(answer.json()["code"] == "rate_limited" for answer in refused)
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)


async def test_without_limits_nobody_is_held_back(database: Path) -> None:
    settings = AlertSettings(posts_burst_per_address=1, posts_per_minute_per_address=1)
    async with open_hall(database, settings, is_limited=False) as hall, hall.browser() as program:
        for _ in range(3):
            assert (await program.post(URL, content=b"x")).status_code == 200


async def test_a_message_that_cannot_be_saved_is_not_delivered(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quad.store.sqlite.BUSY_TIMEOUT_S", 0.02)
    async with open_hall(database, AlertSettings()) as hall, hall.browser() as program:
        member = await hall.member("alice", "R101")
        with locked(database):
            answer = await program.post(URL, content=b"lost")
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert await member.take() == []


async def test_posts_and_texts_keep_one_order(hall: Hall) -> None:
    alice, bob = await hall.member("alice", "R101"), await hall.member("bob", "R101")
    async with hall.browser() as program:
        for number in range(5):
            await alice.say(f"s{number}")
            await program.post(
                URL, content=json.dumps({"name": "p", "msg": str(number)}), headers=JSON
            )
    expected: list[Any] = []
    for number in range(5):
        expected += [f"ALICE: s{number}", f"P: {number}"]
    assert (await bob.texts()) == expected
