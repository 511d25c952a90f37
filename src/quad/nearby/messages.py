"""Messages: in the database before anyone is told, then fetched by each tab for itself."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from quad.client_keys import LIFETIME, LIMIT_BYTES, is_too_long
from quad.identity import hash_token
from quad.identity.guesses import Guesses
from quad.nearby import tables
from quad.nearby.logs import Logs
from quad.nearby.model import check_message, shown_time
from quad.nearby.people import People, Person, Tab
from quad.nearby.presence import Presence
from quad.nearby.refusals import NobodyKnown
from quad.realtime import SocketServer
from quad.refusals import BadInput
from quad.settings import NearbySettings
from quad.store import Change, Conflict, Mailbox, Store, StoreError
from quad.store.mailbox import id_before, put, trim

_PAGE: Final = 1000
# So many names are in a sender's log; the rest is a number.
_NAMED: Final = 10


Audience = Literal["you", "people", "range", "building", "notice"]
"""Whom a message went to: one person, some who were chosen, all in the sender's range or building;
a notice is a bot's, to all in its building."""

Claim = Literal["range", "building"]
"""By which list a sender chose people; only the sender knows."""


class Addressed(msgspec.Struct):
    """Whom a message went to, and how many they were."""

    audience: Audience
    people: int


class Told(msgspec.Struct, omit_defaults=True):
    """A message as a tab fetches it: the JSON text of this.

    `to` is told to those who ask for it: original pages expect the other three.
    """

    timestamp: str
    id: str
    message: str
    to: Addressed | None = None


class _ToldAsEver(msgspec.Struct):
    """A message as the original tells it."""

    timestamp: str
    id: str
    message: str


ToldText = Annotated[str, msgspec.Meta(extra={"json_of": Told})]
"""A message as it is kept and answered: JSON in a text."""


class Letter(NamedTuple):
    """A message to be sent; the same `key` of a sender within a day is the same message."""

    sender: Person
    users: list[str]
    text: str
    key: str | None = None
    claim: Claim | None = None


class _Sorted(NamedTuple):
    """A letter, and who gets it; `unknown` are the ids that nobody has."""

    letter: Letter
    people: list[Person]
    unknown: list[str]
    key_hash: str | None


class _Delivery(NamedTuple):
    """A message on its way; `changes` are saved with it."""

    sender: str
    people: list[Person]
    text: str
    to: Addressed
    changes: list[Change]


class _SomeUnknown(Exception):
    """Somebody wrote to an id that nobody has: a guess."""


