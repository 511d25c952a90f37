"""Runs one program after the other in a browser's interpreter, each as if it were alone.

Everything of the program is fresh: files, `__main__`, modules of its own. The page is told what
went wrong, and at which line.
"""

import importlib
import io
import json
import linecache
import os
import shutil
import sys
import traceback
import types
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

CHECK = "<check>"
_OURS = __file__


class Input(io.TextIOBase):
    """What a program reads: lines typed before, then whatever is typed when it asks."""

    def __init__(
        self,
        lines: Iterable[str],
        echo: Callable[[str], None],
        ask: Callable[[], str | None] | None,
    ) -> None:
        """`ask` waits for a line; None, here or from it, is the end of all input."""
        self._lines = list(lines)
        self._echo = echo
        self._ask = ask

    def readable(self) -> bool:
        """It is read from."""
        return True

    def readline(self, _size: int | None = -1, /) -> str:
        """The next line with its end; "" at the end of all input."""
        sys.stdout.flush()
        line = self._lines.pop(0) if self._lines else self._ask() if self._ask else None
        if line is None:
            return ""
        self._echo(f"{line}\n")
        return f"{line}\n"

    def read(self, _size: int | None = -1, /) -> str:
        """All lines that are still to come."""
        return "".join(iter(self.readline, ""))


def asking(ask: Callable[[], Awaitable[str | None]]) -> Callable[[], str | None] | None:
    """How a program waits for a line, if this browser can suspend it meanwhile."""
    from pyodide.ffi import can_run_sync, run_sync  # type: ignore[import-not-found,unused-ignore]

    if not can_run_sync():
        return None
    return lambda: run_sync(ask())


def run_with(
    home: str,
    program: str,
    lines: str,
    echo: Callable[[str], None],
    ask: Callable[[], Awaitable[str | None]] | None,
) -> str:
    """The same as `run`, as the page calls it: `lines` is a JSON array."""
    stdin = Input(json.loads(lines), echo, asking(ask) if ask else None)
    return run(home, program, stdin)


def run(home: str, program: str, stdin: Input) -> str:
    """Run a program, and answer with its fault as JSON, or "null".

    `program` is JSON: `filename`, `files` (contents by their names) and, for a check, `after`.
    """
    told = json.loads(program)
    _lay_out(Path(home), told["files"])
    sys.stdin = stdin
    sys.argv = [told["filename"]]
    try:
        namespace = _fresh_main()
        _execute(told["filename"], Path(told["filename"]).read_text("utf-8"), namespace)
        if told.get("after"):
            _remember(CHECK, told["after"])
            _execute(CHECK, told["after"], namespace)
    except SystemExit as end:
        return json.dumps(_fault_of_exit(end))
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the program's
        return json.dumps(_tell(error, {*told["files"], CHECK}))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return "null"


def _lay_out(home: Path, files: Mapping[str, str]) -> None:
    """Write the project's files instead of those of the program before."""
    os.chdir("/")
    shutil.rmtree(home, ignore_errors=True)
    for name, content in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    os.chdir(home)
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(f"{home}/"):
            del sys.modules[name]
    # An interpreter that waited has looked into the folder when it was empty.
    importlib.invalidate_caches()
    linecache.clearcache()
    if str(home) not in sys.path:
        sys.path.insert(0, str(home))


def _fresh_main() -> dict[str, object]:
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    return module.__dict__


def _execute(filename: str, source: str, namespace: dict[str, object]) -> None:
    namespace["__file__"] = filename
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)


def _remember(filename: str, source: str) -> None:
    """A check is no file, but its lines are shown."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)


def _fault_of_exit(end: SystemExit) -> dict[str, object] | None:
    if end.code in (None, 0):
        return None
    if isinstance(end.code, int):
        return {"kind": "SystemExit", "message": str(end.code)}
    print(end.code, file=sys.stderr)  # noqa: T201 - as Python itself does
    return {"kind": "SystemExit", "message": str(end.code)}


def _tell(error: BaseException, own: set[str]) -> dict[str, object]:
    """Print the traceback without our frames, and name the last line of the program's own."""
    story = traceback.TracebackException.from_exception(error)
    each: traceback.TracebackException | None = story
    while each is not None:
        each.stack[:] = [frame for frame in each.stack if frame.filename != _OURS]
        each = each.__cause__ or each.__context__
    print("".join(story.format()), file=sys.stderr, end="")  # noqa: T201
    place = next((frame for frame in reversed(story.stack) if _own(frame.filename, own)), None)
    filename, line = (place.filename, place.lineno) if place else (None, None)
    source = place.line if place else ""
    if isinstance(error, SyntaxError) and error.filename and _own(error.filename, own):
        filename, line, source = error.filename, error.lineno, (error.text or "").strip()
    return {
        "kind": type(error).__name__,
        "message": str(error.msg if isinstance(error, SyntaxError) else error),
        "filename": filename and _relative(filename),
        "line": line,
        "source": source,
    }


def _own(filename: str, own: set[str]) -> bool:
    return _relative(filename) in own


def _relative(filename: str) -> str:
    return filename.removeprefix(f"{Path.cwd()}/")
