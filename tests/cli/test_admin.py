"""`quad admin` against a real server."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.cli.remote_server import PASSWORD, Done, quad, serving_quad
from tests.process import ServerProcess

CAMPUS = {
    "containedSpaces": [
        {"id": "1", "name": "Tower", "latitude": 38.737, "longitude": -9.139, "range": 60},
        {"id": 2, "name": "[red]Library", "latitude": "38.74", "longitude": -9.139, "range": 60},
    ],
    "type": "CAMPUS",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_quad(tmp_path_factory.mktemp("admin")) as server:
        yield server


def admin(server: ServerProcess, *args: str) -> Done:
    env = {"QUAD_URL": server.url, "QUAD_ADMIN_PASSWORD": PASSWORD}
    return quad("admin", *args, env=env)


@pytest.fixture(scope="module")
def campus(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> ServerProcess:
    file = tmp_path_factory.mktemp("campus") / "campus.json"
    file.write_text(json.dumps(CAMPUS))
    assert admin(server, "load", str(file)) == Done(0, "2 buildings loaded\n", "")
    bot = httpx.post(f"{server.url}/API/bot/register", json={"id": "canteen", "b_id": "1"})
    assert bot.status_code == 200
    return server


def test_buildings_are_listed_as_a_table_and_as_json(campus: ServerProcess) -> None:
    done = admin(campus, "buildings")
    assert done.code == 0
    assert "[red]Library" in done.out  # names are no markup
    assert json.loads(admin(campus, "buildings", "--json").out) == [
        {"id": "1", "name": "Tower"},
        {"id": "2", "name": "[red]Library"},
    ]


def test_a_bot_is_authorised_and_disallowed(campus: ServerProcess) -> None:
    for command, shown in (("authorise", "yes"), ("disallow", "no")):
        assert admin(campus, command, "canteen").code == 0
        assert json.loads(admin(campus, "bots", "--json").out) == [
            {"id": "canteen", "authorised": shown}
        ]
    done = admin(campus, "authorise", "nobody")
    assert (done.code, done.out) == (1, "")
    assert done.err == f"quad: {campus.url} refuses: there is no bot 'nobody'\n"


def test_a_phone_of_the_chat_is_handed_over(server: ServerProcess) -> None:
    done = admin(server, "chat-code", "+49 170-1")
    assert done == Done(1, "", f"quad: {server.url} refuses: there is no phone '+49 170-1'\n")
    with connect(server.url.replace("http", "ws") + "/chat/ws") as phone:
        register = {"type": "register", "user": {"name": "Ann", "phone": "+49 170-1"}}
        phone.send(json.dumps(register))
        phone.recv()
        done = admin(server, "chat-code", "+49 170-1")
        found = re.match(r"([0-9A-Z-]{14}) is the code for \+491701, until ", done.out)
        assert found, done
        phone.send(json.dumps(register | {"protocol": 2, "token": found[1]}))
        assert "token" in json.loads(phone.recv())


def test_people_and_logs_are_listed(campus: ServerProcess) -> None:
    httpx.post(f"{campus.url}/nearby", data={"name": "ana"})
    assert json.loads(admin(campus, "users", "--json").out) == [{"id": "ana"}]
    assert "ana" in admin(campus, "users").out
    assert admin(campus, "users", "--online").out == "Nobody.\n"
    assert admin(campus, "users", "--building", "1").out == "Nobody.\n"
    assert admin(campus, "logs", "--user", "ana").out == "Nothing is logged.\n"
    assert admin(campus, "logs", "--building", "1", "--json").out == "[]\n"
    assert admin(campus, "users", "--building", "no/where").code == 1


@pytest.mark.parametrize("args", [[], ["--user", "a", "--building", "b"]])
def test_logs_are_of_one_person_or_of_one_building(args: list[str], campus: ServerProcess) -> None:
    done = admin(campus, "logs", *args)
    assert done.code == 2
    assert "--user ID, or --building ID" in done.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "as a table it has no column name or latitude or longitude"),
        ("{}", "neither a list containedSpaces nor features of GeoJSON"),
        ('{"containedSpaces": [{"id": "1"}]}', "missing required field `name`"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_campus_is_a_sentence(
    content: str | None, words: str, server: ServerProcess, tmp_path: Path
) -> None:
    file = tmp_path / "campus.json"
    if content is not None:
        file.write_text(content)
    done = admin(server, "load", str(file))
    assert done.code == 1
    assert str(file) in done.err
    assert words in done.err


def test_every_building_that_cannot_be_is_named_and_nothing_is_loaded(
    campus: ServerProcess, tmp_path: Path
) -> None:
    file = tmp_path / "campus.csv"
    file.write_text("name,lat,lon\nGood,38.7,-9.1\nNowhere,91,0\nNoplace,0,181\n")
    done = admin(campus, "load", str(file))
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"quad: {file}: line 3 (Nowhere): its latitude is not between -90 and 90\n"
        f"{file}: line 4 (Noplace): its longitude is not between -180 and 180\n"
    )
    assert len(json.loads(admin(campus, "buildings", "--json").out)) == 2


def test_a_table_is_tried_loaded_and_a_building_of_it_is_deleted(
    campus: ServerProcess, tmp_path: Path
) -> None:
    file = tmp_path / "campus.csv"
    file.write_text("id;name;lat;lon;range\n1;Tower;38,737;-9,139;60\nx;Annex;38,75;-9,14;20\n")
    done = admin(campus, "load", "--dry-run", str(file))
    assert done.code == 0
    assert re.search(r"Tower.*as it is", done.out)
    assert re.search(r"Annex.*new", done.out)
    assert len(json.loads(admin(campus, "buildings", "--json").out)) == 2
    assert admin(campus, "load", str(file)) == Done(0, "2 buildings loaded\n", "")
    assert {"id": "x", "name": "Annex"} in json.loads(admin(campus, "buildings", "--json").out)
    assert admin(campus, "delete", "x") == Done(0, "x is deleted\n", "")
    done = admin(campus, "delete", "x")
    assert done == Done(1, "", f"quad: {campus.url} refuses: there is no building 'x'\n")


def test_chats_and_alert_rooms_are_listed_and_closed(server: ServerProcess) -> None:
    with connect(server.url.replace("http", "ws") + "/chat/ws") as phone:
        for frame in (
            {"type": "register", "user": {"name": "Eve", "phone": "333"}},
            {"type": "create_chat", "name": "Lunch at 12"},
        ):
            phone.send(json.dumps(frame))
            phone.recv()
        (chat,) = json.loads(admin(server, "chats", "--find", "EVE", "--json").out)
        assert (chat["name"], chat["owner"], chat["members"]) == ("Lunch at 12", "Eve", 1)
        assert "Lunch at 12" in admin(server, "chats").out
        done = admin(server, "close-chat", "Lunch at 12")
        assert done == Done(0, "Lunch at 12 is closed\n", "")
        assert json.loads(phone.recv())["type"] == "chat_deleted"
    done = admin(server, "close-chat", "Lunch at 12")
    assert done.err == f"quad: {server.url} refuses: there is no chat 'Lunch at 12'\n"
    message = {"name": "porter", "msg": "Fire drill at noon"}
    answer = httpx.post(f"{server.url}/v1/rooms/Gate/messages", json=message)
    assert answer.is_success, answer.text
    assert "Gate" in admin(server, "rooms").out
    assert admin(server, "close-room", "gate") == Done(0, "gate is closed\n", "")
    assert admin(server, "rooms").out == "There are no alert rooms.\n"


def test_a_class_gets_a_new_key(server: ServerProcess) -> None:
    url = server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    with connect(url) as teacher:
        teacher.recv()
        teacher.send("40")
        teacher.recv()
        teacher.send('42["room/create",{"name":"Ada","protocol":3}]')
        room = json.loads(str(teacher.recv())[2:])[1]
        done = admin(server, "class-key", str(room["id"]))
        assert (done.code, done.err, len(done.out)) == (0, "", 44)
        assert done.out.strip() != room["teacher"]
    done = admin(server, "class-key", "1")
    assert done.err == f"quad: {server.url} refuses: there is no class '1'\n"


# --- where the server and the password come from --------------------------------------------------


def test_the_password_may_be_in_a_flag_or_in_the_address_and_is_never_shown(
    server: ServerProcess,
) -> None:
    with_password = server.url.replace("://", f"://admin:{PASSWORD.replace(' ', '%20')}@")
    assert quad("admin", "bots", "--url", with_password).code == 0
    assert quad("admin", "bots", "--url", server.url, "--password", PASSWORD).code == 0
    for url, args in (
        (server.url, ["--password", "hush"]),
        (server.url.replace("://", "://admin:hush@"), []),
    ):
        done = quad("admin", "bots", "--url", url, *args)
        assert done.code == 1
        assert "the administrator's name or password is wrong" in done.err
        assert "hush" not in done.err + done.out


def test_without_a_password_and_nobody_to_ask_it_says_what_to_set(server: ServerProcess) -> None:
    done = quad("admin", "bots", "--url", server.url)
    assert done == Done(1, "", "quad: a password is needed: set QUAD_ADMIN_PASSWORD\n")


def test_the_password_is_asked_for_and_not_echoed(server: ServerProcess) -> None:
    main, side = pty.openpty()
    command = [sys.executable, "-m", "quad", "admin", "bots", "--json", "--url", server.url]
    # A session of its own has no terminal but this one.
    process = subprocess.Popen(
        command, stdin=side, stdout=subprocess.PIPE, stderr=side, start_new_session=True
    )
    os.close(side)
    shown = b""
    while b"Password of admin at" not in shown:
        shown += os.read(main, 1000)
    os.write(main, PASSWORD.encode() + b"\n")
    assert process.stdout is not None
    out = process.stdout.read()
    process.stdout.close()
    assert process.wait(20) == 0
    assert isinstance(json.loads(out), list)
    os.close(main)
    assert PASSWORD.encode() not in shown + out


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1", "cannot be reached"),
        ("ftp://quad.example.org", "must look like"),
        ("http://", "must look like"),
        ("http://[", "must look like"),
        ("http://xn--a.example", "no address"),
    ],
)
def test_a_server_that_cannot_be_reached_is_a_sentence(url: str, words: str) -> None:
    done = quad("admin", "bots", "--url", url, "--password", "x")
    assert done.code == 1
    assert words in done.err


def test_a_server_that_is_no_quad_is_a_sentence(server: ServerProcess) -> None:
    done = quad("admin", "bots", "--url", f"{server.url}/v1", "--password", "x")
    assert (done.code, done.out) == (1, "")
    assert "refuses: " in done.err


@pytest.mark.parametrize("command", ["load", "buildings", "users", "bots", "authorise", "logs"])
def test_help_teaches_by_an_example(command: str) -> None:
    done = quad("admin", command, "--help")
    assert done.code == 0
    assert f"Example: quad admin {command}" in done.out
