"""The wheel that a server offers of itself: what is in it, how it is sent, and that it installs."""

import asyncio
import csv
import io
import logging
import os
import subprocess
import sys
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

import quad
from quad.realtime import Site, Streams
from quad.realtime.http.site import carry
from quad.server import serving
from quad.settings import ServerSettings, Settings
from quad.web import install
from quad.web.install import WheelOffer
from quad.web.wheel import Wheel, make_wheel, wheel_name
from tests.process import ROOT, ServerProcess

SMALL = Wheel(wheel_name() or "", b"not really a wheel" * 10_000)


@pytest.fixture(scope="module")
def wheel() -> Wheel:
    return make_wheel()


@asynccontextmanager
async def offering(
    streams: Streams | None = None, **settings: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever asks the offer alone, at a site of these settings."""
    offer, site = WheelOffer(streams), Site(**settings)
    application = Litestar([offer.router])

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        carry(site, scope)
        await application(scope, receive, send)

    transport = httpx.ASGITransport(answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://class.example") as client:
        yield client
    await offer.aclose()


@pytest.fixture
async def offered() -> AsyncIterator[httpx.AsyncClient]:
    async with offering() as client:
        yield client


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> list[Wheel]:
    """The wheels that are packed: small ones, and nothing is read for them."""
    made: list[Wheel] = []

    def make() -> Wheel:
        made.append(made[-1] if made else SMALL)
        return made[-1]

    monkeypatch.setattr(install, "make_wheel", make)
    return made


def files_in(wheel: Wheel) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def install_into(folder: Path, wheel: Wheel) -> metadata.Distribution:
    """Put the files where pip puts them, with what it adds, and a file of nobody beside them."""
    files = files_in(wheel)
    (about,) = {name.partition("/")[0] for name in files if ".dist-info/" in name}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    record = files[f"{about}/RECORD"].decode()
    added = {
        "quad/__pycache__/server.cpython-313.pyc": b"compiled",
        f"{about}/INSTALLER": b"pip\n",
        f"{about}/direct_url.json": b'{"url": "http://class.example/install/"}',
    }
    for name, content in added.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    lines = [f"{name},," for name in (*added, "../../../bin/quad")]
    (folder / about / "RECORD").write_text(record + "\n".join(lines))
    (folder / "quad/quad-data.json").write_text("written by whoever served from in here")
    return metadata.Distribution.at(folder / about)


# --- what is in it --------------------------------------------------------------------------------


def test_it_holds_every_file_of_the_package_and_of_the_browser_application(wheel: Wheel) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "src/quad"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    application = [path for path in (ROOT / "src/quad/app").rglob("*") if path.is_file()]
    paths = [ROOT / line for line in listed.stdout.splitlines()] + application
    expected = {path.relative_to(ROOT / "src").as_posix(): path for path in paths if path.exists()}
    found = {name: content for name, content in files_in(wheel).items() if ".dist-info" not in name}
    assert found.keys() == expected.keys()
    assert found["quad/server.py"] == expected["quad/server.py"].read_bytes()


def test_its_metadata_is_that_of_what_is_installed(wheel: Wheel) -> None:
    files = files_in(wheel)
    about = f"quad_server-{metadata.version('quad-server')}.dist-info"
    names = {name.partition("/")[2] for name in files if name.startswith(about)}
    assert names == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert b"\nRequires-Dist: uvicorn" in files[f"{about}/METADATA"]
    assert b"quad = quad.cli:main" in files[f"{about}/entry_points.txt"]
    assert wheel.name == wheel_name() == f"{about.removesuffix('.dist-info')}-py3-none-any.whl"


def test_it_records_the_hash_and_the_size_of_every_file(wheel: Wheel) -> None:
    files = files_in(wheel)
    own_name = next(name for name in files if name.endswith(".dist-info/RECORD"))
    rows = list(csv.reader(io.StringIO(files[own_name].decode())))
    assert rows.pop() == [own_name, "", ""]
    for name, recorded, size in rows:
        digest = urlsafe_b64encode(sha256(files[name]).digest()).decode().rstrip("=")
        assert (recorded, size) == (f"sha256={digest}", str(len(files[name])))
    assert {name for name, _, _ in rows} == files.keys() - {own_name}


def test_whoever_has_installed_it_offers_the_same_bytes_and_nothing_that_lies_beside(
    wheel: Wheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = install_into(tmp_path, wheel)
    monkeypatch.setattr(metadata, "distribution", lambda name: installed)
    assert make_wheel() == wheel


def test_of_a_checkout_nothing_goes_along_that_is_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "quad"
    for name in (
        "__init__.py",
        "wire/packet.py",
        "wire/__pycache__/packet.cpython-311.pyc",
        "quad-data/quad.sqlite3",
        "quad-data/admin-password",
        ".env",
    ):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(name)
    monkeypatch.setattr(quad, "__file__", str(package / "__init__.py"))
    names = {name for name in files_in(make_wheel()) if ".dist-info/" not in name}
    assert names == {"quad/__init__.py", "quad/wire/packet.py"}


# --- how it is sent -------------------------------------------------------------------------------


async def test_it_is_what_the_server_sends_under_the_name_that_its_pages_know(
    tmp_path: Path, packed: list[Wheel]
) -> None:
    server = ServerSettings(port=0, data=tmp_path)
    async with serving(Settings(server=server)) as url, httpx.AsyncClient(base_url=url) as client:
        for page in ("/classroom", "/classroom/123456"):
            assert f'"wheel":"{SMALL.name}"' in (await client.get(page)).text
        path = f"/install/{SMALL.name}"
        answer = await client.get(path)
        assert (answer.status_code, answer.content) == (200, SMALL.content)
        headers = answer.headers
        assert headers["content-length"] == str(len(SMALL.content))
        assert headers["content-disposition"] == f'attachment; filename="{SMALL.name}"'
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        head = await client.head(path)
        assert (head.content, head.headers.keys()) == (b"", headers.keys())
        for tag in (headers["etag"], f"W/{headers['etag']}", f'"other", {headers["etag"]}', "*"):
            known = await client.get(path, headers={"If-None-Match": tag})
            assert (known.status_code, known.content) == (304, b"")
            assert known.headers["etag"] == headers["etag"]
        other = await client.get(path, headers={"If-None-Match": '"other"'})
        assert other.content == SMALL.content
        assert (await client.post(path)).status_code == 405
        assert len(packed) == 1


async def test_a_whole_class_at_once_has_it_packed_once(
    offered: httpx.AsyncClient, packed: list[Wheel]
) -> None:
    answers = await asyncio.gather(*(offered.get(f"/install/{SMALL.name}") for _ in range(30)))
    assert {answer.content for answer in answers} == {SMALL.content}
    assert len(packed) == 1


async def test_a_reader_that_stops_holds_one_piece_of_it() -> None:
    file = install._File(SMALL)
    reads, held = asyncio.Semaphore(0), 0

    async def send(message: Any) -> None:
        nonlocal held
        held += len(message.get("body", b""))
        await reads.acquire()

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.1", 1),
    }
    sending = asyncio.create_task(file(scope, None, send))  # type: ignore[arg-type]
    for pieces in range(3):
        await asyncio.sleep(0)
        assert held == pieces * 16_384
        reads.release()
        await asyncio.sleep(0)
    sending.cancel()


async def test_the_stop_of_the_server_ends_those_who_do_not_read_without_a_word(
    tmp_path: Path, packed: list[Wheel], caplog: pytest.LogCaptureFixture
) -> None:
    packed.append(Wheel(SMALL.name, bytes(20_000_000)))
    server = ServerSettings(port=0, data=tmp_path)
    async with serving(Settings(server=server)) as url:
        port = int(url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_024)
        writer.write(f"GET /install/{SMALL.name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    writer.close()
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []
    assert "ending 1 answers that are not finished" in caplog.messages


async def test_one_address_has_so_many_at_once(packed: list[Wheel]) -> None:
    async with offering(Streams(0)) as client:
        assert (await client.get(f"/install/{SMALL.name}")).status_code == 429


@pytest.mark.parametrize(
    "name", ["quad_server-0.0.0-py3-none-any.whl", "x.whl", f"{SMALL.name}.asc"]
)
async def test_it_has_one_name(offered: httpx.AsyncClient, name: str, packed: list[Wheel]) -> None:
    assert (await offered.get(f"/install/{name}")).status_code == 404
    assert packed == []


@pytest.mark.parametrize(
    ("settings", "headers", "address"),
    [
        ({}, {}, "http://class.example"),
        ({}, {"Host": "192.0.2.7:8000"}, "http://192.0.2.7:8000"),
        ({}, {"X-Forwarded-Proto": "https"}, "https://class.example"),
        ({"public_url": "https://quad.school/"}, {}, "https://quad.school"),
    ],
)
async def test_the_server_says_what_to_type_to_get_it(
    settings: dict[str, Any], headers: dict[str, str], address: str
) -> None:
    async with offering(**settings) as client:
        for path in ("/install", "/install/"):
            answer = await client.get(path, headers=headers)
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
            line, *_ = answer.text.splitlines()
            assert line == f"pipx install {address}/install/{wheel_name()}"


async def test_what_is_not_installed_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", nothing)
    assert WheelOffer().name is None
    async with offering() as client:
        assert (await client.get("/install")).status_code == 404
        assert (await client.get(f"/install/{SMALL.name}")).status_code == 404


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (OSError(24, "Too many open files"), "cannot be made: [Errno 24] Too many open files"),
        (metadata.PackageNotFoundError("quad_server"), "cannot be made"),
        (Wheel("quad_server-99.0-py3-none-any.whl", b""), "quad_server-99.0-py3-none-any.whl"),
    ],
)
async def test_what_cannot_be_packed_now_is_tried_again(
    offered: httpx.AsyncClient,
    packed: list[Wheel],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Exception | Wheel,
    words: str,
) -> None:
    def fail() -> Wheel:
        if isinstance(fault, Exception):
            raise fault
        return fault

    with monkeypatch.context() as patch:
        patch.setattr(install, "make_wheel", fail)
        assert (await offered.get(f"/install/{SMALL.name}")).status_code == 404
    (line,) = [each for each in caplog.records if each.name == "quad.web.install"]
    assert line.levelno == logging.WARNING
    assert words in line.getMessage()
    assert (await offered.get(f"/install/{SMALL.name}")).content == SMALL.content


# --- that it installs -----------------------------------------------------------------------------


@pytest.mark.soak
def test_a_computer_of_the_class_gets_quad_share_from_the_server(tmp_path: Path) -> None:
    serve = [sys.executable, "-m", "quad", "serve", "--port", "0", "--data", str(tmp_path / "data")]
    server = ServerProcess(serve)
    try:
        line = httpx.get(f"{server.url}/install").text.splitlines()[0]
        address = line.removeprefix("pipx install ")
        computer = tmp_path / "computer"
        run(sys.executable, "-m", "venv", "--without-pip", str(computer))
        pip = (sys.executable, "-m", "pip", "--python", str(computer))
        run(*pip, "install", "--no-deps", "--quiet", address)
        check = run(*pip, "show", "--files", "quad-server")
        assert "quad/app/manifest.json" in check
        # What it depends on is taken from here; Quad itself is not there, but in a checkout.
        here = {**os.environ, "PYTHONPATH": str(Path(httpx.__file__).parents[1])}
        said = run(str(computer / "bin/quad"), "share", "--help", env=here)
        assert "Take part in a class from your own editor" in said
        home = run(
            str(computer / "bin/python"), "-c", "import quad; print(quad.__file__)", env=here
        )
        assert home.startswith(str(computer))
    finally:
        server.kill()


def run(*command: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout
