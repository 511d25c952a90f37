"""The chat, put together: what the server starts, serves and closes."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from litestar import Router

from quad.chat.admission import Admission
from quad.chat.chats import Chats
from quad.chat.entrance import Entrance
from quad.chat.events import Events
from quad.chat.frames import MessageFrames
from quad.chat.groups import Groups
from quad.chat.history import History
from quad.chat.messages import Messages
from quad.chat.moving import Moving
from quad.chat.refusals import TooManyTries
from quad.chat.retention import Forgetting
from quad.chat.trimming import Trimming
from quad.cluster.routes import CAMPUS
from quad.identity.guesses import Guesses
from quad.identity.news import News
from quad.realtime import Counters, Door, EngineOptions, RawServer
from quad.retention import Expiry
from quad.settings import ChatSettings
from quad.store import Mailbox, Store


def _now() -> datetime:
    return datetime.now(UTC)


class ChatSystem:
    """All chats of this process. `endpoint` serves `/` and `/chat/ws`."""

    name: Final = "chat"
    key: Final = CAMPUS
    routers: Final[tuple[Router, ...]] = ()

    def __init__(
        self,
        store: Store,
        mailbox: Mailbox,
        settings: ChatSettings,
        options: EngineOptions | None = None,
        *,
        counters: Counters | None = None,
        door: Door | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """`counters` and `door` may be those of an engine at the same address."""
        events = Events()
        self.endpoint = RawServer("chat", events, options, counters=counters, door=door)
        self.chats = Chats(store, mailbox, self.endpoint, now)
        shown = MessageFrames(now)
        # Half of what may wait for a reader: the other half is for what is published meanwhile.
        page_bytes = self.endpoint.options.outbox_limit_bytes // 2
        register, phones, names = (
            _guesses(f"chat.{kind}", settings) for kind in ("register", "phone", "name")
        )
        self._guesses = (register, phones, names)
        self.admission = Admission(self.chats, settings, register)
        events.entrance = Entrance(
            self.chats,
            self.admission,
            shown,
            state_limit_bytes=settings.state_limit_bytes,
            page_bytes=page_bytes,
        )
        self.groups = events.groups = Groups(
            self.chats,
            settings,
            phones=phones,
            names=names,
        )
        events.history = History(self.chats, shown, page_bytes)
        events.messages = Messages(self.chats, shown, settings.text_limit_bytes)
        events.register_on(self.endpoint)
        self.moving: Final = Moving(self.endpoint, self.chats, events.entrance, events.protocols)
        self.trimming = Trimming(self.chats)
        self.expiries: tuple[Expiry, ...] = Forgetting(self.chats).expiries

    def share(self, news: News) -> None:
        """Count wrong guesses together with other nodes; once, before the server starts."""
        for guesses in self._guesses:
            guesses.share(news)

    async def start(self) -> None:
        """Read everything from the database; to be done before the first connection.

        Raises CannotSave if the database does not answer.
        """
        await self.chats.load()
        self.trimming.start()

    async def release_readers(self) -> None:
        """Nobody waits for an answer here."""

    async def aclose(self, grace_s: float = 2.0) -> None:
        """Finish what is under way and save positions; connections were closed before."""
        self.trimming.stop()
        await self.endpoint.aclose(grace_s)
        await self.chats.mailbox.flush()


def _guesses(kind: str, settings: ChatSettings) -> Guesses:
    return Guesses(
        kind,
        TooManyTries,
        rate_per_s=settings.wrong_tokens_per_minute_per_address / 60,
        burst=settings.wrong_tokens_burst,
    )
