"""A real `quad serve` for commands that ask a server, and a way to run them."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from quad.cli import main
from tests.process import ServerProcess

PASSWORD = "open sesame"


class Done(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@contextmanager
def serving_quad(data: Path) -> Iterator[ServerProcess]:
    """A server whose administrator's password is `PASSWORD`."""
    command = [sys.executable, "-m", "quad", "serve", "--port", "0", "--data", str(data)]
    process = ServerProcess(command, env={"QUAD_ADMIN_PASSWORD": PASSWORD})
    try:
        yield process
    finally:
        process.terminate()


def quad(*args: str, env: dict[str, str] | None = None, columns: str = "100") -> Done:
    """Run a command in this process, which is faster than in one of its own."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        patch.object(sys, "argv", ["quad", *args]),
        patch.object(sys, "stdin", io.StringIO()),
        patch.dict("os.environ", {"COLUMNS": columns, **(env or {})}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else int(bool(leaving.code))
    return Done(code, out.getvalue(), err.getvalue())
