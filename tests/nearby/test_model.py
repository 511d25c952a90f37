"""Rules of what is allowed, and how things are shown."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from quad.nearby.model import (
    Position,
    check_id,
    check_message,
    check_name,
    check_position,
    check_radius,
    clean_id,
    shown_time,
)
from quad.refusals import BadInput, Unknown
from tests.nearby.campus import Campus

GOOD: list[tuple[Callable[..., Any], tuple[Any, ...], Any]] = [
    (check_id, ("id", "ist1:Ё 😀"), "ist1:Ё 😀"),
    (check_id, ("id", "x" * 128), "x" * 128),
    (check_name, ("name", "  Torre Norte "), "Torre Norte"),
    (check_name, ("name", "To\u200brre Jose\u0301"), "Torre José"),
    (clean_id, ("name", " an\u00ada\u2060 "), "ana"),
    (check_id, ("id", "👩‍🎓 Ana"), "👩‍🎓 Ana"),
    (check_position, (90, -180), Position(90, -180)),
    (check_position, (-90.0, 180.0), Position(-90, 180)),
    (check_radius, ("radious", 0, 10), 0),
    (check_radius, ("radious", 10, 10), 10),
    (check_message, ("message", " a\nb ", 5), " a\nb "),
]
BAD: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (check_id, ("id", "")),
    (check_id, ("id", "x" * 129)),
    (check_id, ("id", " a")),
    (check_id, ("id", "a\x00")),
    (check_id, ("id", "a\u200b")),
    (check_id, ("id", "\u202ea")),
    (check_id, ("id", "\u3164")),
    (check_name, ("name", "\u2060")),
    (clean_id, ("name", "\u202eanna")),
    (check_name, ("name", " \t")),
    (check_name, ("name", "x" * 201)),
    (check_name, ("name", "a\nb")),
    (check_position, (90.000_001, 0)),
    (check_position, (math.nan, 0)),
    (check_position, (0, -math.inf)),
    (check_radius, ("radious", -0.1, 10)),
    (check_radius, ("radious", 10.1, 10)),
    (check_radius, ("radious", math.nan, 10)),
    (check_radius, ("radious", math.inf, math.inf)),
    (check_message, ("message", "", 5)),
    (check_message, ("message", "éée", 4)),
]


@pytest.mark.parametrize(("check", "given", "result"), GOOD)
def test_what_is_allowed_is_returned(
    check: Callable[..., Any], given: tuple[Any, ...], result: Any
) -> None:
    assert check(*given) == result


@pytest.mark.parametrize(("check", "given"), BAD)
def test_what_is_not_allowed_is_named(check: Callable[..., Any], given: tuple[Any, ...]) -> None:
    with pytest.raises(BadInput) as caught:
        check(*given)
    assert str(caught.value).startswith("`")


def test_times_are_shown_in_utc() -> None:
    lisbon = timezone(timedelta(hours=1))
    assert shown_time(datetime(2024, 5, 17, 0, 30, 59, 999_999, lisbon)) == "2024-05-16 23:30:59"
    assert shown_time(datetime(2024, 5, 17, tzinfo=UTC)) == "2024-05-17 00:00:00"


async def test_a_building_that_does_not_exist_has_nobody(campus: Campus) -> None:
    with pytest.raises(Unknown, match="no building 'nowhere'"):
        campus.nearby.presence.in_building("nowhere")
