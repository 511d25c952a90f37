"""What the engine's tests share."""

import ssl
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.patience import patience

# Building a TLS context takes longer than most tests; nobody here speaks TLS.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        timeout=patience(30.0),
        trust_env=False,
        verify=_NO_TLS,
        limits=httpx.Limits(max_connections=None),
    ) as client:
        yield client
