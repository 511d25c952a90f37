"""The life of an Engine.IO session, as a picture and as a table.

    POLLING ──websocket with the sid──▶ PROBING ──2probe──▶ PROBED ──5──▶ WEBSOCKET
       ▲                                  │                    │              ▲
       └───────── timeout, websocket gone ┴────────────────────┘       direct handshake

From each of them to CLOSED; from all but WEBSOCKET also to CLOSING, where the last packets wait for
the client to fetch them.
"""

import enum
from typing import Final


class State(enum.Enum):
    """Where a session is in its life."""

    POLLING = "polling"
    PROBING = "probing"
    PROBED = "probed"
    WEBSOCKET = "websocket"
    CLOSING = "closing"
    CLOSED = "closed"


_MOVES: Final = {
    State.POLLING: {State.PROBING, State.CLOSING, State.CLOSED},
    State.PROBING: {State.PROBED, State.POLLING, State.CLOSING, State.CLOSED},
    State.PROBED: {State.WEBSOCKET, State.POLLING, State.CLOSING, State.CLOSED},
    State.WEBSOCKET: {State.CLOSED},
    State.CLOSING: {State.CLOSED},
    State.CLOSED: set[State](),
}


def moved(before: State, after: State) -> State:
    """The state after a move; one that the picture does not show is a bug."""
    if after not in _MOVES[before]:
        raise AssertionError(f"a session cannot go from {before} to {after}")
    return after
