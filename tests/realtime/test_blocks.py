"""What the allocator does with large blocks, in a process of its own."""

import subprocess
import sys

import pytest

from quad.realtime.http.blocks import return_large_blocks

# As threads do that clean long texts: large blocks, freed while a small one lies behind them.
_PROGRAM = """
import sys
from pathlib import Path
from quad.realtime.http.listening import settle_garbage

def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096

settle_garbage()
large, small = bytearray(30_000_000), []
del large
before = resident_bytes()
for _ in range(20):
    large = bytearray(b"x" * 1_000_000)
    small.append([bytearray(600) for _ in range(20)])
    del large
print(resident_bytes() - before)
"""


@pytest.mark.skipif(not return_large_blocks(), reason="needs the GNU allocator")
def test_a_long_message_leaves_nothing_behind() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    assert int(done.stdout) < 800_000
