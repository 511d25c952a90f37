"""What a connection has to be told at its beginning, read from the mailbox in pages."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from quad.chat.chats import Chats
from quad.chat.live import Chat, User
from quad.chat.messages import read_kept
from quad.store import Device

_ENTRIES_A_READ: Final = 250
# What a message takes beside its text, roughly.
_FRAME_BYTES: Final = 150


class Item(NamedTuple):
    """A message that was missed; the text is JSON."""

    chat: Chat
    sender: User
    id: int
    text: bytes


class Missed:
    """Pages of messages, the oldest first."""

    def __init__(
        self,
        chats: Chats,
        device: Device,
        memberships: Iterable[tuple[Chat, bytes, int]],
        page_bytes: int,
    ) -> None:
        self.position = 0
        """Everything up to here was in the pages so far."""
        self._chats = chats
        self._device = device
        self._page_bytes = page_bytes
        self._wanted = {
            chat.box: (chat, since)
            for chat, _, since in memberships
            if _may_miss(device, chat, since)
        }
        self.is_over = False

    async def page(self) -> list[Item]:
        """The next messages, about as many as fill a page.

        Raises StoreError.
        """
        page: list[Item] = []
        left_bytes = self._page_bytes
        while self._wanted and left_bytes > 0 and not self.is_over:
            left_bytes = await self._read(page, left_bytes)
        if left_bytes > 0:
            self.is_over = True
            self.position = self._device.upto
        return page

    async def _read(self, page: list[Item], left_bytes: int) -> int:
        device = self._device
        entries = await self._chats.mailbox.read(
            self._wanted,
            device.after,
            device.gap,
            device.upto,
            start=self.position,
            most=_ENTRIES_A_READ,
        )
        for entry in entries:
            self.position = entry.id
            chat, since = self._wanted[entry.box]
            if entry.id <= since:
                continue
            kept = read_kept(entry.content)
            text = bytes(kept.text)
            page.append(Item(chat, self._chats.users[kept.sender], entry.id, text))
            left_bytes -= len(text) + _FRAME_BYTES
            if left_bytes <= 0:
                return left_bytes
        self.is_over = len(entries) < _ENTRIES_A_READ
        return left_bytes


def _may_miss(device: Device, chat: Chat, since: int) -> bool:
    if chat.last_id > max(device.after, since):
        return True
    gap = device.gap
    return gap is not None and gap.upto > since and chat.last_id > gap.after
