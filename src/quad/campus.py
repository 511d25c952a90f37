"""Files of a campus, as `quad admin load` reads them: its own JSON, GeoJSON, or a table as CSV.

The administrator's page reads the same ones (`ui/src/admin/sources.ts`).
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

_DEFAULT_RANGE_M: Final = 50.0
_EARTH_RADIUS_M: Final = 6_371_008.8
_COLUMNS: Final = {
    "id": ("id", "@id"),
    "name": ("name", "nome", "название"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "lng", "long"),
    "range": ("range", "radius", "radious"),
}


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


class BadCampus(Exception):
    """A file that cannot be read; each of `problems` is a sentence."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Found(msgspec.Struct, frozen=True):
    """The buildings of a file; `unnamed` of a map were left out, because they have no name."""

    spaces: list[Space]
    unnamed: int = 0


def read_campus(content: bytes) -> Found:
    """The buildings of a file of any of the kinds. Raises BadCampus, which names all faults."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadCampus("it is no text in UTF-8") from None
    try:
        value = json.loads(text)
    except ValueError:
        entries, unnamed = list(_rows(text)), 0
    else:
        entries, unnamed = _entries(value)
    if not entries:
        raise BadCampus("there are no buildings in it")
    return Found(_spaces(entries), unnamed)


_Entry = tuple[str, Mapping[str, Any]]
"""Where it stands in its file, and what stands there."""


def _entries(value: object) -> tuple[list[_Entry], int]:
    if isinstance(value, dict) and isinstance(value.get("containedSpaces"), list):
        return [
            (f"entry {number}", entry if isinstance(entry, dict) else {})
            for number, entry in enumerate(value["containedSpaces"], 1)
        ], 0
    if isinstance(value, dict) and isinstance(value.get("features"), list):
        features: list[_Entry] = [
            (f"feature {number}", _of_feature(feature))
            for number, feature in enumerate(value["features"], 1)
        ]
        named = [(place, entry) for place, entry in features if entry.get("name")]
        return named, len(features) - len(named)
    raise BadCampus("it has neither a list containedSpaces nor features of GeoJSON")


def _spaces(entries: Iterable[_Entry]) -> list[Space]:
    spaces: dict[str, Space] = {}
    problems = []
    for place, entry in entries:
        try:
            space = msgspec.convert(entry, Space, strict=False)
        except msgspec.ValidationError as error:
            problems.append(f"{place} ({entry.get('name') or 'without a name'}): {error}")
            continue
        problems += (f"{place} ({space.name}): {fault}" for fault in _faults(space, spaces))
        spaces[str(space.id)] = space
    if problems:
        raise BadCampus(*problems)
    return list(spaces.values())


def _faults(space: Space, before: Mapping[str, Space]) -> Iterator[str]:
    if str(space.id) in before:
        yield f"another one has the same id, {space.id}"
    if not str(space.id).strip() or not space.name.strip():
        yield "it has no id, or no name"
    if not -90 <= space.latitude <= 90:
        yield "its latitude is not between -90 and 90"
    if not -180 <= space.longitude <= 180:
        yield "its longitude is not between -180 and 180"
    if not 0 <= space.range < math.inf:
        yield "its range is not a number of metres from 0 up"


# Tables


def _rows(text: str) -> Iterator[_Entry]:
    """The rows of a table whose first line names its columns. Raises BadCampus."""
    head = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    names = [name.strip().lower() for name in next(rows, [])]
    columns = {
        key: next((names.index(name) for name in known if name in names), None)
        for key, known in _COLUMNS.items()
    }
    missing = [key for key in ("name", "latitude", "longitude") if columns[key] is None]
    if missing:
        raise BadCampus(f"it is no JSON, and as a table it has no column {' or '.join(missing)}")
    for row in rows:
        if any(cell.strip() for cell in row):
            cells = {
                key: row[index].strip()
                for key, index in columns.items()
                if index is not None and index < len(row)
            }
            yield f"line {rows.line_num}", _of_cells(cells, has_comma=delimiter != ",")


def _of_cells(cells: Mapping[str, str], *, has_comma: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {key: cell for key, cell in cells.items() if cell}
    for key in ("latitude", "longitude", "range"):
        if has_comma and key in entry:  # as many languages write it
            entry[key] = entry[key].replace(",", ".")
    return _completed(entry)


def _completed(entry: dict[str, Any]) -> dict[str, Any]:
    """Whoever gives no id means the name; whoever gives no radius, a usual one."""
    return {"id": entry.get("name", ""), "range": _DEFAULT_RANGE_M, **entry}


# Maps


def _of_feature(feature: object) -> dict[str, Any]:
    """A building as a point, or as the circle around its shape."""
    found = feature if isinstance(feature, dict) else {}
    properties = found.get("properties") or {}
    entry = {
        key: properties[name]
        for key, known in _COLUMNS.items()
        for name in reversed(known)
        if properties.get(name) not in (None, "")
    }
    if found.get("id") is not None:
        entry["id"] = found["id"]
    return _completed({**_circle_around(list(_points(found.get("geometry")))), **entry})


def _points(geometry: object) -> Iterator[tuple[float, float]]:
    """All corners, as longitude and latitude."""
    if isinstance(geometry, dict):
        yield from _points(geometry.get("coordinates"))
    elif isinstance(geometry, list) and geometry:
        if isinstance(geometry[0], int | float) and len(geometry) > 1:
            yield float(geometry[0]), float(geometry[1])
        else:
            for each in geometry:
                yield from _points(each)


def _circle_around(points: list[tuple[float, float]]) -> dict[str, float]:
    if not points:
        return {}
    east, north = ([point[axis] for point in points] for axis in (0, 1))
    longitude, latitude = (min(east) + max(east)) / 2, (min(north) + max(north)) / 2
    circle = {"latitude": round(latitude, 6), "longitude": round(longitude, 6)}
    reach_m = max(_metres(latitude, longitude, *point) for point in points)
    return circle | ({"range": float(math.ceil(reach_m))} if reach_m else {})


def _metres(latitude: float, longitude: float, other_east: float, other_north: float) -> float:
    """Near enough for a building: on a plane."""
    north = math.radians(other_north - latitude)
    east = math.radians(other_east - longitude) * math.cos(math.radians(latitude))
    return _EARTH_RADIUS_M * math.hypot(north, east)
