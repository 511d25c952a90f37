"""What applications see of connections and servers has no levers of the engine."""

import pytest

from quad.realtime import Client, RawConnection, RawServer, SocketServer
from quad.realtime.delivery import Outbox
from quad.realtime.dispatch import Dispatch
from quad.realtime.events.local import LocalClient
from quad.realtime.raw.local import LocalConnection
from quad.realtime.sessions.websocket import Receiver
from quad.realtime.turns import Turns


def names(*kinds: type) -> set[str]:
    """What others may call or set, as far as classes tell."""
    return {name for kind in kinds for name in dir(kind) if not name.startswith("_")}


@pytest.mark.parametrize("face", [Client, RawConnection])
def test_only_the_engine_moves_the_turns_and_the_outbox_of_a_connection(face: type) -> None:
    assert not names(face) & names(Turns, Outbox, Receiver)


@pytest.mark.parametrize("face", [SocketServer, RawServer])
def test_only_the_engine_has_handlers_called(face: type) -> None:
    assert names(face) & names(Dispatch) == {"aclose"}


def test_what_is_behind_the_faces_has_more() -> None:
    assert names(LocalClient) > names(Client, Turns)
    assert names(LocalConnection) > names(RawConnection, Turns)
