"""Which node answers what."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.cluster.places import NOWHERE, Places, tag_of

ME, OTHER, DEAD = 2**24 + 1, 2**24 + 2, 3


def scope(path: str, query: str = "", type: str = "http") -> dict[str, Any]:
    return {"type": type, "path": path, "query_string": query.encode()}


def key_of(scope: Any) -> str | None:
    if scope["path"] == "/" and scope["type"] == "websocket":
        return "campus"
    return {"/mine": "mine", "/theirs": "theirs", "/moving": "moving"}.get(scope["path"])


@pytest.fixture
def places() -> Places:
    homes = {"mine": ME, "theirs": OTHER, "campus": OTHER}
    places = Places(ME, engine_paths=frozenset({"/socket.io/"}), key_of=key_of, home_of=homes.get)
    for node in (ME, OTHER, DEAD):
        places.add(node)
    places.remove(DEAD)
    return places


ENGINE = "/socket.io/"


@pytest.mark.parametrize(
    ("path", "query", "type", "node"),
    [
        pytest.param(ENGINE, "EIO=4&transport=polling", "http", None, id="a new session"),
        pytest.param(ENGINE, f"EIO=4&sid={tag_of(ME)}x", "http", None, id="one of mine"),
        pytest.param(ENGINE, f"EIO=4&sid={tag_of(OTHER)}x", "http", OTHER, id="one of another"),
        pytest.param("/socket.io", f"sid={tag_of(OTHER)}x", "http", OTHER, id="without a slash"),
        pytest.param(ENGINE, f"sid={tag_of(OTHER)}x", "websocket", OTHER, id="an upgrade"),
        pytest.param(ENGINE, f"sid={tag_of(DEAD)}x", "http", None, id="one of the dead"),
        pytest.param(ENGINE, "sid=", "http", None, id="no id"),
        pytest.param(ENGINE, f"a=sid={tag_of(OTHER)}", "http", None, id="another word"),
        pytest.param(ENGINE, f"sid=a&sid={tag_of(OTHER)}x", "http", OTHER, id="the last counts"),
        pytest.param("/mine", "", "http", None, id="a thing of mine"),
        pytest.param("/theirs", "", "http", OTHER, id="a thing of another"),
        pytest.param("/theirs", f"sid={tag_of(ME)}x", "http", OTHER, id="no engine's id"),
        pytest.param("/moving", "", "http", NOWHERE, id="a thing on its way"),
        pytest.param("/", "", "http", None, id="a page"),
        pytest.param("/", "", "websocket", OTHER, id="a chat"),
    ],
)
def test_a_request_goes_to_its_session_or_to_its_thing(
    places: Places, path: str, query: str, type: str, node: int | None
) -> None:
    assert places.node_of(scope(path, query, type)) == node


def test_a_node_that_joins_anew_has_new_sessions(places: Places) -> None:
    old, places.me = places.me, 99
    places.remove(old)
    places.add(99)
    assert places.node_of(scope(ENGINE, f"sid={tag_of(old)}x")) is None
    assert places.node_of(scope(ENGINE, f"sid={tag_of(99)}x")) is None
    assert places.node_of(scope("/mine")) == ME


def test_the_dead_of_a_tag_leave_the_living_alone(places: Places) -> None:
    again = OTHER + 2**24  # after 16 million starts
    places.add(again)
    places.remove(OTHER)
    assert places.node_of(scope(ENGINE, f"sid={tag_of(OTHER)}x")) == again


@given(st.integers(0, 2**40), st.integers(1, 2**24 - 1))
def test_tags_are_four_characters_of_a_url_and_differ(node: int, further: int) -> None:
    tag = tag_of(node)
    assert len(tag) == 4
    assert set(tag) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert tag != tag_of(node + further)
