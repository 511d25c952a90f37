"""Nearby, as far as the administrator looks after it: buildings, people, logs and bots."""

from datetime import datetime
from typing import Annotated, Any, Final

from litestar import Router, get, post
from litestar.params import FromPath, JSONBody, Parameter
from litestar.types import Guard
from msgspec import Struct

from quad import audit
from quad.admin.routes import Limit, Offset, make_router
from quad.campus import CampusFile, Space
from quad.http import AnyRequest
from quad.nearby import NearbySystem
from quad.nearby.bodies import Number, number, one
from quad.nearby.bot_routes import Shown
from quad.nearby.buildings import Loaded
from quad.nearby.model import (
    Building,
    Position,
    check_id,
    check_name,
    check_position,
    check_radius,
    shown_time,
)
from quad.nearby.people_routes import Someone
from quad.nearby.presence import Presence
from quad.nearby.tables import Kind
from quad.realtime import request_of
from quad.refusals import BadInput

_SHOWN: Final = 100

Search = Annotated[str, Parameter(description="What ids begin with, in lower or upper case.")]


class Plan(Struct):
    """`buildings/add`; `radious` in metres, as the original spells it."""

    id: str | int
    name: str
    latitude: Number
    longitude: Number
    radious: Number


class BuildingToDelete(Struct):
    """`buildings/delete`."""

    id: str | int


class Authorisation(Struct):
    """`bots/update/auth`."""

    id: str
    state: bool


class UserLine(Struct):
    """A line of a person's log; the time is UTC."""

    timestamp: str
    message: str


class BuildingLine(Struct):
    """A line of a building's log."""

    timestamp: str
    bot_id: str | None
    message: str


class BuildingOverview(Struct):
    """A building with what is there now; `radious` in metres, `bots` are ids."""

    id: str
    name: str
    latitude: float
    longitude: float
    radious: float
    online: int
    bots: list[str]


class BotOverview(Struct):
    """A bot. `building` is a name; when it sent last is known of the latest notices only."""

    id: str
    building_id: str
    building: str
    is_authorised: bool
    is_running: bool
    last_sent_at: datetime | None


class UserOverview(Struct):
    """Somebody who has logged in once; the building is null out of all buildings and offline."""

    id: str
    is_online: bool
    building_id: str | None
    building: str | None


class UserPage(Struct):
    """Some of those who were asked for; `total` is how many there are on all pages together."""

    total: int
    users: list[UserOverview]


class BuildingCount(Struct):
    """How many people are online in a building."""

    id: str
    name: str
    online: int


class UserCounts(Struct):
    """How many have ever logged in, are online, and are so out of all buildings and in each."""

    known: int
    online: int
    outside: int
    buildings: list[BuildingCount]


def make_nearby_router(nearby: NearbySystem, guard: Guard, *, range_limit_m: float) -> Router:
    """The routes, of which those of the original programs are as they have always been."""
    handlers = [
        *_buildings(nearby, range_limit_m),
        *_people(nearby),
        *_logs(nearby),
        *_bots(nearby),
    ]
    return make_router(handlers, guard, "nearby: administrator")


def _buildings(nearby: NearbySystem, range_limit_m: float) -> list[Any]:
    @post("/buildings/add", status_code=200)
    async def add_building(data: JSONBody[Plan | list[Plan]], request: AnyRequest) -> list[str]:
        """Add a building, or change the one that has this id."""
        plan = one(data)
        building = _building(
            str(plan.id),
            plan.name,
            check_position(number("latitude", plan.latitude), number("longitude", plan.longitude)),
            check_radius("radious", number("radious", plan.radious), range_limit_m),
        )
        await nearby.buildings.put(building)
        audit.record(
            "nearby.building", address=request_of(request.scope).address, building=building.id
        )
        return []

    @post("/buildings/delete", status_code=200)
    async def delete_building(data: JSONBody[BuildingToDelete], request: AnyRequest) -> list[str]:
        """Take a building away; its log and its bots stay."""
        await nearby.buildings.remove(str(data.id))
        audit.record(
            "nearby.building_delete",
            address=request_of(request.scope).address,
            building=str(data.id),
        )
        return []

    @get("/buildings/show", sync_to_thread=False)
    def show_buildings() -> list[Shown]:
        """All buildings."""
        return [Shown(building.id, building.name) for building in nearby.buildings.list()]

    @get("/buildings/show/all", sync_to_thread=False)
    def show_all_of_buildings() -> list[BuildingOverview]:
        """All buildings by name, with their places, their bots, and how many are online there."""
        online, bots = nearby.presence.count(), _bots_by_building(nearby)
        return [
            BuildingOverview(
                id=building.id,
                name=building.name,
                latitude=building.position.latitude,
                longitude=building.position.longitude,
                radious=building.radius_m,
                online=online[building.id],
                bots=bots.get(building.id, []),
            )
            for building in nearby.buildings.list()
        ]

    @post("/buildings/load", status_code=200)
    async def load_campus(data: JSONBody[CampusFile], request: AnyRequest) -> Loaded:
        """Add the buildings of a campus file, and change those that are there: all, or none.

        If one of them cannot be, the answer is 400 and says which one.
        """
        loaded = await nearby.buildings.put_all(_read_spaces(data.spaces, range_limit_m))
        audit.record(
            "nearby.buildings",
            address=request_of(request.scope).address,
            added=loaded.added,
            changed=loaded.changed,
        )
        return loaded

    return [add_building, delete_building, show_buildings, show_all_of_buildings, load_campus]


