"""The documentation tells the truth: its links lead somewhere, its examples run."""

import ast
import asyncio
import re
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from quad import __version__
from quad.cli import manual
from quad.settings import load
from tools.links import broken, pages

ROOT = Path(__file__).resolve().parents[2]
# Examples that talk to a server at this address have tests of their own, which start one.
SERVED = "http://127.0.0.1:8000"
_BLOCK = re.compile(
    r"^(?P<indent>[ ]*)```(?P<language>\w+)\n(?P<code>.*?)^(?P=indent)```[ ]*$", re.M | re.S
)


every_page = pytest.mark.parametrize(
    "page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages(ROOT)]
)


def blocks(page: Path, language: str) -> Iterator[str]:
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if match["language"] == language:
            yield textwrap.dedent(match["code"])


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


def test_the_settings_reference_is_what_the_code_says() -> None:
    written = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    assert written == manual.page()


def test_the_wheels_that_pages_name_are_those_of_this_version() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in pages(ROOT))
    named = set(re.findall(r"quad_server-[\w.+-]+\.whl", text))
    assert named == {f"quad_server-{__version__}-py3-none-any.whl"}


@every_page
async def test_every_python_example_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blocks of a page run one after another, in one namespace, in an empty directory."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "example"}
    for code in blocks(page, "python"):
        if SERVED in code:
            continue
        program = compile(code, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(program, namespace)
        if asyncio.iscoroutine(result):
            await result


@every_page
def test_every_toml_example_of_a_page_is_a_file_of_settings(page: Path, tmp_path: Path) -> None:
    for code in blocks(page, "toml"):
        assert tomllib.loads(code)
        (tmp_path / "quad.toml").write_text(code, encoding="utf-8")
        load(tmp_path / "quad.toml", environment={})


# --- the checker itself ---------------------------------------------------------------------------


def test_a_link_to_a_missing_file_or_heading_is_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# A `name`, and more\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md) [b](other.md#a-name-and-more) [c](https://example.org/x) `[d](no.md)`\n"
        "```\n[e](no.md)\n```\n[f](no.md) [g](other.md#no) [h](#no)\n",
        encoding="utf-8",
    )
    assert [sentence.partition(": ")[2] for sentence in broken(page)] == [
        "no.md: no such file",
        "other.md#no: no such heading",
        "#no: no such heading",
    ]
