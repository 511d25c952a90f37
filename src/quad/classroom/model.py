"""The classroom's values and rules: what is allowed, and what follows from what. No I/O.

The structs that go over the wire have exactly the keys that original clients compare, in their
order. What current clients (protocol 2) get besides is in a struct of its own.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, cast, get_args

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from quad.classroom.refusals import BadValue

Role = Literal["host", "client"]
Status = Literal["NONE", "IN_PROGRESS", "HELP", "DONE", "ACCEPTED"]
Signal = Literal["NONE", "IN_PROGRESS", "HELP", "DONE"]
FileStatus = Literal["CREATED", "CHANGED", "UPDATED", "REMOVED"]
AlertType = Literal["INFO", "SUCCESS", "WARNING", "ERROR"]

GivenStatuses = Annotated[dict[str, Any], Meta(extra={"checked_as": dict[str, Status]})]
"""What clients send of statuses: `check_statuses` says more of what is wrong than a decoder."""

ORIGINAL: Final = 1
CURRENT: Final = 2
"""Protocols: what a client says (or does not say) under `protocol` when it enters a room."""

STATUSES: Final[frozenset[str]] = frozenset(get_args(Status))
STEP_ORDER: Final[Mapping[str, int]] = {
    name: place for place, name in enumerate(("theory", *map(str, range(1, 17))))
}
"""The names that a step may have, and the order they are shown in."""

NO_STATUSES: Final[Mapping[str, Status]] = {}
"""What a student begins with; one for all of them."""

ROOM_NUMBERS: Final = range(100_000, 1_000_000)
USER_IDS: Final = range(1, 2**31)
"""Original clients read ids as signed 32-bit integers."""

_NAME_LIMIT: Final = 100
_FILENAME_LIMIT: Final = 1_000
# What can leave the student's folder: an absolute path, a drive, a step up; either slash.
_CLIMBS: Final = re.compile(r"[/\\]|[A-Za-z]:|(?:.*[/\\])?\.\.(?:[/\\]|\Z)", re.DOTALL)


class Step(Struct, frozen=True):
    """A task, or the theory page before the tasks; `content` is HTML."""

    name: str
    content: str | None
    language: Literal["html"] = "html"
    type: Literal["exercise", "theory"] = "exercise"


class File(Struct, frozen=True):
    """One file of a student; `filename` is relative to the shared folder."""

    filename: str
    status: FileStatus
    content: str | None = None


class Message(Struct, frozen=True):
    """A private message between the teacher and one student, as original clients see it."""

    sender: int
    receiver: int
    content: str
    status: None
    created_at: str


class CurrentMessage(Message, frozen=True):
    """The same for current clients: `id` sorts by time, `at` is ISO 8601."""

    id: int
    at: str


class User(Struct, frozen=True):
    """A participant in a room update."""

    id: int
    sid: str
    room: int
    name: str
    role: Role
    steps: Mapping[str, Status]


class RoomUpdate(Struct, frozen=True):
    """Who is online: the host first, then students in order of joining.

    Current clients also get `offline`, the students who may come back, and once their `token`.
    """

    id: int
    host: int
    users: Sequence[User]
    offline: Sequence[User] | UnsetType = UNSET
    token: str | UnsetType = UNSET


class Joined(Struct, frozen=True):
    """The answer to a student who joined; current clients also get what they come back to."""

    user_id: int
    room_id: int
    name: str | UnsetType = UNSET
    steps: Mapping[str, Status] | UnsetType = UNSET
    token: str | UnsetType = UNSET


class StudentProgress(Struct, frozen=True):
    """One row of the statistics page."""

    user_id: int
    name: str
    steps: Mapping[str, Status]


class Stats(Struct, frozen=True):
    """The progress of a class: `steps` are the columns, `students` the rows."""

    steps: Sequence[str]
    students: Sequence[StudentProgress]


def check_name(name: str) -> str:
    """Return the name as given; raises BadValue if nobody could be called that."""
    if not name.strip():
        raise BadValue("name", "may not be blank")
    if len(name) > _NAME_LIMIT:
        raise BadValue("name", f"may not be longer than {_NAME_LIMIT} characters")
    if "\x00" in name:
        raise BadValue("name", "may not contain the character U+0000")
    return name


def check_text(key: str, text: str, limit_bytes: int) -> str:
    """Return the text as given; raises BadValue if it is blank or too long in UTF-8."""
    if not text.strip():
        raise BadValue(key, "may not be blank")
    if utf8_size(text) > limit_bytes:
        raise BadValue(key, f"may not be longer than {limit_bytes} bytes")
    return text


def check_files(files: Sequence[File]) -> Sequence[File]:
    """Return the files, each with a content; raises BadValue unless all paths are relative."""
    is_complete = True
    for file in files:
        name = file.filename
        if not name or len(name) > _FILENAME_LIMIT or _is_unsafe(name):
            raise BadValue("filename", f"must be a relative path inside the folder: {name[:100]!r}")
        if file.content is None:
            if file.status != "REMOVED":
                raise BadValue("content", f"is missing for {name[:100]!r}")
            is_complete = False
    if is_complete:
        return files
    return [
        file if file.content is not None else structs.replace(file, content="") for file in files
    ]


def _is_unsafe(name: str) -> bool:
    # The cheap questions first: the plugin sends a file a second for every student.
    is_suspect = ".." in name or name[0] in "/\\" or name[1:2] == ":" or "\x00" in name
    return is_suspect and ("\x00" in name or _CLIMBS.match(name) is not None)


def utf8_size(text: str) -> int:
    """Bytes of the text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def usable_steps(steps: Iterable[Step]) -> list[Step]:
    """The steps that are kept: those with a known name and some content."""
    return [
        step
        for step in steps
        if step.name in STEP_ORDER and step.content is not None and step.content.strip()
    ]


