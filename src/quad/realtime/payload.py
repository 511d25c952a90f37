"""What every incoming payload is made of."""

import msgspec


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the typed payloads that handlers receive. Keys it does not name are ignored."""
