"""`python -m tests.classroom.serve DATABASE`: a classroom to be killed; prints its URL."""

import asyncio
import sys
from pathlib import Path

from quad.settings import ClassroomSettings
from tests.classroom.school import open_school


async def main(database: Path) -> None:
    async with open_school(database, ClassroomSettings()) as school:
        print(school.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
