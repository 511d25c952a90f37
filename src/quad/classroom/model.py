"""The classroom's values and rules: what is allowed, and what follows from what. No I/O.

The structs that go over the wire have exactly the keys that original clients compare, in their
order. What current clients (protocol 2) get besides is in a struct of its own.
"""

import os
import re
import secrets
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, NamedTuple, cast, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from quad.classroom.refusals import BadValue
from quad.names import BadName, clean_name

Role = Literal["host", "client"]


class Enrolled(NamedTuple):
    """Whom a room knows: `place` is in order of joining, `address` the block last used.

    Of an original client there is no `token_hash`.
    """

    id: int
    role: Role
    name: str
    place: int
    address: str
    token_hash: str | None


Status = Literal["NONE", "IN_PROGRESS", "HELP", "DONE", "ACCEPTED"]
Signal = Literal["NONE", "IN_PROGRESS", "HELP", "DONE"]
FileStatus = Literal["CREATED", "CHANGED", "UPDATED", "REMOVED"]
Door = Literal["open", "locked"]
AlertType = Literal["INFO", "SUCCESS", "WARNING", "ERROR"]

GivenStatuses = Annotated[dict[str, Any], Meta(extra={"checked_as": dict[str, Status]})]
"""What clients send of statuses: `check_statuses` says more of what is wrong than a decoder."""

ORIGINAL: Final = 1
CURRENT: Final = 2
BEYOND: Final = 3
"""Protocols: what a client says (or does not say) under `protocol` when it enters a room. A higher
number than any known counts as the highest."""

STATUSES: Final[frozenset[str]] = frozenset(get_args(Status))
STEP_ORDER: Final[Mapping[str, int]] = {
    name: place for place, name in enumerate(("theory", *map(str, range(1, 17))))
}
"""The names that a step may have, and the order they are shown in."""

NOTICES: Final = 20
"""How many of the teacher's notices whoever comes in is told."""

NO_STATUSES: Final[Mapping[str, Status]] = {}
"""What a student begins with; one for all of them."""

ROOM_NUMBERS: Final = range(100_000, 1_000_000)
USER_IDS: Final = range(1, 2**31)
"""Original clients read ids as signed 32-bit integers."""
# Within a room they grow, in steps, so that those of two rooms seldom meet; the lower half is for
# hosts, so that no room comes to the end.
_HOST_IDS: Final = range(1, 2**30)
_LARGEST_STEP: Final = 64  # a divisor of 256

_NAME_LIMIT: Final = 100
_FILENAME_LIMIT: Final = 1_000
_LEFT_OUT_LIMIT: Final = 100
_NAMED: Final = 5
# What can leave the student's folder, or is another way to write a path: an absolute path, a drive,
# a step up, a step that is none; either slash.
_ODD: Final = re.compile(r"\A[/\\]|\A[A-Za-z]:|(?:\A|[/\\])\.{0,2}(?:[/\\]|\Z)")


class Step(Struct, frozen=True):
    """A task, or the theory page before the tasks; `content` is HTML."""

    name: str
    content: str | None
    language: Literal["html"] = "html"
    type: Literal["exercise", "theory"] = "exercise"


LeftOut = Literal[
    "block", "database", "mention", "person", "picture", "sub_page", "synced_block", "task"
]
"""What an import may have to leave out."""


class Imported(Struct, frozen=True):
    """Tasks that were read from a page, and how much of it is not in them, by kinds."""

    steps: list[Step]
    left_out: Mapping[LeftOut, int] = {}


class File(Struct, frozen=True):
    """One file of a student; `filename` is relative to the shared folder."""

    filename: str
    status: FileStatus
    content: str | None = None


class UnsentFile(Struct, frozen=True):
    """A file that a student's program does not send, its size and what it may be, in bytes.

    `too_large`: by itself; `too_much`: together with the student's others; `binary`: it is no text.
    """

    filename: str
    why: Literal["too_large", "too_much", "binary"]
    size: int
    limit: int | UnsetType = UNSET


