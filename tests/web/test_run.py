"""The frames in which programs run: what they may load, and what pages may load into them."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from quad.server import serving
from quad.settings import load
from quad.shell import Shell, Visit
from tests.patience import patience


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "app/assets/run-0123456789ab"
    folder.mkdir(parents=True)
    for name in ("frame.js", "web.js", "pyodide.asm.wasm", "pyodide.asm.mjs"):
        (folder / f"{name}.gz").write_bytes(b"as if by gzip")
    return tmp_path / "app"


FILES = "quad.example:8000/quad/app/assets/"
SCRIPTS = f"script-src http://{FILES} https://{FILES} blob: 'wasm-unsafe-eval'"
POLICIES = {
    "frame": f"sandbox allow-scripts; default-src 'none'; {SCRIPTS};"
    " worker-src blob:; connect-src 'none'; frame-ancestors 'self'",
    "web": f"sandbox allow-scripts; default-src 'none'; {SCRIPTS} 'unsafe-inline' 'unsafe-eval';"
    " style-src 'unsafe-inline'; img-src data: blob:;"
    " worker-src blob:; connect-src 'none'; frame-ancestors 'self'",
}


@pytest.mark.parametrize("name", POLICIES)
def test_a_frame_may_run_the_engine_and_ask_for_nothing(built: Path, name: str) -> None:
    visit = Visit(root="/quad", host="quad.example:8000")
    answer = Shell(folder=built).frame(name, visit, is_page=name == "web")
    assert answer.headers["Content-Security-Policy"] == POLICIES[name]
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Cache-Control"] == "no-store"
    assert f'src="/quad/app/assets/run-0123456789ab/{name}.js"' in answer.content


@pytest.mark.parametrize("host", ["", "a b", "evil; script-src *", "x' 'unsafe-inline'"])
def test_a_host_that_is_none_lets_no_script_in(built: Path, host: str) -> None:
    policy = Shell(folder=built).frame("frame", Visit(host=host)).headers["Content-Security-Policy"]
    assert "; script-src blob: 'wasm-unsafe-eval';" in policy


@pytest.mark.parametrize("accepted", ["gzip, deflate, br", "br", ""])
def test_the_engine_comes_packed_whatever_is_asked_for_and_is_kept_for_ever(
    built: Path, accepted: str
) -> None:
    name = "assets/run-0123456789ab/pyodide.asm.wasm"
    answer = Shell(folder=built).file(name, accepted)
    assert answer.content == b"as if by gzip"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.media_type == "application/wasm"


def test_no_other_file_is_for_strangers(built: Path) -> None:
    (built / "assets/main-1.js").write_text("x")
    answer = Shell(folder=built).file("assets/main-1.js", "gzip")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_without_the_engine_there_is_a_reason(tmp_path: Path) -> None:
    answer = Shell(folder=tmp_path).frame("frame", Visit(host="quad.example"))
    assert answer.status_code == 503


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = load(environment={"QUAD_PORT": "0", "QUAD_DATA": str(tmp_path)})
    async with (
        serving(settings) as url,
        httpx.AsyncClient(base_url=url, timeout=patience(10)) as client,
    ):
        yield client


async def test_our_pages_have_no_frames_but_our_own_and_are_in_none(
    site: httpx.AsyncClient,
) -> None:
    for path in ("/", "/classroom", "/classroom/123456", "/chat", "/v1"):
        policy = (await site.get(path)).headers["content-security-policy"]
        assert "; frame-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy


async def test_the_engine_that_is_built_is_what_a_network_can_carry(
    site: httpx.AsyncClient,
) -> None:
    for path in ("/run", "/run/web"):
        policy = (await site.get(path)).headers.get_list("content-security-policy")
        assert [part.split(";")[0] for part in policy] == ["sandbox allow-scripts"]
    script = (await site.get("/run")).text.split('src="')[1].split('"')[0]
    folder = script.rpartition("/")[0]
    sizes = [
        int((await site.get(f"{folder}/{name}")).headers["content-length"])
        for name in ("pyodide.asm.wasm", "pyodide.asm.mjs", "python_stdlib.zip", "python.js")
    ]
    assert 6_000_000 < sum(sizes) <= 6_400_000
