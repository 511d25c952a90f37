"""Alert: rooms in which everyone is told at once, for browsers, displays, scripts and curl."""

from quad.alert.system import AlertSystem

__all__ = ["AlertSystem"]
