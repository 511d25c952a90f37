"""Quad: the real-time server of a campus."""

__version__ = "0.1.0"
