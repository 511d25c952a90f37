"""Messages: to everybody who shall get them, in every tab, once, and through drops and restarts."""

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select, update

from quad.nearby.messages import Letter
from quad.nearby.tables import message_keys, select_tabs
from quad.settings import RetentionSettings
from quad.store import Change
from quad.store.mailbox import entries
from tests.nearby.campus import FIELD, LIBRARY, TOWER, Campus, Clock, open_campus

FROM_ANA = {"timestamp": "2024-05-17 12:00:00", "id": "ana"}


def kept(database: Path) -> int:
    """How many messages are on disk."""
    connection = sqlite3.connect(database)
    try:
        (count,) = connection.execute("SELECT count(*) FROM mailbox_entries").fetchone()
        return int(count)
    finally:
        connection.close()


def new_message(id: str) -> list[tuple[str, list[str]]]:
    return [("new_message", [id])]


async def test_a_message_reaches_its_people_only_and_each_hears_their_own_id(
    campus: Campus,
) -> None:
    bob, cid, dan = [await campus.page(id) for id in ("bob", "cid", "dan")]
    answer = await campus.send("ana", ["bob", "cid", "bob"], "hi\n'; DROP TABLE nearby_users; --")
    assert (answer.status_code, answer.text) == (200, "")
    assert [await page.take() for page in (bob, cid, dan)] == [
        new_message("bob"),
        new_message("cid"),
        [],
    ]
    message = {**FROM_ANA, "message": "hi\n'; DROP TABLE nearby_users; --"}
    assert await bob.receive() == [message]
    assert await cid.receive() == [message]
    assert await dan.receive() == []


async def test_a_message_says_whom_it_went_to_if_it_is_asked(campus: Campus) -> None:
    bob, cid = await campus.page("bob"), await campus.page("cid")
    await campus.send("ana", ["bob", "nobody"], "you alone")
    await campus.send("ana", ["bob", "cid"], "you two")
    for claim in ("range", "building"):
        users = ["bob", "cid"] if claim == "range" else ["bob"]
        fields = {"users": users, "message": claim, "audience": claim}
        assert (await campus.post("message/send", "ana", **fields)).status_code == 200
    told = [(each["message"], each["to"]) for each in await bob.receive(audience=True)]
    assert told == [
        ("you alone", {"audience": "you", "people": 1}),
        ("you two", {"audience": "people", "people": 2}),
        ("range", {"audience": "range", "people": 2}),
        ("building", {"audience": "building", "people": 1}),
    ]
    # Original pages read three fields.
    assert await cid.receive() == [{**FROM_ANA, "message": text} for text in ("you two", "range")]


async def test_a_message_from_before_that_was_known_is_told_without(campus: Campus) -> None:
    bob = await campus.page("bob")
    await campus.send("ana", ["bob"], "old")
    text = json.dumps({**FROM_ANA, "message": "old"})
    await campus.store.write(Change(update(entries).values(content=text)))
    assert await bob.receive(audience=True) == [{**FROM_ANA, "message": "old"}]


async def test_people_may_be_named_line_by_line(campus: Campus) -> None:
    bob, cid = await campus.page("bob"), await campus.page("cid")
    assert (await campus.send("ana", "bob\r\ncid\n", "hi")).status_code == 200
    assert [await bob.texts(), await cid.texts()] == [["hi"], ["hi"]]


async def test_those_who_are_known_get_it_and_the_others_are_named(campus: Campus) -> None:
    bob = await campus.page("bob")
    answer = await campus.send("ana", ["x y", "bob", "nobody", "x y"], "hi")
    assert (answer.status_code, answer.text) == (200, "Unknown: x y, nobody")
    assert answer.headers["content-type"].startswith("text/plain")
    assert await bob.texts() == ["hi"]
    answer = await campus.send("ana", ["nobody", "x"], "hi")
    assert (answer.status_code, answer.json()["detail"]) == (400, "Unknown: nobody, x")
    assert (await campus.log("ana")) == ["Sent to bob: hi"]


async def test_ids_that_nobody_has_are_guesses_of_one_person_and_hold_back_nobody_else(
    database: Path,
) -> None:
    async with open_campus(database, is_limited=True) as campus:
        await campus.page("bob")
        many = [f"x{number}" for number in range(9)]
        assert (await campus.send("eve", ["bob", *many], "hi")).status_code == 200
        assert (await campus.send("eve", ["y"], "hi")).status_code == 400
        for users in (["z"], ["bob"], ["bob", "z"]):  # a right one would tell that it is right
            answer = await campus.send("eve", users, "hi")
            assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
            assert 0 < int(answer.headers["retry-after"]) <= 60
        assert (await campus.send("ana", ["bob"], "hi")).status_code == 200


