"""What people ask for over HTTP, under `/API/user`.

Original clients send JSON with any content type, the object or a list that holds it, and numbers
as the text of their input fields.
"""

from typing import Final

from litestar import MediaType, Router, post
from litestar.datastructures import ResponseHeader
from litestar.params import JSONBody
from msgspec import Struct

from quad.nearby.buildings import Buildings
from quad.nearby.entrance import Entrance
from quad.nearby.http import EXPLAINED, AnyRequest, one, visit_of
from quad.nearby.messages import Messages, ToldText
from quad.nearby.model import Building, check_position, check_radius
from quad.nearby.persons import Person
from quad.nearby.presence import Presence
from quad.settings import NearbySettings

_TEXT: Final = MediaType.TEXT


class Asking(Struct, kw_only=True):
    """Whoever asks: the person's id, and the token of their session."""

    id: str
    token: str = ""


class Coordinates(Asking, kw_only=True):
    """`update/coordinates`: where the person is, in degrees."""

    latitude: float
    longitude: float


class Range(Asking, kw_only=True):
    """`update/range`: metres."""

    radious: float


class Radius(Coordinates, kw_only=True):
    """`show/range`: a point, and metres around it."""

    radious: float


class Place(Struct):
    """A building and its circle, `radious` in metres; everybody may know it."""

    id: str
    name: str
    latitude: float
    longitude: float
    radious: float


class Letter(Asking, kw_only=True):
    """`message/send`: to a list of ids, or to a text with one id a line."""

    users: list[str] | str
    message: str


class Fetch(Asking, kw_only=True):
    """`message/receive`: the Socket.IO id, or the Engine.IO id, of the connection that asks."""

    socket_id: str


class Someone(Struct):
    """A person."""

    id: str


def make_people_router(
    entrance: Entrance,
    presence: Presence,
    messages: Messages,
    buildings: Buildings,
    settings: NearbySettings,
) -> Router:
    """The routes; each asks for the token before anything else."""

    async def person_of(asking: Asking, request: AnyRequest) -> Person:
        address = visit_of(request).address
        return await entrance.person(address, asking.id, asking.token)

    @post("/update/coordinates", status_code=200, media_type=_TEXT)
    async def update_coordinates(
        data: JSONBody[Coordinates | list[Coordinates]], request: AnyRequest
    ) -> str:
        """Say where you are; the answer is the building's name."""
        asked = one(data)
        person = await person_of(asked, request)
        (place,) = await presence.move((person, check_position(asked.latitude, asked.longitude)))
        return place

    @post("/update/range", status_code=200, media_type=_TEXT)
    async def update_range(data: JSONBody[Range | list[Range]], request: AnyRequest) -> str:
        """Say how far you look; the answer is empty."""
        asked = one(data)
        person = await person_of(asked, request)
        await presence.set_range(
            (person, check_radius("radious", asked.radious, settings.range_limit_m))
        )
        return ""

    @post("/show/building", status_code=200)
    async def show_building(
        data: JSONBody[Asking | list[Asking]], request: AnyRequest
    ) -> list[Someone]:
        """The others who are online in your building."""
        person = await person_of(one(data), request)
        return [Someone(user_id) for user_id in presence.others_in_building(person)]

    @post("/show/range", status_code=200)
    async def show_range(data: JSONBody[Radius | list[Radius]], request: AnyRequest) -> list[str]:
        """The others who are online within a radius of where you are."""
        asked = one(data)
        person = await person_of(asked, request)
        point = check_position(asked.latitude, asked.longitude)
        radius_m = check_radius("radious", asked.radious, settings.range_limit_m)
        # Anybody could look anywhere by it, unseen.
        free = point if settings.is_any_point_shown else None
        return presence.others_within(person, radius_m, free)

    @post("/show/buildings", status_code=200)
    async def show_buildings(
        data: JSONBody[Asking | list[Asking]], request: AnyRequest
    ) -> list[Place]:
        """All buildings of the campus by name, and where they are."""
        await person_of(one(data), request)
        return [_place(building) for building in buildings.list()]

    @post("/message/send", status_code=200, media_type=_TEXT)
    async def send(data: JSONBody[Letter | list[Letter]], request: AnyRequest) -> str:
        """Send a message; the answer is empty, and comes when it is kept."""
        asked = one(data)
        person = await person_of(asked, request)
        await messages.send(person.id, _recipients(asked.users), asked.message)
        return ""

    @post("/message/receive", status_code=200)
    async def receive(data: JSONBody[Fetch | list[Fetch]], request: AnyRequest) -> list[ToldText]:
        """What this tab has not fetched yet: JSON texts of `timestamp`, `id`, `message`."""
        asked = one(data)
        person = await person_of(asked, request)
        return await messages.receive(person, asked.socket_id)

    return Router(
        "/API/user",
        route_handlers=[
            update_coordinates,
            update_range,
            show_building,
            show_range,
            show_buildings,
            send,
            receive,
        ],
        exception_handlers=EXPLAINED,
        response_headers=[ResponseHeader(name="Cache-Control", value="no-store")],
        tags=["nearby: people"],
    )


def _place(building: Building) -> Place:
    latitude, longitude = building.position.latitude, building.position.longitude
    return Place(building.id, building.name, latitude, longitude, building.radius_m)


def _recipients(users: list[str] | str) -> list[str]:
    names = users.splitlines() if isinstance(users, str) else users
    return [name.strip() for name in names if name.strip()]
