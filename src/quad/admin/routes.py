"""What all routes under `/API/admin` have in common."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from litestar import Router
from litestar.params import Parameter
from litestar.types import Guard

from quad.http import rest_router

PATH: Final = "/API/admin"

Offset = Annotated[int, Parameter(ge=0, description="How many to leave out at the beginning.")]
Limit = Annotated[int, Parameter(ge=1, le=500, description="How many to answer at most.")]


def make_router(handlers: Sequence[Any], guard: Guard, tag: str) -> Router:
    """These handlers, for whom the guard lets through; `tag` is their part of the description."""
    return rest_router(PATH, handlers, tag, [guard])
