"""What original clients of nearby send: objects, or lists of them, and numbers as text."""

import re
from typing import Final, TypeVar

from quad.refusals import BadInput

T = TypeVar("T")

Number = float | str
"""Original clients send the text of their input fields, with blanks around it or without."""

_NUMBER: Final = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
_EACH_LIMIT: Final = 100


def one(data: T | list[T]) -> T:
    """The body itself, or the only one in a list: original clients send either.

    Raises BadInput.
    """
    if not isinstance(data, list):
        return data
    if len(data) != 1:
        raise BadInput("the list must hold one object")
    return data[0]


def each(data: T | list[T]) -> list[T]:
    """The body itself, or those in a list: the original describes several of them.

    Raises BadInput.
    """
    if not isinstance(data, list):
        return [data]
    if not data:
        raise BadInput("the list is empty")
    if len(data) > _EACH_LIMIT:
        raise BadInput(f"the list holds more than {_EACH_LIMIT} objects")
    return data


def number(key: str, value: Number) -> float:
    """A number, which may be the text of an input field. Raises BadInput."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not _NUMBER.fullmatch(text):
        raise BadInput(f"`{key}` is not a number")
    return float(text)
