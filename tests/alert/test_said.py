"""Everything that alert says has the type that it is declared to have."""

from quad.alert.said import SAID, People
from quad.realtime import ErrorPayload
from tests.alert.hall import Hall
from tests.said import check_said


async def test_a_room_hears_everything_that_is_declared_and_nothing_else(hall: Hall) -> None:
    alice = await hall.guest()
    check_said(await alice.join("alice", "R101"), People)
    check_said(await alice.say("Class ends in 5 minutes"), type(None))
    check_said(await alice.leave(), type(None))
    check_said(await alice.say("Anybody there?"), ErrorPayload)
    heard = await alice.take()
    for event, payload in heard:
        check_said(payload, ErrorPayload if event == "error" else SAID[event])
    assert {event for event, _ in heard} == {*SAID, "error"}
