"""The keys that a server signs with: all of them are made of one secret, which nobody stores twice.

The secret lies apart from the database, so that a copy of the database lets nobody in.
"""

import hashlib
import hmac
from typing import Final, Self

from quad.identity.tokens import new_token

SECRET_LENGTH: Final = 32
"""The fewest characters of a secret: as many as nobody tries out."""


class Keys:
    """Keys for one purpose each: whoever learns one of them learns nothing of the others."""

    def __init__(self, secret: str) -> None:
        """Raises ValueError for a secret that is too short."""
        if len(secret) < SECRET_LENGTH:
            raise ValueError(f"a key has at least {SECRET_LENGTH} characters")
        self._secret = secret.encode()

    @classmethod
    def random(cls) -> Self:
        """Keys that end with the process."""
        return cls(new_secret())

    def key(self, purpose: str) -> bytes:
        """The 32 bytes for this purpose; for the same secret always the same."""
        # One step of HKDF (RFC 5869, 2.3) is enough: the secret is as random as a key already.
        return hmac.digest(self._secret, f"quad/{purpose}\x01".encode(), hashlib.sha256)

    def __repr__(self) -> str:
        return "Keys(***)"


def new_secret() -> str:
    """A secret for `Keys`."""
    return new_token()
