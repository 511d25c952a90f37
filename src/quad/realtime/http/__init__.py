"""Requests: who asks, at one address, and what may be asked at once."""
