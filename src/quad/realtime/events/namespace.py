"""What one namespace of a server is made of."""

from collections.abc import Callable
from typing import Any

from quad.realtime.delivery import Delivery
from quad.realtime.errors import Refused
from quad.realtime.events.client import Client
from quad.realtime.events.handlers import EventHandler
from quad.realtime.topics import Topics


class Namespace:
    """The handlers and the topics of one namespace."""

    def __init__(self, name: str, delivery: Delivery) -> None:
        self.name = name
        self.handlers: dict[str, EventHandler] = {}
        self.examinations: list[Callable[[Client], Any]] = []
        self.arrivals: list[Callable[[Client], Any]] = []
        self.farewells: list[Callable[[Client, str], Any]] = []
        self.refusals: list[Callable[[Client, str, Refused], None]] = []
        self.topics = Topics(delivery)
