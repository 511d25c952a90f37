"""What the cluster's tests share."""

from tests.realtime.conftest import http

__all__ = ["http"]
