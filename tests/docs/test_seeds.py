"""The table of what the original systems say: each line names code and tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.process import ROOT

PAGE = ROOT / "docs/reference/seeds.md"
_REFERENCE = re.compile(r"`([\w/.-]+\.(?:py|ts|cjs))(?:::([\w ,.\[\]-]+))?`")


def rows() -> list[tuple[int, list[str]]]:
    """Number and cells of each line of a table, without heads and rules."""
    found = []
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        is_head = number < len(lines) and lines[number].startswith("|---")
        if line.startswith("|") and not line.startswith("|---") and not is_head:
            found.append((number, [cell.strip() for cell in line.strip("|").split("|")]))
    return found


@cache
def names_in(file: Path) -> frozenset[str]:
    """Functions, methods, classes and constants of a Python file, methods also as Class.method."""
    found: set[str] = set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name, body=body):
                found.add(name)
                for each in body:
                    if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                        found.add(f"{name}.{each.name}")
                    elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
                        found.add(f"{name}.{each.target.id}")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.Assign(targets=targets):
                found |= {each.id for each in targets if isinstance(each, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
    return frozenset(found)


def test_every_system_has_a_table() -> None:
    titles = re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert titles == ["Classroom", "Alert", "Chat", "Nearby"]
    assert len(rows()) >= 250


def test_every_line_names_code_and_a_test() -> None:
    for number, cells in rows():
        assert len(cells) == 3, f"line {number} has {len(cells)} cells"
        said, where, proof = cells
        assert said, f"line {number} says nothing"
        assert "`src/" in where, f"line {number} names no code"
        assert re.search(r"`tests/[\w/]+\.py::test_\w+`", proof), f"line {number} names no test"
        for each in re.findall(r"`[^`]*`", where + proof):
            assert _REFERENCE.fullmatch(each), f"line {number}: what is {each}?"


@pytest.mark.parametrize("column", [1, 2], ids=["code", "tests"])
def test_what_a_line_names_exists(column: int) -> None:
    missing = []
    for number, cells in rows():
        for path, name in _REFERENCE.findall(cells[column]):
            file = ROOT / path
            if not file.is_file():
                missing.append(f"line {number}: {path}")
            elif name and file.suffix == ".py" and name not in names_in(file):
                missing.append(f"line {number}: {path}::{name}")
    assert missing == []
