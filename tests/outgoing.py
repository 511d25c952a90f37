"""Holds what a server says against the structs that declare it."""

from typing import Any

import msgspec


def check_outgoing(payload: object, declared: Any) -> None:
    """The payload has the declared type: no key that is not declared, none that is missing."""
    # A key that is unknown is lost on this way, and one that is missing is filled in.
    assert msgspec.to_builtins(msgspec.convert(payload, declared)) == payload
