"""What whoever starts a server in a classroom tells the others: its address, and a code of it."""

import contextlib
import os
from typing import TextIO

from quad.settings import ServerSettings
from quad.web.network import address_for_others
from quad.web.qr import TooLong, in_blocks, qr_code


def invite(server: ServerSettings, url: str, terminal: TextIO) -> None:
    """Show the address of a server that others reach, and its code, to people at a terminal.

    The public address counts before the one that is listened on. A program that reads the output
    gets nothing.
    """
    address = server.public_url or address_for_others(server.host, url)
    if address is None or not terminal.isatty() or os.environ.get("TERM") == "dumb":
        return
    with contextlib.suppress(TooLong):
        code = in_blocks(qr_code(address))
        terminal.write(f"\nStudents open {address} or scan this:\n\n{code}\n")
        terminal.flush()
