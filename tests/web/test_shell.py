"""The application's page and files, served from a folder as Vite leaves it."""

import gzip
import json
import re
from pathlib import Path

import pytest

from quad.languages import LANGUAGES, choose_language, texts_of
from quad.shell import Shell, Visit

SCRIPT = b"console.log('hello')" * 50
GZIPPED = gzip.compress(SCRIPT, mtime=0)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    manifest = {
        "src/main.ts": {"file": "assets/main-1.js", "css": ["assets/main-1.css"]},
        "src/chat/Chat.svelte": {
            "file": "assets/Chat-2.js",
            "css": ["assets/Chat-2.css"],
            "imports": ["_shared-3.js", "src/main.ts"],
        },
        "_shared-3.js": {"file": "assets/shared-3.js"},
        "src/admin/Admin.svelte": {"file": "assets/Admin-4.js"},
    }
    (tmp_path / "assets").mkdir()
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "assets/main-1.js").write_bytes(SCRIPT)
    (tmp_path / "assets/main-1.js.gz").write_bytes(GZIPPED)
    (tmp_path / "assets/main-1.js.br").write_bytes(b"as if by brotli")
    (tmp_path / "quad.svg").write_text("<svg/>")
    return tmp_path


def links(html: str) -> dict[str, str]:
    return {
        href: rel
        for rel, href in re.findall(r'<link rel="(stylesheet|modulepreload)" href="([^"]+)"', html)
        if "/static/" not in href  # the colours, which are the server's
    }


def test_a_page_names_its_own_files_and_no_others(built: Path) -> None:
    page = Shell(folder=built).page("chat", Visit())
    assert links(page.content) == {
        "/app/assets/main-1.css": "stylesheet",
        "/app/assets/Chat-2.css": "stylesheet",
        "/app/assets/Chat-2.js": "modulepreload",
        "/app/assets/shared-3.js": "modulepreload",
    }
    assert '<script type="module" src="/app/assets/main-1.js">' in page.content


def test_behind_a_proxy_all_addresses_are_below_its_path(built: Path) -> None:
    page = Shell(folder=built).page("chat", Visit(root="/quad"))
    assert re.findall(r'(?:href|src)="(?!/quad/)', page.content) == []
    assert '"root":"/quad"' in page.content


def test_values_cannot_end_the_element_that_holds_them(built: Path) -> None:
    evil = "</script><script>alert(1)</script>&<!--"
    page = Shell(folder=built).page("chat", Visit(), {"name": evil})
    text = page.content.split('type="application/json">')[1].split("</script>")[0]
    assert "<" not in text
    assert json.loads(text)["values"] == {"name": evil}


def test_scripts_come_from_here_alone_and_styles_need_the_nonce_of_this_answer(
    built: Path,
) -> None:
    shell = Shell(folder=built)
    first, second = (shell.page("chat", Visit(host="quad.example")) for _ in range(2))
    policy = first.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "ws://quad.example wss://quad.example" in policy
    nonce = json.loads(first.content.split('type="application/json">')[1].split("</script>")[0])
    assert f"style-src 'self' 'nonce-{nonce['nonce']}';" in policy
    assert policy != second.headers["Content-Security-Policy"]


def test_pictures_of_other_sites_are_shown_only_where_the_page_says_so(built: Path) -> None:
    shell = Shell(folder=built)
    plain = shell.page("chat", Visit()).headers["Content-Security-Policy"]
    tasks = shell.page("classroom", Visit(), images=("https:",)).headers["Content-Security-Policy"]
    assert "https:" not in plain
    assert "img-src data: 'self' blob: https:;" in tasks


@pytest.mark.parametrize(
    ("accepted", "encoding", "content"),
    [
        ("gzip, deflate, br", "br", b"as if by brotli"),
        ("gzip;q=1.0", "gzip", GZIPPED),
        ("br;q=0, gzip", "gzip", GZIPPED),
        ("", None, SCRIPT),
    ],
    ids=["brotli", "gzip", "no brotli", "nothing"],
)
def test_a_file_comes_in_the_best_encoding_that_the_browser_takes(
    built: Path, accepted: str, encoding: str | None, content: bytes
) -> None:
    file = Shell(folder=built).file("assets/main-1.js", accepted)
    assert file.headers.get("Content-Encoding") == encoding
    assert file.headers["Vary"] == "Accept-Encoding"
    assert file.content == content


def test_files_with_a_hash_are_kept_for_ever_and_others_for_an_hour(built: Path) -> None:
    shell = Shell(folder=built)
    assert "immutable" in shell.file("assets/main-1.js").headers["Cache-Control"]
    assert shell.file("quad.svg").headers["Cache-Control"] == "public, max-age=3600"
    assert "no-store" in shell.page("chat", Visit()).headers["Cache-Control"]


@pytest.mark.parametrize(
    "name", ["manifest.json", "assets/none.js", "../shell.py", "", "assets", "/etc/passwd"]
)
def test_nothing_else_is_served(built: Path, name: str) -> None:
    assert Shell(folder=built).file(name).status_code == 404


def test_a_file_of_a_version_that_was_replaced_meanwhile_is_gone(built: Path) -> None:
    shell = Shell(folder=built)
    (built / "assets/main-1.js").unlink()
    assert shell.file("assets/main-1.js").status_code == 404


def test_readers_share_a_file_however_long_they_take(built: Path) -> None:
    shell = Shell(folder=built)
    assert shell.file("assets/main-1.js").content is shell.file("assets/main-1.js").content


def test_a_checkout_without_the_application_says_how_to_build_it(tmp_path: Path) -> None:
    page = Shell(folder=tmp_path / "none").page("front", Visit())
    assert page.status_code == 503
    assert "make ui" in page.content


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de-DE,de;q=0.9", "en"),
        ("ru", "ru"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("en;q=0.5, ru;q=0.9", "ru"),
        ("ru;q=x, pt;q=0.1", "pt"),
        ("RU-ru", "ru"),
    ],
)
def test_the_language_is_the_one_that_the_browser_wants_most(header: str, language: str) -> None:
    assert choose_language(header) == language


@pytest.mark.parametrize("area", ["alert", "shared"])
def test_the_servers_own_texts_exist_in_all_languages(area: str) -> None:
    keys = {frozenset(texts_of(language, area)) for language in LANGUAGES}
    assert len(keys) == 1
