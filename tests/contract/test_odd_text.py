"""Text that a stranger sends, and that some database would not have."""

from quad.settings import ClassroomSettings
from tests.classroom.school import open_school
from tests.classroom.test_odd_payloads import ODD_TEXTS, STUDENTS, TEACHERS, begun, variants


async def test_no_text_is_too_odd_for_a_database(database_url: str) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        lesson = await begun(school)
        for event, payload in {**TEACHERS, **STUDENTS}.items():
            for odd in variants(payload, ODD_TEXTS[2:5]):
                await lesson.say(event, odd)
        await lesson.check_whole()
