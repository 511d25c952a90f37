"""Whoever an event comes from, as the server sees it that runs the handler."""

from abc import abstractmethod

from quad.realtime.delivery import Message
from quad.realtime.events.client import Client
from quad.realtime.events.namespace import Namespace


class Caller(Client):
    """A client whose events are handled here, wherever its connection is."""

    __slots__ = ()

    space: Namespace

    @property
    def namespace(self) -> str:
        """The namespace's name."""
        return self.space.name

    @abstractmethod
    def send(self, message: Message) -> None:
        """Queue a packet behind all that was emitted and published before."""

    @abstractmethod
    def end(self) -> None:
        """An event of this client has come to its end, and was answered."""
