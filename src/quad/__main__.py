"""``python -m quad`` is ``quad``."""

from quad.cli import main

main()
