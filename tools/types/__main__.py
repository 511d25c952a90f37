"""Prints the declarations that the browser application uses."""

import asyncio
import logging
import sys

from tools.types.declare import declare
from tools.types.server import read_wire

if __name__ == "__main__":
    # Nobody logs in here: what the server warns of is of no use.
    logging.disable()
    sys.stdout.write(declare(asyncio.run(read_wire())))
