"""A teacher's library: sets of tasks that belong to a key."""

from pathlib import Path
from typing import Any

import pytest

from quad.classroom.library import library
from tests.classroom.school import Peer, School, events, locked
from tests.classroom.test_tasks import BAD, FILES, SOLUTION, task

NEW: dict[str, Any] = {"protocol": 3}


async def save(peer: Peer, key: str, set_id: str, *tasks: object, title: str = "") -> Any:
    """Keep a set; returns the acknowledgement."""
    given = {"id": set_id, "title": title, "tasks": tasks}
    (answer,) = await peer.call("sets/save", {"teacher": key, "set": given})
    return answer


async def load(peer: Peer, key: str, set_id: str) -> Any:
    """Ask for a set; returns the acknowledgement."""
    (answer,) = await peer.call("sets/load", {"teacher": key, "id": set_id})
    return answer


async def own_sets(peer: Peer, key: str) -> Any:
    """What `teacher/open` says of the library."""
    (answer,) = await peer.call("teacher/open", {"teacher": key})
    return answer["sets"]


async def test_a_set_is_kept_and_loaded_from_any_connection(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    whole = task("a", files=FILES, solution=SOLUTION, title="A")
    saved = await save(teacher, room["teacher"], "loops", whole, task("b"), title="Loops")
    assert saved == {"id": "loops", "updated_at": "2024-05-17T09:30:00.000Z"}
    visitor = await school.peer()
    listed = {**saved, "title": "Loops", "tasks": 2}
    assert await own_sets(visitor, room["teacher"]) == [listed]
    loaded = await load(visitor, room["teacher"], "loops")
    assert loaded == {**saved, "title": "Loops", "tasks": [whole, task("b")]}
    # What was loaded can be set as it is.
    answer = await teacher.call("tasks/set", {"tasks": loaded["tasks"], "rev": 0})
    assert answer == [{"rev": 1}]


async def test_a_set_takes_the_place_of_the_one_with_its_id(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    key = room["teacher"]
    await save(teacher, key, "x", task("a"), title="Old")
    school.clock.seconds = 1
    await save(teacher, key, "y", title="Other")
    school.clock.seconds = 2
    await save(teacher, key, "x", task("b"), task("c"), title="New")
    listed = [(each["id"], each["title"], each["tasks"]) for each in await own_sets(teacher, key)]
    assert listed == [("x", "New", 2), ("y", "Other", 0)]
    for _ in range(2):
        assert await teacher.call("sets/delete", {"teacher": key, "id": "x"}) == [{}]
    assert (await load(teacher, key, "x"))["code"] == "unknown_set"
    assert [each["id"] for each in await own_sets(teacher, key)] == ["y"]


async def test_a_set_belongs_to_its_key_alone(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    other, other_room = await school.teacher(**NEW)
    await save(teacher, room["teacher"], "x", task("a"))
    key = other_room["teacher"]
    assert (await load(other, key, "x"))["code"] == "unknown_set"
    await other.call("sets/delete", {"teacher": key, "id": "x"})
    await save(other, key, "x", task("b"))
    assert (await load(teacher, room["teacher"], "x"))["tasks"] == [task("a")]
    for event, payload in (
        ("sets/save", {"set": {"id": "x", "tasks": []}}),
        ("sets/load", {"id": "x"}),
        ("sets/delete", {"id": "x"}),
    ):
        (refused,) = await other.call(event, {"teacher": "x", **payload})
        assert refused["code"] == "wrong_key"


async def test_html_of_a_set_is_cleaned(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    bad = task("a", content="<p>x</p><script>y</script>")
    await save(teacher, room["teacher"], "x", bad)
    (kept,) = (await load(teacher, room["teacher"], "x"))["tasks"]
    assert kept["content"] == "<p>x</p>"


@pytest.mark.parametrize(("payload", "code", "words"), BAD)
async def test_a_bad_set_is_one_error_and_changes_nothing(
    school: School, payload: dict[str, Any], code: str, words: str
) -> None:
    if words == "rev":
        pytest.skip("a set has none")
    teacher, room = await school.teacher(**NEW)
    await save(teacher, room["teacher"], "x", task("a"))
    await teacher.take()
    given = {"teacher": room["teacher"], "set": {"id": "x", **payload}}
    (refused,) = await teacher.call("sets/save", given)
    assert refused["code"] == code
    assert events(await teacher.take()) == ["error"]
    assert (await load(teacher, room["teacher"], "x"))["tasks"] == [task("a")]


@pytest.mark.parametrize(
    "given", [{"id": "a b"}, {"id": ""}, {"id": "x" * 37}, {"id": "x", "title": "a\nb"}, {"id": 1}]
)
async def test_a_set_has_a_plain_id_and_a_title_of_one_line(
    school: School, given: dict[str, Any]
) -> None:
    teacher, room = await school.teacher(**NEW)
    payload = {"teacher": room["teacher"], "set": {"tasks": [], **given}}
    (refused,) = await teacher.call("sets/save", payload)
    assert refused["code"] == "bad_payload"
    assert await own_sets(teacher, room["teacher"]) == []


async def test_a_library_has_an_end(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher, room = await school.teacher(**NEW)
    key = room["teacher"]
    monkeypatch.setattr(library, "SETS_LIMIT", 2)
    monkeypatch.setattr(library, "_LIMIT_BYTES", 2_000)
    long = task("a", content="x" * 1_500)
    await save(teacher, key, "x", long)
    assert (await save(teacher, key, "y", long))["code"] == "too_large"
    assert (await save(teacher, key, "x", long))["id"] == "x"
    await save(teacher, key, "y")
    assert (await save(teacher, key, "z"))["code"] == "too_large"
    assert (await save(teacher, key, "y"))["id"] == "y"


@pytest.mark.usefixtures("impatient_store")
async def test_a_set_that_cannot_be_saved_is_not_there(school: School, database: Path) -> None:
    teacher, room = await school.teacher(**NEW)
    with locked(database):
        assert (await save(teacher, room["teacher"], "x"))["code"] == "store_unavailable"
    assert await own_sets(teacher, room["teacher"]) == []
