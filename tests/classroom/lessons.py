"""Classes as they were before protocol 3, from the first event to the last: what transcripts hold.

Each lesson lets a `Scribe` write down what original clients (the web front end, the plugin) and
clients of protocol 2 send and hear. The frames of both are promised to stay as they are.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from quad.classroom.model import Step
from tests.classroom.school import Importer, code, exercise
from tests.classroom.scribe import LOOPBACK, Scribe, imports_are_done

ELSEWHERE: Final = "10.9.9.9"
PLUGIN: Final = {"version": "1.2.15"}
CURRENT: Final = {"protocol": 2}

Lesson = Callable[[Scribe], Awaitable[None]]


async def with_an_original_teacher(scribe: Scribe) -> None:
    """The front end teaches a plugin and a current client."""
    await _whole_lesson(scribe, {}, is_acked=False)


async def with_a_current_teacher(scribe: Scribe) -> None:
    """A current client teaches a plugin and another current client."""
    await _whole_lesson(scribe, CURRENT, is_acked=True)


async def with_a_teacher_of_protocol_3(scribe: Scribe) -> None:
    """The same lesson as the current teacher's, for the students."""
    await _whole_lesson(scribe, {"protocol": 3}, is_acked=True)


async def _whole_lesson(scribe: Scribe, protocol: dict[str, Any], *, is_acked: bool) -> None:
    scribe.title("A room, and who comes in")
    await scribe.enter("teacher")
    await scribe.say("teacher", "room/create", {"name": "Учитель", **protocol}, is_acked=is_acked)
    opened = scribe.last["teacher"]["room/update"]
    in_room = {"room_id": opened["id"]}
    host = {**in_room, "user_id": opened["host"], **protocol}
    if protocol:
        host["token"] = opened["token"]
    await scribe.enter("ann")
    await scribe.say("ann", "room/join", {**in_room, "name": "Ann", **PLUGIN})
    await scribe.enter("bob")
    await scribe.say("bob", "room/join", {**in_room, "name": "Bob", **CURRENT}, is_acked=True)
    ann = {**in_room, "user_id": scribe.last["ann"]["room/join"]["user_id"]}
    bob = {**in_room, "user_id": scribe.last["bob"]["room/join"]["user_id"]}
    await scribe.enter("guest")
    await scribe.say("guest", "room/join", {**in_room, "version": "0.9"})

    async def teacher(event: str, *args: object, **more: Any) -> None:
        await scribe.say("teacher", event, *args, is_acked=is_acked, **more)

    scribe.title("Tasks")
    tasks = [exercise(str(number), f"<p>{number}: сложить</p>") for number in (1, 2, 3)]
    theory = {"name": "theory", "content": "<p>Read<script>x</script></p>", "language": "html"}
    await teacher("steps/all", [*tasks, exercise("17", "x"), exercise("4", " ")])
    await teacher("settings", {"files_to_ignore": "*.class\n.idea/\nREADME.md\n# no"})
    await scribe.say("ann", "steps/status/to_mentor", {"1": "IN_PROGRESS", "2": "NONE"})
    await scribe.say("bob", "steps/status/to_mentor", {"1": "HELP"}, is_acked=True)
    await scribe.say("ann", "steps/status/to_mentor", {"1": "DONE", "2": "HELP"})
    await scribe.say("ann", "steps/status/to_mentor", {"1": "DONE", "2": "HELP"})
    await scribe.say("ann", "steps/status/to_mentor", {"1": "DONE", "2": "ACCEPTED"})
    for user in (ann, bob):
        await teacher("steps/status/to_client", {**user, "steps": {"1": "ACCEPTED"}})
        await teacher("steps/status/to_client", {**user, "steps": {"3": "IN_PROGRESS"}})
    await scribe.say("ann", "steps/status/to_mentor", {"1": "ACCEPTED", "2": "DONE"})
    await teacher("steps/status/to_client", {**ann, "steps": {"2": "NONE"}})
    await teacher("steps/status/to_client", {**bob, "steps": {}})
    await teacher("steps/table", {})
    await teacher("steps/all", [theory | {"type": "theory"}, *tasks])

    scribe.title("Help without a task, and the old form of tasks")
    await scribe.say("ann", "signal", {"user_id": ann["user_id"], "value": "HELP"})
    await scribe.say("bob", "signal", {"user_id": bob["user_id"], "value": "DONE"}, is_acked=True)
    await teacher("exercise", {"content": "<p>Old</p>"})
    for user in (ann, bob):
        await teacher("exercise/feedback", {**user, "accepted": True})
    await teacher("exercise/reset", {})

    scribe.title("Messages")
    for user in (ann, bob):
        await teacher("message/to_client", {**user, "content": "Привет 😀", "key": "k"})
        await teacher("message/to_client", {**user, "content": "again", "key": "k"})
    for who in ("ann", "bob"):
        said = {**in_room, "content": "Help <b>me</b>", "key": who}
        await scribe.say(who, "message/to_mentor", said, is_acked=who == "bob")
        await scribe.say(who, "message/to_mentor", said, is_acked=True)
    await scribe.say("ann", "message/user", {"user_id": ann["user_id"]})
    await scribe.say("bob", "message/user", {"user_id": bob["user_id"]}, is_acked=True)
    await teacher("message/user", bob)
    await teacher("message/user", ann)

    scribe.title("Files")
    await teacher("sharing/start", ann)
    await scribe.say(
        "ann", "sharing/code_send", {**in_room, "files": [code("src/a.py", "1"), code("b", "é")]}
    )
    removed = {"filename": "b", "status": "REMOVED", "content": None}
    await scribe.say(
        "ann", "sharing/code_update", {**in_room, "files": [code("a", "2", "UPDATED"), removed]}
    )
    await teacher("sharing/start", {**bob, "exclusive": False})
    await scribe.say("bob", "sharing/code_send", {**in_room, "files": []}, is_acked=True)
    left_out = {"filename": "b.csv", "why": "too_large", "size": 900_000, "limit": 700_000}
    await scribe.say("bob", "sharing/left_out", {**in_room, "files": [left_out]}, is_acked=True)
    await teacher("sharing/end", ann)
    await teacher("sharing/end", in_room)

    scribe.title("A page is imported")
    importer = scribe.school.importer
    importer.answer = [Step("1", "<p>Imported</p>")]
    await _import(scribe, importer)
    importer.left_out = {"picture": 2, "task": 1}
    await _import(scribe, importer)

    scribe.title("The teacher goes, and comes back")
    await scribe.drop("teacher")
    await scribe.say("ann", "message/to_mentor", {**in_room, "content": "Are you there?"})
    await scribe.enter("teacher")
    await scribe.say("teacher", "room/rehost", host, is_acked=is_acked)
    await teacher("steps/all", tasks)

    scribe.title("The door and the rules")
    await teacher("door/set", {"state": "locked"})
    await scribe.enter("eve")
    await scribe.say("eve", "room/join", {**in_room, "name": "Eve"})
    await teacher("door/set", {"state": "open"})
    await teacher("rules/set", {"has_results_page": False})

    scribe.title("Students go, and the room")
    await scribe.say("guest", "room/leave", in_room)
    await teacher("room/kill", ann, closes="ann")
    await scribe.say("eve", "room/join", {**in_room, "name": "Eve", **CURRENT}, is_acked=True)
    eve = {"user_id": scribe.last["eve"]["room/join"]["user_id"], "is_barred": True}
    await teacher("room/kill", eve, closes="eve")
    await scribe.enter("eve")
    await scribe.say("eve", "room/join", {**in_room, "name": "Eve", **CURRENT}, is_acked=True)
    await scribe.say("guest", "room/join", {**in_room, "name": "Guest"})
    await teacher("room/close", in_room)
    await scribe.say("guest", "message/to_mentor", {**in_room, "content": "Nobody?"})


