"""The classroom's events by their wire names, and what they carry.

Events registered with `overlap` do one thing that takes time, the commit, and commits keep the
order of calls: so a client with many of them in flight sees their effects in order, and pays for
a commit once for all that wait.
"""

import logging
from typing import Any, Final

from msgspec import UNSET, UnsetType, field
from msgspec.json import encode

from quad.classroom.acknowledging import Acknowledging
from quad.classroom.entering.control import GivenRules
from quad.classroom.entering.resuming import Visitor
from quad.classroom.helping import events as helping
from quad.classroom.library import events as library
from quad.classroom.model import (
    BEYOND,
    ORIGINAL,
    Door,
    File,
    Sent,
    Signal,
    UnsentFile,
)
from quad.classroom.notices import events as notices
from quad.classroom.outgoing import Alert, GivenPass, NewKey, TeachersClasses
from quad.classroom.payloads import InRoom, OfRoom, OfUser
from quad.classroom.rooms import alert
from quad.classroom.running import events as running
from quad.classroom.service import ClassroomService
from quad.classroom.tasks import events as tasks
from quad.realtime import (
    BadPayload,
    Client,
    ErrorPayload,
    Finished,
    Payload,
    Refused,
    SocketServer,
)

log = logging.getLogger("quad.classroom")

# What original clients show as done whatever becomes of it: they do not listen to `error`.
_SHOWN_AS_DONE: Final = frozenset(
    {
        "message/to_client",
        "message/to_mentor",
        "sharing/code_send",
        "steps/all",
        "steps/import",
    }
)
_ENTRIES: Final = frozenset({"room/create", "room/join", "room/rehost", "room/rejoin"})

_TRACE_LIMIT: Final = 8_000
_NAME_LIMIT: Final = 500


class CreateRoom(Payload, frozen=True, kw_only=True):
    """`room/create`."""

    name: str
    title: str | None = None
    teacher: str | None = None
    protocol: int | None = None


class JoinRoom(OfRoom, frozen=True, kw_only=True):
    """`room/join`."""

    name: str | None = None
    version: str | None = None
    protocol: int | None = None
    token: str | None = None
    pass_: str | None = field(name="pass", default=None)


class OfTeacher(Payload, frozen=True, kw_only=True):
    """`teacher/open` and `teacher/rekey`."""

    teacher: str


class GivePass(InRoom, frozen=True, kw_only=True):
    """`room/pass`."""

    user_id: int | None = None


class ResumeRoom(OfRoom, frozen=True, kw_only=True):
    """`room/rejoin`."""

    user_id: int
    protocol: int | None = None
    token: str | None = None


class RehostRoom(OfRoom, frozen=True, kw_only=True):
    """`room/rehost`: by the participant's id, or with the teacher's key."""

    user_id: int | None = None
    teacher: str | None = None
    protocol: int | None = None
    token: str | None = None


class MessageToClient(OfRoom, frozen=True, kw_only=True):
    """`message/to_client`."""

    user_id: int
    content: str
    key: str | None = None


class MessageToMentor(OfRoom, frozen=True, kw_only=True):
    """`message/to_mentor`."""

    content: str
    key: str | None = None


class Ignore(InRoom, frozen=True, kw_only=True):
    """`settings`."""

    files_to_ignore: str


class StartSharing(OfRoom, frozen=True, kw_only=True):
    """`sharing/start`."""

    user_id: int
    exclusive: bool = True


class EndSharing(OfRoom, frozen=True, kw_only=True):
    """`sharing/end`."""

    user_id: int | None = None


class Code(OfRoom, frozen=True, kw_only=True):
    """`sharing/code_send` and `sharing/code_update`.

    `is_recorded`: the student lets it be kept as a history; `pasted`: what the editor knows of how
    the text came.
    """

    files: list[File]
    is_recorded: bool = False
    pasted: bool | None = None


class LeavingOut(OfRoom, frozen=True, kw_only=True):
    """`sharing/left_out`."""

    files: list[UnsentFile]


class SendSignal(OfUser, frozen=True, kw_only=True):
    """`signal`."""

    value: Signal


class Exercise(InRoom, frozen=True, kw_only=True):
    """`exercise`."""

    content: str


class Feedback(OfRoom, frozen=True, kw_only=True):
    """`exercise/feedback`."""

    user_id: int
    accepted: bool


class KillStudent(OfUser, frozen=True, kw_only=True):
    """`room/kill`."""

    is_barred: bool = False


class SetDoor(InRoom, frozen=True, kw_only=True):
    """`door/set`."""

    state: Door


