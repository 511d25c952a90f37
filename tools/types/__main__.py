"""Prints the declarations that the browser application uses."""

import asyncio
import sys

from tools.types.declare import declare
from tools.types.server import read_wire

if __name__ == "__main__":
    sys.stdout.write(declare(asyncio.run(read_wire())))
