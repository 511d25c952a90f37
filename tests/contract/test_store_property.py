"""Whatever concurrent writers do, the database holds what their calls, one by one, would leave."""

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quad.store import Change, Conflict, Store
from tests.contract.conftest import empty
from tests.contract.databases import run_apart
from tests.contract.shelf import ADD_BOOK, ADD_PAGE, APPEND, TITLE, shelf, titles

WRITERS = 3


@dataclass(frozen=True)
class Append:
    """Adds to the log of all writers."""


@dataclass(frozen=True)
class State:
    """Sets one of two shared states; pending ones may be superseded."""

    of: int


@dataclass(frozen=True)
class AppendAndFail:
    """One call whose second change is refused: its first must leave no trace."""


@dataclass(frozen=True)
class Leave:
    """Adds to the log, but does not wait for it."""


@dataclass(frozen=True)
class Pause:
    """Lets the others and the commits go on."""

    turns: int


Act = Append | State | AppendAndFail | Leave | Pause

acts = st.one_of(
    st.builds(Append),
    st.builds(State, st.integers(0, 1)),
    st.builds(AppendAndFail),
    st.builds(Leave),
    st.builds(Pause, st.integers(1, 4)),
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans=st.lists(st.lists(acts, max_size=12), min_size=WRITERS, max_size=WRITERS))
def test_concurrent_writers_leave_what_their_calls_in_order_would(
    shelf_url: str, plans: list[list[Act]]
) -> None:
    run_apart(_check(shelf_url, plans))


async def _check(url: str, plans: list[list[Act]]) -> None:
    store = await Store.open(url)
    await store.write(Change(ADD_BOOK, {"code": "log", "title": ""}))
    expected: dict[str, str | None] = {"log": ""}
    await asyncio.gather(
        *[_act(store, f"{writer}", plan, expected) for writer, plan in enumerate(plans)]
    )
    await store.write()
    found = await titles(store)
    await store.aclose()
    await empty(url, shelf)
    assert found == expected


async def _act(store: Store, me: str, plan: list[Act], expected: dict[str, str | None]) -> None:
    """Follows the plan; notes in `expected`, when it calls, what the call must leave."""
    for number, act in enumerate(plan):
        entry = f"{me}.{number};"
        append = Change(APPEND, {"of": "log", "more": entry})
        match act:
            case Append():
                expected["log"] = f"{expected['log']}{entry}"
                await store.write(append)
            case Leave():
                expected["log"] = f"{expected['log']}{entry}"
                store.write(append).cancel()
            case State(of):
                code = f"state {of}"
                expected[code] = entry
                await store.write(Change(TITLE, {"code": code, "title": entry}, key=code))
            case AppendAndFail():
                orphan = {"id": 1, "book": "no such book", "number": 1}
                with pytest.raises(Conflict):
                    await store.write(append, Change(ADD_PAGE, orphan))
            case Pause(turns):
                for _ in range(turns):
                    await asyncio.sleep(0)
