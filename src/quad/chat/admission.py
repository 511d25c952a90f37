"""Who may log in as which phone: tokens, and the codes that hand a phone over.

A phone belongs to original clients, who name it and are in, or to whoever has its token. It goes
from the first to the second only by a code of the administrator, and never back: nobody is locked
out by who comes first.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from quad import audit
from quad.chat import tables
from quad.chat.chats import Chats
from quad.chat.model import CURRENT, TOKEN_LENGTHS, PhoneNumber
from quad.chat.refusals import (
    BadValue,
    PhoneInUse,
    TokenRequired,
    TooManyTries,
    UnknownPhone,
    WrongToken,
)
from quad.chat.state import Code, User
from quad.identity import KeyedRateLimit, hash_token, new_token, token_matches
from quad.identity.guesses import Guesses
from quad.realtime import RawConnection
from quad.settings import ChatSettings
from quad.store import Change, Reader

CODE_LASTS: Final = timedelta(hours=24)
# Crockford's base 32: no letter looks like a digit. Three groups are 60 bits, which nobody guesses
# in a day at the few tries a second that an address gets.
_CODE_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_GROUPS: Final = 3
_CODE_GROUP: Final = 4
_CODE_LETTERS: Final = str.maketrans("OIL", "011", " -")
_SOMEBODY_ELSES: Final = (WrongToken, TokenRequired, PhoneInUse)


class Registration(NamedTuple):
    """What a connection says to be."""

    phone: PhoneNumber
    name: str
    protocol: int
    token: str | None


class Admitted(NamedTuple):
    """Who was let in, with the token if this was the moment to give one."""

    user: User
    token: str | None
    is_handed_over: bool = False
    """Whether it was a code that let them in, so that nobody else stays in."""


class HandOver(NamedTuple):
    """A code, which is told once."""

    code: str
    expires_at: datetime


class Admission:
    """Decides, and keeps who the phones belong to."""

    def __init__(self, chats: Chats, settings: ChatSettings, guesses: Guesses) -> None:
        self._chats = chats
        self._demand_tokens = settings.demand_tokens
        self._guesses = guesses
        self._wrong_tokens = KeyedRateLimit(
            settings.wrong_tokens_per_minute_per_address / 60, settings.wrong_tokens_burst
        )

    async def admit(self, connection: RawConnection, who: Registration) -> Admitted:
        """Let a connection in as a phone, known or new, and keep what it says of itself.

        Secrets are looked at first: whoever has one never waits for those who guess.

        Raises Refused.
        """
        if self._has_secret(connection, who):
            return await self._admit(connection, who)
        wrong = (*_SOMEBODY_ELSES, TooManyTries)
        try:
            async with self._guesses.turn(connection.address, connection, wrong=wrong):
                return await self._admit(connection, who)
        except wrong as refused:
            phone, address = who.phone.normal, connection.address
            audit.record("chat.register", address=address, result="failed", phone=phone)
            raise self._slowed(who, refused) from None

    async def make_code(self, phone: str) -> HandOver:
        """A code of one use with which a current client gets the phone, and a new token.

        Until it is used, nothing changes. A second one replaces the first. Raises UnknownPhone,
        CannotSave.
        """
        async with self._chats.turns.turn(("phone", phone)):
            user = self._chats.users.get(phone)
            if user is None:
                raise UnknownPhone(phone)
            groups = [_random_group() for _ in range(_CODE_GROUPS)]
            made = Code(hash_token("".join(groups)), self._chats.now() + CODE_LASTS)
            await self._chats.save(tables.keep_code(phone, made))
            user.code = made
        return HandOver("-".join(groups), made.expires_at)

    async def reset_token(self, user: User) -> str:
        """A new token for somebody who is in; the old one is worth nothing. Raises CannotSave."""
        given = new_token()
        async with self._chats.turns.turn(("phone", user.phone)):
            await self._chats.save(tables.claim_user(user.phone, hash_token(given)))
            user.token = hash_token(given)
            user.code = None
        return given

    # Secrets

    def _has_secret(self, connection: RawConnection, who: Registration) -> bool:
        user = self._chats.users.get(who.phone.normal)
        return user is not None and (
            self._is_in(connection, user) or _has_token(user, who) or self._has_code(user, who)
        )

    def _is_in(self, connection: RawConnection, user: User) -> bool:
        seat = self._chats.seats.get(connection)
        return seat is not None and seat.user is user and user.token is not None

    def _has_code(self, user: User, who: Registration) -> bool:
        if user.code is None or who.token is None or who.protocol != CURRENT:
            return False
        return user.code.expires_at > self._chats.now() and token_matches(
            who.token.upper().translate(_CODE_LETTERS), user.code.hashed
        )

    def _slowed(self, who: Registration, refused: Exception) -> Exception:
        """Who tries many tokens for one phone, from wherever, learns nothing more for a while."""
        if who.token is None:
            return refused
        wait_s = self._wrong_tokens.take(who.phone.normal)
        return TooManyTries(wait_s) if wait_s else refused

    # Letting in

    async def _admit(self, connection: RawConnection, who: Registration) -> Admitted:
        async with self._chats.turns.turn(("phone", who.phone.normal)):
            user = self._chats.users.get(who.phone.normal)
            if user is None:
                return await self._take_new(who)
            if self._has_code(user, who):
                admitted = Admitted(user, new_token(), is_handed_over=True)
            else:
                self._check(connection, user, who)
                admitted = Admitted(user, None)
            await self._keep(admitted, who)
            return admitted

    def _check(self, connection: RawConnection, user: User, who: Registration) -> None:
        if user.token is None:
            if who.protocol == CURRENT:
                raise PhoneInUse
            if self._demand_tokens:
                raise TokenRequired
        elif not self._is_in(connection, user) and not _has_token(user, who):
            raise TokenRequired if who.token is None else WrongToken

    async def _take_new(self, who: Registration) -> Admitted:
        given = self._first_token(who)
        hashed = None if given is None else hash_token(given)
        phone, shown = who.phone
        await self._chats.save(tables.insert_user(phone, shown, who.name, hashed))
        user = self._chats.users[phone] = User(phone, shown, who.name, None, hashed)
        user.reader = Reader(self._chats.server.position)
        return Admitted(user, given)

    def _first_token(self, who: Registration) -> str | None:
        """A client may bring a token of its own making, and then cannot lose it on the way."""
        if who.protocol != CURRENT:
            if self._demand_tokens:
                raise TokenRequired
            return None
        if who.token is None:
            return new_token()
        if len(who.token) not in TOKEN_LENGTHS:
            first, last = TOKEN_LENGTHS[0], TOKEN_LENGTHS[-1]
            raise BadValue("token", f"needs {first} to {last} characters if it is a new one")
        return who.token

    async def _keep(self, admitted: Admitted, who: Registration) -> None:
        user, hashed = admitted.user, None
        changes: list[Change] = []
        if admitted.token is not None:
            hashed = hash_token(admitted.token)
            changes.append(tables.claim_user(user.phone, hashed))
        if (who.name, who.phone.shown) != (user.name, user.shown_phone):
            changes.append(tables.rename_user(user.phone, who.phone.shown, who.name))
        if not changes:
            return
        await self._chats.save(*changes)
        user.rename(who.name, who.phone.shown)
        if hashed is not None:
            user.token, user.code = hashed, None


def _has_token(user: User, who: Registration) -> bool:
    return user.token is not None and who.token is not None and token_matches(who.token, user.token)


def _random_group(choose: Callable[[str], str] = secrets.choice) -> str:
    return "".join([choose(_CODE_ALPHABET) for _ in range(_CODE_GROUP)])
