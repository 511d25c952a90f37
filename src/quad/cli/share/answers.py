"""What the program says to what was typed."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple


class Answer(NamedTuple):
    """What a command says, whether it was the last one, and what has to be asked first."""

    text: str = ""
    is_last: bool = False
    question: "Question | None" = None


class Question(NamedTuple):
    """What is asked before something is done; no is the answer of who says nothing."""

    text: str
    agreed: Callable[[], Awaitable[Answer]]
