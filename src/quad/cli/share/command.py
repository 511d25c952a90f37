"""The command and its flags."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, NoReturn

import typer

from quad.cli.failures import MISUSED
from quad.cli.printing import takes_every_character
from quad.cli.remote import DEFAULT_ADDRESS, URL_VARIABLE

if TYPE_CHECKING:
    from quad.cli.share.entering import NameTaken
    from quad.cli.share.folder import Folder
    from quad.cli.share.memory import Memories, Ticket
    from quad.cli.share.place import Place

EPILOG: Final = (
    "Examples:\n\n"
    "quad share --room 123456 --name Anna\n\n"
    "quad share ~/homework --room https://quad.example.org/classroom/123456 --name Anna\n\n"
    "quad share --room 123456 --pass ABCD2345\n\n"
    "quad share . --room 123456 --name Anna --server https://quad.example.org --plain"
)
_NAME_LIMIT: Final = 100


def share(
    *,
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            exists=True,
            file_okay=False,
            help="The folder that the teacher may see.",
            show_default="the one you are in",
        ),
    ] = Path(),
    room: Annotated[
        str | None,
        typer.Option(
            "--room",
            metavar="NUMBER|LINK",
            help="The room's number, or the link to it.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Your name in the class.")
    ] = None,
    typed_pass: Annotated[
        str | None,
        typer.Option(
            "--pass",
            metavar="PASS",
            help="Take over your place from another device or browser; /pass there gives one. It "
            "stands for --name.",
        ),
    ] = None,
    url: Annotated[
        str,
        typer.Option(
            "--server",
            "--url",
            metavar="URL",
            envvar=URL_VARIABLE,
            help="Address of the server; a link to the room holds it.",
        ),
    ] = DEFAULT_ADDRESS,
    included: Annotated[
        list[str] | None,
        typer.Option(
            "--include",
            metavar="PATTERN",
            help="Share files that are left out because they may hold keys or passwords, such as "
            ".env; a pattern as in a .gitignore. May be repeated.",
        ),
    ] = None,
    is_plain: Annotated[
        bool,
        typer.Option("--plain", help="Lines instead of a full screen: for logs, screen readers."),
    ] = False,
    is_polling: Annotated[
        bool,
        typer.Option("--poll", help="Look for changes every second: for network drives."),
    ] = False,
    may_record: Annotated[
        bool | None,
        typer.Option(
            "--record/--no-record",
            help="Whether the class may record how your code grows, if it does.",
            show_default="asked once, and remembered for the class",
        ),
    ] = None,
) -> None:
    """Take part in a class from your own editor.

    While the teacher watches, and only then, the text files of the folder go
    to the teacher, and changes once a second; you are told whenever that
    begins and ends. Left out are what .gitignore and the room's settings
    ignore, what may hold keys or passwords, and whatever is no text, too large
    or a link; /files lists it. A class may also record how code grows: you are
    asked first, and after a yes changes go to the server all the time.

    You see the tasks, fetch their files, say how you get on, ask for help, and
    write with the teacher; /help lists how. When the connection is lost, or
    you start again with the same name, you are the same student, and what you
    have written meanwhile is sent once.
    """
    room = _ask_for(room, "--room", "Room number, or link")
    name = _checked_name(name) if typed_pass is None else ""
    if typed_pass is not None:
        typed_pass = _checked_pass(typed_pass)
    # Only here: other commands start faster without all of it.
    from quad.cli.share.folder import Folder

    shared = Folder(folder, included=included or ())
    how = How(
        is_plain=is_plain, is_polling=is_polling, may_record=may_record, typed_pass=typed_pass
    )
    asyncio.run(_share(shared, room, name, url, how))


class How(NamedTuple):
    """What the flags say."""

    is_plain: bool
    is_polling: bool
    may_record: bool | None
    typed_pass: str | None


async def _share(folder: "Folder", room: str, name: str, url: str, how: How) -> None:
    from quad.cli.share.entering import NameTaken
    from quad.cli.share.memory import Memories, Memory
    from quad.cli.share.place import find_place

    place, memories = find_place(room, url), Memories()
    while True:
        try:
            await _attend(folder, place, name, memories, how)
        except NameTaken as taken:
            code = _ask_for_code(place, name, taken)
            if isinstance(code, str):
                how = how._replace(typed_pass=code)
            else:
                memories.keep(place, name, Memory(code.user_id, code.token))
        else:
            return


async def _attend(
    folder: "Folder",
    place: "Place",
    name: str,
    memories: "Memories",
    how: How,
) -> None:
    from quad.cli.share import plain
    from quad.cli.share.visit import Visit

    flags: dict[str, Any] = how._asdict()
    del flags["is_plain"]
    if how.is_plain or not _has_screen():
        visit = Visit(place, name, folder, memories, plain.Lines(), **flags)
        await plain.attend(visit, folder)
        return
    from quad.cli.share.screen import Screen

    screen = Screen(place, name, folder, memories, **flags)
    await screen.run_async()
    if screen.failure is not None:
        raise screen.failure
    print(screen.farewell)


def _ask_for_code(place: "Place", name: str, taken: "NameTaken") -> "Ticket | str":
    """What makes the student in the browser and this one the same: a code, or a pass.

    Raises `taken` without it.

    It is asked for, and not a flag: what is typed in a shell is kept, and seen by others.
    """
    from quad.cli.share.memory import read_code, read_pass

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise taken
    typer.echo(
        f"{name} is in room {place.room} already. If that is you in the browser, press "
        '"Own editor" there and "Copy the code", and paste it here; a pass (/pass in '
        "`quad share`) is as good. It is not shown. Just Enter gives up."
    )
    while code := typer.prompt("Code", default="", hide_input=True, show_default=False):
        if found := read_pass(code) or read_code(code):
            return found
        typer.echo("That is not a code of the page, and no pass.")
    raise taken


def _checked_name(given: str | None) -> str:
    name = _text(_ask_for(given, "--name", "Your name")).strip()
    if not name or len(name) > _NAME_LIMIT:
        _misused(f"a name has 1 to {_NAME_LIMIT} characters: --name")
    return name


def _checked_pass(given: str) -> str:
    from quad.cli.share.memory import read_pass

    return read_pass(given) or _misused("a pass has eight letters and digits: --pass")


def _text(argument: str) -> str:
    """What was typed, also where the system's settings know nothing but ASCII."""
    return argument.encode(errors="surrogateescape").decode(errors="replace")


def _has_screen() -> bool:
    """Whether there is a terminal that can show more than lines."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return is_terminal and takes_every_character() and os.environ.get("TERM") != "dumb"


def _ask_for(given: str | None, flag: str, prompt: str) -> str:
    if given is not None:
        return given
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        _misused(f"{flag} is missing; `quad share --help` has examples")
    answer: str = typer.prompt(prompt)
    return answer


def _misused(sentence: str) -> NoReturn:
    typer.echo(f"quad: {sentence}", err=True)
    raise typer.Exit(MISUSED)
