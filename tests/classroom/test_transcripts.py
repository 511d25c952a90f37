"""What clients of protocols 1 and 2 hear is what they have always heard, byte by byte.

The transcripts lie in `tests/classroom/transcripts`. `QUAD_TEST_TRANSCRIBE=1` writes them anew:
for what is new in them, and never to have them agree with another behaviour.
"""

import os
from pathlib import Path
from typing import Final

import pytest

from quad.settings import ClassroomSettings, LimitSettings
from tests.classroom.lessons import LESSONS, OF_STUDENTS, with_a_teacher_of_protocol_3
from tests.classroom.school import School, open_school
from tests.classroom.scribe import Scribe

FOLDER: Final = Path(__file__).with_name("transcripts")
SETTINGS: Final = ClassroomSettings(
    room_update_interval_ms=20, message_limit_bytes=40, steps_limit_bytes=400, files_limit=2
)
LIMITS: Final = LimitSettings(
    client_errors_burst_per_address=3,
    client_errors_per_minute_per_address=1,
    rooms_burst_per_address=2,
    rooms_per_hour_per_address=1,
)


@pytest.mark.parametrize("name", LESSONS)
async def test_a_lesson_goes_over_the_wire_as_it_always_has(database: Path, name: str) -> None:
    file = FOLDER / f"{name}.txt"
    async with open_school(database, SETTINGS, LIMITS) as school:
        written = await transcribed(school, name)
    if name in OF_STUDENTS:
        written = "".join(f"{line}\n" for line in of_students(written))
    if os.environ.get("QUAD_TEST_TRANSCRIBE"):
        file.write_text(written, encoding="utf-8")
    assert written.splitlines() == file.read_text(encoding="utf-8").splitlines()


async def test_students_of_protocols_1_and_2_hear_the_same_of_a_teacher_of_protocol_3(
    database: Path,
) -> None:
    transcript = (FOLDER / "current-teacher.txt").read_text(encoding="utf-8")
    async with open_school(database, SETTINGS, LIMITS) as school:
        scribe = Scribe(school)
        await with_a_teacher_of_protocol_3(scribe)
    assert of_students(scribe.text) == of_students(transcript)


def of_students(transcript: str) -> list[str]:
    """The lines of everybody but the teacher."""
    return [line for line in transcript.splitlines() if line[2:].partition(" ")[0] != "teacher"]


async def transcribed(school: School, name: str) -> str:
    """The transcript of a lesson."""
    scribe = Scribe(school)
    try:
        await LESSONS[name](scribe)
    except BaseException:
        # How far it went, for whoever looks for the reason.
        print(scribe.text)
        raise
    return scribe.text