class SetRules(InRoom, frozen=True, kw_only=True):
    """`rules/set`."""

    # Clients of protocol 2 know this one alone, and have to give it.
    has_results_page: bool | UnsetType = UNSET
    is_recorded: bool | UnsetType = UNSET
    auto_done: bool | UnsetType = UNSET


class ClientError(Payload, frozen=True, kw_only=True):
    """`error/from_client`: whatever a plugin knows when it has failed."""

    room_id: Any = None
    user_id: Any = None
    content: Any = "..."
    path: Any = "..."
    function: Any = "..."


def register(server: SocketServer, service: ClassroomService) -> None:
    """Let the server carry the classroom's events."""
    heard = Acknowledging(server, service.rooms)
    _register_entries(heard, service)
    _register_rooms(heard, service)
    _register_teachers(heard, service)
    library.register(heard, service.library)
    _register_messages(heard, service)
    notices.register(heard, service.notices)
    _register_sharing(heard, service)
    _register_settings(heard, service)
    tasks.register(heard, service.handing_out, service.following, service.steps)
    helping.register(heard, service.helping)
    running.register(heard, service.running)
    _register_deprecated(heard, service)
    _register_code_updates(server, service)
    _register_ends(server, service)
    _register_refusals(server, service)


def _register_entries(heard: Acknowledging, service: ClassroomService) -> None:
    entrance = service.entrance

    @heard.on("room/create")
    async def create(client: Client, request: CreateRoom) -> None:
        visitor = Visitor(client, request.protocol, key=request.teacher)
        await entrance.create(visitor, request.name, request.title)

    @heard.on("room/join")
    async def join(client: Client, request: JoinRoom) -> None:
        visitor = Visitor(client, request.protocol, request.token, typed_pass=request.pass_)
        await entrance.join(visitor, request.room_id, request.name, request.version)

    @heard.on("room/rejoin")
    async def rejoin(client: Client, request: ResumeRoom) -> None:
        visitor = Visitor(client, request.protocol, request.token)
        await entrance.rejoin(visitor, request.room_id, request.user_id)

    @heard.on("room/rehost")
    async def rehost(client: Client, request: RehostRoom) -> None:
        visitor = Visitor(client, request.protocol, request.token)
        if request.teacher is not None:
            await entrance.rehost_by_key(visitor, request.room_id, request.teacher)
        elif request.user_id is not None:
            await entrance.rehost(visitor, request.room_id, request.user_id)
        else:
            raise BadPayload("room/rehost: Object missing required field `user_id`")

    @heard.on("room/pass")
    async def give_pass(client: Client, request: GivePass) -> GivenPass:
        return await service.passes.give(client, request.user_id, request.room_id)


def _register_rooms(heard: Acknowledging, service: ClassroomService) -> None:
    leaving = service.leaving

    @heard.on("room/leave")
    async def leave(client: Client, request: OfRoom) -> None:
        await leaving.leave(client, request.room_id)

    @heard.on("room/kill")
    async def kill(client: Client, request: KillStudent) -> None:
        await leaving.kill(client, request.user_id, request.room_id, is_barred=request.is_barred)

    @heard.on("room/close")
    async def close(client: Client, request: OfRoom) -> None:
        await leaving.close(client, request.room_id)

    @heard.on("error/from_client")
    def log_error(client: Client, request: ClientError) -> None:
        room_id = request.room_id if type(request.room_id) is int else None
        sender = service.rooms.member(client, room_id)
        service.quotas.log_error(client.address)
        log.warning(
            "error from client %d in room %d: path=%s function=%s content=%s",
            sender.id,
            sender.room.number,
            _as_line(request.path, _NAME_LIMIT),
            _as_line(request.function, _NAME_LIMIT),
            _as_line(request.content, _TRACE_LIMIT),
        )

    @heard.on("door/set")
    async def set_door(client: Client, request: SetDoor) -> None:
        await service.control.set_door(client, request.state, request.room_id)

    @heard.on("rules/set")
    async def set_rules(client: Client, request: SetRules) -> None:
        seated = service.rooms.seated(client)
        is_beyond = seated is not None and seated.protocol >= BEYOND
        if not is_beyond and request.has_results_page is UNSET:
            raise BadPayload("rules/set: Object missing required field `has_results_page`")
        given = GivenRules(request.has_results_page, request.is_recorded, request.auto_done)
        await service.control.set_rules(client, request.room_id, given)


