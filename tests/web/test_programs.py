"""The Python around a student's program in the browser; here in the tests' own interpreter."""

import importlib.util
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SANDBOX = Path(__file__).parents[2] / "ui/src/run/sandbox"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"sandbox_{name}", SANDBOX / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


running = load("running")


class Interpreter:
    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.echoed = ""
        self._home = home
        self._capsys = capsys

    def run(self, *lines: str, after: str = "", **files: str) -> tuple[Any, str, str]:
        """The fault of `main`, and what went to both streams."""
        named = {f"{name.replace('__', '/')}.py": text for name, text in files.items()}
        program = json.dumps({"filename": "main.py", "files": named, "after": after})
        fault = json.loads(
            running.run(str(self._home), program, running.Input(lines, self._echo, None))
        )
        return fault, *self._capsys.readouterr()

    def _echo(self, text: str) -> None:
        self.echoed += text


@pytest.fixture
def interpreter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Interpreter]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    yield Interpreter(tmp_path / "home", capsys)
    monkeypatch.chdir(tmp_path.parent)


def test_a_program_reads_what_was_typed_before_and_the_end_of_it_is_pythons(
    interpreter: Interpreter,
) -> None:
    fault, out, _ = interpreter.run("3", "4", main="print(int(input('? ')) * int(input()))")
    assert (fault, out, interpreter.echoed) == (None, "? 12\n", "3\n4\n")
    fault, _, error = interpreter.run(main="input()")
    assert fault["kind"] == "EOFError"
    assert error.splitlines()[1] == '  File "main.py", line 1, in <module>'
    assert "running.py" not in error


FAULTS = [
    ("x = 1\nprint(y)", "NameError", 2, "print(y)"),
    ("def f():\n    return 1 / 0\nf()", "ZeroDivisionError", 2, "return 1 / 0"),
    ("if True:\nprint()", "IndentationError", 2, "print()"),
    ("print('a'", "SyntaxError", 1, "print('a'"),
    ("import json\njson.loads('{')", "JSONDecodeError", 2, "json.loads('{')"),
    ("raise SystemExit(3)", "SystemExit", None, None),
]


@pytest.mark.parametrize(("text", "kind", "line", "source"), FAULTS, ids=[f[1] for f in FAULTS])
def test_a_fault_has_the_last_line_of_the_program_itself(
    interpreter: Interpreter, text: str, kind: str, line: int | None, source: str | None
) -> None:
    fault, _, _ = interpreter.run(main=text)
    assert fault["kind"] == kind
    if line is not None:
        assert (fault["filename"], fault["line"], fault["source"]) == ("main.py", line, source)


def test_an_exit_is_an_end(interpreter: Interpreter) -> None:
    assert interpreter.run(main="import sys\nprint(1)\nsys.exit()") == (None, "1\n", "")
    fault, _, error = interpreter.run(main="import sys\nsys.exit('no')")
    assert (fault["message"], error) == ("no", "no\n")


def test_a_fault_in_a_module_is_at_its_place(interpreter: Interpreter) -> None:
    fault, _, _ = interpreter.run(
        main="import lib.a\nlib.a.f()", lib__a="def f():\n    raise OSError"
    )
    assert (fault["filename"], fault["line"]) == ("lib/a.py", 2)


def test_nothing_is_left_of_the_program_before(interpreter: Interpreter) -> None:
    first = "import os, other\nother.x = 5\ny = 1\nos.mkdir('note')"
    assert interpreter.run(main=first, other="x = 1")[0] is None
    again = "import os, other\nprint(other.x, 'y' in dir(), os.path.exists('note'), __name__)"
    assert interpreter.run(main=again, other="x = 2")[1] == "2 False False __main__\n"


def test_a_check_is_run_among_the_names_of_the_file(interpreter: Interpreter) -> None:
    assert interpreter.run(main="def f(n):\n    return n * n", after="assert f(2) == 4")[0] is None
    fault, _, _ = interpreter.run(main="def f(n):\n    return n", after="\nassert f(2) == 4")
    assert fault["kind"] == "AssertionError"
    assert (fault["filename"], fault["line"], fault["source"]) == ("<check>", 2, "assert f(2) == 4")


# --- turtles --------------------------------------------------------------------------------------


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was drawn with the module `turtle`."""
    shapes: list[dict[str, Any]] = []
    screen = ModuleType("_quad_screen")
    screen.draw = lambda text: shapes.append(json.loads(text))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "_quad_screen", screen)
    monkeypatch.setitem(sys.modules, "turtle", load("turtle"))
    return shapes


def draw(text: str) -> None:
    exec(f"from turtle import *\n{text}", {})


def test_a_turtle_draws_a_square(drawn: list[dict[str, Any]]) -> None:
    draw("speed(0)\nfor _ in range(4):\n    fd(100)\n    lt(90)\ndone()")
    lines = [[round(each) for each in s["points"]] for s in drawn if s["kind"] == "line"]
    assert lines == [[0, 0, 100, 0], [100, 0, 100, 100], [100, 100, 0, 100], [0, 100, 0, 0]]


def test_what_is_filled_lies_under_its_edge(drawn: list[dict[str, Any]]) -> None:
    draw("color('red', 'blue')\nbegin_fill()\ncircle(50)\nend_fill()")
    kinds = [shape["kind"] for shape in drawn if shape["kind"] != "turtle"]
    assert kinds == ["line", "fill", "line"]
    assert [shape["colour"] for shape in drawn if shape["kind"] == "fill"] == ["blue"]


def test_a_circle_comes_back_to_where_it_began(drawn: list[dict[str, Any]]) -> None:
    draw("circle(-80)\nassert abs(pos()) < 1e-6 and abs(heading()) < 1e-6\ncircle(60, 180)")
    half = [shape for shape in drawn if shape["kind"] == "line"][-1]["points"]
    assert [round(each) for each in half[-2:]] == [0, 120]


def test_a_pen_that_is_up_draws_nothing(drawn: list[dict[str, Any]]) -> None:
    draw("penup()\ngoto(10, 20)\nassert position() == (10, 20) and distance(10, 0) == 20\nht()")
    assert {shape["kind"] for shape in drawn} == {"turtle", "hidden"}


def test_colours_and_turtles_are_as_python_s_own(drawn: list[dict[str, Any]]) -> None:
    draw("colormode(255)\npencolor(255, 0, 16)\nt = Turtle()\nt.color((0, 255, 0))\nt.dot(9)")
    assert drawn[-1] == {"kind": "dot", "x": 0.0, "y": 0.0, "size": 9, "colour": "#00ff00"}
    with pytest.raises(Exception, match="bad color sequence"):
        draw("colormode(1)\ncolor(2, 0, 0)")


def test_a_drawing_has_an_end(drawn: list[dict[str, Any]]) -> None:
    with pytest.raises(Exception, match="20,000 strokes"):
        draw("while True:\n    fd(1)")
    assert len(drawn) == 20_000
