"""Files that no other account of the machine may read, from their first moment.

What a server keeps is people's code, chats and places, and the secrets that its logins rest on.
"""

import logging
import os
import stat
from pathlib import Path
from typing import Final

log = logging.getLogger("quad.private")

OWN: Final = ("quad.", "admin-password")
"""What the names of a server's own files begin with."""

_DIRECTORY: Final = 0o700
_FILE: Final = 0o600


def make_directory(path: Path) -> None:
    """A directory of this account alone, made if it is missing. Raises OSError.

    One that is there already is tightened, and told of, as `tighten` does; but not if there is
    more in it than a server's own files, because others may need that (somebody's home, /tmp).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(_DIRECTORY)
    except FileExistsError:
        if not path.is_dir():
            raise
    if all(entry.name.startswith(OWN) for entry in path.iterdir()):
        tighten(path)


def make_file(path: Path) -> None:
    """An empty file of this account alone, unless there is one, which is tightened.

    Raises OSError.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE))
    except FileExistsError:
        tighten(path)


def write_file(path: Path, text: str) -> None:
    """Write a file of this account alone; one of that name is replaced. Raises OSError.

    It is there with all of the text, or not at all.
    """
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE)
    try:
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(file)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def tighten(path: Path) -> None:
    """Take what others may do away from what is there, if it is ours; say so in the log.

    What is not there, or has no others, is left alone.
    """
    try:
        found = path.stat()
    except OSError:
        return
    open_to = stat.S_IMODE(found.st_mode) & 0o077
    if not open_to:
        return
    if found.st_uid != os.geteuid():
        log.error(
            "OTHER ACCOUNTS OF THIS MACHINE MAY READ %s, and it belongs to another account: "
            "its owner has to change that (chmod go= %s)",
            path,
            path,
        )
        return
    try:
        path.chmod(stat.S_IMODE(found.st_mode) & ~0o077)
    except OSError as error:
        log.error("OTHER ACCOUNTS OF THIS MACHINE MAY READ %s: %s", path, error.strerror)
        return
    log.warning(
        "OTHER ACCOUNTS OF THIS MACHINE COULD READ %s; from now on only this one can. "
        "Whoever could has perhaps copied it.",
        path,
    )
