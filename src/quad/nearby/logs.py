"""What people and bots did, for the administrator: no coordinates."""

from collections.abc import Callable
from datetime import datetime

from quad.nearby import tables
from quad.nearby.model import Entry
from quad.nearby.tables import Kind
from quad.store import Change, Mailbox, Store


class Logs:
    """One log for each person and each building."""

    def __init__(self, store: Store, mailbox: Mailbox, now: Callable[[], datetime]) -> None:
        self._store = store
        self._mailbox = mailbox
        self._now = now

    async def load(self) -> None:
        """Continue behind the last line, even if the clock was set back. Raises StoreError."""
        rows = await self._store.read(tables.select_last_ids())
        self._mailbox.skip_to(max((row[0] or 0 for row in rows), default=0))

    def line(self, kind: Kind, subject: str, message: str, bot_id: str | None = None) -> Change:
        """A line, to be written now, together with what it is about."""
        line_id = self._mailbox.next_id()
        return tables.insert_log(kind, subject, line_id, self._now(), message, bot_id)

    def add(self, kind: Kind, subject: str, message: str, bot_id: str | None = None) -> None:
        """Add a line soon."""
        self.save_soon(self.line(kind, subject, message, bot_id))

    async def last_ten(self, kind: Kind, subject: str) -> list[Entry]:
        """Newest first; none for a subject that nobody knows. Raises StoreError."""
        return tables.read_logs(await self._store.read(tables.select_last_logs(kind, subject)))

    def save_soon(self, *changes: Change, failed: Callable[[], object] = lambda: None) -> None:
        """Save what nobody waits for: it is in the order of all writes, and told if it fails."""
        self._store.save_soon(*changes, what="who was here, of nearby", failed=failed)
