"""`quad bot` against a real server."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.server import ServerConnection, serve

from quad.cli.failures import Failed
from quad.cli.link import Greeting, linked
from quad.cli.reaching import Unreachable
from tests.cli.remote_server import PASSWORD, Done, quad, serving_quad
from tests.patience import patience
from tests.process import ServerProcess, free_port

ADMIN = ("admin", PASSWORD)
HERE = {"latitude": 38.737, "longitude": -9.139}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_quad(tmp_path_factory.mktemp("bot")) as server:
        building = {"id": "1", "name": "Tower", **HERE, "radious": 60}
        post(server, "/API/admin/buildings/add", building)
        yield server


def post(server: ServerProcess, path: str, body: Any) -> httpx.Response:
    answer = httpx.post(server.url + path, json=body, auth=ADMIN)
    assert answer.status_code == 200, answer.text
    return answer


def bot(server: ServerProcess, *args: str, **env: str) -> Done:
    return quad("bot", *args, env={"QUAD_URL": server.url, **env})


def registered(server: ServerProcess, name: str, *, is_authorised: bool = True) -> str:
    done = bot(server, "register", name, "1")
    assert done.code == 0, done.err
    if is_authorised:
        post(server, "/API/admin/bots/update/auth", {"id": name, "state": True})
    return done.out.strip()


def test_a_bot_is_registered_and_its_password_alone_is_on_standard_output(
    server: ServerProcess,
) -> None:
    assert bot(server, "check", "new") == Done(1, "Bot does not exist.\n", "")
    done = bot(server, "register", "new", "1")
    assert done.code == 0
    assert len(done.out.split()) == 1
    assert "quad admin authorise new" in done.err
    assert bot(server, "check", "new").out == "Bot has not been authorized yet.\n"
    post(server, "/API/admin/bots/update/auth", {"id": "new", "state": True})
    assert bot(server, "check", "new") == Done(0, "Bot available.\n", "")
    again = bot(server, "register", "new", "1")
    assert (again.code, again.out) == (1, "")
    assert "already" in again.err


def test_the_buildings_are_listed(server: ServerProcess) -> None:
    assert "Tower" in bot(server, "buildings").out


def test_what_stops_a_bot_from_running_is_said(server: ServerProcess) -> None:
    registered(server, "waiting", is_authorised=False)
    registered(server, "ready")
    for name, words in (
        ("unknown", "quad bot register unknown"),
        ("waiting", "quad admin authorise waiting"),
        ("ready", "not the password of ready"),
    ):
        done = bot(server, "run", name, "x", QUAD_BOT_PASS="wrong")
        assert done.code == 1
        assert words in done.err
        assert "wrong" not in done.err
    done = bot(server, "run", "ready", "x")
    assert (done.code, done.err) == (1, "quad: a password is needed: set QUAD_BOT_PASS\n")


def running(server: ServerProcess, name: str, password: str, text: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "quad", "bot", "run", name, text, "--every", "0.05"]
    process = subprocess.Popen(
        [*command, "--url", server.url],
        env={**os.environ, "QUAD_BOT_PASS": password},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"{name} is running\n"
    return process


def until(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def notices(server: ServerProcess) -> list[str]:
    answer = httpx.get(f"{server.url}/API/admin/logs/show/building/1", auth=ADMIN)
    return [line["message"] for line in answer.json()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_bot_runs_until_it_is_stopped(number: signal.Signals, server: ServerProcess) -> None:
    name = f"runner{number.value}"
    password = registered(server, name)
    process = running(server, name, password, f"Lunch {name}")
    assert bot(server, "check", name).out == "Bot currently running.\n"
    assert "is running already" in bot(server, "run", name, "x", QUAD_BOT_PASS=password).err
    until(lambda: notices(server).count(f"Lunch {name}") > 2)
    process.send_signal(number)
    out, err = process.communicate(timeout=patience(10))
    assert (process.returncode, out, err) == (0, f"{name} has stopped\n", "")
    until(lambda: bot(server, "check", name).code == 0)


def test_a_bot_that_is_disallowed_stops_with_the_reason(server: ServerProcess) -> None:
    password = registered(server, "allowed")
    process = running(server, "allowed", password, "x")
    post(server, "/API/admin/bots/update/auth", {"id": "allowed", "state": False})
    _, err = process.communicate(timeout=patience(10))
    assert (process.returncode, err) == (
        1,
        "quad: allowed is not authorised: quad admin authorise allowed\n",
    )


def test_a_bot_survives_a_server_that_is_away_for_a_while(tmp_path: Path) -> None:
    port = str(free_port())
    command = [sys.executable, "-m", "quad", "serve", "--port", port, "--data", str(tmp_path)]
    env = {"QUAD_ADMIN_PASSWORD": PASSWORD}
    server = ServerProcess(command, env=env)
    post(server, "/API/admin/buildings/add", {"id": "1", "name": "T", **HERE, "radious": 60})
    password = registered(server, "steady")
    process = running(server, "steady", password, "still here")
    server.kill()
    server = ServerProcess(command, env=env)
    try:
        until(lambda: bot(server, "check", "steady").out == "Bot currently running.\n")
    finally:
        process.terminate()
        _, err = process.communicate(timeout=patience(10))
        server.terminate()
    assert "connection lost, trying again" in err
    assert "not sent: " in err
    assert process.returncode == 0


def greeting(name: str) -> Greeting:
    async def prove() -> None:
        """Nothing."""

    return Greeting("new_bot", {"id": name}, prove)


async def test_a_connection_that_is_refused_is_a_sentence(server: ServerProcess) -> None:
    with pytest.raises(Failed, match="refuses this bot: the bot's password"):
        async with linked(server.url, greeting("stranger")):
            raise AssertionError
    with pytest.raises(Unreachable, match="cannot be reached"):
        async with linked(f"{server.url}/elsewhere", greeting("x")):
            raise AssertionError
    with pytest.raises(Unreachable, match="cannot be reached"):
        async with linked(f"http://127.0.0.1:{free_port()}", greeting("x")):
            raise AssertionError


async def test_heartbeats_are_answered_and_a_goodbye_is_understood() -> None:
    heard: list[str | bytes] = []
    done = asyncio.Event()

    async def answer(socket: ServerConnection) -> None:
        await socket.send('0{"sid":"x"}')
        await socket.send("2")
        heard.append(await socket.recv())
        heard.append(await socket.recv())
        if len(heard) > 2:
            await socket.send("41")
            return
        await socket.send('40{"sid":"y"}')
        heard.append(await socket.recv())
        await socket.send("430[]")
        await socket.send("2")
        heard.append(await socket.recv())
        done.set()

    async with serve(answer, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with linked(f"http://127.0.0.1:{port}", greeting("x")) as link:
            await asyncio.wait_for(done.wait(), patience(5))
            assert heard[:4] == ["40", "3", '420["new_bot",{"id":"x"}]', "3"]
            assert not link.done()
        with pytest.raises(Unreachable, match="has closed"):
            async with linked(f"http://127.0.0.1:{port}", greeting("x")):
                raise AssertionError
