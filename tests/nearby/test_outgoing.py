"""Everything that nearby says over Socket.IO has the type that it is declared to have."""

from quad.nearby.messages import Told
from quad.nearby.outgoing import OUTGOING
from quad.realtime import ErrorPayload
from tests.nearby.campus import TOWER, Campus
from tests.outgoing import check_outgoing


async def test_people_hear_everything_that_is_declared_and_nothing_else(campus: Campus) -> None:
    await campus.move("ann", TOWER.position)
    await campus.move("ben", TOWER.position)
    ann = await campus.page("ann")
    await campus.page("ben")
    await campus.send("ben", ["ann"], "Coffee?")
    check_outgoing(await ann.call("new_bot", {"id": "bell"}), ErrorPayload)
    await ann.call("new_client", {"id": "ann", "token": ann.token, "buildings": True})
    await campus.nearby.buildings.put(TOWER)
    heard = await ann.take()
    declared = {**OUTGOING, "error": ErrorPayload}
    for event, *payload in heard:
        check_outgoing(payload[0] if payload else None, declared[event])
    assert {event for event, *_ in heard} == declared.keys()
    await campus.send("ben", ["ann"], "Or tea?")
    for message in [*await ann.receive(), *await ann.receive(audience=True)]:
        check_outgoing(message, Told)