async def _import(scribe: Scribe, importer: Importer) -> None:
    service = scribe.school.service
    asked = len(importer.asked)

    def is_imported() -> bool:
        return len(importer.asked) > asked and imports_are_done(service)

    await scribe.say(
        "teacher", "steps/import", {"url": "https://x.notion.site/1"}, done=is_imported
    )


async def that_is_come_back_to(scribe: Scribe) -> None:
    """Resumes and takeovers of both protocols, and what the wrong one hears."""
    await _open_twice(scribe)
    first, second = (scribe.last[who]["room/update"]["id"] for who in ("old", "new"))
    old, new = ({"room_id": room} for room in (first, second))
    await scribe.say("old", "steps/all", [exercise("1", "x")])
    for who in ("ann", "bob"):
        await scribe.enter(who)
    await scribe.say("ann", "room/join", {**old, "name": "Ann"})
    await scribe.say("bob", "room/join", {**new, "name": "Bob", **CURRENT}, is_acked=True)
    ann = {**old, "user_id": scribe.last["ann"]["room/join"]["user_id"]}
    joined = scribe.last["bob"]["room/join"]
    bob = {**new, "user_id": joined["user_id"], "token": joined["token"], **CURRENT}
    await scribe.say("ann", "steps/status/to_mentor", {"1": "DONE"})
    await scribe.say("ann", "message/to_mentor", {**old, "content": "before"})
    await scribe.say("bob", "signal", {"user_id": bob["user_id"], "value": "HELP"}, is_acked=True)

    scribe.title("An original student under their name, and by id, also from elsewhere")
    await scribe.drop("ann")
    await scribe.enter("ann")
    await scribe.say("ann", "room/join", {**old, "name": "Ann", **PLUGIN})
    await scribe.drop("ann")
    await scribe.enter("ann", ELSEWHERE)
    await scribe.say("ann", "room/rejoin", ann)
    await scribe.say("ann", "message/user", {"user_id": ann["user_id"]})
    await scribe.enter("thief")
    await scribe.say("thief", "room/join", {**old, "name": "Ann"})
    await scribe.say("thief", "room/rejoin", ann)
    await scribe.say("thief", "room/join", {**old, "name": "Ann", **CURRENT}, is_acked=True)

    scribe.title("A silent connection")
    await scribe.enter("carl", LOOPBACK)
    await scribe.say("carl", "room/join", {**old, "name": "Carl"})
    scribe.fall_silent("carl")
    await scribe.enter("carl again", LOOPBACK)
    await scribe.say("carl again", "room/join", {**old, "name": "Carl"})

    scribe.title("Current clients by their tokens, from open connections")
    await scribe.enter("bob again", ELSEWHERE)
    await scribe.say("bob again", "room/rejoin", bob, is_acked=True, closes="bob")
    await scribe.enter("bob")
    token = {"token": bob["token"], **CURRENT}
    await scribe.say("bob", "room/join", {**new, **token}, is_acked=True, closes="bob again")
    await scribe.say("thief", "room/rejoin", {**bob, "token": "x"}, is_acked=True)
    await scribe.say("thief", "room/rejoin", {**new, "user_id": bob["user_id"]})
    await scribe.say("thief", "room/join", {**new, "name": "Bob"})
    await scribe.say("thief", "room/join", {**new, **CURRENT, "token": "x"}, is_acked=True)

    scribe.title("Teachers")
    host = {**old, "user_id": scribe.last["old"]["room/update"]["host"]}
    await scribe.say("thief", "room/rehost", host)
    await scribe.drop("old")
    await scribe.enter("far thief", ELSEWHERE)
    await scribe.say("far thief", "room/rehost", host)
    await scribe.say("far thief", "room/rehost", ann)
    await scribe.say("far thief", "room/rejoin", host)
    await scribe.enter("old")
    await scribe.say("old", "room/rehost", host)
    await scribe.say("old", "room/rehost", host)
    opened = scribe.last["new"]["room/update"]
    current = {**new, "user_id": opened["host"], **CURRENT}
    await scribe.say("thief", "room/rehost", current, is_acked=True)
    await scribe.enter("new again", ELSEWHERE)
    with_token = {**current, "token": scribe.last["new first"]["room/update"]["token"]}
    await scribe.say("new again", "room/rehost", with_token, is_acked=True, closes="new")

    scribe.title("Nobody is in two rooms")
    await scribe.say("new again", "room/create", {"name": "x", **CURRENT}, is_acked=True)
    await scribe.say("ann", "room/join", {**new, "name": "Ann"})


