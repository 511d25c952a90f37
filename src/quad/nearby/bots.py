"""Bots: programs that put notices to everyone in a building, once the administrator allows it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, bindparam, insert, select, update

from quad import audit
from quad.identity import AddressRateLimit
from quad.identity.gate import Gate
from quad.identity.passwords import hash_password, new_password
from quad.nearby import tables
from quad.nearby.bot_proofs import BotProofs
from quad.nearby.buildings import Buildings
from quad.nearby.messages import Messages
from quad.nearby.model import check_id
from quad.nearby.running import Running
from quad.nearby.tables import bots
from quad.refusals import BadInput, NotAllowed, TooManyTries, Unknown
from quad.store import Change, Conflict, Store

LOGIN: Final = "nearby.bot_login"

_INSERT: Final = insert(bots)
_AUTHORISE: Final = (
    update(bots)
    .where(bots.c.id == bindparam("of_bot"))
    .values(is_authorised=bindparam("new_state"))
)


class Caller(Struct, frozen=True):
    """Who asks as a bot.

    `is_certain`: rights may rest on the address. Not behind a proxy that nobody has announced, nor
    for what a page of another site has made a browser send.
    """

    address: str
    is_certain: bool = True


class Bot(Struct):
    """A bot as it is now."""

    id: str
    building_id: str
    pass_hash: str
    is_authorised: bool = False
    # As far as is known: since the start, or among the last lines of its building's log.
    last_sent_at: datetime | None = None


class Availability(Struct, omit_defaults=True):
    """What `bot/check` answers; `new` and `auth` are there only if they say something."""

    available: int
    state: str
    new: int = -1
    auth: int = -1


class Bots:
    """All bots. They are few: each is in memory, and in the database first.

    `gate` has the passwords, `proofs` those who have shown one lately; `registrations` holds back
    addresses that register too many.
    """

    def __init__(
        self,
        store: Store,
        buildings: Buildings,
        messages: Messages,
        gate: Gate,
        proofs: BotProofs,
        registrations: AddressRateLimit | None,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._buildings = buildings
        self._messages = messages
        self._gate = gate
        self._proofs = proofs
        self._registrations = registrations
        self._now = now
        self._bots: dict[str, Bot] = {}
        self.running: Final = Running()
        """The connections of bots that are open."""

    async def open(self) -> None:
        """Read all bots. Raises StoreError."""
        self._bots = {
            row.id: Bot(row.id, row.building_id, row.pass_hash, row.is_authorised)
            for row in await self._store.read(_select())
        }
        await self._proofs.open()
        for building_id in {bot.building_id for bot in self._bots.values()}:
            await self._read_log(building_id)

    async def _read_log(self, building_id: str) -> None:
        rows = await self._store.read(tables.select_last_logs("building", building_id))
        for line in reversed(tables.read_logs(rows)):
            bot = self._bots.get(line.bot_id or "")
            if bot is not None:
                bot.last_sent_at = line.at

    def check(self, bot_id: str) -> Availability:
        """Whether this bot could be run now."""
        bot = self._bots.get(bot_id)
        if bot is None:
            return Availability(available=0, state="Bot does not exist.", new=1)
        if not bot.is_authorised:
            return Availability(available=0, state="Bot has not been authorized yet.", auth=0)
        if bot_id in self.running:
            return Availability(available=0, state="Bot currently running.")
        return Availability(available=1, state="Bot available.")

    async def register(self, address: str, bot_id: str, building_id: str) -> str:
        """Make a bot of a building known; returns its password, which nobody can read again.

        Raises BadInput, Unknown, TooManyTries, StoreError.
        """
        check_id("id", bot_id)
        self._buildings.get(building_id)
        if bot_id in self._bots:
            raise BadInput(f"there is a bot {bot_id!r} already")
        self._count_registration(address)
        password = new_password()
        bot = Bot(bot_id, building_id, await hash_password(password))
        values = {
            "id": bot.id,
            "building_id": bot.building_id,
            "pass_hash": bot.pass_hash,
            "is_authorised": False,
        }
        try:
            await self._store.write(Change(_INSERT, values))
        except Conflict:
            raise BadInput(f"there is a bot {bot_id!r} already") from None
        self._bots[bot_id] = bot
        audit.record("nearby.bot_register", address=address, name=bot_id, building=building_id)
        return password

    def _count_registration(self, address: str) -> None:
        wait_s = 0.0 if self._registrations is None else self._registrations.take(address)
        if wait_s:
            audit.record("nearby.bot_register", address=address, result="refused", limit="rate")
            raise TooManyTries(wait_s)

    async def authenticate(self, caller: Caller, bot_id: str, password: str) -> bool:
        """Whether this is the bot's password. If so, the address may send as this bot for a day.

        Raises TooManyTries, StoreError.
        """
        if not await self._knows(caller.address, bot_id, password):
            return False
        if caller.is_certain:
            await self._proofs.add(caller.address, bot_id)
        return True

    async def _knows(self, address: str, bot_id: str, password: str) -> bool:
        bot = self._bots.get(bot_id)
        if bot is None:
            # The bot's existence is no secret, but guessing names is no use either.
            self._gate.note_wrong(address, _name(bot_id), action=LOGIN)
            return False
        return await self._gate.admits(
            address, _name(bot_id), password, bot.pass_hash, action=LOGIN
        )

    async def send(
        self, caller: Caller, bot_id: str, text: str, password: str | None
    ) -> Availability:
        """Tell everyone in the bot's building, if the bot may; returns what `check` does.

        Without a password, the address must have shown it lately. Raises NotAllowed, BadInput,
        TooManyTries, StoreError.
        """
        bot = self._bots.get(bot_id)
        if bot is None:
            return self.check(bot_id)
        if password is None:
            if not self.is_authenticated(caller, bot_id):
                raise NotAllowed("the bot's password is needed")
        elif not await self._knows(caller.address, bot_id, password):
            raise NotAllowed("the bot's password is wrong")
        if bot.is_authorised:
            await self._messages.send_to_building(bot_id, bot.building_id, text)
            bot.last_sent_at = self._now()
        return self.check(bot_id)

    async def authorise(self, bot_id: str, *, is_authorised: bool) -> None:
        """Allow a bot to send, or forbid it. Raises Unknown, StoreError."""
        bot = self._bots.get(bot_id)
        if bot is None:
            raise Unknown("bot", bot_id)
        changes = [Change(_AUTHORISE, {"of_bot": bot_id, "new_state": is_authorised})]
        if not is_authorised:
            changes.append(self._proofs.ending(bot_id))
        await self._store.write(*changes)
        bot.is_authorised = is_authorised
        if not is_authorised:
            self._proofs.end(bot_id)

    def ids(self, *, is_authorised: bool) -> "list[str]":
        """All that are authorised, or all that are not, by id."""
        return sorted(bot.id for bot in self._bots.values() if bot.is_authorised == is_authorised)

    def list(self) -> "list[Bot]":
        """All of them, by id."""
        return sorted(self._bots.values(), key=lambda bot: bot.id)

    def is_authenticated(self, caller: Caller, bot_id: str) -> bool:
        """Whether the bot's password was shown from this address within the last day."""
        return (
            caller.is_certain and bot_id in self._bots and self._proofs.use(caller.address, bot_id)
        )


def _name(bot_id: str) -> tuple[str, str]:
    return ("bot", bot_id)


def _select() -> Select[Any]:
    return select(bots)
