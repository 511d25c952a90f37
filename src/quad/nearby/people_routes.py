"""What people ask for over HTTP, under `/API/user`.

Original clients send JSON with any content type, the object or a list of objects, and numbers as
the text of their input fields.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from litestar import MediaType, Response, Router, post
from litestar.params import JSONBody
from msgspec import Struct

from quad.http import AnyRequest, rest_router
from quad.nearby.bodies import Number, each, number
from quad.nearby.buildings import Buildings
from quad.nearby.entrance import Entrance
from quad.nearby.messages import Claim, Letter, Messages, ToldText, as_ever
from quad.nearby.model import Building, Position, check_position, check_radius
from quad.nearby.pace import Act, PersonLimits
from quad.nearby.people import Person
from quad.nearby.presence import Presence
from quad.realtime import request_of
from quad.settings import NearbySettings

_TEXT: Final = MediaType.TEXT

Asked = TypeVar("Asked", bound="Asking")


class Asking(Struct, kw_only=True):
    """Whoever asks: the person's id, and the token of their session."""

    id: str
    token: str = ""


class Coordinates(Asking, kw_only=True):
    """`update/coordinates`: where the person is, in degrees."""

    latitude: Number
    longitude: Number


class Range(Asking, kw_only=True):
    """`update/range`: metres."""

    radious: Number


class Visibility(Asking, kw_only=True):
    """`update/visible`: whether others see the person."""

    visible: bool


class Radius(Coordinates, kw_only=True):
    """`show/range`: metres around the person; the point counts only if a setting lets it."""

    radious: Number


class Place(Struct):
    """A building and its circle, `radious` in metres; everybody may know it."""

    id: str
    name: str
    latitude: float
    longitude: float
    radious: float


class Writing(Asking, kw_only=True):
    """`message/send`: to a list of ids, or to a text with one id a line.

    With the same `key` (64 bytes at most) within a day it is the same message, and sent once.
    `audience` says that they are all in the sender's range, or building, for those who read it.
    """

    users: list[str] | str
    message: str
    key: str | None = None
    audience: Claim | None = None


class Fetch(Asking, kw_only=True):
    """`message/receive`: the Socket.IO id, or the Engine.IO id, of the connection that asks.

    With `audience` each message says whom it went to, too.
    """

    socket_id: str
    audience: bool = False


class Someone(Struct):
    """A person or a bot."""

    id: str


class _Desk:
    """Who asks, and whether they may: the token before anything else, for each object of a list."""

    def __init__(self, entrance: Entrance, limits: PersonLimits) -> None:
        self._entrance = entrance
        self._limits = limits

    async def people(
        self, data: Asked | list[Asked], request: AnyRequest, act: Act | None = None
    ) -> list[tuple[Person, Asked]]:
        """Raises BadInput, WrongToken, TooManyTries, TooOften, StoreError."""
        address = request_of(request.scope).address
        found = [
            (await self._entrance.person(address, asked.id, asked.token), asked)
            for asked in each(data)
        ]
        if act is not None:
            self._limits.take(act, [person.id for person, _ in found])
        return found


def _answer(data: object, answers: Sequence[Any]) -> Response[Any]:
    """One answer as it is; those to several objects are a list of them."""
    if isinstance(data, list) and len(data) > 1:
        return Response(answers, media_type=MediaType.JSON)
    return Response(answers[0])


def make_people_router(
    entrance: Entrance,
    presence: Presence,
    messages: Messages,
    buildings: Buildings,
    limits: PersonLimits,
    settings: NearbySettings,
) -> Router:
    """The routes; several objects in a list are handled in order, all of them or none."""
    desk = _Desk(entrance, limits)
    handlers = [
        *_updates(desk, presence, settings),
        *_shows(desk, presence, buildings, settings),
        *_messages(desk, messages),
    ]
    return rest_router("/API/user", handlers, "nearby: people")