def _read_spaces(spaces: list[Space], range_limit_m: float) -> list[Building]:
    """Raises BadInput, which names the first entry that is wrong."""
    found: dict[str, Building] = {}
    for index, space in enumerate(spaces):
        try:
            building = _building(
                str(space.id),
                space.name,
                check_position(space.latitude, space.longitude),
                check_radius("range", space.range, range_limit_m),
            )
            if building.id in found:
                raise BadInput("another entry has the same `id`")
        except BadInput as error:
            name = f"{str(space.id)[:_SHOWN]!r}, {space.name[:_SHOWN]!r}"
            raise BadInput(f"`containedSpaces[{index}]` ({name}): {error}") from None
        found[building.id] = building
    return list(found.values())


def _building(id: str, name: str, position: Position, radius_m: float) -> Building:
    return Building(check_id("id", id), check_name("name", name), position, radius_m)


def _bots_by_building(nearby: NearbySystem) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for bot in nearby.bots.list():
        found.setdefault(bot.building_id, []).append(bot.id)
    return found


def _people(nearby: NearbySystem) -> list[Any]:
    @get("/users/show", sync_to_thread=False)
    def show_users() -> list[Someone]:
        """Everybody who has ever logged in."""
        return [Someone(user_id) for user_id in nearby.people.ids()]

    @get("/users/show/online", sync_to_thread=False)
    def show_online() -> list[Someone]:
        """Everybody who is online."""
        return [Someone(user_id) for user_id in nearby.presence.online_users()]

    @get("/users/show/building/{building_id:str}", sync_to_thread=False)
    def show_in_building(building_id: FromPath[str]) -> list[Someone]:
        """Who is online in a building."""
        return [Someone(user_id) for user_id in nearby.presence.in_building(building_id)]

    @get("/users/count", sync_to_thread=False)
    def count_users() -> UserCounts:
        """How many people there are, all together and in each building."""
        online = nearby.presence.count()
        return UserCounts(
            known=len(nearby.people),
            online=online.total(),
            outside=online[None],
            buildings=[
                BuildingCount(building.id, building.name, online[building.id])
                for building in nearby.buildings.list()
            ],
        )

    @get("/users/find", sync_to_thread=False)
    def find_users(
        *,
        search: Search = "",
        is_online: Annotated[bool, Parameter(description="Only who is online.")] = False,
        building: Annotated[
            str, Parameter(description="Only who is online in the building with this id.")
        ] = "",
        offset: Offset = 0,
        limit: Limit = 50,
    ) -> UserPage:
        """People whose ids begin with some letters, whatever their case, in that order."""
        if building:
            ids = _beginning_with(search, nearby.presence.in_building(building))
        elif is_online:
            ids = _beginning_with(search, nearby.presence.online_users())
        else:
            ids = nearby.people.beginning_with(search)
        shown = ids[offset : offset + limit]
        return UserPage(len(ids), [_user(nearby.presence, user_id) for user_id in shown])

    return [show_users, show_online, show_in_building, count_users, find_users]


def _beginning_with(prefix: str, ids: list[str]) -> list[str]:
    first = prefix.casefold()
    return sorted((id for id in ids if id.casefold().startswith(first)), key=str.casefold)


def _user(presence: Presence, user_id: str) -> UserOverview:
    building = presence.building_of(user_id)
    return UserOverview(
        id=user_id,
        is_online=presence.is_online(user_id),
        building_id=None if building is None else building.id,
        building=None if building is None else building.name,
    )


def _logs(nearby: NearbySystem) -> list[Any]:
    @get("/logs/show/building/{building_id:str}")
    async def show_building_log(building_id: FromPath[str]) -> list[BuildingLine]:
        """The last ten notices in a building, newest first."""
        kind: Kind = "building"
        lines = await nearby.logs.last_ten(kind, building_id)
        return [BuildingLine(shown_time(line.at), line.bot_id, line.message) for line in lines]

    @get("/logs/show/user/{user_id:str}")
    async def show_user_log(user_id: FromPath[str]) -> list[UserLine]:
        """The last ten things that somebody did, newest first."""
        kind: Kind = "user"
        lines = await nearby.logs.last_ten(kind, user_id)
        return [UserLine(shown_time(line.at), line.message) for line in lines]

    return [show_building_log, show_user_log]


def _bots(nearby: NearbySystem) -> list[Any]:
    @post("/bots/update/auth", status_code=200)
    async def authorise(
        data: JSONBody[Authorisation | list[Authorisation]], request: AnyRequest
    ) -> list[str]:
        """Allow a bot to send, or forbid it."""
        asked = one(data)
        await nearby.bots.authorise(asked.id, is_authorised=asked.state)
        action = "nearby.bot_authorise" if asked.state else "nearby.bot_disallow"
        audit.record(action, address=request_of(request.scope).address, name=asked.id)
        return []

    @get("/bots/show/auth/{flag:int}", sync_to_thread=False)
    def show_bots(flag: FromPath[int]) -> list[Someone]:
        """The bots that are authorised (1), or those that are not (0)."""
        if flag not in (0, 1):
            raise BadInput("it is 1 for authorised bots, or 0 for the others")
        return [Someone(bot_id) for bot_id in nearby.bots.ids(is_authorised=bool(flag))]

    @get("/bots/show", sync_to_thread=False)
    def show_all_of_bots() -> list[BotOverview]:
        """All bots by id."""
        names = {building.id: building.name for building in nearby.buildings.list()}
        return [
            BotOverview(
                id=bot.id,
                building_id=bot.building_id,
                building=names.get(bot.building_id, ""),
                is_authorised=bot.is_authorised,
                is_running=bot.id in nearby.bots.running,
                last_sent_at=bot.last_sent_at,
            )
            for bot in nearby.bots.list()
        ]

    return [authorise, show_bots, show_all_of_bots]
