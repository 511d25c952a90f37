"""Everything that alert says has the type that it is declared to have."""

from quad.alert.outgoing import OUTGOING, People
from quad.realtime import ErrorPayload
from tests.alert.hall import Hall
from tests.outgoing import check_outgoing


async def test_a_room_hears_everything_that_is_declared_and_nothing_else(hall: Hall) -> None:
    alice = await hall.guest()
    check_outgoing(await alice.join("alice", "R101"), People)
    check_outgoing(await alice.say("Class ends in 5 minutes"), type(None))
    check_outgoing(await alice.leave(), type(None))
    check_outgoing(await alice.say("Anybody there?"), ErrorPayload)
    heard = await alice.take()
    for event, payload in heard:
        check_outgoing(payload, ErrorPayload if event == "error" else OUTGOING[event])
    assert {event for event, _ in heard} == {*OUTGOING, "error"}
