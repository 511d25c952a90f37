"""Keys of teachers, which are at home nowhere, on whole servers."""

from pathlib import Path

import pytest

from quad.settings import LimitSettings
from tests.classroom.school import enter
from tests.cluster.servers import Site, until_all_know

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)

NODES = ("ada", "bob")


async def test_a_new_key_ends_what_was_opened_by_the_old_one_at_every_node(
    database_url: str, tmp_path: Path
) -> None:
    site = Site(database_url, tmp_path, LimitSettings())
    try:
        for name in NODES:
            await site.start(name)
        await until_all_know(site, *NODES)
        # A class is at home where its teacher is connected.
        first, second = [await enter(site.urls[name]) for name in NODES]
        await first.emit("room/create", {"name": "T", "protocol": 3})
        room = await first.expect("room/update")
        old = room["teacher"]
        await second.emit("room/create", {"name": "T", "protocol": 3, "teacher": old})
        other = await second.expect("room/update")
        visitor = await enter(site.urls["bob"])
        (opened,) = await visitor.call("teacher/open", {"teacher": old})
        assert {each["room_id"] for each in opened["classes"]} == {room["id"], other["id"]}

        (made,) = await visitor.call("teacher/rekey", {"teacher": old})
        for peer in (first, second):
            await peer.wait_closed()
            assert (await peer.expect("alerts"))["code"] == "rekeyed"
        back = await enter(site.urls["ada"])
        for each in (room, other):
            request = {"room_id": each["id"], "protocol": 3}
            who = {**request, "user_id": each["host"], "token": each["token"]}
            (answer,) = await back.call("room/rehost", who)
            assert answer["code"] == "wrong_token"
            (answer,) = await back.call("room/rehost", {**request, "teacher": old})
            assert answer["code"] == "wrong_key"
        request = {"room_id": other["id"], "protocol": 3, "teacher": made["teacher"]}
        assert await back.call("room/rehost", request) == [{}]
        for peer in (first, second, visitor, back):
            await peer.close()
    finally:
        await site.aclose()