class Message(Struct, frozen=True):
    """A private message between the teacher and one student, as original clients see it."""

    sender: int
    receiver: int
    content: str
    status: None
    created_at: str


class CurrentMessage(Message, frozen=True):
    """The same for current clients: `id` sorts by time, `at` is ISO 8601.

    `key` is what its sender called it; in the history, and for the sender alone.
    """

    id: int
    at: str
    key: str | UnsetType = UNSET


class Sent(Struct, frozen=True):
    """What current clients get for a message that was kept: its `id` and `at`."""

    id: int
    at: str


class Notice(Struct, frozen=True):
    """`notice`: what the teacher tells the whole class; `id` sorts by time, `at` is ISO 8601."""

    id: int
    sender: int
    content: str
    at: str


class Rules(Struct, frozen=True):
    """What the teacher allows everybody; those of protocol 3 hear more of it.

    `is_recorded`: what students write is kept as a history; `auto_done`: a task whose checks all
    pass is done.
    """

    has_results_page: bool
    is_recorded: bool | UnsetType = UNSET
    auto_done: bool | UnsetType = UNSET


class User(Struct, frozen=True):
    """A participant in a room update; current clients also get a `signal` that is not NONE."""

    id: int
    sid: str
    room: int
    name: str
    role: Role
    steps: Mapping[str, Status]
    signal: Signal | UnsetType = UNSET


class RoomUpdate(Struct, frozen=True):
    """Who is online: the host first, then students in order of joining.

    Current clients also get `offline`, the students who may come back, once their `token`, and what
    they have set of the room; those of protocol 3 its `title`, too, and, if it was made with the
    room, the secret key of its `teacher`.
    """

    id: int
    host: int
    users: Sequence[User]
    offline: Sequence[User] | UnsetType = UNSET
    token: str | UnsetType = UNSET
    door: Door | UnsetType = UNSET
    rules: Rules | UnsetType = UNSET
    title: str | UnsetType = UNSET
    teacher: str | UnsetType = UNSET


class Joined(Struct, frozen=True):
    """The answer to a student who joined; current clients also get what they come back to.

    A `signal` is told if it is not NONE. Those of protocol 3 get what they come into, too; a room
    without a `title` has an empty one.
    """

    user_id: int
    room_id: int
    name: str | UnsetType = UNSET
    steps: Mapping[str, Status] | UnsetType = UNSET
    token: str | UnsetType = UNSET
    signal: Signal | UnsetType = UNSET
    title: str | UnsetType = UNSET
    rules: Rules | UnsetType = UNSET
    is_teacher_here: bool | UnsetType = UNSET


class StudentProgress(Struct, frozen=True):
    """One row of the statistics page."""

    name: str
    steps: Mapping[str, Status]


class Stats(Struct, frozen=True):
    """The progress of a class: `steps` are the columns, `students` the rows."""

    steps: Sequence[str]
    students: Sequence[StudentProgress]


def check_name(name: str) -> str:
    """Return the name as it is kept and compared; raises BadValue if it can be nobody's."""
    return _checked_name("name", name)


def check_title(title: str | None) -> str:
    """Return the title of a room as it is kept, empty if there is none; raises BadValue."""
    return "" if title is None or not title.strip() else _checked_name("title", title)


def _checked_name(key: str, name: str) -> str:
    try:
        name = clean_name(name)
    except BadName as bad:
        raise BadValue(key, str(bad)) from None
    if len(name) > _NAME_LIMIT:
        raise BadValue(key, f"may not be longer than {_NAME_LIMIT} characters")
    return name


def known_protocol(given: int | None) -> int:
    """The protocol that is spoken with a client that says this number, or none."""
    return ORIGINAL if given is None else max(ORIGINAL, min(given, BEYOND))


def first_id() -> int:
    """An id for a new host."""
    return secrets.choice(_HOST_IDS)


def next_id(last: int) -> int:
    """An id for a new student, above the last one of the room."""
    number = last + 1 + _random_step()
    return number if number in USER_IDS else secrets.choice(USER_IDS)


def _random_step() -> int:
    # Measured, `secrets.randbelow` takes seven times as long.
    return os.urandom(1)[0] % _LARGEST_STEP


