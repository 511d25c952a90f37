"""What all routes under `/API/admin` have in common."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from litestar import Router
from litestar.datastructures import ResponseHeader
from litestar.params import Parameter
from litestar.types import Guard

from quad.bodies import JsonRequest
from quad.http import EXPLAINED

PATH: Final = "/API/admin"

Offset = Annotated[int, Parameter(ge=0, description="How many to leave out at the beginning.")]
Limit = Annotated[int, Parameter(ge=1, le=500, description="How many to answer at most.")]


def make_router(handlers: Sequence[Any], guard: Guard, tag: str) -> Router:
    """These handlers, for whom the guard lets through; `tag` is their part of the description."""
    return Router(
        PATH,
        route_handlers=handlers,
        guards=[guard],
        exception_handlers=EXPLAINED,
        request_class=JsonRequest,
        response_headers=[ResponseHeader(name="Cache-Control", value="no-store")],
        tags=[tag],
    )
