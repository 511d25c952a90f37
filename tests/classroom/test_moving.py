"""Classes that may not move to another node at this moment."""

from quad.classroom.homes import key_of
from tests.classroom.school import School


async def test_a_class_stays_while_the_administrator_changes_it(school: School) -> None:
    rooms, moving = school.service.rooms, school.service.moving

    def is_at_work(number: int) -> bool:
        return moving.is_at_work(lambda key: key == key_of(number))

    with rooms.staying(123456):
        with rooms.staying(123456):
            assert is_at_work(123456)
        assert is_at_work(123456)
        assert not is_at_work(123457)
    assert not is_at_work(123456)
