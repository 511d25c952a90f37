"""What the pages' tests replay is what the server says today."""

from pathlib import Path
from types import ModuleType

import pytest

from tests.classroom import histories, scenes
from tests.scenes import hold


@pytest.mark.parametrize("module", [scenes, histories], ids=["lesson", "histories"])
async def test_what_the_pages_tests_replay_is_what_the_server_says(
    empty_database: Path, tmp_path: Path, impatient_store: None, module: ModuleType
) -> None:
    """If not, and rightly: `python -m tests.classroom.scenes`, or `histories`, writes it anew."""
    await hold(module.record, module.FILE, empty_database, tmp_path)
