"""The command line: ``quad``."""

from quad.cli.app import main

__all__ = ["main"]