def _updates(desk: _Desk, presence: Presence, settings: NearbySettings) -> list[Any]:
    @post("/update/coordinates", status_code=200, media_type=_TEXT)
    async def update_coordinates(
        data: JSONBody[Coordinates | list[Coordinates]], request: AnyRequest
    ) -> Response[str]:
        """Say where you are; the answer is the building's name."""
        people = await desk.people(data, request, "move")
        moves = [(person, _position(asked)) for person, asked in people]
        return _answer(data, await presence.move(*moves))

    @post("/update/range", status_code=200, media_type=_TEXT)
    async def update_range(
        data: JSONBody[Range | list[Range]], request: AnyRequest
    ) -> Response[str]:
        """Say how far you look; the answer is empty."""
        people = await desk.people(data, request, "query")
        await presence.set_range(
            *((person, _radius(asked.radious, settings)) for person, asked in people)
        )
        return _answer(data, [""] * len(people))

    @post("/update/visible", status_code=200, media_type=_TEXT)
    async def update_visible(
        data: JSONBody[Visibility | list[Visibility]], request: AnyRequest
    ) -> Response[str]:
        """Say whether others see you; whoever is not seen still gets messages. Empty answer."""
        people = await desk.people(data, request, "move")
        await presence.set_visible(*((person, asked.visible) for person, asked in people))
        return _answer(data, [""] * len(people))

    return [update_coordinates, update_range, update_visible]


def _shows(
    desk: _Desk, presence: Presence, buildings: Buildings, settings: NearbySettings
) -> list[Any]:
    @post("/show/building", status_code=200)
    async def show_building(
        data: JSONBody[Asking | list[Asking]], request: AnyRequest
    ) -> Response[list[Someone]]:
        """The others who are online in your building."""
        people = await desk.people(data, request, "query")
        others = [presence.others_in_building(person) for person, _ in people]
        return _answer(data, [[Someone(user_id) for user_id in ids] for ids in others])

    @post("/show/range", status_code=200)
    async def show_range(
        data: JSONBody[Radius | list[Radius]], request: AnyRequest
    ) -> Response[list[str]]:
        """The others who are online within a radius of where you are."""
        people = await desk.people(data, request, "query")
        # Anybody could look anywhere by a free point, unseen.
        circles = [
            (person, _radius(asked.radious, settings), _position(asked)) for person, asked in people
        ]
        return _answer(
            data,
            [
                presence.others_within(
                    person, radius_m, point if settings.is_any_point_shown else None
                )
                for person, radius_m, point in circles
            ],
        )

    @post("/show/buildings", status_code=200)
    async def show_buildings(
        data: JSONBody[Asking | list[Asking]], request: AnyRequest
    ) -> Response[list[Place]]:
        """All buildings of the campus by name, and where they are."""
        people = await desk.people(data, request, "query")
        return _answer(data, [list(map(_place, buildings.list()))] * len(people))

    return [show_building, show_range, show_buildings]


def _messages(desk: _Desk, messages: Messages) -> list[Any]:
    @post("/message/send", status_code=200, media_type=_TEXT)
    async def send(data: JSONBody[Writing | list[Writing]], request: AnyRequest) -> Response[str]:
        """Send a message; the answer is empty, or names those who are unknown.

        It comes when the message is kept.
        """
        people = await desk.people(data, request, "message")
        letters = [
            Letter(person, _recipients(asked.users), asked.message, asked.key, asked.audience)
            for person, asked in people
        ]
        return _answer(data, await messages.send(request_of(request.scope).address, *letters))

    @post("/message/receive", status_code=200)
    async def receive(
        data: JSONBody[Fetch | list[Fetch]], request: AnyRequest
    ) -> Response[list[ToldText]]:
        """What this tab has not fetched yet: JSON texts of `timestamp`, `id`, `message`."""
        people = await desk.people(data, request)
        told = await messages.receive(*((person, asked.socket_id) for person, asked in people))
        answers = [
            texts if asked.audience else [as_ever(text) for text in texts]
            for (_, asked), texts in zip(people, told, strict=True)
        ]
        return _answer(data, answers)

    return [send, receive]


def _position(asked: Coordinates) -> Position:
    return check_position(number("latitude", asked.latitude), number("longitude", asked.longitude))


def _radius(radious: Number, settings: NearbySettings) -> float:
    return check_radius("radious", number("radious", radious), settings.range_limit_m)


def _place(building: Building) -> Place:
    latitude, longitude = building.position.latitude, building.position.longitude
    return Place(building.id, building.name, latitude, longitude, building.radius_m)


def _recipients(users: list[str] | str) -> list[str]:
    names = users.splitlines() if isinstance(users, str) else users
    return [name.strip() for name in names if name.strip()]
