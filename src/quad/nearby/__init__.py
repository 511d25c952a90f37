"""Nearby: people of a campus, where they are, and who may talk to whom there."""

from quad.nearby.system import NearbySystem

__all__ = ["NearbySystem"]
