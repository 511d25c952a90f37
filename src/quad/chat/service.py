"""The chat, put together: what the server starts, serves and closes."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from quad.chat.chats import Chats
from quad.chat.entrance import Entrance
from quad.chat.events import Events
from quad.chat.frames import MessageFrames
from quad.chat.groups import Groups
from quad.chat.messages import Messages
from quad.chat.trimming import Trimming
from quad.identity import KeyedRateLimit
from quad.realtime import Counters, Door, EngineOptions, RawServer
from quad.retention import Expiry
from quad.settings import ChatSettings, RetentionSettings
from quad.store import Mailbox, Store

_RETENTION: Final = RetentionSettings()


def _now() -> datetime:
    return datetime.now(UTC)


class ChatSystem:
    """All chats of this process. `endpoint` serves `/` and `/chat/ws`."""

    def __init__(
        self,
        store: Store,
        mailbox: Mailbox,
        settings: ChatSettings,
        options: EngineOptions | None = None,
        *,
        counters: Counters | None = None,
        door: Door | None = None,
        retention: RetentionSettings = _RETENTION,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """`counters` and `door` may be those of an engine at the same address."""
        events = Events()
        self.endpoint = RawServer("chat", events, options, counters=counters, door=door)
        self.chats = Chats(store, mailbox, self.endpoint, now)
        shown = MessageFrames()
        wrong_tokens = KeyedRateLimit(
            settings.wrong_tokens_per_minute_per_address / 60, settings.wrong_tokens_burst
        )
        # Half of what may wait for a reader: the other half is for what is published meanwhile.
        page_bytes = self.endpoint.options.outbox_limit_bytes // 2
        events.entrance = Entrance(self.chats, shown, settings, wrong_tokens, page_bytes)
        events.groups = Groups(self.chats, settings)
        events.messages = Messages(self.chats, shown, settings.text_limit_bytes)
        events.register_on(self.endpoint)
        self.trimming = Trimming(self.chats, retention.age("chat_messages_days"))
        self.expiries: tuple[Expiry, ...] = ()

    async def start(self) -> None:
        """Read everything from the database; to be done before the first connection.

        Raises CannotSave if the database does not answer.
        """
        await self.chats.load()
        self.trimming.start()

    async def aclose(self, grace_s: float = 2.0) -> None:
        """Finish what is under way and save positions; connections were closed before."""
        self.trimming.stop()
        await self.endpoint.aclose(grace_s)
        await self.chats.mailbox.flush()
