"""What was said before: `history`, whatever the devices of a phone have fetched."""

from typing import Final

from quad.chat import frames
from quad.chat.chats import Chats
from quad.chat.frames import MessageFrames
from quad.chat.messages import read_message
from quad.chat.model import message_id
from quad.realtime import RawConnection

MOST: Final = 200
_ENTRIES_A_READ: Final = 50


class History:
    """Answers questions for older messages."""

    def __init__(self, chats: Chats, shown: MessageFrames, page_bytes: int) -> None:
        """An answer has about `page_bytes` at most, and one message at least if there is one."""
        self._chats = chats
        self._shown = shown
        self._page_bytes = page_bytes

    async def tell(
        self, connection: RawConnection, name: str, before: str | None, limit: int
    ) -> None:
        """Send the messages before an id, or the newest ones; none are left if none come.

        A member gets what was said since they came, and in an open chat all there is.
        """
        seat = self._chats.seat(connection)
        chat = self._chats.membership(seat.user, self._chats.spelled(name))
        since = 0 if chat.is_open else seat.user.chats[chat.id][1]
        # Up to the last one that was told: what is committed and not told yet comes by itself.
        upto = chat.last_id + 1 if before is None else message_id(before)
        left, left_bytes = min(max(limit, 1), MOST), self._page_bytes
        found: list[bytes] = []
        while left > 0 and left_bytes > 0:
            most = min(left, _ENTRIES_A_READ)
            entries = await self._chats.mailbox.read_back(chat.box, since, upto, most)
            for entry in entries:
                sender, message = read_message(entry)
                brief = self._shown.brief(self._chats.sender(sender), message, seat.protocol)
                left_bytes -= len(brief)
                if left_bytes < 0 and found:
                    break
                found.append(brief)
                upto, left = entry.id, left - 1
            if len(entries) < most:
                break
        connection.send(frames.history(chat, found[::-1]))
