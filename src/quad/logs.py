"""What the server writes to standard error."""

import logging
import sys


def configure_logging(level: str, worker: int | None = None) -> None:
    """Write from this level on; lines of one worker among several carry its number."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # Its lines hold whole addresses, and some providers want a token in one.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # Behind the date, where programs that look for a beginning of the line can still find it.
    who = "" if worker is None else f"[{worker}] "
    logging.basicConfig(
        level=level.upper(),
        stream=sys.stderr,
        format=f"%(asctime)s {who}%(levelname)s %(name)s: %(message)s",
    )
