"""How a command fails: with a sentence on standard error and a code, never with a stack trace."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from quad.settings import BadSettings, redacted

FAILED = 1
MISUSED = 2
BUG = 70  # EX_SOFTWARE of sysexits.h

# What brings the driver of each database, and the client of each broker.
_EXTRAS = {"asyncpg": "postgresql", "asyncmy": "mysql", "nats": "nats", "aio_pika": "rabbitmq"}
# What Windows lacks, and only the server needs.
_OF_POSIX = frozenset({"fcntl", "grp", "pwd", "resource", "termios", "uvloop"})
_NO_SERVER = (
    "servers run on Linux, macOS and the like. On Windows there are `quad share`, `quad bot`, "
    "`quad admin` and `quad bench --server`."
)


class Failed(Exception):
    """A command cannot do what it was asked; the message is a sentence for people."""


@contextmanager
def sentences(*, with_traceback: bool = False) -> Iterator[None]:
    """Turn what is raised inside into a message and ``SystemExit``.

    A bug of ours is named as such; ``with_traceback`` prints its stack, too.
    """
    try:
        yield
    except SystemExit:
        raise  # the end of every command; nothing below has to be asked
    except BadSettings as error:
        problems = "".join(f"\n  {problem}" for problem in error.problems)
        _exit(f"these settings cannot be used:{problems}\n`quad settings` lists them all.", MISUSED)
    except Failed as error:
        _exit(str(error), FAILED)
    except _store_error() as error:
        _exit(str(error), FAILED)
    except ModuleNotFoundError as error:
        if error.name in _OF_POSIX:
            _exit(f"{error.name} is missing: {_NO_SERVER}", FAILED)
        extra = _EXTRAS.get(error.name or "")
        if extra is None:
            _exit_with_bug(error, with_traceback=with_traceback)
        _exit(f"{error.name} is missing; pip install 'quad-server[{extra}]' brings it.", FAILED)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _exit(f"{place}{error.strerror or error}", FAILED)
    except Exception as error:  # noqa: BLE001 - the last place that can say anything
        _exit_with_bug(error, with_traceback=with_traceback)


@contextmanager
def naming_database(url: str) -> Iterator[None]:
    """Name the database in front of what its store says."""
    try:
        yield
    except _store_error() as error:
        from quad.store import place_of

        place = place_of(url)
        raise Failed(str(error) if place in str(error) else f"{place}: {error}") from error


def _store_error() -> type[Exception]:
    # Asked for only when something has failed: most commands start twice as fast without a store.
    from quad.store import StoreError

    return StoreError


def _exit_with_bug(error: Exception, *, with_traceback: bool) -> NoReturn:
    if with_traceback:
        traceback.print_exception(error)
    what = f"{type(error).__name__}: {redacted(str(error))}"
    _exit(f"a bug in Quad, {what}\n`quad --traceback ...` shows where.", BUG)


def _exit(message: str, code: int) -> NoReturn:
    print(f"quad: {message}", file=sys.stderr, flush=True)
    raise SystemExit(code)
