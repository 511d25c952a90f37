"""The process: one question from standard input, one answer to standard output."""

import contextlib
import sys

import msgspec

from quad.folders.model import Answer, Asked, BadFolder, Declined, Pack, Packed
from quad.folders.reading import unpack
from quad.folders.writing import pack

# Nobody waits longer; the parent counts time as well, but a busy machine takes its own.
_CPU_S = 20
_MEMORY_BYTES = 1_000_000_000


def main() -> None:
    """Answer once."""
    _bound()
    asked: Asked = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Asked)
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer(asked)))


def answer(asked: Asked) -> Answer:
    """What comes of it."""
    try:
        return Packed(pack(asked)) if isinstance(asked, Pack) else unpack(asked.archive)
    except BadFolder as bad:
        return Declined(bad.code, str(bad))


def _bound() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


if __name__ == "__main__":
    main()
