"""`python -m bench.anatomy`: every step is measured, and is more than the one before it."""

import subprocess
import sys

from tests.patience import patience
from tests.process import ROOT


def test_the_anatomy_of_a_message_shows_every_step() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.anatomy", "--rounds", "1", "--window", "4"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=patience(60),
    )
    assert done.returncode == 0, done.stderr
    for step in ("frame", "dispatch", "outbox", "limits", "a transaction", "is kept", "FULL"):
        assert step in done.stdout
