"""``quad serve`` as a process."""

import os
import pty
import shlex
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from quad.web.network import network_host
from quad.web.qr import in_blocks, qr_code
from tests.prefork import quad
from tests.process import ServerProcess, free_port

SERVE = [sys.executable, "-m", "quad", "serve"]


def refused(
    *flags: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A server that should not start, once it has ended."""
    return quad("serve", *flags, cwd=cwd, env=env)


def test_it_prints_its_address_keeps_its_data_and_stops_when_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    server = ServerProcess([*SERVE, "--port", "0", "--data", str(data)], is_counted=True)
    try:
        answer = httpx.get(f"{server.url}/socket.io/", params={"EIO": "4", "transport": "polling"})
        assert answer.status_code == 200
        assert (data / "quad.sqlite3").exists()
        assert server.terminate(within_s=10.0) == 0
    finally:
        server.kill()
    assert "Traceback" not in server.output


def test_variables_and_file_reach_the_server(tmp_path: Path) -> None:
    file = tmp_path / "quad.toml"
    file.write_text("[engine]\nping_interval_ms = 300\npath = '/class/'\n")
    server = ServerProcess(
        [*SERVE, "--config", str(file)],
        env={"QUAD_PORT": "0", "QUAD_DATA": str(tmp_path / "data")},
    )
    try:
        answer = httpx.get(f"{server.url}/class/", params={"EIO": "4", "transport": "polling"})
        assert '"pingInterval":300' in answer.text
    finally:
        server.kill()


def test_a_port_in_use_is_a_sentence_and_nothing_else_has_happened(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = refused("--port", str(port), cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        f"quad: port {port} is in use by another program; take another with `--port`\n"
    )
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


# 198.51.100.0/24 is nobody's (RFC 5737), and a label has 63 characters at most (RFC 1035).
@pytest.mark.parametrize("host", ["198.51.100.7", "x" * 70], ids=["foreign", "too long"])
@pytest.mark.parametrize("flags", [("--port", "0"), ("--port", "8000")], ids=["any port", "a port"])
def test_a_host_that_is_none_of_this_machine_is_a_sentence(
    tmp_path: Path, host: str, flags: tuple[str, ...]
) -> None:
    done = refused("--host", host, *flags, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"quad: {host} is no address of this machine: `--host` takes")
    assert list(tmp_path.iterdir()) == []


def test_whoever_waits_for_news_gets_an_answer_when_the_server_ends(
    running: ServerProcess,
) -> None:
    path = f"{running.url}/v1/rooms/R1/messages"
    httpx.post(path, content="hello", timeout=60)
    last = httpx.get(path, timeout=60).json()[-1]

    def wait(headers: dict[str, str]) -> httpx.Response:
        params = {"since": last["id"], "wait_s": "30"}
        return httpx.get(path, params=params, headers=headers, timeout=60)

    with ThreadPoolExecutor() as threads:
        answer = threads.submit(wait, {})
        stream = threads.submit(wait, {"accept": "text/event-stream"})
        time.sleep(0.5)  # both wait by now, and nobody else can see it
        assert running.terminate() == 0
    assert (answer.result().status_code, answer.result().json()) == (200, [])
    assert stream.result().status_code == 200
    assert "Traceback" not in running.output
    assert "answers that are not finished" not in running.output


@pytest.fixture
def running(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess([*SERVE, "--port", "0", "--data", str(tmp_path / "data")])
    yield server
    server.kill()


def test_a_second_server_at_the_same_port_says_so_and_changes_nothing(
    running: ServerProcess, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with sqlite3.connect(data / "quad.sqlite3") as connection:
        presence = "INSERT INTO chat_users (phone, name) VALUES ('111', 'online')"
        connection.execute(presence)
    connection.close()
    done = refused("--port", str(running.port), "--data", str(data), cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"quad: a Quad runs there already: {running.url} (another port: `--port`)"
    ]
    with sqlite3.connect(data / "quad.sqlite3") as connection:
        rows = connection.execute("SELECT disconnected_at FROM chat_users").fetchall()
    connection.close()
    assert rows == [(None,)]


def test_a_second_server_on_the_same_data_is_told_who_has_them(
    running: ServerProcess, tmp_path: Path
) -> None:
    other_port = str(free_port())
    done = refused("--port", other_port, "--data", "data", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"process {running.pid} on" in done.stderr
    assert running.url in done.stderr
    assert "password" not in done.stderr
    done = quad("db", "upgrade", "--data", "data", cwd=tmp_path)
    assert done.returncode == 1
    assert f"process {running.pid} on" in done.stderr


def test_a_server_whose_data_are_removed_is_not_ready_and_says_so(
    running: ServerProcess, tmp_path: Path
) -> None:
    assert httpx.get(f"{running.url}/ready").status_code == 200
    shutil.rmtree(tmp_path / "data")
    running.wait_for_output("was removed or replaced", within_s=60)
    answer = httpx.get(f"{running.url}/ready")
    assert answer.status_code == 503
    assert "was removed or replaced" in answer.json()["lock"]


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["db", "upgrade"]])
def test_tables_of_a_newer_version_are_a_sentence(
    command: list[str], tmp_path: Path, database: Path
) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
    connection.close()
    done = quad(*command, "--database", f"sqlite:///{database}", cwd=tmp_path)
    assert done.returncode == 1
    assert "made by a newer Quad (revision 0099, which this one does not know)" in done.stderr


@pytest.mark.parametrize(
    "command", [["serve", "--port", "0"], ["db", "upgrade"], ["db", "current"]]
)
def test_a_file_that_is_no_database_is_named(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "data" / "quad.sqlite3"
    file.parent.mkdir()
    file.write_bytes(b"noise" * 1_000)
    done = quad(*command, "--data", "data", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.endswith("data/quad.sqlite3: The file is not a database.\n")


@pytest.mark.parametrize(
    "command",
    [["serve", "--port", "0"], ["db", "upgrade"], ["db", "current"], ["retention", "--dry-run"]],
)
@pytest.mark.parametrize("change", ["DELETE FROM alembic_version", "DROP TABLE alert_sent"])
def test_tables_that_somebody_has_changed_are_a_sentence(
    change: str, command: list[str], tmp_path: Path, database: Path
) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(change)
    connection.close()
    done = quad(*command, "--database", f"sqlite:///{database}", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith(f"quad: {database}: The database ")
    assert "Only a backup" in sentence


def modes(directory: Path) -> dict[str, int]:
    return {each.name: each.stat().st_mode & 0o777 for each in directory.iterdir()}


def test_nobody_else_can_read_what_it_keeps(running: ServerProcess, tmp_path: Path) -> None:
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    names = {"quad.sqlite3", "quad.sqlite3-wal", "quad.sqlite3-shm", "quad.sqlite3.lock"}
    assert modes(tmp_path / "data") == dict.fromkeys({*names, "quad.key", "admin-password"}, 0o600)


def test_what_others_could_read_is_closed_at_the_next_start(tmp_path: Path, database: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    shutil.move(database, data)
    (data / "quad.key").write_text("k" * 43)
    server = ServerProcess([*SERVE, "--port", "0", "--data", str(data)])
    server.kill()
    assert set(modes(data).values()) == {0o600}
    assert data.stat().st_mode & 0o777 == 0o700
    for what in (data, data / "quad.sqlite3", data / "quad.key"):
        assert f"OTHER ACCOUNTS OF THIS MACHINE COULD READ {what};" in server.output


def test_logins_are_signed_with_a_key_that_is_not_in_the_database(tmp_path: Path) -> None:
    data = tmp_path / "data"
    key = data / "quad.key"
    cookies = httpx.Cookies()

    def is_logged_in() -> bool:
        server = ServerProcess(
            [*SERVE, "--port", "0", "--data", str(data)], env={"QUAD_ADMIN_PASSWORD": "let me in"}
        )
        try:
            session = f"{server.url}/admin/session"
            if not cookies:
                login = httpx.post(session, json={"password": "let me in"}, timeout=60)
                cookies.update(login.cookies)
            return bool(httpx.get(session, cookies=cookies, timeout=60).json()["is_open"])
        finally:
            server.kill()

    assert is_logged_in()
    assert is_logged_in()
    kept = b"".join(each.read_bytes() for each in data.iterdir() if each != key)
    assert key.read_bytes().strip() not in kept
    key.unlink()
    assert not is_logged_in()


def test_a_read_only_directory_is_a_sentence(tmp_path: Path, database: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    shutil.move(database, data)
    mount = f"mount --bind {data} {data} && mount -o remount,ro,bind {data}"
    in_there = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*in_there, mount], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    serve = shlex.join([*SERVE, "--port", "0", "--data", str(data)])
    done = subprocess.run(
        [*in_there, f"{mount} && {serve}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Read-only file system" in done.stderr
    assert "bug" not in done.stderr


def test_a_database_that_may_not_be_written_is_a_sentence(tmp_path: Path, database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON quad_store_probe "
            "BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    connection.close()
    done = refused("--port", "0", "--database", f"sqlite:///{database}", cwd=tmp_path)
    assert done.returncode == 1
    assert "cannot save" in done.stderr


def test_a_start_that_waits_for_another_program_says_so(tmp_path: Path, database: Path) -> None:
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    process = subprocess.Popen(
        [*SERVE, "--port", "0", "--database", f"sqlite:///{database}"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stdout is not None
    told = iter(process.stderr.readline, "")
    assert any("waiting for another program that has the database" in line for line in told)
    other.execute("ROLLBACK")
    other.close()
    assert "is listening on" in process.stdout.readline()
    process.kill()
    process.communicate()


def test_too_few_descriptors_are_a_sentence(tmp_path: Path) -> None:
    serve = shlex.join([*SERVE, "--port", "0"])
    done = subprocess.run(
        ["sh", "-c", f"ulimit -n 20; exec {serve}"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert "may open 20 files" in done.stderr


def test_both_kinds_of_addresses_are_heard_where_all_are_wanted(tmp_path: Path) -> None:
    if not socket.has_ipv6 or not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    port = free_port()
    server = ServerProcess([*SERVE, "--host", "::", "--port", str(port)], port=port, cwd=tmp_path)
    try:
        for host in ("127.0.0.1", "[::1]"):
            assert httpx.get(f"http://{host}:{port}/health", timeout=60).status_code == 200
    finally:
        server.kill()


def test_a_server_for_all_says_the_address_that_others_type(tmp_path: Path) -> None:
    server = ServerProcess([*SERVE, "--host", "0.0.0.0", "--port", "0"], cwd=tmp_path)
    server.kill()
    here = network_host("0.0.0.0")
    told = f"; others reach it at http://{here}:{server.port}" if here else ""
    assert f"is listening on http://0.0.0.0:{server.port}{told}\n" in server.output


def test_on_a_terminal_a_server_for_all_shows_the_address_for_students(tmp_path: Path) -> None:
    here = network_host("0.0.0.0") or pytest.skip("this machine has no network")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*SERVE, "--host", "0.0.0.0", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    assert process.stdout is not None
    port = process.stdout.readline().strip().rpartition(":")[2]
    shown = b""
    while b"\x1b[0m\r\n\r\n" not in shown:
        shown += os.read(ours, 65_536)
    process.kill()
    process.communicate()
    os.close(ours)
    address = f"http://{here}:{port}"
    assert f"Students open {address} or scan this:" in shown.decode()
    assert in_blocks(qr_code(address)).replace("\n", "\r\n") in shown.decode()


@pytest.mark.parametrize(
    ("flags", "place"),
    [
        (["--data", "file/below"], "file: File exists"),
        (
            ["--database", "postgresql://quad:hush@127.0.0.1:1/quad"],
            "postgresql://quad:***@127.0.0.1:1/quad: The database cannot be reached.",
        ),
        (["--database", "sqlite:////nowhere/at/all.sqlite3"], "/nowhere/at/all.sqlite3"),
    ],
    ids=["data below a file", "database down", "database file without a directory"],
)
def test_what_keeps_it_from_starting_is_a_sentence(
    flags: list[str], place: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = refused("--port", "0", *flags, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip() != ""
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stdout + done.stderr
    assert place in done.stderr
