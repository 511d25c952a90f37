"""The event by which a teacher tells the whole class something."""

from quad.classroom.acknowledging import Acknowledging
from quad.classroom.model import Sent
from quad.classroom.notices.notices import Notices
from quad.classroom.payloads import InRoom
from quad.realtime import Client


class SendNotice(InRoom, frozen=True, kw_only=True):
    """`notice/send`."""

    content: str
    key: str


def register(heard: Acknowledging, notices: Notices) -> None:
    """Let the server carry it."""

    @heard.on("notice/send", overlap=True)
    async def send(client: Client, notice: SendNotice) -> Sent:
        return await notices.send(client, notice.room_id, notice.content, notice.key)
