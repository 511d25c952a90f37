"""The campus file: buildings as `quad admin load` and the administrator's page read them."""

import msgspec


class Space(msgspec.Struct, frozen=True):
    """A building in the campus file: WGS 84 degrees; `range` is its radius in metres."""

    id: str | int
    name: str
    latitude: float
    longitude: float
    range: float


class CampusFile(msgspec.Struct, frozen=True):
    """The campus file; whatever else is in it is not looked at."""

    spaces: list[Space] = msgspec.field(name="containedSpaces")


def read_campus(content: bytes) -> list[Space]:
    """The buildings of a campus file. Raises msgspec.DecodeError, which names what is wrong."""
    return msgspec.json.decode(content, type=CampusFile, strict=False).spaces
