"""What is under a client."""

from quad.realtime import Client
from quad.realtime.events.local import LocalClient
from quad.realtime.sessions.session import Session


def session_of(client: Client) -> Session:
    """The Engine.IO session of a client that is connected to this process."""
    assert isinstance(client, LocalClient)
    return client.session
