"""Identity, put together: what the systems ask when they have to know who somebody is."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from quad.identity.gate import Gate
from quad.identity.login import choose_login
from quad.identity.news import News
from quad.identity.sessions import Sessions
from quad.identity.sign_in import SignIn
from quad.refusals import TooManyTries
from quad.settings import IdentitySettings, ServerSettings
from quad.store import Store


def _now() -> datetime:
    return datetime.now(UTC)


class Identity:
    """The sessions of this server's people, the way to one, and one count of wrong secrets.

    `is_limited` holds back addresses that try too many wrong tokens and passwords.
    """

    def __init__(
        self,
        store: Store,
        settings: IdentitySettings,
        server: ServerSettings,
        *,
        is_limited: bool = True,
        now: Callable[[], datetime] = _now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises BadSettings if the login provider that the settings choose is not configured."""
        self.gate: Final = Gate(
            TooManyTries,
            rate_per_s=settings.wrong_tries_per_minute_per_address / 60,
            burst=settings.wrong_tries_burst,
            is_limited=is_limited,
            clock=clock,
        )
        self.sessions: Final = Sessions(store, settings.session_days, now=now, clock=clock)
        self.sign_in: Final = SignIn(choose_login(settings, server), self.sessions)

    def share(self, news: News) -> None:
        """Count and forget together with other nodes; once, before the server starts."""
        self.gate.share(news)
        self.sessions.share(news)

    async def aclose(self) -> None:
        """Close the connections to the login provider."""
        await self.sign_in.aclose()