async def _open_twice(scribe: Scribe) -> None:
    scribe.title("Two rooms, of an original and of a current client")
    await scribe.enter("old")
    await scribe.enter("new")
    await scribe.say("old", "room/create", {"name": "Old"})
    await scribe.say("new", "room/create", {"name": "New", **CURRENT}, is_acked=True)
    scribe.last["new first"] = dict(scribe.last["new"])


async def that_goes_wrong(scribe: Scribe) -> None:
    """Errors: of the wrong one, of the wrong place, of the wrong payload, of too much."""
    await _open_twice(scribe)
    old = {"room_id": scribe.last["old"]["room/update"]["id"]}
    new = {"room_id": scribe.last["new"]["room/update"]["id"]}
    for who in ("ann", "bob", "nobody"):
        await scribe.enter(who)
    await scribe.say("ann", "room/join", {**old, "name": "Ann"})
    await scribe.say("bob", "room/join", {**new, "name": "Bob", **CURRENT}, is_acked=True)
    ann = {**old, "user_id": scribe.last["ann"]["room/join"]["user_id"]}
    bob = {**new, "user_id": scribe.last["bob"]["room/join"]["user_id"]}

    for who, own, other in (("old", ann, bob), ("new", bob, ann)):
        scribe.title(f"The teacher {who}")
        await _teacher_errs(scribe, who, own, other)
    for who, own, other in (("ann", ann, bob), ("bob", bob, ann)):
        scribe.title(f"The student {who}")
        await _student_errs(scribe, who, own, other)

    scribe.title("Somebody offline")
    await scribe.drop("ann")
    await scribe.say("old", "sharing/start", ann)
    await scribe.drop("bob")
    await scribe.say("new", "sharing/start", bob, is_acked=True)

    scribe.title("Somebody in no room")
    for is_acked in (False, True):
        for event, payload in (
            ("message/to_mentor", {**old, "content": "x"}),
            ("message/to_client", {**ann, "content": "x"}),
            ("steps/all", []),
            ("room/close", old),
            ("room/nonsense", {}),
            ("room/join", {}),
            ("room/join", {"room_id": 100_000, "name": "Eve"}),
            ("room/join", {"room_id": 100_000, "name": "Eve", **CURRENT}),
            ("room/join", {**old, "name": " "}),
            ("room/rejoin", {**old, "user_id": 1}),
            ("room/rehost", {**old, "user_id": 1}),
            ("room/create", {"name": ""}),
            ("room/create", {"name": "x", "protocol": "2"}),
        ):
            await scribe.say("nobody", event, payload, is_acked=is_acked)

    scribe.title("Too much")
    await scribe.say("nobody", "room/create", {"name": "x"})
    for number in range(100_000, 100_011):
        await scribe.say("nobody", "room/join", {"room_id": number}, is_acked=True)


