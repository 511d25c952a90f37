"""Notices: what the teacher tells the whole class."""
