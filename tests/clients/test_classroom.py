"""Classes held with real clients of every generation against a real server process."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients.conftest import Quad
from tests.clients.real import (
    JS2,
    JS4,
    LEGACY_PYTHON,
    PYTHON,
    Library,
    RealClient,
    Transport,
    connected_client,
    real_client,
)
from tests.clients.shapes import check_payloads

pytestmark = pytest.mark.node

STEPS = [
    {"name": "theory", "content": "<h1>Циклы</h1>", "language": "html", "type": "theory"},
    {"name": "1", "content": "<p>Напишите цикл</p>", "language": "html", "type": "exercise"},
    {"name": "2", "content": "<p>И ещё один</p>", "language": "html", "type": "exercise"},
]
IGNORED = "# комментарий\nbuild/\n/out\n*.class\nnotes.txt"
SETTINGS = {"names": ["notes.txt"], "dirs": ["build", "out"], "extensions": ["class"]}

MIXED: list[tuple[Library, Transport]] = [
    (JS4, "websocket"),
    (JS4, "polling"),
    (JS2, "websocket"),
    (JS2, "polling"),
    (PYTHON, "websocket"),
    (PYTHON, "polling"),
    (LEGACY_PYTHON, "upgrade"),
    (LEGACY_PYTHON, "polling"),
]


@dataclass
class Student:
    client: RealClient
    name: str
    id: int = 0


@dataclass
class Room:
    number: int
    host_id: int


async def open_room(host: RealClient, name: str = "Анна Ивановна") -> Room:
    await host.emit("room/create", {"name": name})
    update = await host.expect("room/update")
    (user,) = update["users"]
    assert user == {
        "id": update["host"],
        "sid": user["sid"],
        "room": update["id"],
        "name": name,
        "role": "host",
        "steps": {},
    }
    return Room(update["id"], update["host"])


async def join(student: Student, room: Room) -> None:
    await student.client.emit("room/join", {"room_id": room.number, "name": student.name})
    joined = await student.client.expect("room/join")
    assert joined == {"user_id": joined["user_id"], "room_id": room.number}
    assert student.id in (0, joined["user_id"]), "a student who comes back keeps the id"
    student.id = joined["user_id"]


async def see_users(host: RealClient, room: Room, names: Sequence[str]) -> dict[str, Any]:
    """The update that lists exactly these students after the host, in any order."""

    def lists_them(update: dict[str, Any]) -> bool:
        return sorted(user["name"] for user in update["users"][1:]) == sorted(names)

    update: dict[str, Any] = await host.expect_where("room/update", lists_them)
    assert (update["id"], update["host"]) == (room.number, room.host_id)
    assert update["users"][0]["role"] == "host"
    assert {user["role"] for user in update["users"][1:]} <= {"client"}
    return update


@asynccontextmanager
async def students_of(
    quad: Quad, kinds: Sequence[tuple[Library, Transport]], label: str = "Ученик"
) -> AsyncIterator[list[Student]]:
    async with AsyncExitStack() as stack:
        students = []
        for number, (library, transport) in enumerate(kinds):
            name = f"{label} {number} ({library.name}, {transport})"
            client = await stack.enter_async_context(real_client(library, name))
            students.append(Student(client, name))
        await asyncio.gather(
            *(
                student.client.connect(quad.url, transport)
                for student, (_, transport) in zip(students, kinds, strict=True)
            )
        )
        yield students


def contents(history: dict[str, Any]) -> list[str]:
    return [message["content"] for message in history["messages"]]


async def history_of(host: RealClient, user_id: int) -> dict[str, Any]:
    await host.emit("message/user", {"user_id": user_id})
    history: dict[str, Any] = await host.expect("message/user")
    assert history["user_id"] == user_id
    return history


async def talk(host: RealClient, room: Room, student: Student, turn: str) -> list[str]:
    """One message each way; returns their contents."""
    question, answer = f"{turn}: вопрос от {student.name} 🙋", f"{turn}: ответ для {student.name}"
    await student.client.emit("message/to_mentor", {"room_id": room.number, "content": question})
    got = await host.expect_where(
        "message/to_mentor", lambda message: message["content"] == question
    )
    assert (got["sender"], got["receiver"], got["status"]) == (student.id, room.host_id, None)
    await host.emit(
        "message/to_client",
        {"room_id": room.number, "user_id": student.id, "content": answer},
    )
    got = await student.client.expect("message/to_client")
    assert (got["sender"], got["receiver"]) == (room.host_id, student.id)
    assert got["content"] == answer
    return [question, answer]


async def test_a_class_of_all_clients_goes_on_after_kill_9(quad: Quad) -> None:
    async with (
        connected_client(JS4, quad.url, "websocket", "учитель") as host,
        students_of(quad, MIXED) as students,
    ):
        room = await open_room(host)
        for student in students:
            await join(student, room)
        names = [student.name for student in students]
        update = await see_users(host, room, names)
        assert [user["name"] for user in update["users"][1:]] == names, "in order of joining"

        await host.emit("settings", {"room_id": room.number, "files_to_ignore": IGNORED})
        await host.emit("steps/all", STEPS)
        for student in students:
            assert await student.client.expect("settings") == SETTINGS
            assert await student.client.expect("steps/all") == STEPS

        said = {student.id: await talk(host, room, student, "до") for student in students}
        for number, student in enumerate(students):
            status = ("IN_PROGRESS", "HELP", "DONE")[number % 3]
            await student.client.emit("steps/status/to_mentor", {"1": status})
            told = await host.expect("steps/status/to_mentor")
            assert told["user_id"] == student.id
            assert told["steps"]["1"] == status

        connects = {client.label: client.connects for client in everyone(host, students)}
        quad.kill()
        quad.start()
        for client in everyone(host, students):
            await client.until_reconnected(connects[client.label], within_s=25.0)
            client.forget()

        await host.emit("room/rehost", {"room_id": room.number, "user_id": room.host_id})
        assert await host.expect("steps/load") == STEPS
        assert (await host.expect("room/update"))["host"] == room.host_id
        for number, student in enumerate(students):
            if number % 2:
                await student.client.emit(
                    "room/rejoin", {"room_id": room.number, "user_id": student.id}
                )
                assert await student.client.expect("room/join") == {
                    "user_id": student.id,
                    "room_id": room.number,
                }
            else:
                await join(student, room)
            assert await student.client.expect("steps/all") == STEPS
            assert await student.client.expect("settings") == SETTINGS

        update = await see_users(host, room, names)
        steps = {user["id"]: user["steps"] for user in update["users"][1:]}
        for number, student in enumerate(students):
            assert steps[student.id]["1"] == ("IN_PROGRESS", "HELP", "DONE")[number % 3]

        for student in students:
            said[student.id] += await talk(host, room, student, "после")
        for student in students:
            assert contents(await history_of(host, student.id)) == said[student.id]
            assert contents(await history_of(student.client, student.id)) == said[student.id]

        assert [client.of("error") for client in everyone(host, students)] == [[]] * 9
        check_payloads(host, *(student.client for student in students))


def everyone(host: RealClient, students: Sequence[Student]) -> list[RealClient]:
    return [host, *(student.client for student in students)]


async def test_a_server_killed_in_a_burst_loses_nothing_that_was_shown(quad: Quad) -> None:
    kinds: list[tuple[Library, Transport]] = [
        (JS4, "websocket"),
        (JS2, "polling"),
        (PYTHON, "websocket"),
        (LEGACY_PYTHON, "upgrade"),
    ]
    async with (
        connected_client(JS4, quad.url, "websocket", "учитель") as host,
        students_of(quad, kinds) as students,
    ):
        room = await open_room(host)
        await host.emit("steps/all", STEPS)
        for student in students:
            await join(student, room)
        await see_users(host, room, [student.name for student in students])

        for number in range(100):
            for student in students:
                await student.client.emit(
                    "message/to_mentor",
                    {"room_id": room.number, "content": f"{student.id} {number}"},
                )
        await host.until(lambda: len(host.of("message/to_mentor")) >= 60, "got 60 messages", 10.0)
        quad.kill()

        # What the teacher has read is all that was shown; some of it may still be on its way here.
        await host.until(lambda: not host.is_connected, "noticed the end", 10.0)
        shown = host.of("message/to_mentor")
        quad.start()
        await host.until_reconnected(1, within_s=20.0)
        await host.emit("room/rehost", {"room_id": room.number, "user_id": room.host_id})
        await host.expect("steps/load")

        for student in students:
            kept = contents(await history_of(host, student.id))
            seen = [message["content"] for message in shown if message["sender"] == student.id]
            assert kept[: len(seen)] == seen, "all that was shown, in the order it was shown"
            numbers = [int(content.split()[1]) for content in kept]
            assert numbers == sorted(set(numbers)), "nothing twice and nothing out of order"


async def test_the_web_front_ends_lesson(quad: Quad) -> None:
    """Create, share, tasks, accept, message; reload and rehost; close."""
    async with (
        connected_client(JS4, quad.url, label="учитель") as host,
        connected_client(JS4, quad.url, label="Вася") as vasya_client,
        connected_client(JS4, quad.url, label="Петя") as petya_client,
    ):
        vasya, petya = Student(vasya_client, "Вася"), Student(petya_client, "Петя")
        room = await open_room(host)
        await join(vasya, room)
        await see_users(host, room, ["Вася"])
        await join(petya, room)
        await see_users(host, room, ["Вася", "Петя"])

        await host.emit("sharing/start", {"room_id": room.number, "user_id": vasya.id})
        assert await vasya.client.expect("sharing/start") == {}
        assert await petya.client.expect("sharing/end") == {}
        files = [{"filename": "src/Main.java", "status": "CREATED", "content": "class Main {}\n"}]
        await vasya.client.emit("sharing/code_send", {"room_id": room.number, "files": files})
        assert await host.expect("sharing/code_send") == {
            "room_id": room.number,
            "user_id": vasya.id,
            "files": files,
        }

        await host.emit("steps/all", [*STEPS, {**STEPS[1], "name": "3", "content": "  "}])
        assert await vasya.client.expect("steps/all") == STEPS
        assert await petya.client.expect("steps/all") == STEPS
        await vasya.client.emit("steps/status/to_mentor", {"1": "DONE", "2": "NONE"})
        assert (await host.expect("steps/status/to_mentor"))["steps"] == {"1": "DONE", "2": "NONE"}
        await host.emit("steps/status/to_client", {"user_id": vasya.id, "steps": {"1": "ACCEPTED"}})
        accepted = {"message": "Task 1 solution accepted!", "type": "SUCCESS"}
        assert await vasya.client.expect("alerts") == accepted
        assert await vasya.client.expect("alert") == accepted
        assert (await vasya.client.expect("steps/status/to_client"))["1"] == "ACCEPTED"
        await host.emit("steps/table", {})
        table = await host.expect("steps/table")
        assert {"user_id": vasya.id, "steps": {"1": "ACCEPTED", "2": "NONE"}} in table

        said = await talk(host, room, vasya, "урок")
        said += await talk(host, room, vasya, "ещё")

        # Reload: the page's connection ends, a new one takes the room up again.
        await host.close()
        offline = {"message": "The teacher is offline!"}
        assert await vasya.client.expect("message") == offline
        assert await petya.client.expect("message") == offline
        async with connected_client(JS4, quad.url, label="учитель снова") as again:
            await again.emit("room/rehost", {"room_id": room.number, "user_id": room.host_id})
            assert await again.expect("steps/load") == STEPS
            update = await again.expect("room/update")
            assert [user["name"] for user in update["users"]] == ["Анна Ивановна", "Вася", "Петя"]
            for student in (vasya, petya):
                reconnected = {"message": "The teacher reconnected!"}
                assert await student.client.expect("message") == reconnected
                assert await student.client.expect("sharing/end") == {}
            assert contents(await history_of(again, vasya.id)) == said

            await again.emit("room/close", {"room_id": room.number})
            for student in (vasya, petya):
                closed = {"message": "Room closed!"}
                assert await student.client.expect("room/closed") == closed
                assert student.client.is_connected

            # The connections stay usable: the next lesson begins at once.
            following = await open_room(again, "Следующий урок")
            assert following.number != room.number
            check_payloads(host, again, vasya.client, petya.client)


@pytest.mark.parametrize("library", [JS4, JS2, PYTHON, LEGACY_PYTHON], ids=lambda one: one.name)
async def test_the_plugins_lesson(quad: Quad, library: Library) -> None:
    """Join on connect; the whole tree when sharing starts, then changes; leave."""
    transport: Transport = "upgrade" if library is LEGACY_PYTHON else "websocket"
    async with (
        connected_client(JS4, quad.url, label="учитель") as host,
        connected_client(library, quad.url, transport, "плагин") as client,
    ):
        room = await open_room(host)
        student = Student(client, "Маша Ёлкина")
        await client.emit(
            "room/join", {"room_id": room.number, "name": student.name, "version": "0.0.1"}
        )
        warning = await client.expect("alert")
        assert warning["type"] == "WARNING"
        assert "You have an outdated version of the plugin." in warning["message"]
        student.id = (await client.expect("room/join"))["user_id"]
        await see_users(host, room, [student.name])

        await host.emit("sharing/start", {"room_id": room.number, "user_id": student.id})
        assert await client.expect("sharing/start") == {}
        tree = [
            {"filename": f"src/пакет/Файл{number}.java", "status": "CREATED", "content": "// ё\n"}
            for number in range(20)
        ]
        await client.emit("sharing/code_send", {"room_id": room.number, "files": tree})
        sent = await host.expect("sharing/code_send")
        assert sent == {"room_id": room.number, "user_id": student.id, "files": tree}
        for second in range(5):
            change = [
                {**tree[0], "status": "CHANGED", "content": f"int x = {second};\n"},
                {**tree[second + 1], "status": "REMOVED", "content": ""},
            ]
            await client.emit("sharing/code_update", {"room_id": room.number, "files": change})
            assert (await host.expect("sharing/code_update"))["files"] == change

        await host.emit("sharing/end", {"room_id": room.number, "user_id": student.id})
        assert await client.expect("sharing/end") == {}
        await client.emit(
            "error/from_client",
            {
                "room_id": room.number,
                "user_id": student.id,
                "content": "java.lang.NullPointerException",
                "path": "Plugin.java",
                "function": "run",
            },
        )
        await client.emit("room/leave", {"room_id": room.number})
        await see_users(host, room, [])

        # Leaving is for good, the name is free again, and the connection may join anew.
        first_id, student.id = student.id, 0
        await join(student, room)
        assert student.id != first_id
        assert client.of("error") == []
        check_payloads(host, client)


async def test_two_rooms_never_hear_of_each_other(quad: Quad) -> None:
    kinds: list[tuple[Library, Transport]] = [
        (JS4, "websocket"),
        (JS2, "polling"),
        (LEGACY_PYTHON, "upgrade"),
    ]
    async with (
        connected_client(JS4, quad.url, label="учитель А") as host_a,
        connected_client(JS4, quad.url, "polling", label="учитель Б") as host_b,
        students_of(quad, kinds, "Алиса") as students_a,
        students_of(quad, kinds, "Борис") as students_b,
    ):
        room_a, room_b = await asyncio.gather(open_room(host_a, "Алла"), open_room(host_b, "Белла"))
        for one, other in zip(students_a, students_b, strict=True):
            await asyncio.gather(join(one, room_a), join(other, room_b))
        await asyncio.gather(
            hold_lesson(host_a, room_a, students_a, "урок-А"),
            hold_lesson(host_b, room_b, students_b, "урок-Б"),
        )
        await trespass(host_a, students_a[0], room_b, students_b[0])

        # A round trip on every connection: whatever was sent to it before has arrived now.
        for host, room, students in ((host_a, room_a, students_a), (host_b, room_b, students_b)):
            for student in students:
                await talk(host, room, student, "конец")

        expect_nothing_of(everyone(host_a, students_a), "урок-Б", room_b, students_b, "Белла")
        expect_nothing_of(everyone(host_b, students_b), "урок-А", room_a, students_a, "Алла")
        for client in everyone(host_b, students_b):
            assert {error["code"] for error in client.of("error")} <= {"deprecated"}
        check_payloads(*everyone(host_a, students_a), *everyone(host_b, students_b))


async def hold_lesson(host: RealClient, room: Room, students: list[Student], mark: str) -> None:
    await host.emit("steps/all", [{**step, "content": f"<p>{mark}</p>"} for step in STEPS])
    await host.emit("settings", {"files_to_ignore": f"{mark}.txt"})
    await host.emit("exercise", {"content": f"{mark} exercise"})
    for student in students:
        assert (await student.client.expect("steps/all"))[0]["content"] == f"<p>{mark}</p>"
        assert (await student.client.expect("settings"))["names"] == [f"{mark}.txt"]
        assert await student.client.expect("exercise") == {"content": f"{mark} exercise"}
        await talk(host, room, student, mark)
        files = [{"filename": f"{mark}.py", "status": "CREATED", "content": mark}]
        await student.client.emit("sharing/code_send", {"room_id": room.number, "files": files})
        assert (await host.expect("sharing/code_send"))["user_id"] == student.id
        await student.client.emit("steps/status/to_mentor", {"1": "HELP"})
        assert (await host.expect("steps/status/to_mentor"))["user_id"] == student.id
        await student.client.emit("signal", {"user_id": student.id, "value": "HELP"})
        assert await host.expect("signal") == {"user_id": student.id, "value": "HELP"}
    await host.emit("exercise/reset", {})
    for student in students:
        assert await student.client.expect("exercise/reset") == {}


async def trespass(host: RealClient, student: Student, room: Room, victim: Student) -> None:
    """Everything that names another room or its people is refused, to the sender alone."""
    attempts: list[tuple[RealClient, str, dict[str, Any]]] = [
        (host, "message/to_client", {"room_id": room.number, "user_id": victim.id, "content": "x"}),
        (host, "message/user", {"user_id": victim.id}),
        (host, "sharing/start", {"room_id": room.number, "user_id": victim.id}),
        (host, "sharing/end", {"room_id": room.number}),
        (host, "steps/status/to_client", {"user_id": victim.id, "steps": {"1": "ACCEPTED"}}),
        (host, "room/kill", {"user_id": victim.id}),
        (host, "room/close", {"room_id": room.number}),
        (
            host,
            "exercise/feedback",
            {"room_id": room.number, "user_id": victim.id, "accepted": True},
        ),
        (student.client, "message/to_mentor", {"room_id": room.number, "content": "x"}),
        (student.client, "sharing/code_send", {"room_id": room.number, "files": []}),
        (student.client, "room/leave", {"room_id": room.number}),
        (student.client, "message/user", {"user_id": victim.id}),
        (student.client, "steps/all", {}),
    ]
    for sender, event, payload in attempts:
        await sender.emit(event, payload)
        refusal = await sender.expect_where("error", lambda error: error["code"] != "deprecated")
        assert refusal["event"] == event
        assert refusal["message"].startswith("Error: ")


def expect_nothing_of(
    clients: Sequence[RealClient], mark: str, room: Room, students: Sequence[Student], host: str
) -> None:
    foreign = [mark, host, *(student.name for student in students)]
    ids = {room.number, room.host_id, *(student.id for student in students)}
    for client in clients:
        for received in client.events:
            if received.event == "error":
                continue  # a refusal may name what was asked for
            text = json.dumps(received.args, ensure_ascii=False)
            assert not any(word in text for word in foreign), f"{client.label}: {received}"
            assert not ids & set(numbers_in(received.args)), f"{client.label}: {received}"


def numbers_in(value: Any) -> list[int]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers_in(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers_in(item)]
    return [value] if type(value) is int else []
