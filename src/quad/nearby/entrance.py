"""Who somebody is: the person that holds a token."""

from typing import Final

from quad.identity import hash_token
from quad.identity.gate import Gate
from quad.identity.sessions import Sessions
from quad.nearby.model import ID_LIMIT
from quad.nearby.people import People, Person
from quad.nearby.presence import Presence
from quad.nearby.refusals import WrongToken
from quad.realtime import Client
from quad.refusals import CannotSave
from quad.store import StoreError

_KEY_LIMIT: Final = ID_LIMIT


class Entrance:
    """Lets in who holds a token. Wrong ones are limited, right ones always pass."""

    def __init__(self, sessions: Sessions, people: People, presence: Presence, gate: Gate) -> None:
        self._sessions = sessions
        self._people = people
        self._presence = presence
        self._gate = gate

    async def person(self, address: str, user_id: str, token: str) -> Person:
        """The person of this id, who holds this token.

        Raises WrongToken, TooManyTries, StoreError.
        """
        owner = await self._sessions.user_of(token) if token else None
        if owner is None or owner != user_id:
            self._gate.note_wrong(address, user_id[:_KEY_LIMIT], action="nearby.token")
            raise WrongToken
        person = await self._people.ensure(owner)
        self._presence.used(person)
        return person

    async def enter(self, client: Client, user_id: str, token: str) -> None:
        """A connection says whose it is. Raises WrongToken, TooManyTries, CannotSave."""
        try:
            person = await self.person(client.address, user_id, token)
        except StoreError as error:
            raise CannotSave(error) from error
        if client.is_open:  # else it has left while we asked
            self._presence.enter(client, person, hash_token(token))
