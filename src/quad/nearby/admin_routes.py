"""What the administrator asks for over HTTP, under `/API/admin`."""

from typing import Any

from litestar import Router, get, post
from litestar.datastructures import ResponseHeader
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from quad.nearby.admin import Administrator
from quad.nearby.bot_routes import Shown
from quad.nearby.bots import Bots
from quad.nearby.http import EXPLAINED, AnyConnection, CrossSite, is_cross_site, one, visit_of
from quad.nearby.model import (
    Building,
    check_id,
    check_name,
    check_position,
    check_radius,
    shown_time,
)
from quad.nearby.refusals import BadInput
from quad.nearby.service import Buildings, Logs, People, Presence
from quad.nearby.tables import Kind
from quad.realtime.request import Network


class Plan(Struct):
    """`buildings/add`; `radious` in metres, as the original spells it."""

    id: str | int
    name: str
    latitude: float
    longitude: float
    radious: float


class Authorisation(Struct):
    """`bots/update/auth`."""

    id: str
    state: bool


class Someone(Struct):
    """A person or a bot."""

    id: str


class UserLine(Struct):
    """A line of a person's log; the time is UTC."""

    timestamp: str
    message: str


class BuildingLine(Struct):
    """A line of a building's log."""

    timestamp: str
    bot_id: str | None
    message: str


class Campus(Struct, frozen=True):
    """What the administrator looks after."""

    buildings: Buildings
    people: People
    presence: Presence
    logs: Logs
    bots: Bots


def make_admin_router(
    campus: Campus,
    administrator: Administrator,
    *,
    range_limit_m: float,
    trusted_proxies: tuple[Network, ...] = (),
) -> Router:
    """The routes; each asks for the administrator's credentials before anything else."""

    async def guard(connection: AnyConnection, _: BaseRouteHandler) -> None:
        visit = visit_of(connection, trusted_proxies)
        # A browser that knows the password adds it to whatever any page makes it send.
        if is_cross_site(visit):
            raise CrossSite
        await administrator.check(visit)

    return Router(
        "/API/admin",
        route_handlers=[*_buildings(campus, range_limit_m), *_people(campus), *_bots(campus)],
        guards=[guard],
        exception_handlers=EXPLAINED,
        response_headers=[ResponseHeader(name="Cache-Control", value="no-store")],
        tags=["nearby: administrator"],
    )


def _buildings(campus: Campus, range_limit_m: float) -> list[Any]:
    @post("/buildings/add", status_code=200)
    async def add_building(data: JSONBody[Plan | list[Plan]]) -> list[str]:
        """Add a building, or change the one that has this id."""
        plan = one(data)
        building = Building(
            check_id("id", str(plan.id)),
            check_name("name", plan.name),
            check_position(plan.latitude, plan.longitude),
            check_radius("radious", plan.radious, range_limit_m),
        )
        await campus.buildings.put(building)
        return []

    @get("/buildings/show", sync_to_thread=False)
    def show_buildings() -> list[Shown]:
        """All buildings."""
        return [Shown(building.id, building.name) for building in campus.buildings.list()]

    @get("/logs/show/building/{building_id:str}")
    async def show_building_log(building_id: FromPath[str]) -> list[BuildingLine]:
        """The last ten notices in a building, newest first."""
        kind: Kind = "building"
        lines = await campus.logs.last_ten(kind, building_id)
        return [BuildingLine(shown_time(line.at), line.bot_id, line.message) for line in lines]

    return [add_building, show_buildings, show_building_log]


def _people(campus: Campus) -> list[Any]:
    @get("/users/show", sync_to_thread=False)
    def show_users() -> list[Someone]:
        """Everybody who has ever logged in."""
        return [Someone(user_id) for user_id in campus.people.ids()]

    @get("/users/show/online", sync_to_thread=False)
    def show_online() -> list[Someone]:
        """Everybody who is online."""
        return [Someone(user_id) for user_id in campus.presence.online_users()]

    @get("/users/show/building/{building_id:str}", sync_to_thread=False)
    def show_in_building(building_id: FromPath[str]) -> list[Someone]:
        """Who is online in a building."""
        return [Someone(user_id) for user_id in campus.presence.in_building(building_id)]

    @get("/logs/show/user/{user_id:str}")
    async def show_user_log(user_id: FromPath[str]) -> list[UserLine]:
        """The last ten things that somebody did, newest first."""
        kind: Kind = "user"
        lines = await campus.logs.last_ten(kind, user_id)
        return [UserLine(shown_time(line.at), line.message) for line in lines]

    return [show_users, show_online, show_in_building, show_user_log]


def _bots(campus: Campus) -> list[Any]:
    @post("/bots/update/auth", status_code=200)
    async def authorise(data: JSONBody[Authorisation | list[Authorisation]]) -> list[str]:
        """Allow a bot to send, or forbid it."""
        asked = one(data)
        await campus.bots.authorise(asked.id, asked.state)
        return []

    @get("/bots/show/auth/{flag:int}", sync_to_thread=False)
    def show_bots(flag: FromPath[int]) -> list[Someone]:
        """The bots that are authorised (1), or those that are not (0)."""
        if flag not in (0, 1):
            raise BadInput("it is 1 for authorised bots, or 0 for the others")
        return [Someone(bot_id) for bot_id in campus.bots.ids(is_authorised=bool(flag))]

    return [authorise, show_bots]
