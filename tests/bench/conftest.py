"""One rig for all tests of the bench."""

from collections.abc import Iterator

import pytest

from bench.rig import Rig, build_rig


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with build_rig(quick=True) as rig:
        yield rig