def check_text(key: str, text: str, limit_bytes: int) -> str:
    """Return the text as given; raises BadValue if it is blank or too long in UTF-8."""
    if not text.strip():
        raise BadValue(key, "may not be blank")
    if utf8_size(text) > limit_bytes:
        raise BadValue(key, f"may not be longer than {limit_bytes} bytes")
    return text


def check_files(
    files: Sequence[File], known: Container[str] = ()
) -> tuple[Sequence[File], BadValue | None]:
    """The files whose paths are plain and relative, and what is wrong with the others.

    `known` are paths that were looked at before: that costs 0.4 of the 11 µs of a relayed file.

    Raises BadValue if one that is there has no content.
    """
    bad: list[str] = []
    for file in files:
        if file.filename not in known and not is_plain_path(file.filename):
            bad.append(file.filename)
        elif file.content is None and file.status != "REMOVED":
            raise BadValue("content", f"is missing for {file.filename[:100]!r}")
    if not bad:
        return files, None
    named = ", ".join(repr(name[:100]) for name in bad[:_NAMED])
    refused = BadValue("filename", f"must be a relative path inside the folder: {named}")
    without = set(bad)
    return [file for file in files if file.filename not in without], refused


def check_left_out(files: Sequence[UnsentFile]) -> None:
    """Raises BadValue for too many, or for a name that could not be one of the student's."""
    if len(files) > _LEFT_OUT_LIMIT:
        raise BadValue("files", f"may not be more than {_LEFT_OUT_LIMIT}")
    for file in files:
        if not is_plain_path(file.filename):
            raise BadValue("filename", "must be a relative path inside the folder")


def is_plain_path(name: str) -> bool:
    """Whether a file of a student's folder may have this name."""
    if not name or len(name) > _FILENAME_LIMIT or _ODD.search(name):
        return False
    # The cheap question first: the plugin sends a file a second for every student.
    return name.isprintable() or _is_shown(name)


def _is_shown(name: str) -> bool:
    """Whether nothing in the name is a control or turns the text around it; joiners may be."""
    try:
        clean_name(name)
    except BadName:
        return False
    return True


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


def reported(own: Mapping[str, Status], report: Mapping[str, Status]) -> dict[str, Status]:
    """What a student's report comes to: ACCEPTED is the teacher's word, and counts only where the
    teacher has said it. Elsewhere that step stays as it is.
    """
    return {
        name: own[name] if status == "ACCEPTED" else status
        for name, status in report.items()
        if status != "ACCEPTED" or name in own
    }


def reviewed(own: Mapping[str, Status], review: Mapping[str, Status]) -> dict[str, Status]:
    """The part of the teacher's review that is kept; all of it is passed on.

    Of a student who has set no status yet all of it, of others only the steps they have.
    """
    if not own:
        return dict(review)
    return {name: status for name, status in review.items() if name in own}


AcceptedOrDeclined = Literal["accepted", "declined"]


def verdicts(
    own: Mapping[str, Status], review: Mapping[str, Status]
) -> list[tuple[str, AcceptedOrDeclined]]:
    """What the student is told of a review, by task: solutions accepted, solutions sent back."""
    told: list[tuple[str, AcceptedOrDeclined]] = []
    for name, status in review.items():
        before = own.get(name)
        if status == "ACCEPTED" and before != "ACCEPTED":
            told.append((name, "accepted"))
        elif status == "NONE" and before == "DONE":
            told.append((name, "declined"))
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
    return CurrentMessage(
        sender, receiver, content, None, at.strftime("%H:%M:%S"), message_id, in_words(at)
    )


def in_words(at: datetime) -> str:
    """A time in ISO 8601, UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stats(steps: Iterable[Step], students: Iterable[StudentProgress]) -> Stats | None:
    """The progress of a class; None while no student has any."""
    rows = list(students)
    if not any(row.steps for row in rows):
        return None
    names = {step.name for step in steps}.union(*(row.steps for row in rows))
    return Stats(sorted(names, key=STEP_ORDER.__getitem__), rows)
