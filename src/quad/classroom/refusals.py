"""Everything that the classroom declines, each with its stable code."""

from typing import Final

from quad.realtime import BadPayload, Refused
from quad.refusals import HttpRefused


class BadValue(BadPayload):
    """A key holds a value of the right type that is not allowed."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"'{key}' {why}")


class NotInRoom(Refused):
    """The sender is in no room."""

    code = "not_in_room"

    def __init__(self) -> None:
        super().__init__("You are in no room!")


class AlreadyInRoom(Refused):
    """The sender's connection already takes part in a room."""

    code = "already_in_room"

    def __init__(self, user_id: int, room_id: int) -> None:
        super().__init__(f"User {user_id} already in room {room_id}!")


class NotHost(Refused):
    """Only the teacher may do this."""

    code = "not_host"

    def __init__(self) -> None:
        super().__init__("Only the teacher of the room may do this!")


class NotStudent(Refused):
    """Only a student may do this."""

    code = "not_student"

    def __init__(self) -> None:
        super().__init__("Only a student of the room may do this!")


class WrongRoom(Refused):
    """`room_id` names a room that is not the sender's."""

    code = "wrong_room"

    def __init__(self, room_id: int) -> None:
        super().__init__(f"'room_id' {room_id} is not your room!")


class WrongUser(Refused):
    """`user_id` names somebody whom the sender may not act for."""

    code = "wrong_user"

    def __init__(self, user_id: int) -> None:
        super().__init__(f"'user_id' {user_id} is not you!")


class RoomNotFound(Refused):
    """No open room has this number."""

    code = "room_not_found"

    def __init__(self, room_id: int) -> None:
        super().__init__(f"Room {room_id} not found!")


class UserNotFound(Refused):
    """Nobody in the room has this id."""

    code = "user_not_found"

    def __init__(self, user_id: int, room_id: int) -> None:
        super().__init__(f"User {user_id} in room {room_id} not found!")


class UserOffline(Refused):
    """The student is in the room but has no connection now."""

    code = "user_offline"

    def __init__(self, user_id: int) -> None:
        super().__init__(f"User {user_id} is offline!")


class NameTaken(Refused):
    """Somebody in the room has this name."""

    code = "name_taken"

    def __init__(self, name: str, room_id: int) -> None:
        super().__init__(f"Username {name} is already used in room {room_id}!")


class TokenRequired(Refused):
    """A participant that can be taken up again only with its token."""

    code = "token_required"

    def __init__(self) -> None:
        super().__init__("This participant can only be resumed with its token!")


class WrongToken(Refused):
    """The token belongs to nobody in the room, or to somebody else."""

    code = "wrong_token"

    def __init__(self) -> None:
        super().__init__("The token is not valid here!")


class WrongAddress(Refused):
    """Without a token, this participant can be resumed only from the address it last used."""

    code = "wrong_address"

    def __init__(self) -> None:
        super().__init__("This participant can only be resumed from the address it last used!")


class StillOnline(Refused):
    """The participant's connection is alive, and is not taken away without its token."""

    code = "still_online"

    def __init__(self) -> None:
        super().__init__("This participant is connected!")


class Locked(Refused):
    """The teacher lets no newcomers in."""

    code = "locked"

    def __init__(self, room_id: int) -> None:
        super().__init__(f"Room {room_id} is locked: the teacher lets nobody new in!")


class Barred(Refused):
    """The teacher has removed whoever had this name or token, and does not want them back."""

    code = "barred"

    def __init__(self, room_id: int) -> None:
        super().__init__(f"The teacher of room {room_id} does not let you in!")


class ProtocolNeeded(Refused):
    """Older clients know nothing of this."""

    code = "protocol_needed"

    def __init__(self, protocol: int = 2) -> None:
        super().__init__(
            f"Only a client that enters the room with 'protocol': {protocol} may do this!"
        )


class Stale(Refused):
    """What was changed is not the newest any more; `rev` is."""

    code = "stale"

    def __init__(self, rev: int) -> None:
        super().__init__(f"The tasks have changed meanwhile: 'rev' is {rev} now!", rev=rev)


class UnknownSet(Refused):
    """The teacher has no set of tasks with this id."""

    code = "unknown_set"

    def __init__(self, set_id: str) -> None:
        super().__init__(f"There is no set of tasks {set_id[:100]!r}!")


class TooLarge(Refused):
    """More than is kept of one thing."""

    code = "too_large"

    def __init__(self, what: str) -> None:
        super().__init__(f"This is too large: {what}!")


