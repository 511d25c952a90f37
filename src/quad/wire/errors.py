"""What a peer can get wrong.

    WireError
    ├── PacketError      one packet cannot be decoded
    └── PayloadError     a body that should hold packets cannot be taken apart

Both end the session: after them nothing that follows can be trusted to mean what it says.
`NestedTooDeeply` is not the peer's: a value that cannot be written.
"""


class WireError(ValueError):
    """The bytes or text of a peer do not follow the protocol."""


class PacketError(WireError):
    """One packet cannot be decoded."""


class PayloadError(WireError):
    """A long-polling body is not a sequence of packets."""


class NestedTooDeeply(ValueError):
    """A value is nested more deeply than can be encoded: about as deep as can be decoded."""