async def test_a_message_with_too_many_unknown_ids_is_not_sent_at_all(database: Path) -> None:
    async with open_campus(database, is_limited=True) as campus:
        bob = await campus.page("bob")
        many = [f"x{number}" for number in range(11)]
        assert (await campus.send("eve", ["bob", *many], "hi")).status_code == 429
        assert await bob.texts() == []


async def keyed(campus: Campus, key: str, text: str = "hi", sender: str = "ana") -> int:
    values = {"users": ["bob"], "message": text, "key": key}
    answer = await campus.post("message/send", sender, **values)
    return answer.status_code


async def test_the_same_key_of_the_same_person_is_one_message_for_a_day(database: Path) -> None:
    clock = Clock()
    async with open_campus(database, {"grace_s": 604_800}, clock=clock) as campus:
        bob = await campus.page("bob")
        statuses = [
            await keyed(campus, "k"),
            await keyed(campus, "k"),
            await keyed(campus, "k", sender="eve"),
            await keyed(campus, "é" * 32),
            await keyed(campus, "é" * 32 + "x"),
        ]
        assert statuses == [200, 200, 200, 200, 400]
        assert len(await bob.texts()) == 3
        assert (await campus.log("ana")).count("Sent to bob: hi") == 2
        tokens = campus.tokens
    clock.forward(86_000)
    async with open_campus(database, {"grace_s": 604_800}, clock=clock) as campus:
        campus.tokens.update(tokens)
        bob = await campus.page("bob")
        assert await keyed(campus, "k") == 200
        assert await bob.texts() == []
        clock.forward(401)
        assert await keyed(campus, "k") == 200  # a day later it is another message
        assert await bob.texts() == ["hi"]
        clock.forward(86_401)
        campus.nearby.forget()
        await campus.store.write()
        assert await campus.store.read(select(message_keys)) == []


async def test_a_key_that_comes_many_times_at_once_is_one_message(campus: Campus) -> None:
    bob = await campus.page("bob")
    await campus.token("ana")
    assert set(await asyncio.gather(*(keyed(campus, "k") for _ in range(20)))) == {200}
    assert await bob.texts() == ["hi"]


async def test_every_tab_gets_every_message_once_and_in_order(campus: Campus) -> None:
    first, second = await campus.page("bob"), await campus.page("bob")
    await campus.send("ana", ["bob"], "1")
    await campus.send("ana", ["bob"], "2")
    assert await first.texts() == ["1", "2"]
    assert await first.texts() == []
    await campus.send("ana", ["bob"], "3")
    assert await second.texts() == ["1", "2", "3"]
    # By the Socket.IO id as well as by the Engine.IO id.
    assert [each["message"] for each in await first.receive(first.socket_id)] == ["3"]
    assert await second.receive(second.socket_id) == []
    assert await second.receive("nobody's") == []