class NoPicture(Refused):
    """The content is that of no picture that is taken."""

    code = "no_picture"

    def __init__(self) -> None:
        super().__init__("Pictures are PNG, JPEG, GIF or WebP!")


class WrongKey(Refused):
    """The key is no teacher's, or not that of the class."""

    code = "wrong_key"

    def __init__(self) -> None:
        super().__init__("The teacher's key is not valid here!")


class WrongPass(Refused):
    """The pass opens no place of the room: it was used, is too old, or never was one."""

    code = "wrong_pass"

    def __init__(self) -> None:
        super().__init__("The pass is not valid here, or not any more!")


class TooManyFailedJoins(Refused):
    """An address has tried too many rooms or tokens; `retry_after_s` says when to go on."""

    code = "rate_limited"

    def __init__(self, retry_after_s: float) -> None:
        seconds = max(1, round(retry_after_s))
        super().__init__(
            f"Too many failed attempts, try again in {seconds} s!", retry_after_s=seconds
        )


class QuotaReached(Refused):
    """Somebody makes the server keep too much; `limit` is the setting's name."""

    code = "quota_reached"

    def __init__(self, limit: str, retry_after_s: float) -> None:
        self.limit = limit
        seconds = max(1, round(retry_after_s))
        super().__init__(
            f"More than this server allows ({limit}), try again in {seconds} s!",
            retry_after_s=seconds,
            limit=limit,
        )


class FilesLimit(Refused):
    """The files of this student would be more than the room keeps."""

    code = "files_limit"

    def __init__(self, what: str) -> None:
        super().__init__(f"'files' would be more than the server keeps for one student: {what}!")


class NoFreeNumber(Refused):
    """No free number was found for a room or a participant."""

    code = "no_free_number"

    def __init__(self) -> None:
        super().__init__("There is no free number, try again later!")


class ImportRunning(Refused):
    """The teacher's previous import has not ended."""

    code = "import_running"

    def __init__(self) -> None:
        super().__init__("The previous import is still running!")


class UnknownTask(Refused):
    """The class has no such task."""

    code = "unknown_task"

    def __init__(self, task: str) -> None:
        super().__init__(f"There is no task {task[:100]!r} in this room!")


class NotAsking(Refused):
    """The student has not asked for help."""

    code = "not_asking"

    def __init__(self, user_id: int) -> None:
        super().__init__(f"User {user_id} has not asked for help!")


class Taken(Refused):
    """Somebody else helps the student already; `by` is who."""

    code = "taken"

    def __init__(self, by: str) -> None:
        super().__init__(f"{by} helps already!", by=by)


class NotRecorded(HttpRefused):
    """Nothing of what the student has written was recorded."""

    code = "not_recorded"
    status = 404

    def __init__(self, user_id: int) -> None:
        super().__init__(f"Nothing of user {user_id} was recorded!")


class WrongBearer(HttpRefused):
    """The token of a request is not that of the class's staff, or of the student."""

    code = "wrong_token"
    status = 401

    def __init__(self) -> None:
        super().__init__("The token is not valid here!")


class BadFolder(HttpRefused):
    """A folder of tasks cannot be read; the sentence names what of it."""

    code = "bad_folder"
    status = 400


class NoArchive(BadFolder):
    """No ZIP archive, a damaged one, or one that is packed in an unusual way."""

    code = "no_archive"


class BadName(BadFolder):
    """A name leads out of the folder, is there twice, or is that of a link."""

    code = "bad_name"


class NotText(BadFolder):
    """A file that should be text is none in UTF-8."""

    code = "not_text"


class NoTasks(BadFolder):
    """There is nothing in the folder that is a task."""

    code = "no_tasks"


class BadFrontMatter(BadFolder):
    """What stands before a page, or in `set.json`, cannot be read."""

    code = "bad_front_matter"


class BadCheck(BadFolder):
    """A file of a check lacks another one, or there is one too many."""

    code = "bad_check"


class TooLong(BadFolder):
    """It takes too long to read."""

    code = "too_long"

    def __init__(self) -> None:
        super().__init__("This takes too long to convert!")


class WrongBearerKey(HttpRefused):
    """The key of a request is no teacher's."""

    code = "wrong_key"
    status = 401

    def __init__(self) -> None:
        super().__init__("The teacher's key is not valid here!")


HTTP_STATUSES: Final = {"quota_reached": 429, "too_large": 413, "unknown_set": 404}
"""What HTTP says of refusals that WebSockets know, too, by their codes; of all others 400."""
