"""The server's own pages: the front door, health, readiness and metrics."""