async def _teacher_errs(
    scribe: Scribe, who: str, own: dict[str, Any], other: dict[str, Any]
) -> None:
    for event, payload in (
        ("room/leave", {"room_id": own["room_id"]}),
        ("room/close", {"room_id": other["room_id"]}),
        ("room/kill", {"user_id": other["user_id"]}),
        ("room/kill", {"user_id": "x"}),
        ("door/set", {"state": "ajar"}),
        ("rules/set", {}),
        ("message/to_client", {**other, "content": "x"}),
        ("message/to_client", {**own, "content": " "}),
        ("message/to_client", {**own, "content": "x" * 41}),
        ("message/to_client", {**own, "content": "x", "key": "k" * 65}),
        ("message/user", {"user_id": 1}),
        ("message/to_mentor", {"room_id": own["room_id"], "content": "x"}),
        ("settings", {}),
        ("steps/all", {}),
        ("steps/all", [{"name": 1}]),
        ("steps/all", [exercise("1", "x" * 201)]),
        ("steps/status/to_client", {**own, "steps": {"17": "DONE"}}),
        ("steps/status/to_client", {**own, "steps": {"1": "LOST"}}),
        ("sharing/start", {**own, "user_id": 1}),
        ("steps/status/to_mentor", {"1": "DONE"}),
    ):
        await scribe.say(who, event, payload, is_acked=who == "new")
    scribe.school.importer.may_answer.clear()
    await scribe.say(who, "steps/import", {"url": "x"})
    await scribe.say(who, "steps/import", {"url": "x"})
    scribe.school.importer.answer = ValueError()
    scribe.school.importer.may_answer.set()
    service = scribe.school.service
    await scribe.say(who, "steps/table", {}, done=lambda: imports_are_done(service))


async def _student_errs(
    scribe: Scribe, who: str, own: dict[str, Any], other: dict[str, Any]
) -> None:
    in_room = {"room_id": own["room_id"]}
    for event, payload in (
        ("room/kill", own),
        ("room/close", in_room),
        ("door/set", {"state": "locked"}),
        ("room/leave", {"room_id": other["room_id"]}),
        ("message/to_mentor", {"room_id": other["room_id"], "content": "x"}),
        ("message/to_mentor", {**in_room}),
        ("message/to_client", {**own, "content": "x"}),
        ("message/user", {"user_id": other["user_id"]}),
        ("signal", {"user_id": other["user_id"], "value": "HELP"}),
        ("signal", {"user_id": own["user_id"], "value": "ACCEPTED"}),
        ("steps/status/to_mentor", {"17": "DONE"}),
        ("steps/status/to_mentor", []),
        ("steps/all", []),
        ("sharing/code_send", {**in_room, "files": [code("../x", "x"), code("ok", "x")]}),
        ("sharing/code_send", {**in_room, "files": [code("../x", "x")]}),
        (
            "sharing/code_send",
            {**in_room, "files": [code(str(number), "x") for number in range(3)]},
        ),
        ("sharing/code_update", {**in_room, "files": [{"filename": "a", "status": "CREATED"}]}),
        ("sharing/code_update", {**in_room, "files": [code("/x", "x")]}),
        ("sharing/code_update", {**in_room, "files": [code("a", "x", "LOST")]}),
        ("sharing/left_out", {**in_room, "files": [{"filename": "a"}]}),
        ("error/from_client", {"content": ["Trace"], "path": None}),
        ("error/from_client", {}),
    ):
        await scribe.say(who, event, payload, is_acked=who == "bob")


