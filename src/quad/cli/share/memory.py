"""What is kept between two runs of the program: who a student is, and what is still to be said."""

import contextlib
import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from quad.cli.share.place import Place

_KEPT_DAYS: Final = 60
_DAY_S: Final = 86_400
_PASS_LENGTH: Final = 8


class Ticket(msgspec.Struct, frozen=True):
    """Who somebody is in a room, and what proves it."""

    user_id: int
    token: str


class Unsent(msgspec.Struct, frozen=True):
    """A message that is not known to have arrived; by its key the server takes it once."""

    key: str
    text: str


class Memory(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of one student in one room."""

    user_id: int = 0
    token: str = ""
    unsent: tuple[Unsent, ...] = ()
    # Whether the student may be recorded; None: nobody has been asked yet.
    may_record: bool | None = None

    @property
    def ticket(self) -> Ticket | None:
        """The way back in, if there is one."""
        return Ticket(self.user_id, self.token) if self.token else None


def read_code(text: str) -> Ticket | None:
    """The ticket that a browser hands over: the number of its student, a hyphen and the token."""
    number, hyphen, token = text.strip().partition("-")
    if not (hyphen and token and number.isascii() and number.isdecimal() and len(number) < 11):
        return None
    return Ticket(int(number), token)


def read_pass(text: str) -> str | None:
    """A pass, however it was written down."""
    letters = "".join(text.replace("-", " ").split()).upper()
    return letters if len(letters) == _PASS_LENGTH and letters.isalnum() else None


class Memories:
    """One small file for each server, room and name, which nobody else may read."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or platformdirs.user_state_path("quad") / "share"

    def find(self, place: Place, name: str) -> Memory:
        """What an earlier run has left."""
        try:
            return msgspec.json.decode(self._file(place, name).read_bytes(), type=Memory)
        except (OSError, msgspec.DecodeError):
            return Memory()

    def keep(self, place: Place, name: str, memory: Memory) -> None:
        """Write it down. Raises OSError."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._forget_old()
        # A new file that replaces the old one whole; only its owner may read it.
        number, written = tempfile.mkstemp(dir=self._directory)
        with os.fdopen(number, "wb") as file:
            file.write(msgspec.json.encode(memory))
        Path(written).replace(self._file(place, name))

    def drop(self, place: Place, name: str) -> None:
        """It is worth nothing any more."""
        with contextlib.suppress(OSError):
            self._file(place, name).unlink()

    def _file(self, place: Place, name: str) -> Path:
        key = hashlib.sha256(f"{place.url}\n{place.room}\n{name}".encode()).hexdigest()
        return self._directory / f"{key[:40]}.json"

    def _forget_old(self) -> None:
        with contextlib.suppress(OSError):
            oldest_s = time.time() - _KEPT_DAYS * _DAY_S
            for file in self._directory.iterdir():
                if file.stat().st_mtime < oldest_s:
                    file.unlink()
