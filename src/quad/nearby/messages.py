"""Messages: in the database before anyone is told, then fetched by each tab for itself."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec

from quad.nearby import tables
from quad.nearby.logs import Logs
from quad.nearby.model import check_message, shown_time
from quad.nearby.persons import People, Person, Tab
from quad.nearby.presence import Presence
from quad.nearby.refusals import BadInput
from quad.settings import NearbySettings
from quad.store import Change, Mailbox, Store
from quad.store.mailbox import id_at, put, trim

_PAGE: Final = 1000
_KEY_COUNTS: Final = timedelta(days=1)
# So many names are in a sender's log; the rest is a number.
_NAMED: Final = 10


class Told(msgspec.Struct):
    """A message as a tab fetches it: the JSON text of this."""

    timestamp: str
    id: str
    message: str


ToldText = Annotated[str, msgspec.Meta(extra={"json_of": Told})]
"""A message as it is kept and answered: JSON in a text."""


class Messages:
    """Sends messages, and hands out what a tab has not fetched yet."""

    def __init__(
        self,
        store: Store,
        mailbox: Mailbox,
        people: People,
        presence: Presence,
        logs: Logs,
        settings: NearbySettings,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._mailbox = mailbox
        self._people = people
        self._presence = presence
        self._logs = logs
        self._limit_bytes = settings.message_limit_bytes
        self._recipients_limit = settings.recipients_limit
        self._now = now

    async def send(self, sender: str, recipients: Iterable[str], text: str) -> None:
        """Send a message to people; twice the same one is once.

        Whoever is neither online nor expected back has no queue, and gets nothing. Raises
        BadInput, Unknown, StoreError.
        """
        check_message("message", text, self._limit_bytes)
        ids = list(dict.fromkeys(recipients))
        if not ids:
            raise BadInput("`users` names nobody")
        if len(ids) > self._recipients_limit:
            raise BadInput(f"`users` has more than {self._recipients_limit} names")
        people = [self._people.get(user_id) for user_id in ids]
        line = self._logs.line("user", sender, f"Sent to {_named(ids)}: {text}")
        await self._deliver(sender, people, text, line)

    async def send_to_building(self, bot_id: str, building_id: str, text: str) -> None:
        """Send a bot's message to all who are online in a building, or dropped there lately.

        Raises BadInput, StoreError.
        """
        check_message("message", text, self._limit_bytes)
        line = self._logs.line("building", building_id, text, bot_id)
        await self._deliver(bot_id, self._presence.expected_in(building_id), text, line)

    async def receive(self, person: Person, tab_name: str) -> list[ToldText]:
        """What this tab of a person has not fetched yet, as JSON texts, the oldest first.

        A tab that nobody knows has no queue. Raises StoreError.
        """
        tab = person.tab(tab_name)
        if tab is None:
            return []
        async with tab.receiving:
            texts = await self._read(tab, person.last_id)
        # Its grace may have ended meanwhile.
        if texts and person.tab(tab.id) is tab:
            self._logs.save_soon(tab.change(), self._settled(person))
        return texts

    async def _read(self, tab: Tab, upto: int) -> list[str]:
        person = tab.person
        texts: list[str] = []
        while tab.position < upto:
            entries = await self._mailbox.read([person.box], tab.position, None, upto, most=_PAGE)
            texts += [entry.content for entry in entries]
            tab.position = entries[-1].id if len(entries) == _PAGE else upto
        return texts

    async def forget(self, before: datetime) -> None:
        """Delete what is older and was not fetched. Raises StoreError."""
        upto = id_at(int(before.timestamp() * 1000))
        changes = [trim(person.box, upto) for person in self._presence.expected()]
        if changes:
            await self._store.write(*changes)

    def forget_keys(self) -> None:
        """Delete the keys that count no more."""
        self._logs.save_soon(tables.delete_message_keys(self._now() - _KEY_COUNTS))

    async def _deliver(
        self, sender: str, people: Iterable[Person], text: str, line: Change
    ) -> None:
        told = Told(shown_time(self._now()), sender, text)
        content = msgspec.json.encode(told).decode()
        entry_id = self._mailbox.next_id()
        expected = [person for person in people if person.is_expected]
        await self._store.write(line, *(put(each.box, entry_id, content) for each in expected))
        for person in expected:
            person.last_id = max(person.last_id, entry_id)
            for client in person.tabs:
                client.emit("new_message", [person.id])

    def _settled(self, person: Person) -> Change:
        """Delete what every tab has fetched."""
        tabs = (*person.tabs.values(), *person.dropped)
        return trim(person.box, min(tab.position for tab in tabs))


def _named(ids: list[str]) -> str:
    more = f" and {len(ids) - _NAMED} others" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more
