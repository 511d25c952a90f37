"""What payloads of the classroom have in common: the room and the participant that they name."""

from quad.realtime import Payload


class InRoom(Payload, frozen=True, kw_only=True):
    """What may name the room, although the sender's is known."""

    room_id: int | None = None


class OfRoom(Payload, frozen=True, kw_only=True):
    """What has to name the room."""

    room_id: int


class OfUser(InRoom, frozen=True, kw_only=True):
    """What concerns one participant."""

    user_id: int
