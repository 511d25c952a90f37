"""Output that every terminal, pipe and log takes, whatever characters it knows."""

import codecs
import io
import sys
from collections.abc import Mapping
from typing import Final

_HANDLER: Final = "quad.plain"
# What stands for the signs of these commands where there is no such sign; for others, a question
# mark.
_PLAIN: Final[Mapping[str, str]] = {
    "✓": "+", "✔": "+", "✗": "x", "→": ">", "…": "...", "•": "*", "●": "*", "◉": "*", "○": "o",
    "◐": "~", "–": "-", "—": "-", "×": "x", "“": '"', "”": '"', "‘": "'", "’": "'", "µ": "u",
}  # fmt: skip


def write_on_anything() -> None:
    """From now on standard output and error show what they can, and signs of ASCII for the rest.

    Without it, a student's name or a check mark ends the program where the encoding lacks it.
    """
    codecs.register_error(_HANDLER, _replaced)
    for stream in (sys.stdout, sys.stderr):
        # Tests and those who embed the commands may have put something else there.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def takes_every_character() -> bool:
    """Whether standard output can show frames, signs and every name."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return codecs.lookup(encoding).name.startswith("utf")


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unknown = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in unknown), error.end
