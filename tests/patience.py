"""How long a test waits for what has to happen: as long as the machine needs that runs it.

Nothing is slower for it: a wait ends when what it waits for has happened. Only a test that fails
takes longer to say so.
"""

import os

_LEAST = 4.0
# With more work than processors, everything takes as many times longer; once more for the margin.
_BUSY = 2 * os.getloadavg()[0] / len(os.sched_getaffinity(0))

SLOWNESS = max(_LEAST, _BUSY)


def patience(seconds: float) -> float:
    """What takes so many seconds at the worst on an idle machine may take here."""
    return seconds * SLOWNESS