async def that_is_taught_by_ids(scribe: Scribe) -> None:
    """A teacher of protocol 3 has a plugin and a current client in the class, as tasks move."""
    new = {"protocol": 3}
    scribe.title("Notices and tasks, before students come and while they are there")
    await scribe.enter("teacher")
    await scribe.say("teacher", "room/create", {"name": "T", "title": "Loops", **new})
    opened = scribe.last["teacher"]["room/update"]
    in_room = {"room_id": opened["id"]}
    tasks = {
        name: {"id": name, "title": name.title(), "content": f"<p>{name}</p>"}
        for name in ("for", "while", "if")
    }
    read = {"id": "read", "type": "theory", "content": "<p>Read</p>"}

    async def teacher(event: str, payload: object) -> None:
        # Names are sure again a while after they have moved.
        scribe.school.clock.seconds += 10
        await scribe.say("teacher", event, payload, is_acked=True)

    await teacher("notice/send", {"content": "Hi", "key": "1"})
    await teacher("tasks/set", {"tasks": [read, tasks["for"], tasks["while"]], "rev": 0})
    await scribe.enter("ann")
    await scribe.say("ann", "room/join", {**in_room, "name": "Ann", **PLUGIN})
    await scribe.enter("bob")
    await scribe.say("bob", "room/join", {**in_room, "name": "Bob", **CURRENT}, is_acked=True)
    users = {who: {"user_id": scribe.last[who]["room/join"]["user_id"]} for who in ("ann", "bob")}
    await teacher("notice/send", {"content": "Page 3", "key": "2"})
    for who, user in users.items():
        await scribe.say(who, "steps/status/to_mentor", {"1": "DONE", "2": "HELP"})
        await scribe.say(who, "message/user", user)

    scribe.title("Tasks move, go and come back, under their statuses")
    for rev, names in enumerate((("while", "for"), ("if", "while"), ("if", "while", "for")), 1):
        await teacher("tasks/set", {"tasks": [tasks[name] for name in names], "rev": rev})
        await scribe.say("ann", "steps/status/to_mentor", {"1": "DONE"})
        scribe.school.clock.seconds += 10
        for who in users:
            told = scribe.last[who]["steps/status/to_client"]
            await scribe.say(who, "steps/status/to_mentor", {**told, "9": "DONE"})

    scribe.title("The teacher's word")
    for user in users.values():
        await teacher("tasks/review", {**user, "statuses": {"for": "ACCEPTED", "if": "HELP"}})
        await teacher("tasks/review", {**user, "statuses": {"for": "NONE"}, "comment": "Why?"})
    await teacher("tasks/reveal", {"task": "for"})
    await scribe.drop("ann")
    await scribe.enter("ann")
    await scribe.say("ann", "room/join", {**in_room, "name": "Ann", **PLUGIN})

    scribe.title("An older client goes on with the class")
    await scribe.drop("teacher")
    await scribe.enter("successor")
    host = {**in_room, "user_id": opened["host"], "token": opened["token"]}
    await scribe.say("successor", "room/rehost", {**host, **CURRENT}, is_acked=True)
    await scribe.say("ann", "steps/status/to_mentor", {"1": "DONE", "2": "NONE"})
    await scribe.say(
        "successor", "steps/status/to_client", {**users["ann"], "steps": {"1": "ACCEPTED"}}
    )
    await scribe.say("successor", "steps/table", {})
    await scribe.say("successor", "steps/all", [exercise("1", "<p>New</p>")])
    scribe.school.clock.seconds += 10
    await scribe.say("ann", "steps/status/to_mentor", {"1": "HELP"})
    await scribe.say("successor", "steps/table", {})


LESSONS: Final[dict[str, Lesson]] = {
    "original-teacher": with_an_original_teacher,
    "current-teacher": with_a_current_teacher,
    "returning": that_is_come_back_to,
    "errors": that_goes_wrong,
    "by-ids": that_is_taught_by_ids,
}
"""By the name of the transcript."""
OF_STUDENTS: Final = frozenset({"by-ids"})
"""Lessons whose teacher is of protocol 3: there, what students of older ones hear is promised."""
