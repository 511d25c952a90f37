"""Nearby: people of a campus, where they are, and who may talk to whom there."""