async def test_a_tab_that_is_opened_while_a_message_is_being_saved_gets_it(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await campus.page("bob")
    await campus.token("ana")
    write, mailbox = campus.store.write, campus.nearby.messages._mailbox
    before, may_write = mailbox.last_id, asyncio.Event()

    async def write_later(*changes: Change) -> None:
        await may_write.wait()
        await write(*changes)

    with monkeypatch.context() as patch:
        patch.setattr(campus.store, "write", write_later)
        sending = asyncio.create_task(campus.send("ana", ["bob"], "hi"))
        await campus.until(lambda: mailbox.last_id > before)
        second = await campus.page("bob")
    may_write.set()
    await sending
    assert [await first.texts(), await second.texts()] == [["hi"], ["hi"]]


async def test_a_tab_that_could_not_be_saved_is_saved_with_what_it_is_to_get(
    campus: Campus, database: Path
) -> None:
    await campus.token("ana")
    await campus.token("bob")
    campus.nearby.presence.stop()  # whose sweeps would save it, too
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        await campus.page("bob")
        await campus.until(lambda: bool(campus.nearby.presence._unsaved))
    finally:
        connection.close()
    await campus.send("ana", ["bob"], "hi")
    assert [row.user_id for row in await campus.store.read(select_tabs())] == ["bob"]


async def test_nobody_fetches_from_another_person_s_tab(campus: Campus) -> None:
    bob, cid = await campus.page("bob"), await campus.page("cid")
    await campus.send("ana", ["bob"], "secret")
    assert await cid.receive(bob.engine_id) == []
    assert await bob.texts() == ["secret"]


async def test_what_all_tabs_have_fetched_is_deleted(campus: Campus, database: Path) -> None:
    first, second = await campus.page("bob"), await campus.page("bob")
    await campus.send("ana", ["bob"], "hi")
    await first.texts()
    await campus.store.write()
    assert kept(database) == 1
    await second.texts()
    await campus.store.write()
    assert kept(database) == 0


async def test_more_messages_than_a_page_of_the_mailbox_come_at_once(campus: Campus) -> None:
    bob = await campus.page("bob")
    nearby = campus.nearby
    ana = await nearby.people.ensure("ana")
    # At once, so that they share their commits.
    letters = [Letter(ana, ["bob"], str(number)) for number in range(2003)]
    sent = [nearby.messages.send("here", letter) for letter in letters]
    await asyncio.gather(*sent)
    assert await bob.texts() == [str(number) for number in range(2003)]


async def test_a_tab_that_comes_back_has_what_it_missed(campus: Campus) -> None:
    bob = await campus.page("bob")
    await campus.send("ana", ["bob"], "1")
    await bob.drop()
    await campus.send("ana", ["bob"], "2")
    assert await bob.texts() == ["1", "2"]  # by the id of the connection that is gone
    await campus.send("ana", ["bob"], "3")
    back = await campus.page("bob")
    assert await back.take() == new_message("bob")
    assert await back.texts() == ["3"]
    assert await back.texts() == []


async def test_what_could_not_be_saved_of_a_fetch_is_saved_at_the_next_sweep(
    campus: Campus, database: Path
) -> None:
    bob = await campus.page("bob")
    await campus.send("ana", ["bob"], "1")
    await campus.store.write()

    def position() -> int:
        connection = sqlite3.connect(database)
        try:
            return int(connection.execute("SELECT position FROM nearby_tabs").fetchone()[0])
        finally:
            connection.close()

    before = position()
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        assert await bob.texts() == ["1"]
        await campus.until(lambda: bool(campus.nearby.presence._unsaved))
    finally:
        connection.close()
    assert position() == before
    campus.nearby.presence.sweep()
    await campus.store.write()
    assert position() > before


async def test_of_two_tabs_that_come_back_neither_misses_anything(campus: Campus) -> None:
    first, second = await campus.page("bob"), await campus.page("bob")
    await campus.send("ana", ["bob"], "1")
    assert await first.texts() == ["1"]
    await first.drop()
    await second.drop()
    third, fourth = await campus.page("bob"), await campus.page("bob")
    # Nobody can say which of them was the first.
    assert [await third.texts(), await fourth.texts()] == [["1"], ["1"]]
    assert await (await campus.page("bob")).texts() == []


async def test_another_session_is_told_what_a_dropped_one_lacks_and_takes_nothing_away(
    campus: Campus,
) -> None:
    phone = await campus.page("bob")
    phone_token = campus.tokens.pop("bob")
    await phone.drop()
    await campus.send("ana", ["bob"], "1")
    assert await (await campus.page("bob")).texts() == ["1"]
    campus.tokens["bob"] = phone_token
    assert await (await campus.page("bob")).texts() == ["1"]


async def test_whoever_does_not_come_back_in_time_has_no_queue(
    database: Path,
) -> None:
    clock = Clock()
    async with open_campus(database, {"grace_s": 60}, clock=clock) as campus:
        bob = await campus.page("bob")
        await bob.drop()
        await campus.send("ana", ["bob"], "1")
        clock.forward(59)
        campus.nearby.presence.sweep()
        assert campus.nearby.people.get("bob").is_expected
        clock.forward(1)
        campus.nearby.presence.sweep()
        await campus.store.write()
        assert not campus.nearby.people.get("bob").is_expected
        assert kept(database) == 0
        await campus.send("ana", ["bob"], "2")
        assert kept(database) == 0
        assert await (await campus.page("bob")).texts() == []


async def test_whoever_comes_back_and_drops_again_has_the_whole_grace(database: Path) -> None:
    clock = Clock()
    async with open_campus(database, {"grace_s": 60}, clock=clock) as campus:
        for _ in range(3):
            bob = await campus.page("bob")
            await bob.drop()
            clock.forward(40)
            campus.nearby.presence.sweep()
        assert campus.nearby.people.get("bob").is_expected


async def test_a_tab_that_came_back_does_not_end_with_its_first_grace(database: Path) -> None:
    clock = Clock()
    async with open_campus(database, {"grace_s": 60}, clock=clock) as campus:
        bob = await campus.page("bob")
        await bob.drop()
        clock.forward(30)
        back = await campus.page("bob")
        await campus.send("ana", ["bob"], "1")
        clock.forward(31)  # the first grace would be over
        campus.nearby.presence.sweep()
        assert await back.texts() == ["1"]
        await campus.store.write()
        # What a restart would find, and a logout.
        assert [row.user_id for row in await campus.store.read(select_tabs())] == ["bob"]
        await campus.sessions.end("bob", campus.tokens["bob"])
        await campus.until(lambda: campus.connections == 0)


async def test_queues_outlive_a_restart(database: Path) -> None:
    clock = Clock()
    async with open_campus(database, {"grace_s": 60}, clock=clock) as campus:
        bob, _cid = await campus.page("bob"), await campus.page("cid")
        await campus.send("ana", ["bob"], "1")
        await campus.send("ana", ["bob"], "2")
        old_id = bob.engine_id
        tokens = campus.tokens
    clock.forward(30)
    async with open_campus(database, {"grace_s": 60}, clock=clock) as campus:
        campus.tokens.update(tokens)
        await campus.send("ana", ["bob"], "3")
        bob = await campus.page("bob")
        assert await bob.take() == new_message("bob")
        assert [each["message"] for each in await bob.receive(old_id)] == ["1", "2", "3"]
        assert await bob.texts() == []
        await campus.send("ana", ["cid"], "4")
    clock.forward(60)
    async with open_campus(database, {"grace_s": 60}, clock=clock) as campus:
        await campus.store.write()
        assert kept(database) == 0


async def test_logging_out_ends_the_tabs_of_the_session_at_once(campus: Campus) -> None:
    await campus.page("bob")
    other_token = campus.tokens.pop("bob")
    stays = await campus.page("bob")
    await campus.sessions.end("bob", other_token)
    await campus.until(lambda: campus.connections == 1)
    await campus.send("ana", ["bob"], "1")
    assert await stays.texts() == ["1"]
    await campus.sessions.end("bob", campus.tokens["bob"])
    assert not campus.nearby.people.get("bob").is_expected


async def test_old_messages_are_forgotten(database: Path) -> None:
    clock = Clock()
    a_day = RetentionSettings(nearby_logs_days=1)
    async with open_campus(database, {"grace_s": 604_800}, clock=clock, retention=a_day) as campus:
        bob = await campus.page("bob")
        (await campus.page("cid")), await campus.send("ana", ["bob", "cid"], "old")
        clock.forward(86_401)
        await campus.send("ana", ["bob"], "new")
        await campus.forget()
        await campus.store.write()
        assert await bob.texts() == ["new"]


async def test_a_bot_s_message_reaches_those_in_its_building_and_those_who_just_dropped(
    campus: Campus,
) -> None:
    for id, at in {"ana": TOWER.position, "bob": TOWER.position, "cid": LIBRARY.position}.items():
        await campus.move(id, at)
    ana, bob, cid = [await campus.page(id) for id in ("ana", "bob", "cid")]
    await bob.drop()
    await ana.take()
    await campus.nearby.messages.send_to_building("bot", "1", "Fire!")
    notice = {"timestamp": "2024-05-17 12:00:00", "id": "bot", "message": "Fire!"}
    assert await ana.take() == new_message("ana")
    assert [await ana.receive(), await bob.receive(), await cid.receive()] == [
        [notice],
        [notice],
        [],
    ]
    lines = await campus.nearby.logs.last_ten("building", "1")
    assert [(line.bot_id, line.message) for line in lines] == [("bot", "Fire!")]


async def test_each_message_is_in_its_sender_s_log(campus: Campus) -> None:
    for id in ("bob", "cid"):
        await campus.page(id)
    await campus.send("ana", ["bob", "cid"], "hi")
    many = [f"p{number}" for number in range(12)]
    for id in many:
        await campus.nearby.people.ensure(id)
    await campus.send("ana", many, "all")
    assert await campus.log("ana") == [
        "Sent to bob, cid: hi",
        f"Sent to {', '.join(many[:10])} and 2 others: all",
    ]
    lines = await campus.nearby.logs.last_ten("user", "ana")
    assert [line.message[:7] for line in lines] == ["Sent to"] * 2


async def test_ten_lines_of_a_log_are_shown(campus: Campus) -> None:
    await campus.nearby.people.ensure("bob")
    for number in range(12):
        await campus.send("ana", ["bob"], str(number))
    assert [line.rpartition(" ")[2] for line in await campus.log("ana")] == [
        str(number) for number in range(2, 12)
    ]


async def test_a_database_that_cannot_save_is_an_answer_and_nothing_has_changed(
    campus: Campus, database: Path
) -> None:
    bob = await campus.page("bob")
    await campus.token("ana")
    await bob.take()
    values = {"users": ["bob"], "message": "hi", "radious": 5}
    values |= {"latitude": FIELD.latitude, "longitude": FIELD.longitude}
    paths = ("message/send", "update/coordinates", "update/range")
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        answers = await asyncio.gather(*(campus.post(path, "ana", **values) for path in paths))
    finally:
        connection.close()
    assert [answer.status_code for answer in answers] == [503] * 3
    assert await bob.take() == []
    ana = campus.nearby.people.get("ana")
    assert (ana.point, ana.range_m) == (None, 50)