def check_statuses(steps: Mapping[str, object]) -> dict[str, Status]:
    """Return the statuses by step; raises BadValue for an unknown step or status."""
    statuses: dict[str, Status] = {}
    for name, status in steps.items():
        if name not in STEP_ORDER:
            raise BadValue(name[:100], "is not the name of a step")
        if not isinstance(status, str) or status not in STATUSES:
            raise BadValue(name, f"must be one of {', '.join(get_args(Status))}")
        statuses[name] = cast(Status, status)
    return statuses


def reviewed(own: Mapping[str, Status], review: Mapping[str, Status]) -> dict[str, Status]:
    """The part of the teacher's review that concerns this student.

    A student who has set no status yet takes all of it, others only the steps they have.
    """
    if not own:
        return dict(review)
    return {name: status for name, status in review.items() if name in own}


def verdicts(
    own: Mapping[str, Status], review: Mapping[str, Status]
) -> list[tuple[AlertType, str]]:
    """What the student is told of a review: solutions accepted, solutions sent back."""
    told: list[tuple[AlertType, str]] = []
    for name, status in review.items():
        before = own.get(name)
        if status == "ACCEPTED" and before != "ACCEPTED":
            told.append(("SUCCESS", f"Task {name} solution accepted!"))
        elif status == "NONE" and before == "DONE":
            told.append(("WARNING", f"Task {name} solution declined!"))
    return told


def is_outdated(version: str, wanted: str) -> bool:
    """Whether a plugin's version is older, both as dotted numbers; 1.0 and 1.0.0 are the same."""
    return _version(version) < _version(wanted)


def _version(text: str) -> tuple[int, ...]:
    numbers = [int(part[:9]) for part in re.findall(r"[0-9]+", text[:100])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def message_for(protocol: int, message: CurrentMessage) -> Message:
    """The message in the shape that a client of this protocol expects."""
    if protocol >= CURRENT:
        return message
    return Message(
        message.sender, message.receiver, message.content, message.status, message.created_at
    )


def make_message(
    message_id: int, sender: int, receiver: int, content: str, at: datetime
) -> CurrentMessage:
    """A message with its times in words, which are UTC."""
    at = at.astimezone(UTC)
    in_words = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return CurrentMessage(
        sender, receiver, content, None, at.strftime("%H:%M:%S"), message_id, in_words
    )


def stats(steps: Iterable[Step], students: Iterable[StudentProgress]) -> Stats | None:
    """The progress of a class; None while no student has any."""
    rows = list(students)
    if not any(row.steps for row in rows):
        return None
    names = {step.name for step in steps}.union(*(row.steps for row in rows))
    return Stats(sorted(names, key=STEP_ORDER.__getitem__), rows)
