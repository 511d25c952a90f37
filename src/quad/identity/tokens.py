"""Secret tokens: made at random, handed out once, kept only as a hash."""

import hashlib
import hmac
import secrets

TOKEN_BYTES = 32


def new_token() -> str:
    """Return a fresh secret of 256 bits, as 43 characters that are safe in URLs and JSON."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> str:
    """Return what is stored in the token's place: its SHA-256, 64 hexadecimal digits.

    A slow, salted hash would add nothing: a token is no password, 256 random bits cannot be guessed
    from their hash however fast it is.
    """
    # What a client sends as a token may be any JSON string, half a surrogate pair included.
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def token_matches(token: str, hashed: str) -> bool:
    """Tell whether ``hashed`` was stored for ``token``, in a time that does not depend on where
    they differ.
    """
    return hmac.compare_digest(hash_token(token).encode(), hashed.encode())
