"""Who someone is, and how much they may take: sign-in, sessions, secrets, rate limits.

Here is what everybody needs; `system.py` has all of it put together.
"""

from quad.identity.keys import Keys
from quad.identity.limits import AddressRateLimit, KeyedRateLimit
from quad.identity.tokens import hash_token, new_token, token_matches

__all__ = [
    "AddressRateLimit",
    "KeyedRateLimit",
    "Keys",
    "hash_token",
    "new_token",
    "token_matches",
]
