"""What bots ask for over HTTP, under `/API/bot`."""

from litestar import Router, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct, field

from quad.http import AnyRequest, basic_of, rest_router
from quad.nearby.bodies import one
from quad.nearby.bots import Availability, Bots, Caller
from quad.nearby.buildings import Buildings
from quad.realtime import request_of
from quad.refusals import NotAllowed


class Shown(Struct):
    """A building, as far as everyone may know it."""

    id: str
    name: str


class Registration(Struct):
    """`register`: a bot, and the building that it is for."""

    id: str
    b_id: str


class Password(Struct):
    """The answer to `register`, shown this once."""

    password: str = field(name="pass")


class Proof(Struct):
    """`auth`."""

    id: str
    password: str = field(name="pass")


class Authenticity(Struct):
    """The answer to `auth`: 1 if the password is right."""

    auth: int


class Notice(Struct):
    """`message`. The password may be here, in HTTP Basic, or have been shown before by `auth`."""

    id: str
    message: str
    password: str | None = field(name="pass", default=None)


def make_bot_router(bots: Bots, buildings: Buildings) -> Router:
    """The routes; they need nobody's session."""

    @get("/check/{bot_id:str}", sync_to_thread=False)
    def check(bot_id: FromPath[str]) -> Availability:
        """Whether a bot could be run now."""
        return bots.check(bot_id)

    @get("/show/buildings", sync_to_thread=False)
    def show_buildings() -> list[Shown]:
        """The buildings that a bot may be for."""
        return [Shown(building.id, building.name) for building in buildings.list()]

    @post("/register", status_code=200)
    async def register(
        data: JSONBody[Registration | list[Registration]], request: AnyRequest
    ) -> Password:
        """Make a bot known. It may send when the administrator has authorised it."""
        asked = one(data)
        address = request_of(request.scope).address
        return Password(await bots.register(address, asked.id, asked.b_id))

    @post("/auth", status_code=200)
    async def authenticate(
        data: JSONBody[Proof | list[Proof]], request: AnyRequest
    ) -> Authenticity:
        """Show a bot's password; then this address may send as the bot for a day."""
        asked = one(data)
        is_right = await bots.authenticate(_caller(request), asked.id, asked.password)
        return Authenticity(int(is_right))

    @post("/message", status_code=200)
    async def send(data: JSONBody[Notice | list[Notice]], request: AnyRequest) -> Availability:
        """Tell everyone in the bot's building, if the bot is authorised."""
        asked = one(data)
        password = asked.password
        basic = basic_of(request_of(request.scope).headers)
        if password is None and basic is not None:
            name, password = basic
            if name != asked.id:
                raise NotAllowed("the credentials are of another bot")
        return await bots.send(_caller(request), asked.id, asked.message, password)

    handlers = [check, show_buildings, register, authenticate, send]
    return rest_router("/API/bot", handlers, "nearby: bots")


def _caller(request: AnyRequest) -> Caller:
    visit = request_of(request.scope)
    is_certain = visit.has_certain_address and not visit.is_of_another_page
    return Caller(visit.address, is_certain)
