"""What a connection has to be told at its beginning, read from the mailbox in pages."""

from collections.abc import AsyncIterator, Iterable
from typing import Final, NamedTuple

from quad.chat.chats import Chats
from quad.chat.frames import Shown
from quad.chat.messages import read_message
from quad.chat.state import Chat, User
from quad.store import Device, Entry

_ENTRIES_A_READ: Final = 250
# What a message takes beside its text, roughly.
_FRAME_BYTES: Final = 150


class Span(NamedTuple):
    """The messages with `since < id <= upto` of a chat are somebody's; None: all later ones too."""

    chat: Chat
    since: int
    upto: int | None = None

    def holds(self, message_id: int) -> bool:
        """Whether a message is one of these."""
        return message_id > self.since and (self.upto is None or message_id <= self.upto)


class Item(NamedTuple):
    """A message that was missed."""

    chat: Chat
    sender: User
    message: Shown


class Missed:
    """Pages of messages, the oldest first."""

    def __init__(
        self, chats: Chats, device: Device, spans: Iterable[Span], page_bytes: int
    ) -> None:
        self.position = 0
        """Everything up to here was in the pages so far."""
        self._chats = chats
        self._device = device
        self._page_bytes = page_bytes
        self._wanted: dict[str, list[Span]] = {}
        for span in spans:
            if _may_miss(device, span):
                self._wanted.setdefault(span.chat.box, []).append(span)
        self.is_over = False

    async def page(self) -> list[Item]:
        """The next messages, about as many as fill a page.

        Raises StoreError.
        """
        page: list[Item] = []
        left_bytes = self._page_bytes
        while self._wanted and left_bytes > 0 and not self.is_over:
            left_bytes = await self._read(page, left_bytes)
        if left_bytes > 0 or self.position >= self._device.upto:
            self.is_over = True
            self.position = self._device.upto
        return page

    async def skip(self, size_bytes: int) -> None:
        """Pass over pages of about so many bytes. Raises StoreError."""
        while size_bytes > 0 and not self.is_over:
            size_bytes -= sum(map(_size, await self.page()))

    async def of_chat(self, chat: Chat) -> AsyncIterator[list[Item]]:
        """Pages of one chat's messages, up to where the pages of all chats are.

        Raises StoreError.
        """
        device, position, upto = self._device, 0, self.position
        while chat.box in self._wanted:
            entries = await self._chats.mailbox.read(
                [chat.box],
                device.after,
                device.gap,
                upto,
                start=position,
                most=_ENTRIES_A_READ,
            )
            yield [item for entry in entries if (item := self._item(entry)) is not None]
            if len(entries) < _ENTRIES_A_READ:
                return
            position = entries[-1].id

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
            item = self._item(entry)
            if item is not None:
                page.append(item)
                left_bytes -= _size(item)
                if left_bytes <= 0:
                    return left_bytes
        self.is_over = len(entries) < _ENTRIES_A_READ
        return left_bytes

    def _item(self, entry: Entry) -> Item | None:
        for span in self._wanted[entry.box]:
            if span.holds(entry.id):
                sender, message = read_message(entry)
                return Item(span.chat, self._chats.sender(sender), message)
        return None


def _size(item: Item) -> int:
    return len(item.message.text) + _FRAME_BYTES


def _may_miss(device: Device, span: Span) -> bool:
    last_id = span.chat.last_id if span.upto is None else span.upto
    if last_id > max(device.after, span.since):
        return True
    gap = device.gap
    return gap is not None and gap.upto > span.since and last_id > gap.after
