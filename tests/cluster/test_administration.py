"""The administrator's routes, whichever node is asked and wherever a class is at home."""

from typing import Any

import pytest

from tests.classroom.school import Peer, enter
from tests.cluster.servers import Site, until_all_know

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)

NODES = ("ada", "bob")
ROUTE = "/API/admin/classes"


async def teach(site: Site, name: str) -> tuple[Peer, int]:
    """A teacher at a node, whose class is at home there."""
    teacher = await enter(site.urls[name])
    await teacher.emit("room/create", {"name": f"teacher of {name}", "protocol": 2})
    return teacher, (await teacher.expect("room/update"))["id"]


async def join(site: Site, name: str, room_id: int) -> Peer:
    student = await enter(site.urls[name])
    await student.emit("room/join", {"room_id": room_id, "name": "Eve"})
    await student.expect("room/join")
    return student


async def shown(site: Site, name: str) -> dict[int, Any]:
    answer = await site.administrators[name].get(f"{ROUTE}/show")
    assert answer.status_code == 200
    return {each["room_id"]: each for each in answer.json()["classes"]}


async def test_classes_of_all_nodes_are_shown_and_closed_by_any(site: Site) -> None:
    for name in NODES:
        await site.start(name)
    await until_all_know(site, *NODES)
    taught = [await teach(site, name) for name in NODES for _ in range(2)]
    student = await join(site, "bob", taught[0][1])
    for name in NODES:
        classes = await shown(site, name)
        assert classes.keys() == {number for _, number in taught}
        assert all(each["is_teacher_online"] for each in classes.values())
        assert [number for number in classes if classes[number]["students_online"]] == [
            taught[0][1]
        ]

    # Two of each home, one by each node; alone it is answered in the same way.
    for (peer, number), name in zip(taught, (*NODES, *NODES), strict=True):
        browser = site.administrators[name]
        answer = await browser.post(f"{ROUTE}/close", json={"room_id": number})
        assert (answer.status_code, answer.json()) == (200, [])
        await peer.expect("room/closed")
        answer = await browser.post(f"{ROUTE}/close", json={"room_id": number})
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown")
    await student.expect("room/closed")
    assert await shown(site, "ada") == {}
    for each in (student, *(peer for peer, _ in taught)):
        await each.close()


async def test_a_class_is_handed_over_at_its_home(site: Site) -> None:
    for name in NODES:
        await site.start(name)
    await until_all_know(site, *NODES)
    for home in NODES:
        teacher, number = await teach(site, home)
        for name in NODES:
            browser = site.administrators[name]
            answer = await browser.post(f"{ROUTE}/hand-over", json={"room_id": number})
            assert answer.status_code == 200
            given = answer.json()
            assert given["token"]
            await teacher.wait_closed()
            teacher = await enter(site.urls["ada"])
            await teacher.emit("room/rehost", {**given, "protocol": 2})
            assert (await teacher.expect("room/update"))["token"] == given["token"]
        browser = site.administrators[home]
        answer = await browser.post(f"{ROUTE}/hand-over", json={"room_id": 1})
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown")
        await teacher.close()
