"""Protocols as values: bytes and text in, packets out, and back. No I/O, no clock."""