class Messages:
    """Sends messages, and hands out what a tab has not fetched yet."""

    def __init__(
        self,
        server: SocketServer,
        store: Store,
        mailbox: Mailbox,
        people: People,
        presence: Presence,
        logs: Logs,
        settings: NearbySettings,
        now: Callable[[], datetime],
        guesses: Guesses | None = None,
    ) -> None:
        """`guesses` holds back whoever tries which ids there are."""
        self._server = server
        self._store = store
        self._mailbox = mailbox
        self._people = people
        self._presence = presence
        self._logs = logs
        self._limit_bytes = settings.message_limit_bytes
        self._recipients_limit = settings.recipients_limit
        self._now = now
        self._guesses = guesses

    async def send(self, address: str, *letters: Letter) -> list[str]:
        """Send messages to people: all of them, or none; nobody gets one twice.

        Returns for each which of its ids nobody has, in the words of the contract. Whoever is
        neither online nor expected back has no queue, and gets nothing. Raises BadInput, Unknown,
        TooManyTries, StoreError.
        """
        for letter in letters:
            self._check(letter)
        addressed = [await self._address(address, letter) for letter in letters]
        for each in addressed:
            if not each.people:
                raise NobodyKnown(each.unknown)
        await self._send_new(addressed)
        return [f"Unknown: {', '.join(each.unknown)}" if each.unknown else "" for each in addressed]

    def _check(self, letter: Letter) -> None:
        check_message("message", letter.text, self._limit_bytes)
        if not letter.users:
            raise BadInput("`users` names nobody")
        if len(set(letter.users)) > self._recipients_limit:
            raise BadInput(f"`users` has more than {self._recipients_limit} names")
        if letter.key is not None and is_too_long(letter.key):
            raise BadInput(f"`key` has more than {LIMIT_BYTES} bytes")

    async def _address(self, address: str, letter: Letter) -> _Sorted:
        """Who gets it. Raises TooManyTries."""
        ids = list(dict.fromkeys(letter.users))
        unknown: list[str] = []
        async with self._turn(address, letter.sender):
            unknown = [user_id for user_id in ids if self._people.find(user_id) is None]
            if unknown:
                raise _SomeUnknown
        for _ in unknown[1:]:  # the first is counted already
            async with self._turn(address, letter.sender):
                raise _SomeUnknown
        people = [person for person in map(self._people.find, ids) if person is not None]
        key_hash = None if letter.key is None else hash_token(letter.key)
        return _Sorted(letter, people, unknown, key_hash)

    @asynccontextmanager
    async def _turn(self, address: str, sender: Person) -> AsyncIterator[None]:
        """A try, which may have been a wrong one. Raises TooManyTries."""
        with contextlib.suppress(_SomeUnknown):
            if self._guesses is None:
                yield
                return
            async with self._guesses.turn(address, sender.id, wrong=_SomeUnknown):
                yield

    async def _send_new(self, addressed: list[_Sorted]) -> None:
        """Send those that were not sent before. Raises StoreError."""
        try:
            await self._deliver(*map(self._delivery, await self._news(addressed)))
        except Conflict:
            # The same key came twice at once; now it can be seen that the other was first.
            await self._deliver(*map(self._delivery, await self._news(addressed)))

    async def _news(self, addressed: list[_Sorted]) -> list[_Sorted]:
        seen: set[tuple[str, str]] = set()
        news = []
        for each in addressed:
            if each.key_hash is not None:
                key = each.letter.sender.id, each.key_hash
                after = self._now() - LIFETIME
                if key in seen or await self._store.read(tables.select_message_key(*key, after)):
                    continue
                seen.add(key)
            news.append(each)
        return news

    def _delivery(self, addressed: _Sorted) -> _Delivery:
        letter, people, _, key_hash = addressed
        sender = letter.sender.id
        named = _named([person.id for person in people])
        changes = [self._logs.line("user", sender, f"Sent to {named}: {letter.text}")]
        if key_hash is not None:
            now = self._now()
            changes += (
                tables.delete_message_key(sender, key_hash, now - LIFETIME),
                tables.insert_message_key(sender, key_hash, now),
            )
        return _Delivery(sender, people, letter.text, _addressed(letter, people), changes)

    async def send_to_building(self, bot_id: str, building_id: str, text: str) -> None:
        """Send a bot's message to all who are online in a building, or dropped there lately.

        Raises BadInput, StoreError.
        """
        check_message("message", text, self._limit_bytes)
        line = self._logs.line("building", building_id, text, bot_id)
        people = self._presence.expected_in(building_id)
        to = Addressed("notice", len(people))
        await self._deliver(_Delivery(bot_id, people, text, to, [line]))

    async def receive(self, *tabs: tuple[Person, str]) -> list[list[ToldText]]:
        """What each of these tabs has not fetched yet, as JSON texts, the oldest first.

        A tab that nobody knows has no queue. All are read, or none. Raises StoreError.
        """
        before: list[tuple[Tab, int]] = []
        answers: list[list[ToldText]] = []
        try:
            for person, name in tabs:
                tab = person.tab(name)
                if tab is None:
                    answers.append([])
                    continue
                async with tab.receiving:
                    before.append((tab, tab.position))
                    answers.append(await self._read(tab, person.last_id))
        except StoreError:
            # Told again rather than never.
            for tab, position in before:
                tab.position = min(tab.position, position)
            raise
        for tab, position in before:
            # Its grace may have ended meanwhile.
            if tab.position > position and tab.person.tab(tab.id) is tab:
                self._presence.save(tab, self._settled(tab.person))
        return answers

    async def _read(self, tab: Tab, upto: int) -> list[str]:
        person = tab.person
        texts: list[str] = []
        position = tab.position
        while position < upto:
            entries = await self._mailbox.read([person.box], position, None, upto, most=_PAGE)
            texts += [entry.content for entry in entries]
            position = entries[-1].id if len(entries) == _PAGE else upto
        tab.position = position
        return texts

    async def forget(self, before: datetime) -> None:
        """Delete what is older and was not fetched. Raises StoreError."""
        upto = id_before(before)
        changes = [trim(person.box, upto) for person in self._presence.expected()]
        if changes:
            await self._store.write(*changes)

    def forget_keys(self) -> None:
        """Delete the keys that count no more."""
        self._logs.save_soon(tables.delete_message_keys(self._now() - LIFETIME))

    async def _deliver(self, *deliveries: _Delivery) -> None:
        """Keep them all, then tell. Raises StoreError, and Conflict for keys that are there."""
        changes: list[Change] = []
        told: list[tuple[Person, int]] = []
        for sender, people, text, to, own in deliveries:
            told_text = Told(shown_time(self._now()), sender, text, to)
            content = msgspec.json.encode(told_text).decode()
            entry_id = self._mailbox.next_id()
            expected = [person for person in people if person.is_expected]
            changes += own
            changes += (put(person.box, entry_id, content) for person in expected)
            told += ((person, entry_id) for person in expected)
        if changes:
            # Without its tab, nobody would expect the reader of a message after a restart.
            self._presence.save_unsaved()
            await self._store.write(*changes)
        for person, entry_id in told:
            person.last_id = max(person.last_id, entry_id)
            for tab in person.tabs:
                self._server.publish(tab.topic, "new_message", [person.id])

    def _settled(self, person: Person) -> Change:
        """Delete what every tab has fetched."""
        tabs = (*person.tabs, *person.dropped)
        return trim(person.box, min(tab.position for tab in tabs))


def as_ever(text: ToldText) -> ToldText:
    """A message without whom it went to, as the original tells it."""
    return msgspec.json.encode(msgspec.json.decode(text, type=_ToldAsEver)).decode()


def _addressed(letter: Letter, people: list[Person]) -> Addressed:
    # By the people themselves, and not by the claim: one alone may be all who are in range.
    chosen: Audience = "you" if len(people) == 1 else "people"
    return Addressed(letter.claim or chosen, len(people))


def _named(ids: list[str]) -> str:
    more = f" and {len(ids) - _NAMED} others" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more
