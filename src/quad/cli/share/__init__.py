"""``quad share``: a student's folder and conversation, from any editor and a terminal."""

from quad.cli.share.command import EPILOG, share

__all__ = ["EPILOG", "share"]
