"""Passwords: kept as Argon2id hashes, made and checked beside the event loop."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

PASSWORD_BYTES: Final = 12
"""96 bits in 16 characters: nobody guesses it, and it can still be typed."""

LIMIT: Final = 256
"""Longest password that is looked at: whoever sends more only wants to cost time."""

# RFC 9106, 4: Argon2id with 64 MiB, three passes.
_HASHER: Final = PasswordHasher()
# Each takes 64 MiB for as long as it runs: those beyond two at a time wait.
_WORKERS: Final = ThreadPoolExecutor(2, thread_name_prefix="passwords")

T = TypeVar("T")


def new_password() -> str:
    """Return a fresh random password, safe in URLs and JSON."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


async def hash_password(password: str) -> str:
    """Return what is stored in the password's place: an Argon2id hash with its own salt."""
    return await _beside_the_loop(lambda: _HASHER.hash(_bytes(password)))


async def password_matches(password: str, hashed: str) -> bool:
    """Tell whether ``hashed`` was stored for ``password``. What is no hash matches nothing."""
    if len(password) > LIMIT:
        return False
    return await _beside_the_loop(lambda: _verify(password, hashed))


def _verify(password: str, hashed: str) -> bool:
    try:
        return _HASHER.verify(hashed, _bytes(password))
    except (Argon2Error, InvalidHashError, UnicodeError):
        return False


def _bytes(password: str) -> bytes:
    # Any JSON string may come as a password, half a surrogate pair included.
    return password.encode(errors="surrogatepass")


async def _beside_the_loop(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, work)
