"""Quad: the real-time server of a campus."""