def _as_line(value: object, limit: int) -> str:
    """A value as one line of ASCII, whatever is in it."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = "\n".join(value)
    written = value if isinstance(value, str) else encode(value).decode()
    line = ascii(written[:limit])
    return line if len(line) <= limit else f"{line[:limit]}..."


def _register_teachers(heard: Acknowledging, service: ClassroomService) -> None:
    # Whoever shows a key is in no class yet, and need not have said which protocol it speaks.
    @heard.on("teacher/open")
    async def open_key(client: Client, request: OfTeacher) -> TeachersClasses:
        return await service.keys.open(client, request.teacher)

    @heard.on("teacher/rekey")
    async def rekey(client: Client, request: OfTeacher) -> NewKey:
        return await service.keys.rekey(client, request.teacher)


def _register_messages(heard: Acknowledging, service: ClassroomService) -> None:
    messages = service.messages

    @heard.on("message/to_client", overlap=True)
    async def to_client(client: Client, message: MessageToClient) -> Sent | None:
        return await messages.to_client(
            client, message.room_id, message.user_id, message.content, message.key
        )

    @heard.on("message/to_mentor", overlap=True)
    async def to_mentor(client: Client, message: MessageToMentor) -> Sent | None:
        return await messages.to_mentor(client, message.room_id, message.content, message.key)

    @heard.on("message/user")
    async def history(client: Client, request: OfUser) -> None:
        await messages.send_history(client, request.user_id, request.room_id)


def _register_sharing(heard: Acknowledging, service: ClassroomService) -> None:
    sharing = service.sharing

    @heard.on("sharing/start")
    async def start(client: Client, request: StartSharing) -> None:
        await sharing.start(client, request.room_id, request.user_id, exclusive=request.exclusive)

    @heard.on("sharing/end")
    def end(client: Client, request: EndSharing) -> None:
        sharing.end(client, request.room_id, request.user_id)

    @heard.on("sharing/code_send", overlap=True)
    async def code_send(client: Client, code: Code) -> None:
        await sharing.code_send(client, code.room_id, code.files, is_recorded=code.is_recorded)

    @heard.on("sharing/left_out")
    def left_out(client: Client, request: LeavingOut) -> None:
        sharing.leave_out(client, request.room_id, request.files)


def _register_settings(heard: Acknowledging, service: ClassroomService) -> None:
    @heard.on("settings", overlap=True)
    async def settings(client: Client, request: Ignore) -> None:
        await service.steps.ignore_files(client, request.files_to_ignore, request.room_id)


def _register_deprecated(heard: Acknowledging, service: ClassroomService) -> None:
    steps = service.steps

    @heard.on("exercise")
    async def exercise(client: Client, request: Exercise) -> None:
        await steps.exercise(client, request.content, request.room_id)
        _deprecate(client, "exercise")

    @heard.on("exercise/feedback")
    def feedback(client: Client, request: Feedback) -> None:
        steps.feedback(client, request.room_id, request.user_id, accepted=request.accepted)
        _deprecate(client, "exercise/feedback")

    @heard.on("exercise/reset")
    def reset(client: Client, request: InRoom) -> None:
        steps.reset(client, request.room_id)
        _deprecate(client, "exercise/reset")

    @heard.on("signal", overlap=True)
    async def signal(client: Client, request: SendSignal) -> None:
        student = service.rooms.student(client, request.room_id)
        await steps.signal(client, request.user_id, request.value, request.room_id)
        # A current client has no other word for help while there is no task.
        if student.protocol == ORIGINAL:
            _deprecate(client, "signal")


def _register_code_updates(server: SocketServer, service: ClassroomService) -> None:
    # The one event that comes by the ten thousand: it answers for itself.
    @server.on("sharing/code_update", overlap=True, deferred=True)
    def code_update(client: Client, code: Code, finished: Finished) -> None:
        service.sharing.code_update(
            client,
            code.room_id,
            code.files,
            finished,
            is_recorded=code.is_recorded,
            pasted=code.pasted,
        )


def _register_ends(server: SocketServer, service: ClassroomService) -> None:
    @server.on_disconnect
    def disconnected(client: Client, _reason: str) -> None:
        service.leaving.disconnected(client)


def _register_refusals(server: SocketServer, service: ClassroomService) -> None:
    @server.on_refused
    def tell(client: Client, event: str, refused: Refused) -> None:
        """Say why something was not done also where original clients hear it."""
        if event in _ENTRIES:
            # What was read, the entrance tells: it knows who is a current client.
            is_told = type(refused) is BadPayload
        else:
            # In no room, as after a loss that a teacher has not noticed, it may be an original one.
            seated = service.rooms.seated(client)
            is_current = seated is not None and seated.protocol != ORIGINAL
            is_told = event in _SHOWN_AS_DONE and not is_current
        if is_told:
            alert(client, ORIGINAL, Alert(str(refused), "ERROR"))


def _deprecate(client: Client, event: str) -> None:
    message = f"Error: the event '{event}' is deprecated, use 'steps/all' instead"
    client.emit("error", ErrorPayload(message, event, "deprecated"))
